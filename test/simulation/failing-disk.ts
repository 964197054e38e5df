import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { JOURNAL_CALLS } from '../../agent/journal/journal-core.ts'
import { JournalFile } from '../../agent/journal/journal-file.ts'
import type { CallName, JournalThread, ResultOf, ValuesOf } from '../../agent/journal/journal-thread.ts'
import type { Room } from '../../agent/journal/make-room.ts'
import type { Gathered } from '../../agent/journal/packed.ts'
import { seededRandom } from '../world/seeded.ts'
import { type Cut, cloneFolder, cutPower, readFiles, rotPage } from './crash-clone.ts'
import type { Ledger } from './ledger.ts'

/**
 * The card of one box. The real journal runs on it, on real files; it fills up, gets slow, and loses its power in
 * the middle of a call. What it has said to be written is entered into the ledger.
 */
export class FailingDisk {
  readonly #random: Random
  readonly #seed: number
  readonly #ledger: Ledger
  readonly #newFolder: () => string
  readonly #onPowerLost: (folder: string, cut: Cut) => void
  #folder: string
  #thread: DiskThread | undefined
  #cutInCalls: number | undefined
  #cuts = 0
  #rotsAtCut = false
  /** Pages that the file may still grow by; undefined when there is room. */
  fullAfterPages: number | undefined
  slowMs: readonly [shortest: number, longest: number] = [0, 0]
  writes = 0
  refusals = 0

  constructor(options: {
    random: Random
    /** Cuts draw from this alone: how long a log is depends on ids that no seed governs, and must shift nothing else. */
    seed: number
    ledger: Ledger
    folder: string
    newFolder: () => string
    onPowerLost: (folder: string, cut: Cut) => void
  }) {
    this.#random = options.random
    this.#seed = options.seed
    this.#ledger = options.ledger
    this.#folder = options.folder
    this.#newFolder = options.newFolder
    this.#onPowerLost = options.onPowerLost
  }

  get folder(): string {
    return this.#folder
  }

  openThread(path: string, clock: Clock): JournalThread {
    this.#thread = new DiskThread(path, clock, this, this.#ledger, this.#random)
    return this.#thread
  }

  /** The program ended by itself; the file stays as it is. */
  programDied(): void {
    this.#thread?.unplug()
    this.#thread = undefined
  }

  /** The power goes in the nth call that writes from now on. */
  cutIn(calls: number): void {
    this.#cutInCalls ??= calls
  }

  /** The power goes now, at a moment when nothing is being written. */
  cutNow(): void {
    const thread = this.#thread
    if (!thread) return
    this.#lose(thread, readFiles(thread.path), 'nothing written')
  }

  /** At the next power cut a page of readings is gone as well. */
  rot(): void {
    this.#rotsAtCut = true
  }

  /** True when something is about to go wrong, or is wrong already. */
  get isInTrouble(): boolean {
    return this.#cutInCalls !== undefined || this.#rotsAtCut || this.fullAfterPages !== undefined
  }

  calm(): void {
    this.#cutInCalls = undefined
    this.#rotsAtCut = false
    this.fullAfterPages = undefined
    this.slowMs = [0, 0]
  }

  /** True when the power goes in this very call. */
  isCutDue(): boolean {
    if (this.#cutInCalls === undefined) return false
    if (--this.#cutInCalls > 0) return false
    this.#cutInCalls = undefined
    return true
  }

  /** Runs a call in the middle of which the power goes. */
  cutDuring(thread: DiskThread, run: () => void): void {
    const before = readFiles(thread.path)
    try {
      run()
    } catch {
      // The disk was full or damaged as well; what it wrote until then is what counts.
    }
    const { files, cut } = cutPower(before, readFiles(thread.path), this.#cutRandom())
    this.#lose(thread, files, cut)
  }

  #cutRandom(): Random {
    return seededRandom(this.#seed + 65_537 * ++this.#cuts)
  }

  #lose(thread: DiskThread, files: ReturnType<typeof readFiles>, cut: Cut): void {
    const [from, to] = [this.#folder, this.#newFolder()]
    const path = relative(from, thread.path)
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cloneFolder(from, to, path, files)
    thread.unplug()
    rmSync(from, { recursive: true, force: true })
    if (this.#rotsAtCut) {
      this.#rotsAtCut = false
      rotPage(join(to, path), this.#cutRandom())
    }
    this.#folder = to
    this.#thread = undefined
    this.#cutInCalls = undefined
    this.#onPowerLost(to, cut)
  }
}

const WRITING: ReadonlySet<CallName> = new Set<CallName>([
  'opening',
  'commit',
  'declareSeries',
  'adoptSeries',
  'takeCounter',
  'newEpoch',
  'tellSalvage',
  'saveSealed',
  'acknowledge',
  'appendRotation',
  'setOrigin',
  'newEpochAfterMarks',
  'compact',
  'makeRoom',
])

/** The journal's calls, one after the other, on the failing disk. */
export class DiskThread implements JournalThread {
  readonly path: string
  readonly #clock: Clock
  readonly #disk: FailingDisk
  readonly #ledger: Ledger
  readonly #random: Random
  #file: JournalFile | undefined
  #limitPages: number | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #isUnplugged = false
  isDead = false

  constructor(path: string, clock: Clock, disk: FailingDisk, ledger: Ledger, random: Random) {
    this.path = path
    this.#clock = clock
    this.#disk = disk
    this.#ledger = ledger
    this.#random = random
  }

  call<Name extends CallName>(name: Name, ...values: ValuesOf<Name>): Promise<ResultOf<Name>> {
    const result = this.#turn.then(() => this.#call(name, values))
    this.#turn = result.catch(() => undefined)
    return result
  }

  async stop(): Promise<void> {
    await this.#turn
    if (this.#isUnplugged) return
    this.isDead = true
    this.#file?.close()
    this.#file = undefined
  }

  /** Nobody hears from it again: not even that it failed. */
  unplug(): void {
    this.#isUnplugged = true
    this.#file?.close()
    this.#file = undefined
  }

  async #call<Name extends CallName>(name: Name, values: ValuesOf<Name>): Promise<ResultOf<Name>> {
    if (this.#isUnplugged) return silence()
    if (this.isDead) throw new VuonError('journal-busy', 'The journal is closed.')
    if (!WRITING.has(name)) return this.#run(name, values)
    const [shortest, longest] = this.#disk.slowMs
    if (longest > 0) await sleep(this.#clock, shortest + this.#random() * (longest - shortest))
    if (this.#isUnplugged) return silence()
    this.#disk.writes++
    if (this.#disk.isCutDue()) {
      // What was promised until now is in the ledger; what this call writes was promised to nobody.
      this.#ledger.interrupted(name === 'commit' ? (values[0] as Gathered) : undefined)
      this.#disk.cutDuring(this, () => this.#run(name, values))
      return silence()
    }
    return this.#account(name, values)
  }

  #account<Name extends CallName>(name: Name, values: ValuesOf<Name>): ResultOf<Name> {
    let result: ResultOf<Name>
    try {
      result = this.#run(name, values)
    } catch (error) {
      this.#disk.refusals++
      throw error
    }
    const file = this.#file as JournalFile
    if (name === 'opening')
      // Mended in this start, or in one that lost its power before it could tell.
      this.#ledger.reopened(file, { isMended: file.salvage !== null || file.meta('untold') !== undefined })
    else if (name === 'commit')
      this.#ledger.committed(values[0] as Gathered, result as unknown as number[], file)
    else if (name === 'saveSealed') this.#ledger.sealedAs(file)
    else if (name === 'compact') this.#ledger.putInOrder(file)
    else if (name === 'makeRoom') this.#ledger.madeRoom(file, result as unknown as Room, values[1] as boolean)
    else if (ENTERS_LINES.has(name)) this.#ledger.noted(file)
    return result
  }

  #run<Name extends CallName>(name: Name, values: ValuesOf<Name>): ResultOf<Name> {
    this.#file ??= new JournalFile(this.path)
    this.#limit(this.#file)
    const call = JOURNAL_CALLS[name] as (file: JournalFile, ...all: readonly unknown[]) => ResultOf<Name>
    return call(this.#file, ...values)
  }

  /** SQLite itself says "disk full": pages beyond the limit are refused. */
  #limit(file: JournalFile): void {
    const { fullAfterPages } = this.#disk
    if ((fullAfterPages === undefined) === (this.#limitPages === undefined)) return
    this.#limitPages = fullAfterPages === undefined ? undefined : file.pragma('page_count') + fullAfterPages
    file.pragma(`max_page_count = ${this.#limitPages ?? 4294967294}`)
  }
}

const ENTERS_LINES: ReadonlySet<CallName> = new Set<CallName>([
  'declareSeries',
  'adoptSeries',
  'newEpoch',
  'newEpochAfterMarks',
  'appendRotation',
  'tellSalvage',
])

const silence = <T>(): Promise<T> => new Promise<T>(() => {})
