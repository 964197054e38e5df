import { CANONICAL_BASE, growingAreaUri } from './digital-link.ts'
import { type EpcisEvent, timeWithZone } from './epcis.ts'
import { organismUri } from './organism-uri.ts'
import { VUON_NAMESPACE, vuonWords } from './vuon-words.ts'

/** A finding on a photo of which a person has said what it is. */
export interface ReviewedFinding {
  readonly findingId: string
  /** Each decision is an event of its own, also where it says what was said and taken back before. */
  readonly reviewId: string
  readonly plot: string
  /** When the photo was taken in, ms UTC. */
  readonly at: number
  /** Such as +07:00. */
  readonly zoneOffset: string
  readonly growingArea?: { readonly gln: string; readonly code: string } | undefined
  /** What it is called. */
  readonly what: string
  /** NCBI number or URI of the organism; empty where nobody named one. */
  readonly organism: string
  /** The model whose answer the person confirmed; absent where he said something else. */
  readonly model?: { readonly id: string; readonly version: string } | undefined
  /** Share of the plant's surface, 0..1: the model's own figure, so that it goes with the model's answer only. */
  readonly lesionShare?: number | undefined
}

/**
 * The EPCIS event of a finding, without its eventID: an inspection at the growing area, about no fruit yet. There is none
 * of a finding that nobody has reviewed, so an organism is named by a person's word only.
 */
export function findingEvent(seen: ReviewedFinding): EpcisEvent {
  const { at, zoneOffset, growingArea, model, lesionShare } = seen
  const place = growingArea ? { id: growingAreaUri(CANONICAL_BASE, growingArea) } : undefined
  const organism = organismUri(seen.organism)
  const percValue = model && lesionShare !== undefined ? Number((lesionShare * 100).toFixed(1)) : undefined
  const report = {
    type: 'Dimensionless',
    ...(organism === undefined ? {} : { microorganism: organism }),
    ...(percValue === undefined ? {} : { percValue, uom: 'P1' }),
    dataProcessingMethod: model
      ? `urn:vuon:model:${encodeURIComponent(model.id)}:${encodeURIComponent(model.version)}`
      : 'urn:vuon:method:photo-review',
  }
  const isMeasured = organism !== undefined || percValue !== undefined
  return {
    type: 'ObjectEvent',
    eventTime: timeWithZone(at, zoneOffset),
    eventTimeZoneOffset: zoneOffset,
    action: 'OBSERVE',
    bizStep: 'inspecting',
    epcList: [],
    ...(place ? { readPoint: place, bizLocation: place } : {}),
    '@context': [{ vuon: VUON_NAMESPACE }],
    ...vuonWords({ what: seen.what, findingId: seen.findingId, reviewId: seen.reviewId, plot: seen.plot }),
    ...(isMeasured
      ? {
          sensorElementList: [
            { sensorMetadata: { time: timeWithZone(at, zoneOffset) }, sensorReport: [report] },
          ],
        }
      : {}),
  }
}
