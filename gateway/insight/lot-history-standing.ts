import { sql } from 'kysely'
import type { Db } from '../store/open-store.ts'

/** What the province says of a lot beside what the farm does: certificates, and whether it is called back. */
export interface LotCertificate {
  readonly scheme: string
  readonly certificateNo: string
  readonly body: string
  /** YYYY-MM-DD, empty where not known. */
  readonly validFrom: string
  readonly validTo: string
  readonly state: 'valid' | 'expired' | 'not-yet' | 'withdrawn'
  /** Whether it held on the day of harvest; an expired one may have. */
  readonly heldAtHarvest: boolean
}

export interface LotRecall {
  readonly reasonVi: string
  readonly reasonEn: string
  readonly recalledAt: number
  /** The lot that was called back, when it is one that this one was made from. */
  readonly of: { readonly gtin: string; readonly lot: string } | null
}

// A farm has a handful; the newest are shown.
const MAX_CERTIFICATES = 12

/** `today` and `harvestedOn` are YYYY-MM-DD on the province's calendar. */
export async function certificatesOf(
  db: Db,
  farmIds: readonly string[],
  crops: readonly string[],
  today: string,
  harvestedOn: string,
): Promise<LotCertificate[]> {
  if (farmIds.length === 0) return []
  const { rows } = await sql<{
    scheme: string
    certificate_no: string
    body: string
    crop: string
    valid_from: string
    valid_to: string
    is_withdrawn: number
  }>`SELECT scheme, certificate_no, body, crop, valid_from, valid_to, is_withdrawn FROM certificate
    WHERE farm_id IN (${sql.join(farmIds)}) AND (crop = '' OR crop IN (${sql.join(crops)}))
    ORDER BY valid_to DESC, scheme, certificate_no LIMIT ${MAX_CERTIFICATES}`.execute(db)
  return rows.map((row) => ({
    scheme: row.scheme,
    certificateNo: row.certificate_no,
    body: row.body,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    state: stateOn(row.valid_from, row.valid_to, row.is_withdrawn === 1, today),
    heldAtHarvest: stateOn(row.valid_from, row.valid_to, row.is_withdrawn === 1, harvestedOn) === 'valid',
  }))
}

/** Days are compared as text; one that nobody stated does not bound. */
export function stateOn(
  validFrom: string,
  validTo: string,
  isWithdrawn: boolean,
  day: string,
): LotCertificate['state'] {
  if (isWithdrawn) return 'withdrawn'
  if (validFrom !== '' && day < validFrom) return 'not-yet'
  return validTo !== '' && day > validTo ? 'expired' : 'valid'
}

/** The first recall that holds of a lot, or of one that it was made from; the lot itself stands first. */
export async function recallOf(
  db: Db,
  origins: readonly { readonly gtin: string; readonly lot: string }[],
): Promise<LotRecall | null> {
  for (const [index, { gtin, lot }] of origins.entries()) {
    const { rows } = await sql<{ reason_vi: string; reason_en: string; recalled_at: number }>`
      SELECT reason_vi, reason_en, recalled_at FROM recall
      WHERE gtin = ${gtin} AND lot = ${lot} AND state = 'recalled' AND (${index} = 0 OR is_forward = 1)
      ORDER BY recalled_at LIMIT 1`.execute(db)
    const [row] = rows
    if (row)
      return {
        reasonVi: row.reason_vi,
        reasonEn: row.reason_en,
        recalledAt: row.recalled_at,
        of: index === 0 ? null : { gtin, lot },
      }
  }
  return null
}
