/** A table as people export it: RFC 4180, and what spreadsheets with other separators write. */
export interface Table {
  readonly separator: ',' | ';' | '\t'
  readonly header: readonly string[]
  readonly rows: readonly Row[]
  /** Where a quote begins that nothing ends: everything after it is one cell. */
  readonly openQuoteLine?: number
}

export interface Row {
  /** Of the file, counted from 1, where the row begins: a quoted cell may hold line breaks. */
  readonly line: number
  readonly cells: readonly string[]
}

/** Takes CRLF, LF and CR, a byte order mark, quotes, and separators , ; or tab (the one that the header has most of). */
export function readCsv(text: string): Table {
  const content = text.replace(/^\uFEFF/, '')
  const separator = separatorOf(content)
  // A logger's year has no quotes, and is read in a tenth of the time.
  if (!content.includes('"')) return plainTable(content, separator)
  const rows: Row[] = []
  let cells: string[] = []
  let cell = ''
  let isQuoted = false
  let line = 1
  let begunAt = 1
  let quoteLine = 1
  const endRow = () => {
    cells.push(cell)
    if (cells.length > 1 || cell.trim() !== '') rows.push({ line: begunAt, cells })
    cells = []
    cell = ''
  }
  for (let at = 0; at < content.length; at++) {
    const char = content[at] as string
    const isBreak = char === '\n' || (char === '\r' && content[at + 1] !== '\n')
    if (isBreak) line++
    if (isQuoted) {
      if (char !== '"') cell += char
      else if (content[at + 1] === '"') {
        cell += '"'
        at++
      } else isQuoted = false
    } else if (char === '"' && cell.trim() === '') {
      // Spaces before a quote belong to nobody.
      cell = ''
      isQuoted = true
      quoteLine = line
    } else if (char === separator) {
      cells.push(cell)
      cell = ''
    } else if (isBreak) {
      endRow()
      begunAt = line
    } else if (char !== '\r') cell += char
  }
  if (cells.length > 0 || cell !== '') endRow()
  const [header, ...rest] = rows
  return {
    separator,
    header: header?.cells ?? [],
    rows: rest,
    ...(isQuoted ? { openQuoteLine: quoteLine } : {}),
  }
}

function plainTable(content: string, separator: Table['separator']): Table {
  const [header, ...rows] = content
    .split(/\r\n|\n|\r/)
    .map((text, at) => ({ line: at + 1, cells: text.split(separator) }))
    .filter(({ cells }) => cells.length > 1 || cells[0]?.trim() !== '')
  return { separator, header: header?.cells ?? [], rows }
}

/** One line without its end. A cell is quoted where it must be. */
export const csvLine = (cells: readonly string[], separator: Table['separator']): string =>
  cells
    .map((cell) =>
      cell.includes(separator) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
    )
    .join(separator)

function separatorOf(content: string): Table['separator'] {
  const first = content.split(/[\r\n]/).find((line) => line.trim() !== '') ?? ''
  const unquoted = first.replaceAll(/"[^"]*"/g, '')
  const count = (separator: string) => unquoted.split(separator).length
  const candidates = [',', ';', '\t'] as const
  return candidates.reduce((best, each) => (count(each) > count(best) ? each : best))
}
