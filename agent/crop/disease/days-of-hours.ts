import { dateAt } from '../calendar.ts'

/** Hours gathered into days, for rules that speak of days. */
export interface DayOfHours {
  /** The date on which the day begins, in the zone that was asked for. */
  readonly date: string
  /** Where it begins, ms UTC; it has 24 hours. */
  readonly startMs: number
  /** How many of its hours lie within the table: fewer than 24 only on the first and the last day. */
  readonly spanH: number
  /** Which of the given hours belong to it, in order. */
  readonly rows: readonly number[]
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Every day from the first hour to the last, those without any hour too. `dayStartsH` 11 makes days from 11:00 to
 * 11:00, so that a night is not cut in two. Times rise.
 */
export function daysOfHours(
  timesMs: ArrayLike<number>,
  utcOffsetH: number,
  dayStartsH: number,
): DayOfHours[] {
  const days: { date: string; startMs: number; spanH: number; rows: number[] }[] = []
  const fromMs = timesMs[0] ?? Number.NaN
  const toMs = (timesMs[timesMs.length - 1] ?? Number.NaN) + HOUR_MS
  const shiftMs = (utcOffsetH - dayStartsH) * HOUR_MS
  let last = Number.NaN
  for (let row = 0; row < timesMs.length; row++) {
    const day = Math.floor(((timesMs[row] as number) + shiftMs) / DAY_MS)
    for (let next = Number.isNaN(last) ? day : last + 1; next <= day; next++) {
      const startMs = next * DAY_MS - shiftMs
      const spanH = (Math.min(startMs + DAY_MS, toMs) - Math.max(startMs, fromMs)) / HOUR_MS
      days.push({ date: dateAt(next * DAY_MS), startMs, spanH, rows: [] })
    }
    last = day
    days.at(-1)?.rows.push(row)
  }
  return days
}

/** A day is taken for whole with this many known hours, and said to be partial below 24. */
export const WHOLE_DAY_H = 24
export const ENOUGH_H = 21

export interface WetDay {
  /** Hours of wetness, and their mean temperature (NaN when there are none). */
  readonly wetH: number
  readonly wetMeanC: number
  /** Hours of which it is known whether they were wet, and how warm if they were. */
  readonly knownH: number
}

/** `wetH`: hours of each row that were wet, 0 to 1, NaN unknown. */
export function wetDay(rows: readonly number[], wetH: ArrayLike<number>, tempC: ArrayLike<number>): WetDay {
  let wet = 0
  let warmth = 0
  let knownH = 0
  for (const row of rows) {
    const hours = wetH[row] as number
    if (Number.isNaN(hours) || (hours > 0 && Number.isNaN(tempC[row] as number))) continue
    knownH++
    if (hours === 0) continue
    wet += hours
    warmth += hours * (tempC[row] as number)
  }
  return { wetH: wet, wetMeanC: wet > 0 ? warmth / wet : Number.NaN, knownH }
}

/** Known values of a day. */
export const known = (rows: readonly number[], values: ArrayLike<number>): number[] =>
  rows.map((row) => values[row] as number).filter((value) => !Number.isNaN(value))

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((total, value) => total + value, 0) / values.length
