import { sql } from 'kysely'
import { decodeColumns, type SeriesColumns } from '#contract/wire/columns-codec.ts'
import type { Tx } from '../store/open-store.ts'
import { rowStatement } from '../store/statement.ts'

/**
 * What charts and cards ask most, kept ready: sums an hour and a day, and the newest reading of each series. Both
 * follow from the chunks alone, so that they can be made again for any span.
 */

/** The readings of one series in one chunk, and what orders them among others of the same moment. */
export interface ChunkColumns {
  readonly uuid: string
  readonly epoch: string
  readonly fromSeq: number
  readonly clock: string
  /** Added to every time, where the true time of the boot became known later. */
  readonly offsetMs: number
  readonly receivedAt: number
  readonly columns: Pick<SeriesColumns, 'times' | 'scaled' | 'qualities'>
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
// Nothing of this kind was measured before.
const EARLIEST_MS = Date.UTC(2020, 0, 1)

/** A date in 1970 or 2120 is kept in its chunk and never reaches a chart. */
export const isChartable = (t: number, receivedAt: number): boolean =>
  t >= EARLIEST_MS && t <= receivedAt + DAY_MS

const ALWAYS: Span = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
type Span = readonly [fromT: number, toT: number]

/** Adds what was not there before. */
export async function summarise(tx: Tx, agent: string, chunks: readonly ChunkColumns[]): Promise<void> {
  await offerLatest(tx, agent, chunks, ALWAYS)
  await addSums(tx, agent, chunks, ALWAYS)
}

/** Sums the days of these spans again from the chunks, and looks for the newest reading of each series again. */
export async function summariseAgain(tx: Tx, agent: string, spans: readonly Span[]): Promise<void> {
  for (const days of wholeDays(spans)) {
    await sql`DELETE FROM rollup WHERE agent = ${agent} AND span IN ('h', 'd') AND t >= ${days[0]} AND t < ${days[1]}`.execute(
      tx,
    )
    await addSums(tx, agent, await chunksWithin(tx, agent, days), days)
  }
  await findLatest(tx, agent)
}

/** Every declared series of every chunk of a box that reaches into a span. */
async function chunksWithin(tx: Tx, agent: string, [fromT, toT]: Span): Promise<ChunkColumns[]> {
  const numbers = await sql<{ epoch: string; no: number; uuid: string }>`
    SELECT epoch, no, uuid FROM series_number WHERE agent = ${agent}`.execute(tx)
  const uuids = new Map(numbers.rows.map(({ epoch, no, uuid }) => [`${epoch} ${no}`, uuid]))
  const { rows } = await sql<{
    epoch: string
    from_seq: number
    clock: string
    offset_ms: number
    received_at: number
    data: Uint8Array
  }>`SELECT epoch, from_seq, clock, offset_ms, received_at, data FROM chunk
    WHERE agent = ${agent} AND to_t >= ${fromT} AND from_t < ${toT} ORDER BY epoch, from_seq, segment, part`.execute(
    tx,
  )
  return rows.flatMap(
    ({ epoch, from_seq: fromSeq, clock, offset_ms: offsetMs, received_at: receivedAt, data }) =>
      decodeColumns(new Uint8Array(data)).flatMap(({ series }) =>
        series.flatMap((columns) => {
          const uuid = uuids.get(`${epoch} ${columns.no}`)
          return uuid ? [{ uuid, epoch, fromSeq, clock, offsetMs, receivedAt, columns }] : []
        }),
      ),
  )
}

/** Of one moment, the reading that the box numbered last is the newest; a chunk's last one stands for its own. */
async function offerLatest(
  tx: Tx,
  agent: string,
  chunks: readonly ChunkColumns[],
  [fromT, toT]: Span,
): Promise<void> {
  const rows: unknown[][] = []
  for (const { uuid, clock, epoch, fromSeq, offsetMs, receivedAt, columns } of chunks) {
    const { times, scaled, qualities } = columns
    let best = -1
    let bestT = Number.NEGATIVE_INFINITY
    for (let index = 0; index < times.length; index++) {
      const t = (times[index] as number) + offsetMs
      if (t < bestT || t < fromT || t >= toT || !isChartable(t, receivedAt)) continue
      best = index
      bestT = t
    }
    if (best >= 0) rows.push([agent, uuid, bestT, scaled[best], qualities[best], clock, epoch, fromSeq])
  }
  await upsertLatest(tx, rows)
}

const upsertLatest = rowStatement(`INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (agent, uuid) DO UPDATE SET t = excluded.t, scaled = excluded.scaled, quality = excluded.quality,
    clock = excluded.clock, epoch = excluded.epoch, from_seq = excluded.from_seq
  WHERE (excluded.t, excluded.from_seq, excluded.epoch, excluded.scaled) > (latest.t, latest.from_seq, latest.epoch, latest.scaled)`)

/** The sums say on which day the newest reading of each series is; the chunks of that day say which it is. */
async function findLatest(tx: Tx, agent: string): Promise<void> {
  await sql`DELETE FROM latest WHERE agent = ${agent}`.execute(tx)
  const { rows } = await sql<{ uuid: string; t: number }>`SELECT uuid, max(t) AS t FROM rollup
    WHERE agent = ${agent} AND span = 'd' GROUP BY uuid`.execute(tx)
  for (const [t, found] of Map.groupBy(rows, (row) => row.t)) {
    const day: Span = [t, t + DAY_MS]
    const uuids = new Set(found.map(({ uuid }) => uuid))
    const chunks = await chunksWithin(tx, agent, day)
    await offerLatest(
      tx,
      agent,
      chunks.filter(({ uuid }) => uuids.has(uuid)),
      day,
    )
  }
}

/** Sums by the hour and by the day. */
async function addSums(tx: Tx, agent: string, chunks: readonly ChunkColumns[], within: Span): Promise<void> {
  const hours: unknown[][] = []
  const days: unknown[][] = []
  const rowOf = (uuid: string, span: 'h' | 'd', { t, count, min, max, sum, quality }: RollUp) =>
    [agent, uuid, span, t, count, min, max, sum, quality] as unknown[]
  for (const chunk of chunks) {
    const ofHours = [...rollUp(chunk, within)]
    for (const row of ofHours) hours.push(rowOf(chunk.uuid, 'h', row))
    for (const row of daysOf(ofHours)) days.push(rowOf(chunk.uuid, 'd', row))
  }
  await upsertRollup(tx, [...hours, ...days])
}

const upsertRollup = rowStatement(`INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (agent, span, t, uuid) DO UPDATE SET
    count = rollup.count + excluded.count, sum = rollup.sum + excluded.sum, quality = rollup.quality | excluded.quality,
    min = CASE WHEN excluded.min < rollup.min THEN excluded.min ELSE rollup.min END,
    max = CASE WHEN excluded.max > rollup.max THEN excluded.max ELSE rollup.max END`)

interface RollUp {
  readonly t: number
  count: number
  min: number
  max: number
  sum: number
  quality: number
}

function daysOf(hours: readonly RollUp[]): Iterable<RollUp> {
  const days = new Map<number, RollUp>()
  for (const hour of hours) {
    const t = Math.floor(hour.t / DAY_MS) * DAY_MS
    const day = days.get(t)
    if (!day) {
      days.set(t, { ...hour, t })
      continue
    }
    day.count += hour.count
    day.sum += hour.sum
    day.quality |= hour.quality
    if (hour.min < day.min) day.min = hour.min
    if (hour.max > day.max) day.max = hour.max
  }
  return days.values()
}

/** Min, max, sum and count of scaled values an hour; hours that hold nothing are not there. */
function rollUp({ columns, offsetMs, receivedAt }: ChunkColumns, [fromT, toT]: Span): Iterable<RollUp> {
  const { times, scaled, qualities } = columns
  const hours = new Map<number, RollUp>()
  // Readings come in runs of one hour, so that most find theirs without a look-up.
  let row: RollUp | undefined
  for (let index = 0; index < times.length; index++) {
    const t = (times[index] as number) + offsetMs
    if (t < fromT || t >= toT || !isChartable(t, receivedAt)) continue
    const value = scaled[index] as number
    if (!row || t < row.t || t >= row.t + HOUR_MS) {
      const start = Math.floor(t / HOUR_MS) * HOUR_MS
      row = hours.get(start)
      if (!row) {
        row = { t: start, count: 0, min: value, max: value, sum: 0, quality: 0 }
        hours.set(start, row)
      }
    }
    row.count++
    row.sum += value
    row.quality |= qualities[index] as number
    if (value < row.min) row.min = value
    if (value > row.max) row.max = value
  }
  return hours.values()
}

/** Spans widened to whole days (UTC), those that touch made one, so that no day is summed twice. */
function wholeDays(spans: readonly Span[]): Span[] {
  const days: [number, number][] = []
  const widened = spans
    .map(
      ([from, to]) => [Math.floor(from / DAY_MS) * DAY_MS, (Math.floor(to / DAY_MS) + 1) * DAY_MS] as const,
    )
    .sort((a, b) => a[0] - b[0])
  for (const [from, to] of widened) {
    const last = days.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else days.push([from, to])
  }
  return days
}
