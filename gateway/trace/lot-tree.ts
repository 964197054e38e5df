import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../store/open-store.ts'
import { PART_STANDS, STANDS } from '../store/standing.ts'

export interface LotName {
  readonly gtin: string
  readonly lot: string
}

/** Fruit of one picking: where it grew and what it weighed. */
export interface LotPart extends LotName {
  readonly agent: string
  readonly farmId: string
  readonly boxCode: string
  readonly activityId: string
  readonly crop: string
  readonly plot: string
  readonly harvestedAt: number
  readonly massKg: number
  readonly gln: string | null
  readonly areaCode: string | null
  readonly receivedAt: number
}

/** A step of packing, stacking or dispatch between lots. */
export interface LotStep extends LotName {
  readonly agent: string
  readonly activityId: string
  readonly side: 'in' | 'out'
  readonly massKg: number
}

export interface LotTree {
  /** The lot itself first, then by distance. */
  readonly lots: readonly LotName[]
  /** There are more than are told: nobody may take the list for whole. */
  readonly isCut: boolean
}

// Packed lots are repacked once or twice; twenty is a loop. A consignment of more lots is looked at in parts.
const MAX_DEPTH = 20
const MAX_LOTS = 10_000

/** Every lot that fruit of this one came from (`back`), or may have gone into (`forward`). Loops end by themselves. */
export async function lotTree(
  db: Db,
  { gtin, lot }: LotName,
  direction: 'back' | 'forward',
): Promise<LotTree> {
  const [here, there] = direction === 'back' ? ['out', 'in'] : ['in', 'out']
  const { rows } = await sql<LotName & { depth: number }>`WITH RECURSIVE tree(gtin, lot, depth) AS (
      SELECT CAST(${gtin} AS TEXT), CAST(${lot} AS TEXT), 0
      UNION
      SELECT t.gtin, t.lot, tree.depth + 1 FROM tree
        JOIN activity_lot h ON h.gtin = tree.gtin AND h.lot = tree.lot AND h.side = ${here}
        JOIN activity a ON a.agent = h.agent AND a.activity_id = h.activity_id
        JOIN activity_lot t ON t.agent = h.agent AND t.activity_id = h.activity_id AND t.side = ${there}
      WHERE tree.depth < ${MAX_DEPTH} AND ${STANDS})
    SELECT gtin, lot, min(depth) AS depth FROM tree GROUP BY gtin, lot ORDER BY 3, 1, 2 LIMIT ${MAX_LOTS + 1}`.execute(
    db,
  )
  const lots = rows.slice(0, MAX_LOTS).map((row) => ({ gtin: row.gtin, lot: row.lot }))
  return { lots, isCut: rows.length > MAX_LOTS }
}

/** Pickings of these lots by boxes whose code the lot bears, without what a revoked key signed. */
export async function partsOf(db: Db, lots: readonly LotName[]): Promise<LotPart[]> {
  const parts: LotPart[] = []
  for (const some of slices(lots)) {
    const { rows } =
      await sql<PartRow>`SELECT p.gtin, p.lot, p.agent, e.farm_id, e.box_code, p.activity_id, p.crop, p.plot,
        p.harvested_at, p.mass_kg, p.gln, p.area_code, p.received_at
      FROM lot_part p JOIN enrolment e ON e.agent = p.agent
      WHERE (p.gtin, p.lot) IN (${names(some)}) AND ${PART_STANDS} AND substr(p.lot, 1, 4) = e.box_code
      ORDER BY p.harvested_at, p.gtin, p.lot, p.activity_id`.execute(db)
    parts.push(...rows.map(partOf))
  }
  return parts
}

/** What standing activities took of, and gave to, these lots. */
export async function stepsOf(db: Db, lots: readonly LotName[]): Promise<LotStep[]> {
  const steps: LotStep[] = []
  for (const some of slices(lots)) {
    const { rows } = await sql<{
      gtin: string
      lot: string
      agent: string
      activity_id: string
      side: 'in' | 'out'
      mass_kg: number
    }>`SELECT l.gtin, l.lot, l.agent, l.activity_id, l.side, l.mass_kg FROM activity_lot l
      JOIN activity a ON a.agent = l.agent AND a.activity_id = l.activity_id
      WHERE (l.gtin, l.lot) IN (${names(some)}) AND ${STANDS} ORDER BY a.at, l.activity_id, l.side`.execute(
      db,
    )
    steps.push(
      ...rows.map(({ activity_id: activityId, mass_kg: massKg, ...row }) => ({ ...row, activityId, massKg })),
    )
  }
  return steps
}

const names = (lots: readonly LotName[]): RawBuilder<unknown> =>
  sql`VALUES ${sql.join(lots.map(({ gtin, lot }) => sql`(${gtin}, ${lot})`))}`

// Two parameters a lot; SQLite takes 32,766, PostgreSQL 65,535.
const SLICE = 2000

function* slices<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += SLICE) yield all.slice(from, from + SLICE)
}

interface PartRow {
  gtin: string
  lot: string
  agent: string
  farm_id: string
  box_code: string
  activity_id: string
  crop: string
  plot: string
  harvested_at: number
  mass_kg: number
  gln: string | null
  area_code: string | null
  received_at: number
}

const partOf = (row: PartRow): LotPart => ({
  gtin: row.gtin,
  lot: row.lot,
  agent: row.agent,
  farmId: row.farm_id,
  boxCode: row.box_code,
  activityId: row.activity_id,
  crop: row.crop,
  plot: row.plot,
  harvestedAt: Number(row.harvested_at),
  massKg: row.mass_kg,
  gln: row.gln,
  areaCode: row.area_code,
  receivedAt: Number(row.received_at),
})
