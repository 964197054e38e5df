import { toHex } from '#contract/ground/bytes.ts'
import type { Clock, TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { encodeEntry } from '#contract/wire/entries-codec.ts'
import type { KeyRotationEntry } from '#contract/wire/key-rotation.ts'
import type { Lane, Reading, RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { SeriesRow, SeriesState, Stamp } from './append.ts'
import { GroupCommit, type Wait } from './group-commit.ts'
import type { Opening } from './journal-core.ts'
import {
  type CallName,
  InlineThread,
  type JournalThread,
  type ResultOf,
  type ValuesOf,
  WorkerThread,
} from './journal-thread.ts'
import type { Bucket, ExportedReading, FileState } from './local-history.ts'
import type { Room } from './make-room.ts'
import type { SealedRow, Unsealed } from './outbox.ts'
import type { Salvage } from './salvage.ts'

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
  /** Where the calls run instead, when somebody brings a disk of their own: the simulation's fills up and loses power. */
  readonly openThread?: ((path: string) => JournalThread) | undefined
  /** Told of damage that was found and mended, at the start and while it runs. */
  readonly onSalvage?: (salvage: Salvage) => void
}

export interface LatestReading {
  readonly seriesNo: number
  readonly t: number
  readonly value: number
  readonly quality: number
}

export interface JournalState extends FileState {
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
// Mending copies the whole file. A card that damages it faster than this is past help; appends then fail and are told.
const MENDED_EVERY_MS = 60_000
// Asked this often whether there is something to put in order; a question costs one look at the oldest commit.
const COMPACTED_EVERY_MS = 600_000

export class Journal {
  readonly lossWindowMs: number
  readonly #options: JournalOptions
  readonly #clock: Clock
  #bootWallMs: number
  #boot: string
  readonly #commits: GroupCommit
  readonly #series = new Map<number, SeriesState>()
  readonly #onRecord = new Set<() => void>()
  #thread: JournalThread
  #reopening: Promise<void> | undefined
  #reopenedMs = Number.NEGATIVE_INFINITY
  #isClosed = false
  #compactedMs = Number.NEGATIVE_INFINITY
  #timeQuality: TimeQuality = 'unknown'
  #epoch: string
  #salvage: Salvage | null

  /** Throws VuonError when the file can't be opened; one that is damaged is mended instead. */
  static async open(options: JournalOptions): Promise<Journal> {
    const thread = threadOf(options)
    try {
      const journal = new Journal(options, thread, await thread.call('opening'))
      await thread.call('tellSalvage', journal.#stamp())
      if (journal.salvage) options.onSalvage?.(journal.salvage)
      return journal
    } catch (error) {
      await thread.stop()
      throw error
    }
  }

  constructor(options: JournalOptions, thread: JournalThread, opening: Opening) {
    this.#options = options
    this.#thread = thread
    this.#clock = options.clock
    this.#epoch = opening.epoch
    this.#salvage = opening.salvage
    this.#boot = toHex(options.randomBytes(8))
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
      commit: async (gathered) => {
        const seqs = await this.#call('commit', gathered)
        if (this.#clock.monotonicMs() - this.#compactedMs >= COMPACTED_EVERY_MS) void this.#compact()
        return seqs
      },
    })
  }

  get epoch(): string {
    return this.#epoch
  }

  /** Names the stretch of time whose stamps one clock correction can set right. */
  get boot(): string {
    return this.#boot
  }

  get timeQuality(): TimeQuality {
    return this.#timeQuality
  }

  /** What was done about damage since the program started, if there was any. */
  get salvage(): Salvage | null {
    return this.#salvage
  }

  get setAside(): string | null {
    return this.#salvage?.setAside ?? null
  }

  /** bootWallMs + monotonic: never steps within a boot. */
  now(): number {
    return Math.round(this.#bootWallMs + this.#clock.monotonicMs())
  }

  /**
   * The true time turned out to be `offsetMs` away. What is written stays as it is (an entry corrects it); from
   * here on entries carry a new boot id, whose time is right, so that one correction belongs to each boot id.
   */
  async correctClock(offsetMs: number): Promise<void> {
    // What was appended before carries the boot id that it had then, committed or not.
    this.#bootWallMs += offsetMs
    this.#boot = toHex(this.#options.randomBytes(8))
  }

  /** Entries from here on carry this quality. */
  setTimeQuality(quality: TimeQuality): void {
    this.#timeQuality = quality
  }

  /** Rejects with `input-invalid` for what is no reading, `journal-busy`, `disk-full`: nothing of it is stored then. */
  appendReadings(readings: readonly Reading[], wait: Wait): Promise<void> {
    return this.#commits.appendReadings(readings, { boot: this.#boot, clock: this.#timeQuality }, wait)
  }

  /** All in one commit, at once. Returns their seqs and times. */
  async appendRecords(bodies: readonly RecordBody[]): Promise<{ seq: number; t: number }[]> {
    const stamp = this.#stamp()
    const { t } = stamp
    const packed = bodies.map((body) => ({ t, kind: body.kind, body: encodeEntry({ ...stamp, ...body }) }))
    const seqs = await this.#commits.append([], packed, stamp, 'commit')
    for (const wake of this.#onRecord) wake()
    return seqs.map((seq) => ({ seq, t }))
  }

  /** Called after each commit of records: what the uplink sends at once. */
  onRecord(wake: () => void): void {
    this.#onRecord.add(wake)
  }

  async declareSeries(wanted: Omit<SeriesRow, 'no' | 'uuid'>): Promise<SeriesRow> {
    const row = await this.#call('declareSeries', wanted, this.#stamp())
    if (!this.#series.has(row.no)) {
      const before = this.series().find(
        ({ device, channel, quantity }) =>
          device === row.device && channel === row.channel && quantity === row.quantity,
      )
      if (before) this.#series.set(before.no, { ...before, continues: null, isCurrent: false })
      this.#series.set(row.no, { ...row, continues: before?.uuid ?? null, isCurrent: true })
    }
    return row
  }

  /** The series that are declared now; one that was declared anew after a change is not among them. */
  series(): SeriesRow[] {
    return [...this.#series.values()].filter((row) => row.isCurrent)
  }

  async latest(): Promise<LatestReading[]> {
    const rows = await this.#call('latest')
    return rows.map(({ scaled, ...row }) => ({ ...row, value: this.#valueOf(row.seriesNo, scaled) }))
  }

  /** Buckets that hold readings, oldest first; a bucket that is not there is a gap. */
  async history(seriesNo: number, fromT: number, toT: number, buckets: number): Promise<Bucket[]> {
    const rows = await this.#call('history', seriesNo, fromT, toT, buckets)
    return rows.map((row) => ({
      ...row,
      min: this.#valueOf(seriesNo, row.min),
      max: this.#valueOf(seriesNo, row.max),
      mean: this.#valueOf(seriesNo, row.mean),
    }))
  }

  /** Rows of `KEPT` numbers (local-history.ts), values still in steps of the series' resolution. */
  readingsWithin(seriesNo: number, fromT: number, toT: number): Promise<Float64Array> {
    return this.#call('readingsWithin', seriesNo, fromT, toT)
  }

  records(kind: string, { limit }: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]> {
    return this.#call('records', kind, limit)
  }

  /** On disk before it is returned. */
  takeCounter(name: string): Promise<number> {
    return this.#call('takeCounter', name)
  }

  unsealed(lane: Lane, options: { atMost: number; notAfterT?: number }): Promise<Unsealed | null> {
    return this.#call('unsealed', lane, options.atMost, options.notAfterT ?? null, this.#stamp())
  }

  stepOf(seriesNo: number): number {
    return this.#series.get(seriesNo)?.timeStepMs ?? 1
  }

  saveSealed(row: SealedRow): Promise<void> {
    return this.#call('saveSealed', row)
  }

  sealedRanges(lane: Lane): Promise<{ from: number; to: number }[]> {
    return this.#call('sealedRanges', lane)
  }

  sealedBytes(lane: Lane, from: number): Promise<Uint8Array | null> {
    return this.#call('sealedBytes', lane, from)
  }

  acknowledge(lane: Lane, durableThrough: number): Promise<void> {
    return this.#call('acknowledge', lane, durableThrough)
  }

  /** Every change of key that this journal has entered, the newest first. */
  async rotations(): Promise<KeyRotationEntry[]> {
    const rows = await this.records('key-rotation', { limit: 100 })
    return rows.map(({ entry }) => entry as unknown as KeyRotationEntry)
  }

  /** False, and nothing is written, when the seqs that it names were taken in between. */
  async appendRotation(entry: KeyRotationEntry): Promise<boolean> {
    await this.#commits.flush()
    const stamp = this.#stamp()
    const body = encodeEntry({ ...stamp, ...entry })
    const isIn = await this.#call('appendRotation', { epoch: entry.epoch, from: entry.from }, stamp.t, body)
    if (isIn) for (const wake of this.#onRecord) wake()
    return isIn
  }

  /** As whom this journal last spoke to the province. */
  origin(): Promise<string | null> {
    return this.#call('origin')
  }

  setOrigin(text: string): Promise<void> {
    return this.#call('setOrigin', text)
  }

  /** Like `newEpoch`, when the province is known to hold nothing beyond its marks: nothing is given up. */
  async newEpochAfterMarks(): Promise<string> {
    await this.#commits.flush()
    this.#epoch = await this.#call('newEpochAfterMarks', this.#stamp())
    return this.#epoch
  }

  async newEpoch(): Promise<string> {
    await this.#commits.flush()
    this.#epoch = await this.#call('newEpoch', this.#stamp())
    return this.#epoch
  }

  /** Makes room until the file fits; returns how many readings went. The farm book, lots and series never do. */
  async makeRoom(keepBytes: number, { mayLose }: { mayLose: boolean }): Promise<Room> {
    const room = await this.#call('makeRoom', keepBytes, mayLose, this.#stamp())
    if (room.dropped > 0) for (const wake of this.#onRecord) wake()
    return room
  }

  /** Puts in order what commits have written, a step at a time, so that none of them waits long. Never rejects. */
  async #compact(): Promise<void> {
    this.#compactedMs = this.#clock.monotonicMs()
    try {
      while (!this.#isClosed && (await this.#call('compact', this.now())));
    } catch {
      // Nothing is lost and everything can be read as it is: the next one tries again.
    }
  }

  async state(): Promise<JournalState> {
    return {
      ...(await this.#call('state')),
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
    return this.#call('verify')
  }

  exportReadings(afterId: number, limit: number): Promise<ExportedReading[]> {
    return this.#call('exportReadings', afterId, limit)
  }

  async close(): Promise<void> {
    await this.#commits.flush()
    this.#isClosed = true
    await this.#thread.stop()
  }

  /** Damage that a call meets is mended at once, and the call made again; its transaction had changed nothing. */
  async #call<Name extends CallName>(name: Name, ...values: ValuesOf<Name>): Promise<ResultOf<Name>> {
    await this.#reopening
    const thread = this.#thread
    try {
      return await thread.call(name, ...values)
    } catch (error) {
      const isDamage = error instanceof VuonError && error.code === 'journal-damaged'
      if (this.#isClosed || !(isDamage || thread.isDead)) throw error
      if (this.#thread === thread) await this.#reopen()
      // Of a thread that died in the middle nobody knows whether the disk has it: the source is told no.
      if (!isDamage || this.#thread === thread) throw error
      return this.#thread.call(name, ...values)
    }
  }

  #reopen(): Promise<void> {
    const isTooSoon = this.#clock.monotonicMs() - this.#reopenedMs < MENDED_EVERY_MS
    if (isTooSoon) return this.#reopening ?? Promise.resolve()
    this.#reopenedMs = this.#clock.monotonicMs()
    this.#reopening = this.#openAgain().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async #openAgain(): Promise<void> {
    await this.#thread.stop()
    const thread = threadOf(this.#options)
    try {
      const { epoch, salvage } = await thread.call('opening')
      await thread.call('adoptSeries', [...this.#series.values()], this.#stamp())
      await thread.call('tellSalvage', this.#stamp())
      this.#thread = thread
      this.#epoch = epoch
      if (!salvage) return
      this.#salvage = salvage
      this.#options.onSalvage?.(salvage)
    } catch (error) {
      await thread.stop()
      throw error
    }
  }

  #stamp(): Stamp {
    return { t: this.now(), boot: this.boot, clock: this.#timeQuality }
  }

  #valueOf(seriesNo: number, scaled: number): number {
    // Twelve digits are more than any probe has, and fewer than where binary fractions show.
    return Number((scaled * (this.#series.get(seriesNo)?.resolution ?? 1)).toPrecision(12))
  }
}

const threadOf = ({ path, isInWorker, openThread }: JournalOptions): JournalThread =>
  openThread?.(path) ?? (isInWorker ? new WorkerThread(path) : new InlineThread(path))
