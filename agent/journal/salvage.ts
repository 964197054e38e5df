import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { decodeEntry } from '#contract/wire/entries-codec.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import { decodeBlock } from './block-codec.ts'
import { isWholeEntry } from './checksums.ts'
import { ROW } from './packed.ts'
import { hasRows, savedRows } from './rows-to-blocks.ts'
import { readSinceContact } from './since-contact.ts'
import { blocksOf, isWholeSlot, SLOTS } from './slots.ts'

/** What was found in a damaged journal, and what not. */
export interface Salvage {
  /** Where the damaged file is now. */
  readonly setAside: string
  readonly kept: { readonly readings: number; readonly entries: number }
  /** Runs that the province was not told and that can't be read any more, in seqs of the damaged epoch. */
  readonly lost: readonly LostRange[]
  /** True when the chain could not go on: marks, sealed batches or the epoch itself were hit. */
  readonly isNewEpoch: boolean
}

export interface LostRange {
  readonly lane: Lane
  readonly from: number
  readonly to: number
}

// One page holds about forty readings; a card that lost more than this many places at once is told in one line.
const MAX_LOST_RANGES = 200

/**
 * Copies what can be read of a damaged journal into a new file, row by row: a page that is gone costs the rows
 * on it and nothing else. Ids stay what they were. Where the marks and the sealed batches are whole, the epoch
 * goes on and the missing seqs are sealed as lost; else a new epoch begins with what was never sealed.
 */
export function salvage(path: string, openNew: () => Database.Database): Omit<Salvage, 'setAside'> {
  const db = openNew()
  try {
    const old = openOld(path)
    if (!old) return { kept: { readings: 0, entries: 0 }, lost: [], isNewEpoch: true }
    try {
      return db.transaction(() => copy(old, db)).immediate()
    } finally {
      old.close()
    }
  } finally {
    db.close()
  }
}

function openOld(path: string): Database.Database | undefined {
  try {
    const old = new Database(path, { readonly: true, fileMustExist: true })
    // With this SQLite also reads a file that is shorter than its header says; nothing is written all the same.
    old.unsafeMode(true)
    old.pragma('writable_schema = ON')
    old.prepare('SELECT count(*) FROM sqlite_schema').get()
    return old
  } catch {
    return undefined
  }
}

interface MarkRow {
  lane: Lane
  base_id: number
  last_id: number
  sealed_through: number
  durable_through: number
  last_hash: Uint8Array | null
}

function copy(old: Database.Database, db: Database.Database): Omit<Salvage, 'setAside'> {
  const meta = copyWhole(old, db, 'meta')
  copyWhole(old, db, 'counter')
  const series = copyWhole(old, db, 'series')
  const marks = readWhole<MarkRow>(old, 'mark')
  const sealed = copyWhole(old, db, 'sealed')

  // One that was damaged before the first start of a program that keeps blocks.
  const isOfRows = hasRows(old)
  const kept = { readings: 0, entries: 0 }
  const lost: LostRange[] = []
  const epoch = meta.rows.find((row) => row['name'] === 'epoch')?.['value']
  const isWhole =
    typeof epoch === 'string' &&
    marks.isWhole &&
    marks.rows.length === LANES.length &&
    sealed.isWhole &&
    series.isWhole
  const since = readSinceContact(meta.rows.find((row) => row['name'] === 'since_contact')?.['value'])
  copyWhole(old, db, 'dropped')
  const setMark = db.prepare('INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?, ?)')
  for (const lane of LANES) {
    const mark = marks.rows.find((row) => row.lane === lane)
    const isReading = lane === 'reading'
    const source = !isReading ? entryRows(old, lane) : isOfRows ? savedRows(old) : blockRows(old)
    const insert = isReading
      ? db.prepare('INSERT OR IGNORE INTO block VALUES (?, ?, ?, ?, ?, ?)')
      : db.prepare('INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?, ?)')
    const firstUnsealed = mark ? mark.base_id + mark.sealed_through + 1 : Number.POSITIVE_INFINITY
    let expected = firstUnsealed
    let lastId = 0
    const miss = (through: number) => {
      if (through < expected || !mark) return
      lost.push({ lane, from: expected - mark.base_id, to: through - mark.base_id })
    }
    // The mark of the readings is behind what the commits after it have written.
    const rows = readableRows(source, isReading ? null : (mark?.last_id ?? null))
    for (const { id, count, values } of isReading ? merged(rows, slotRows(old, leftBy(old, meta))) : rows) {
      if (id <= lastId || insert.run(...values).changes === 0) continue
      kept[isReading ? 'readings' : 'entries'] += count
      lastId = id + count - 1
      if (lastId < firstUnsealed) continue
      miss(id - 1)
      expected = lastId + 1
    }
    if (mark) miss(mark.last_id)
    lastId = Math.max(lastId, mark?.last_id ?? 0)
    // Entries may be younger than the mark when the log that held it is gone: their ids are taken.
    if (isWhole && mark) setMark.run(...Object.values({ ...mark, last_id: lastId }))
    else {
      const floor = mark
        ? Math.max(mark.base_id + mark.durable_through, since[lane] ?? firstUnsealed - 1)
        : lastId
      if (mark && floor > mark.base_id + mark.durable_through)
        lost.push({ lane, from: mark.durable_through + 1, to: floor - mark.base_id })
      setMark.run(lane, floor, lastId, 0, 0, null)
    }
  }
  // A page that reads well may be older than the series: the log that held its successor is gone.
  restoreSeriesCounter(db)
  if (!isWhole) {
    db.exec('DELETE FROM sealed')
    db.prepare(`INSERT OR REPLACE INTO meta VALUES ('epoch', ?)`).run(newEpochId())
    db.prepare(`DELETE FROM meta WHERE name = 'since_contact'`).run()
  }
  const told = lost.slice(0, MAX_LOST_RANGES)
  db.prepare(`INSERT OR REPLACE INTO meta VALUES ('untold', ?)`).run(
    JSON.stringify({ lost: told, isNewEpoch: !isWhole }),
  )
  return { kept, lost: told, isNewEpoch: !isWhole }
}

export const newEpochId = (): string => randomBytes(8).toString('hex')

type Row = Record<string, unknown>

/** Small tables are read in one go, as far as it goes. */
function readWhole<T = Row>(old: Database.Database, table: string): { rows: T[]; isWhole: boolean } {
  const rows: T[] = []
  try {
    for (const row of old.prepare(`SELECT * FROM ${table}`).iterate()) rows.push(row as T)
    return { rows, isWhole: true }
  } catch {
    return { rows, isWhole: false }
  }
}

function copyWhole(
  old: Database.Database,
  db: Database.Database,
  table: string,
): { rows: Row[]; isWhole: boolean } {
  const read = readWhole(old, table)
  for (const row of read.rows) {
    const columns = Object.keys(row)
    try {
      db.prepare(
        `INSERT OR REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      ).run(...Object.values(row))
    } catch {
      // A cell that the table's own types refuse is no value any more.
      read.isWhole = false
    }
  }
  return read
}

export interface SavedRow {
  readonly id: number
  /** How many ids it holds, from its own on. */
  readonly count: number
  readonly values: readonly unknown[]
  readonly isValid: boolean
}

/** Rows from an id on. Throws where a page on the way can't be read, or holds what no page of ours does. */
export type RowSource = (id: number, limit: number) => SavedRow[]

function blockRows(old: Database.Database): RowSource {
  const select = lazily(
    old,
    'SELECT from_id, count, series_no, from_t, to_t, body FROM block WHERE from_id >= ? ORDER BY from_id LIMIT ?',
  )
  return (from, limit) =>
    select(from, limit).map((values) => {
      const count = countOf(values[5])
      return { id: idFrom(values[0], from), count, values, isValid: count > 0 && count === values[1] }
    })
}

/**
 * Up to here the ring shows what stands in rows of its own, where the same ids may belong to others of it: taken from
 * both, one reading would be there twice and another not at all.
 */
function leftBy(
  old: Database.Database,
  meta: { readonly rows: readonly Row[]; readonly isWhole: boolean },
): number {
  const left = meta.rows.find((row) => row['name'] === 'left_through')?.['value']
  if (left !== undefined || meta.isWhole) return Number(left ?? 0)
  try {
    const last = old.prepare('SELECT from_id + count - 1 FROM block ORDER BY from_id DESC LIMIT 1').pluck()
    return Number(last.get() ?? 0)
  } catch {
    return 0
  }
}

/** What still lies in the ring alone, oldest first; a slot that can't be read costs its block. */
function slotRows(old: Database.Database, left: number): SavedRow[] {
  const rows: { no: number; bytes: Uint8Array }[] = []
  for (let no = 1; no <= SLOTS; no++) {
    try {
      const bytes = old.prepare<[number], Uint8Array>('SELECT bytes FROM slot WHERE no = ?').pluck().get(no)
      if (bytes && isWholeSlot(new Uint8Array(bytes))) rows.push({ no, bytes: new Uint8Array(bytes) })
    } catch {
      // The page of this one is gone.
    }
  }
  return blocksOf(rows).flatMap(({ fromId, count, body }) =>
    fromId > left && countOf(body) === count
      ? [{ id: fromId, count, values: [fromId, count, null, null, null, body], isValid: true }]
      : [],
  )
}

/** By their ids, the first of two that hold the same. */
function* merged(rows: Iterable<SavedRow>, others: readonly SavedRow[]): Generator<SavedRow> {
  let next = 0
  for (const row of rows) {
    for (let other = others[next]; other && other.id < row.id; other = others[++next]) yield other
    yield row
  }
  yield* others.slice(next)
}

/** 0 for what is no block. */
function countOf(body: unknown): number {
  try {
    return body instanceof Uint8Array ? decodeBlock(new Uint8Array(body)).readings.length / ROW : 0
  } catch {
    return 0
  }
}

function entryRows(old: Database.Database, lane: Lane): RowSource {
  const select = lazily(
    old,
    `SELECT lane, id, kind, t, body, ${hasRows(old) ? 'NULL' : 'crc'} FROM entry WHERE lane = ? AND id >= ? ORDER BY id LIMIT ?`,
  )
  return (from, limit) =>
    select(lane, from, limit).map((values) => ({
      id: idFrom(values[1], from),
      count: 1,
      values,
      isValid: Number.isSafeInteger(values[3]) && isEntry(values[4], values[5]),
    }))
}

function idFrom(id: unknown, from: number): number {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= from) return id
  throw new RangeError('not an id')
}

function isEntry(body: unknown, crc: unknown): boolean {
  try {
    if (!(body instanceof Uint8Array) || !isWholeEntry(body, typeof crc === 'number' ? crc : null))
      return false
    return typeof decodeEntry(new Uint8Array(body)).kind === 'string'
  } catch {
    return false
  }
}

/** Prepared at each call: the schema may be where the damage is, and then every id reads as damaged. */
function lazily(old: Database.Database, sql: string): (...values: unknown[]) => unknown[][] {
  let prepared: Database.Statement | undefined
  return (...values) => {
    prepared ??= old.prepare(sql).raw()
    return prepared.all(...values) as unknown[][]
  }
}

const PAGE = 500
// Ids are counted from 1 as readings come; a farm's whole life stays below this.
const LAST_ID = 2 ** 40

/** Every row that can be read, in order. Damage is stepped over in doubling strides, then closed in on from behind. */
function* readableRows(source: RowSource, lastId: number | null): Generator<SavedRow> {
  const through = lastId ?? LAST_ID
  const read = (id: number, limit: number) => {
    try {
      return source(id, limit)
    } catch {
      return undefined
    }
  }
  let next = 0
  let limit = PAGE
  while (next <= through) {
    const rows = read(next, limit)
    if (rows?.length === 0) return
    if (rows) {
      for (const row of rows) if (row.isValid) yield row
      const last = rows.at(-1) as SavedRow
      next = last.id + Math.max(1, last.count)
      limit = PAGE
      continue
    }
    if (limit > 1) {
      limit = Math.floor(limit / 8) || 1
      continue
    }
    let bad = next
    let good = next
    for (let stride = 1; good <= through && !read(good, 1); stride *= 2) {
      bad = good
      good += stride
    }
    while (good - bad > 1) {
      const middle = Math.floor((bad + good) / 2)
      if (read(middle, 1)) good = middle
      else bad = middle
    }
    next = good
  }
}

/** A number that readings were kept under must not be given to another series. */
function restoreSeriesCounter(db: Database.Database): void {
  let highest = 0
  for (const body of db.prepare<[], Uint8Array>('SELECT body FROM block').pluck().iterate()) {
    const { readings } = decodeBlock(new Uint8Array(body))
    for (let at = 1; at < readings.length; at += ROW) highest = Math.max(highest, readings[at] as number)
  }
  db.prepare(
    `INSERT INTO counter SELECT 'series', max(?, (SELECT coalesce(max(no), 0) FROM series),
       (SELECT coalesce(max(value), 0) FROM counter WHERE name = 'series'))
     WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ).run(highest)
}
