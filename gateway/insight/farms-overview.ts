import { sql } from 'kysely'
import { maySeeFarm, type Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import type { BoxCard, FarmCard, SeriesCard } from './answers.ts'
import { chainFaultCount } from './chain-faults.ts'
import { seriesCards } from './series-cards.ts'

// What an agronomist asks first, in this order.
const HEADLINE = [
  'soil-moisture',
  'air-temperature',
  'air-humidity',
  'vapour-pressure-deficit',
  'leaf-wetness',
  'soil-temperature',
]

/** The farms that the viewer may see, those with broken chains of events first, then those with open alarms. */
export async function farmsOverview(db: Db, viewer: Viewer): Promise<FarmCard[]> {
  const { rows } = await sql<{ farm_id: string; name: string; commune: string; province: string }>`
    SELECT farm_id, name, commune, province FROM farm ORDER BY name`.execute(db)
  const farms = await Promise.all(
    rows
      .filter((row) => maySeeFarm(viewer, row.farm_id))
      .map(async ({ farm_id: farmId, name, commune, province }): Promise<FarmCard> => {
        const boxes = await boxesOf(db, farmId)
        const agents = boxes.map((box) => box.agent)
        const series = await seriesCards(db, agents)
        return {
          farmId,
          name,
          commune,
          province,
          boxes,
          seriesCount: series.length,
          openAlarms: await openAlarms(db, agents),
          chainFaults: await chainFaultCount(db, agents),
          headline: headlineOf(series),
        }
      }),
  )
  return farms.sort(
    (a, b) =>
      Number(b.chainFaults > 0) - Number(a.chainFaults > 0) ||
      b.openAlarms - a.openAlarms ||
      a.name.localeCompare(b.name, 'vi'),
  )
}

export async function boxesOf(db: Db, farmId: string): Promise<BoxCard[]> {
  const { rows } = await sql<{
    agent: string
    box_code: string
    at: number | null
  }>`SELECT e.agent, e.box_code, b.at
    FROM enrolment e LEFT JOIN box_seen b ON b.agent = e.agent WHERE e.farm_id = ${farmId} ORDER BY e.box_code`.execute(
    db,
  )
  return rows.map((row) => ({ agent: row.agent, boxCode: row.box_code, lastSeenAt: row.at }))
}

async function openAlarms(db: Db, agents: readonly string[]): Promise<number> {
  if (agents.length === 0) return 0
  const { rows } = await sql<{ open: number }>`SELECT count(*) AS open FROM alarm
    WHERE agent IN (${sql.join(agents)}) AND raised_at IS NOT NULL AND cleared_at IS NULL`.execute(db)
  return Number(rows[0]?.open ?? 0)
}

/** The newest reading of each headline quantity, at most four. */
function headlineOf(series: readonly SeriesCard[]): SeriesCard[] {
  return HEADLINE.flatMap((quantity) => {
    const newest = series
      .filter((card) => card.quantity === quantity && card.last)
      .sort((a, b) => (b.last?.t ?? 0) - (a.last?.t ?? 0))[0]
    return newest ? [newest] : []
  }).slice(0, 4)
}
