import type Database from 'better-sqlite3'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { encodeBlock } from './block-codec.ts'
import { type BootStamp, ROW } from './packed.ts'
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
