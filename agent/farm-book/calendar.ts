import type { TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { zoneOffsetMs } from '#contract/trace/epcis.ts'
import { Refusal } from './refusal.ts'

/** Days as the farm counts them. */
export class Calendar {
  readonly zoneOffset: string
  readonly #now: () => number
  readonly #timeQuality: () => TimeQuality

  constructor(options: { zoneOffset: string; now: () => number; timeQuality: () => TimeQuality }) {
    this.zoneOffset = options.zoneOffset
    this.#now = options.now
    this.#timeQuality = options.timeQuality
  }

  now(): number {
    return this.#now()
  }

  today(): string {
    return this.dayOf(this.#now())
  }

  dayOf(ms: number): string {
    return new Date(ms + zoneOffsetMs(this.zoneOffset)).toISOString().slice(0, 10)
  }

  /** How the date of a new entry is known. Throws `clock-unknown` where neither the box nor a person vouches for it. */
  vouchedBy(isConfirmed: boolean | undefined): TimeQuality | 'person' {
    const quality = this.#timeQuality()
    if (quality !== 'unknown') return quality
    if (!isConfirmed) throw new VuonError('clock-unknown')
    return 'person'
  }

  /**
   * The moment of a day: of today without an hour, this one; of another day its noon, for nobody said the hour. A clock
   * that knows nothing is no judge of a date that a person looked at and confirmed.
   */
  momentOf(
    day: string,
    options: {
      field: string
      maxDaysBack: number
      isConfirmed?: boolean | undefined
      time?: string | undefined
    },
  ): number {
    const { field, maxDaysBack, isConfirmed, time } = options
    if (!isDay(day)) throw new Refusal(field, 'wrong-day', 'The date is not a date.')
    if (time !== undefined && !/^([01]\d|2[0-3]):[0-5]\d$/.test(time))
      throw new Refusal('time', 'wrong-time', 'The hour is not one of a day.')
    const isJudge = this.vouchedBy(isConfirmed) !== 'person'
    const today = this.today()
    const future = (where: string) => new Refusal(where, 'future', 'The date lies in the future.', { today })
    if (isJudge && day > today) throw future(field)
    if (isJudge && daysBetween(day, today) > maxDaysBack)
      throw new Refusal(field, 'too-old', `The date lies more than ${maxDaysBack} days back.`, {
        days: maxDaysBack,
      })
    if (time === undefined && day === today) return this.#now()
    const at = Date.parse(`${day}T${time ?? '12:00'}:00${this.zoneOffset}`)
    if (isJudge && at > this.#now()) throw future('time')
    return at
  }
}

/** `YYYY-MM-DD HH:MM` on the farm's clock. */
export const writtenAt = (ms: number, zoneOffset: string): string =>
  new Date(ms + zoneOffsetMs(zoneOffset)).toISOString().slice(0, 16).replace('T', ' ')

/** The same for something that was done: a day's exact noon is a day of which nobody said the hour. */
export function whenOf(ms: number, zoneOffset: string): string {
  const isNoon = (ms + zoneOffsetMs(zoneOffset) - DAY_MS / 2) % DAY_MS === 0
  const text = writtenAt(ms, zoneOffset)
  return isNoon ? text.slice(0, 10) : text
}

const DAY_MS = 86_400_000

export const isDay = (text: unknown): text is string =>
  typeof text === 'string' &&
  /^20\d\d-\d\d-\d\d$/.test(text) &&
  new Date(`${text}T00:00:00Z`).getTime() > 0 &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)

export const daysBetween = (earlier: string, later: string): number =>
  (Date.parse(`${later}T00:00:00Z`) - Date.parse(`${earlier}T00:00:00Z`)) / 86_400_000

export const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
