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

/**
 * How long an append may wait for company: people and alarms not at all, sources that hear an acknowledgement until
 * 250 ms after the commit before (50 where they wait for it), polled ones for the loss window.
 */
export type Wait = 'commit' | 'soon' | 'window'

/** What goes into the next commit. */
interface Gathering {
  readonly done: PromiseWithResolvers<void>
  /** Of its records, once it is done. */
  seqs: readonly number[]
  /** When it has to be on its way, by the monotonic clock; a window does not begin again after a slow commit. */
  dueMs: number
  /** When the first and the last came of those that hear an acknowledgement. */
  firstSoonMs: number
  lastSoonMs: number
}

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
  #gathering: Gathering | undefined
  #committing: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  #startedMs = Number.NEGATIVE_INFINITY
  #endedMs = Number.NEGATIVE_INFINITY
  #soonMs = SOON_MS
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
    const firstRecord = this.#records.length
    const gathering = this.#gather(readings, records, stamp, wait)
    await gathering.done.promise
    return gathering.seqs.slice(firstRecord, firstRecord + records.length)
  }

  /** The same for readings alone. All that share a commit share the promise too: there are thousands a second. */
  appendReadings(readings: readonly Reading[], stamp: BootStamp, wait: Wait): Promise<void> {
    try {
      return this.#gather(readings, [], stamp, wait).done.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Commits at once; resolves when nothing waits any more and nothing is on its way to the disk. Never rejects. */
  async flush(): Promise<void> {
    while (this.#gathering || this.#committing) await (this.#committing ?? this.#run())
  }

  #gather(
    readings: readonly Reading[],
    records: readonly PackedRecord[],
    stamp: BootStamp,
    wait: Wait,
  ): Gathering {
    if (this.waiting + readings.length + records.length > MAX_WAITING)
      throw new VuonError('journal-busy', `More than ${MAX_WAITING} entries wait for the disk.`)
    refuseUnstorable(readings)
    this.#readings.add(readings, stamp)
    for (const record of records) this.#records.push(record)
    this.#gathering ??= newGathering()
    const gathering = this.#gathering
    const nowMs = this.#clock.monotonicMs()
    if (wait === 'soon') {
      if (gathering.firstSoonMs > nowMs) gathering.firstSoonMs = nowMs
      gathering.lastSoonMs = nowMs
    }
    const dueMs = this.#dueMs(wait, nowMs)
    const isSooner = dueMs < gathering.dueMs
    if (isSooner) gathering.dueMs = dueMs
    if (!this.#committing && isSooner) this.#schedule(gathering)
    return gathering
  }

  #dueMs(wait: Wait, nowMs: number): number {
    if (wait === 'commit' || (wait === 'soon' && this.waiting >= MANY)) return nowMs
    const windowEndMs = nowMs + this.#windowMs
    return wait === 'window'
      ? windowEndMs
      : Math.min(windowEndMs, Math.max(nowMs, this.#startedMs + this.#soonMs))
  }

  #schedule({ dueMs }: Gathering): void {
    this.#cancelTimer?.()
    // A delay of zero: after everything that has already arrived in this turn.
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs())
    this.#cancelTimer = this.#clock.after(delayMs, () => void this.#run())
  }

  #run(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#committing ??= this.#commitGathered().finally(() => {
      this.#committing = undefined
      if (this.#gathering) this.#schedule(this.#gathering)
    })
    return this.#committing
  }

  /**
   * A broker that has as many messages on the way as it may sends the next when we acknowledge: they came right after the
   * commit, at once, and then there was silence. Others come evenly, and lose nothing by waiting longer for each other.
   */
  #learn({ firstSoonMs, lastSoonMs }: Gathering, nowMs: number): void {
    const waitedMs = nowMs - firstSoonMs
    if (!(waitedMs > 0)) return
    const isWaitedFor = firstSoonMs - this.#endedMs < AT_ONCE_MS && nowMs - lastSoonMs > SILENCE * waitedMs
    this.#soonMs = isWaitedFor ? SOON_WAITED_FOR_MS : SOON_MS
  }

  async #commitGathered(): Promise<void> {
    const gathering = this.#gathering
    const gathered = { ...this.#readings.take(), records: this.#records }
    this.#gathering = undefined
    this.#records = []
    const startedMs = this.#clock.monotonicMs()
    this.#startedMs = startedMs
    if (gathering) this.#learn(gathering, startedMs)
    try {
      const isEmpty = gathered.readings.length + gathered.records.length === 0
      const seqs = isEmpty ? [] : await this.#commit(gathered)
      if (!isEmpty) this.commits++
      if (gathering) gathering.seqs = seqs
      gathering?.done.resolve()
    } catch (error) {
      gathering?.done.reject(error)
    }
    this.#readings.giveBack(gathered)
    this.#endedMs = this.#clock.monotonicMs()
    this.lastCommitMs = this.#endedMs - startedMs
  }
}

const newGathering = (): Gathering => ({
  done: Promise.withResolvers(),
  seqs: [],
  dueMs: Number.POSITIVE_INFINITY,
  firstSoonMs: Number.POSITIVE_INFINITY,
  lastSoonMs: Number.NEGATIVE_INFINITY,
})

// A hundred messages a second are four commits then: a twenty-fifth of the wear, and of the work. A burst does not wait.
const SOON_MS = 250
// Brokers have twenty or so on the way to us by default.
const SOON_WAITED_FOR_MS = 50
const SILENCE = 0.75
const AT_ONCE_MS = 10
const MANY = 200
// 100 series at 1 Hz for a quarter of an hour in which a card answers nothing, or what MQTT may have in flight at twelve
// values a message. 4.8 MB of memory.
const MAX_WAITING = 100_000
