import { sql } from 'kysely'
import { ACTIVITY_DETAILS, isActivityType } from '#contract/wire/farm-book.ts'
import type { Db } from '../../store/open-store.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import type { LotName, LotPart } from '../lot-tree.ts'
import { type StandingActivity, standingOnPlot } from '../standing.ts'
import type { CheckEvidence, LotCheck } from './lot-check.ts'

const DAY_MS = 86_400_000
const SEASON_DAYS = 120

interface Known {
  readonly productName: string
  readonly farmName: string
  readonly commune: string
  /** Valid on the day of the first picking. */
  readonly certificates: number
  readonly hasPicture: boolean
  readonly events: number
  readonly diary: readonly StandingActivity[]
  readonly parts: readonly LotPart[]
}

/**
 * The ten minimum items of Circular 02/2024/TT-BKHCN. Brand and shelf life are asked "if any" and don't count. The
 * picture is a photo that somebody took at the harvest or the packing.
 */
export async function completenessCheck(
  db: Db,
  lot: LotName,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const known = await knownOf(db, lot, parts, calendar)
  const items: [string, boolean][] = [
    ['item-product-name', known.productName !== ''],
    ['item-picture', known.hasPicture],
    ['item-producer', known.farmName !== ''],
    ['item-address', known.commune !== ''],
    ['item-stages', known.events > 0 && parts.every(({ areaCode }) => areaCode !== null) && parts.length > 0],
    ['item-time', parts.length > 0],
    ['item-trace-code', true],
    ['item-standard', known.certificates > 0],
  ]
  const missing = items.filter(([, isThere]) => !isThere).map(([code]) => code)
  const vague = known.diary.flatMap(missingDetails)
  const evidence: CheckEvidence[] = [
    { code: 'items', facts: { there: items.length - missing.length, of: items.length } },
    ...missing.map((code) => ({ code, facts: {} })),
    ...vague.slice(0, MAX_VAGUE),
  ]
  const verdict = missing.length > 0 || vague.length > 0 ? 'fail' : 'pass'
  return { code: 'completeness', verdict, evidence }
}

/** Decree 37/2026/NĐ-CP art. 32: what a digital product passport says at least. Dates and warnings are asked "if any". */
export async function passportCheck(
  db: Db,
  lot: LotName,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const known = await knownOf(db, lot, parts, calendar)
  const items: [string, boolean][] = [
    ['item-product-name', known.productName !== ''],
    ['item-producer', known.farmName !== ''],
    ['item-address', known.commune !== ''],
    // A number of the holder's own: GLN of the growing area.
    ['item-producer-id', parts.length > 0 && parts.every(({ gln }) => gln !== null)],
    ['item-origin', parts.length > 0],
    ['item-trace-info', known.events > 0],
  ]
  const missing = items.filter(([, isThere]) => !isThere).map(([code]) => code)
  return {
    code: 'passport',
    verdict: missing.length > 0 ? 'fail' : 'pass',
    evidence: [
      { code: 'items', facts: { there: items.length - missing.length, of: items.length } },
      ...missing.map((code) => ({ code, facts: {} })),
    ],
  }
}

// A season's diary that says little says it everywhere; the first few are enough to see how.
const MAX_VAGUE = 5

/** What the rules ask of an activity of its type and it does not say. */
function missingDetails({ type, plot, details, activityId }: StandingActivity): CheckEvidence[] {
  if (!isActivityType(type)) return []
  const lacks = Object.entries(ACTIVITY_DETAILS[type])
    .filter(([key, { isNeeded }]) => isNeeded && (details[key] === undefined || details[key] === ''))
    .map(([key]) => key)
  return lacks.length === 0
    ? []
    : [{ code: 'activity-vague', facts: { type, plot, activityId, lacks: lacks.join(', ') } }]
}

async function knownOf(
  db: Db,
  { gtin, lot }: LotName,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<Known> {
  const [first] = parts
  const day = first ? calendar.dayOf(first.harvestedAt) : ''
  const farmIds = [...new Set(parts.map(({ farmId }) => farmId))]
  const { rows } = await sql<{
    name: string | null
    commune: string | null
    product: string | null
    certificates: number
    pictures: number
    events: number
  }>`SELECT
      (SELECT min(name) FROM farm WHERE farm_id = ${first?.farmId ?? ''}) AS name,
      (SELECT min(commune) FROM farm WHERE farm_id = ${first?.farmId ?? ''}) AS commune,
      (SELECT min(product_vi) FROM allocation WHERE gtin = ${gtin}) AS product,
      (SELECT count(*) FROM certificate WHERE farm_id IN (${sql.join(['', ...farmIds])}) AND is_withdrawn = 0
        AND (valid_from = '' OR valid_from <= ${day}) AND (valid_to = '' OR valid_to >= ${day})) AS certificates,
      (SELECT count(*) FROM activity_lot l JOIN activity a ON a.agent = l.agent AND a.activity_id = l.activity_id
        WHERE l.gtin = ${gtin} AND l.lot = ${lot} AND l.side = 'out' AND a.photos <> '[]') +
      (SELECT count(*) FROM lot_part p JOIN activity a ON a.agent = p.agent AND a.activity_id = p.activity_id
        WHERE p.gtin = ${gtin} AND p.lot = ${lot} AND a.photos <> '[]') AS pictures,
      (SELECT count(*) FROM event WHERE gtin = ${gtin} AND lot = ${lot}) AS events`.execute(db)
  const diary: StandingActivity[] = []
  for (const part of new Map(parts.map((each) => [`${each.agent} ${each.plot}`, each])).values())
    diary.push(
      ...(await standingOnPlot(db, part, [
        part.harvestedAt - SEASON_DAYS * DAY_MS,
        part.harvestedAt + DAY_MS,
      ])),
    )
  const row = rows[0]
  return {
    productName: row?.product ?? '',
    farmName: row?.name ?? '',
    commune: row?.commune ?? '',
    certificates: Number(row?.certificates ?? 0),
    hasPicture: Number(row?.pictures ?? 0) > 0,
    events: Number(row?.events ?? 0),
    diary,
    parts,
  }
}
