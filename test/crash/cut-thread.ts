import { rmSync } from 'node:fs'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { JOURNAL_CALLS } from '../../agent/journal/journal-core.ts'
import { JournalFile } from '../../agent/journal/journal-file.ts'
import type { CallName, JournalThread, ResultOf, ValuesOf } from '../../agent/journal/journal-thread.ts'
import { type Cut, cutPower, type DatabaseFiles, readFiles } from '../simulation/crash-clone.ts'

/** What the power left on the card. */
export interface Left {
  readonly files: DatabaseFiles
  readonly cut: Cut
  /** The call of the journal that was interrupted. */
  readonly during: CallName
}

/**
 * The power of one box: it goes in the nth thing that its journal does to the file, be it a statement, a transaction, or
 * a copying of the log. A call of several (making room, a start) can so be cut between any two and within each of them.
 */
export class PowerSupply {
  readonly #random: Random
  readonly #isLying: boolean
  #leftActions: number
  #depth = 0
  #lastSynced: DatabaseFiles | undefined
  left: Left | undefined

  /** `isLying`: the card said "synced" to all that was written since the start, and kept it in its own memory. */
  constructor(random: Random, actions: number, { isLying = false } = {}) {
    this.#random = random
    this.#leftActions = actions
    this.#isLying = isLying
  }

  /** Runs what may write to the file. Throws PowerLost when it was the last. */
  during<T>(path: string, call: CallName, act: () => T): T {
    if (this.#isLying && this.#depth === 0 && call !== 'opening') this.#lastSynced ??= readFiles(path)
    if (this.#depth > 0 || --this.#leftActions > 0) return this.#within(act)
    const before = this.#lastSynced ?? readFiles(path)
    const [result, error] = settled(() => this.#within(act))
    const after = readFiles(path)
    // Mostly the power waits for something that is written: a cut in a rest shows little.
    if (isSame(before, after) && this.#random() < REST_IS_SPARED) {
      if (error) throw error
      return result as T
    }
    const isOneCommit = !this.#isLying && !(result instanceof JournalFile)
    // What a failed action wrote until then counts as well.
    this.left = { ...cutPower(before, after, this.#random, { isOneCommit }), during: call }
    if (result instanceof JournalFile) result.close()
    throw new PowerLost()
  }

  /** The power stays from now on. */
  stays(): void {
    this.#leftActions = Number.POSITIVE_INFINITY
  }

  #within<T>(act: () => T): T {
    this.#depth++
    try {
      return act()
    } finally {
      this.#depth--
    }
  }
}

const REST_IS_SPARED = 0.8

const isSame = (one: DatabaseFiles, other: DatabaseFiles): boolean =>
  one.inode === other.inode &&
  one.wal.equals(other.wal) &&
  (one.db && other.db ? one.db.equals(other.db) : one.db === other.db)

function settled<T>(act: () => T): [T | undefined, unknown] {
  try {
    return [act(), undefined]
  } catch (error) {
    return [undefined, error]
  }
}

class PowerLost extends Error {}

/** The journal's calls, in this thread, on a file whose power goes. Nobody hears of the call in which it went. */
export class CutThread implements JournalThread {
  readonly #path: string
  readonly #supply: PowerSupply
  readonly #checkpointPages: number | undefined
  #file: JournalFile | undefined
  #call: CallName = 'opening'
  isDead = false

  /** `checkpointPages`: a log that is copied into the file so often, instead of every four megabytes. */
  constructor(path: string, supply: PowerSupply, checkpointPages?: number) {
    this.#path = path
    this.#supply = supply
    this.#checkpointPages = checkpointPages
  }

  async call<Name extends CallName>(name: Name, ...values: ValuesOf<Name>): Promise<ResultOf<Name>> {
    if (this.#supply.left) return new Promise(() => {})
    if (this.isDead) throw new VuonError('journal-busy', 'The journal is closed.')
    this.#call = name
    try {
      this.#file ??= this.#open()
      const call = JOURNAL_CALLS[name] as (file: JournalFile, ...all: readonly unknown[]) => ResultOf<Name>
      return call(this.#watched(this.#file), ...values)
    } catch (error) {
      if (!this.#supply.left) throw error
      this.#drop()
      return new Promise(() => {})
    }
  }

  async stop(): Promise<void> {
    this.isDead = true
    if (this.#supply.left) return
    this.#file?.close()
    this.#file = undefined
  }

  #open(): JournalFile {
    const file = this.#supply.during(this.#path, 'opening', () => new JournalFile(this.#path))
    if (this.#checkpointPages) file.pragma(`wal_autocheckpoint = ${this.#checkpointPages}`)
    return file
  }

  /** Each of the file's methods that may write is one action; what runs within a transaction belongs to it. */
  #watched(file: JournalFile): JournalFile {
    return new Proxy(file, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        return (...values: unknown[]) => {
          const act = () => Reflect.apply(member, target, values) as unknown
          return mayWrite(String(name), values[0]) ? this.#supply.during(this.#path, this.#call, act) : act()
        }
      },
    })
  }

  /** SQLite copies the log into the file once more when it is closed; nobody looks at it any more. */
  #drop(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true })
    this.#file?.close()
    this.#file = undefined
  }
}

function mayWrite(method: string, first: unknown): boolean {
  if (method === 'transaction' || method === 'run' || method === 'setMeta') return true
  if (method === 'get') return /^\s*(INSERT|UPDATE|DELETE)/.test(String(first))
  return method === 'pragma' && String(first).includes('(')
}
