/** Which reference surface, and by which book. */
export interface Reference {
  readonly method: 'fao56' | 'asce'
  /** Clipped grass of 0.12 m, or alfalfa of 0.50 m (ASCE only). */
  readonly surface: 'short' | 'tall'
}

export interface EnergyAndAir {
  /** Net radiation and soil heat flux, MJ/m² of the period. */
  readonly rn: number
  readonly g: number
  readonly airTempC: number
  readonly u2Ms: number
  /** Saturation and actual vapour pressure, kPa. */
  readonly esKpa: number
  readonly eaKpa: number
  /** Slope of the saturation curve and psychrometric constant, kPa/°C. */
  readonly slope: number
  readonly gamma: number
}

/**
 * Reference evapotranspiration of the period, mm, by the Penman–Monteith equation of FAO-56 (6 daily, 53 hourly) and
 * ASCE-EWRI 2005 (1): `cn` and `cd` are the surface's constants for the period. Below 0 where dew forms. A deficit
 * below 0, from sensors that disagree, counts as none.
 */
export function penmanMonteithMm(air: EnergyAndAir, cn: number, cd: number): number {
  const { rn, g, airTempC, u2Ms, esKpa, eaKpa, slope, gamma } = air
  const deficit = Math.max(0, esKpa - eaKpa)
  return (
    (0.408 * slope * (rn - g) + ((gamma * cn) / (airTempC + 273)) * u2Ms * deficit) /
    (slope + gamma * (1 + cd * u2Ms))
  )
}

/**
 * Reference evapotranspiration, mm a day, from temperature (°C) and extraterrestrial radiation (MJ/m²·day) alone
 * (Hargreaves and Samani 1985). FAO-56 equation 52; meant for means of five days and more.
 */
export const hargreavesMm = (tmeanC: number, tmaxC: number, tminC: number, ra: number): number =>
  Math.max(0, 0.0023 * (tmeanC + 17.8) * Math.sqrt(tmaxC - tminC) * 0.408 * ra)
