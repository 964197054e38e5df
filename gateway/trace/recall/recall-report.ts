import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import { PART_STANDS, STANDS } from '../../store/standing.ts'
import { type LotName, type LotPart, type LotStep, lotTree, partsOf, stepsOf } from '../lot-tree.ts'
import { type RecallState, recallsOf } from './recalls.ts'

/**
 * Everything that a recall has to know of a lot: back to plots, what was put on them and the weather there; forward to
 * every lot that its fruit may have gone into and everybody to whom it went.
 */
export interface RecallReport {
  readonly lot: LotName
  readonly recalls: readonly RecallState[]
  /** Nothing is known of this lot. */
  readonly isUnknown: boolean
  readonly origins: readonly Origin[]
  /** The lot itself, and every lot made from it. */
  readonly forward: readonly LotName[]
  readonly consignments: readonly Consignment[]
  /** Other lots with fruit of the same plots, picked within the same days: they may have the same fault. */
  readonly siblings: readonly LotName[]
  /** The tree is larger than is told: the export says so, too. */
  readonly isCut: boolean
}

export interface Origin extends LotPart {
  readonly farmName: string
  readonly commune: string
  readonly plotName: string
  readonly inputs: readonly AppliedInput[]
  readonly weather: readonly WeatherSum[]
}

export interface AppliedInput {
  readonly activityId: string
  readonly type: string
  readonly at: number
  readonly details: Readonly<Record<string, string | number>>
}

export interface WeatherSum {
  readonly quantity: string
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly mean: number
}

export interface Consignment extends LotName {
  readonly activityId: string
  readonly at: number
  readonly farmName: string
  readonly massKg: number
  readonly consignee: string
  readonly consigneeGln: string
  readonly market: string
  readonly sscc: string
}

const DAY_MS = 86_400_000
// What was put on fruit from the flower on, and before.
const INPUT_DAYS = 180
const WEATHER_DAYS = 30
// The same spray or the same rain reaches fruit that is picked within a fortnight.
const SIBLING_DAYS = 14
const MAX_INPUTS = 500
const MAX_SIBLINGS = 500
const MAX_CONSIGNMENTS = 10_000
// Weather is summed for so many pickings; a mixed pallet's others are told without it.
const MAX_WEATHER = 50

export async function recallReport(db: Db, lot: LotName): Promise<RecallReport> {
  const back = await lotTree(db, lot, 'back')
  const ahead = await lotTree(db, lot, 'forward')
  const parts = await partsOf(db, back.lots)
  const steps = await stepsOf(db, ahead.lots)
  const origins: Origin[] = []
  for (const [index, part] of parts.entries()) origins.push(await originOf(db, part, index < MAX_WEATHER))
  return {
    lot,
    recalls: await recallsOf(db, lot, back.lots),
    isUnknown: parts.length === 0 && steps.length === 0,
    origins,
    forward: ahead.lots,
    consignments: await consignmentsOf(db, steps),
    siblings: await siblingsOf(db, parts, [...back.lots, ...ahead.lots]),
    isCut: back.isCut || ahead.isCut,
  }
}

async function originOf(db: Db, part: LotPart, withWeather: boolean): Promise<Origin> {
  const { agent, plot, harvestedAt, farmId } = part
  const names = await sql<{ name: string | null; commune: string | null; plot_name: string | null }>`SELECT
      (SELECT name FROM farm WHERE farm_id = ${farmId}) AS name, (SELECT commune FROM farm WHERE farm_id = ${farmId}) AS commune,
      (SELECT name FROM plot WHERE agent = ${agent} AND plot = ${plot}) AS plot_name`.execute(db)
  const row = names.rows[0]
  return {
    ...part,
    farmName: row?.name ?? '',
    commune: row?.commune ?? '',
    plotName: row?.plot_name ?? plot,
    inputs: await inputsOf(db, part),
    weather: withWeather ? await weatherOf(db, agent, harvestedAt) : [],
  }
}

async function inputsOf(db: Db, { agent, plot, harvestedAt }: LotPart): Promise<AppliedInput[]> {
  const { rows } = await sql<{
    activity_id: string
    type: string
    at: number
    details: string
  }>`SELECT a.activity_id, a.type, a.at, a.details
    FROM activity a WHERE a.agent = ${agent} AND a.plot = ${plot} AND a.at >= ${harvestedAt - INPUT_DAYS * DAY_MS}
      AND a.at <= ${harvestedAt} AND a.type IN ('sprayed', 'fertilised', 'irrigated', 'tested') AND ${STANDS}
    ORDER BY a.at DESC LIMIT ${MAX_INPUTS}`.execute(db)
  return rows.map(({ activity_id: activityId, type, at, details }) => ({
    activityId,
    type,
    at: Number(at),
    details: JSON.parse(details) as AppliedInput['details'],
  }))
}

async function weatherOf(db: Db, agent: string, harvestedAt: number): Promise<WeatherSum[]> {
  const { rows } = await sql<{
    quantity: string
    unit: string
    min: number
    max: number
    sum: number
    count: number
  }>`SELECT s.quantity, s.unit, min(r.min * s.resolution) AS min, max(r.max * s.resolution) AS max,
      sum(r.sum * s.resolution) AS sum, sum(r.count) AS count
    FROM rollup r JOIN series s ON s.agent = r.agent AND s.uuid = r.uuid
    WHERE r.agent = ${agent} AND r.span = 'd' AND r.t >= ${harvestedAt - WEATHER_DAYS * DAY_MS} AND r.t <= ${harvestedAt}
      AND s.quantity IN ('air-temperature', 'air-humidity', 'rain', 'rain-rate', 'soil-moisture') AND s.origin = 'measured'
    GROUP BY s.quantity, s.unit ORDER BY s.quantity`.execute(db)
  const tidy = (value: number) => Number(value.toPrecision(6))
  return rows.map(({ quantity, unit, min, max, sum, count }) => ({
    ...{ quantity, unit, min: tidy(min), max: tidy(max) },
    mean: tidy(sum / Number(count)),
  }))
}

async function consignmentsOf(db: Db, steps: readonly LotStep[]): Promise<Consignment[]> {
  const taken = steps.filter(({ side }) => side === 'in')
  const consignments: Consignment[] = []
  // Four parameters a step would be too many at once; 2,000 steps are 4,000.
  for (let from = 0; from < taken.length && consignments.length < MAX_CONSIGNMENTS; from += 2000) {
    const some = taken.slice(from, from + 2000)
    const ids = sql.join([...new Set(some.map(({ activityId }) => activityId))])
    const { rows } = await sql<{
      agent: string
      activity_id: string
      at: number
      details: string
      name: string | null
    }>`
      SELECT a.agent, a.activity_id, a.at, a.details, f.name FROM activity a
      LEFT JOIN enrolment e ON e.agent = a.agent LEFT JOIN farm f ON f.farm_id = e.farm_id
      WHERE a.agent IN (${sql.join([...new Set(some.map(({ agent }) => agent))])}) AND a.activity_id IN (${ids})
        AND a.type = 'dispatched'`.execute(db)
    const found = new Map(rows.map((row) => [`${row.agent} ${row.activity_id}`, row]))
    for (const { agent, activityId, gtin, lot, massKg } of some) {
      const row = found.get(`${agent} ${activityId}`)
      if (!row) continue
      const details = JSON.parse(row.details) as Record<string, string | number>
      const text = (key: string) => String(details[key] ?? '')
      consignments.push({
        ...{ gtin, lot, activityId, massKg, at: Number(row.at), farmName: row.name ?? '' },
        consignee: text('consignee'),
        consigneeGln: text('consigneeGln'),
        market: text('market'),
        sscc: text('sscc'),
      })
    }
  }
  return consignments.slice(0, MAX_CONSIGNMENTS).toSorted((a, b) => a.at - b.at)
}

async function siblingsOf(db: Db, parts: readonly LotPart[], known: readonly LotName[]): Promise<LotName[]> {
  const named = new Set(known.map(({ gtin, lot }) => `${gtin} ${lot}`))
  const siblings = new Map<string, LotName>()
  for (const { agent, plot, harvestedAt } of parts.slice(0, MAX_WEATHER)) {
    const { rows } =
      await sql<LotName>`SELECT DISTINCT p.gtin, p.lot FROM lot_part p WHERE p.agent = ${agent} AND p.plot = ${plot}
        AND p.harvested_at >= ${harvestedAt - SIBLING_DAYS * DAY_MS} AND p.harvested_at <= ${harvestedAt + SIBLING_DAYS * DAY_MS}
        AND ${PART_STANDS}
      ORDER BY p.gtin, p.lot LIMIT ${MAX_SIBLINGS}`.execute(db)
    for (const { gtin, lot } of rows)
      if (!named.has(`${gtin} ${lot}`)) siblings.set(`${gtin} ${lot}`, { gtin, lot })
  }
  return [...siblings.values()].slice(0, MAX_SIBLINGS)
}
