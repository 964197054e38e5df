import { appendEntry, type Stamp } from './append.ts'
import { encodeBlock } from './block-codec.ts'
import { type Block, blocksWithin, leaveSlots, readingsOf, stepOf } from './blocks.ts'
import type { JournalFile } from './journal-file.ts'
import { ROW } from './packed.ts'
import { sinceContact } from './since-contact.ts'

/** What had to go for the file to fit, in readings. Only `thinned` and `dropped` are losses, and each is an entry. */
export interface Room {
  /** History that the province holds, or that a sealed batch holds beside it. */
  readonly evicted: number
  /** Of those that are in no batch yet: one in five minutes of each series stayed. */
  readonly thinned: number
  /** In batches that the province has not acknowledged, the oldest first. */
  readonly dropped: number
}

// To be over the quota by one page again a minute later would copy the log into the file each time.
const ROOM_SHARE = 0.05
// What is freed is looked at after each step; a transaction without an end would hold up the sensors.
const ROWS_AT_ONCE = 1000
// What still shows a day: 288 a series. Those with a mark on them, and the first after it, stay as well.
const THINNED_MS = 300_000

/**
 * Makes the file with its log fit, in the order in which things may go: history that the province holds; rows whose
 * sealed batch is kept, about a hundred times smaller; live readings between one in five minutes; the oldest batches
 * of readings. Alarms, events, findings, lots, series and the farm book never go. False promises are worse than a
 * full card: what the province will never get is entered, in the same commit. Without `mayLose` the last two stay too.
 */
export function makeRoom(file: JournalFile, keepBytes: number, mayLose: boolean, stamp: Stamp): Room {
  const room = { evicted: 0, thinned: 0, dropped: 0 }
  if (usedBytes(file) <= keepBytes) return room
  const excess = () => usedBytes(file) - keepBytes * (1 - ROOM_SHARE)
  const { base, durableThrough, sealedThrough } = file.mark('reading')
  // What was written since the province last answered may yet have to be sealed anew, in a new epoch.
  const sealedKept = Math.min(base + sealedThrough, sinceContact(file).reading ?? base + sealedThrough)
  for (const through of [base + durableThrough, sealedKept]) {
    for (let bytes = excess(); bytes > 0; bytes = excess()) {
      const evicted = evictOldest(file, through, bytes)
      if (evicted === 0) break
      room.evicted += evicted
    }
  }
  if (!mayLose) return room
  if (excess() > 0) room.thinned = thin(file)
  for (let bytes = excess(); bytes > 0; bytes = excess()) {
    const dropped = dropOldestBatches(file, stamp, bytes)
    if (dropped === 0) break
    room.dropped += dropped
  }
  return room
}

/** The log is copied into the file and cut first: what a deletion itself writes there must not count as need. */
function usedBytes(file: JournalFile): number {
  if (file.walBytes() > 0) file.pragma('wal_checkpoint(TRUNCATE)')
  return file.usedBytes()
}

function evictOldest(file: JournalFile, through: number, bytes: number): number {
  return file.transaction(() => {
    file.keepLastId()
    const rows = file.all<{ fromId: number; count: number; size: number }>(
      `SELECT from_id AS fromId, count, length(body) AS size FROM block WHERE from_id + count - 1 <= ?
       ORDER BY from_id LIMIT ?`,
      through,
      ROWS_AT_ONCE,
    )
    const gone = untilFreed(rows, bytes)
    const last = gone.at(-1)
    if (last) file.run('DELETE FROM block WHERE from_id <= ?', last.fromId)
    return gone.reduce((sum, { count }) => sum + count, 0)
  })
}

/** As many of them, first to last, as take so many bytes; one at least. */
function untilFreed<Row extends { readonly size: number }>(rows: readonly Row[], bytes: number): Row[] {
  let freed = 0
  const end = rows.findIndex(({ size }) => {
    freed += size
    return freed >= bytes
  })
  return end < 0 ? [...rows] : rows.slice(0, end + 1)
}

/** Of what is in no batch yet one reading in five minutes of each series stays, and whatever is marked. */
function thin(file: JournalFile): number {
  return file.transaction(() => {
    file.keepLastId()
    leaveSlots(file)
    const { base, sealedThrough } = file.mark('reading')
    let thinned = 0
    const kept = new Map<number, { t: number; quality: number }>()
    const isKept = (row: Float64Array): boolean => {
      const [, seriesNo, t, , quality] = row as unknown as [number, number, number, number, number]
      const last = kept.get(seriesNo)
      if (last && quality === 0 && last.quality === 0 && Math.abs(t - last.t) < THINNED_MS) return false
      kept.set(seriesNo, { t, quality })
      return true
    }
    for (const block of blocksWithin(file, base + sealedThrough + 1, Number.MAX_SAFE_INTEGER))
      if (block.fromId > base + sealedThrough) thinned += thinBlock(file, block, isKept)
    return thinned
  })
}

/** What stays keeps the first ids of the block; the rest of them are sealed as lost. */
function thinBlock(file: JournalFile, block: Block, isKept: (row: Float64Array) => boolean): number {
  const { stamps, readings } = readingsOf(file, block)
  const stay: number[] = []
  let fromT = Number.POSITIVE_INFINITY
  let toT = Number.NEGATIVE_INFINITY
  for (let at = 0; at < readings.length; at += ROW) {
    const row = readings.subarray(at, at + ROW)
    if (isKept(row)) stay.push(...row)
    else {
      fromT = Math.min(fromT, row[2] as number)
      toT = Math.max(toT, row[2] as number)
    }
  }
  const count = stay.length / ROW
  if (count === block.count) return 0
  if (count === 0) file.run('DELETE FROM block WHERE from_id = ?', block.fromId)
  else {
    const body = encodeBlock({ stamps, readings: Float64Array.from(stay) }, (no) => stepOf(file, no))
    file.run('UPDATE block SET count = ?, body = ? WHERE from_id = ?', count, body, block.fromId)
  }
  file.run(
    'INSERT INTO dropped VALUES (?, ?, ?, ?)',
    ...[block.fromId + count, block.fromId + block.count - 1, fromT, toT],
  )
  return block.count - count
}

/** The chain goes on across them: the entry names the hash that the next batch will name. */
function dropOldestBatches(file: JournalFile, stamp: Stamp, bytes: number): number {
  return file.transaction(() => {
    const batches = file.all<{
      from: number
      to: number
      fromT: number | null
      toT: number | null
      hash: Uint8Array
      size: number
    }>(
      `SELECT from_seq AS "from", to_seq AS "to", from_t AS fromT, to_t AS toT, hash, length(bytes) AS size
       FROM sealed WHERE lane = 'reading' ORDER BY from_seq LIMIT ?`,
      ROWS_AT_ONCE,
    )
    let dropped = 0
    for (const { from, to, fromT, toT, hash } of untilFreed(batches, bytes)) {
      const times = fromT === null || toT === null ? {} : { fromT, toT }
      appendEntry(file, stamp, {
        kind: 'loss',
        ...{ lane: 'reading', from, to, count: to - from + 1, reason: 'quota' },
        ...{ ...times, batchHash: new Uint8Array(hash) },
      })
      file.run(`DELETE FROM sealed WHERE lane = 'reading' AND from_seq = ?`, from)
      dropped += to - from + 1
    }
    return dropped
  })
}
