import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Reading } from '#contract/wire/records.ts'
import {
  type BootStamp,
  type Gathered,
  PackedReadings,
  type PackedRecord,
  refuseUnstorable,
} from './packed.ts'

/** How long an append may wait for company: acknowledged sources not at all, polled ones for the loss window. */
export type Wait = 'commit' | 'window'

/**
 * Gathers appends into commits. While one commit is on its way to the disk, the next gathers: a burst shares
 * one fsync however slow the card is, and a lone reading does not wait for anybody.
 */
export class GroupCommit {
  readonly #clock: Clock
  readonly #windowMs: number
  readonly #commit: (gathered: Gathered) => Promise<number[]>
  readonly #readings = new PackedReadings()
  #records: PackedRecord[] = []
  #waiters: ((outcome: { seqs: number[] } | { error: unknown }) => void)[] = []
  #committing: Promise<void> | undefined
  #isUrgent = false
  /** When the first of those that wait was appended: its window does not begin again after a slow commit. */
  #waitingSinceMs = 0
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
    return this.#readings.count + this.#records.length
  }

  /**
   * Resolves with the seqs of the given records, after the fsync. Rejects with `journal-busy` when too much
   * waits, with `input-invalid` for what can't be stored, and with the disk's error when the commit failed.
   */
  async append(
    readings: readonly Reading[],
    records: readonly PackedRecord[],
    stamp: BootStamp,
    wait: Wait,
  ): Promise<number[]> {
    if (this.waiting + readings.length + records.length > MAX_WAITING)
      throw new VuonError('journal-busy', `More than ${MAX_WAITING} entries wait for the disk.`)
    refuseUnstorable(readings)
    const firstRecord = this.#records.length
    this.#readings.add(readings, stamp)
    for (const record of records) this.#records.push(record)
    return new Promise((resolve, reject) => {
      if (this.#waiters.length === 0) this.#waitingSinceMs = this.#clock.monotonicMs()
      this.#waiters.push((outcome) =>
        'error' in outcome
          ? reject(outcome.error)
          : resolve(outcome.seqs.slice(firstRecord, firstRecord + records.length)),
      )
      if (wait === 'commit') this.#isUrgent = true
      this.#schedule()
    })
  }

  /** Commits at once; resolves when nothing waits any more and nothing is on its way to the disk. Never rejects. */
  async flush(): Promise<void> {
    while (this.#waiters.length > 0 || this.#committing) await (this.#committing ?? this.#run())
  }

  #schedule(): void {
    if (this.#committing) return
    if (this.#isUrgent) {
      // A delay of zero: after everything that has already arrived in this turn.
      this.#cancelTimer?.()
      this.#cancelTimer = this.#clock.after(0, () => void this.#run())
    } else {
      const waitedMs = this.#clock.monotonicMs() - this.#waitingSinceMs
      this.#cancelTimer ??= this.#clock.after(Math.max(0, this.#windowMs - waitedMs), () => void this.#run())
    }
  }

  #run(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#committing ??= this.#commitGathered().finally(() => {
      this.#committing = undefined
      if (this.#waiters.length > 0) this.#schedule()
    })
    return this.#committing
  }

  async #commitGathered(): Promise<void> {
    const gathered = { ...this.#readings.take(), records: this.#records }
    const waiters = this.#waiters
    this.#records = []
    this.#waiters = []
    this.#isUrgent = false
    const startedMs = this.#clock.monotonicMs()
    try {
      const isEmpty = gathered.readings.length + gathered.records.length === 0
      const seqs = isEmpty ? [] : await this.#commit(gathered)
      if (!isEmpty) this.commits++
      for (const settle of waiters) settle({ seqs })
    } catch (error) {
      for (const settle of waiters) settle({ error })
    }
    this.lastCommitMs = this.#clock.monotonicMs() - startedMs
  }
}

// 100 series at 1 Hz × 300 s: a card that answers nothing for five minutes. About 10 MB of memory.
const MAX_WAITING = 30_000
