import type { Language } from '#contract/ground/messages.ts'
import type { LotShare } from '#contract/wire/farm-book.ts'
import { activityName, choiceName, detailName, detailsInOrder } from '#contract/wire/farm-book-words.ts'
import type { DiaryLine } from './diary.ts'
import { sayBook } from './messages.ts'

/** Details with a column of their own: what inspectors sort and sum. Everything else stands in one column together. */
const COLUMNS = [
  'product',
  'activeSubstance',
  'registrationNo',
  'dose',
  'doseUnit',
  'areaHa',
  'reason',
  'phiDays',
  'phiUntil',
  'massKg',
  'gtin',
  'lot',
] as const
/** One column for the amount of a spray and of a fertiliser. */
const SAME: Readonly<Record<string, string>> = { dose: 'amount', doseUnit: 'amountUnit' }

/** UTF-8 with a byte order mark, for that is how spreadsheets here know Vietnamese; RFC 4180 lines. */
export function diaryCsv(language: Language, lines: readonly DiaryLine[]): string {
  const said = (key: Parameters<typeof sayBook>[1]) => sayBook(language, key)
  const head = [
    ...[said('day'), said('hour'), said('plot'), said('area-code'), said('activity')],
    ...COLUMNS.map((name) => detailName(language, name)),
    ...[said('taken'), said('given'), said('other-details'), said('person'), said('state'), said('why')],
    ...[said('missing'), said('stated-on'), said('entry')],
  ]
  const rows = lines.map((line) => row(language, line))
  return `\uFEFF${[head, ...rows].map((cells) => cells.map(cell).join(',')).join('\r\n')}\r\n`
}

function row(language: Language, line: DiaryLine): (string | number)[] {
  const { activity, replacedBy } = line.kept
  const { details } = activity
  const named = COLUMNS.map((name) => details[name] ?? details[SAME[name] ?? ''] ?? '')
  const shown = new Set<string>([...COLUMNS, ...Object.values(SAME), 'productId'])
  const others = detailsInOrder(activity.type, details)
    .filter(([name]) => !shown.has(name))
    .map(([name, value]) => `${detailName(language, name)}: ${value}`)
  return [
    ...[line.day, line.hour, line.plotName, line.area?.code ?? '', activityName(language, activity.type)],
    ...named.map((value) => (typeof value === 'string' ? choiceName(language, value) : value)),
    ...[shares(activity.inputs), shares(activity.outputs), others.join('; '), activity.person],
    stateOf(language, line),
    [activity.why, replacedBy?.why].filter(Boolean).join('; '),
    line.missing.map((name) => detailName(language, name)).join('; '),
    ...[line.statedOn, activity.activityId],
  ]
}

export function stateOf(language: Language, { kept: { activity, replacedBy } }: DiaryLine): string {
  if (replacedBy) return sayBook(language, replacedBy.isWithdrawal ? 'state-withdrawn' : 'state-replaced')
  return sayBook(language, activity.corrects ? 'state-corrected' : 'state-standing')
}

const shares = (list: readonly LotShare[] = []): string =>
  list.map(({ gtin, lot, massKg }) => `${gtin}/${lot}: ${massKg} kg`).join('; ')

/**
 * A cell that begins like a formula would be run by a spreadsheet (CWE-1236): it gets an apostrophe, which a spreadsheet
 * does not show. Numbers are ours and stay numbers.
 */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
