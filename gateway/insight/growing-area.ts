import { sql } from 'kysely'
import type { Db } from '../store/open-store.ts'
import { PART_STANDS } from '../store/standing.ts'
import { certificatesOf, type LotCertificate, stateOn } from './lot-history-standing.ts'

/** What the public may know of a growing area or packing house: its commune, never a household's parcel. */
export interface GrowingAreaView {
  readonly gln: string
  readonly code: string
  /** Null when the province has only heard of it: from an allocation, not from its issuer. */
  readonly registered: {
    readonly kind: 'growing-area' | 'packing-house'
    readonly issuer: string
    readonly crop: string
    readonly variety: string
    readonly areaHa: number
    /** What it can give in a season, kg; null when nobody said how much a hectare gives. */
    readonly capacityKg: number | null
    readonly seasonsPerYear: number
    readonly markets: readonly string[]
    readonly commune: string
    readonly validFrom: string
    readonly validTo: string
    readonly state: LotCertificate['state']
  } | null
  readonly certificates: readonly LotCertificate[]
  /** Marked with the code in the last `days`, which are one season of it. */
  readonly season: { readonly days: number; readonly massKg: number; readonly lots: number }
  readonly lots: readonly AreaLot[]
  readonly page: number
  readonly pages: number
}

export interface AreaLot {
  readonly gtin: string
  readonly lot: string
  readonly crop: string
  readonly massKg: number
  readonly harvestedAt: number
  readonly isRecalled: boolean
}

export const LOTS_A_PAGE = 30
// Beyond this nobody turns pages; integrators ask EPCIS.
const MAX_PAGES = 200
const DAY_MS = 86_400_000
const YEAR_DAYS = 365

/** Null for a code that nobody registered or allocated. `page` counts from 1 and is held within what there is. */
export async function growingArea(
  db: Db,
  gln: string,
  code: string,
  asked: { readonly page: number; readonly nowMs: number; readonly dayOf: (ms: number) => string },
): Promise<GrowingAreaView | null> {
  const { rows } =
    await sql<AreaRow>`SELECT area_kind, issuer, holder_farm_id, crop, variety, area_ha, yield_kg_per_ha, seasons_per_year,
      markets, commune, valid_from, valid_to, is_withdrawn FROM growing_area WHERE gln = ${gln} AND code = ${code}`.execute(
      db,
    )
  const [row] = rows
  if (!row && !(await isAllocated(db, gln, code))) return null
  const today = asked.dayOf(asked.nowMs)
  const days = Math.round(YEAR_DAYS / Math.max(1, row?.seasons_per_year ?? 1))
  const season = await markedSince(db, gln, code, asked.nowMs - days * DAY_MS)
  const pages = Math.min(MAX_PAGES, Math.max(1, Math.ceil((await lotCount(db, gln, code)) / LOTS_A_PAGE)))
  const page = Math.min(pages, Math.max(1, Math.floor(asked.page) || 1))
  return {
    gln,
    code,
    registered: row
      ? {
          kind: row.area_kind === 'packing-house' ? 'packing-house' : 'growing-area',
          issuer: row.issuer,
          crop: row.crop,
          variety: row.variety,
          areaHa: row.area_ha,
          capacityKg: row.yield_kg_per_ha > 0 ? row.area_ha * row.yield_kg_per_ha : null,
          seasonsPerYear: row.seasons_per_year,
          markets: row.markets
            .split(',')
            .map((each) => each.trim())
            .filter(Boolean),
          commune: row.commune,
          validFrom: row.valid_from,
          validTo: row.valid_to,
          state: stateOn(row.valid_from, row.valid_to, row.is_withdrawn === 1, today),
        }
      : null,
    certificates: row?.holder_farm_id
      ? await certificatesOf(db, [row.holder_farm_id], [row.crop], today, today)
      : [],
    season: { days, ...season },
    lots: await lotsOf(db, gln, code, page),
    page,
    pages,
  }
}

interface AreaRow {
  area_kind: string
  issuer: string
  holder_farm_id: string
  crop: string
  variety: string
  area_ha: number
  yield_kg_per_ha: number
  seasons_per_year: number
  markets: string
  commune: string
  valid_from: string
  valid_to: string
  is_withdrawn: number
}

async function isAllocated(db: Db, gln: string, code: string): Promise<boolean> {
  const { rows } =
    await sql`SELECT 1 AS found FROM allocation WHERE gln = ${gln} AND area_code = ${code} LIMIT 1`.execute(
      db,
    )
  return rows.length > 0
}

// A part counts that its own box gave, that is trusted, and that no later word replaces.
const counts = sql`substr(p.lot, 1, 4) = e.box_code AND ${PART_STANDS}`

async function markedSince(
  db: Db,
  gln: string,
  code: string,
  sinceMs: number,
): Promise<{ massKg: number; lots: number }> {
  const { rows } = await sql<{
    mass_kg: number | null
    lots: number
  }>`SELECT sum(p.mass_kg) AS mass_kg, count(DISTINCT p.gtin || ' ' || p.lot) AS lots
    FROM lot_part p JOIN enrolment e ON e.agent = p.agent
    WHERE p.gln = ${gln} AND p.area_code = ${code} AND p.harvested_at > ${sinceMs} AND ${counts}`.execute(db)
  return {
    massKg: Number((rows[0]?.mass_kg ?? 0).toPrecision(12)),
    lots: Number(rows[0]?.lots ?? 0),
  }
}

async function lotCount(db: Db, gln: string, code: string): Promise<number> {
  const { rows } = await sql<{
    lots: number
  }>`SELECT count(DISTINCT p.gtin || ' ' || p.lot) AS lots FROM lot_part p JOIN enrolment e ON e.agent = p.agent
    WHERE p.gln = ${gln} AND p.area_code = ${code} AND ${counts}`.execute(db)
  return Number(rows[0]?.lots ?? 0)
}

async function lotsOf(db: Db, gln: string, code: string, page: number): Promise<AreaLot[]> {
  const { rows } = await sql<{
    gtin: string
    lot: string
    crop: string
    mass_kg: number
    harvested_at: number
    recalls: number
  }>`SELECT p.gtin, p.lot, min(p.crop) AS crop, sum(p.mass_kg) AS mass_kg, max(p.harvested_at) AS harvested_at,
      (SELECT count(*) FROM recall r WHERE r.gtin = p.gtin AND r.lot = p.lot AND r.state = 'recalled') AS recalls
    FROM lot_part p JOIN enrolment e ON e.agent = p.agent
    WHERE p.gln = ${gln} AND p.area_code = ${code} AND ${counts}
    GROUP BY p.gtin, p.lot ORDER BY harvested_at DESC, p.lot
    LIMIT ${LOTS_A_PAGE} OFFSET ${(page - 1) * LOTS_A_PAGE}`.execute(db)
  return rows.map((row) => ({
    gtin: row.gtin,
    lot: row.lot,
    crop: row.crop,
    massKg: Number(row.mass_kg.toPrecision(12)),
    harvestedAt: row.harvested_at,
    isRecalled: Number(row.recalls) > 0,
  }))
}
