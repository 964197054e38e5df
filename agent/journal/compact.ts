import { encodeBlock } from './block-codec.ts'
import {
  appendSeriesBlock,
  type Block,
  type BlockHead,
  blocksWithin,
  bordersOf,
  compactedThrough,
  insertMixed,
  readingsOf,
  stepOf,
  throughOf,
} from './blocks.ts'
import type { JournalFile } from './journal-file.ts'
import { type BootStamp, type PackedBlock, ROW } from './packed.ts'
import { leftThrough } from './slots.ts'

/**
 * What commits have written is put in order: the readings of a series into one block.
 *
 *   a commit a second    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒     every block has a little of every series
 *   after an hour        ███ ███ ███ ███      one block a series
 *   after a day          ████████████         where those are small, one a series again
 *
 * Then like stands beside like (a tenth of the bytes of a row each), and a chart reads one series alone. Inside the
 * stretch that is put in order the readings change places, and with them ids: nobody outside has seen those, as long
 * as no mark of the lane stands in the middle.
 */

// 20,000 took 20 to 40 ms on one core of a server, and were not measured on a Pi: so long has one commit to wait, once in
// a quarter of an hour of twenty series at 1 Hz.
const MOST_AT_ONCE = 20_000
const HOUR_MS = 3_600_000
// 20 series at one a minute: 28,800 a day; slower ones wait for company no longer than that.
const DAY_MS = 86_400_000
const HEADS_AT_ONCE = 5000
// A block of so many pays 0.2 bytes a reading for its head and its place in the index.
const LARGE_ENOUGH = 400

/** One step of it, at most 20,000 readings and one commit; false when there is nothing to do before more is written. */
export const compact = (file: JournalFile, nowT: number): boolean =>
  file.transaction(() => gather(file, nowT) || merge(file, nowT))

/** Part of the commit that makes them many enough: a transaction of its own would cost another block of the card. */
export function gatherWhenMany(file: JournalFile): void {
  const waiting = file.mark('reading').lastId - compactedThrough(file)
  if (waiting >= MOST_AT_ONCE) gather(file, null)
}

/** Commits of an hour, or as many as are worth it. The newest stays: it tells the next start what time it was. */
function gather(file: JournalFile, nowT: number | null, which?: 'with the newest'): boolean {
  const { lastId } = file.mark('reading')
  const stretch = stretchFrom(file, compactedThrough(file) + 1, which ? lastId + 1 : lastId)
  if (!stretch) return false
  const { fromId, toId } = stretch
  if (!which && !isDue(stretch, () => firstTimeOf(file, fromId), nowT, HOUR_MS)) return false
  putInOrder(file, fromId, toId)
  file.keepLastId()
  file.setMeta('compacted_through', String(toId))
  return true
}

function firstTimeOf(file: JournalFile, fromId: number): number {
  const [first] = blocksWithin(file, fromId, fromId) as [Block]
  return readingsOf(file, first).readings[(fromId - first.fromId) * ROW + 2] as number
}

/** Small blocks of one series each, a day of them, once more. */
function merge(file: JournalFile, nowT: number): boolean {
  const after = Number(file.meta('merged_through') ?? 0)
  const stretch = stretchFrom(file, after + 1, compactedThrough(file) + 1)
  if (!stretch || !isDue(stretch, () => stretch.firstT ?? nowT, nowT, DAY_MS)) return false
  const { fromId, toId, blocks } = stretch
  const isSmall = blocks > 1 && (toId - fromId + 1) / blocks < LARGE_ENOUGH
  if (isSmall) putInOrder(file, fromId, toId)
  file.setMeta('merged_through', String(toId))
  return true
}

interface Stretch {
  readonly fromId: number
  readonly toId: number
  readonly blocks: number
  readonly firstT: number | null
  /** True when it ends where more could not be added. */
  readonly isFull: boolean
}

// A clock that was set back must not put it off for years.
const isDue = (stretch: Stretch, firstT: () => number, nowT: number | null, afterMs: number): boolean =>
  stretch.isFull || (nowT !== null && Math.abs(nowT - firstT()) >= afterMs)

/** Neighbours before `endId` without a hole or a mark between them, as many as are put in order at once. */
function stretchFrom(file: JournalFile, afterId: number, endId: number): Stretch | null {
  const rows = file.all<Head>(
    `SELECT from_id AS fromId, count, from_t AS fromT, NULL AS seriesNo FROM block
     WHERE from_id >= ? AND from_id + count <= ? ORDER BY from_id LIMIT ?`,
    ...[afterId, endId, HEADS_AT_ONCE],
  )
  const inSlots = file.slots.blocks().filter((block) => block.fromId >= afterId && throughOf(block) < endId)
  const heads = [...rows, ...inSlots.map((block) => ({ ...block, fromT: null }))].sort(
    (a, b) => a.fromId - b.fromId,
  )
  const first = heads[0]
  if (!first) return null
  const border = bordersOf(file).find((id) => id >= first.fromId) ?? Number.POSITIVE_INFINITY
  let toId = first.fromId - 1
  let blocks = 0
  // A mark moves on and the stretch grows with it; a hole stays where it is.
  let isFull = rows.length === HEADS_AT_ONCE
  for (const head of heads) {
    const isTooMany = blocks > 0 && throughOf(head) - first.fromId >= MOST_AT_ONCE
    const isHole = head.fromId !== toId + 1
    if (isTooMany || isHole) isFull = true
    if (isTooMany || isHole || head.fromId > border) break
    toId = throughOf(head)
    blocks++
  }
  return { fromId: first.fromId, toId: Math.min(toId, border), blocks, firstT: first.fromT, isFull }
}

interface Head extends BlockHead {
  readonly fromT: number | null
}

/** Rewrites what stands there, and leaves what a mark cut off from the last block as a block of its own. */
function putInOrder(file: JournalFile, fromId: number, toId: number): void {
  const columns = new Map<string, Column>()
  let rest: PackedBlock | undefined
  for (const block of blocksWithin(file, fromId, toId)) {
    const { stamps, readings } = readingsOf(file, block)
    const end = Math.min(block.count, toId - block.fromId + 1) * ROW
    // A block gives the readings of a series one after another.
    for (let from = 0, to = ROW; from < end; from = to, to += ROW) {
      const stampNo = readings[from] as number
      const seriesNo = readings[from + 1] as number
      while (to < end && readings[to] === stampNo && readings[to + 1] === seriesNo) to += ROW
      const stamp = stamps[stampNo] as BootStamp
      const key = `${seriesNo} ${stamp.boot} ${stamp.clock}`
      const column = columns.get(key) ?? { seriesNo, stamp, rows: [], length: 0 }
      column.rows.push(readings.subarray(from, to))
      column.length += to - from
      columns.set(key, column)
    }
    if (end < readings.length) rest = { stamps, readings: readings.subarray(end) }
  }
  file.run('DELETE FROM block WHERE from_id BETWEEN ? AND ?', fromId, toId)
  let nextId = fromId
  for (const column of [...columns.values()].sort((a, b) => a.seriesNo - b.seriesNo)) {
    appendSeriesBlock(file, nextId, { stamps: [column.stamp], readings: oneAfterAnother(column) })
    nextId += column.length / ROW
  }
  if (rest) {
    const body = encodeBlock(rest, (no) => stepOf(file, no))
    insertMixed(file, nextId, rest.readings.length / ROW, body)
    nextId += rest.readings.length / ROW
  }
  if (leftThrough(file) < nextId - 1) file.setMeta('left_through', String(nextId - 1))
  file.slots.leave(nextId - 1)
}

// A burst commits what came while the card was busy. Half of what is put in order at once, or blocks would be smaller than
// those of the common way: 200 series come to 7.0 bytes a reading instead of 6.8; 50 series of 4,700 to 11.5 instead of 4.1.
const LARGE_COMMIT = MOST_AT_ONCE / 2
const LARGE_COLUMN = 32

/**
 * Writes the commit of a burst in order from the first; false when it is none. As a block of everything it would be read
 * and written once more within the second, which was half of the work of a burst.
 */
export function appendInOrder(file: JournalFile, { stamps, readings }: PackedBlock): boolean {
  if (readings.length < LARGE_COMMIT * ROW) return false
  const columns = new Map<number, Ordered>()
  const columnAt = (at: number) =>
    columns.get((readings[at] as number) * STAMP_STEP + (readings[at + 1] as number))
  let newest: Ordered | undefined
  for (let at = 0; at < readings.length; at += ROW) {
    newest = columnAt(at)
    if (!newest) {
      const [stampNo, seriesNo] = [readings[at] as number, readings[at + 1] as number]
      newest = { seriesNo, stampNo, step: 1, length: 0, rows: NO_ROWS }
      columns.set(stampNo * STAMP_STEP + seriesNo, newest)
    }
    newest.length += ROW
  }
  if (readings.length / ROW / columns.size < LARGE_COLUMN) return false
  // What is put in order has no end but the last: whatever still waits for it goes first.
  while (gather(file, null, 'with the newest'));
  // The series of the newest reading at the end: the last block tells the next start what time it was.
  const ordered = [...columns.values()].sort(
    (a, b) => Number(a === newest) - Number(b === newest) || a.seriesNo - b.seriesNo || a.stampNo - b.stampNo,
  )
  for (const column of ordered) {
    column.rows = new Float64Array(column.length)
    column.length = 0
    column.step = stepOf(file, column.seriesNo)
  }
  for (let at = 0; at < readings.length; at += ROW) {
    const column = columnAt(at) as Ordered
    // One boot is all there is in each: the first of the six stays 0.
    for (let of = 1; of < ROW; of++) column.rows[column.length + of] = readings[at + of] as number
    // As the block will give it back: what stands beside the block is what a chart asks by.
    const t = Math.floor((readings[at + 2] as number) / column.step) * column.step
    column.rows[column.length + 2] = t
    column.length += ROW
  }
  let nextId = file.mark('reading').lastId + 1
  for (const { stampNo, rows } of ordered) {
    appendSeriesBlock(file, nextId, { stamps: [stamps[stampNo] as BootStamp], readings: rows })
    nextId += rows.length / ROW
  }
  file.keepLastId()
  file.setMeta('compacted_through', String(nextId - 1))
  return true
}

/** A series of a boot while its rows are counted, and then while they are put down. */
interface Ordered {
  readonly seriesNo: number
  readonly stampNo: number
  step: number
  /** In numbers, so far. */
  length: number
  rows: Float64Array
}

const NO_ROWS = new Float64Array(0)
// Above any number of a series.
const STAMP_STEP = 2 ** 32

interface Column {
  readonly seriesNo: number
  readonly stamp: BootStamp
  readonly rows: Float64Array[]
  /** Of all of them, in numbers. */
  length: number
}

function oneAfterAnother({ rows, length }: Column): Float64Array {
  const all = new Float64Array(length)
  let at = 0
  for (const some of rows) {
    all.set(some, at)
    at += some.length
  }
  // One boot is all there is.
  for (at = 0; at < length; at += ROW) all[at] = 0
  return all
}
