import { statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { VuonError } from '#contract/ground/errors.ts'
import type { Lane } from '#contract/wire/records.ts'
import { brokenRows, isWholeEntry } from './checksums.ts'
import { markSuspect, openDatabase, openForReading } from './open-database.ts'
import { newEpochId, type Salvage } from './salvage.ts'
import { Slots } from './slots.ts'
import { Damage, isDamage, readable } from './sqlite-errors.ts'

export interface Mark {
  /** The id before the lane's first of this epoch: seq = id − base. */
  readonly base: number
  readonly lastId: number
  readonly sealedThrough: number
  readonly durableThrough: number
  readonly lastHash: Uint8Array | null
}

/** The journal's file with its prepared statements. SQLite's errors leave it as ours. */
export class JournalFile {
  readonly path: string
  readonly salvage: Salvage | null
  readonly #db: Database.Database
  readonly #transact: Database.Transaction<(work: () => unknown) => unknown>
  readonly #statements = new Map<string, Database.Statement>()
  readonly slots = new Slots(this)
  /** By series: it never changes once it is declared. */
  readonly #steps = new Map<number, number>()

  /** Throws VuonError. A reader changes nothing: it neither mends nor migrates, for the agent may be at work here. */
  constructor(path: string, options: { isReader?: boolean } = {}) {
    const { db, salvage } = options.isReader ? openForReading(path) : openDatabase(path)
    this.path = path
    this.#db = db
    this.#transact = db.transaction((work: () => unknown) => work())
    this.salvage = salvage
    if (options.isReader) return
    this.run(`INSERT OR IGNORE INTO meta VALUES ('epoch', ?)`, newEpochId())
  }

  get epoch(): string {
    return this.meta('epoch') ?? ''
  }

  meta(name: string): string | undefined {
    return this.get<{ value: string }>('SELECT value FROM meta WHERE name = ?', name)?.value
  }

  setMeta(name: string, value: string): void {
    this.run(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    )
  }

  mark(lane: Lane): Mark {
    // A commit of readings does not write the mark: where the last of them stands is where the lane ends.
    const lastId =
      lane === 'reading'
        ? 'max(last_id, coalesce((SELECT from_id + count - 1 FROM block ORDER BY from_id DESC LIMIT 1), 0))'
        : 'last_id'
    const mark = this.get<Mark>(
      `SELECT base_id AS base, ${lastId} AS lastId, sealed_through AS sealedThrough,
              durable_through AS durableThrough, last_hash AS lastHash FROM mark WHERE lane = ?`,
      lane,
    )
    if (!mark) throw new VuonError('journal-damaged', `The ${lane} lane has no mark.`)
    const inSlots = lane === 'reading' ? this.slots.lastId() : 0
    return {
      ...mark,
      lastId: Math.max(mark.lastId, inSlots),
      lastHash: mark.lastHash && new Uint8Array(mark.lastHash),
    }
  }

  /** Where the lane of readings ends stays known even if its last block goes. Commits leave this page alone. */
  keepLastId(): void {
    const { lastId } = this.mark('reading')
    this.run(`UPDATE mark SET last_id = ? WHERE lane = 'reading' AND last_id < ?`, lastId, lastId)
  }

  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) return work()
    try {
      return this.readably(() => this.#transact.immediate(work) as T)
    } catch (error) {
      this.slots.forget()
      // A series whose declaration was taken back gives its number to another.
      this.#steps.clear()
      throw error
    }
  }

  /** Of a series, in ms. One that damage took from its table keeps every millisecond. */
  stepOf(seriesNo: number): number {
    const known = this.#steps.get(seriesNo)
    if (known !== undefined) return known
    const row = this.get<{ step: number }>('SELECT time_step_ms AS step FROM series WHERE no = ?', seriesNo)
    const step = Math.max(1, row?.step ?? 1)
    if (row) this.#steps.set(seriesNo, step)
    return step
  }

  get<Row>(sql: string, ...values: unknown[]): Row | undefined {
    return this.readably(() => this.#prepare(sql).get(...values) as Row | undefined)
  }

  all<Row>(sql: string, ...values: unknown[]): Row[] {
    return this.readably(() => this.#prepare(sql).all(...values) as Row[])
  }

  run(sql: string, ...values: unknown[]): Database.RunResult {
    return this.readably(() => this.#prepare(sql).run(...values))
  }

  /** Bare, for loops of thousands: the caller's `transaction` makes its errors readable. */
  prepare(sql: string): Database.Statement {
    return this.readably(() => this.#prepare(sql))
  }

  dataVersion(): number {
    return this.get<{ data_version: number }>('PRAGMA data_version')?.data_version ?? 0
  }

  pragma(text: string): number {
    return this.readably(() => this.#db.pragma(text, { simple: true }) as number)
  }

  /** SQLite's own check of the file, and the checksum of every block; an empty list is good. */
  verify(): string[] {
    const rows = this.readably(() => this.#db.pragma('integrity_check(20)') as { integrity_check: string }[])
    const found = rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
    return [...found, ...this.readably(() => brokenRows(this.#db))]
  }

  /** The whole of it on the card, as far as it is in use, with the log that SQLite writes beside it. */
  usedBytes(): number {
    return (
      (this.pragma('page_count') - this.pragma('freelist_count')) * this.pragma('page_size') + this.walBytes()
    )
  }

  walBytes(): number {
    return sizeOf(`${this.path}-wal`)
  }

  sizeBytes(): number {
    return sizeOf(this.path)
  }

  close(): void {
    try {
      this.keepLastId()
    } catch {
      // A reader, or a card that takes nothing any more: the next start sees what there is.
    }
    this.#db.close()
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** The bytes of an entry. Throws `journal-damaged` when they are not what was written. */
  wholeBody({ body, crc }: { readonly body: Uint8Array; readonly crc: number | null }): Uint8Array {
    return this.readably(() => {
      if (!isWholeEntry(body, crc)) throw new Damage('an entry is not what was written')
      return new Uint8Array(body)
    })
  }

  /** Damage that the work meets is noted beside the file and thrown as `journal-damaged`. */
  readably<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      // The next opening looks at every page and mends; until then each call that meets the damage fails.
      if (isDamage(error)) markSuspect(this.path)
      throw readable(error)
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
