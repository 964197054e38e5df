import { sql } from 'kysely'
import type { Compression } from '#contract/ground/compression.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { type ColumnSegment, decodeColumns, encodeColumns } from '#contract/wire/columns-codec.ts'
import { inParts, type Tx } from '../store/open-store.ts'
import { countedStatement, statement } from '../store/statement.ts'
import { offsetOf } from './clock-offsets.ts'
import { type ChunkColumns, summarise } from './summaries.ts'

/** Where a run of readings comes from. */
export interface ReadingSource {
  readonly agent: string
  readonly epoch: string
  readonly fromSeq: number
  readonly receivedAt: number
}

/**
 * Chunks, sums and newest values of one batch. Readings of a series that is not declared yet are in the chunk, where
 * nobody looks for them, and are summed once it is known what they are.
 */
export async function applySegments(
  tx: Tx,
  source: ReadingSource,
  segments: readonly ColumnSegment[],
): Promise<number> {
  const { epoch, fromSeq, receivedAt } = source
  const declared = await declaredAmong(tx, source, segments)
  const unknown = new Set<number>()
  const summed: ChunkColumns[] = []
  let count = 0
  for (const [segment, { boot, clock, series, body }] of segments.entries()) {
    const offsetMs = await offsetOfSegment(tx, source, segments[segment] as ColumnSegment)
    // Sums are added to: what was counted once must not be counted again.
    const isNew = await storeChunk(tx, source, { boot, clock, series, segment, part: WHOLE, offsetMs, body })
    for (const columns of series) {
      count += columns.times.length
      const ordinal = declared.get(columns.no)
      if (!ordinal) unknown.add(columns.no)
      else if (isNew) summed.push({ epoch, fromSeq, receivedAt, ordinal, clock, offsetMs, columns })
    }
  }
  await summarise(tx, source.agent, summed)
  await defer(tx, source, unknown)
  return count
}

/** A series was declared: what waited for it in the log is read again, for this series only. */
export async function applyDeferred(
  tx: Tx,
  agent: string,
  epoch: string,
  no: number,
  compression: Compression,
): Promise<void> {
  const rows = await selectDeferred(tx, agent, epoch, no)
  if (rows.length === 0) return
  await sql`DELETE FROM deferred WHERE agent = ${agent} AND epoch = ${epoch} AND no = ${no}`.execute(tx)
  for (const row of rows) {
    const body = openBody(openEnvelope(new Uint8Array(row.bytes)), compression)
    const source = { agent, epoch, fromSeq: row.from_seq, receivedAt: row.received_at }
    const segments = decodeColumns(body, new Set([no]))
    const ordinal = (await declaredAmong(tx, source, segments)).get(no)
    if (!ordinal) continue
    const summed: ChunkColumns[] = []
    for (const [segment, each] of segments.entries()) {
      const offsetMs = await offsetOfSegment(tx, source, each)
      for (const columns of each.series)
        summed.push({ ...source, ordinal, clock: each.clock, offsetMs, columns })
      await completeChunk(tx, source, { ...each, segment, part: no, offsetMs, body: encodeColumns(each) })
    }
    await summarise(tx, agent, summed)
  }
}

const selectDeferred = statement<{
  from_seq: number
  bytes: Uint8Array
  received_at: number
}>(`SELECT d.from_seq, b.bytes, b.received_at FROM deferred d
  JOIN log_batch b ON b.agent = d.agent AND b.epoch = d.epoch AND b.lane = 'reading' AND b.from_seq = d.from_seq
  WHERE d.agent = ? AND d.epoch = ? AND d.no = ? ORDER BY d.from_seq`)

async function offsetOfSegment(
  tx: Tx,
  { agent }: ReadingSource,
  { clock, boot }: ColumnSegment,
): Promise<number> {
  return clock === 'unknown' ? offsetOf(tx, agent, boot) : 0
}

/** The part that holds a segment as it was signed. */
const WHOLE = 0

/** Some series of one segment of a batch: a row. */
interface Chunk extends ColumnSegment {
  readonly segment: number
  readonly part: number
  readonly offsetMs: number
}

/** False when it is there already. */
async function storeChunk(
  tx: Tx,
  { agent, epoch, fromSeq, receivedAt }: ReadingSource,
  { boot, clock, series, segment, part, offsetMs, body }: Chunk,
): Promise<boolean> {
  const { fromT, toT, count } = extentOf(series)
  const span = [offsetMs, fromT + offsetMs, toT + offsetMs] as const
  const at = [agent, epoch, fromSeq, segment, part] as const
  return (await insertChunk(tx, ...at, boot, clock, ...span, count, receivedAt, body)) > 0
}

const insertChunk = countedStatement(`INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (agent, epoch, from_seq, segment, part) DO NOTHING`)

/** A batch that came before schema projections-2 has parts for the series that were known then, and lacks this one. */
async function completeChunk(tx: Tx, source: ReadingSource, chunk: Chunk): Promise<void> {
  if (chunk.series.length === 0) return
  const whole = await selectChunk(tx, source.agent, source.epoch, source.fromSeq, chunk.segment, WHOLE)
  if (whole.length === 0) await storeChunk(tx, source, chunk)
}

const selectChunk = statement(
  `SELECT segment FROM chunk WHERE agent = ? AND epoch = ? AND from_seq = ? AND segment = ? AND part = ?`,
)

/** Which of the numbers mean something already, and what: number → ordinal of the series. */
async function declaredAmong(
  tx: Tx,
  { agent, epoch }: ReadingSource,
  segments: readonly ColumnSegment[],
): Promise<Map<number, number>> {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0]
  for (const { series } of segments) {
    // They stand in order of their numbers.
    lowest = Math.min(lowest, series[0]?.no ?? lowest)
    highest = Math.max(highest, series.at(-1)?.no ?? 0)
  }
  if (highest === 0) return new Map()
  const rows = await selectNumbers(tx, agent, epoch, lowest, highest)
  return new Map(rows.map(({ no, ordinal }) => [no, ordinal]))
}

const selectNumbers = statement<{ no: number; ordinal: number }>(
  `SELECT no, ordinal FROM series_number WHERE agent = ? AND epoch = ? AND no BETWEEN ? AND ?`,
)

async function defer(
  tx: Tx,
  { agent, epoch, fromSeq }: ReadingSource,
  unknown: ReadonlySet<number>,
): Promise<void> {
  await inParts([...unknown], async (numbers) => {
    const values = numbers.map((no) => sql`(${agent}, ${epoch}, ${no}, ${fromSeq})`)
    await sql`INSERT INTO deferred VALUES ${sql.join(values)}
      ON CONFLICT (agent, epoch, no, from_seq) DO NOTHING`.execute(tx)
  })
}

function extentOf(series: ColumnSegment['series']): { fromT: number; toT: number; count: number } {
  let [fromT, toT, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (const { times } of series) {
    count += times.length
    for (const t of times) {
      if (t < fromT) fromT = t
      if (t > toT) toT = t
    }
  }
  return { fromT, toT, count }
}
