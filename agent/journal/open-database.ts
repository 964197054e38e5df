import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { VuonError } from '#contract/ground/errors.ts'
import { migrate } from './schema.ts'

export interface OpenedDatabase {
  readonly db: Database.Database
  /** Where a damaged journal was set aside, when there was one. */
  readonly setAside: string | null
}

/**
 * Opens the journal's file. One that SQLite cannot read is renamed with its WAL, never deleted, and a new one
 * begun: a box that refuses to start is a farm without eyes.
 */
export function openDatabase(path: string): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true })
  try {
    return { db: prepare(path), setAside: null }
  } catch (error) {
    if (!isDamage(error)) throw readable(error)
  }
  const setAside = freeName(path)
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
  }
  return { db: prepare(path), setAside }
}

function prepare(path: string): Database.Database {
  const db = new Database(path)
  try {
    // One commit of a few readings then writes about one 4 KiB flash block instead of two or three.
    db.pragma('page_size = 1024')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.pragma('busy_timeout = 5000')
    db.pragma('journal_size_limit = 4194304')
    db.pragma('cache_size = -8192')
    migrate(db)
    // The build's own default is NORMAL, and the pragma tells the truth only after a first write.
    db.prepare(`INSERT OR REPLACE INTO meta VALUES ('opened', '1')`).run()
    if (db.pragma('synchronous', { simple: true }) !== 2) db.pragma('synchronous = FULL')
    if (db.pragma('synchronous', { simple: true }) !== 2) {
      throw new VuonError('journal-damaged', 'SQLite does not take synchronous=FULL here.')
    }
    // Walks every page's links but not its cells: catches a torn file in bounded time.
    db.prepare('SELECT count(*) FROM mark').get()
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** What SQLite says of a file that is not, or is no longer, a database. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: string } | null)?.code ?? ''
  return (
    code.startsWith('SQLITE_CORRUPT') ||
    code === 'SQLITE_NOTADB' ||
    code.startsWith('SQLITE_IOERR_SHORT_READ')
  )
}

/** SQLite's errors as ours. */
export function readable(error: unknown): unknown {
  const code = (error as { code?: string } | null)?.code ?? ''
  if (!code.startsWith('SQLITE')) return error
  if (code === 'SQLITE_FULL') return new VuonError('disk-full', undefined, { cause: error })
  if (isDamage(error)) return new VuonError('journal-damaged', (error as Error).message, { cause: error })
  return new VuonError('journal-busy', `${code}: ${(error as Error).message}`, { cause: error })
}

function freeName(path: string): string {
  for (let number = 1; ; number++) {
    const name = `${path}.damaged-${number}`
    if (!existsSync(name)) return name
  }
}
