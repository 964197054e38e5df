import { saturationVapourPressureKpa } from './vpd.ts'

/** What the air is like at a place: pressure, psychrometric constant, slope, mean vapour pressure, wind at 2 m. */

/** Air pressure, kPa, at an elevation in m (−450 to 9,000). FAO-56 equation 7. */
export const pressureKpa = (elevM: number): number => 101.3 * ((293 - 0.0065 * elevM) / 293) ** 5.26

/** Psychrometric constant, kPa/°C, from air pressure in kPa. FAO-56 equation 8 with λ 2.45 MJ/kg. */
export const psychrometricKpaPerC = (airPressureKpa: number): number => 0.665e-3 * airPressureKpa

/** Slope of the saturation vapour pressure, kPa/°C, at an air temperature in °C. FAO-56 equation 13. */
export const slopeKpaPerC = (airTempC: number): number =>
  (4098 * saturationVapourPressureKpa(airTempC)) / (airTempC + 237.3) ** 2

/** Mean saturation vapour pressure of a day or month, kPa, from its extremes in °C. FAO-56 equation 12. */
export const meanSaturationKpa = (tmaxC: number, tminC: number): number =>
  (saturationVapourPressureKpa(tmaxC) + saturationVapourPressureKpa(tminC)) / 2

/**
 * Wind speed at 2 m, m/s, from that at another height over short grass, by the logarithmic profile. FAO-56 equation
 * 47; heights from 0.5 m. At 2 m it is what was measured, where the equation's rounding would give 1.0002 of it.
 */
export const windAt2m = (windMs: number, heightM: number): number =>
  heightM === 2 ? windMs : (windMs * 4.87) / Math.log(67.8 * heightM - 5.42)

/** Taken where no wind is measured, m/s at 2 m: the mean of some 2,000 stations. FAO-56 chapter 3. */
export const MEAN_WIND_MS = 2
