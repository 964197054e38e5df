import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Random } from '#contract/ground/random.ts'
import { blocksOf } from '../../agent/journal/slots.ts'

/**
 * The machine that lost power, from two looks at one SQLite database: before a call that writes, when all that was
 * acknowledged had been synced, and after it. What differs between the two was on its way to the card.
 *
 *   before.wal  ████████████            all of it synced: it was acknowledged
 *   after.wal   ████████████▒▒▒▒▒▒▒▒▒   ▒ may be there, cut at any byte, in part, or with bits turned over
 *
 * What it can't show: a card that says "synced" and has not; blocks that decay later; folders and renames that are
 * lost (the files keep their names here); two programs at one file; and a cut inside a call that itself empties the
 * log, of which only the states before and after are taken. The bench that drops un-synced writes under the real
 * processes shows some of those.
 */
export interface DatabaseFiles {
  /** Null when the file is not there yet. */
  readonly db: Buffer | null
  readonly wal: Buffer
  /** Of the file itself: a mended journal is another file under the same name. */
  readonly inode: number
}

export type Cut = 'nothing written' | 'cut in the log' | 'torn checkpoint' | 'all written, nobody told'

export function readFiles(path: string): DatabaseFiles {
  return {
    db: readOrNull(path),
    wal: readOrNull(`${path}-wal`) ?? Buffer.alloc(0),
    inode: statSync(path, { throwIfNoEntry: false })?.ino ?? 0,
  }
}

export function writeFiles(path: string, { db, wal }: Pick<DatabaseFiles, 'db' | 'wal'>): void {
  if (db) writeFileSync(path, db)
  if (wal.length > 0) writeFileSync(`${path}-wal`, wal)
}

/**
 * What the card holds after the power went somewhere between the two looks. `isOneCommit`: one transaction or one
 * checkpoint lies between them, so that more is known of the order in which it was written.
 */
export function cutPower(
  before: DatabaseFiles,
  after: DatabaseFiles,
  random: Random,
  { isOneCommit = false } = {},
): { files: DatabaseFiles; cut: Cut } {
  // A file that was put in another's place: before the rename or after it.
  const isSameFile = before.inode === after.inode
  const isAppended = isSameFile && before.wal.equals(after.wal.subarray(0, before.wal.length))
  const isFileChanged = !(before.db && after.db && before.db.equals(after.db))
  if (!isFileChanged && before.wal.equals(after.wal)) return { files: after, cut: 'nothing written' }
  if (isFileChanged && isAppended && before.db && after.db && random() < 0.5) {
    // The log is synced before it is copied into the file, and begun anew only after the file is synced.
    return { files: { ...after, db: torn(before.db, after.db, random) }, cut: 'torn checkpoint' }
  }
  if (isOneCommit && isSameFile && isFileChanged && before.db && after.db && !isAppended) {
    // A checkpoint that cuts the log does so when the whole of it stands in the file and that is synced.
    if (after.wal.length === 0)
      return random() < 0.3
        ? { files: after, cut: 'all written, nobody told' }
        : { files: { ...before, db: torn(before.db, after.db, random) }, cut: 'torn checkpoint' }
    // The log was begun anew, for all of it stood in the file; then it was copied once more.
    if (random() < 0.5)
      return { files: { ...after, db: torn(before.db, after.db, random) }, cut: 'torn checkpoint' }
    return cutInLog(before, after, random)
  }
  if (isFileChanged && !(isAppended && before.db))
    return random() < 0.5
      ? { files: before, cut: 'nothing written' }
      : { files: after, cut: 'all written, nobody told' }
  return cutInLog(before, after, random)
}

function cutInLog(
  before: DatabaseFiles,
  after: DatabaseFiles,
  random: Random,
): { files: DatabaseFiles; cut: Cut } {
  const first = firstDifference(before.wal, after.wal)
  const choice = random()
  if (choice < 0.15) return { files: { ...before, wal: after.wal }, cut: 'all written, nobody told' }
  const end = first + Math.floor(random() * (after.wal.length - first + 1))
  const wal = Buffer.concat([after.wal.subarray(0, end), before.wal.subarray(end)])
  if (choice < 0.5) loseSectors(wal, before.wal, first, end, random)
  if (choice > 0.35 && choice < 0.75) turnBits(wal, first, end, random)
  return { files: { ...before, wal }, cut: 'cut in the log' }
}

/** Copies the rest of a data folder as it is; the database at `path` in it is written from `files`. */
export function cloneFolder(from: string, to: string, path: string, files: DatabaseFiles): void {
  cpSync(from, to, {
    recursive: true,
    filter: (each) => !each.startsWith(join(from, path)),
  })
  writeFiles(join(to, path), files)
}

/**
 * Readings in the synced part of the file that the card does not hold any more: a page has become noise, or bits of it
 * are turned over. The journal's marks are not hit: where ids begin anew nobody outside can say which line is which, and
 * `test/agent/journal/damage.test.ts` looks at that. Nor is the page of the very last commit. With `hasSums` false it is
 * always noise: turned bits of a journal that knew no checksums yet are readings to everybody.
 */
export function rotPage(path: string, random: Random, { hasSums = true } = {}): boolean {
  if (!existsSync(path)) return false
  const db = new Database(path)
  let pages: number[]
  let size: number
  try {
    db.pragma('wal_checkpoint(TRUNCATE)')
    size = db.pragma('page_size', { simple: true }) as number
    const isLeaf = `pagetype IN ('leaf', 'overflow')`
    pages = db
      .prepare(`SELECT pageno FROM dbstat WHERE name IN ('block', 'reading') AND ${isLeaf}`)
      .pluck()
      .all() as number[]
    pages.push(...slotPages(db))
  } catch {
    // An earlier page is gone already, and the power went before that was mended: enough for one card.
    return false
  } finally {
    db.close()
  }
  const page = pages[Math.floor(random() * pages.length)]
  if (page === undefined || page === 1) return false
  const file = openSync(path, 'r+')
  const bytes = Buffer.alloc(size)
  if (!hasSums || random() < 0.5) for (let at = 0; at < size; at++) bytes[at] = 1 + Math.floor(random() * 255)
  else {
    readSync(file, bytes, 0, size, size * (page - 1))
    turnBits(bytes, 0, size, random)
  }
  writeSync(file, bytes, 0, size, size * (page - 1))
  closeSync(file)
  return true
}

/** Those of the ring that hold readings, without the last commit's. A row fills a page, so they lie in the rows' order. */
function slotPages(db: Database.Database): number[] {
  const has = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'slot'`).get()
  if (!has) return []
  const pages = db
    .prepare(`SELECT pageno FROM dbstat WHERE name = 'slot' AND pagetype = 'leaf' ORDER BY path`)
    .pluck()
    .all() as number[]
  const rows = db.prepare('SELECT no, bytes FROM slot ORDER BY no').all() as {
    no: number
    bytes: Uint8Array
  }[]
  const blocks = blocksOf(rows.map(({ no, bytes }) => ({ no, bytes: new Uint8Array(bytes) })))
  return blocks.slice(0, -1).flatMap(({ slots }) => slots.flatMap((no) => pages[no - 1] ?? []))
}

export const copyDatabase = (from: string, to: string): void => {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix)
}

const readOrNull = (path: string): Buffer | null => (existsSync(path) ? readFileSync(path) : null)

function firstDifference(one: Buffer, other: Buffer): number {
  const shared = Math.min(one.length, other.length)
  // By blocks first: the log is megabytes, and the difference nearly always at its end.
  let at = 0
  while (at + 4096 <= shared && one.compare(other, at, at + 4096, at, at + 4096) === 0) at += 4096
  while (at < shared && one[at] === other[at]) at++
  return at
}

/** A card writes sectors in an order of its own: some before the cut are not there either. */
function loseSectors(wal: Buffer, before: Buffer, first: number, end: number, random: Random): void {
  for (let at = Math.ceil(first / 512) * 512; at + 512 <= end; at += 512) {
    if (random() < 0.6) continue
    wal.fill(0, at, at + 512)
    if (at < before.length) before.copy(wal, at, at, Math.min(at + 512, before.length))
  }
}

function turnBits(wal: Buffer, first: number, end: number, random: Random): void {
  if (end <= first) return
  for (let count = 1 + Math.floor(random() * 8); count > 0; count--) {
    const at = first + Math.floor(random() * (end - first))
    wal[at] = wal[at]! ^ (1 << Math.floor(random() * 8))
  }
}

function torn(before: Buffer, after: Buffer, random: Random): Buffer {
  const file = Buffer.from(after)
  for (let at = 0; at < file.length; at += 512) {
    if (random() < 0.5) continue
    file.fill(0, at, Math.min(at + 512, file.length))
    if (at < before.length) before.copy(file, at, at, Math.min(at + 512, before.length))
  }
  return file
}
