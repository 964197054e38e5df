import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { encodeEntry } from '#contract/wire/entries-codec.ts'
import type { QuantityName, Unit } from '#contract/wire/quantities.ts'
import {
  LANES,
  type Lane,
  type LossEntry,
  laneOf,
  type RecordBody,
  type SeriesEntry,
} from '#contract/wire/records.ts'
import { appendBlock } from './blocks.ts'
import { appendInOrder, gatherWhenMany } from './compact.ts'
import type { JournalFile } from './journal-file.ts'
import type { BootStamp, Gathered } from './packed.ts'
import { type LostRange, newEpochId } from './salvage.ts'
import { noteContact, sinceContact } from './since-contact.ts'

/** What is written into the journal: readings, entries, series, counters, and the beginning of an epoch. */
export interface SeriesRow {
  readonly no: number
  readonly uuid: string
  readonly device: string
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly resolution: number
  readonly timeStepMs: number
  readonly place: string
  readonly origin: string
}

/** A series with what became of it: one that was declared anew is kept for the readings that it has. */
export interface SeriesState extends SeriesRow {
  readonly continues: string | null
  readonly isCurrent: boolean
}

export interface Stamp extends BootStamp {
  readonly t: number
}

/** One durable commit. Returns the seqs of the records. */
export function commit(file: JournalFile, { stamps, readings, records }: Gathered): number[] {
  return file.transaction(() => {
    if (readings.length > 0 && !appendInOrder(file, { stamps, readings })) {
      appendBlock(file, { stamps, readings })
      gatherWhenMany(file)
    }
    return records.map(({ kind, t, body }) => appendEncoded(file, laneOf(kind), kind, t, body))
  })
}

/** Declares a series, or finds the one that is declared. A changed unit, resolution or place is a new series. */
export function declareSeries(
  file: JournalFile,
  wanted: Omit<SeriesRow, 'no' | 'uuid'>,
  stamp: Stamp,
): SeriesRow {
  return file.transaction(() => {
    const current = allSeries(file).find(
      (row) =>
        row.isCurrent &&
        row.device === wanted.device &&
        row.channel === wanted.channel &&
        row.quantity === wanted.quantity,
    )
    if (
      current &&
      current.unit === wanted.unit &&
      current.resolution === wanted.resolution &&
      current.timeStepMs === wanted.timeStepMs &&
      current.place === wanted.place &&
      current.origin === wanted.origin
    ) {
      return rowOf(current)
    }
    if (current) file.run('UPDATE series SET is_current = 0 WHERE no = ?', current.no)
    const { device, channel, quantity, unit, resolution, timeStepMs, place, origin } = wanted
    const row: SeriesState = {
      no: takeCounter(file, 'series'),
      uuid: randomUUID(),
      ...{ device, channel, quantity, unit, resolution, timeStepMs, place, origin },
      continues: current?.uuid ?? null,
      isCurrent: true,
    }
    insertSeries(file, row)
    appendEntry(file, stamp, seriesEntry(row))
    return rowOf(row)
  })
}

/** Every series of the journal's whole life, by number. */
export function allSeries(file: JournalFile): SeriesState[] {
  return file
    .all<Omit<SeriesState, 'isCurrent'> & { isCurrent: number }>(
      `SELECT no, uuid, device, channel, quantity, unit, resolution, time_step_ms AS timeStepMs, place, origin,
              continues, is_current AS isCurrent FROM series ORDER BY no`,
    )
    .map((row) => ({ ...row, isCurrent: row.isCurrent === 1 }))
}

/** Puts back series that a damaged file has lost but the running program still knows. */
export function adoptSeries(file: JournalFile, known: readonly SeriesState[], stamp: Stamp): void {
  file.transaction(() => {
    const numbers = new Set(allSeries(file).map((row) => row.no))
    for (const row of known) {
      if (numbers.has(row.no)) continue
      insertSeries(file, row)
      appendEntry(file, stamp, seriesEntry(row))
      file.run(
        `INSERT INTO counter VALUES ('series', ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`,
        row.no,
      )
    }
  })
}

/** The next value of a counter, on disk before it is returned: spent even if nothing comes of it. */
export function takeCounter(file: JournalFile, name: string): number {
  const row = file.get<{ value: number }>(
    'INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value',
    name,
  )
  return (row as { value: number }).value
}

/**
 * A new epoch: seqs begin at 1 again and every series is declared again. What this card alone can have (written
 * since a start after the province last answered, or never sealed) goes on in the new epoch. The rest of what was
 * not acknowledged may be at the gateway or not, and cannot be told apart: it stays as local history and is said
 * to be lost, for sent again it might be counted twice.
 */
export function newEpoch(file: JournalFile, stamp: Stamp): string {
  return file.transaction(() => {
    const epoch = newEpochId()
    const since = sinceContact(file)
    const lost: LostRange[] = []
    for (const lane of LANES) {
      const { base, lastId, sealedThrough, durableThrough } = file.mark(lane)
      const floor = Math.min(lastId, Math.max(base + durableThrough, since[lane] ?? base + sealedThrough))
      if (floor > base + durableThrough) lost.push({ lane, from: durableThrough + 1, to: floor - base })
      file.run(
        'UPDATE mark SET base_id = ?, sealed_through = 0, durable_through = 0, last_hash = NULL WHERE lane = ?',
        floor,
        lane,
      )
    }
    file.run('DELETE FROM sealed')
    noteContact(file)
    file.setMeta('epoch', epoch)
    for (const range of lost) appendEntry(file, stamp, lossEntry(range, 'unreadable'))
    for (const row of allSeries(file)) appendEntry(file, stamp, seriesEntry(row))
    return epoch
  })
}

/** Enters what a salvage found missing, once: losses, and after a broken chain the series of the new epoch. */
export function tellSalvage(file: JournalFile, stamp: Stamp): void {
  file.transaction(() => {
    const text = file.meta('untold')
    if (text === undefined) return
    const { lost, isNewEpoch } = JSON.parse(text) as { lost: LostRange[]; isNewEpoch: boolean }
    // In the same epoch the province's marks move past these seqs; those of another epoch are only told of.
    for (const range of lost) appendEntry(file, stamp, lossEntry(range, isNewEpoch ? 'unreadable' : 'damage'))
    if (isNewEpoch) for (const row of allSeries(file)) appendEntry(file, stamp, seriesEntry(row))
    file.run(`DELETE FROM meta WHERE name = 'untold'`)
  })
}

/** Appends one entry of the record lane within the caller's transaction. Returns its seq. */
export function appendEntry(file: JournalFile, stamp: Stamp, body: RecordBody): number {
  const t = Math.round(stamp.t)
  return appendEncoded(file, 'record', body.kind, t, encodeEntry({ ...stamp, t, ...body }))
}

function appendEncoded(file: JournalFile, lane: Lane, kind: string, t: number, body: Uint8Array): number {
  const { lastId, base } = file.mark(lane)
  file.run('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)', lane, lastId + 1, kind, t, body, crc32(body))
  file.run('UPDATE mark SET last_id = ? WHERE lane = ?', lastId + 1, lane)
  return lastId + 1 - base
}

function insertSeries(file: JournalFile, row: SeriesState): void {
  file.run(
    'INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ...[row.no, row.uuid, row.device, row.channel, row.quantity, row.unit, row.resolution],
    ...[row.timeStepMs, row.place, row.origin, row.continues, row.isCurrent ? 1 : 0],
  )
}

function seriesEntry({ continues, isCurrent: _, ...row }: SeriesState): SeriesEntry {
  return { kind: 'series', ...row, ...(continues === null ? {} : { continues }) }
}

const rowOf = ({ continues: _, isCurrent: __, ...row }: SeriesState): SeriesRow => row

const lossEntry = ({ lane, from, to }: LostRange, reason: LossEntry['reason']): LossEntry => ({
  kind: 'loss',
  ...{ lane, from, to, reason },
  count: to - from + 1,
})
