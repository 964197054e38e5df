import { type DialectAdapter, type SqliteDatabase, SqliteDialect } from 'kysely'
import type { Db } from './open-store.ts'

const connections = new WeakMap<DialectAdapter, HeldDatabase>()

/** What kysely needs of a database, and whether a transaction is under way on its only connection. */
export interface HeldDatabase extends SqliteDatabase {
  readonly inTransaction: boolean
}

/** A dialect over one connection, by which `heldConnection` finds it again. */
export class HeldDialect extends SqliteDialect {
  readonly #database: HeldDatabase

  constructor(database: HeldDatabase) {
    super({ database })
    this.#database = database
  }

  override createAdapter(): DialectAdapter {
    const adapter = super.createAdapter()
    connections.set(adapter, this.#database)
    return adapter
  }
}

/**
 * The connection that a transaction holds until it ends, so that nobody else's statements come in between: its own may
 * go to it straight. Through kysely each of them takes five promises, half of what most of ours take in all. Undefined
 * outside of a transaction, and where a store has many connections.
 */
export function heldConnection(db: Db): SqliteDatabase | undefined {
  if (!db.isTransaction) return undefined
  const held = connections.get(db.getExecutor().adapter)
  return held?.inTransaction ? held : undefined
}
