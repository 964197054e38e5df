import type { ModelInput } from './model.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
// The first and last year that a farm's table can be about; outside is a slip of the keyboard or a clock at 1970.
const YEARS = [1900, 2200] as const

/** Milliseconds UTC of the midnight of YYYY-MM-DD; NaN for what is no day of the calendar. */
export function dayMs(date: string): number {
  const [, year, month, day] = (/^(\d{4})-(\d{2})-(\d{2})$/.exec(date) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return Number.NaN
  if (year < YEARS[0] || year > YEARS[1]) return Number.NaN
  const ms = Date.UTC(year, month - 1, day)
  // Date.UTC turns 30 February into 2 March.
  return new Date(ms).getUTCDate() === day && new Date(ms).getUTCMonth() === month - 1 ? ms : Number.NaN
}

/** YYYY-MM-DD of a moment, in a zone so many hours ahead of UTC. */
export const dateAt = (ms: number, utcOffsetH = 0): string =>
  new Date(ms + utcOffsetH * HOUR_MS).toISOString().slice(0, 10)

/** 1 for 1 January, 365 or 366 for 31 December. */
export const dayOfYear = (date: string): number =>
  (dayMs(date) - Date.UTC(Number(date.slice(0, 4)), 0, 1)) / DAY_MS + 1

/** The same of a moment, in a zone so many hours ahead of UTC. */
export function dayOfYearAt(ms: number, utcOffsetH: number): number {
  const local = ms + utcOffsetH * HOUR_MS
  return Math.floor((local - Date.UTC(new Date(local).getUTCFullYear(), 0, 1)) / DAY_MS) + 1
}

/** The date so many days later. */
export const addDays = (date: string, days: number): string => dateAt(dayMs(date) + days * DAY_MS)

/** How many days `later` is after `earlier`. */
export const daysBetween = (earlier: string, later: string): number =>
  (dayMs(later) - dayMs(earlier)) / DAY_MS

/**
 * Milliseconds UTC of an ISO 8601 date and time, `2026-07-01T13:00`, with T or a space, seconds and fractions or not.
 * Without Z or ±hh:mm it is taken in a zone so many hours ahead of UTC. NaN for anything else.
 */
export function momentMs(text: string, utcOffsetH: number): number {
  const found =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i.exec(
      text,
    )
  if (!found) return Number.NaN
  const [, date = '', hour, minute, second = '0', fraction = '0', zone] = found
  const [h, m, s] = [Number(hour), Number(minute), Number(second)]
  // 24:00 is the end of a day (ISO 8601), as loggers that stamp the end of an hour write it.
  if (h > 24 || m > 59 || s > 59 || (h === 24 && m + s > 0)) return Number.NaN
  const local = dayMs(date) + ((h * 60 + m) * 60 + s) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000)
  return local - (zone === undefined ? utcOffsetH * HOUR_MS : zoneMs(zone))
}

function zoneMs(zone: string): number {
  if (/^z$/i.test(zone)) return 0
  const [, sign, hours, minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? []
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? -ms : ms
}

/**
 * How many days (or hours) are not in the table between the row before and each row; 0 for the first. A model with
 * a running state asks this, and gives gaps after one rather than going on as if nothing had been missed.
 */
export function missingSteps(input: ModelInput, step: 'day' | 'hour'): Int32Array {
  const stepMs = step === 'day' ? DAY_MS : HOUR_MS
  return Int32Array.from({ length: input.length }, (_, row) =>
    row === 0
      ? 0
      : Math.max(
          0,
          Math.round(((input.timesMs[row] as number) - (input.timesMs[row - 1] as number)) / stepMs) - 1,
        ),
  )
}
