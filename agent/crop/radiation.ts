import { declinationRad } from './sun.ts'

/** What reaches the ground, and what stays there. Radiation in MJ/m² of the period (day or hour). */

/** Albedo of the grass reference. */
const ALBEDO = 0.23

/** Solar radiation from hours of sunshine and of daylight. FAO-56 equation 35 with its a_s 0.25 and b_s 0.50. */
export const solarFromSunshine = (sunshineH: number, dayLength: number, ra: number): number =>
  (0.25 + (0.5 * sunshineH) / dayLength) * ra

/**
 * Solar radiation of a day from the difference of its extremes, °C, no more than a clear sky gives (Hargreaves).
 * FAO-56 equation 50; kRs 0.16 inland, 0.19 near the coast.
 */
export const solarFromTemperature = (
  tmaxC: number,
  tminC: number,
  ra: number,
  clearSky: number,
  krs: number,
): number => Math.min(clearSky, krs * Math.sqrt(tmaxC - tminC) * ra)

/** Clear-sky radiation from extraterrestrial radiation and elevation, m. FAO-56 equation 37. */
export const clearSky = (ra: number, elevM: number): number => (0.75 + 2e-5 * elevM) * ra

/**
 * Clear-sky radiation by turbidity and water vapour, from the sine of the sun's elevation, air pressure and vapour
 * pressure (kPa). ASCE-EWRI 2005 appendix D, equations D.1 to D.6, clean air (Kt 1).
 */
export function clearSkyFull(
  ra: number,
  sinElevation: number,
  airPressureKpa: number,
  eaKpa: number,
): number {
  // Below half a degree the path through the air has no end in this equation.
  const sin = Math.max(0.01, sinElevation)
  const waterMm = 0.14 * eaKpa * airPressureKpa + 2.1
  const beam = 0.98 * Math.exp((-0.00146 * airPressureKpa) / sin - 0.075 * (waterMm / sin) ** 0.4)
  const diffuse = beam >= 0.15 ? 0.35 - 0.36 * beam : 0.18 + 0.82 * beam
  return (beam + diffuse) * ra
}

/** Sine of the sun's elevation over a day, weighted by its radiation. ASCE-EWRI 2005 equation D.5. */
export function dailySinElevation(latDeg: number, dayOfYear: number): number {
  const lat = (Math.PI / 180) * latDeg
  const season = declinationRad(dayOfYear) / 0.409
  return Math.max(0, Math.sin(0.85 + 0.3 * lat * season - 0.42 * lat ** 2))
}

/**
 * How clear the sky is, Rs/Rso, 0.3 (overcast) to 1 (clear). FAO-56 has the upper limit, ASCE-EWRI 2005 both; without
 * the lower one a dark day would warm the ground by long waves.
 */
export const clearness = (rs: number, rso: number): number => Math.max(0.3, Math.min(1, rs / rso))

/** Net short-wave radiation. FAO-56 equation 38. */
export const netShortWave = (rs: number): number => (1 - ALBEDO) * rs

/** FAO-56 and ASCE-EWRI print the constant of Stefan and Boltzmann with another last digit, MJ/m²·day·K⁴. */
export const STEFAN_BOLTZMANN = { fao56: 4.903e-9, asce: 4.901e-9 } as const

/**
 * Net outgoing long-wave radiation from σT⁴ (the mean over the day's extremes, or of the hour), vapour pressure in
 * kPa and clearness. FAO-56 equation 39.
 */
export const netLongWave = (sigmaT4: number, eaKpa: number, clear: number): number =>
  sigmaT4 * (0.34 - 0.14 * Math.sqrt(eaKpa)) * (1.35 * clear - 0.35)
