import { statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { VuonError } from '#contract/ground/errors.ts'
import type { Lane } from '#contract/wire/records.ts'
import { markSuspect, openDatabase, openForReading } from './open-database.ts'
import { newEpochId, type Salvage } from './salvage.ts'
import { isDamage, readable } from './sqlite-errors.ts'

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
  readonly #statements = new Map<string, Database.Statement>()

  /** Throws VuonError. A reader changes nothing: it neither mends nor migrates, for the agent may be at work here. */
  constructor(path: string, options: { isReader?: boolean } = {}) {
    const { db, salvage } = options.isReader ? openForReading(path) : openDatabase(path)
    this.path = path
    this.#db = db
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
    const mark = this.get<Mark>(
      `SELECT base_id AS base, last_id AS lastId, sealed_through AS sealedThrough,
              durable_through AS durableThrough, last_hash AS lastHash FROM mark WHERE lane = ?`,
      lane,
    )
    if (!mark) throw new VuonError('journal-damaged', `The ${lane} lane has no mark.`)
    return { ...mark, lastHash: mark.lastHash && new Uint8Array(mark.lastHash) }
  }

  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) return work()
    return this.#readably(() => this.#db.transaction(work).immediate())
  }

  get<Row>(sql: string, ...values: unknown[]): Row | undefined {
    return this.#readably(() => this.#prepare(sql).get(...values) as Row | undefined)
  }

  all<Row>(sql: string, ...values: unknown[]): Row[] {
    return this.#readably(() => this.#prepare(sql).all(...values) as Row[])
  }

  run(sql: string, ...values: unknown[]): Database.RunResult {
    return this.#readably(() => this.#prepare(sql).run(...values))
  }

  /** Bare, for loops of thousands: the caller's `transaction` makes its errors readable. */
  prepare(sql: string): Database.Statement {
    return this.#readably(() => this.#prepare(sql))
  }

  pragma(text: string): number {
    return this.#readably(() => this.#db.pragma(text, { simple: true }) as number)
  }

  /** SQLite's own check of the file; an empty list is good. */
  verify(): string[] {
    const rows = this.#readably(() => this.#db.pragma('integrity_check(20)') as { integrity_check: string }[])
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
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

  #readably<T>(work: () => T): T {
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
