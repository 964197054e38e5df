import { sql } from 'kysely'
import type { TimeQuality } from '#contract/ground/clock.ts'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import type { SeriesCard } from './answers.ts'

interface Row {
  agent: string
  uuid: string
  device: string
  channel: string
  quantity: string
  unit: string
  resolution: number
  place: string
  origin: string
  t: number | null
  scaled: number | null
  quality: number | null
  clock: TimeQuality | null
}

export const toValue = (scaled: number, resolution: number): number =>
  Number((scaled * resolution).toPrecision(12))

const CARD =
  sql.raw(`s.agent, s.uuid, s.device, s.channel, s.quantity, s.unit, s.resolution, s.place, s.origin,
  l.t, l.scaled, l.quality, l.clock`)

/** Every series of the given boxes that has not been continued by another, with its newest reading. */
export async function seriesCards(db: Db, agents: readonly string[]): Promise<SeriesCard[]> {
  if (agents.length === 0) return []
  const { rows } = await sql<Row>`SELECT ${CARD}
    FROM series s LEFT JOIN latest l ON l.agent = s.agent AND l.uuid = s.uuid
    WHERE s.agent IN (${sql.join(agents)})
      AND NOT EXISTS (SELECT 1 FROM series n WHERE n.agent = s.agent AND n.continues = s.uuid AND n.uuid <> s.uuid)
    ORDER BY s.place, s.device, s.quantity, s.channel, s.uuid, s.agent`.execute(db)
  const series = new Map<string, Row[]>()
  for (const row of rows) series.set(row.uuid, [...(series.get(row.uuid) ?? []), row])
  return [...series.values()].map((same) => cardOf(newestOf(same)))
}

/** A series of a farm that the viewer may see, and the boxes of that farm that measured it, one after the other. */
export interface FoundSeries {
  readonly farmId: string
  readonly agents: readonly string[]
  readonly card: SeriesCard
}

export async function findSeries(db: Db, viewer: Viewer, uuid: string): Promise<FoundSeries | null> {
  const { rows } = await sql<Row & { farm_id: string }>`SELECT ${CARD}, e.farm_id
    FROM series s JOIN enrolment e ON e.agent = s.agent LEFT JOIN latest l ON l.agent = s.agent AND l.uuid = s.uuid
    WHERE s.uuid = ${uuid} ORDER BY e.decided_at, s.agent`.execute(db)
  const seen = rows.filter((row) => maySeeFarm(viewer, row.farm_id))
  const first = seen[0]
  if (!first) return null
  // A replacement box goes on with the uuids of the one before; what differs in unit or resolution is another thing.
  const same = seen.filter(
    ({ farm_id: farmId, unit, resolution }) =>
      farmId === first.farm_id && unit === first.unit && resolution === first.resolution,
  )
  return { farmId: first.farm_id, agents: same.map((row) => row.agent), card: cardOf(newestOf(same)) }
}

const newestOf = (rows: readonly Row[]): Row =>
  rows.reduce((best, row) => ((row.t ?? -1) > (best.t ?? -1) ? row : best))

function cardOf(row: Row): SeriesCard {
  const { uuid, device, channel, quantity, unit, resolution, place, origin } = row
  const last =
    row.t === null
      ? null
      : {
          t: row.t,
          value: toValue(row.scaled ?? 0, resolution),
          quality: row.quality ?? 0,
          clock: row.clock ?? 'unknown',
        }
  return { uuid, device, channel, quantity, unit, resolution, place, origin, last }
}
