import { daysBetween } from '../calendar.ts'
import type { InputColumn, ModelInput, ModelParam, OutputColumn } from '../model.ts'
import { type DayOfHours, daysOfHours, ENOUGH_H, WHOLE_DAY_H } from './days-of-hours.ts'

/** What the models share that answer by the day, from tables of days or of hours. */

export const DATE_OUTPUT: OutputColumn = {
  name: 'date',
  describe: 'the date on which the day begins',
  decimals: 0,
  isText: true,
}

export const DAY_STARTS: ModelParam = {
  name: 'day_starts_h',
  describe: 'where a day begins, so that a night is not cut in two: 11 makes days from 11:00 to 11:00',
  kind: 'number',
  unit: 'h',
  min: 0,
  max: 23,
  default: 0,
}

export const SUM_FROM: ModelParam = {
  name: 'from',
  describe: 'the sum begins on this day (the last spray, emergence); at the first row when not given',
  kind: 'date',
  isOptional: true,
}

export const WET_H: InputColumn = {
  name: 'wet_h',
  describe: 'wet hours of the day, h',
  min: 0,
  max: 24,
  isRequired: true,
}

export const WET_MEAN: InputColumn = {
  name: 'twet_mean_c',
  describe: 'mean temperature of the wet hours, °C',
  min: -40,
  max: 60,
  isRequired: false,
  aliases: ['twet_c'],
}

export const DAY_MEAN: InputColumn = {
  name: 'tmean_c',
  describe: 'mean temperature of the day, °C, in place of twet_mean_c',
  min: -40,
  max: 60,
  isRequired: false,
}

/** The temperature of the wet hours, or of the day where that is all there is. */
export function wetMeans(input: ModelInput): {
  readonly tempC: Float64Array
  readonly words: readonly string[]
} {
  const [wet, day] = [input.column('twet_mean_c'), input.column('tmean_c')]
  const isFromDay = Array.from(wet, (value, row) => Number.isNaN(value) && !Number.isNaN(day[row] as number))
  return {
    tempC: wet.map((value, row) => (isFromDay[row] ? (day[row] as number) : value)),
    words: isFromDay.map((is) => (is ? 'twet-from-tmean' : 'ok')),
  }
}

/** The days of a table of hours, as its params cut them. */
export const daysIn = (input: ModelInput): DayOfHours[] =>
  daysOfHours(input.timesMs, input.number('utc_offset_h'), input.number('day_starts_h'))

export type Coverage = 'ok' | 'partial' | 'cut-by-table' | 'gap'

/**
 * `partial`: some hours are not known. Too few are known for any number: `cut-by-table` where the table begins or ends
 * within the day, `gap` elsewhere.
 */
export function coverage(knownH: number, spanH: number): Coverage {
  if (knownH >= WHOLE_DAY_H) return 'ok'
  if (knownH >= ENOUGH_H) return 'partial'
  return spanH < ENOUGH_H && spanH - knownH <= WHOLE_DAY_H - ENOUGH_H ? 'cut-by-table' : 'gap'
}

export const hasNumbers = (cover: Coverage | undefined): boolean => cover === 'ok' || cover === 'partial'

/**
 * The sum so far from a day on; NaN before it and in a gap. `sum-without-gaps` from the first day on that the sum
 * does not hold.
 */
export function sumsFrom(
  values: ArrayLike<number>,
  dates: readonly string[],
  from = dates[0] ?? '',
): { readonly sums: Float64Array; readonly words: readonly string[] } {
  let sum = 0
  let isWhole = true
  let before: string | undefined
  const sums = new Float64Array(values.length).fill(Number.NaN)
  const words = Array.from(values, (value, row) => {
    const date = dates[row] as string
    if (date < from) return 'ok'
    const missed = before === undefined ? daysBetween(from, date) : daysBetween(before, date) - 1
    before = date
    // The last row may be a day that is not over yet.
    if (missed > 0 || (Number.isNaN(value) && row < values.length - 1)) isWhole = false
    if (!Number.isNaN(value)) {
      sum += value
      sums[row] = sum
    }
    return isWhole ? 'ok' : 'sum-without-gaps'
  })
  return { sums, words }
}
