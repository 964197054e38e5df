import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect, sql, type Transaction } from 'kysely'

/** A connection pool, whatever engine is behind it. Rooms write SQL in the subset that both engines take. */
export type Db = Kysely<object>
export type Tx = Transaction<object>

/** Names of column types where the engines differ; migrations are written with these. */
export interface ColumnTypes {
  readonly integer: string
  readonly real: string
  readonly blob: string
  /** What stands behind a table's closing bracket. */
  readonly tableOptions: string
}

export interface Store {
  readonly db: Db
  readonly types: ColumnTypes
  close(): Promise<void>
}

const SQLITE_TYPES: ColumnTypes = { integer: 'INTEGER', real: 'REAL', blob: 'BLOB', tableOptions: ' STRICT' }

/** SQLite in one file: the default, good for a province of a few hundred farms on one machine. */
export async function openSqliteStore(path: string): Promise<Store> {
  mkdirSync(dirname(path), { recursive: true })
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('busy_timeout = 10000')
  database.pragma('cache_size = -65536')
  database.exec('CREATE TABLE IF NOT EXISTS store_migration (name TEXT PRIMARY KEY) STRICT')
  // better-sqlite3 is built with NORMAL for WAL, and the pragma tells the truth only after a first write.
  database.prepare(`INSERT OR IGNORE INTO store_migration VALUES ('0-opened')`).run()
  if (database.pragma('synchronous', { simple: true }) !== 2) database.pragma('synchronous = FULL')
  if (database.pragma('synchronous', { simple: true }) !== 2)
    throw new Error('SQLite does not take synchronous=FULL')
  const db = new Kysely<object>({ dialect: new SqliteDialect({ database }) })
  return { db, types: SQLITE_TYPES, close: () => db.destroy() }
}

/** One step of a room's schema: forward only, never edited after a release. */
export interface Migration {
  readonly name: string
  readonly statements: (types: ColumnTypes) => readonly string[]
}

/** Runs what has not run yet, in order, each step in a transaction of its own. Returns the names that ran. */
export async function migrate({ db, types }: Store, migrations: readonly Migration[]): Promise<string[]> {
  const done = await sql<{ name: string }>`SELECT name FROM store_migration`.execute(db)
  const names = new Set(done.rows.map((row) => row.name))
  const ran: string[] = []
  for (const migration of migrations) {
    if (names.has(migration.name)) continue
    await db.transaction().execute(async (tx) => {
      for (const statement of migration.statements(types)) await sql.raw(statement).execute(tx)
      await sql`INSERT INTO store_migration VALUES (${migration.name})`.execute(tx)
    })
    ran.push(migration.name)
  }
  return ran
}
