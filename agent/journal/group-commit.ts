import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Reading, RecordBody } from '#contract/wire/records.ts'

/** How long an append may wait for company: acknowledged sources not at all, polled ones for the loss window. */
export type Wait = 'commit' | 'window'

export interface Gathered {
  readonly readings: Reading[]
  readonly records: { readonly t: number; readonly body: RecordBody }[]
}

/**
 * Gathers appends into commits. While one commit is on its way to the disk, the next gathers: a burst shares
 * one fsync however slow the card is, and a lone reading does not wait for anybody.
 */
export class GroupCommit {
  readonly #clock: Clock
  readonly #windowMs: number
  readonly #commit: (gathered: Gathered) => Promise<number[]>
  #gathered: Gathered = { readings: [], records: [] }
  #waiters: ((outcome: { seqs: number[] } | { error: unknown }) => void)[] = []
  #isCommitting = false
  #isUrgent = false
  #cancelTimer: (() => void) | undefined
  commits = 0
  lastCommitMs = 0

  constructor(options: {
    clock: Clock
    windowMs: number
    commit: (gathered: Gathered) => Promise<number[]>
  }) {
    this.#clock = options.clock
    this.#windowMs = options.windowMs
    this.#commit = options.commit
  }

  get waiting(): number {
    return this.#gathered.readings.length + this.#gathered.records.length
  }

  /** Resolves with the seqs of the given records, after the fsync. */
  append(readings: readonly Reading[], records: Gathered['records'], wait: Wait): Promise<number[]> {
    if (this.waiting + readings.length + records.length > MAX_WAITING) {
      return Promise.reject(
        new VuonError('journal-busy', `More than ${MAX_WAITING} entries wait for the disk.`),
      )
    }
    const firstRecord = this.#gathered.records.length
    for (const reading of readings) this.#gathered.readings.push(reading)
    this.#gathered.records.push(...records)
    return new Promise((resolve, reject) => {
      this.#waiters.push((outcome) =>
        'error' in outcome
          ? reject(outcome.error)
          : resolve(outcome.seqs.slice(firstRecord, firstRecord + records.length)),
      )
      if (wait === 'commit') this.#isUrgent = true
      this.#schedule()
    })
  }

  /** Resolves when nothing waits any more. */
  async flush(): Promise<void> {
    if (this.waiting > 0) await this.append([], [], 'commit')
  }

  #schedule(): void {
    if (this.#isCommitting) return
    if (this.#isUrgent) {
      // A delay of zero: after everything that has already arrived in this turn.
      this.#cancelTimer?.()
      this.#cancelTimer = this.#clock.after(0, () => void this.#run())
    } else {
      this.#cancelTimer ??= this.#clock.after(this.#windowMs, () => void this.#run())
    }
  }

  async #run(): Promise<void> {
    this.#cancelTimer = undefined
    if (this.#isCommitting) return
    const gathered = this.#gathered
    const waiters = this.#waiters
    this.#gathered = { readings: [], records: [] }
    this.#waiters = []
    this.#isUrgent = false
    this.#isCommitting = true
    const startedMs = this.#clock.monotonicMs()
    try {
      const isEmpty = gathered.readings.length + gathered.records.length === 0
      const seqs = isEmpty ? [] : await this.#commit(gathered)
      this.commits++
      for (const settle of waiters) settle({ seqs })
    } catch (error) {
      for (const settle of waiters) settle({ error })
    }
    this.lastCommitMs = this.#clock.monotonicMs() - startedMs
    this.#isCommitting = false
    if (this.#waiters.length > 0) this.#schedule()
  }
}

// 100 series at 1 Hz × 300 s: a card that answers nothing for five minutes. About 10 MB of memory.
const MAX_WAITING = 30_000
