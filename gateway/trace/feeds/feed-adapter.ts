import type { FeedData } from './feed-data.ts'

/**
 * One form in which the province's records go to somebody: a national portal, the plant-protection office, an exporter.
 * An adapter writes; what it may see was gathered for one farm or one growing area and one period before.
 */
export interface FeedAdapter {
  /** As the command line names it. */
  readonly name: string
  /** For whom, in a sentence. */
  readonly purpose: string
  readonly mediaType: string
  /** Of the file, without a dot. */
  readonly ending: string
  write(data: FeedData): string
}

/** Said in every answer: nobody outside the ministries has seen the portals' own formats. */
export const FORMAT_NOTE =
  'profile of this gateway; the formats of the national portals (NBC, Ministry of Agriculture and Environment) are not published'

/** RFC 4180 with a byte-order mark, which spreadsheets need for Vietnamese. */
export function csvOf(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | null>>[],
): string {
  const lines = rows.map((row) => columns.map((column) => cell(row[column] ?? '')).join(','))
  return `\u{FEFF}${[columns.join(','), ...lines].join('\r\n')}\r\n`
}

/** What a farm wrote must not become a formula in somebody's spreadsheet. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
