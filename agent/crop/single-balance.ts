import { runoffMm } from './curve-number.ts'
import { within } from './growth-stages.ts'
import {
  depletionAtMm,
  depletionFraction,
  rootZoneAfter,
  type SoilWaterHolding,
  type StressRules,
  stressCoefficient,
  type Trust,
  totalAvailableMm,
} from './root-zone.ts'

/**
 * The daily soil water balance with one coefficient for crop and soil together: FAO-56 chapter 6 (equation 58) and
 * chapter 8 (equations 81–88). What a farm needs for irrigation; the dual balance tells more where the surface is
 * wetted often.
 */
export interface SinglePlot extends StressRules {
  readonly soil: SoilWaterHolding
  /** The curve number of the day's moisture class, when runoff is computed. */
  readonly cn2?: number
}

/** NaN is a gap. */
export interface SingleDay {
  readonly kc: number
  readonly rootM: number
  readonly et0Mm: number
  readonly rainMm: number
  /** As put out, and the share of it that reaches the root zone, 0 to 1. */
  readonly irrigationMm: number
  readonly efficiency: number
  /** Water content of the root zone at the day's end, m³/m³: the balance goes on from it. */
  readonly theta: number
}

/** `trust` as in the dual balance; `drMm` means nothing when `trust` is `unknown`. */
export interface SingleState {
  readonly drMm: number
  readonly trust: Trust
}

/** A day's fluxes (mm) and the depletion at its end. NaN where the state is unknown. */
export interface SingleResult {
  readonly tawMm: number
  readonly p: number
  readonly rawMm: number
  readonly etcMm: number
  readonly ks: number
  readonly etaMm: number
  readonly dpMm: number
  readonly roMm: number
  readonly drMm: number
  /** What a measured water content added to the depletion. */
  readonly resetMm: number
}

/** Before the first day: wetter than field capacity drains, drier than the wilting point is none of TAW. */
export const singleStateBefore = (
  { soil }: SinglePlot,
  rootM: number,
  theta: number,
  trust: 'certain' | 'assumed',
): SingleState => ({
  drMm: within(0, depletionAtMm(soil, theta, rootM), totalAvailableMm(soil, rootM)),
  trust,
})

/**
 * One day. A day without ET0 or rain leaves the state unknown until water for the whole root zone (TAW) arrives or the
 * soil is measured; a refill is then counted from the wilting point, so that at most the day's ET is wrong.
 * ETa stops at the wilting point, so that Dr = before − (rain − runoff) − irrigation + ETa + DP to the last bit.
 */
export function advanceSingle(
  plot: SinglePlot,
  before: SingleState,
  day: SingleDay,
): { state: SingleState; result: SingleResult } {
  const tawMm = totalAvailableMm(plot.soil, day.rootM)
  const roMm = plot.cn2 === undefined ? 0 : runoffMm(day.rainMm, plot.cn2)
  const inMm = day.rainMm - roMm + day.irrigationMm * day.efficiency
  const etcMm = day.kc * day.et0Mm
  const isGap = Number.isNaN(inMm) || Number.isNaN(etcMm)
  const isRefill = !isGap && inMm >= tawMm
  const isUnknown = isGap || (before.trust === 'unknown' && !isRefill)
  const startMm = isUnknown ? Number.NaN : before.trust === 'unknown' ? tawMm : before.drMm

  const p = depletionFraction(plot, etcMm)
  const ks = stressCoefficient(plot.ks, startMm, tawMm, p)
  const etaMm = Math.min(ks * etcMm, Math.max(0, tawMm - startMm + inMm))
  const zone = rootZoneAfter(startMm, inMm, etaMm, tawMm)

  const isMeasured = !Number.isNaN(day.theta)
  const drMm = isMeasured ? within(0, depletionAtMm(plot.soil, day.theta, day.rootM), tawMm) : zone.drMm
  const trust: Trust = isMeasured || isRefill ? 'certain' : isUnknown ? 'unknown' : before.trust
  return {
    state: { drMm, trust },
    result: {
      tawMm,
      p,
      rawMm: p * tawMm,
      etcMm,
      ks,
      etaMm,
      dpMm: zone.dpMm,
      roMm: isGap ? Number.NaN : roMm,
      drMm,
      resetMm: isUnknown ? Number.NaN : drMm - zone.drMm,
    },
  }
}
