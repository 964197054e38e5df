import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { decodeEntry } from '#contract/wire/entries-codec.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'

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
  const counters = copyWhole(old, db, 'counter')
  const series = copyWhole(old, db, 'series')
  copyWhole(old, db, 'stamp')
  const marks = readWhole<MarkRow>(old, 'mark')
  const sealed = copyWhole(old, db, 'sealed')

  const kept = { readings: 0, entries: 0 }
  const lost: LostRange[] = []
  const epoch = meta.rows.find((row) => row['name'] === 'epoch')?.['value']
  const isWhole =
    typeof epoch === 'string' &&
    marks.isWhole &&
    marks.rows.length === LANES.length &&
    sealed.isWhole &&
    series.isWhole
  const since = sinceContact(meta.rows)
  const setMark = db.prepare('INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?, ?)')
  for (const lane of LANES) {
    const mark = marks.rows.find((row) => row.lane === lane)
    const isReading = lane === 'reading'
    const source = isReading ? readingRows(old) : entryRows(old, lane)
    const insert = isReading
      ? db.prepare('INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)')
      : db.prepare('INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?)')
    const firstUnsealed = mark ? mark.base_id + mark.sealed_through + 1 : Number.POSITIVE_INFINITY
    let expected = firstUnsealed
    let lastId = 0
    const miss = (through: number) => {
      if (through < expected || !mark) return
      lost.push({ lane, from: expected - mark.base_id, to: through - mark.base_id })
    }
    for (const { id, values } of readableRows(source, mark?.last_id ?? null)) {
      if (insert.run(...values).changes === 0) continue
      kept[isReading ? 'readings' : 'entries']++
      lastId = id
      if (id < firstUnsealed) continue
      miss(id - 1)
      expected = id + 1
    }
    if (mark) miss(mark.last_id)
    lastId = Math.max(lastId, mark?.last_id ?? 0)
    if (isWhole && mark) setMark.run(...Object.values(mark))
    else {
      const floor = mark
        ? Math.max(mark.base_id + mark.durable_through, since[lane] ?? firstUnsealed - 1)
        : lastId
      if (mark && floor > mark.base_id + mark.durable_through)
        lost.push({ lane, from: mark.durable_through + 1, to: floor - mark.base_id })
      setMark.run(lane, floor, lastId, 0, 0, null)
    }
  }
  if (!counters.isWhole) restoreSeriesCounter(db)
  nameMissingStamps(db)
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

interface SavedRow {
  readonly id: number
  readonly values: readonly unknown[]
  readonly isValid: boolean
}

/** Rows from an id on. Throws where a page on the way can't be read, or holds what no page of ours does. */
type RowSource = (id: number, limit: number) => SavedRow[]

function readingRows(old: Database.Database): RowSource {
  const select = lazily(
    old,
    'SELECT id, stamp_no, series_no, t, scaled, quality, source_t FROM reading WHERE id >= ? ORDER BY id LIMIT ?',
  )
  return (from, limit) =>
    select(from, limit).map((values) => ({
      id: idFrom(values[0], from),
      values,
      isValid: values.slice(0, 6).every(Number.isSafeInteger),
    }))
}

function entryRows(old: Database.Database, lane: Lane): RowSource {
  const select = lazily(
    old,
    'SELECT lane, id, kind, t, body FROM entry WHERE lane = ? AND id >= ? ORDER BY id LIMIT ?',
  )
  return (from, limit) =>
    select(lane, from, limit).map((values) => ({
      id: idFrom(values[1], from),
      values,
      isValid: Number.isSafeInteger(values[3]) && isEntry(values[4]),
    }))
}

function idFrom(id: unknown, from: number): number {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= from) return id
  throw new RangeError('not an id')
}

function isEntry(body: unknown): boolean {
  try {
    return body instanceof Uint8Array && typeof decodeEntry(new Uint8Array(body)).kind === 'string'
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
      next = (rows.at(-1) as SavedRow).id + 1
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

function restoreSeriesCounter(db: Database.Database): void {
  db.prepare(
    `INSERT INTO counter SELECT 'series', max(
       (SELECT coalesce(max(no), 0) FROM series), (SELECT coalesce(max(series_no), 0) FROM reading),
       (SELECT coalesce(max(value), 0) FROM counter WHERE name = 'series'))
     WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ).run()
}

/** Readings whose boot can't be read any more get one that no boot has: random ones never begin with ten zeros. */
function nameMissingStamps(db: Database.Database): void {
  db.prepare(
    `INSERT OR IGNORE INTO stamp SELECT DISTINCT stamp_no, printf('0000000000%06x', stamp_no), 'unknown'
     FROM reading WHERE stamp_no NOT IN (SELECT no FROM stamp)`,
  ).run()
}

/** Ids of each lane at the first start since the province last answered: what is later, nobody else can have sent. */
export function sinceContact(meta: readonly Row[]): Partial<Record<Lane, number>> {
  const text = meta.find((row) => row['name'] === 'since_contact')?.['value']
  return typeof text === 'string' ? (JSON.parse(text) as Partial<Record<Lane, number>>) : {}
}
