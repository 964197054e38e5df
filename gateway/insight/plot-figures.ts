import { sql } from 'kysely'
import { decodeColumns } from '#contract/wire/columns-codec.ts'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import { toValue } from './series-cards.ts'

/** What a farm's box computed for one plot: each derived series with its model and its newest figures. */
export interface PlotFigures {
  readonly farmName: string
  readonly plot: string
  readonly plotName: string
  readonly fromMs: number
  readonly series: readonly FigureSeries[]
}

export interface FigureSeries {
  readonly uuid: string
  readonly quantity: string
  /** `hour`, `day`, or of a risk the pathogen. */
  readonly channel: string
  readonly unit: string
  /** Model and version. */
  readonly model: string
  /** Each at the beginning of its hour or day, oldest first; corrected ones once. */
  readonly points: readonly { readonly t: number; readonly value: number; readonly quality: number }[]
}

const DAY_MS = 86_400_000
const SPANS_DAYS = [35, 14, 3] as const
// Chunks hold all series of a box, and those that are not asked for are passed over: a tenth of a second for so many.
const MAX_HELD = 5_000_000
const MAX_SERIES = 100

/** Null for a farm or plot that is not there, or not the viewer's. All series are read in one pass over the chunks. */
export async function plotFigures(
  db: Db,
  viewer: Viewer,
  farmId: string,
  plot: string,
  nowMs: number,
): Promise<PlotFigures | null> {
  if (!maySeeFarm(viewer, farmId)) return null
  const { rows: series } = await sql<SeriesRow>`SELECT s.agent, s.uuid, s.quantity, s.channel, s.unit,
      s.resolution, s.place, s.origin, f.name AS farm_name
    FROM enrolment e JOIN series s ON s.agent = e.agent JOIN farm f ON f.farm_id = e.farm_id
    WHERE e.farm_id = ${farmId} AND s.device = ${`plot/${plot}`} AND s.origin LIKE 'derived %'
      AND NOT EXISTS (SELECT 1 FROM series n WHERE n.agent = s.agent AND n.continues = s.uuid AND n.uuid <> s.uuid)
    ORDER BY s.quantity, s.channel, s.origin, s.uuid, s.agent LIMIT ${MAX_SERIES}`.execute(db)
  const [first] = series
  if (!first) return null
  const agents = [...new Set(series.map(({ agent }) => agent))]
  const fromMs = await spanFrom(db, agents, nowMs)
  const points = await pointsSince(db, agents, [...new Set(series.map(({ uuid }) => uuid))], fromMs, nowMs)
  const shown = new Map(series.map((row) => [row.uuid, row]))
  return {
    farmName: first.farm_name,
    plot,
    plotName: first.place || plot,
    fromMs,
    series: [...shown.values()].map(({ uuid, quantity, channel, unit, resolution, origin }) => ({
      ...{ uuid, quantity, channel, unit, model: origin.slice('derived '.length) },
      points: [...(points.get(uuid) ?? [])]
        .map(([t, { scaled, quality }]) => ({ t, value: toValue(scaled, resolution), quality }))
        .toSorted((a, b) => a.t - b.t),
    })),
  }
}

interface SeriesRow {
  agent: string
  uuid: string
  quantity: string
  channel: string
  unit: string
  resolution: number
  place: string
  origin: string
  farm_name: string
}

/** Fewer days where the farm measures so much that five weeks would take long. */
async function spanFrom(db: Db, agents: readonly string[], nowMs: number): Promise<number> {
  for (const days of SPANS_DAYS) {
    const fromMs = nowMs - days * DAY_MS
    const { rows } = await sql<{ count: number | null }>`SELECT sum(count) AS count FROM chunk
      WHERE agent IN (${sql.join(agents)}) AND to_t >= ${fromMs} AND from_t < ${nowMs}`.execute(db)
    if (Number(rows[0]?.count ?? 0) <= MAX_HELD) return fromMs
  }
  return nowMs - DAY_MS
}

/** Of each series the figure of each time; of two for one time, the one that the box numbered later. */
async function pointsSince(
  db: Db,
  agents: readonly string[],
  uuids: readonly string[],
  fromMs: number,
  nowMs: number,
): Promise<Map<string, Map<number, { scaled: number; quality: number }>>> {
  const { rows: numbers } = await sql<{ agent: string; epoch: string; no: number; uuid: string }>`SELECT
      agent, epoch, no, uuid FROM series_number
    WHERE agent IN (${sql.join(agents)}) AND uuid IN (${sql.join(uuids)})`.execute(db)
  const wanted = Map.groupBy(numbers, ({ agent, epoch }) => `${agent} ${epoch}`)
  const { rows: chunks } = await sql<{
    agent: string
    epoch: string
    data: Uint8Array
    offset_ms: number
  }>`SELECT
      agent, epoch, data, offset_ms FROM chunk
    WHERE agent IN (${sql.join(agents)}) AND to_t >= ${fromMs} AND from_t <= ${nowMs}
    ORDER BY from_seq, agent, epoch, segment, part`.execute(db)
  const points = new Map<string, Map<number, { scaled: number; quality: number }>>(
    uuids.map((uuid) => [uuid, new Map()]),
  )
  for (const { agent, epoch, data, offset_ms: offsetMs } of chunks) {
    const uuidOf = new Map(wanted.get(`${agent} ${epoch}`)?.map(({ no, uuid }) => [no, uuid]))
    if (uuidOf.size === 0) continue
    for (const { series } of decodeColumns(new Uint8Array(data), new Set(uuidOf.keys())))
      for (const { no, times, scaled, qualities } of series) {
        const known = points.get(uuidOf.get(no) ?? '')
        for (const [at, stamped] of times.entries()) {
          const t = stamped + offsetMs
          if (known && t >= fromMs && t <= nowMs)
            known.set(t, { scaled: scaled[at] as number, quality: qualities[at] as number })
        }
      }
  }
  return points
}
