import { within } from './growth-stages.ts'

/**
 * Water in the root zone as a depletion below field capacity: FAO-56 chapter 8. Depths in mm over the whole ground,
 * water contents in m³ of water per m³ of soil.
 */
export interface SoilWaterHolding {
  readonly thetaFc: number
  readonly thetaWp: number
}

/**
 * How far a depletion can be relied on: `certain` from a measurement or a full refill on, `assumed` from one that was
 * taken for granted, `unknown` after a gap.
 */
export type Trust = 'certain' | 'assumed' | 'unknown'

/** How p goes with the day's ETc, and how stress goes with depletion. */
export interface StressRules {
  /** Table 22, for an ETc of 5 mm a day. */
  readonly pBase: number
  readonly p: 'adjusted' | 'constant'
  readonly ks: 'linear' | 'aquacrop'
}

/** Total available water, FAO-56 equation 82. */
export const totalAvailableMm = ({ thetaFc, thetaWp }: SoilWaterHolding, rootM: number): number =>
  1000 * (thetaFc - thetaWp) * rootM

/** Depletion of the root zone at a water content: FAO-56 equation 87. Below 0 above field capacity. */
export const depletionAtMm = ({ thetaFc }: SoilWaterHolding, theta: number, rootM: number): number =>
  1000 * (thetaFc - theta) * rootM

/** The share of TAW that may go before stress: FAO-56 page 162 and the note under table 22, within 0.1 to 0.8. */
export const depletionFraction = ({ pBase, p }: StressRules, etcMm: number): number =>
  p === 'constant' ? pBase : within(0.1, pBase + 0.04 * (5 - etcMm), 0.8)

/**
 * Ks, 0 to 1, from the depletion at the day's beginning: FAO-56 equation 84, or the convex curve of AquaCrop (Raes et
 * al. 2009, shape factor 1.5), which holds the crop's water use up for longer.
 */
export function stressCoefficient(rule: StressRules['ks'], drMm: number, tawMm: number, p: number): number {
  if (rule === 'linear') return within(0, (tawMm - drMm) / (tawMm - p * tawMm), 1)
  const shape = 1.5
  const relative = (drMm / tawMm - p) / (1 - p)
  return within(0, 1 - (Math.exp(shape * relative) - 1) / (Math.exp(shape) - 1), 1)
}

export interface RootZoneDay {
  readonly drMm: number
  /** Deep percolation, 0 or more. */
  readonly dpMm: number
  /** What was taken below the wilting point, and so is no part of TAW: see `rootZoneAfter`. */
  readonly belowWpMm: number
}

/**
 * One day of the root zone: FAO-56 equations 85, 86 and 88, without capillary rise. `inMm` is rain less runoff plus
 * the irrigation that reached the soil. Depletion stays within 0 and TAW; what bare soil loses while the root zone is
 * at its wilting point comes out of the surface layer, which dries to half the wilting point (equation 73), and is
 * given as `belowWpMm`, so that Dr = before − in + ETa + DP − belowWp to the last bit.
 */
export function rootZoneAfter(beforeMm: number, inMm: number, etaMm: number, tawMm: number): RootZoneDay {
  const dpMm = Math.max(0, inMm - etaMm - beforeMm)
  const openMm = beforeMm - inMm + etaMm + dpMm
  const drMm = within(0, openMm, tawMm)
  return { drMm, dpMm, belowWpMm: Math.max(0, openMm - tawMm) }
}
