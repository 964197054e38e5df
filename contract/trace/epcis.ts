import { CANONICAL_BASE, growingAreaUri, lotUri } from './digital-link.ts'

/** EPCIS 2.0 events as JSON (GS1 EPCIS-JSON-Schema), as far as Vuon writes them. */
export interface EpcisEvent {
  readonly type: string
  readonly eventTime: string
  readonly eventTimeZoneOffset: string
  readonly eventID?: string
  readonly [property: string]: unknown
}

export interface Harvest {
  readonly gtin: string
  readonly lot: string
  readonly massKg: number
  /** When the fruit was picked, ms UTC. */
  readonly harvestedAt: number
  /** Day of harvest as the farm counts it, YYYY-MM-DD. */
  readonly harvestedOn: string
  /** Such as +07:00. */
  readonly zoneOffset: string
  readonly growingArea?: { readonly gln: string; readonly code: string }
  /** False when more fruit is picked into a lot that was begun before. */
  readonly isFirstPick: boolean
}

/**
 * A harvest. CBV 2.0 has no word for it: the first pick of a lot is `commissioning` (first use of a class-level
 * identifier), a later one into the same lot `creating_class_instance` (which may be repeated).
 */
export function harvestEvent(harvest: Harvest): EpcisEvent {
  const place = harvest.growingArea ? { id: growingAreaUri(CANONICAL_BASE, harvest.growingArea) } : undefined
  return {
    type: 'ObjectEvent',
    eventTime: timeWithZone(harvest.harvestedAt, harvest.zoneOffset),
    eventTimeZoneOffset: harvest.zoneOffset,
    action: 'ADD',
    bizStep: harvest.isFirstPick ? 'commissioning' : 'creating_class_instance',
    disposition: 'active',
    epcList: [],
    quantityList: [{ epcClass: lotUri(CANONICAL_BASE, harvest), quantity: harvest.massKg, uom: 'KGM' }],
    ...(place ? { readPoint: place, bizLocation: place } : {}),
    ilmd: { 'cbvmda:lotNumber': harvest.lot, 'cbvmda:harvestStartDate': harvest.harvestedOn },
  }
}

const CBVMDA = 'urn:epcglobal:cbv:mda:'

/** Prefixes that the standard's own JSON-LD context declares (epcis-context.jsonld of EPCIS 2.0.0). */
export const STANDARD_NAMESPACES: Readonly<Record<string, string>> = {
  epcis: 'https://ref.gs1.org/epcis/',
  cbv: 'https://ref.gs1.org/cbv/',
  cbvmda: CBVMDA,
  gs1: 'https://gs1.org/voc/',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
}

export function epcisDocument(events: readonly EpcisEvent[], creationDate: string): Record<string, unknown> {
  return {
    // cbvmda is in the standard's context already; readers that don't fetch it find it here.
    '@context': ['https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld', { cbvmda: CBVMDA }],
    type: 'EPCISDocument',
    schemaVersion: '2.0',
    creationDate,
    epcisBody: { eventList: events },
  }
}

/** ISO 8601 with the zone's own clock: 2026-11-23T07:30:00.000+07:00. */
export function timeWithZone(ms: number, zoneOffset: string): string {
  return new Date(ms + zoneOffsetMs(zoneOffset)).toISOString().replace('Z', zoneOffset)
}

export function zoneOffsetMs(zoneOffset: string): number {
  const match = /^([+-])(\d\d):(\d\d)$/.exec(zoneOffset)
  if (!match) throw new RangeError(`not a zone offset: ${zoneOffset}`)
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return (match[1] === '-' ? -minutes : minutes) * 60_000
}
