import { csvOf, type FeedAdapter, FORMAT_NOTE } from './feed-adapter.ts'
import type { FeedActivity, FeedData, FeedLot } from './feed-data.ts'

/**
 * Every minimum item of Circular 02/2024/TT-BKHCN and of the ministry's road map (Decision 25/QD-BNNMT), a row for each
 * stage of a lot. The numbers are the circular's; r1 to r4 the road map's.
 */
const COLUMNS = [
  'c1_product_name',
  'c2_picture_sha256',
  'c3_producer_name',
  'c4_address',
  'c5_stage',
  'c5_stage_product_code',
  'c5_stage_location_code',
  'c5_stage_time',
  'c6_production_time',
  'c7_product_trace_code',
  'c8_brand_or_serial',
  'c9_shelf_life',
  'c10_standards',
  'r1_household_code',
  'r2_growing_area',
  'r2_facility',
  'r3_stages',
  'r4_lookup_link',
  'mass_kg',
  'format',
] as const

export const portalCsv: FeedAdapter = {
  name: 'portal-csv',
  purpose: 'Circular 02/2024 and the road map of the ministry, a row for each stage of each lot',
  mediaType: 'text/csv',
  ending: 'csv',
  write: (data) =>
    csvOf(
      COLUMNS,
      data.lots.flatMap((lot) => rowsOf(lot, data)),
    ),
}

interface Stage {
  readonly name: string
  readonly at: number
  readonly location: string
}

function rowsOf(lot: FeedLot, { calendar }: FeedData): Record<string, string | number>[] {
  const stages = stagesOf(lot)
  const days = lot.parts.map(({ harvestedAt }) => calendar.dayOf(harvestedAt)).sort()
  const [first = '', last = ''] = [days[0], days.at(-1)]
  const areas = unique(
    lot.parts.map(({ gln, areaCode }) => (gln && areaCode ? `414:${gln} 254:${areaCode}` : '')),
  )
  const shared = {
    c1_product_name: lot.productVi || lot.productEn || lot.crop,
    c2_picture_sha256: lot.picture,
    c3_producer_name: lot.farmName,
    c4_address: [lot.commune, lot.province].filter(Boolean).join(', '),
    c6_production_time: first === last ? first : `${first}/${last}`,
    c7_product_trace_code: `01:${lot.gtin} 10:${lot.lot}`,
    // "If any": fruit in bulk has neither; the lot number is its serial.
    c8_brand_or_serial: lot.lot,
    c9_shelf_life: '',
    c10_standards: lot.standards.join('; '),
    r1_household_code: lot.farmId,
    r2_growing_area: areas.join('; '),
    r2_facility: unique(lot.steps.map(({ details }) => text(details['packingHouse']))).join('; '),
    r3_stages: stages.map(({ name }) => name).join(' > '),
    r4_lookup_link: lot.link,
    mass_kg: lot.massKg,
    format: FORMAT_NOTE,
  }
  return stages.map(({ name, at, location }) => ({
    ...shared,
    c5_stage: name,
    c5_stage_product_code: shared.c7_product_trace_code,
    c5_stage_location_code: location,
    c5_stage_time: new Date(at).toISOString(),
  }))
}

/** Harvest and what came after, in the order of time. */
function stagesOf({ parts, steps, farmId }: FeedLot): Stage[] {
  const harvests = parts.map(({ harvestedAt, gln, areaCode, plot }) => ({
    name: 'harvested',
    at: harvestedAt,
    // A plot outside any registered area is coded within its farm.
    location: gln && areaCode ? `414:${gln} 254:${areaCode}` : `${farmId}/${plot}`,
  }))
  return [
    ...harvests,
    ...steps.map((step) => ({ name: step.type, at: step.at, location: locationOf(step) })),
  ].sort((a, b) => a.at - b.at)
}

const locationOf = ({ details, farmId }: FeedActivity): string => text(details['packingHouse']) || farmId

const text = (value: string | number | undefined): string => (typeof value === 'string' ? value : '')

const unique = (texts: readonly string[]): string[] => [...new Set(texts.filter(Boolean))]
