import { VuonError } from '#contract/ground/errors.ts'
import { dateAt, dayMs, momentMs } from './calendar.ts'
import { numberOf } from './cells.ts'
import { matchColumns, namesOf } from './column-names.ts'
import type { Row, Table } from './csv.ts'
import type { CropModel, InputColumn, ModelInput } from './model.ts'
import type { ParamValues } from './model-params.ts'

/** A table as a model takes it, and what was not taken of it. */
export interface TableInput {
  readonly input: ModelInput
  /** Where each of the model's columns stands in the table. */
  readonly places: ReadonlyMap<string, number>
  /** For some rows, why a value of theirs, or all of them, became a gap. */
  readonly refusals: ReadonlyMap<number, string>
  /** Some number is written with a decimal comma, so that results should be too. */
  readonly hasCommas: boolean
}

const HOUR_MS = 3_600_000
// Loggers stamp an hour a little early or late.
const JITTER_MS = 300_000

/** Throws `input-invalid` for columns that are missing, and dates or times that can't be read or do not rise. */
export function tableInput(model: CropModel, table: Table, params: ParamValues): TableInput {
  const { header, rows } = table
  const stamp = model.step === 'row' ? [] : [{ name: model.step === 'day' ? 'date' : 'time' }]
  const places = matchColumns(header, [...stamp, ...model.columns])
  refuseMissing(model, header, places)
  const refusals = new Map<number, string>()
  for (const [row, { cells }] of rows.entries())
    if (cells.length > header.length && cells.slice(header.length).some((cell) => cell.trim() !== ''))
      refusals.set(row, `has ${cells.length} cells where the header has ${header.length}`)
  const shifted = new Set(refusals.keys())
  let hasCommas = false
  const values = new Map<string, Float64Array>()
  for (const column of model.columns) {
    const place = places.get(column.name)
    if (place === undefined) continue
    const numbers = new Float64Array(rows.length).fill(Number.NaN)
    for (const [row, { cells }] of rows.entries()) {
      const text = (cells[place] ?? '').trim()
      if (text === '' || shifted.has(row)) continue
      if (!hasCommas && text.includes(',')) hasCommas = true
      const value = numberOf(text)
      if (value >= column.min && value <= column.max) numbers[row] = value
      else refusals.set(row, [refusals.get(row), refusal(column, text, value)].filter(Boolean).join(', '))
    }
    values.set(column.name, numbers)
  }
  const timesMs = stampsOf(model, rows, places, params)
  const utcOffsetH = model.step === 'hour' || model.step === 'moment' ? params.number('utc_offset_h') : 0
  const absent = new Float64Array(rows.length).fill(Number.NaN)
  const declared = new Set(model.columns.map(({ name }) => name))
  return {
    input: {
      length: rows.length,
      dates: model.step === 'row' ? [] : datesOf(timesMs, utcOffsetH),
      timesMs,
      has: (name) => values.has(name),
      column(name) {
        if (!declared.has(name)) throw new Error(`${model.name} reads ${name}, which it does not declare`)
        return values.get(name) ?? absent
      },
      ...params,
    },
    places,
    refusals,
    hasCommas,
  }
}

function refusal({ name, min, max }: InputColumn, text: string, value: number): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return Number.isNaN(value)
    ? `${name}=${shown} is no number`
    : `${name}=${shown} is not within ${min} to ${max}`
}

function refuseMissing(
  { name: model, columns, oneOf = [] }: CropModel,
  header: readonly string[],
  places: ReadonlyMap<string, number>,
): void {
  const seen = `The header has: ${header.map((cell) => cell.trim()).join(', ') || 'nothing'}. See \`compute ${model} --help\`.`
  const missing = columns.find((column) => column.isRequired && !places.has(column.name))
  if (missing)
    throw new VuonError('input-invalid', `The header has no column ${missing.name} (${missing.describe}).`, {
      hint: `Any of: ${namesOf(missing)}. ${seen}`,
    })
  const unmet = oneOf.find((group) => !group.some((column) => places.has(column)))
  if (unmet)
    throw new VuonError('input-invalid', `The header has none of ${unmet.join(', ')}.`, {
      hint: `At least one is needed. ${seen}`,
    })
}

function stampsOf(
  model: CropModel,
  rows: readonly Row[],
  places: ReadonlyMap<string, number>,
  params: ParamValues,
): Float64Array {
  if (model.step === 'row') return new Float64Array(0)
  const name = model.step === 'day' ? 'date' : 'time'
  const place = places.get(name)
  if (place === undefined)
    throw new VuonError('input-invalid', `The header has no column ${name}.`, {
      hint:
        model.step === 'day'
          ? `${model.name} needs the day of each row: date, as YYYY-MM-DD.`
          : `${model.name} needs the time of each row: time, as 2026-07-01T13:00 or with a zone, 2026-07-01T13:00+07:00.`,
    })
  const read = model.step === 'day' ? dayMs : (text: string) => momentMs(text, params.number('utc_offset_h'))
  const stamps = new Float64Array(rows.length)
  for (const [row, { cells, line }] of rows.entries()) {
    const text = (cells[place] ?? '').trim()
    const ms = read(text)
    if (Number.isNaN(ms)) throw unreadable(name, text, line)
    const before = row > 0 ? (stamps[row - 1] as number) : Number.NEGATIVE_INFINITY
    if (ms < before || (ms === before && !model.mayRepeat))
      throw new VuonError(
        'input-invalid',
        `Line ${line}: ${name} ${text} ${ms === before ? 'is there twice' : 'is earlier than the row before'}.`,
        { hint: `Sort the table by ${name}, and keep one row for each.` },
      )
    if (model.step === 'hour' && ms - before < HOUR_MS - JITTER_MS)
      throw new VuonError('input-invalid', `Line ${line}: less than an hour after the row before.`, {
        hint: `${model.name} takes a row an hour: make means (and sums of rain and radiation) of the hour first.`,
      })
    stamps[row] = ms
  }
  return stamps
}

/** Writing a date is slow, and a day has many rows. */
function datesOf(timesMs: Float64Array, utcOffsetH: number): string[] {
  const known = new Map<number, string>()
  return Array.from(timesMs, (ms) => {
    const day = Math.floor((ms + utcOffsetH * HOUR_MS) / (24 * HOUR_MS))
    const date = known.get(day) ?? dateAt(ms, utcOffsetH)
    known.set(day, date)
    return date
  })
}

function unreadable(name: 'date' | 'time', text: string, line: number): VuonError {
  const isDayFirst = /^\d{1,2}[./-]\d{1,2}[./-]\d{4}/.test(text)
  const what = text === '' ? `the ${name} is empty` : `"${text.slice(0, 40)}" is no ${name} that can be read`
  const form = name === 'date' ? 'YYYY-MM-DD, such as 2026-07-31' : 'ISO 8601, such as 2026-07-31T13:00'
  return new VuonError('input-invalid', `Line ${line}: ${what}.`, {
    hint: isDayFirst
      ? `Whether the day or the month stands first can't be told: write ${form}.`
      : `Write it as ${form}.`,
  })
}
