import type Database from 'better-sqlite3'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { encodeBlock } from './block-codec.ts'
import { type BootStamp, ROW } from './packed.ts'
import type { RowSource, SavedRow } from './salvage.ts'
import { EMPTY_SLOT, SLOTS } from './slots.ts'

// A block of a few kilobytes; what is carried over is put in order later, like what commits write.
const ROWS_A_BLOCK = 2000

interface OldRow {
  readonly id: number
  readonly boot: string
  readonly clock: TimeQuality
  readonly seriesNo: number
  readonly t: number
  readonly scaled: number
  readonly quality: number
  readonly sourceT: number | null
}

/**
 * Carries a journal that kept a row a reading over into blocks. Ids stay whole: a block never goes on across a hole,
 * nor across where a lane's marks stand, for inside a block the order changes. The ring of slots is laid out empty.
 */
export function rowsToBlocks(db: Database.Database): void {
  const insertSlot = db.prepare('INSERT INTO slot VALUES (?, ?)')
  for (let no = 1; no <= SLOTS; no++) insertSlot.run(no, EMPTY_SLOT)
  const steps = new Map(db.prepare<[], [number, number]>('SELECT no, time_step_ms FROM series').raw().all())
  const borders = bordersOf(db)
  const select = db.prepare<[number, number], OldRow>(
    `SELECT r.id, s.boot, s.clock, r.series_no AS seriesNo, r.t, r.scaled, r.quality, r.source_t AS sourceT
     FROM reading r JOIN stamp s ON s.no = r.stamp_no WHERE r.id > ? ORDER BY r.id LIMIT ?`,
  )
  const insert = db.prepare('INSERT INTO block VALUES (?, ?, NULL, NULL, NULL, ?)')
  for (let after = 0; ; ) {
    const rows = select.all(after, ROWS_A_BLOCK)
    const first = rows[0]
    if (!first) return
    const border = borders.find((id) => id >= first.id) ?? Number.POSITIVE_INFINITY
    const end = rows.findIndex(({ id }, index) => id !== first.id + index || id > border)
    const whole = end < 0 ? rows : rows.slice(0, end)
    insert.run(
      first.id,
      whole.length,
      encodeBlock(packed(whole), (no) => steps.get(no) ?? 1),
    )
    after = (whole.at(-1) as OldRow).id
  }
}

/** Whether the journal is one that kept a row a reading, as far as its schema can be read. */
export const hasRows = (db: Database.Database): boolean =>
  asFarAsItGoes(db, `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'reading'`).length > 0

/**
 * The readings of a damaged one from an id on, as rows of the blocks that they become. One whose boot can't be read any
 * more, or whose numbers are none, is a row that is not valid. Throws where a page on the way is gone.
 */
export function savedRows(db: Database.Database): RowSource {
  const stamps = new Map(
    asFarAsItGoes<{ no: number } & BootStamp>(db, 'SELECT no, boot, clock FROM stamp').map((stamp) => [
      stamp.no,
      stamp,
    ]),
  )
  const steps = new Map(
    asFarAsItGoes<{ no: number; step: number }>(db, 'SELECT no, time_step_ms AS step FROM series').map(
      ({ no, step }) => [no, step],
    ),
  )
  const borders = new Set(bordersOrNone(db))
  let select: Database.Statement<[number, number], StampedRow> | undefined
  return (from, limit) => {
    // Here, where the search knows how to go on when the schema is where the damage is.
    select ??= db.prepare(
      `SELECT id, stamp_no AS stampNo, series_no AS seriesNo, t, scaled, quality, source_t AS sourceT
       FROM reading WHERE id >= ? ORDER BY id LIMIT ?`,
    )
    const saved: SavedRow[] = []
    let run: OldRow[] = []
    const end = () => {
      if (run[0]) saved.push(savedBlock(run[0].id, run, steps))
      run = []
    }
    let least = from
    for (const { stampNo, ...numbers } of select.all(from, limit)) {
      const { id } = numbers
      if (!Number.isSafeInteger(id) || id < least) throw new RangeError('not an id')
      least = id + 1
      const stamp = stamps.get(stampNo)
      const isNext = run.length === 0 || (run.at(-1)?.id === id - 1 && !borders.has(id - 1))
      if (!isNext || !stamp || !isReading(numbers)) end()
      if (stamp && isReading(numbers)) run.push({ ...numbers, boot: stamp.boot, clock: stamp.clock })
      else saved.push({ id, count: 1, values: [], isValid: false })
    }
    end()
    return saved
  }
}

type StampedRow = Omit<OldRow, 'boot' | 'clock'> & { readonly stampNo: number }

function savedBlock(id: number, run: readonly OldRow[], steps: ReadonlyMap<number, number>): SavedRow {
  const count = run.length
  try {
    const body = encodeBlock(packed(run), (no) => steps.get(no) ?? 1)
    return { id, count, values: [id, count, null, null, null, body], isValid: true }
  } catch {
    // A boot that is no boot, a time beyond all time: nobody wrote that.
    return { id, count, values: [], isValid: false }
  }
}

const isReading = ({ seriesNo, t, scaled, quality, sourceT }: Omit<StampedRow, 'stampNo'>): boolean =>
  [seriesNo, t, scaled, quality, sourceT ?? 0].every(Number.isSafeInteger) && seriesNo > 0

function asFarAsItGoes<Row>(db: Database.Database, sql: string): Row[] {
  const rows: Row[] = []
  try {
    for (const row of db.prepare<[], Row>(sql).iterate()) rows.push(row)
  } catch {
    // The rest is on pages that are gone.
  }
  return rows
}

/** Without a mark nothing that was sealed goes on, so that no block can stand across it. */
function bordersOrNone(db: Database.Database): number[] {
  try {
    return bordersOf(db)
  } catch {
    return []
  }
}

/** Ids after which another fate begins: what is durable, sealed, or written since the province last answered. */
function bordersOf(db: Database.Database): number[] {
  const mark = db
    .prepare<[], { base: number; sealed: number; durable: number }>(
      `SELECT base_id AS base, sealed_through AS sealed, durable_through AS durable FROM mark WHERE lane = 'reading'`,
    )
    .get()
  const since = db.prepare(`SELECT value FROM meta WHERE name = 'since_contact'`).pluck().get()
  const start = typeof since === 'string' ? (JSON.parse(since) as { reading?: number }).reading : undefined
  const { base = 0, sealed = 0, durable = 0 } = mark ?? {}
  return [base, base + durable, base + sealed, start ?? 0].sort((a, b) => a - b)
}

function packed(rows: readonly OldRow[]): { stamps: BootStamp[]; readings: Float64Array } {
  const stamps: BootStamp[] = []
  const readings = new Float64Array(rows.length * ROW)
  rows.forEach(({ boot, clock, seriesNo, t, scaled, quality, sourceT }, index) => {
    let stampNo = stamps.findIndex((stamp) => stamp.boot === boot && stamp.clock === clock)
    if (stampNo < 0) stampNo = stamps.push({ boot, clock }) - 1
    readings.set([stampNo, seriesNo, t, scaled, quality, sourceT ?? Number.NaN], index * ROW)
  })
  return { stamps, readings }
}
