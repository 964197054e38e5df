import type { RecallReport } from './recall-report.ts'

const COLUMNS = [
  'part',
  'gtin',
  'lot',
  'when',
  'farm',
  'commune',
  'plot',
  'growing_area',
  'what',
  'mass_kg',
  'consignee',
  'consignee_gln',
  'market',
  'sscc',
  'details',
] as const
type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>

/** One table that spreadsheets open: every origin, input, weather figure, lot and consignee of a recall. Times are UTC. */
export function recallCsv(report: RecallReport): string {
  const rows: Row[] = []
  const when = (ms: number) => new Date(ms).toISOString()
  const { gtin, lot } = report.lot
  for (const { recallId, state, reasonVi, decidedAt } of report.recalls)
    rows.push({
      part: 'recall',
      gtin,
      lot,
      when: when(decidedAt),
      what: state,
      details: `${recallId}: ${reasonVi}`,
    })
  for (const origin of report.origins) {
    const place = {
      ...{ gtin: origin.gtin, lot: origin.lot, farm: origin.farmName, commune: origin.commune },
      ...{ plot: origin.plotName, growing_area: origin.areaCode ?? '' },
    }
    rows.push({
      part: 'harvest',
      ...place,
      when: when(origin.harvestedAt),
      mass_kg: origin.massKg,
      what: origin.crop,
    })
    for (const { type, at, details } of origin.inputs)
      rows.push({ part: 'input', ...place, when: when(at), what: type, details: JSON.stringify(details) })
    for (const { quantity, unit, min, mean, max } of origin.weather)
      rows.push({ part: 'weather', ...place, what: quantity, details: `${min} / ${mean} / ${max} ${unit}` })
  }
  for (const each of report.forward) rows.push({ part: 'lot', ...each })
  for (const consignment of report.consignments) {
    const { activityId: _, consigneeGln, farmName, at, massKg, ...more } = consignment
    rows.push({
      ...{ part: 'consignment', ...more, consignee_gln: consigneeGln, farm: farmName },
      ...{ when: when(at), mass_kg: massKg },
    })
  }
  for (const each of report.siblings) rows.push({ part: 'same plots', ...each })
  if (report.isCut) rows.push({ part: 'incomplete', what: 'The tree of lots is larger than this list.' })
  const lines = [
    COLUMNS.join(','),
    ...rows.map((row) => COLUMNS.map((column) => cell(row[column] ?? '')).join(',')),
  ]
  // A byte-order mark, or spreadsheets read Vietnamese as Latin-1.
  return `\ufeff${lines.join('\r\n')}\r\n`
}

/** What begins like a formula is text: spreadsheets would run it. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
