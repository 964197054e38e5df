import { sql } from 'kysely'
import type { TimeQuality } from '#contract/ground/clock.ts'
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

/** Every series of the given boxes that has not been continued by another, with its newest reading. */
export async function seriesCards(db: Db, agents: readonly string[]): Promise<SeriesCard[]> {
  if (agents.length === 0) return []
  const { rows } =
    await sql<Row>`SELECT s.agent, s.uuid, s.device, s.channel, s.quantity, s.unit, s.resolution, s.place, s.origin,
      l.t, l.scaled, l.quality, l.clock
    FROM series s LEFT JOIN latest l ON l.agent = s.agent AND l.uuid = s.uuid
    WHERE s.agent IN (${sql.join(agents)})
      AND NOT EXISTS (SELECT 1 FROM series n WHERE n.agent = s.agent AND n.continues = s.uuid)
    ORDER BY s.place, s.device, s.quantity, s.channel`.execute(db)
  return rows.map(cardOf)
}

export async function seriesCard(db: Db, uuid: string): Promise<{ agent: string; card: SeriesCard } | null> {
  const { rows } =
    await sql<Row>`SELECT s.agent, s.uuid, s.device, s.channel, s.quantity, s.unit, s.resolution, s.place, s.origin,
      l.t, l.scaled, l.quality, l.clock
    FROM series s LEFT JOIN latest l ON l.agent = s.agent AND l.uuid = s.uuid WHERE s.uuid = ${uuid}`.execute(
      db,
    )
  return rows[0] ? { agent: rows[0].agent, card: cardOf(rows[0]) } : null
}

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
