import { sql } from 'kysely'
import { fromUtf8 } from '#contract/ground/bytes.ts'
import { boxCodeOf } from '#contract/trace/lot-number.ts'
import type { Db } from '../../store/open-store.ts'

/** What the province has of a thing that somebody names. */
export interface KnownItem {
  readonly productVi: string
  readonly productEn: string
  readonly crop: string
}

export async function knownItem(db: Db, gtin: string): Promise<KnownItem | null> {
  const { rows } = await sql<{ product_vi: string; product_en: string; crop: string }>`
    SELECT product_vi, product_en, crop FROM allocation WHERE gtin = ${gtin} ORDER BY decided_at DESC LIMIT 1`.execute(
    db,
  )
  const [row] = rows
  return row ? { productVi: row.product_vi, productEn: row.product_en, crop: row.crop } : null
}

export interface KnownLot {
  readonly isRecalled: boolean
  readonly isCertified: boolean
}

/** A lot of which something has arrived from the box whose code it bears. */
export async function knownLot(db: Db, gtin: string, lot: string): Promise<KnownLot | null> {
  const { rows } = await sql<{ farm_id: string; crop: string | null }>`
    SELECT e.farm_id, p.crop FROM lot_part p JOIN enrolment e ON e.agent = p.agent
      WHERE p.gtin = ${gtin} AND p.lot = ${lot} AND e.box_code = ${boxCodeOf(lot)}
    UNION SELECT e.farm_id, NULL FROM activity_lot l JOIN enrolment e ON e.agent = l.agent
      WHERE l.gtin = ${gtin} AND l.lot = ${lot} AND l.side = 'out' AND e.box_code = ${boxCodeOf(lot)}
    LIMIT 1`.execute(db)
  const [row] = rows
  if (!row) return null
  const recalls = await sql`SELECT 1 AS found FROM recall
    WHERE gtin = ${gtin} AND lot = ${lot} AND state = 'recalled' LIMIT 1`.execute(db)
  const certificates = await sql`SELECT 1 AS found FROM certificate
    WHERE farm_id = ${row.farm_id} AND is_withdrawn = 0 LIMIT 1`.execute(db)
  return { isRecalled: recalls.rows.length > 0, isCertified: certificates.rows.length > 0 }
}

// A GLN of a province stands over hundreds of areas; a list for programs, but not for ever.
const MAX_AREAS = 100

/** Growing areas and packing houses under a GLN, or the one of them that is named. */
export async function knownAreas(db: Db, gln: string, code?: string): Promise<string[]> {
  const only = code === undefined ? sql`` : sql`AND code = ${code}`
  const also = code === undefined ? sql`` : sql`AND area_code = ${code}`
  const { rows } = await sql<{ code: string }>`SELECT code FROM growing_area WHERE gln = ${gln} ${only}
    UNION SELECT area_code AS code FROM allocation WHERE gln = ${gln} AND area_code IS NOT NULL ${also}
    ORDER BY 1 LIMIT ${MAX_AREAS}`.execute(db)
  return rows.map((row) => row.code)
}

// A pallet of mixed fruit: the first lots of it lead on.
const MAX_PALLET_EVENTS = 20
const MAX_PALLET_LOTS = 50
const LOT_NAME = /\/01\/(\d{14})\/10\/([^/?#"\s]{1,60})"/g

/** Lots of which an event says that they are in a logistic unit. */
export async function lotsInUnit(db: Db, sscc: string): Promise<{ gtin: string; lot: string }[]> {
  const { rows } = await sql<{ signed: Uint8Array }>`SELECT e.signed FROM event_thing t
      JOIN event_index i ON i.ref = t.ref JOIN event e ON e.agent = i.agent AND e.epoch = i.epoch AND e.seq = i.seq
    WHERE t.name = ${`/00/${sscc}`} ORDER BY t.ref DESC LIMIT ${MAX_PALLET_EVENTS}`.execute(db)
  const found = new Map<string, { gtin: string; lot: string }>()
  for (const { signed } of rows)
    for (const [, gtin = '', escaped = ''] of fromUtf8(new Uint8Array(signed)).matchAll(LOT_NAME)) {
      const lot = decoded(escaped)
      if (lot !== undefined && found.size < MAX_PALLET_LOTS) found.set(`${gtin} ${lot}`, { gtin, lot })
    }
  return [...found.values()]
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
