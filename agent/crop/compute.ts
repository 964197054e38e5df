import { VuonError } from '#contract/ground/errors.ts'
import { written } from './cells.ts'
import { matchColumns } from './column-names.ts'
import { csvLine, type Row, readCsv, type Table } from './csv.ts'
import type { CropModel, ModelResult } from './model.ts'
import { readParams } from './model-params.ts'
import { MODELS } from './models.ts'
import { type TableInput, tableInput } from './table-input.ts'

/**
 * `compute MODEL`: CSV with a header in; the same CSV with the model's columns and `quality` added at its end out, or
 * a table of the model's own. A row that can't be computed keeps its cells, gets empty results and the quality `gap`,
 * and is named in `faults`, as is a value that was not taken.
 */
export interface Computed {
  /** Lines end in \n; no byte order mark; the separator and the decimal sign are those of the input. */
  readonly csv: string
  readonly faults: readonly string[]
}

/** A farm's ten years of hours are 88,000 rows; a table larger than this is a mistake, and would take the box's memory. */
export const MAX_TABLE_BYTES = 64 * 1024 * 1024
const MAX_ROWS = 1_000_000

export const modelNames = (): string[] => MODELS.map(({ name }) => name)

/** Throws `input-invalid` when there is no such model. */
export function findModel(name: string): CropModel {
  const model = MODELS.find((each) => each.name === name)
  if (!model)
    throw new VuonError('input-invalid', `There is no model "${name}".`, {
      hint: `Models: ${modelNames().join(', ')}. \`compute --list\` says what each does.`,
    })
  return model
}

/**
 * Throws `input-invalid` for an unknown model or param, a table too large or without an end, and a header that lacks
 * a column or has the model's own already.
 */
export function compute(name: string, csv: string, params: Readonly<Record<string, string>> = {}): Computed {
  const table = readCsv(csv)
  refuseUnbounded(table)
  const model = formFor(findModel(name), table)
  const values = readParams(model, params)
  const given = tableInput(model, table, values)
  const result = model.run(given.input)
  return model.givesOwnRows ? ownTable(model, table, given, result) : widened(model, table, given, result)
}

/** A model of days that can do with hours does, when those are what there is. */
function formFor(model: CropModel, { header }: Table): CropModel {
  const stamps = matchColumns(header, [{ name: 'date' }, { name: 'time' }])
  return model.fromHours && stamps.has('time') && !stamps.has('date') ? model.fromHours : model
}

function refuseUnbounded({ rows, openQuoteLine }: Table): void {
  if (openQuoteLine !== undefined)
    throw new VuonError('input-invalid', `Line ${openQuoteLine}: a quote begins here and never ends.`, {
      hint: 'Close it, or write "" for a quote inside a quoted cell.',
    })
  if (rows.length > MAX_ROWS)
    throw new VuonError('input-invalid', `The table has ${rows.length} rows, more than ${MAX_ROWS}.`, {
      hint: 'Split it.',
    })
}

/** The input's rows with the results beside them. */
function widened(model: CropModel, table: Table, given: TableInput, result: ModelResult): Computed {
  const { header, rows, separator } = table
  const names = namesIn(model, table, given)
  refuseTwice(
    header,
    model.outputs.map(({ name }) => names.of(name)),
  )
  const quality = names.areEarlier ? [] : [qualityName(model, header)]
  const write = cellWriter(model, given, result)
  const faults: string[] = []
  const lines = rows.map((row, index) => {
    const fault = faultOf(row, index, model, given, result, names)
    if (fault) faults.push(fault)
    const padded = Array.from(header, (_, column) => row.cells[column] ?? '')
    const results = write(index)
    if (quality.length > 0) results.push(result.quality[index] as string)
    return csvLine([...padded, ...results, ...row.cells.slice(header.length)], separator)
  })
  const head = csvLine([...header, ...model.outputs.map(({ name }) => names.of(name)), ...quality], separator)
  return { csv: `${[head, ...lines].join('\n')}\n`, faults }
}

/** The model's rows alone. */
function ownTable(
  model: CropModel,
  { rows, separator }: Table,
  given: TableInput,
  result: ModelResult,
): Computed {
  const faults = [...given.refusals].map(
    ([row, why]) => `line ${(rows[row] as Row).line}: ${why}: taken as a gap`,
  )
  const write = cellWriter(model, given, result)
  const lines: string[] = []
  for (let row = 0; row < result.length; row++) {
    const quality = result.quality[row] as string
    const cells = write(row)
    if (isGap(quality))
      faults.push(`row ${row + 1} of the answer is not computed: ${cells.slice(0, 3).join(' ')}`.trimEnd())
    lines.push(csvLine([...cells, quality], separator))
  }
  const head = csvLine([...model.outputs.map(({ name }) => name), 'quality'], separator)
  return { csv: `${[head, ...lines].join('\n')}\n`, faults }
}

const isGap = (quality: string): boolean => quality.split(' ').includes('gap')

/** The cells of the model's outputs, row by row; those of a row that could not be computed are as empty as its values. */
function cellWriter(
  { outputs }: CropModel,
  { hasCommas }: TableInput,
  { columns }: ModelResult,
): (row: number) => string[] {
  const values = outputs.map(({ name }) => columns[name] ?? [])
  return (row) =>
    outputs.map(({ decimals, isText }, output) => {
      const value = values[output]?.[row]
      if (isText) return value === undefined ? '' : String(value)
      return written(Number(value ?? Number.NaN), decimals, hasCommas)
    })
}

/** Why a row was not computed, or which of its values were not taken. */
function faultOf(
  { cells, line }: Row,
  index: number,
  model: CropModel,
  { places, refusals }: TableInput,
  { quality }: ModelResult,
  names: Names,
): string | undefined {
  const refusal = refusals.get(index)
  if (!isGap(quality[index] as string))
    return refusal === undefined ? undefined : `line ${line}: ${refusal}: taken as a gap`
  if (refusal?.startsWith('has ')) return `line ${line}: ${refusal}`
  const given = model.columns.flatMap(({ name }) => {
    const place = places.get(name)
    return place === undefined ? [] : [`${names.of(name)}=${(cells[place] ?? '').trim()}`]
  })
  const why = refusal === undefined || names.areEarlier ? '' : ` (${refusal})`
  return `line ${line}: ${names.areEarlier ? '' : 'not computed: '}${given.join(' ')}${why}`
}

interface Names {
  readonly areEarlier: boolean
  of(name: string): string
}

/** A header without any of our snake_case names belongs to somebody who reads the answer under the earlier ones. */
function namesIn({ earlierNames, columns }: CropModel, { header }: Table, { places }: TableInput): Names {
  const isSnake = ({ name }: { name: string }) => {
    const cell = header[places.get(name) ?? -1]?.trim()
    return /_(?:c|pct)$/.test(cell ?? '')
  }
  const areEarlier = earlierNames !== undefined && !columns.some(isSnake)
  return { areEarlier, of: (name) => (areEarlier ? (earlierNames[name] ?? name) : name) }
}

function refuseTwice(header: readonly string[], added: readonly string[]): void {
  const twice = added.find((name) => header.some((cell) => cell.trim() === name))
  if (twice)
    throw new VuonError('input-invalid', `The header has a column ${twice} already.`, {
      hint: 'Rename or remove it.',
    })
}

/** `quality`, or `quality_et0_daily` where the table has one already. */
function qualityName({ name }: CropModel, header: readonly string[]): string {
  const cells = header.map((cell) => cell.trim())
  const own = `quality_${name.replaceAll('-', '_')}`
  if (cells.includes('quality') && cells.includes(own)) refuseTwice(header, [own])
  return cells.includes('quality') ? own : 'quality'
}
