import { toHex } from '#contract/ground/bytes.ts'
import type { Clock, TimeQuality } from '#contract/ground/clock.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { Lane, Reading, RecordBody, RecordEntry } from '#contract/wire/records.ts'
import { GroupCommit, type Wait } from './group-commit.ts'
import type { Bucket, SealedRow, SeriesRow, Unsealed } from './journal-core.ts'
import { InlineThread, type JournalThread, WorkerThread } from './journal-thread.ts'

/**
 * The append-only log of the box. Every promise that it returns for an append resolves after the commit is on
 * the disk, and not before: acknowledgements hang on it.
 */
export interface JournalOptions {
  readonly path: string
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  /** At most this much of what needs no acknowledgement may be lost with the power. */
  readonly lossWindowMs: number
  /** True on a box; false in the pretend world, where one thread keeps the order of things. */
  readonly isInWorker: boolean
}

export interface LatestReading {
  readonly seriesNo: number
  readonly t: number
  readonly value: number
  readonly quality: number
}

export interface JournalState extends Awaited<ReturnType<typeof stateOf>> {
  readonly boot: string
  readonly clock: TimeQuality
  readonly lossWindowMs: number
  readonly commits: number
  readonly lastCommitMs: number
  readonly waiting: number
  readonly setAside: string | null
}

// A wall clock outside these years is a dead RTC, not a date. 2024 is before the first Vuon box.
const EARLIEST_MS = Date.UTC(2024, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)

export class Journal {
  readonly boot: string
  readonly setAside: string | null
  readonly lossWindowMs: number
  readonly #thread: JournalThread
  readonly #clock: Clock
  readonly #bootWallMs: number
  readonly #commits: GroupCommit
  readonly #series = new Map<number, SeriesRow>()
  readonly #onRecord = new Set<() => void>()
  #timeQuality: TimeQuality = 'unknown'
  #epoch: string

  static async open(options: JournalOptions): Promise<Journal> {
    const thread = options.isInWorker ? new WorkerThread(options.path) : new InlineThread(options.path)
    const opening = await thread.call('opening')
    return new Journal(options, thread, opening)
  }

  constructor(
    options: JournalOptions,
    thread: JournalThread,
    opening: { epoch: string; lastT: number; setAside: string | null; series: SeriesRow[] },
  ) {
    this.#thread = thread
    this.#clock = options.clock
    this.#epoch = opening.epoch
    this.boot = toHex(options.randomBytes(8))
    this.setAside = opening.setAside
    this.lossWindowMs = options.lossWindowMs
    for (const row of opening.series) this.#series.set(row.no, row)
    const wallMs = options.clock.wallMs()
    const monotonicMs = options.clock.monotonicMs()
    // A clock that is behind what is already written is wrong; going on from there keeps the order and shows no 1970.
    const isBelievable = wallMs > Math.max(EARLIEST_MS, opening.lastT) && wallMs < LATEST_MS
    this.#bootWallMs = (isBelievable ? wallMs : Math.max(opening.lastT + 1000, EARLIEST_MS)) - monotonicMs
    this.#commits = new GroupCommit({
      clock: options.clock,
      windowMs: options.lossWindowMs,
      commit: ({ readings, records }) =>
        thread.call('commit', { boot: this.boot, clock: this.#timeQuality, readings, records }),
    })
  }

  get epoch(): string {
    return this.#epoch
  }

  get timeQuality(): TimeQuality {
    return this.#timeQuality
  }

  /** bootWallMs + monotonic: never steps within a boot. */
  now(): number {
    return Math.round(this.#bootWallMs + this.#clock.monotonicMs())
  }

  /** Entries from here on carry this quality. */
  setTimeQuality(quality: TimeQuality): void {
    this.#timeQuality = quality
  }

  appendReadings(readings: readonly Reading[], wait: Wait): Promise<void> {
    return this.#commits.append(readings, [], wait).then(() => undefined)
  }

  /** All in one commit, at once. Returns their seqs and times. */
  async appendRecords(bodies: readonly RecordBody[]): Promise<{ seq: number; t: number }[]> {
    const t = this.now()
    const seqs = await this.#commits.append(
      [],
      bodies.map((body) => ({ t, body })),
      'commit',
    )
    for (const wake of this.#onRecord) wake()
    return seqs.map((seq) => ({ seq, t }))
  }

  /** Called after each commit of records: what the uplink sends at once. */
  onRecord(wake: () => void): void {
    this.#onRecord.add(wake)
  }

  async declareSeries(wanted: Omit<SeriesRow, 'no' | 'uuid'>): Promise<SeriesRow> {
    const row = await this.#thread.call('declareSeries', wanted, this.#stamp())
    this.#series.set(row.no, row)
    return row
  }

  series(): SeriesRow[] {
    return [...this.#series.values()]
  }

  async latest(): Promise<LatestReading[]> {
    const rows = await this.#thread.call('latest')
    return rows.map(({ scaled, ...row }) => ({ ...row, value: this.#valueOf(row.seriesNo, scaled) }))
  }

  /** Buckets that hold readings, oldest first; a bucket that is not there is a gap. */
  async history(seriesNo: number, fromT: number, toT: number, buckets: number): Promise<Bucket[]> {
    const rows = await this.#thread.call('history', seriesNo, fromT, toT, buckets)
    return rows.map((row) => ({
      ...row,
      min: this.#valueOf(seriesNo, row.min),
      max: this.#valueOf(seriesNo, row.max),
      mean: this.#valueOf(seriesNo, row.mean),
    }))
  }

  records(kind: string, { limit }: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]> {
    return this.#thread.call('records', kind, limit)
  }

  /** On disk before it is returned. */
  takeCounter(name: string): Promise<number> {
    return this.#thread.call('takeCounter', name)
  }

  unsealed(lane: Lane, options: { atMost: number; notAfterT?: number }): Promise<Unsealed | null> {
    return this.#thread.call('unsealed', lane, options.atMost, options.notAfterT ?? null)
  }

  stepOf(seriesNo: number): number {
    return this.#series.get(seriesNo)?.timeStepMs ?? 1
  }

  saveSealed(row: SealedRow): Promise<void> {
    return this.#thread.call('saveSealed', row)
  }

  sealedRanges(lane: Lane): Promise<{ from: number; to: number }[]> {
    return this.#thread.call('sealedRanges', lane)
  }

  sealedBytes(lane: Lane, from: number): Promise<Uint8Array | null> {
    return this.#thread.call('sealedBytes', lane, from)
  }

  acknowledge(lane: Lane, durableThrough: number): Promise<void> {
    return this.#thread.call('acknowledge', lane, durableThrough)
  }

  async newEpoch(): Promise<string> {
    await this.#commits.flush()
    this.#epoch = await this.#thread.call('newEpoch', this.#stamp())
    return this.#epoch
  }

  evict(keepBytes: number): Promise<number> {
    return this.#thread.call('evict', keepBytes)
  }

  async state(): Promise<JournalState> {
    return {
      ...(await stateOf(this.#thread)),
      boot: this.boot,
      clock: this.#timeQuality,
      lossWindowMs: this.lossWindowMs,
      commits: this.#commits.commits,
      lastCommitMs: this.#commits.lastCommitMs,
      waiting: this.#commits.waiting,
      setAside: this.setAside,
    }
  }

  /** SQLite's own check of the file; an empty list is good. */
  verify(): Promise<string[]> {
    return this.#thread.call('verify')
  }

  exportReadings(afterId: number, limit: number): ReturnType<JournalThread['call']> {
    return this.#thread.call('exportReadings', afterId, limit)
  }

  async close(): Promise<void> {
    await this.#commits.flush()
    await this.#thread.stop()
  }

  #stamp(): { t: number; boot: string; clock: TimeQuality } {
    return { t: this.now(), boot: this.boot, clock: this.#timeQuality }
  }

  #valueOf(seriesNo: number, scaled: number): number {
    // Twelve digits are more than any probe has, and fewer than where binary fractions show.
    return Number((scaled * (this.#series.get(seriesNo)?.resolution ?? 1)).toPrecision(12))
  }
}

const stateOf = (thread: JournalThread) => thread.call('state')
