import { sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { boxCodeOf } from '#contract/trace/lot-number.ts'
import type { PersonalField } from '#contract/wire/province-decisions.ts'
import { publicFacts } from '../accounts/holders.ts'
import type { Db } from '../store/open-store.ts'
import { STANDS } from '../store/standing.ts'
import type { LotHistory } from './answers.ts'
import { CONDITION_DAYS, CONDITIONS, type LotRow, lotEvents, lotHistory, lotParts } from './lot-history.ts'
import { type ConditionBand, conditionBands } from './lot-history-bands.ts'
import { type LotDiary, lotDiary } from './lot-history-diary.ts'
import { certificatesOf, type LotCertificate, type LotRecall, recallOf } from './lot-history-standing.ts'
import { type LotTree, lotTree, withOrigins } from './lot-history-tree.ts'

// A mixed pallet of more farms names them in its packing list.
const MAX_HOLDERS = 5

/** Everything that the public page of a lot says, from the plots to the shop. */
export interface LotStory extends LotHistory {
  readonly tree: LotTree
  readonly diary: LotDiary
  readonly bands: readonly ConditionBand[]
  readonly certificates: readonly LotCertificate[]
  readonly recall: LotRecall | null
  /** Where the fruit grew, each commune once. */
  readonly places: readonly { readonly commune: string; readonly province: string }[]
  /** What holders of its farms agreed to have shown; empty without their consent. */
  readonly holders: readonly Partial<Record<PersonalField, string>>[]
  /** Growing areas of its fruit, each once. */
  readonly areas: readonly { readonly gln: string; readonly code: string }[]
  /** Last picking; `harvestedAt` is the first. */
  readonly harvestedUntil: number
  /** The boxes whose word this is: when none of them said more, and neither did the province, it stands. */
  readonly boxes: readonly string[]
  /** More boxes than one have fruit in it: its conditions are those of the lots that it was made from. */
  readonly isMixed: boolean
}

/** `dayOf` is the province's calendar: ms UTC → YYYY-MM-DD. Null when nothing is known of the lot. */
export async function lotStory(
  db: Db,
  gtin: string,
  lot: string,
  { nowMs, dayOf }: { readonly nowMs: number; readonly dayOf: (ms: number) => string },
): Promise<LotStory | null> {
  const origins = await withOrigins(db, gtin, lot)
  const history = await lotHistory(db, gtin, lot)
  const parts = (await Promise.all(origins.map((each) => lotParts(db, each.gtin, each.lot)))).flat()
  const [first] = parts
  const base = history ?? (first ? await packedHistory(db, gtin, lot, parts) : null)
  if (!base || !first) return null
  const boxes = new Set(parts.map(({ agent }) => agent))
  const isMixed = boxes.size > 1
  const grown = parts.map((part) => ({
    farmId: part.farm_id,
    plot: part.plot,
    crop: part.crop,
    harvestedAt: part.harvested_at,
  }))
  const harvestedAt = Math.min(...parts.map((part) => part.harvested_at))
  const farmIds = unique(parts.map((part) => part.farm_id))
  const [tree, diary, bands, certificates, recall, holders] = await Promise.all([
    lotTree(db, gtin, lot),
    lotDiary(db, grown),
    isMixed
      ? []
      : conditionBands(db, first.agent, harvestedAt, { days: CONDITION_DAYS, quantities: CONDITIONS }),
    certificatesOf(db, farmIds, unique(parts.map((part) => part.crop)), dayOf(nowMs), dayOf(harvestedAt)),
    recallOf(db, origins),
    Promise.all(farmIds.slice(0, MAX_HOLDERS).map((farmId) => publicFacts(db, farmId, sha256))),
  ])
  return {
    ...base,
    harvestedAt,
    harvestedUntil: Math.max(...parts.map((part) => part.harvested_at)),
    tree,
    diary,
    bands,
    certificates,
    recall,
    holders: holders.filter((holder) => Object.keys(holder).length > 0),
    isMixed,
    boxes: unique([base.agent, ...boxes]),
    places: uniqueBy(
      parts.map(({ commune, province }) => ({ commune, province })),
      (place) => `${place.commune} ${place.province}`,
    ),
    areas: uniqueBy(
      parts.flatMap(({ gln, area_code: code }) => (gln && code ? [{ gln, code }] : [])),
      (area) => `${area.gln} ${area.code}`,
    ),
  }
}

/** A lot that was packed of others, and that no harvest names. */
async function packedHistory(
  db: Db,
  gtin: string,
  lot: string,
  parts: readonly LotRow[],
): Promise<LotHistory | null> {
  const { rows } = await sql<{ agent: string; farm_id: string; mass_kg: number; received_at: number }>`
    SELECT l.agent, e.farm_id, sum(l.mass_kg) AS mass_kg, min(a.received_at) AS received_at
    FROM activity_lot l JOIN activity a ON a.agent = l.agent AND a.activity_id = l.activity_id JOIN enrolment e ON e.agent = l.agent
    WHERE l.gtin = ${gtin} AND l.lot = ${lot} AND l.side = 'out' AND a.type = 'packed' AND e.box_code = ${boxCodeOf(lot)} AND ${STANDS}
    GROUP BY l.agent, e.farm_id`.execute(db)
  const [packed] = rows
  const [first] = parts
  if (!packed || !first) return null
  const named = await sql<{
    product_vi: string
    product_en: string
  }>`SELECT product_vi, product_en FROM allocation
    WHERE farm_id = ${packed.farm_id} AND gtin = ${gtin}`.execute(db)
  const area = parts.find((part) => part.gln && part.area_code)
  return {
    gtin,
    lot,
    productVi: named.rows[0]?.product_vi ?? '',
    productEn: named.rows[0]?.product_en ?? '',
    crop: first.crop,
    plot: first.plot,
    harvestedAt: first.harvested_at,
    massKg: Number(packed.mass_kg.toPrecision(12)),
    commune: first.commune,
    province: first.province,
    growingArea: area?.gln && area.area_code ? { gln: area.gln, code: area.area_code } : null,
    boxCode: boxCodeOf(lot),
    agent: packed.agent,
    receivedAt: packed.received_at,
    events: await lotEvents(db, packed.agent, gtin, lot),
    conditions: [],
  }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort()

const uniqueBy = <Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
]
