import { decodeEntry } from '#contract/wire/entries-codec.ts'
import type { Lane, RecordEntry } from '#contract/wire/records.ts'
import { LANES, laneOf } from '#contract/wire/records.ts'
import { allSeries } from './append.ts'
import { type Block, blocksWithin, mixedBlocks, readingsOf } from './blocks.ts'
import type { JournalFile } from './journal-file.ts'
import { type PackedBlock, ROW } from './packed.ts'

/** What the box itself asks its journal, with no uplink. */
export interface LaneState {
  readonly lastSeq: number
  readonly sealedThrough: number
  readonly durableThrough: number
  readonly oldestUnsentT: number | null
}

export interface Bucket {
  readonly t: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly count: number
  readonly quality: number
}

export interface FileState {
  readonly epoch: string
  readonly lanes: Record<Lane, LaneState>
  readonly readings: number
  readonly sizeBytes: number
  readonly walBytes: number
  readonly synchronous: number
}

export interface ExportedReading {
  readonly id: number
  readonly uuid: string
  readonly device: string
  readonly quantity: string
  readonly unit: string
  readonly t: number
  readonly value: number
  readonly quality: number
}

export interface LatestRow {
  readonly seriesNo: number
  readonly t: number
  readonly scaled: number
  readonly quality: number
}

/** Newest reading of each current series: by its time, and of one time the last that came. */
export function latest(file: JournalFile): LatestRow[] {
  const newest = new Map<number, LatestRow>()
  const meet = ({ readings }: PackedBlock) => {
    for (let at = 0; at < readings.length; at += ROW) {
      const [, seriesNo, t, scaled, quality] = readings.subarray(at, at + ROW) as unknown as Five
      const known = newest.get(seriesNo)
      if (!known || t >= known.t) newest.set(seriesNo, { seriesNo, t, scaled, quality })
    }
  }
  const current = file.all<{ no: number }>('SELECT no FROM series WHERE is_current = 1 ORDER BY no')
  for (const { no } of current) {
    const block = file.get<Block>(
      `SELECT from_id AS fromId, count, series_no AS seriesNo, body FROM block
       WHERE series_no = ? ORDER BY to_t DESC, from_id DESC LIMIT 1`,
      no,
    )
    if (block) meet(readingsOf(file, block))
  }
  for (const block of mixedBlocks(file)) meet(readingsOf(file, block))
  return current.flatMap(({ no }) => newest.get(no) ?? [])
}

type Five = [stampNo: number, seriesNo: number, t: number, scaled: number, quality: number]

/** Buckets that hold readings, oldest first; values are still scaled. Of a figure and its correction the correction counts. */
export function history(
  file: JournalFile,
  seriesNo: number,
  fromT: number,
  toT: number,
  buckets: number,
): Bucket[] {
  const from = Math.round(fromT)
  const width = Math.max(1, Math.ceil((toT - fromT) / Math.max(1, Math.floor(buckets))))
  const found = new Map<number, { min: number; max: number; sum: number; count: number; quality: number }>()
  const add = (t: number, scaled: number, quality: number) => {
    const place = Math.floor((t - from) / width)
    const bucket = found.get(place)
    if (bucket) {
      bucket.min = Math.min(bucket.min, scaled)
      bucket.max = Math.max(bucket.max, scaled)
      bucket.sum += scaled
      bucket.count++
      bucket.quality = Math.max(bucket.quality, quality)
    } else found.set(place, { min: scaled, max: scaled, sum: scaled, count: 1, quality })
  }
  const to = Math.round(toT)
  if (!isDerived(file, seriesNo)) eachWithin(file, seriesNo, from, to, add)
  else {
    const last = new Map<number, { scaled: number; quality: number }>()
    eachWithin(file, seriesNo, from, to, (t, scaled, quality) => last.set(t, { scaled, quality }))
    for (const [t, { scaled, quality }] of last) add(t, scaled, quality)
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([place, { min, max, sum, count, quality }]) => ({
      ...{ t: from + place * width, min, max, mean: sum / count, count, quality },
    }))
}

/** A figure that was computed again from late readings is a second reading of the same time; the later one holds. */
function isDerived(file: JournalFile, seriesNo: number): boolean {
  const row = file.get<{ origin: string }>('SELECT origin FROM series WHERE no = ?', seriesNo)
  return row?.origin.startsWith('derived ') ?? false
}

/** In the order in which the journal holds them; a callback, for a week at 1 Hz is 600,000. */
function eachWithin(
  file: JournalFile,
  seriesNo: number,
  fromT: number,
  toT: number,
  meet: (t: number, scaled: number, quality: number, sourceT: number) => void,
): void {
  const own = file.all<Block>(
    `SELECT from_id AS fromId, count, series_no AS seriesNo, body FROM block
     WHERE series_no = ? AND to_t >= ? AND from_t < ? ORDER BY from_id`,
    ...[seriesNo, Math.round(fromT), Math.round(toT)],
  )
  for (const block of [...own, ...mixedBlocks(file)]) {
    const { readings } = readingsOf(file, block)
    for (let at = 0; at < readings.length; at += ROW) {
      const t = readings[at + 2] as number
      if (readings[at + 1] !== seriesNo || t < fromT || t >= toT) continue
      meet(t, readings[at + 3] as number, readings[at + 4] as number, readings[at + 5] as number)
    }
  }
}

/** A reading as the crop models take it in, `KEPT` numbers a row: t, scaled, quality, the source's time (NaN: none said). */
export const KEPT = 4

/** Every reading of a series that was written within a span, in the order in which the journal holds them. */
export function readingsWithin(
  file: JournalFile,
  seriesNo: number,
  fromT: number,
  toT: number,
): Float64Array {
  const kept: number[] = []
  eachWithin(file, seriesNo, fromT, toT, (t, scaled, quality, sourceT) => {
    kept.push(t, scaled, quality, sourceT)
  })
  return Float64Array.from(kept)
}

/** Entries of one kind, newest first. */
export function records(
  file: JournalFile,
  kind: string,
  limit: number,
): { seq: number; entry: RecordEntry }[] {
  const lane = laneOf(kind)
  const { base } = file.mark(lane)
  return file
    .all<{ id: number; body: Uint8Array; crc: number | null }>(
      `SELECT id, body, crc FROM entry WHERE kind = ? AND lane = ? ORDER BY id DESC LIMIT ?`,
      kind,
      lane,
      limit,
    )
    .map(({ id, ...row }) => ({ seq: id - base, entry: decodeEntry(file.wholeBody(row)) }))
}

/** A page of readings for export, oldest first. */
export function exportReadings(file: JournalFile, afterId: number, limit: number): ExportedReading[] {
  const series = new Map(allSeries(file).map((row) => [row.no, row]))
  const exported: ExportedReading[] = []
  for (let nextId = afterId + 1; exported.length < limit; ) {
    const [block] = blocksWithin(file, nextId, Number.MAX_SAFE_INTEGER, 1)
    if (!block) break
    const { readings } = readingsOf(file, block)
    const begin = Math.max(0, nextId - block.fromId)
    const end = Math.min(block.count, begin + limit - exported.length)
    for (let index = begin; index < end; index++) {
      const [, seriesNo, t, scaled, quality] = readings.subarray(index * ROW) as unknown as Five
      const row = series.get(seriesNo)
      if (!row) continue
      const { uuid, device, quantity, unit, resolution } = row
      const id = block.fromId + index
      exported.push({ id, uuid, device, quantity, unit, t, value: scaled * resolution, quality })
    }
    nextId = block.fromId + end
  }
  return exported
}

export function state(file: JournalFile): FileState {
  const lanes = Object.fromEntries(LANES.map((lane) => [lane, laneState(file, lane)])) as Record<
    Lane,
    LaneState
  >
  const [first] = blocksWithin(file, 0, Number.MAX_SAFE_INTEGER, 1)
  return {
    epoch: file.epoch,
    lanes,
    readings: first ? file.mark('reading').lastId - first.fromId + 1 : 0,
    sizeBytes: file.sizeBytes(),
    walBytes: file.walBytes(),
    synchronous: file.pragma('synchronous'),
  }
}

function laneState(file: JournalFile, lane: Lane): LaneState {
  const { base, lastId, sealedThrough, durableThrough } = file.mark(lane)
  const firstUnsent = base + durableThrough + 1
  const oldestUnsentT = lane === 'reading' ? timeOf(file, firstUnsent) : entryTime(file, lane, firstUnsent)
  return { lastSeq: lastId - base, sealedThrough, durableThrough, oldestUnsentT }
}

function timeOf(file: JournalFile, id: number): number | null {
  const [block] = blocksWithin(file, id, Number.MAX_SAFE_INTEGER, 1)
  if (!block) return null
  return readingsOf(file, block).readings[Math.max(0, id - block.fromId) * ROW + 2] ?? null
}

function entryTime(file: JournalFile, lane: Lane, id: number): number | null {
  const row = file.get<{ t: number }>(
    'SELECT t FROM entry WHERE lane = ? AND id >= ? ORDER BY id LIMIT 1',
    lane,
    id,
  )
  return row?.t ?? null
}
