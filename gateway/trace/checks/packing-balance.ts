import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import { STANDS } from '../../store/standing.ts'
import { type LotName, type LotPart, type LotStep, stepsOf } from '../lot-tree.ts'
import { type CheckEvidence, type CheckVerdict, type LotCheck, worst } from './lot-check.ts'

// Scales of a packing shed and the water that fruit loses overnight: two in a hundred.
const TOLERANCE = 0.02
// A lot goes through tens of packing runs; what was cut into more is looked at run by run.
const MAX_RUNS = 2000

/**
 * In = out through packing, and no lot gives more than it holds: what was packed or sent of it in all, whoever sent
 * it, against what was picked or packed into it. A label that is used twice shows here.
 */
export async function packingBalanceCheck(
  db: Db,
  lots: readonly LotName[],
  parts: readonly LotPart[],
): Promise<LotCheck> {
  const steps = await stepsOf(db, lots)
  const verdicts: CheckVerdict[] = []
  const evidence: CheckEvidence[] = []
  const runs = await runsOf(db, steps)
  for (const { gtin, lot } of lots) {
    const mine = (step: LotStep) => step.gtin === gtin && step.lot === lot
    const isA = (step: LotStep, ...types: string[]) =>
      types.includes(runs.get(`${step.agent} ${step.activityId}`)?.type ?? '')
    const picked = sum(parts.filter((part) => part.gtin === gtin && part.lot === lot))
    const packed = sum(steps.filter((step) => mine(step) && step.side === 'out'))
    const took = sum(steps.filter((step) => mine(step) && step.side === 'in' && isA(step, 'packed')))
    const sent = sum(steps.filter((step) => mine(step) && step.side === 'in' && isA(step, 'dispatched')))
    const has = picked + packed
    const facts = { lot, hasKg: rounded(has), packedOnKg: rounded(took), sentKg: rounded(sent) }
    if (has === 0 && took + sent > 0) {
      verdicts.push('cant-tell')
      evidence.push({ code: 'lot-without-origin', facts })
    } else if (took + sent > has * (1 + TOLERANCE)) {
      verdicts.push('fail')
      evidence.push({ code: 'more-out-than-in', facts })
    }
  }
  for (const { type, lossKg, inKg, outKg, packingHouse } of runs.values()) {
    if (type !== 'packed') continue
    const facts = { inKg: rounded(inKg), outKg: rounded(outKg), lossKg: rounded(lossKg), packingHouse }
    const isOver = outKg + lossKg > inKg * (1 + TOLERANCE)
    const isUnder = outKg + lossKg < inKg * (1 - TOLERANCE)
    // Fruit that went nowhere is no lie about this lot, but somebody may have packed it into another.
    verdicts.push(isOver ? 'fail' : isUnder ? 'cant-tell' : 'pass')
    evidence.push({ code: isOver ? 'packing-over' : isUnder ? 'packing-under' : 'packing-even', facts })
  }
  if (parts.length === 0 && steps.length === 0)
    return {
      code: 'mass-balance-packing',
      verdict: 'cant-tell',
      evidence: [{ code: 'no-harvest', facts: {} }],
    }
  if (verdicts.length === 0) evidence.push({ code: 'not-packed', facts: { lots: lots.length } })
  return { code: 'mass-balance-packing', verdict: worst(verdicts), evidence }
}

interface Run {
  readonly type: string
  readonly lossKg: number
  readonly packingHouse: string
  readonly inKg: number
  readonly outKg: number
}

async function runsOf(db: Db, steps: readonly LotStep[]): Promise<Map<string, Run>> {
  const wanted = [...new Map(steps.map((step) => [`${step.agent} ${step.activityId}`, step])).values()].slice(
    0,
    MAX_RUNS,
  )
  if (wanted.length === 0) return new Map()
  const ids = sql`VALUES ${sql.join(wanted.map(({ agent, activityId }) => sql`(${agent}, ${activityId})`))}`
  const { rows } = await sql<{
    agent: string
    activity_id: string
    type: string
    details: string
    in_kg: number
    out_kg: number
  }>`
    SELECT a.agent, a.activity_id, a.type, a.details,
      coalesce(sum(CASE WHEN l.side = 'in' THEN l.mass_kg END), 0) AS in_kg,
      coalesce(sum(CASE WHEN l.side = 'out' THEN l.mass_kg END), 0) AS out_kg
    FROM activity a JOIN activity_lot l ON l.agent = a.agent AND l.activity_id = a.activity_id
    WHERE (a.agent, a.activity_id) IN (${ids}) AND ${STANDS}
    GROUP BY a.agent, a.activity_id, a.type, a.details ORDER BY a.agent, a.activity_id`.execute(db)
  return new Map(
    rows.map((row) => {
      const details = JSON.parse(row.details) as Record<string, string | number>
      const { lossKg = 0, packingHouse = '' } = details
      const run = {
        type: row.type,
        lossKg: typeof lossKg === 'number' ? Math.max(0, lossKg) : 0,
        packingHouse: String(packingHouse),
        inKg: Number(row.in_kg),
        outKg: Number(row.out_kg),
      }
      return [`${row.agent} ${row.activity_id}`, run]
    }),
  )
}

const sum = (shares: readonly { readonly massKg: number }[]): number =>
  shares.reduce((total, { massKg }) => total + massKg, 0)

const rounded = (kg: number): number => Number(kg.toPrecision(12))
