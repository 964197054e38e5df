import { csvOf, type FeedAdapter, FORMAT_NOTE } from './feed-adapter.ts'

const COLUMNS = [
  'household_code',
  'plot',
  'date',
  'activity',
  'product',
  'active_substance',
  'registration_no',
  'amount',
  'unit',
  'area_ha',
  'reason',
  'pre_harvest_days',
  'pre_harvest_market',
  'format',
] as const

/** The cultivation diary that the ministry pilots through 2026: plant-protection products and fertiliser, as they stand. */
export const diaryCsv: FeedAdapter = {
  name: 'diary-csv',
  purpose: 'the cultivation diary of inputs that the ministry pilots',
  mediaType: 'text/csv',
  ending: 'csv',
  write: ({ inputs, calendar }) =>
    csvOf(
      COLUMNS,
      inputs.map(({ farmId, plot, at, type, details }) => ({
        household_code: farmId,
        plot,
        date: calendar.dayOf(at),
        activity: type,
        product: details['product'] ?? '',
        active_substance: details['activeSubstance'] ?? '',
        registration_no: details['registrationNo'] ?? '',
        amount: details['dose'] ?? details['amount'] ?? '',
        unit: details['doseUnit'] ?? details['amountUnit'] ?? '',
        area_ha: details['areaHa'] ?? '',
        reason: details['reason'] ?? '',
        pre_harvest_days: details['phiDays'] ?? '',
        pre_harvest_market: details['phiMarket'] ?? '',
        format: FORMAT_NOTE,
      })),
    ),
}
