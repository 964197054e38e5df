import { pressureKpa } from './air.ts'
import { dewPointC, saturationVapourPressureKpa } from './vpd.ts'

/**
 * Wet-bulb temperature, °C, from air temperature (°C, −40 to 60), relative humidity (%, above 0; up to 105 is taken as
 * 100) and elevation (m): the thermodynamic one, at which water that evaporates into the air saturates it with the
 * heat that the air itself gives (ASHRAE Handbook of Fundamentals 2017, chapter 1, equation 33), sought between the
 * dew point and the air to 0.0001 °C. Below 0 °C it is that over supercooled water, some tenths from what a frozen
 * wick shows. NaN outside.
 */
export function wetBulbC(airTempC: number, humidityPct: number, elevM: number): number {
  const dew = dewPointC(airTempC, humidityPct)
  if (Number.isNaN(dew) || !Number.isFinite(elevM)) return Number.NaN
  const airPressure = pressureKpa(elevM)
  /** kg of water with a kg of dry air. */
  const mixingRatio = (vapourKpa: number) => (0.621945 * vapourKpa) / (airPressure - vapourKpa)
  const eaKpa = (saturationVapourPressureKpa(airTempC) * Math.min(100, humidityPct)) / 100
  const wanted = mixingRatio(eaKpa)
  const ratioOf = (wetC: number) =>
    ((2501 - 2.326 * wetC) * mixingRatio(saturationVapourPressureKpa(wetC)) - 1.006 * (airTempC - wetC)) /
    (2501 + 1.86 * airTempC - 4.186 * wetC)
  let [low, high] = [Math.min(dew, airTempC), airTempC]
  while (high - low > 1e-4) {
    const middle = (low + high) / 2
    if (ratioOf(middle) < wanted) low = middle
    else high = middle
  }
  return (low + high) / 2
}
