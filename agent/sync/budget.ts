/**
 * What the link may cost. Alarms and events always travel: a kilobyte of them is worth more than any limit. The rest
 * stops one after the other as a day (or an hour) is used up, photos first, so that a reserve is left for what matters:
 *
 *   0 %            70 %         90 %     100 %
 *   ├── photos ────┤            │         │
 *   ├── readings ───────────────┤         │
 *   ├── findings ─────────────────────────┤
 *   ├── alarms, events, questions to the province ─────► (counted, never held back)
 *
 * In quiet hours everything but the last row waits.
 */
export type Cargo = 'record' | 'finding' | 'reading' | 'photo'
export type Traffic = 'sync' | 'photos' | 'other'

export const SHARES: Readonly<Record<Cargo, number>> = {
  photo: 0.7,
  reading: 0.9,
  finding: 1,
  record: Number.POSITIVE_INFINITY,
}

/** Minutes of the farm's day, the end excluded; one that ends before it begins goes over midnight. */
export interface QuietHours {
  readonly fromMinute: number
  readonly toMinute: number
}

export interface BudgetLimits {
  /** Null: no limit. */
  readonly bytesPerDay: number | null
  readonly bytesPerHour: number | null
  readonly quietHours: readonly QuietHours[]
}

/** The farm's calendar and clock at a moment. */
export interface LocalTime {
  /** YYYY-MM-DD. */
  readonly day: string
  /** From 0 to 1439. */
  readonly minute: number
}

/** What is kept through a restart. */
export interface SpentBook {
  readonly day: string
  readonly hour: number
  readonly dayBytes: number
  readonly hourBytes: number
  /** The day's bytes that may have been spent before the next writing: what a power cut makes us count. */
  readonly reservedBytes: number
}

/** Where the book is kept: `agent/budget-file.ts` on a box. */
export interface SpentStore {
  load(): SpentBook | null
  /** Called seldom; the newest book counts. Tells about its own failures. */
  keep(book: SpentBook): void
}

export interface Holdback {
  readonly reason: 'day' | 'hour' | 'quiet'
  /** When it ends, ms UTC on the clock of `now`. */
  readonly until: number
}

export interface BudgetState {
  readonly day: string
  readonly dayBytes: number
  readonly dayLimitBytes: number | null
  readonly hourBytes: number
  readonly hourLimitBytes: number | null
  /** Since the start of the program. */
  readonly bytes: Readonly<Record<Traffic, number>>
  /** What keeps readings, and what keeps photos, from being sent now. */
  readonly readings: Holdback | null
  readonly photos: Holdback | null
}

const MINUTE_MS = 60_000
const MINUTES_A_DAY = 1440
// A hundredth of the day at a time: at most a hundred small writes a day, and a power cut counts so much too much.
const RESERVE_SHARE = 0.01
const LEAST_RESERVE_BYTES = 64 * 1024

export class Budget {
  readonly #limits: BudgetLimits
  readonly #localTime: (ms: number) => LocalTime
  readonly #now: () => number
  readonly #store: SpentStore | undefined
  readonly #bytes: Record<Traffic, number> = { sync: 0, photos: 0, other: 0 }
  #day = ''
  #hour = 0
  #dayBytes = 0
  #hourBytes = 0
  #reservedBytes = 0

  /** Without a store, or without limits, nothing is kept through a restart. */
  constructor(options: {
    limits: BudgetLimits
    localTime: (ms: number) => LocalTime
    now: () => number
    store?: SpentStore
  }) {
    this.#limits = options.limits
    this.#localTime = options.localTime
    this.#now = options.now
    this.#store = hasLimits(options.limits) ? options.store : undefined
    const book = this.#store?.load()
    if (!book) return
    this.#day = book.day
    this.#hour = book.hour
    // What was reserved and not written back may have been spent: nobody knows, so it counts.
    const unknownBytes = Math.max(0, book.reservedBytes - book.dayBytes)
    this.#dayBytes = book.dayBytes + unknownBytes
    this.#hourBytes = book.hourBytes + unknownBytes
    this.#reservedBytes = this.#dayBytes
  }

  /** Counts what went over the link in both directions. */
  spend(traffic: Traffic, bytes: number): void {
    this.#turn()
    this.#bytes[traffic] += bytes
    this.#dayBytes += bytes
    this.#hourBytes += bytes
    // Written while half of what was reserved is still there, so that the disk is never waited for.
    if (this.#store && this.#dayBytes > this.#reservedBytes - this.#reserve / 2) this.#keep(this.#reserve)
  }

  mayGo(cargo: Cargo): boolean {
    return this.holdback(cargo) === null
  }

  /** Why this kind of thing has to wait, and until when; null when it may go. */
  holdback(cargo: Cargo): Holdback | null {
    if (cargo === 'record') return null
    const { bytesPerDay, bytesPerHour, quietHours } = this.#limits
    if (!hasLimits(this.#limits) && quietHours.length === 0) return null
    this.#turn()
    const now = this.#now()
    const { minute } = this.#localTime(now)
    const until = (minutes: number): number => Math.floor(now / MINUTE_MS + minutes) * MINUTE_MS
    const share = SHARES[cargo]
    if (bytesPerDay !== null && this.#dayBytes >= bytesPerDay * share)
      return { reason: 'day', until: until(MINUTES_A_DAY - minute) }
    const quiet = quietHours.find((each) => isWithin(minute, each))
    if (quiet)
      return {
        reason: 'quiet',
        until: until((quiet.toMinute - minute + MINUTES_A_DAY) % MINUTES_A_DAY || MINUTES_A_DAY),
      }
    if (bytesPerHour !== null && this.#hourBytes >= bytesPerHour * share)
      return { reason: 'hour', until: until(60 - (minute % 60)) }
    return null
  }

  get state(): BudgetState {
    this.#turn()
    return {
      day: this.#day,
      dayBytes: this.#dayBytes,
      dayLimitBytes: this.#limits.bytesPerDay,
      hourBytes: this.#hourBytes,
      hourLimitBytes: this.#limits.bytesPerHour,
      bytes: { ...this.#bytes },
      readings: this.holdback('reading'),
      photos: this.holdback('photo'),
    }
  }

  /** The program ends in good order: what was reserved and not used is given back. */
  close(): void {
    if (this.#store && this.#day !== '') this.#keep(0)
  }

  /**
   * A new day or hour begins at nothing. Any other day is a new one, an earlier one too: a clock that was ahead and is
   * set right grants at most one more day's bytes.
   */
  #turn(): void {
    const { day, minute } = this.#localTime(this.#now())
    const hour = Math.floor(minute / 60)
    if (day === this.#day && hour === this.#hour) return
    if (day !== this.#day) {
      this.#dayBytes = 0
      this.#reservedBytes = 0
    }
    this.#day = day
    this.#hour = hour
    this.#hourBytes = 0
  }

  get #reserve(): number {
    const { bytesPerDay, bytesPerHour } = this.#limits
    const limit = bytesPerDay ?? (bytesPerHour ?? 0) * 24
    return Math.max(LEAST_RESERVE_BYTES, limit * RESERVE_SHARE)
  }

  #keep(reserveBytes: number): void {
    this.#reservedBytes = this.#dayBytes + reserveBytes
    this.#store?.keep({
      day: this.#day,
      hour: this.#hour,
      dayBytes: this.#dayBytes,
      hourBytes: this.#hourBytes,
      reservedBytes: this.#reservedBytes,
    })
  }
}

export const NO_LIMITS: BudgetLimits = { bytesPerDay: null, bytesPerHour: null, quietHours: [] }

const hasLimits = ({ bytesPerDay, bytesPerHour }: BudgetLimits): boolean =>
  bytesPerDay !== null || bytesPerHour !== null

const isWithin = (minute: number, { fromMinute, toMinute }: QuietHours): boolean =>
  fromMinute < toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute
