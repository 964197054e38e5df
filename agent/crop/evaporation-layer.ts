import { within } from './growth-stages.ts'

/**
 * The upper 10–15 cm that the sun dries: FAO-56 chapter 7. Depths in mm over the wetted, exposed ground; coefficients
 * without unit.
 */
export interface EvaporationLayer {
  /** Totally evaporable water. */
  readonly tewMm: number
  /** What evaporates before the surface dries, table 19. */
  readonly rewMm: number
}

/** TEW, FAO-56 equation 73, for a layer `depthM` thick. */
export const totalEvaporableMm = (thetaFc: number, thetaWp: number, depthM: number): number =>
  1000 * (thetaFc - 0.5 * thetaWp) * depthM

/**
 * Kc max, FAO-56 equation 72: over grass reference with wind at 2 m (within 1 to 6 m/s), RHmin (20 to 80 %) and the
 * crop's height in m. Over the tall reference (alfalfa) it is 1.0 in any climate.
 */
export function kcMax(
  reference: 'short' | 'tall',
  kcb: number,
  windMs: number,
  rhMinPct: number,
  heightM: number,
): number {
  if (reference === 'tall') return Math.max(1, kcb + 0.05)
  const climate =
    (0.04 * (within(1, windMs, 6) - 2) - 0.004 * (within(20, rhMinPct, 80) - 45)) * (heightM / 3) ** 0.3
  return Math.max(1.2 + climate, kcb + 0.05)
}

/** Share of the ground under leaves, 0 to 0.99: FAO-56 equation 76. `kcMin` is Kc of bare dry soil with no cover. */
export function coverFraction(kcb: number, kcMin: number, max: number, heightM: number): number {
  const share = max > kcMin ? (kcb - kcMin) / (max - kcMin) : 0
  return within(0, Math.max(0, share) ** (1 + 0.5 * heightM), 0.99)
}

/** Share of the ground that is both wetted and in the sun, 0.01 to 1: FAO-56 equation 75. */
export const exposedWettedFraction = (fc: number, fw: number): number => within(0.01, Math.min(1 - fc, fw), 1)

/** Kr, 0 to 1: FAO-56 equation 74. */
export function evaporationReduction({ tewMm, rewMm }: EvaporationLayer, deMm: number): number {
  if (deMm >= tewMm) return 0
  return deMm <= rewMm ? 1 : (tewMm - deMm) / (tewMm - rewMm)
}

/** Ke: FAO-56 equation 71. */
export const evaporationCoefficient = (kr: number, max: number, kcb: number, few: number): number =>
  Math.min(kr * (max - kcb), few * max)

/**
 * Depletion of the layer after a day, 0 to TEW: FAO-56 equations 77 and 79, without transpiration from the layer and
 * without runoff in `rainMm`. Irrigation falls on the share `fw` only, evaporation leaves through `few`.
 */
export function layerAfterMm(
  layer: EvaporationLayer,
  deMm: number,
  day: { rainMm: number; irrigationMm: number; fw: number; evaporationMm: number; few: number },
): number {
  const inMm = day.rainMm + day.irrigationMm / day.fw
  const percolationMm = Math.max(0, inMm - deMm)
  return within(0, deMm - inMm + day.evaporationMm / day.few + percolationMm, layer.tewMm)
}
