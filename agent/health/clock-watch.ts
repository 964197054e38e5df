import { type Clock, every, type TimeQuality } from '#contract/ground/clock.ts'
import type { ClockEntry, RecordBody } from '#contract/wire/records.ts'

/**
 * How far the box's time can be trusted. Two witnesses: the operating system (an NTP client says that it is
 * synchronised) and the province (its signed answer). Without either for a day, time runs on as holdover: a
 * Pi's crystal drifts about 2 s a day, nothing that agronomy sees.
 */
export interface ClockWatchOptions {
  readonly clock: Clock
  readonly journal: {
    readonly boot: string
    readonly timeQuality: TimeQuality
    now(): number
    setTimeQuality(quality: TimeQuality): void
    appendRecords(bodies: readonly RecordBody[]): Promise<unknown>
    /** Entries from here on carry a new boot id, whose time is shifted by `offsetMs`. */
    correctClock(offsetMs: number): Promise<void>
  }
  /** True when the operating system says that its clock is synchronised. */
  readonly isNtpSynchronised: () => boolean
  /** The province's time, proven by its key; null when it can't be had. */
  readonly provinceTime: () => Promise<number | null>
  /** Told of each correction: ages that were counted from the old time move with it. */
  readonly onCorrected: (offsetMs: number) => void
  readonly onError: (error: unknown) => void
}

const CHECK_MS = 60_000
const HOLDOVER_AFTER_MS = 24 * 3_600_000
// Below this a correction is noise of the network, above it is worth an entry.
const WORTH_AN_ENTRY_MS = 2000
// An answer that took longer proves too little.
const LONGEST_ROUND_TRIP_MS = 20_000

export class ClockWatch {
  readonly #options: ClockWatchOptions
  #stop = () => {}
  #lastWitnessMs = Number.NEGATIVE_INFINITY
  #isChecking = false

  constructor(options: ClockWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#stop = every(this.#options.clock, CHECK_MS, () => void this.check())
    void this.check()
  }

  stop(): void {
    this.#stop()
  }

  /** Asks the witnesses; sets the quality of what is written from now on, and corrects what was written before. */
  async check(): Promise<void> {
    if (this.#isChecking) return
    this.#isChecking = true
    try {
      await this.#check()
    } catch (error) {
      this.#options.onError(error)
    } finally {
      this.#isChecking = false
    }
  }

  async #check(): Promise<void> {
    const { clock, journal, isNtpSynchronised } = this.#options
    if (isNtpSynchronised()) {
      await this.#witness(clock.wallMs() - journal.now(), 100, 'ntp')
      return
    }
    if (clock.monotonicMs() - this.#lastWitnessMs < HOLDOVER_AFTER_MS / 2) return
    const startedMs = clock.monotonicMs()
    const provinceMs = await this.#options.provinceTime().catch(() => null)
    const tookMs = clock.monotonicMs() - startedMs
    if (provinceMs !== null && tookMs <= LONGEST_ROUND_TRIP_MS) {
      await this.#witness(provinceMs + tookMs / 2 - journal.now(), Math.ceil(tookMs / 2) + 1, 'province')
    } else if (
      clock.monotonicMs() - this.#lastWitnessMs > HOLDOVER_AFTER_MS &&
      journal.timeQuality === 'synchronised'
    ) {
      journal.setTimeQuality('holdover')
    }
  }

  /** Nothing is rewritten: what the boot has stamped so far is corrected by an entry, and a new boot id begins. */
  async #witness(offsetMs: number, plusMinusMs: number, source: ClockEntry['source']): Promise<void> {
    const { clock, journal, onCorrected } = this.#options
    this.#lastWitnessMs = clock.monotonicMs()
    if (Math.abs(offsetMs) >= WORTH_AN_ENTRY_MS) {
      const correction: ClockEntry = {
        kind: 'clock',
        ofBoot: journal.boot,
        offsetMs: Math.round(offsetMs),
        plusMinusMs: Math.round(plusMinusMs),
        source,
      }
      await journal.correctClock(correction.offsetMs)
      onCorrected(correction.offsetMs)
      journal.setTimeQuality('synchronised')
      await journal.appendRecords([correction])
    }
    journal.setTimeQuality('synchronised')
  }
}
