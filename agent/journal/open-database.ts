import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import Database from 'better-sqlite3'
import { VuonError } from '#contract/ground/errors.ts'
import { brokenRows } from './checksums.ts'
import { type Salvage, salvage } from './salvage.ts'
import { migrate } from './schema.ts'
import { Damage, isDamage, readable } from './sqlite-errors.ts'

export interface OpenedDatabase {
  readonly db: Database.Database
  /** What was done about damage, when there was some. */
  readonly salvage: Salvage | null
}

/**
 * Opens the journal's file. One that is damaged is set aside under another name with its WAL, and what can
 * still be read of it goes into a new one: a box that refuses to start is a farm without eyes.
 *
 *   journal.db ──damaged?──► read row by row ──► journal.db.salvage
 *        └── renamed to journal.db.damaged-1         └── renamed to journal.db (the power may go at any moment)
 */
export function openDatabase(path: string): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true })
  takeUpSalvage(path)
  try {
    return { db: prepare(path, { isChecked: true }), salvage: null }
  } catch (error) {
    if (!isDamage(error)) throw readable(error)
  }
  const saved = salvageOrNothing(path)
  const setAside = `${path}.damaged-${(remainsOf(path).at(-1) ?? 0) + 1}`
  for (const suffix of SUFFIXES) {
    if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
  }
  if (existsSync(`${path}.salvage`)) renameSync(`${path}.salvage`, path)
  rmSync(`${path}.suspect`, { force: true })
  forgetOldest(path)
  return { db: prepare(path, { isChecked: false }), salvage: { ...saved, setAside } }
}

/** For commands that look: throws `file-unreadable` when there is none, and SQLite's errors as ours. */
export function openForReading(path: string): OpenedDatabase {
  if (!existsSync(path)) throw new VuonError('file-unreadable', `There is no journal at ${path}.`)
  try {
    return { db: new Database(path, { readonly: true, fileMustExist: true }), salvage: null }
  } catch (error) {
    throw readable(error)
  }
}

/** With no room for a copy, or a file that can't be read at all, an empty journal is still better than none. */
function salvageOrNothing(path: string): Omit<Salvage, 'setAside'> {
  try {
    return salvage(path, () => prepare(`${path}.salvage`, { isChecked: false }))
  } catch {
    for (const suffix of SUFFIXES) rmSync(`${path}.salvage${suffix}`, { force: true })
    return { kept: { readings: 0, entries: 0 }, lost: [], isNewEpoch: true }
  }
}

function prepare(path: string, { isChecked }: { isChecked: boolean }): Database.Database {
  const db = new Database(path)
  try {
    // A frame of the log is 536 bytes then: one commit in eight touches a second 4 KiB block of the card.
    db.pragma('page_size = 512')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.pragma('busy_timeout = 5000')
    db.pragma('journal_size_limit = 4194304')
    // A megabyte of log, then it is written over: while a file grows, each fsync also writes what the file system knows
    // of it, three blocks more. What changes often is still copied into the file once in a thousand commits only.
    db.pragma('wal_autocheckpoint = 2000')
    db.pragma('cache_size = -2048')
    const mustCheck = isChecked && isWorthChecking(path)
    if (mustCheck) {
      const found = db.pragma('quick_check(1)', { simple: true })
      if (found !== 'ok') throw new Damage(String(found))
    }
    migrate(db)
    if (mustCheck) {
      const [broken] = brokenRows(db)
      if (broken) throw new Damage(broken)
    }
    // The build's own default is NORMAL, and the pragma tells the truth only after a first write.
    db.prepare(`INSERT OR REPLACE INTO meta VALUES ('opened', '1')`).run()
    if (db.pragma('synchronous', { simple: true }) !== 2) db.pragma('synchronous = FULL')
    if (db.pragma('synchronous', { simple: true }) !== 2) {
      throw new VuonError('journal-damaged', 'SQLite does not take synchronous=FULL here.')
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Notes beside the file that a page of it could not be read, so that the next opening looks at all of them. */
export function markSuspect(path: string): void {
  try {
    writeFileSync(`${path}.suspect`, '')
  } catch {
    // A card that takes no file any more has other news; the error that brought us here is reported.
  }
}

// A worn card reads 40 MB/s: six seconds at most at each start. Larger files are checked when something was met.
const CHECKED_BYTES = 256 * 1024 * 1024

const isWorthChecking = (path: string): boolean =>
  existsSync(`${path}.suspect`) || statSync(path).size <= CHECKED_BYTES

/** The power went between two renames, or before the first: the finished copy is taken, a half one is not. */
function takeUpSalvage(path: string): void {
  if (!existsSync(`${path}.salvage`)) return
  if (existsSync(path)) {
    for (const suffix of SUFFIXES) rmSync(`${path}.salvage${suffix}`, { force: true })
    return
  }
  // The log of the damaged file must not be read into the new one.
  const setAside = `${path}.damaged-${Math.max(1, ...remainsOf(path))}`
  for (const suffix of ['-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
  }
  renameSync(`${path}.salvage`, path)
}

const SUFFIXES = ['', '-wal', '-shm']

/** The numbers of what was set aside, oldest first. */
function remainsOf(path: string): number[] {
  const prefix = `${basename(path)}.damaged-`
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter(Number.isInteger)
    .sort((a, b) => a - b)
}

// A card that dies slowly damages the file again and again; its remains must not fill what is left of it.
const KEPT_REMAINS = 3

function forgetOldest(path: string): void {
  for (const number of remainsOf(path).slice(0, -KEPT_REMAINS)) {
    for (const suffix of SUFFIXES) rmSync(`${path}.damaged-${number}${suffix}`, { force: true })
  }
}
