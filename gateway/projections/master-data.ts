import { sql } from 'kysely'
import type { Allocation, ClaimAnswer } from '#contract/wire/sync-protocol.ts'
import type { Db } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'
import { type BoxKey, firstKey, keysOf } from './keys.ts'

/** What the province has decided about farms and boxes: the questions that intake asks of it. */

export interface Enrolment {
  readonly agent: string
  readonly farmId: string
  readonly publicKey: Uint8Array
  /** No door is open to it: a person has to do something first. */
  readonly isSuspended: boolean
  /** Every key that it has had, the oldest first. */
  readonly keys: readonly BoxKey[]
}

export async function enrolmentOf(db: Db, agent: string): Promise<Enrolment | undefined> {
  const [row] = await selectEnrolment(db, agent)
  if (!row) return undefined
  const publicKey = new Uint8Array(row.public_key)
  // Nearly every box has the key that it began with, and asks with every batch.
  const hasOne = Number(row.later_keys) + Number(row.revocations) === 0
  const keys = hasOne ? [firstKey(publicKey)] : await keysOf(db, agent, publicKey)
  const isSuspended = row.suspended_at !== null || keys.at(-1)?.revoked != null
  return { agent, farmId: row.farm_id, publicKey, isSuspended, keys }
}

const selectEnrolment = statement<{
  farm_id: string
  public_key: Uint8Array
  suspended_at: number | null
  later_keys: number
  revocations: number
}>(`SELECT farm_id, public_key, suspended_at, (SELECT count(*) FROM box_key k WHERE k.agent = e.agent) AS later_keys,
    (SELECT count(*) FROM key_revocation r WHERE r.agent = e.agent) AS revocations
  FROM enrolment e WHERE agent = ?`)

export async function boxCodeOf(db: Db, agent: string): Promise<string | undefined> {
  const { rows } = await sql<{
    box_code: string
  }>`SELECT box_code FROM enrolment WHERE agent = ${agent}`.execute(db)
  return rows[0]?.box_code
}

export async function isBoxCodeTaken(db: Db, boxCode: string): Promise<boolean> {
  const { rows } = await sql`SELECT 1 AS found FROM enrolment WHERE box_code = ${boxCode}`.execute(db)
  return rows.length > 0
}

/** What a box is told of its farm when it is claimed; undefined for a farm that is not registered. */
export async function masterData(
  db: Db,
  farmId: string,
): Promise<Pick<ClaimAnswer, 'farm' | 'allocations'> | undefined> {
  const { rows } = await sql<{ name: string; commune: string; province: string }>`
    SELECT name, commune, province FROM farm WHERE farm_id = ${farmId}`.execute(db)
  const farm = rows[0]
  return farm && { farm: { farmId, ...farm }, allocations: await allocationsOf(db, farmId) }
}

async function allocationsOf(db: Db, farmId: string): Promise<Allocation[]> {
  const { rows } = await sql<{
    gtin: string
    crop: string
    product_vi: string
    product_en: string
    gln: string | null
    area_code: string | null
    valid_to: string | null
  }>`SELECT gtin, crop, product_vi, product_en, gln, area_code, valid_to FROM allocation
    WHERE farm_id = ${farmId} ORDER BY gtin`.execute(db)
  return rows.map((row) => ({
    gtin: row.gtin,
    crop: row.crop,
    productVi: row.product_vi,
    productEn: row.product_en,
    ...(row.gln && row.area_code
      ? {
          growingArea: {
            gln: row.gln,
            code: row.area_code,
            ...(row.valid_to ? { validTo: row.valid_to } : {}),
          },
        }
      : {}),
  }))
}
