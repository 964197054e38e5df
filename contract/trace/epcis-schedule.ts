/**
 * When a scheduled query runs (EPCIS 2.0 §8.2.5.3): fields as cron has them, each `*`, a number, a range `[1-5]` or
 * `1-5`, a list of these, or a step `0/15`. In UTC. A field that is not given is 0 for what is finer than the finest
 * that is given, and every one for what is coarser, as the standard has it.
 */
export interface Schedule {
  readonly second?: string
  readonly minute?: string
  readonly hour?: string
  readonly dayOfMonth?: string
  readonly month?: string
  /** 1 is Monday, 7 is Sunday. */
  readonly dayOfWeek?: string
}

export const SCHEDULE_FIELDS = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const

const BOUNDS: Readonly<Record<keyof Schedule, readonly [least: number, most: number]>> = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  dayOfMonth: [1, 31],
  month: [1, 12],
  dayOfWeek: [0, 7],
}

/** The values of each field, or a sentence that says what is wrong. */
export type Times = Readonly<Record<keyof Schedule, ReadonlySet<number>>>

/** Throws RangeError with a sentence for what is no schedule. */
export function timesOf(schedule: Schedule): Times {
  const finest = SCHEDULE_FIELDS.findIndex((field) => schedule[field] !== undefined)
  if (finest < 0)
    throw new RangeError('a schedule has at least one of second, minute, hour, dayOfMonth, month, dayOfWeek')
  const entries = SCHEDULE_FIELDS.map((field, index) => {
    const text = schedule[field] ?? (index < finest && index < 3 ? '0' : '*')
    return [field, valuesOf(field, text)] as const
  })
  const times = Object.fromEntries(entries) as unknown as Times
  // A Sunday is 0 in cron and 7 in ISO 8601.
  if (times.dayOfWeek.has(7) || times.dayOfWeek.has(0))
    return { ...times, dayOfWeek: new Set([...times.dayOfWeek, 0, 7]) }
  return times
}

function valuesOf(field: keyof Schedule, text: string): ReadonlySet<number> {
  const [least, most] = BOUNDS[field]
  const wrong = () =>
    new RangeError(
      `${field} is "${text.slice(0, 60)}", which is not *, numbers from ${least} to ${most}, or 0/15`,
    )
  if (text.length > 200) throw wrong()
  const values = new Set<number>()
  for (const part of text.replaceAll(/[[\]\s]/g, '').split(',')) {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part)
    if (!match) throw wrong()
    const from = match[1] === undefined ? least : Number(match[1])
    const step = match[3] === undefined ? 1 : Number(match[3])
    const isOne = match[1] !== undefined && match[2] === undefined && match[3] === undefined
    const to = isOne ? from : match[2] === undefined ? most : Number(match[2])
    if (from < least || to > most || from > to || step < 1) throw wrong()
    for (let value = from; value <= to; value += step) values.add(value)
  }
  return values
}

const DAY_MS = 86_400_000
// The 29th of February comes again within eight years, also over 2100.
const MAX_DAYS = 8 * 366 + 1

/** The first moment after `ms` that the schedule names, or undefined where there is none: the 31st of February. */
export function nextTime(times: Times, ms: number): number | undefined {
  const start = Math.floor(ms / 1000) * 1000 + 1000
  for (let day = 0; day <= MAX_DAYS; day++) {
    const midnight = Math.floor(start / DAY_MS) * DAY_MS + day * DAY_MS
    const date = new Date(midnight)
    const isOn =
      times.month.has(date.getUTCMonth() + 1) &&
      times.dayOfMonth.has(date.getUTCDate()) &&
      times.dayOfWeek.has(date.getUTCDay())
    if (!isOn) continue
    const within = firstWithin(times, Math.max(0, start - midnight) / 1000)
    if (within !== undefined) return midnight + within * 1000
  }
  return undefined
}

/** Seconds since midnight, at or after `from`. */
function firstWithin(times: Times, from: number): number | undefined {
  for (const hour of ascending(times.hour)) {
    if (hour * 3600 + 3599 < from) continue
    for (const minute of ascending(times.minute)) {
      const base = hour * 3600 + minute * 60
      if (base + 59 < from) continue
      const second = ascending(times.second).find((each) => base + each >= from)
      if (second !== undefined) return base + second
    }
  }
  return undefined
}

const ascending = (values: ReadonlySet<number>): number[] => [...values].sort((a, b) => a - b)
