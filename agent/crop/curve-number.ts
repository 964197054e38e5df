/**
 * Runoff of a day's rain by the curve number of the US Soil Conservation Service, as ASCE Manual 70 (2016, 2nd ed.)
 * ties it to the surface layer of FAO-56: its equations 14-12 to 14-20.
 */
export interface SurfaceWetness {
  /** Depletion of the surface layer at the day's beginning, its readily and its totally evaporable water, mm. */
  readonly deMm: number
  readonly rewMm: number
  readonly tewMm: number
}

/** `cn2` is the curve number of the middle moisture class, above 0 to 100. Gives mm, never more than the rain. */
export function runoffMm(rainMm: number, cn2: number, surface?: SurfaceWetness): number {
  const cn = surface ? curveNumber(cn2, surface) : cn2
  const storageMm = 250 * (100 / cn - 1)
  // The first fifth of the storage is wetted before anything runs off.
  const excessMm = rainMm - 0.2 * storageMm
  if (!(excessMm > 0)) return 0
  return Math.min(rainMm, excessMm ** 2 / (rainMm + 0.8 * storageMm))
}

/** Between the dry class (surface dried by stage 2) and the wet class (stage 1 not half done), by the surface's water. */
export function curveNumber(cn2: number, { deMm, rewMm, tewMm }: SurfaceWetness): number {
  const dry = cn2 / (2.281 - 0.01281 * cn2)
  const wet = cn2 / (0.427 + 0.00573 * cn2)
  const wetTo = 0.5 * rewMm
  const dryFrom = 0.7 * rewMm + 0.3 * tewMm
  if (deMm <= wetTo) return wet
  if (deMm >= dryFrom) return dry
  return ((deMm - wetTo) * dry + (dryFrom - deMm) * wet) / (dryFrom - wetTo)
}
