import { sql } from 'kysely'
import type { DownlinkMessageEntry } from '#contract/wire/downlink.ts'
import type { FindingReviewEntry, PhotoRequestEntry } from '#contract/wire/province-decisions.ts'
import type {
  AllocationEntry,
  CapturedEventEntry,
  EnrolmentEntry,
  FarmEntry,
  RecordEntry,
  RevocationEntry,
  SuspensionEntry,
} from '#contract/wire/records.ts'
import type { Tx } from '../store/open-store.ts'
import { applyDownlinkMessage } from './downlinks.ts'
import { indexCapturedEvent } from './event-index.ts'
import { applyFindingReview, applyPhotoRequest } from './finding-reviews.ts'
import { applyNewKey, saveRevocation } from './keys.ts'
import { applyProvinceRecord } from './province-records.ts'
import { deriveTrustedAgain } from './trusted-again.ts'

/**
 * What only the province's own batches may say. Decisions are applied in the order of the province's chain, live
 * and in a rebuild: the last one stands, whatever the wall clock said meanwhile. `arrival` is the decision's place in
 * the log, where others came after it.
 */
export async function applyDecision(tx: Tx, entry: RecordEntry, arrival?: number): Promise<void> {
  switch (entry.kind) {
    case 'farm': {
      const { farmId, name, commune, province } = entry as FarmEntry & RecordEntry
      await sql`INSERT INTO farm VALUES (${farmId}, ${name}, ${commune}, ${province}, ${entry.t})
        ON CONFLICT (farm_id) DO UPDATE SET name = excluded.name, commune = excluded.commune,
          province = excluded.province, decided_at = excluded.decided_at`.execute(tx)
      return
    }
    case 'enrolment': {
      const { agent, publicKey, boxCode, farmId } = entry as EnrolmentEntry & RecordEntry
      // A box that is claimed again keeps its key and code; it may change farms and is no longer suspended.
      await sql`INSERT INTO enrolment VALUES (${agent}, ${farmId}, ${publicKey}, ${boxCode}, ${entry.t}, NULL, NULL)
        ON CONFLICT (agent) DO UPDATE SET farm_id = excluded.farm_id, decided_at = excluded.decided_at,
          suspended_at = NULL, suspended_for = NULL`.execute(tx)
      await applyNewKey(tx, agent, publicKey, entry.t)
      return
    }
    case 'suspension': {
      const { agent, reason } = entry as SuspensionEntry & RecordEntry
      await sql`UPDATE enrolment SET suspended_at = ${entry.t}, suspended_for = ${reason} WHERE agent = ${agent}`.execute(
        tx,
      )
      return
    }
    case 'revocation': {
      const revocation = entry as RevocationEntry & RecordEntry
      await saveRevocation(tx, revocation, entry.t)
      return deriveTrustedAgain(tx, revocation.agent, arrival)
    }
    case 'captured-event': {
      const { bytes, by } = entry as CapturedEventEntry & RecordEntry
      return indexCapturedEvent(tx, { bytes, capturedBy: by, recordTime: entry.t })
    }
    case 'downlink-message':
      return applyDownlinkMessage(tx, entry as DownlinkMessageEntry & RecordEntry)
    case 'allocation': {
      const { farmId, gtin, crop, productVi, productEn, growingArea } = entry as AllocationEntry & RecordEntry
      await sql`INSERT INTO allocation VALUES (${farmId}, ${gtin}, ${crop}, ${productVi}, ${productEn}, ${growingArea?.gln ?? null},
        ${growingArea?.code ?? null}, ${growingArea?.validTo ?? null}, ${entry.t}) ON CONFLICT (farm_id, gtin) DO UPDATE
        SET crop = excluded.crop, product_vi = excluded.product_vi, product_en = excluded.product_en, gln = excluded.gln,
            area_code = excluded.area_code, valid_to = excluded.valid_to, decided_at = excluded.decided_at`.execute(
        tx,
      )
      return
    }
    case 'finding-review':
      return applyFindingReview(tx, entry as FindingReviewEntry & RecordEntry)
    case 'photo-request':
      return applyPhotoRequest(tx, entry as PhotoRequestEntry & RecordEntry)
    default:
      await applyProvinceRecord(tx, entry)
  }
}
