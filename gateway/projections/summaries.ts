import { sql } from 'kysely'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import { inParts, type Tx } from '../store/open-store.ts'

/**
 * What charts and cards ask most, kept ready: sums an hour and a day, and the newest reading of each series. Both
 * follow from the chunks alone, so that they can be made again for any span.
 */

/** A reading as charts show it: `t` is corrected where the true time of its boot became known later. */
export interface Point {
  readonly t: number
  readonly scaled: number
  readonly quality: number
}

/** The points of one chunk, and what orders them among others of the same moment. */
export interface ChunkPoints {
  readonly uuid: string
  readonly epoch: string
  readonly fromSeq: number
  readonly clock: string
  readonly points: readonly Point[]
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
// Nothing of this kind was measured before.
const EARLIEST_MS = Date.UTC(2020, 0, 1)

/** A date in 1970 or 2120 is kept in its chunk and never reaches a chart. */
export const isChartable = (t: number, receivedAt: number): boolean =>
  t >= EARLIEST_MS && t <= receivedAt + DAY_MS

/** Adds what was not there before; the points are chartable. One statement for all, for a batch has some dozens. */
export async function summarise(tx: Tx, agent: string, chunks: readonly ChunkPoints[]): Promise<void> {
  await offerLatest(tx, agent, chunks)
  await addSums(tx, agent, chunks)
}

/** Sums the days of these spans again from the chunks, and looks for the newest reading again. */
export async function summariseAgain(
  tx: Tx,
  agent: string,
  uuid: string,
  spans: readonly (readonly [fromT: number, toT: number])[],
): Promise<void> {
  for (const [fromT, toT] of wholeDays(spans)) {
    await sql`DELETE FROM rollup WHERE agent = ${agent} AND span IN ('h', 'd') AND t >= ${fromT} AND t < ${toT}
      AND uuid = ${uuid}`.execute(tx)
    const chunks = await sql<ChunkRow>`SELECT epoch, from_seq, clock, offset_ms, received_at, data FROM chunk
      WHERE agent = ${agent} AND uuid = ${uuid} AND to_t >= ${fromT} AND from_t < ${toT}
      ORDER BY epoch, from_seq, segment, no`.execute(tx)
    for (const row of chunks.rows) {
      const points = pointsOf(row).filter(({ t }) => t >= fromT && t < toT)
      await addSums(tx, agent, [{ uuid, points }])
    }
  }
  await findLatest(tx, agent, uuid)
}

interface ChunkRow {
  epoch: string
  from_seq: number
  clock: string
  offset_ms: number
  received_at: number
  data: Uint8Array
}

/** The chartable points of a stored chunk, in the order in which they arrived. */
export const pointsOf = (row: Pick<ChunkRow, 'offset_ms' | 'received_at' | 'data'>): Point[] =>
  decodeSegments(new Uint8Array(row.data)).flatMap((segment) =>
    segment.readings
      .map(({ t, scaled, quality }) => ({ t: t + row.offset_ms, scaled, quality }))
      .filter(({ t }) => isChartable(t, row.received_at)),
  )

interface Newest extends Point {
  readonly uuid: string
  readonly clock: string
  readonly epoch: string
  readonly fromSeq: number
}

async function offerLatest(tx: Tx, agent: string, chunks: readonly ChunkPoints[]): Promise<void> {
  const newest = new Map<string, Newest>()
  for (const { uuid, clock, epoch, fromSeq, points } of chunks) {
    let best = points[0]
    if (!best) continue
    for (const point of points) if (point.t >= best.t) best = point
    const { t, scaled, quality } = best
    const offered = { uuid, clock, epoch, fromSeq, t, scaled, quality }
    const known = newest.get(uuid)
    if (!known || isNewer(offered, known)) newest.set(uuid, offered)
  }
  await inParts([...newest.values()], async (rows) => {
    const values = rows.map(
      ({ uuid, t, scaled, quality, clock, epoch, fromSeq }) =>
        sql`(${agent}, ${uuid}, ${t}, ${scaled}, ${quality}, ${clock}, ${epoch}, ${fromSeq})`,
    )
    await sql`INSERT INTO latest VALUES ${sql.join(values)}
      ON CONFLICT (agent, uuid) DO UPDATE SET t = excluded.t, scaled = excluded.scaled, quality = excluded.quality,
        clock = excluded.clock, epoch = excluded.epoch, from_seq = excluded.from_seq
      WHERE (excluded.t, excluded.from_seq, excluded.epoch, excluded.scaled) > (latest.t, latest.from_seq, latest.epoch, latest.scaled)`.execute(
      tx,
    )
  })
}

/** Of one moment, the reading that the box numbered last is the newest: the same order as in the statement above. */
function isNewer(a: Newest, b: Newest): boolean {
  if (a.t !== b.t) return a.t > b.t
  if (a.fromSeq !== b.fromSeq) return a.fromSeq > b.fromSeq
  if (a.epoch !== b.epoch) return a.epoch > b.epoch
  return a.scaled > b.scaled
}

const CHUNKS_A_LOOK = 20

/** Walks back from the newest chunk until no older one can hold a newer reading. */
async function findLatest(tx: Tx, agent: string, uuid: string): Promise<void> {
  await sql`DELETE FROM latest WHERE agent = ${agent} AND uuid = ${uuid}`.execute(tx)
  let newestT = Number.NEGATIVE_INFINITY
  for (let skip = 0; ; skip += CHUNKS_A_LOOK) {
    const { rows } = await sql<ChunkRow & { to_t: number }>`
      SELECT epoch, from_seq, clock, offset_ms, received_at, data, to_t FROM chunk
      WHERE agent = ${agent} AND uuid = ${uuid} ORDER BY to_t DESC, epoch, from_seq, segment, no LIMIT ${CHUNKS_A_LOOK} OFFSET ${skip}`.execute(
      tx,
    )
    for (const row of rows) {
      if (row.to_t < newestT) return
      const points = pointsOf(row)
      for (const { t } of points) newestT = Math.max(newestT, t)
      const { epoch, from_seq: fromSeq, clock } = row
      await offerLatest(tx, agent, [{ uuid, epoch, fromSeq, clock, points }])
    }
    if (rows.length < CHUNKS_A_LOOK) return
  }
}

interface RollUp {
  t: number
  count: number
  min: number
  max: number
  sum: number
  quality: number
}

/** Sums by the hour and by the day. No row twice in one statement: PostgreSQL would refuse it. */
async function addSums(
  tx: Tx,
  agent: string,
  chunks: readonly Pick<ChunkPoints, 'uuid' | 'points'>[],
): Promise<void> {
  const points = new Map<string, Point[]>()
  for (const chunk of chunks) {
    const same = points.get(chunk.uuid) ?? []
    if (same.length === 0) points.set(chunk.uuid, same)
    for (const point of chunk.points) same.push(point)
  }
  const rows = [...points].flatMap(([uuid, all]) =>
    (['h', 'd'] as const).flatMap((span) =>
      rollUp(all, span === 'h' ? HOUR_MS : DAY_MS).map((row) => ({ uuid, span, ...row })),
    ),
  )
  await inParts(rows, async (part) => {
    const values = part.map(
      ({ uuid, span, t, count, min, max, sum, quality }) =>
        sql`(${agent}, ${uuid}, ${span}, ${t}, ${count}, ${min}, ${max}, ${sum}, ${quality})`,
    )
    await sql`INSERT INTO rollup VALUES ${sql.join(values)}
      ON CONFLICT (agent, span, t, uuid) DO UPDATE SET
        count = rollup.count + excluded.count, sum = rollup.sum + excluded.sum, quality = rollup.quality | excluded.quality,
        min = CASE WHEN excluded.min < rollup.min THEN excluded.min ELSE rollup.min END,
        max = CASE WHEN excluded.max > rollup.max THEN excluded.max ELSE rollup.max END`.execute(tx)
  })
}

/** Min, max, sum and count of scaled values per span; spans that hold nothing are not there. */
export function rollUp(points: readonly Point[], spanMs: number): RollUp[] {
  const spans = new Map<number, RollUp>()
  // Readings come in runs of one span, so that most find theirs without a look-up.
  let row: RollUp | undefined
  for (const { t, scaled, quality } of points) {
    if (!row || t < row.t || t >= row.t + spanMs) {
      const start = Math.floor(t / spanMs) * spanMs
      row = spans.get(start)
      if (!row) {
        row = { t: start, count: 0, min: scaled, max: scaled, sum: 0, quality: 0 }
        spans.set(start, row)
      }
    }
    row.count++
    row.sum += scaled
    row.quality |= quality
    if (scaled < row.min) row.min = scaled
    if (scaled > row.max) row.max = scaled
  }
  return [...spans.values()]
}

/** Spans widened to whole days (UTC), those that touch made one, so that no day is summed twice. */
function wholeDays(
  spans: readonly (readonly [fromT: number, toT: number])[],
): [fromT: number, toT: number][] {
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
