/**
 * Saturation vapour pressure over water, kPa, at an air temperature in °C.
 * FAO Irrigation and Drainage Paper 56 (Allen et al. 1998), equation 11 (Tetens 1930, Murray 1967).
 */
export const saturationVapourPressureKpa = (airTempC: number): number =>
  0.6108 * Math.exp((17.27 * airTempC) / (airTempC + 237.3))

/**
 * Vapour-pressure deficit in kPa from air temperature (°C, −40 to 60) and relative humidity (%, 0 to 100; up to 105
 * is taken as 100, for cheap hygrometers drift there at night). NaN outside. FAO-56 equations 11 and 54.
 */
export function vapourPressureDeficitKpa(airTempC: number, humidityPct: number): number {
  if (!(airTempC >= -40 && airTempC <= 60 && humidityPct >= 0 && humidityPct <= 105)) return Number.NaN
  return saturationVapourPressureKpa(airTempC) * (1 - Math.min(100, humidityPct) / 100)
}

/** Dew point in °C from air temperature (°C) and relative humidity (%, above 0): equation 11 turned around. NaN outside. */
export function dewPointC(airTempC: number, humidityPct: number): number {
  if (!(airTempC >= -40 && airTempC <= 60 && humidityPct > 0 && humidityPct <= 105)) return Number.NaN
  const share = Math.log((saturationVapourPressureKpa(airTempC) * Math.min(100, humidityPct)) / 100 / 0.6108)
  return (237.3 * share) / (17.27 - share)
}
