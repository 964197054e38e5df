import { sql } from 'kysely'
import {
  MAX_PHI_DAYS,
  type PreHarvestVerdict,
  preHarvest,
  type Treatment,
} from '#contract/trace/pre-harvest.ts'
import type { PreHarvestInterval } from '#contract/wire/farm-book.ts'
import type { Db } from '../../store/open-store.ts'
import type { FarmCalendar } from '../farm-calendar.ts'
import type { LotPart } from '../lot-tree.ts'
import { type StandingActivity, standingOnPlot } from '../standing.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

const DAY_MS = 86_400_000
const TREATMENTS = ['sprayed', 'fertilised']

/**
 * The pre-harvest interval of every picking, computed from the spray log and never taken from what was typed at the
 * harvest. Where the farm's own product list names a longer interval than the entry does, the longer one counts.
 * A treatment that was withdrawn or shortened after the harvest, and would have kept it closed, is told.
 */
export async function preHarvestCheck(
  db: Db,
  parts: readonly LotPart[],
  calendar: FarmCalendar,
): Promise<LotCheck> {
  const { dayOf } = calendar
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  if (parts.length === 0)
    return { code: 'pre-harvest', verdict: 'cant-tell', evidence: [{ code: 'no-harvest', facts: {} }] }
  for (const part of parts) {
    const harvestedOn = dayOf(part.harvestedAt)
    const span = [part.harvestedAt - (MAX_PHI_DAYS + 1) * DAY_MS, part.harvestedAt + DAY_MS] as const
    const standing = await standingOnPlot(db, part, span, TREATMENTS)
    const treatments = await asTreatments(db, part, standing, dayOf)
    const answer = preHarvest(treatments, harvestedOn)
    verdicts.push(VERDICT[answer.verdict])
    const facts = { lot: part.lot, plot: part.plot, harvestedOn }
    if (answer.verdict === 'unlogged') evidence.push({ code: 'phi-unlogged', facts })
    if (answer.verdict === 'clear')
      evidence.push({
        code: 'phi-clear',
        facts: { ...facts, allowedFrom: answer.allowedFrom ?? '', treatments: treatments.length },
      })
    for (const { product, appliedOn, phiDays } of answer.because)
      evidence.push({
        code: answer.verdict === 'inside' ? 'phi-inside' : 'phi-unknown',
        facts: {
          ...facts,
          product,
          appliedOn,
          phiDays: phiDays ?? '',
          allowedFrom: answer.allowedFrom ?? '',
        },
      })
    const hidden = await hiddenTreatments(db, part, dayOf)
    const before = preHarvest([...treatments, ...hidden], harvestedOn)
    if (before.verdict === 'inside' && answer.verdict !== 'inside') {
      verdicts.push('fail')
      for (const { product, appliedOn, phiDays } of before.because)
        evidence.push({
          code: 'phi-changed-later',
          facts: { ...facts, product, appliedOn, phiDays: phiDays ?? '' },
        })
    }
  }
  return { code: 'pre-harvest', verdict: worst(verdicts), evidence }
}

const VERDICT: Readonly<Record<PreHarvestVerdict, CheckVerdict>> = {
  clear: 'pass',
  inside: 'fail',
  unknown: 'cant-tell',
  unlogged: 'cant-tell',
}

async function asTreatments(
  db: Db,
  { agent, crop }: LotPart,
  activities: readonly Pick<StandingActivity, 'activityId' | 'type' | 'at' | 'details'>[],
  dayOf: (ms: number) => string,
): Promise<Treatment[]> {
  const ids = [...new Set(activities.map(({ details }) => String(details['productId'] ?? '')))].filter(
    Boolean,
  )
  const intervals = await productIntervals(db, agent, ids)
  return activities.flatMap(({ activityId, type, at, details }) => {
    const said = details['phiDays']
    const phi = typeof said === 'number' ? said : undefined
    const listed = (intervals.get(String(details['productId'] ?? '')) ?? [])
      .filter((interval) => interval.crop === crop)
      .map(({ days }) => days)
    const all = [...(phi === undefined ? [] : [phi]), ...listed]
    // A fertiliser has an interval only where somebody says so; a pesticide always has one.
    if (type === 'fertilised' && all.length === 0) return []
    const phiDays = all.length > 0 ? Math.max(...all) : undefined
    return [{ activityId, appliedOn: dayOf(at), phiDays, product: String(details['product'] ?? '') }]
  })
}

async function productIntervals(
  db: Db,
  agent: string,
  ids: readonly string[],
): Promise<Map<string, PreHarvestInterval[]>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{
    product_id: string
    intervals: string
  }>`SELECT product_id, intervals FROM product
    WHERE agent = ${agent} AND product_id IN (${sql.join(ids)})`.execute(db)
  return new Map(rows.map((row) => [row.product_id, JSON.parse(row.intervals) as PreHarvestInterval[]]))
}

/** Treatments of the plot that stood when the fruit was picked, and were withdrawn or replaced after it. */
async function hiddenTreatments(db: Db, part: LotPart, dayOf: (ms: number) => string): Promise<Treatment[]> {
  const { rows } = await sql<{
    activity_id: string
    type: string
    at: number
    details: string
  }>`SELECT a.activity_id, a.type, a.at, a.details
    FROM activity a JOIN activity c ON c.agent = a.agent AND c.corrects = a.activity_id AND c.corrects <> ''
    WHERE a.agent = ${part.agent} AND a.plot = ${part.plot} AND a.type IN ('sprayed', 'fertilised') AND a.is_withdrawn = 0
      AND a.at >= ${part.harvestedAt - MAX_PHI_DAYS * DAY_MS} AND a.at <= ${part.harvestedAt + DAY_MS}
      AND c.stated_at > ${part.harvestedAt} ORDER BY a.at, a.activity_id LIMIT 200`.execute(db)
  const activities = rows.map((row) => ({
    activityId: row.activity_id,
    type: row.type,
    at: Number(row.at),
    details: JSON.parse(row.details) as StandingActivity['details'],
  }))
  return asTreatments(db, part, activities, dayOf)
}
