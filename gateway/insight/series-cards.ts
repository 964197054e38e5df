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
  /** What the projections keep of its newest reading, as JSON: time, scaled value, quality, clock. */
  latest: string | null
}

export const toValue = (scaled: number, resolution: number): number =>
  Number((scaled * resolution).toPrecision(12))

const CARD =
  sql.raw(`s.agent, s.uuid, s.device, s.channel, s.quantity, s.unit, s.resolution, s.place, s.origin,
  l.readings -> ('$."' || s.ordinal || '"') AS latest`)
// Through the view `latest` the newest readings of the whole province would be looked through for a few.
const WITH_LATEST = sql.raw('LEFT JOIN latest_part l ON l.agent = s.agent AND l.part = s.part')

/** Every series of the given boxes that has not been continued by another, with its newest reading. */
export async function seriesCards(db: Db, agents: readonly string[]): Promise<SeriesCard[]> {
  if (agents.length === 0) return []
  const { rows } = await sql<Row>`SELECT ${CARD}
    FROM series s ${WITH_LATEST}
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
    FROM series s JOIN enrolment e ON e.agent = s.agent ${WITH_LATEST}
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
  rows.reduce((best, row) => ((latestOf(row)?.t ?? -1) > (latestOf(best)?.t ?? -1) ? row : best))

function cardOf(row: Row): SeriesCard {
  const { uuid, device, channel, quantity, unit, resolution, place, origin } = row
  return { uuid, device, channel, quantity, unit, resolution, place, origin, last: latestOf(row) }
}

function latestOf({ latest, resolution }: Row): SeriesCard['last'] {
  if (latest === null) return null
  const [t, scaled, quality, clock] = JSON.parse(latest) as [number, number, number, TimeQuality]
  return { t, value: toValue(scaled, resolution), quality, clock }
}
