import type { TimeQuality } from '#contract/ground/clock.ts'
import { decodeEntry } from '#contract/wire/entries-codec.ts'
import { LANES, type Lane, type Reading, type RecordEntry } from '#contract/wire/records.ts'
import type { Stamp } from './append.ts'
import type { JournalFile } from './journal-file.ts'

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
  const rows = rowsOf(file, lane, firstId, lastId)
  const first = rows[0]
  if (first?.id !== firstId) {
    // Damage took these; the seqs are filled all the same, so that the chain and the marks move past them.
    const to = (first ? first.id - 1 : lastId) - mark.base
    const loss = { kind: 'loss', lane, from: head.from, to, count: to - head.from + 1, reason: 'damage' }
    return { ...head, to, segments: [], entries: [{ ...stamp, ...loss }], isLost: true }
  }
  // A time still to come was stamped before the clock was set back: nobody waits for it.
  const isYoung = notAfterT !== null && first.t > notAfterT && first.t <= stamp.t
  if (isYoung && rows.length < atMost) return null
  const hole = rows.findIndex(({ id }, index) => id !== firstId + index)
  const whole = hole < 0 ? rows : rows.slice(0, hole)
  return {
    ...head,
    to: head.from + whole.length - 1,
    segments: lane === 'reading' ? segmentsOf(file, whole) : [],
    entries: lane === 'reading' ? [] : whole.map(({ body }) => decodeEntry(new Uint8Array(body))),
    isLost: false,
  }
}

/** Keeps a sealed batch before it is sent for the first time, so that a resend is the same bytes. */
export function saveSealed(file: JournalFile, { lane, from, to, hash, bytes }: SealedRow): void {
  file.transaction(() => {
    const mark = file.mark(lane)
    if (from !== mark.sealedThrough + 1)
      throw new RangeError(`the ${lane} lane is sealed through ${mark.sealedThrough}, not ${from - 1}`)
    if (to < from || mark.base + to > mark.lastId)
      throw new RangeError(`the ${lane} lane ends at ${mark.lastId - mark.base}, before ${to}`)
    file.run('INSERT INTO sealed VALUES (?, ?, ?, ?, ?)', lane, from, to, hash, bytes)
    file.run('UPDATE mark SET sealed_through = ?, last_hash = ? WHERE lane = ?', to, hash, lane)
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
  const isNews = durableThrough > file.mark(lane).durableThrough || file.meta('since_contact') !== undefined
  if (!isNews) return
  file.transaction(() => {
    const mark = file.mark(lane)
    if (durableThrough > mark.sealedThrough)
      throw new RangeError(
        `the ${lane} lane is sealed through ${mark.sealedThrough} only, not ${durableThrough}`,
      )
    file.run(`DELETE FROM meta WHERE name = 'since_contact'`)
    if (durableThrough <= mark.durableThrough) return
    file.run('UPDATE mark SET durable_through = ? WHERE lane = ?', durableThrough, lane)
    file.run('DELETE FROM sealed WHERE lane = ? AND to_seq <= ?', lane, durableThrough)
  })
}

/** Remembers where each lane stood at the first start since the province last answered. */
export function noteStart(file: JournalFile): void {
  if (file.meta('since_contact') !== undefined) return
  file.setMeta(
    'since_contact',
    JSON.stringify(Object.fromEntries(LANES.map((lane) => [lane, file.mark(lane).lastId]))),
  )
}

interface Row {
  readonly id: number
  readonly t: number
  readonly body: Uint8Array
  readonly stampNo: number
  readonly seriesNo: number
  readonly scaled: number
  readonly quality: number
  readonly sourceT: number | null
}

function rowsOf(file: JournalFile, lane: Lane, firstId: number, lastId: number): Row[] {
  return lane === 'reading'
    ? file.all(
        `SELECT id, stamp_no AS stampNo, series_no AS seriesNo, t, scaled, quality, source_t AS sourceT
         FROM reading WHERE id BETWEEN ? AND ? ORDER BY id`,
        firstId,
        lastId,
      )
    : file.all(
        'SELECT id, t, body FROM entry WHERE lane = ? AND id BETWEEN ? AND ? ORDER BY id',
        lane,
        firstId,
        lastId,
      )
}

function segmentsOf(file: JournalFile, rows: readonly Row[]): Unsealed['segments'] {
  const segments: Unsealed['segments'] = []
  const byStamp = new Map<number, Unsealed['segments'][number]>()
  for (const { stampNo, seriesNo, t, scaled, quality, sourceT } of rows) {
    let segment = byStamp.get(stampNo)
    if (!segment) {
      const stamp = file.get<{ boot: string; clock: TimeQuality }>(
        'SELECT boot, clock FROM stamp WHERE no = ?',
        stampNo,
      )
      segment = { ...(stamp as { boot: string; clock: TimeQuality }), readings: [] }
      byStamp.set(stampNo, segment)
      segments.push(segment)
    }
    segment.readings.push({ seriesNo, t, scaled, quality, ...(sourceT === null ? {} : { sourceT }) })
  }
  return segments
}
