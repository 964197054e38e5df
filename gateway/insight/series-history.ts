import { sql } from 'kysely'
import { decodeColumns } from '#contract/wire/columns-codec.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import type { HistoryBucket, SeriesHistory } from './answers.ts'
import { type FoundSeries, findSeries, toValue } from './series-cards.ts'

export interface HistoryQuestion {
  readonly fromMs: number
  readonly toMs: number
  /** How many buckets a chart wants; a wider phone asks for no more than 2,000. */
  readonly buckets: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MONTH_MS = 31 * DAY_MS
// Three days of 1 Hz readings: beyond that the hourly sums answer, however narrow the buckets asked for.
const MAX_RAW = 260_000
// Chunks hold all series of a box, and those that are not asked for are passed over: a tenth of a second for so many.
const MAX_HELD = 20 * MAX_RAW
const MAX_BUCKETS = 2000

/**
 * One series over a span: raw readings while they are few, else min, mean and max a bucket. Null if it is not the
 * viewer's. Buckets made from the ready sums begin at whole hours or days (UTC), so there may be one more of them than
 * was asked for; only readings within the question are counted in any of them.
 */
export async function seriesHistory(
  db: Db,
  viewer: Viewer,
  uuid: string,
  question: HistoryQuestion,
): Promise<SeriesHistory | null> {
  const found = await findSeries(db, viewer, uuid)
  if (!found) return null
  const { card, farmId } = found
  const { fromMs, toMs } = question
  const buckets = Math.min(MAX_BUCKETS, Math.max(1, question.buckets))
  const wantedMs = Math.max(1, Math.ceil((toMs - fromMs) / buckets))
  const head = { series: card, farmId, fromMs, toMs }
  const rawCount = await countBetween(db, found, fromMs, toMs)
  // The sums count a derived figure and its correction as two; only its readings tell which came later.
  const isFew = rawCount <= MAX_RAW && (wantedMs < HOUR_MS || rawCount <= buckets || isDerived(card.origin))
  if (isFew && (await heldBetween(db, found, fromMs, toMs)) <= MAX_HELD) {
    const points = await rawBetween(db, found, fromMs, toMs)
    const isRaw = points.length <= buckets
    return {
      ...head,
      bucketMs: wantedMs,
      buckets: gather(points, isRaw ? null : { fromMs, bucketMs: wantedMs }, card.resolution),
      isRaw,
    }
  }
  const spanMs = wantedMs >= DAY_MS ? DAY_MS : HOUR_MS
  const bucketMs = Math.ceil(wantedMs / spanMs) * spanMs
  const grid = { fromMs: Math.floor(fromMs / spanMs) * spanMs, bucketMs }
  const sums = await sumsBetween(db, found, fromMs, toMs, spanMs)
  return { ...head, bucketMs, buckets: gather(sums, grid, card.resolution), isRaw: false }
}

/** The ready sums of whole days or hours, and for what the question cuts off at either end the next finer ones. */
async function sumsBetween(
  db: Db,
  series: FoundSeries,
  fromMs: number,
  toMs: number,
  spanMs: number,
): Promise<Sums[]> {
  const finer = (from: number, to: number): Promise<Sums[]> | [] => {
    if (from >= to) return []
    return spanMs === DAY_MS ? sumsBetween(db, series, from, to, HOUR_MS) : rawBetween(db, series, from, to)
  }
  const first = Math.ceil(fromMs / spanMs) * spanMs
  const last = Math.floor(toMs / spanMs) * spanMs
  if (first >= last && spanMs === DAY_MS) return sumsBetween(db, series, fromMs, toMs, HOUR_MS)
  if (first >= last) return rawBetween(db, series, fromMs, toMs)
  const rows = await readySums(db, series, spanMs === DAY_MS ? 'd' : 'h', first, last)
  return [...(await finer(fromMs, first)), ...rows, ...(await finer(last, toMs))]
}

/** At most so many readings of the series are within, as the sums of the hours or days around say. */
async function countBetween(db: Db, found: FoundSeries, fromMs: number, toMs: number): Promise<number> {
  const [span, spanMs] = toMs - fromMs > MONTH_MS ? (['d', DAY_MS] as const) : (['h', HOUR_MS] as const)
  const sums = await readySums(db, found, span, Math.floor(fromMs / spanMs) * spanMs, toMs)
  return sums.reduce((total, { count }) => total + count, 0)
}

/** The sums of a series that begin within a span, in order of time. A year of hours is 9,000 of them. */
async function readySums(
  db: Db,
  { agents, card }: FoundSeries,
  span: 'h' | 'd',
  fromMs: number,
  toMs: number,
): Promise<Sums[]> {
  const { rows } = await sql<{ t: number; sum: string | null }>`
    SELECT p.t, p.sums -> ('$."' || s.ordinal || '"') AS sum
    FROM series s JOIN rollup_part p ON p.agent = s.agent AND p.part = s.part
    WHERE s.agent IN (${sql.join(agents)}) AND s.uuid = ${card.uuid} AND p.span = ${span} AND p.t >= ${fromMs} AND p.t < ${toMs}
    ORDER BY p.t`.execute(db)
  return rows.flatMap(({ t, sum: kept }) => {
    if (kept === null) return []
    const [count, min, max, sum, quality] = JSON.parse(kept) as [number, number, number, number, number]
    return [{ t, count, min, max, sum, quality }]
  })
}

/** How many readings of all series the chunks hold that raw points would be looked for in. */
async function heldBetween(db: Db, { agents }: FoundSeries, fromMs: number, toMs: number): Promise<number> {
  const { rows } = await sql<{ count: number | null }>`SELECT sum(count) AS count FROM chunk
    WHERE agent IN (${sql.join(agents)}) AND to_t >= ${fromMs} AND from_t < ${toMs}`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

// The same bounds as the sums have: a date in 1970 or 2120 never reaches a chart.
const EARLIEST_MS = Date.UTC(2020, 0, 1)

/** Readings in order of their time, corrected where the true time of a boot became known later. */
async function rawBetween(
  db: Db,
  { agents, card }: FoundSeries,
  fromMs: number,
  toMs: number,
): Promise<Sums[]> {
  const numbers = await numbersOf(db, agents, card.uuid)
  const { rows } = await sql<{
    agent: string
    epoch: string
    data: Uint8Array
    offset_ms: number
    received_at: number
  }>`SELECT agent, epoch, data, offset_ms, received_at FROM chunk
    WHERE agent IN (${sql.join(agents)}) AND to_t >= ${fromMs} AND from_t < ${toMs}
    ORDER BY from_seq, agent, epoch, segment, part`.execute(db)
  const points: Sums[] = []
  for (const { agent, epoch, data, offset_ms: offsetMs, received_at: receivedAt } of rows) {
    const wanted = numbers.get(`${agent} ${epoch}`)
    if (!wanted) continue
    const first = Math.max(fromMs, EARLIEST_MS)
    const last = receivedAt + DAY_MS
    for (const { series } of decodeColumns(new Uint8Array(data), wanted))
      for (const { times, scaled, qualities } of series)
        for (const [index, stamped] of times.entries()) {
          const t = stamped + offsetMs
          if (t < first || t >= toMs || t > last) continue
          const value = scaled[index] as number
          points.push({
            t,
            count: 1,
            min: value,
            max: value,
            sum: value,
            quality: qualities[index] as number,
          })
        }
  }
  points.sort((a, b) => a.t - b.t)
  return isDerived(card.origin) ? points.filter(({ t }, at) => points[at + 1]?.t !== t) : points
}

/** Computed by a box: of two readings of one time, the one that it numbered later is a correction of the other. */
const isDerived = (origin: string): boolean => origin.startsWith('derived ')

/** By which numbers the boxes called the series, for each box and epoch. */
async function numbersOf(
  db: Db,
  agents: readonly string[],
  uuid: string,
): Promise<Map<string, ReadonlySet<number>>> {
  const { rows } = await sql<{
    agent: string
    epoch: string
    no: number
  }>`SELECT agent, epoch, no FROM series_number
    WHERE agent IN (${sql.join(agents)}) AND uuid = ${uuid}`.execute(db)
  const numbers = Map.groupBy(rows, ({ agent, epoch }) => `${agent} ${epoch}`)
  return new Map([...numbers].map(([epoch, same]) => [epoch, new Set(same.map(({ no }) => no))]))
}

/** One reading, or the readings of an hour or a day, in scaled whole numbers. */
interface Sums {
  t: number
  count: number
  min: number
  max: number
  sum: number
  quality: number
}

/** Puts what is in order of time into buckets that begin at `fromMs`, or each into one of its own. */
function gather(
  rows: readonly Sums[],
  grid: { fromMs: number; bucketMs: number } | null,
  resolution: number,
): HistoryBucket[] {
  const buckets: Sums[] = []
  for (const row of rows) {
    const t = grid ? grid.fromMs + Math.floor((row.t - grid.fromMs) / grid.bucketMs) * grid.bucketMs : row.t
    const last = buckets.at(-1)
    if (!grid || last?.t !== t) buckets.push({ ...row, t })
    else {
      last.count += row.count
      last.sum += row.sum
      last.quality |= row.quality
      if (row.min < last.min) last.min = row.min
      if (row.max > last.max) last.max = row.max
    }
  }
  return buckets.map(({ t, min, max, sum, count, quality }) => ({
    t,
    min: toValue(min, resolution),
    max: toValue(max, resolution),
    mean: toValue(sum / count, resolution),
    count,
    quality,
  }))
}
