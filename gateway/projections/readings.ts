import { sql } from 'kysely'
import type { Compression } from '#contract/ground/compression.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeSegments, encodeSegments } from '#contract/wire/columns-codec.ts'
import type { Reading, ReadingSegment } from '#contract/wire/records.ts'
import type { Tx } from '../store/open-store.ts'

/** Where a run of readings comes from. */
export interface ReadingSource {
  readonly agent: string
  readonly epoch: string
  readonly fromSeq: number
  readonly receivedAt: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const EARLIEST_MS = Date.UTC(2020, 0, 1)

/** Chunks, roll-ups and newest values of one batch. Readings of a series that is not declared yet are deferred. */
export async function applySegments(
  tx: Tx,
  source: ReadingSource,
  segments: readonly ReadingSegment[],
): Promise<number> {
  const { rows } = await sql<{
    no: number
    uuid: string
    step: number
  }>`SELECT n.no, n.uuid, s.time_step_ms AS step
    FROM series_number n JOIN series s ON s.agent = n.agent AND s.uuid = n.uuid
    WHERE n.agent = ${source.agent} AND n.epoch = ${source.epoch}`.execute(tx)
  const known = new Map(rows.map((row) => [row.no, row]))
  let count = 0
  for (const segment of segments) {
    for (const [no, readings] of bySeries(segment.readings)) {
      count += readings.length
      const series = known.get(no)
      if (series) await applySeries(tx, source, segment, series, readings)
      else {
        await sql`INSERT INTO deferred VALUES (${source.agent}, ${source.epoch}, ${no}, ${source.fromSeq})
          ON CONFLICT (agent, epoch, no, from_seq) DO NOTHING`.execute(tx)
      }
    }
  }
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
  const { rows } = await sql<{
    from_seq: number
    bytes: Uint8Array
    received_at: number
  }>`SELECT d.from_seq, b.bytes, b.received_at
    FROM deferred d JOIN log_batch b ON b.agent = d.agent AND b.epoch = d.epoch AND b.lane = 'reading' AND b.from_seq = d.from_seq
    WHERE d.agent = ${agent} AND d.epoch = ${epoch} AND d.no = ${no}`.execute(tx)
  if (rows.length === 0) return
  await sql`DELETE FROM deferred WHERE agent = ${agent} AND epoch = ${epoch} AND no = ${no}`.execute(tx)
  for (const row of rows) {
    const segments = decodeSegments(openBody(openEnvelope(new Uint8Array(row.bytes)), compression))
    const source = { agent, epoch, fromSeq: row.from_seq, receivedAt: row.received_at }
    await applySegments(
      tx,
      source,
      segments.map((segment) => ({
        ...segment,
        readings: segment.readings.filter((reading) => reading.seriesNo === no),
      })),
    )
  }
}

async function applySeries(
  tx: Tx,
  source: ReadingSource,
  segment: ReadingSegment,
  series: { no: number; uuid: string; step: number },
  readings: readonly Reading[],
): Promise<void> {
  const { agent, epoch, fromSeq, receivedAt } = source
  const data = encodeSegments([{ ...segment, readings }], () => series.step)
  let [fromT, toT] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { t } of readings) {
    fromT = Math.min(fromT, t)
    toT = Math.max(toT, t)
  }
  await sql`INSERT INTO chunk VALUES (${agent}, ${series.uuid}, ${epoch}, ${fromSeq}, ${segment.boot}, ${segment.clock},
    ${fromT}, ${toT}, ${readings.length}, ${data}) ON CONFLICT (agent, uuid, epoch, from_seq, boot, clock) DO NOTHING`.execute(
    tx,
  )
  // A date in 1970 or 2120 is kept in its chunk and never reaches a chart.
  const dated = readings.filter(({ t }) => t >= EARLIEST_MS && t <= receivedAt + DAY_MS)
  const newest = dated.reduce<Reading | undefined>(
    (best, reading) => (best && best.t >= reading.t ? best : reading),
    undefined,
  )
  if (!newest) return
  await sql`INSERT INTO latest VALUES (${agent}, ${series.uuid}, ${newest.t}, ${newest.scaled}, ${newest.quality}, ${segment.clock})
    ON CONFLICT (agent, uuid) DO UPDATE SET t = excluded.t, scaled = excluded.scaled, quality = excluded.quality, clock = excluded.clock
    WHERE excluded.t > latest.t`.execute(tx)
  const rollups = [
    ...rollUp(dated, HOUR_MS).map((row) => ({ span: 'h', ...row })),
    ...rollUp(dated, DAY_MS).map((row) => ({ span: 'd', ...row })),
  ]
  const values = rollups.map(
    ({ span, t, count, min, max, sum, quality }) =>
      sql`(${agent}, ${series.uuid}, ${span}, ${t}, ${count}, ${min}, ${max}, ${sum}, ${quality})`,
  )
  await sql`INSERT INTO rollup VALUES ${sql.join(values)}
    ON CONFLICT (agent, uuid, span, t) DO UPDATE SET
      count = rollup.count + excluded.count, sum = rollup.sum + excluded.sum, quality = rollup.quality | excluded.quality,
      min = CASE WHEN excluded.min < rollup.min THEN excluded.min ELSE rollup.min END,
      max = CASE WHEN excluded.max > rollup.max THEN excluded.max ELSE rollup.max END`.execute(tx)
}

interface RollUp {
  t: number
  count: number
  min: number
  max: number
  sum: number
  quality: number
}

/** Min, max, sum and count of scaled values per span; spans that hold nothing are not there. */
export function rollUp(readings: readonly Reading[], spanMs: number): RollUp[] {
  const spans = new Map<number, RollUp>()
  for (const { t, scaled, quality } of readings) {
    const start = Math.floor(t / spanMs) * spanMs
    const row = spans.get(start)
    if (!row) spans.set(start, { t: start, count: 1, min: scaled, max: scaled, sum: scaled, quality })
    else {
      row.count++
      row.sum += scaled
      row.quality |= quality
      if (scaled < row.min) row.min = scaled
      if (scaled > row.max) row.max = scaled
    }
  }
  return [...spans.values()]
}

function bySeries(readings: readonly Reading[]): Map<number, Reading[]> {
  const series = new Map<number, Reading[]>()
  for (const reading of readings) {
    const rows = series.get(reading.seriesNo)
    if (rows) rows.push(reading)
    else series.set(reading.seriesNo, [reading])
  }
  return series
}
