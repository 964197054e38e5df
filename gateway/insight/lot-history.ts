import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { boxCodeOf, isLotNumber } from '#contract/trace/lot-number.ts'
import type { Db } from '../store/open-store.ts'
import { PART_UNREPLACED } from '../store/standing.ts'
import type { LotHistory } from './answers.ts'
import { toValue } from './series-cards.ts'

const DAY_MS = 86_400_000
/** Growing conditions are summed over this long before the harvest. */
export const CONDITION_DAYS = 30

// What says something to a consumer; a battery's voltage does not.
export const CONDITIONS = [
  'air-temperature',
  'air-humidity',
  'soil-moisture',
  'soil-temperature',
  'soil-conductivity',
  'soil-ph',
  'light',
  'rain-rate',
]

/** What the public may know of a lot. Null when nothing is known. Only the box whose code the lot number bears can have made it. */
export async function lotHistory(db: Db, gtin: string, lot: string): Promise<LotHistory | null> {
  const parts = await lotParts(db, gtin, lot)
  const first = parts[0]
  if (!first) return null
  const events = await lotEvents(db, first.agent, gtin, lot)
  const area = parts.find((row) => row.gln && row.area_code)
  return {
    gtin,
    lot,
    productVi: first.product_vi ?? '',
    productEn: first.product_en ?? '',
    crop: first.crop,
    plot: first.plot,
    harvestedAt: first.harvested_at,
    massKg: Number(parts.reduce((sum, row) => sum + row.mass_kg, 0).toPrecision(12)),
    commune: first.commune,
    province: first.province,
    growingArea: area?.gln && area.area_code ? { gln: area.gln, code: area.area_code } : null,
    boxCode: first.box_code,
    agent: first.agent,
    receivedAt: Math.min(...parts.map((row) => row.received_at)),
    events,
    conditions: await conditionsBefore(db, first.agent, first.harvested_at),
  }
}

/** The pickings of a lot that no later word replaces, first to last. */
export async function lotParts(db: Db, gtin: string, lot: string): Promise<LotRow[]> {
  const { rows } =
    await sql<LotRow>`SELECT p.agent, e.farm_id, p.crop, p.plot, p.harvested_at, p.mass_kg, p.gln, p.area_code, p.received_at, e.box_code,
      CASE WHEN u.agent IS NULL THEN 1 ELSE 0 END AS is_trusted,
      f.commune, f.province, a.product_vi, a.product_en
    FROM lot_part p JOIN enrolment e ON e.agent = p.agent JOIN farm f ON f.farm_id = e.farm_id
    LEFT JOIN allocation a ON a.farm_id = e.farm_id AND a.gtin = p.gtin
    LEFT JOIN untrusted_part u ON u.agent = p.agent AND u.activity_id = p.activity_id
    WHERE p.gtin = ${gtin} AND p.lot = ${lot} AND e.box_code = ${boxCodeOf(lot)}
      AND ${PART_UNREPLACED}
    ORDER BY p.harvested_at`.execute(db)
  // What a stolen key added to an honest lot is not summed; a lot that is its own is shown as what it is.
  const trusted = rows.filter((row) => row.is_trusted === 1)
  return trusted.length > 0 ? trusted : rows
}

/** What the box signed about a lot, oldest first. */
export async function lotEvents(
  db: Db,
  agent: string,
  gtin: string,
  lot: string,
): Promise<LotHistory['events']> {
  const { rows } = await sql<{
    event_id: string
    event_time: string
    biz_step: string
    is_signature_valid: number
    key: string
    signed: Uint8Array
    is_trusted: number
  }>`
    SELECT event_id, event_time, biz_step, is_signature_valid, key, signed, CASE WHEN EXISTS (SELECT 1 FROM untrusted_batch u
      WHERE u.agent = event.agent AND u.epoch = event.epoch AND u.lane = 'record' AND event.seq >= u.from_seq
        AND event.seq <= u.to_seq) THEN 0 ELSE 1 END AS is_trusted FROM event
    WHERE agent = ${agent} AND gtin = ${gtin} AND lot = ${lot} ORDER BY event_no`.execute(db)
  return rows.map((row) => ({
    eventId: row.event_id,
    eventTime: row.event_time,
    bizStep: row.biz_step,
    isSignatureValid: row.is_signature_valid === 1,
    isTrusted: row.is_trusted === 1,
    key: row.key,
    signedSha256: toHex(sha256(new Uint8Array(row.signed))),
  }))
}

/** Whether a lot number bears the code of a box that exists: then the farm has just not synced yet. */
export async function isKnownBoxCode(db: Db, lot: string): Promise<boolean> {
  if (!isLotNumber(lot)) return false
  const { rows } = await sql`SELECT 1 AS found FROM enrolment WHERE box_code = ${boxCodeOf(lot)}`.execute(db)
  return rows.length > 0
}

export interface LotRow {
  agent: string
  farm_id: string
  crop: string
  plot: string
  harvested_at: number
  mass_kg: number
  gln: string | null
  area_code: string | null
  received_at: number
  box_code: string
  is_trusted: number
  commune: string
  province: string
  product_vi: string | null
  product_en: string | null
}

async function conditionsBefore(
  db: Db,
  agent: string,
  harvestedAt: number,
): Promise<LotHistory['conditions']> {
  const { rows } = await sql<{
    quantity: string
    unit: string
    resolution: number
    min: number
    max: number
    sum: number
    count: number
    from_t: number
    to_t: number
  }>`
    SELECT s.quantity, s.unit, s.resolution, min(r.min) AS min, max(r.max) AS max, sum(r.sum) AS sum, sum(r.count) AS count,
      min(r.t) AS from_t, max(r.t) AS to_t
    FROM rollup r JOIN series s ON s.agent = r.agent AND s.uuid = r.uuid
    WHERE r.agent = ${agent} AND r.span = 'd' AND r.t >= ${harvestedAt - CONDITION_DAYS * DAY_MS} AND r.t <= ${harvestedAt}
      AND s.quantity IN (${sql.join(CONDITIONS)})
    GROUP BY s.quantity, s.unit, s.resolution`.execute(db)
  const byQuantity = new Map<string, LotHistory['conditions'][number] & { sum: number }>()
  for (const row of rows) {
    const scaled = (value: number) => toValue(value, row.resolution)
    const before = byQuantity.get(row.quantity)
    const sum = row.sum * row.resolution + (before?.sum ?? 0)
    const count = row.count + (before?.count ?? 0)
    byQuantity.set(row.quantity, {
      quantity: row.quantity,
      unit: row.unit,
      min: Math.min(before?.min ?? Number.POSITIVE_INFINITY, scaled(row.min)),
      max: Math.max(before?.max ?? Number.NEGATIVE_INFINITY, scaled(row.max)),
      mean: Number((sum / count).toPrecision(12)),
      fromMs: Math.min(before?.fromMs ?? Number.POSITIVE_INFINITY, row.from_t),
      toMs: Math.max(before?.toMs ?? 0, row.to_t + DAY_MS),
      count,
      sum,
    })
  }
  return CONDITIONS.flatMap((quantity) => {
    const found = byQuantity.get(quantity)
    if (!found) return []
    const { sum: _, ...condition } = found
    return [condition]
  })
}
