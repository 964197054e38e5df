import { sql } from 'kysely'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import type { HistoryBucket, SeriesHistory } from './answers.ts'
import { seriesCard, toValue } from './series-cards.ts'

export interface HistoryQuestion {
  readonly fromMs: number
  readonly toMs: number
  /** How many buckets a chart wants; a wider phone asks for no more than 2,000. */
  readonly buckets: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
// Three days of 1 Hz readings: beyond that the hourly roll-ups answer, however narrow the buckets asked for.
const MAX_RAW = 260_000

/** One series over a span: raw readings while they are few, else min, mean and max a bucket. Null if it is not the viewer's. */
export async function seriesHistory(
  db: Db,
  viewer: Viewer,
  uuid: string,
  question: HistoryQuestion,
): Promise<SeriesHistory | null> {
  const found = await seriesCard(db, uuid)
  if (!found) return null
  const { agent, card } = found
  const { rows } = await sql<{
    farm_id: string
  }>`SELECT farm_id FROM enrolment WHERE agent = ${agent}`.execute(db)
  const farmId = rows[0]?.farm_id
  if (!farmId || !maySeeFarm(viewer, farmId)) return null
  const { fromMs, toMs } = question
  const buckets = Math.min(2000, Math.max(1, question.buckets))
  const wantedMs = Math.max(1, Math.ceil((toMs - fromMs) / buckets))
  const head = { series: card, farmId, fromMs, toMs }
  const rawCount = await countBetween(db, agent, uuid, fromMs, toMs)
  if (rawCount <= MAX_RAW && (wantedMs < HOUR_MS || rawCount <= buckets)) {
    const points = await rawBetween(db, agent, uuid, fromMs, toMs)
    if (points.length <= buckets) {
      const raw = points.map(({ t, scaled, quality }) => {
        const value = toValue(scaled, card.resolution)
        return { t, min: value, max: value, mean: value, count: 1, quality }
      })
      return { ...head, bucketMs: wantedMs, buckets: raw, isRaw: true }
    }
    return {
      ...head,
      bucketMs: wantedMs,
      buckets: gather(points, fromMs, wantedMs, card.resolution),
      isRaw: false,
    }
  }
  const [span, spanMs] = wantedMs >= DAY_MS ? (['d', DAY_MS] as const) : (['h', HOUR_MS] as const)
  const bucketMs = Math.max(spanMs, Math.ceil(wantedMs / spanMs) * spanMs)
  const rollups = await sql<{
    t: number
    count: number
    min: number
    max: number
    sum: number
    quality: number
  }>`
    SELECT t, count, min, max, sum, quality FROM rollup
    WHERE agent = ${agent} AND uuid = ${uuid} AND span = ${span} AND t >= ${fromMs - spanMs} AND t < ${toMs} ORDER BY t`.execute(
    db,
  )
  return { ...head, bucketMs, buckets: gatherRollups(rollups.rows, bucketMs, card.resolution), isRaw: false }
}

async function countBetween(
  db: Db,
  agent: string,
  uuid: string,
  fromMs: number,
  toMs: number,
): Promise<number> {
  const { rows } = await sql<{ count: number | null }>`SELECT sum(count) AS count FROM chunk
    WHERE agent = ${agent} AND uuid = ${uuid} AND to_t >= ${fromMs} AND from_t < ${toMs}`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

/** Readings in order of their time, corrected where the true time of a boot became known later. */
async function rawBetween(
  db: Db,
  agent: string,
  uuid: string,
  fromMs: number,
  toMs: number,
): Promise<{ t: number; scaled: number; quality: number }[]> {
  const { rows } = await sql<{
    data: Uint8Array
    offset_ms: number | null
  }>`SELECT c.data, o.offset_ms FROM chunk c
    LEFT JOIN clock_offset o ON o.agent = c.agent AND o.boot = c.boot AND c.clock = 'unknown'
    WHERE c.agent = ${agent} AND c.uuid = ${uuid} AND c.to_t + coalesce(o.offset_ms, 0) >= ${fromMs} AND c.from_t + coalesce(o.offset_ms, 0) < ${toMs}`.execute(
    db,
  )
  const points = rows.flatMap(({ data, offset_ms: offsetMs }) =>
    decodeSegments(new Uint8Array(data)).flatMap((segment) =>
      segment.readings.map(({ t, scaled, quality }) => ({ t: t + (offsetMs ?? 0), scaled, quality })),
    ),
  )
  return points.filter(({ t }) => t >= fromMs && t < toMs).sort((a, b) => a.t - b.t)
}

function gather(
  points: readonly { t: number; scaled: number; quality: number }[],
  fromMs: number,
  bucketMs: number,
  resolution: number,
): HistoryBucket[] {
  const buckets = new Map<
    number,
    { t: number; count: number; min: number; max: number; sum: number; quality: number }
  >()
  for (const { t, scaled, quality } of points) {
    const start = fromMs + Math.floor((t - fromMs) / bucketMs) * bucketMs
    const bucket = buckets.get(start)
    if (!bucket) buckets.set(start, { t: start, count: 1, min: scaled, max: scaled, sum: scaled, quality })
    else {
      bucket.count++
      bucket.sum += scaled
      bucket.min = Math.min(bucket.min, scaled)
      bucket.max = Math.max(bucket.max, scaled)
      bucket.quality |= quality
    }
  }
  return [...buckets.values()].map((bucket) => toBucket(bucket, resolution))
}

function gatherRollups(
  rows: readonly { t: number; count: number; min: number; max: number; sum: number; quality: number }[],
  bucketMs: number,
  resolution: number,
): HistoryBucket[] {
  const buckets = new Map<
    number,
    { t: number; count: number; min: number; max: number; sum: number; quality: number }
  >()
  for (const row of rows) {
    const start = Math.floor(row.t / bucketMs) * bucketMs
    const bucket = buckets.get(start)
    if (!bucket) buckets.set(start, { ...row, t: start })
    else {
      bucket.count += row.count
      bucket.sum += row.sum
      bucket.min = Math.min(bucket.min, row.min)
      bucket.max = Math.max(bucket.max, row.max)
      bucket.quality |= row.quality
    }
  }
  return [...buckets.values()].map((bucket) => toBucket(bucket, resolution))
}

const toBucket = (
  row: { t: number; count: number; min: number; max: number; sum: number; quality: number },
  resolution: number,
): HistoryBucket => ({
  t: row.t,
  min: toValue(row.min, resolution),
  max: toValue(row.max, resolution),
  mean: toValue(row.sum / row.count, resolution),
  count: row.count,
  quality: row.quality,
})
