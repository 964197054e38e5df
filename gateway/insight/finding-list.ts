import { type RawBuilder, sql } from 'kysely'
import { labelWords, type ModelLabelWords } from '#contract/wire/model-words.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { Db } from '../store/open-store.ts'
import {
  type FindingCard,
  FROM_FINDING,
  findingCards,
  type PhotoShelf,
  SHOWN_AT,
  seenBy,
} from './finding-card.ts'

export const REVIEW_STATES = ['waiting', 'confirmed', 'corrected', 'not-usable', 'all'] as const
export type ReviewState = (typeof REVIEW_STATES)[number]
export const FINDING_ORDERS = ['unsure', 'newest'] as const
export type FindingOrder = (typeof FINDING_ORDERS)[number]

export interface FindingFilter {
  /** Empty for all. */
  readonly farmId: string
  readonly crop: string
  /** A label, `none` where the model said nothing, or empty for all. */
  readonly verdict: string
  readonly state: ReviewState
  /** `unsure` begins with what the model is least sure of: there an answer teaches most. */
  readonly order: FindingOrder
  /** From 1. */
  readonly page: number
}

export interface FindingList {
  readonly findings: readonly FindingCard[]
  /** Under the same filters but the state's. */
  readonly counts: Readonly<Record<ReviewState, number>>
  readonly page: number
  readonly pages: number
  /** What can be chosen, among the viewer's farms. */
  readonly farms: readonly { readonly farmId: string; readonly name: string }[]
  readonly crops: readonly string[]
  readonly verdicts: readonly VerdictChoice[]
}

export interface VerdictChoice {
  readonly verdict: string
  /** Null where no box has said what its model calls it. */
  readonly words: Pick<ModelLabelWords, 'vi' | 'en'> | null
}

const A_PAGE = 24
// Whoever turns so many pages wants a filter.
const MAX_PAGES = 500
// A list to choose from, read by people.
const MAX_CHOICES = 300

/** Findings of every farm of the viewer's. */
export async function findingList(
  db: Db,
  photos: PhotoShelf,
  viewer: Viewer,
  filter: FindingFilter,
): Promise<FindingList> {
  const chosen = [seenBy(viewer), ...conditions(filter)]
  const counts = await countsOf(db, sql`${sql.join(chosen, sql` AND `)}`)
  const pages = Math.max(1, Math.min(MAX_PAGES, Math.ceil(counts[filter.state] / A_PAGE)))
  const page = Math.max(1, Math.min(pages, Math.floor(filter.page)))
  const where = sql.join([...chosen, STATES[filter.state]], sql` AND `)
  const { rows: names } = await sql<{
    agent: string
    finding_id: string
  }>`SELECT f.agent, f.finding_id ${FROM_FINDING}
    WHERE ${where} ORDER BY ${ORDERS[filter.order]} LIMIT ${A_PAGE} OFFSET ${(page - 1) * A_PAGE}`.execute(db)
  const findings = await cardsOf(db, photos, names)
  return { findings, counts, page, pages, ...(await choices(db, viewer)) }
}

/** In the order of their names. */
async function cardsOf(
  db: Db,
  photos: PhotoShelf,
  names: readonly { readonly agent: string; readonly finding_id: string }[],
): Promise<FindingCard[]> {
  if (names.length === 0) return []
  const each = names.map((name) => sql`(f.agent = ${name.agent} AND f.finding_id = ${name.finding_id})`)
  const cards = await findingCards(db, photos, sql`WHERE ${sql.join(each, sql` OR `)}`)
  const byName = new Map(cards.map((card) => [`${card.agent} ${card.findingId}`, card]))
  return names.flatMap(({ agent, finding_id: id }) => byName.get(`${agent} ${id}`) ?? [])
}

function conditions({ farmId, crop, verdict }: FindingFilter): RawBuilder<unknown>[] {
  return [
    ...(farmId === '' ? [] : [sql`e.farm_id = ${farmId}`]),
    ...(crop === '' ? [] : [sql`f.crop = ${crop}`]),
    ...(verdict === '' ? [] : [verdict === 'none' ? sql`f.verdict IS NULL` : sql`f.verdict = ${verdict}`]),
  ]
}

const STATES: Readonly<Record<ReviewState, RawBuilder<unknown>>> = {
  waiting: sql`r.decision IS NULL`,
  confirmed: sql`r.decision = 'confirmed'`,
  corrected: sql`r.decision IN ('corrected', 'other')`,
  'not-usable': sql`r.decision = 'not-usable'`,
  all: sql`1 = 1`,
}

// An expression: by the bare column SQLite walks along the key and reads every row, not the index that holds all of this.
const BY_NAME = sql`f.finding_id || ''`

const ORDERS: Readonly<Record<FindingOrder, RawBuilder<unknown>>> = {
  // What no model judged comes last: a person sees no doubt of it there.
  unsure: sql`CASE WHEN f.sureness IS NULL THEN 1 ELSE 0 END, f.sureness, ${SHOWN_AT} DESC, ${BY_NAME}`,
  newest: sql`${SHOWN_AT} DESC, ${BY_NAME}`,
}

async function countsOf(db: Db, where: RawBuilder<unknown>): Promise<FindingList['counts']> {
  const { rows } = await sql<{
    decision: string | null
    count: number
  }>`SELECT r.decision, count(*) AS count ${FROM_FINDING}
    WHERE ${where} GROUP BY r.decision`.execute(db)
  const of = (...decisions: (string | null)[]): number =>
    rows.reduce((sum, row) => sum + (decisions.includes(row.decision) ? Number(row.count) : 0), 0)
  return {
    waiting: of(null),
    confirmed: of('confirmed'),
    corrected: of('corrected', 'other'),
    'not-usable': of('not-usable'),
    all: rows.reduce((sum, { count }) => sum + Number(count), 0),
  }
}

async function choices(db: Db, viewer: Viewer): Promise<Pick<FindingList, 'farms' | 'crops' | 'verdicts'>> {
  const seen = seenBy(viewer)
  const { rows: farms } = await sql<{ farm_id: string; name: string }>`SELECT e.farm_id, min(a.name) AS name
    FROM enrolment e JOIN farm a ON a.farm_id = e.farm_id
    WHERE ${seen} AND EXISTS (SELECT 1 FROM finding f WHERE f.agent = e.agent)
    GROUP BY e.farm_id ORDER BY 2, 1 LIMIT ${MAX_CHOICES}`.execute(db)
  const { rows: said } = await sql<{ crop: string; verdict: string | null }>`SELECT DISTINCT f.crop, f.verdict
    FROM enrolment e JOIN finding f ON f.agent = e.agent WHERE ${seen} ORDER BY 1, 2 LIMIT ${MAX_CHOICES}`.execute(
    db,
  )
  const { rows: models } = await sql<{ labels: string }>`SELECT min(m.labels) AS labels
    FROM enrolment e JOIN model m ON m.agent = e.agent WHERE ${seen} GROUP BY m.sha256 ORDER BY m.sha256 LIMIT 50`.execute(
    db,
  )
  const words = models.flatMap(({ labels }) => JSON.parse(labels) as ModelLabelWords[])
  const verdicts = new Map<string, VerdictChoice>()
  for (const { crop, verdict } of said)
    if (verdict !== null && !verdicts.has(verdict)) {
      const found = labelWords(words, crop, verdict)
      verdicts.set(verdict, { verdict, words: found ? { vi: found.vi, en: found.en } : null })
    }
  return {
    farms: farms.map(({ farm_id: farmId, name }) => ({ farmId, name })),
    crops: [...new Set(said.map(({ crop }) => crop))].filter((crop) => crop !== ''),
    verdicts: [...verdicts.values()],
  }
}
