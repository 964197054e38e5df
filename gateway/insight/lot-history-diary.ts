import { sql } from 'kysely'
import type { PreHarvestInterval } from '#contract/wire/farm-book.ts'
import type { Db } from '../store/open-store.ts'
import { STANDS } from '../store/standing.ts'

/** What the farm wrote down about the plots of a lot while its fruit grew. */
export interface LotDiary {
  /** Days before the harvest that were looked through. */
  readonly days: number
  readonly treatments: readonly LotTreatment[]
  readonly feeding: readonly { readonly product: string; readonly at: number }[]
  /** Diseases and pests that a person saw, or confirmed on a photo. */
  readonly sightings: readonly LotSighting[]
  readonly tests: readonly LotTest[]
  /** How many entries of any kind there are: a diary with none says nothing about sprays. */
  readonly entries: number
}

export interface LotTreatment {
  readonly product: string
  readonly activeSubstance: string
  readonly registrationNo: string
  readonly at: number
  /** Whole days that had to pass before picking; null when nobody wrote it down. */
  readonly phiDays: number | null
  readonly reason: string
}

export interface LotSighting {
  readonly what: string
  readonly organism: string
  readonly severityPct: number | null
  readonly isOfPhoto: boolean
  readonly at: number
  /** What the province says of that photo; null where nobody there has looked, or could not tell. */
  readonly review: SightingReview | null
}

export interface SightingReview {
  /** Whether it is what the model had said. */
  readonly isConfirmed: boolean
  readonly vi: string
  readonly en: string
  /** Empty where nobody named one. */
  readonly organism: string
}

export interface LotTest {
  readonly what: string
  readonly lab: string
  readonly reportNo: string
  readonly result: string
  readonly at: number
}

/** A plot whose fruit went into the lot. */
export interface Grown {
  readonly farmId: string
  readonly plot: string
  readonly crop: string
  readonly harvestedAt: number
}

// From flower bud to picking, with some weeks before it: what is sprayed earlier met other fruit. Dragon fruit takes 7
// weeks, chilli picks for 3 months, mango and durian take 4 to 5 months, coffee 8 to 9.
const GROWING_DAYS: Readonly<Record<string, number>> = {
  'dragon-fruit': 90,
  chilli: 120,
  mango: 180,
  durian: 180,
  coffee: 300,
}
const OTHER_DAYS = 180
const DAY_MS = 86_400_000
// A page for people. More sprays than this in a season would themselves be the news: the number is said.
const MAX_LINES = 40
const MAX_ENTRIES = 2000
const MAX_PLOTS = 40

export async function lotDiary(db: Db, grown: readonly Grown[]): Promise<LotDiary> {
  const days = Math.max(0, ...grown.map(({ crop }) => daysOf(crop)))
  const entries = new Map<string, { row: ActivityRow; crop: string }>()
  for (const { farmId, plot, crop, harvestedAt } of grown.slice(0, MAX_PLOTS)) {
    const { rows } = await sql<ActivityRow>`SELECT a.agent, a.activity_id, a.type, a.at, a.details
      FROM enrolment e JOIN activity a ON a.agent = e.agent
      WHERE e.farm_id = ${farmId} AND a.plot = ${plot} AND a.at > ${harvestedAt - daysOf(crop) * DAY_MS} AND a.at <= ${harvestedAt}
        AND a.type IN ('sprayed', 'fertilised', 'irrigated', 'lit', 'pruned', 'scouted', 'tested') AND ${STANDS}
      ORDER BY a.at LIMIT ${MAX_ENTRIES}`.execute(db)
    for (const row of rows) entries.set(`${row.agent} ${row.activity_id}`, { row, crop })
  }
  const ordered = [...entries.values()].sort((a, b) => a.row.at - b.row.at)
  const ofType = (type: string) =>
    ordered.filter(({ row }) => row.type === type).map((each) => detailed(each))
  const reviews = await reviewsOf(
    db,
    ofType('scouted').map(({ agent, text }) => ({ agent, findingId: text('findingId') })),
  )
  const intervals = await intervalsOf(db, [...new Set(ordered.map(({ row }) => row.agent))])
  return {
    days,
    entries: ordered.length,
    treatments: ofType('sprayed')
      .slice(-MAX_LINES)
      .map(({ agent, at, crop, text, number }) => ({
        product: text('product'),
        activeSubstance: text('activeSubstance'),
        registrationNo: text('registrationNo'),
        reason: text('reason'),
        at,
        phiDays: number('phiDays') ?? longest(intervals.get(`${agent} ${text('productId')}`), crop),
      })),
    feeding: ofType('fertilised')
      .slice(-MAX_LINES)
      .map(({ at, text }) => ({ product: text('product'), at })),
    sightings: ofType('scouted')
      .slice(-MAX_LINES)
      .map(({ agent, at, text, number }) => ({
        review: reviews.get(`${agent} ${text('findingId')}`) ?? null,
        what: text('what'),
        organism: text('organism'),
        severityPct: number('severityPct'),
        isOfPhoto: text('findingId') !== '',
        at,
      })),
    tests: ofType('tested')
      .slice(-MAX_LINES)
      .map(({ at, text }) => ({
        what: text('what'),
        lab: text('lab'),
        reportNo: text('reportNo'),
        result: text('result'),
        at,
      })),
  }
}

const daysOf = (crop: string): number => GROWING_DAYS[crop] ?? OTHER_DAYS

interface ActivityRow {
  agent: string
  activity_id: string
  type: string
  at: number
  details: string
}

function detailed({ row, crop }: { row: ActivityRow; crop: string }) {
  const details = JSON.parse(row.details) as Record<string, unknown>
  return {
    agent: row.agent,
    at: row.at,
    crop,
    text: (key: string): string => (typeof details[key] === 'string' ? details[key] : ''),
    number: (key: string): number | null => {
      const value = details[key]
      return typeof value === 'number' && Number.isFinite(value) ? value : null
    },
  }
}

/** By box and finding. The farm wrote the finding into its book: only of those the public hears what the province says. */
async function reviewsOf(
  db: Db,
  named: readonly { readonly agent: string; readonly findingId: string }[],
): Promise<Map<string, SightingReview>> {
  const found = new Map<string, SightingReview>()
  for (const { agent, findingId } of named.slice(-MAX_LINES)) {
    if (findingId === '') continue
    const { rows } = await sql<{ decision: string; vi: string; en: string; organism: string }>`SELECT
        decision, vi, en, organism FROM finding_review
      WHERE agent = ${agent} AND finding_id = ${findingId} AND stands = 1 AND decision <> 'not-usable'`.execute(
      db,
    )
    for (const { decision, ...said } of rows)
      found.set(`${agent} ${findingId}`, { isConfirmed: decision === 'confirmed', ...said })
  }
  return found
}

/** What a box's product list says, for a spray whose entry has no interval of its own. */
async function intervalsOf(
  db: Db,
  agents: readonly string[],
): Promise<Map<string, readonly PreHarvestInterval[]>> {
  const found = new Map<string, readonly PreHarvestInterval[]>()
  for (const agent of agents) {
    const { rows } = await sql<{
      product_id: string
      intervals: string
    }>`SELECT product_id, intervals FROM product WHERE agent = ${agent} ORDER BY product_id LIMIT ${MAX_ENTRIES}`.execute(
      db,
    )
    for (const row of rows)
      found.set(`${agent} ${row.product_id}`, JSON.parse(row.intervals) as PreHarvestInterval[])
  }
  return found
}

/** The longest interval of any market: a consumer does not know for which one it was picked. */
function longest(intervals: readonly PreHarvestInterval[] | undefined, crop: string): number | null {
  const days = (intervals ?? []).filter((each) => each.crop === crop).map((each) => each.days)
  return days.length > 0 ? Math.max(...days) : null
}
