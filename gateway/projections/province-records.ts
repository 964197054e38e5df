import { sql } from 'kysely'
import type {
  CertificateEntry,
  ConsentEntry,
  GrowingAreaEntry,
  HolderEntry,
  RecallEntry,
} from '#contract/wire/province-decisions.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import type { Migration, Tx } from '../store/open-store.ts'

/** What the province decided about codes, certificates, recalls and names: the last decision on each stands. */
export const provinceRecordMigrations: readonly Migration[] = [
  {
    name: 'projections-province-records-1',
    statements: ({ integer, real, blob, tableOptions }) => [
      `CREATE TABLE growing_area (gln TEXT NOT NULL, code TEXT NOT NULL, area_kind TEXT NOT NULL, issuer TEXT NOT NULL, holder_farm_id TEXT NOT NULL,
        crop TEXT NOT NULL, variety TEXT NOT NULL, area_ha ${real} NOT NULL, yield_kg_per_ha ${real} NOT NULL, seasons_per_year ${integer} NOT NULL,
        markets TEXT NOT NULL, commune TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, is_withdrawn ${integer} NOT NULL,
        decided_at ${integer} NOT NULL, PRIMARY KEY (gln, code))${tableOptions}`,
      `CREATE TABLE certificate (certificate_no TEXT NOT NULL, body TEXT NOT NULL, scheme TEXT NOT NULL, farm_id TEXT NOT NULL, crop TEXT NOT NULL,
        valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, is_withdrawn ${integer} NOT NULL, decided_at ${integer} NOT NULL,
        PRIMARY KEY (certificate_no, body))${tableOptions}`,
      `CREATE INDEX certificate_farm ON certificate (farm_id)`,
      `CREATE TABLE recall (recall_id TEXT PRIMARY KEY, gtin TEXT NOT NULL, lot TEXT NOT NULL, reason_vi TEXT NOT NULL, reason_en TEXT NOT NULL,
        state TEXT NOT NULL, is_forward ${integer} NOT NULL, recalled_at ${integer} NOT NULL, decided_at ${integer} NOT NULL)${tableOptions}`,
      `CREATE INDEX recall_lot ON recall (gtin, lot)`,
      `CREATE TABLE holder (farm_id TEXT NOT NULL, field TEXT NOT NULL, commitment ${blob} NOT NULL, decided_at ${integer} NOT NULL,
        PRIMARY KEY (farm_id, field))${tableOptions}`,
      `CREATE TABLE consent (farm_id TEXT NOT NULL, purpose TEXT NOT NULL, state TEXT NOT NULL, form TEXT NOT NULL, decided_at ${integer} NOT NULL,
        PRIMARY KEY (farm_id, purpose))${tableOptions}`,
    ],
  },
]

export const PROVINCE_RECORD_TABLES = ['growing_area', 'certificate', 'recall', 'holder', 'consent'] as const

/** False for a decision that is none of these. */
export async function applyProvinceRecord(tx: Tx, entry: RecordEntry): Promise<boolean> {
  switch (entry.kind) {
    case 'growing-area':
      await saveArea(tx, entry as GrowingAreaEntry & RecordEntry)
      return true
    case 'certificate':
      await saveCertificate(tx, entry as CertificateEntry & RecordEntry)
      return true
    case 'recall': {
      const { recallId, gtin, lot, reasonVi, reasonEn, state, isForward, t } = entry as RecallEntry &
        RecordEntry
      await sql`INSERT INTO recall VALUES (${recallId}, ${gtin}, ${lot}, ${reasonVi}, ${reasonEn}, ${state}, ${isForward ? 1 : 0}, ${t}, ${t})
        ON CONFLICT (recall_id) DO UPDATE SET reason_vi = excluded.reason_vi, reason_en = excluded.reason_en, state = excluded.state,
          is_forward = excluded.is_forward, decided_at = excluded.decided_at`.execute(tx)
      return true
    }
    case 'holder': {
      const { farmId, field, commitment, t } = entry as HolderEntry & RecordEntry
      await sql`INSERT INTO holder VALUES (${farmId}, ${field}, ${commitment}, ${t})
        ON CONFLICT (farm_id, field) DO UPDATE SET commitment = excluded.commitment, decided_at = excluded.decided_at`.execute(
        tx,
      )
      return true
    }
    case 'consent': {
      const { farmId, purpose, state, form, t } = entry as ConsentEntry & RecordEntry
      await sql`INSERT INTO consent VALUES (${farmId}, ${purpose}, ${state}, ${form}, ${t})
        ON CONFLICT (farm_id, purpose) DO UPDATE SET state = excluded.state, form = excluded.form, decided_at = excluded.decided_at`.execute(
        tx,
      )
      return true
    }
    default:
      return false
  }
}

async function saveArea(tx: Tx, area: GrowingAreaEntry & RecordEntry): Promise<void> {
  await sql`INSERT INTO growing_area VALUES (${area.gln}, ${area.code}, ${area.areaKind}, ${area.issuer}, ${area.holderFarmId}, ${area.crop},
      ${area.variety}, ${area.areaHa}, ${area.yieldKgPerHa}, ${area.seasonsPerYear}, ${area.markets}, ${area.commune}, ${area.validFrom},
      ${area.validTo}, ${area.isWithdrawn ? 1 : 0}, ${area.t})
    ON CONFLICT (gln, code) DO UPDATE SET area_kind = excluded.area_kind, issuer = excluded.issuer, holder_farm_id = excluded.holder_farm_id,
      crop = excluded.crop, variety = excluded.variety, area_ha = excluded.area_ha, yield_kg_per_ha = excluded.yield_kg_per_ha,
      seasons_per_year = excluded.seasons_per_year, markets = excluded.markets, commune = excluded.commune, valid_from = excluded.valid_from,
      valid_to = excluded.valid_to, is_withdrawn = excluded.is_withdrawn, decided_at = excluded.decided_at`.execute(
    tx,
  )
}

async function saveCertificate(tx: Tx, certificate: CertificateEntry & RecordEntry): Promise<void> {
  const { certificateNo, body, scheme, farmId, crop, validFrom, validTo, isWithdrawn, t } = certificate
  await sql`INSERT INTO certificate VALUES (${certificateNo}, ${body}, ${scheme}, ${farmId}, ${crop}, ${validFrom}, ${validTo},
      ${isWithdrawn ? 1 : 0}, ${t})
    ON CONFLICT (certificate_no, body) DO UPDATE SET scheme = excluded.scheme, farm_id = excluded.farm_id, crop = excluded.crop,
      valid_from = excluded.valid_from, valid_to = excluded.valid_to, is_withdrawn = excluded.is_withdrawn, decided_at = excluded.decided_at`.execute(
    tx,
  )
}
