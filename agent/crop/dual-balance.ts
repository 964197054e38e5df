import { runoffMm } from './curve-number.ts'
import {
  coverFraction,
  type EvaporationLayer,
  evaporationCoefficient,
  evaporationReduction,
  exposedWettedFraction,
  kcMax,
  layerAfterMm,
} from './evaporation-layer.ts'
import {
  type Coefficients,
  coefficientOn,
  growthShareOn,
  rootDepthOn,
  type StageLengths,
  stageOn,
  windAt2mMs,
  within,
} from './growth-stages.ts'
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
 * The daily soil water balance with two coefficients, transpiration (Kcb) and evaporation from the soil (Ke): FAO-56
 * chapters 7 and 8, in the order of pyfao56 (Thorp 2022, doi:10.1016/j.softx.2022.101208), whose published runs it
 * reproduces. Roots that grow are taken to find soil at field capacity: depletion stays, TAW grows.
 *
 *   rain ─ runoff ┐                        ┌ Ke·ET0      few = min(1 − fc, fw)
 *                 ├→ surface (De ≤ TEW) ───┤
 *   irrigation ───┘→ root zone (Dr ≤ TAW) ─┴ Ks·Kcb·ET0  → deep percolation when Dr would fall below 0
 */
export interface DualPlot extends StressRules {
  readonly soil: SoilWaterHolding
  readonly surface: EvaporationLayer
  readonly stages: StageLengths
  readonly kcb: Coefficients
  /** Kc of bare dry soil, equation 76; pyfao56 takes Kcb ini. */
  readonly kcMin: number
  readonly heightIniM: number
  readonly heightMaxM: number
  readonly rootIniM: number
  readonly rootMaxM: number
  /** What ET0 was computed for. */
  readonly reference: 'short' | 'tall'
  readonly windHeightM: number
  /** The curve number of the middle moisture class, when runoff is computed. */
  readonly cn2?: number
}

/** NaN is a gap. Measured values are optional and overrule the curve's. */
export interface DualDay {
  /** Days since planting. */
  readonly day: number
  readonly et0Mm: number
  readonly rainMm: number
  /** As put out, and the share of it that reaches the soil, 0 to 1. */
  readonly irrigationMm: number
  readonly efficiency: number
  /** Share of the ground that the irrigation wets (table 20). */
  readonly fw: number
  readonly windMs: number
  readonly rhMinPct: number
  readonly kcb: number
  readonly heightM: number
  readonly coverFraction: number
  /** Water content of the root zone at the day's end, m³/m³: the balance goes on from it. */
  readonly theta: number
}

/** What goes on from day to day. `deMm` and `drMm` mean nothing when `trust` is `unknown`. */
export interface DualState {
  readonly deMm: number
  readonly drMm: number
  readonly fw: number
  readonly heightM: number
  /** What a measured Kcb was above the curve; it carries on along the slope. */
  readonly kcbAbove: number
  readonly trust: Trust
}

/** A day's fluxes (mm) and the state at its end. NaN where the state is unknown. */
export interface DualResult {
  readonly kcb: number
  readonly heightM: number
  readonly rootM: number
  readonly kcMax: number
  readonly coverFraction: number
  readonly tawMm: number
  readonly few: number
  readonly kr: number
  readonly ke: number
  readonly etcMm: number
  readonly p: number
  readonly rawMm: number
  readonly ks: number
  readonly evaporationMm: number
  readonly transpirationMm: number
  readonly etaMm: number
  readonly dpMm: number
  readonly roMm: number
  readonly deMm: number
  readonly drMm: number
  /** See `rootZoneAfter`. */
  readonly belowWpMm: number
  /** What a measured water content added to the depletion. */
  readonly resetMm: number
}

/** The state before `day`, with the surface dry (FAO-56 page 153) and the root zone at `theta`. */
export function dualStateBefore(
  plot: DualPlot,
  day: number,
  theta: number,
  trust: 'certain' | 'assumed',
): DualState {
  const before = Math.max(0, day - 1)
  const share = growthShareOn(before, plot.stages)
  return {
    deMm: plot.surface.tewMm,
    drMm: depletionAtMm(plot.soil, theta, rootDepthOn(before, plot.stages, plot.rootIniM, plot.rootMaxM)),
    fw: 1,
    heightM: plot.heightIniM + (plot.heightMaxM - plot.heightIniM) * share,
    kcbAbove: 0,
    trust,
  }
}

export function advanceDual(
  plot: DualPlot,
  before: DualState,
  day: DualDay,
): { state: DualState; result: DualResult } {
  const canopy = canopyOn(plot, before, day)
  const rootM = rootDepthOn(day.day, plot.stages, plot.rootIniM, plot.rootMaxM)
  const tawMm = totalAvailableMm(plot.soil, rootM)
  const isGap = Number.isNaN(day.et0Mm) || Number.isNaN(day.rainMm)
  const effectiveMm = day.irrigationMm * day.efficiency
  // Water for the whole root zone ends every doubt about what was there: from its driest, that day's ET is the error.
  const roDryMm = isGap ? Number.NaN : runoffOf(plot, plot.surface.tewMm, day.rainMm)
  const isRefill = !isGap && day.rainMm - roDryMm + effectiveMm >= tawMm
  const wasUnknown = before.trust === 'unknown'
  const isUnknown = isGap || (wasUnknown && !isRefill)
  const start = isUnknown
    ? { deMm: Number.NaN, drMm: Number.NaN }
    : wasUnknown
      ? { deMm: plot.surface.tewMm, drMm: tawMm }
      : before

  const roMm = isUnknown ? Number.NaN : runoffOf(plot, start.deMm, day.rainMm)
  const effectiveRainMm = day.rainMm - roMm
  const isIrrigated = day.irrigationMm > 0
  // Table 20: irrigation sets the wetted share, also on a day of rain; 3 mm of rain alone wet everything.
  const fw = isIrrigated ? day.fw : day.rainMm >= 3 ? 1 : before.fw
  const few = exposedWettedFraction(canopy.coverFraction, fw)
  const kr = isUnknown ? Number.NaN : evaporationReduction(plot.surface, start.deMm)
  const ke = evaporationCoefficient(kr, canopy.kcMax, canopy.kcb, few)
  const evaporationMm = ke * day.et0Mm
  const deMm = layerAfterMm(plot.surface, start.deMm, {
    rainMm: effectiveRainMm,
    irrigationMm: effectiveMm,
    fw,
    evaporationMm,
    few,
  })

  const etcMm = (ke + canopy.kcb) * day.et0Mm
  const p = depletionFraction(plot, etcMm)
  const ks = stressCoefficient(plot.ks, start.drMm, tawMm, p)
  const transpirationMm = ks * canopy.kcb * day.et0Mm
  const etaMm = transpirationMm + evaporationMm
  const zone = rootZoneAfter(start.drMm, effectiveRainMm + effectiveMm, etaMm, tawMm)

  const isMeasured = !Number.isNaN(day.theta)
  const drMm = isMeasured ? within(0, depletionAtMm(plot.soil, day.theta, rootM), tawMm) : zone.drMm
  const trust: Trust = isMeasured || isRefill ? 'certain' : isUnknown ? 'unknown' : before.trust
  return {
    state: {
      // After a gap a reading tells of the root zone, not of its surface, which is then taken as dry.
      deMm: Number.isNaN(deMm) ? plot.surface.tewMm : deMm,
      drMm,
      fw,
      heightM: canopy.heightM,
      kcbAbove: canopy.kcbAbove,
      trust,
    },
    result: {
      kcb: canopy.kcb,
      heightM: canopy.heightM,
      rootM,
      kcMax: canopy.kcMax,
      coverFraction: canopy.coverFraction,
      tawMm,
      few,
      kr,
      ke,
      etcMm,
      p,
      rawMm: p * tawMm,
      ks,
      evaporationMm,
      transpirationMm,
      etaMm,
      dpMm: zone.dpMm,
      roMm,
      deMm,
      drMm,
      belowWpMm: zone.belowWpMm,
      resetMm: isUnknown ? Number.NaN : drMm - zone.drMm,
    },
  }
}

const runoffOf = ({ cn2, surface }: DualPlot, deMm: number, rainMm: number): number =>
  cn2 === undefined ? 0 : runoffMm(rainMm, cn2, { deMm, ...surface })

/** Kcb, height and cover: from the curve, or from what was measured. */
function canopyOn(plot: DualPlot, before: DualState, day: DualDay) {
  const curve = coefficientOn(day.day, plot.stages, plot.kcb)
  const stage = stageOn(day.day, plot.stages)
  const isSloped = stage === 'development' || stage === 'late-season'
  const kcbAbove = Number.isNaN(day.kcb) ? (isSloped ? before.kcbAbove : 0) : day.kcb - curve
  const kcb = Number.isNaN(day.kcb) ? curve + kcbAbove : day.kcb
  const { ini, mid } = plot.kcb
  // The crop grows as its Kcb rises; where Kcb does not rise (an evergreen), as its stages go.
  const share = mid === ini ? growthShareOn(day.day, plot.stages) : (kcb - ini) / (mid - ini)
  const grownM = Math.max(
    0.001,
    before.heightM,
    plot.heightIniM + (plot.heightMaxM - plot.heightIniM) * share,
  )
  const heightM = Number.isNaN(day.heightM) ? grownM : day.heightM
  const max = kcMax(plot.reference, kcb, windAt2mMs(day.windMs, plot.windHeightM), day.rhMinPct, heightM)
  return {
    kcb,
    kcbAbove,
    heightM,
    kcMax: max,
    coverFraction: Number.isNaN(day.coverFraction)
      ? coverFraction(kcb, plot.kcMin, max, heightM)
      : day.coverFraction,
  }
}
