import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, type SqliteStatement, sql, type Transaction } from 'kysely'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { type HeldDatabase, HeldDialect } from './held-connection.ts'
import { withRetry } from './retry.ts'

/**
 * A connection pool, whatever engine is behind it. Rooms write SQL in the subset that both engines take, but for what is
 * packed as JSON (`projections/packed-rows.ts` and its readers in `insight/`), which each spells in its own way.
 */
export type Db = Kysely<object>
export type Tx = Transaction<object>

/** Names of column types where the engines differ; migrations are written with these. */
export interface ColumnTypes {
  readonly integer: string
  readonly real: string
  readonly blob: string
  /** What stands behind a table's closing bracket. */
  readonly tableOptions: string
  /** The same for small rows that are found by their key alone: SQLite then keeps them once instead of twice. */
  readonly keyedOptions: string
}

export interface Store {
  readonly db: Db
  readonly types: ColumnTypes
  /**
   * Runs what deletes or replaces something personal, so that its bytes are gone from the file as well, not only its
   * rows. Where another program reads at that moment, the last of them go when its log is folded back.
   */
  erasing<Result>(work: () => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

const SQLITE_TYPES: ColumnTypes = {
  integer: 'INTEGER',
  real: 'REAL',
  blob: 'BLOB',
  tableOptions: ' STRICT',
  keyedOptions: ' STRICT, WITHOUT ROWID',
}

/** SQLite in one file: the default, good for a province of a few hundred farms on one machine. */
export async function openSqliteStore(path: string): Promise<Store> {
  mkdirSync(dirname(path), { recursive: true })
  const database = new Database(path)
  // A start may wait for another program (a rebuild, a command) that is at work on the same file.
  database.pragma('busy_timeout = 10000')
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('cache_size = -65536')
  // 32 MiB of log before it is folded back: the same pages are written by batch after batch, and once then.
  database.pragma('wal_autocheckpoint = 8192')
  database.exec('CREATE TABLE IF NOT EXISTS store_migration (name TEXT PRIMARY KEY) STRICT')
  // better-sqlite3 is built with NORMAL for WAL, and the pragma tells the truth only after a first write.
  database.prepare(`INSERT OR IGNORE INTO store_migration VALUES ('0-opened')`).run()
  if (database.pragma('synchronous', { simple: true }) !== 2) database.pragma('synchronous = FULL')
  if (database.pragma('synchronous', { simple: true }) !== 2)
    throw new Error('SQLite does not take synchronous=FULL')
  // From here on SQLite's own wait would stop the whole program; withRetry waits without stopping it.
  database.pragma('busy_timeout = 50')
  const db = new Kysely<object>({ dialect: new HeldDialect(rememberStatements(database)) })
  const erasing = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    database.pragma('secure_delete = ON')
    try {
      return await work()
    } finally {
      database.pragma('secure_delete = OFF')
      // The log still holds the page as it was before.
      database.pragma('wal_checkpoint(TRUNCATE)')
    }
  }
  return { db, types: SQLITE_TYPES, erasing, close: () => db.destroy() }
}

// The rooms have some hundred statements; the rest are lists of varying length, which push each other out.
const MAX_STATEMENTS = 400

/** Kysely prepares a statement for every query; preparing costs more than most of our inserts. */
function rememberStatements(database: Database.Database): HeldDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    get inTransaction() {
      return database.inTransaction
    },
    prepare(text: string) {
      const known = statements.get(text)
      if (known) return known
      const statement = runsRows(database.prepare(keepsItsPlan(text)))
      const oldest = statements.keys().next().value
      if (statements.size >= MAX_STATEMENTS && oldest !== undefined) statements.delete(oldest)
      statements.set(text, statement)
      return statement
    },
  }
}

/**
 * SQLite (built with STAT4) plans a statement anew whenever a value is bound that a column is held against, for another
 * value may want another index. Ours never do, there being no statistics, and planning takes ten times as long as most
 * of them. A plus before a value changes nothing about it but that it is not looked at by the planner.
 */
const keepsItsPlan = (text: string): string => text.replace(/(?<=[=<>]\s?)\?/g, '+?')

/** A list of lists is many rows: the statement runs once for each of them (see `rowStatement`). */
function runsRows(statement: Database.Statement): SqliteStatement {
  return {
    reader: statement.reader,
    all: (values) => statement.all(values),
    iterate: (values) => statement.iterate(values),
    run(values) {
      if (!Array.isArray(values[0])) return statement.run(values)
      let changes = 0
      for (const row of values) changes += statement.run(row).changes
      return { changes, lastInsertRowid: 0 }
    },
  }
}

// Both engines take more than 30,000 values in a statement; a row of ours has at most fourteen.
const ROWS_A_STATEMENT = 200

/** Many rows a statement, but not so many that an engine refuses it. */
export async function inParts<Row>(
  rows: readonly Row[],
  write: (part: readonly Row[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT)
    await write(rows.slice(at, at + ROWS_A_STATEMENT))
}

/** Throws unless the store takes a write at this moment. */
export async function probeWrite(db: Db): Promise<void> {
  await sql`INSERT INTO store_migration VALUES ('0-opened') ON CONFLICT (name) DO UPDATE SET name = excluded.name`.execute(
    db,
  )
}

/** One step of a room's schema: forward only, never edited after a release. */
export interface Migration {
  readonly name: string
  readonly statements: (types: ColumnTypes) => readonly string[]
}

// A start is in the machine's own time, also where a test moves the gateway's; programs that start together take turns.
const AT_START = { clock: systemClock, random: () => 0.5 }

/**
 * Runs what has not run yet, in order, all of it or nothing: one transaction, for a commit a step made up most of a
 * first start. Returns the names that ran here: of two programs that start at once, each step runs in one.
 */
export async function migrate({ db, types }: Store, migrations: readonly Migration[]): Promise<string[]> {
  const done = await sql<{ name: string }>`SELECT name FROM store_migration`.execute(db)
  const names = new Set(done.rows.map((row) => row.name))
  const pending = migrations.filter(({ name }) => !names.has(name))
  if (pending.length === 0) return []
  return withRetry(db, AT_START, async (tx) => {
    const ran: string[] = []
    for (const { name, statements } of pending) {
      // Written first: it takes the lock, and who comes second finds the name there.
      const { numAffectedRows } =
        await sql`INSERT INTO store_migration VALUES (${name}) ON CONFLICT (name) DO NOTHING`.execute(tx)
      if (numAffectedRows !== 1n) continue
      for (const statement of statements(types)) await sql.raw(statement).execute(tx)
      ran.push(name)
    }
    return ran
  })
}
