import type { TimeQuality } from '#contract/ground/clock.ts'
import { decodeEntry } from '#contract/wire/entries-codec.ts'
import type { Lane, LossEntry, Reading, RecordEntry } from '#contract/wire/records.ts'
import type { Stamp } from './append.ts'
import { blocksWithin, readingsOf } from './blocks.ts'
import { inOrderOfBoots } from './boot-order.ts'
import type { JournalFile } from './journal-file.ts'
import { type BootStamp, ROW } from './packed.ts'
import { awaitsContact, noteContact } from './since-contact.ts'

/** What waits for the province: entries that are in no batch yet, and batches that are not acknowledged. */
export interface Unsealed {
  readonly epoch: string
  readonly from: number
  readonly to: number
  readonly prev: Uint8Array | null
  readonly segments: { boot: string; clock: TimeQuality; readings: Reading[] }[]
  readonly entries: RecordEntry[]
  /** True when these seqs can't be read any more; `entries` then holds one `loss` that fills their place. */
  readonly isLost: boolean
}

export interface SealedRow {
  readonly lane: Lane
  readonly from: number
  readonly to: number
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
  /** Of readings: when the first and the last were taken. */
  readonly fromT?: number
  readonly toT?: number
}

/** The next entries of a lane that are in no batch yet; null when there are none, or none old enough. */
export function unsealed(
  file: JournalFile,
  lane: Lane,
  atMost: number,
  notAfterT: number | null,
  stamp: Stamp,
): Unsealed | null {
  const mark = file.mark(lane)
  const firstId = mark.base + mark.sealedThrough + 1
  if (firstId > mark.lastId) return null
  const lastId = Math.min(mark.lastId, firstId + atMost - 1)
  const head = { epoch: file.epoch, from: firstId - mark.base, prev: mark.lastHash }
  const run = lane === 'reading' ? readingRun(file, firstId, lastId) : entryRun(file, lane, firstId, lastId)
  if (run.fromId !== firstId) {
    // These are gone; the seqs are filled all the same, so that the chain and the marks move past them.
    const to = run.fromId - 1 - mark.base
    const loss = { kind: 'loss', lane, from: head.from, to, count: to - head.from + 1 }
    const cause = lane === 'reading' ? causeOf(file, firstId, run.fromId - 1) : DAMAGE
    return { ...head, to, segments: [], entries: [{ ...stamp, ...loss, ...cause }], isLost: true }
  }
  // A time still to come was stamped before the clock was set back: nobody waits for it.
  const isYoung = notAfterT !== null && run.firstT > notAfterT && run.firstT <= stamp.t
  if (isYoung && run.count < atMost) return null
  return {
    ...head,
    to: head.from + run.count - 1,
    segments: run.segments,
    entries: run.entries,
    isLost: false,
  }
}

/** Keeps a sealed batch before it is sent for the first time, so that a resend is the same bytes. */
export function saveSealed(file: JournalFile, row: SealedRow): void {
  const { lane, from, to, hash, bytes, fromT = null, toT = null } = row
  file.transaction(() => {
    const mark = file.mark(lane)
    if (from !== mark.sealedThrough + 1)
      throw new RangeError(`the ${lane} lane is sealed through ${mark.sealedThrough}, not ${from - 1}`)
    if (to < from || mark.base + to > mark.lastId)
      throw new RangeError(`the ${lane} lane ends at ${mark.lastId - mark.base}, before ${to}`)
    file.run('INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?)', lane, from, to, hash, bytes, fromT, toT)
    file.run(
      'UPDATE mark SET sealed_through = ?, last_hash = ?, last_id = max(last_id, base_id + ?) WHERE lane = ?',
      ...[to, hash, to, lane],
    )
  })
}

/** Sealed batches that are not acknowledged, oldest first, without their bytes. */
export function sealedRanges(file: JournalFile, lane: Lane): { from: number; to: number }[] {
  return file.all(
    'SELECT from_seq AS "from", to_seq AS "to" FROM sealed WHERE lane = ? ORDER BY from_seq',
    lane,
  )
}

export function sealedBytes(file: JournalFile, lane: Lane, from: number): Uint8Array | null {
  const row = file.get<{ bytes: Uint8Array }>(
    'SELECT bytes FROM sealed WHERE lane = ? AND from_seq = ?',
    lane,
    from,
  )
  return row ? new Uint8Array(row.bytes) : null
}

/**
 * The gateway holds everything up to here: the sealed bytes may go; readings stay as local history. It is also
 * the sign that the province answered for this epoch, whatever the mark.
 */
export function acknowledge(file: JournalFile, lane: Lane, durableThrough: number): void {
  const isNews = durableThrough > file.mark(lane).durableThrough || awaitsContact(file)
  if (!isNews) return
  file.transaction(() => {
    const mark = file.mark(lane)
    if (durableThrough > mark.sealedThrough)
      throw new RangeError(
        `the ${lane} lane is sealed through ${mark.sealedThrough} only, not ${durableThrough}`,
      )
    noteContact(file)
    if (durableThrough <= mark.durableThrough) return
    file.run('UPDATE mark SET durable_through = ? WHERE lane = ?', durableThrough, lane)
    file.run('DELETE FROM sealed WHERE lane = ? AND to_seq <= ?', lane, durableThrough)
    if (lane === 'reading') file.run('DELETE FROM dropped WHERE to_id <= ?', mark.base + durableThrough)
    if (lane === 'record') forgetOldOutlooks(file, mark.base + durableThrough)
  })
}

// Eight a day of twenty plots: two days and more, some two megabytes.
const OUTLOOKS_KEPT = 400

/**
 * What the models thought of a plot is over with the next word on it; beyond the newest, what the province holds goes. The
 * one kind of entry that does: a season of them would take more of a card than everything that the farm wrote.
 */
function forgetOldOutlooks(file: JournalFile, throughId: number): void {
  file.run(
    `DELETE FROM entry WHERE lane = 'record' AND kind = 'outlook' AND id <= ? AND id <=
      (SELECT id FROM entry WHERE lane = 'record' AND kind = 'outlook' ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    throughId,
    OUTLOOKS_KEPT,
  )
}

/** Neighbours from the first that is there on; when none is, `fromId` is the id after the range. */
interface Run {
  readonly fromId: number
  readonly count: number
  readonly firstT: number
  readonly segments: Unsealed['segments']
  readonly entries: RecordEntry[]
}

function entryRun(file: JournalFile, lane: Lane, firstId: number, lastId: number): Run {
  const rows = file.all<{ id: number; t: number; body: Uint8Array; crc: number | null }>(
    'SELECT id, t, body, crc FROM entry WHERE lane = ? AND id BETWEEN ? AND ? ORDER BY id',
    lane,
    firstId,
    lastId,
  )
  const fromId = rows[0]?.id ?? lastId + 1
  const hole = rows.findIndex(({ id }, index) => id !== fromId + index)
  const whole = hole < 0 ? rows : rows.slice(0, hole)
  const entries = whole.map((row) => decodeEntry(file.wholeBody(row)))
  return { fromId, count: whole.length, firstT: rows[0]?.t ?? 0, segments: [], entries }
}

function readingRun(file: JournalFile, firstId: number, lastId: number): Run {
  const blocks = blocksWithin(file, firstId, lastId)
  const fromId = blocks[0] ? Math.max(firstId, blocks[0].fromId) : lastId + 1
  const byBoot = new Map<string, Unsealed['segments'][number]>()
  const bootsOf = new Map<number, Set<string>>()
  let next = fromId
  let firstT = 0
  for (const block of blocks) {
    if (block.fromId > next) break
    const { stamps, readings } = readingsOf(file, block)
    const begin = next - block.fromId
    const end = Math.min(block.count, lastId + 1 - block.fromId)
    let [stampNo, seriesNo] = [-1, -1]
    let segment: Unsealed['segments'][number] | undefined
    for (let index = begin; index < end; index++) {
      const row = readings.subarray(index * ROW, index * ROW + ROW)
      if (next === fromId) firstT = row[2] as number
      if (!segment || row[0] !== stampNo || row[1] !== seriesNo) {
        stampNo = row[0] as number
        seriesNo = row[1] as number
        const stamp = stamps[stampNo] as BootStamp
        const key = stamp.boot + stamp.clock
        segment = byBoot.get(key) ?? { ...stamp, readings: [] }
        byBoot.set(key, segment)
        const boots = bootsOf.get(seriesNo) ?? new Set()
        bootsOf.set(seriesNo, boots.add(key))
      }
      segment.readings.push(readingOf(row))
      next++
    }
  }
  const order = inOrderOfBoots([...bootsOf.values()].map((boots) => [...boots]))
  const segments = order.map((key) => byBoot.get(key) as Unsealed['segments'][number])
  return { fromId, count: next - fromId, firstT, segments, entries: [] }
}

function readingOf(row: Float64Array): Reading {
  const [, seriesNo, t, scaled, quality, sourceT] = row as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { seriesNo, t, scaled, quality, ...(Number.isNaN(sourceT) ? {} : { sourceT }) }
}

const DAMAGE = { reason: 'damage' } as const

/** Why readings are not there: dropped for want of room, with the times that they had, or damaged. */
function causeOf(
  file: JournalFile,
  fromId: number,
  toId: number,
): Pick<LossEntry, 'reason' | 'fromT' | 'toT'> {
  const row = file.get<{ fromT: number; toT: number }>(
    `SELECT min(from_t) AS fromT, max(to_t) AS toT FROM dropped WHERE from_id <= ? AND to_id >= ?
     HAVING count(*) > 0`,
    toId,
    fromId,
  )
  return row ? { reason: 'quota', ...row } : DAMAGE
}
