import { daysBetween } from './calendar.ts'
import { CROPS } from './crops.ts'
import { coefficientOn, EVERGREEN, rootDepthOn } from './growth-stages.ts'
import {
  advanceSingle,
  type SinglePlot,
  type SingleResult,
  type SingleState,
  singleStateBefore,
} from './single-balance.ts'
import { middle, SOILS } from './soils.ts'

/** The running water balance of a plot, a day at a time, from the state in which the day before ended. */
export interface BalancePlan {
  readonly plot: SinglePlot
  /** Share of irrigation that reaches the roots. */
  readonly efficiency: number
  readonly kcOn: (date: string) => number
  readonly rootOn: (date: string) => number
  /** What stands in for what: `kc-from-estimate`, `kc-from-mid-season`, `soil-from-texture`. */
  readonly notes: readonly string[]
}

export interface BalanceWish {
  readonly crop: string
  readonly soil: string
  readonly plantedOn?: string | undefined
  readonly rootDepthM?: number | undefined
  readonly efficiency: number
}

export interface BalanceDayInput {
  readonly date: string
  readonly et0Mm: number
  readonly rainMm: number
  readonly irrigationMm: number
  /** Measured water content of the root zone at the day's end, m³/m³; NaN for none. */
  readonly theta: number
}

export interface BalanceDay {
  readonly date: string
  /** The snapshot from which the next day goes on. */
  readonly state: SingleState
  readonly result: SingleResult
  readonly irrigationMm: number
}

/** Undefined for a crop or soil that no table has. */
export function balancePlan(wish: BalanceWish): BalancePlan | undefined {
  const crop = CROPS.find(({ name }) => name === wish.crop)
  const soil = SOILS.find(({ name }) => name === wish.soil)
  if (!crop || !soil) return undefined
  const { plantedOn } = wish
  const stages = plantedOn === undefined ? undefined : crop.stages
  const deepM = wish.rootDepthM ?? crop.rootM[0]
  const seedlingM = Math.min(deepM, crop.rootIniM ?? deepM)
  const dayOf = (date: string) => Math.max(0, plantedOn === undefined ? 0 : daysBetween(plantedOn, date))
  return {
    plot: {
      pBase: crop.p,
      p: 'adjusted',
      ks: 'linear',
      soil: { thetaFc: middle(soil.thetaFc), thetaWp: middle(soil.thetaWp) },
    },
    efficiency: wish.efficiency,
    kcOn: (date) => (stages ? coefficientOn(dayOf(date), stages, crop.kc) : crop.kc.mid),
    rootOn: (date) => rootDepthOn(dayOf(date), stages ?? EVERGREEN, seedlingM, deepM),
    notes: [
      'soil-from-texture',
      ...(crop.standing === 'estimate' ? ['kc-from-estimate'] : []),
      ...(stages ? [] : ['kc-from-mid-season']),
    ],
  }
}

/** One day after `before`; without it the root zone is taken to be at field capacity, which is `assumed`. */
export function balanceDay(
  plan: BalancePlan,
  before: SingleState | undefined,
  day: BalanceDayInput,
): BalanceDay {
  const rootM = plan.rootOn(day.date)
  const start = before ?? singleStateBefore(plan.plot, rootM, plan.plot.soil.thetaFc, 'assumed')
  const { state, result } = advanceSingle(plan.plot, start, {
    kc: plan.kcOn(day.date),
    rootM,
    et0Mm: day.et0Mm,
    rainMm: day.rainMm,
    irrigationMm: day.irrigationMm,
    efficiency: plan.efficiency,
    theta: day.theta,
  })
  return { date: day.date, state, result, irrigationMm: day.irrigationMm }
}
