import {
  MEAN_WIND_MS,
  meanSaturationKpa,
  pressureKpa,
  psychrometricKpaPerC,
  slopeKpaPerC,
  windAt2m,
} from './air.ts'
import { penmanMonteithMm, type Reference } from './et0.ts'
import {
  clearness,
  clearSky,
  clearSkyFull,
  dailySinElevation,
  netLongWave,
  netShortWave,
  STEFAN_BOLTZMANN,
  solarFromSunshine,
  solarFromTemperature,
} from './radiation.ts'
import { dailyExtraterrestrialMjm2, dayLengthH } from './sun.ts'
import { saturationVapourPressureKpa } from './vpd.ts'

/** Where the station stands, and what is taken where it measures too little. */
export interface DailySite extends Reference {
  readonly latDeg: number
  readonly elevM: number
  readonly windHeightM: number
  /** 0.16 inland, 0.19 near the coast. */
  readonly krs: number
  /** How far the dew point lies below the lowest temperature where humidity is not measured, °C: 0 humid, 2–3 arid. */
  readonly tdewBelowTminC: number
  readonly clearSky: 'simple' | 'full'
}

/** Of a day, or the mean day of a month. NaN is what was not measured; the extremes must be. */
export interface DailyWeather {
  readonly dayOfYear: number
  readonly tmaxC: number
  readonly tminC: number
  readonly eaKpa: number
  readonly tdewC: number
  readonly rhmaxPct: number
  readonly rhminPct: number
  readonly rhPct: number
  /** MJ/m²·day. */
  readonly rs: number
  readonly sunshineH: number
  /** At the site's wind height. */
  readonly windMs: number
  /** Soil heat flux, MJ/m²·day; NaN is 0, as for a day. */
  readonly g: number
}

/** Radiation in MJ/m²·day. NaN where nothing could be computed. */
export interface DailyEt0 {
  readonly et0Mm: number
  readonly ra: number
  readonly rs: number
  readonly rso: number
  readonly rn: number
  readonly g: number
  readonly u2Ms: number
  readonly esKpa: number
  readonly eaKpa: number
  /** What stood in for what: `ea-from-tmin`. Empty when everything was measured. */
  readonly notes: readonly string[]
}

/**
 * Reference evapotranspiration of a day. FAO-56 equations 6 to 50, chapter 4's procedures for missing data; ASCE-EWRI
 * 2005 differs in constants. Air from −40 to 60 °C. What is measured is taken in this order:
 *
 *   vapour pressure  ea > dew point > RH max and min > RH max > RH mean > dew point taken as the lowest temperature
 *   radiation        measured > sunshine (equation 35) > temperature range (equation 50)
 *   wind             measured, at 2 m by the logarithmic profile > 2 m/s
 */
export function dailyEt0(weather: DailyWeather, site: DailySite): DailyEt0 {
  const { dayOfYear, tmaxC, tminC } = weather
  const notes: string[] = []
  if (!(tmaxC >= tminC)) return nothing(['gap'])
  const airPressure = pressureKpa(site.elevM)
  const esKpa = meanSaturationKpa(tmaxC, tminC)
  const vapour = vapourPressure(weather, site, notes)
  if (vapour > esKpa) notes.push('ea-above-es')
  const eaKpa = Math.min(vapour, esKpa)

  const ra = dailyExtraterrestrialMjm2(site.latDeg, dayOfYear)
  const rso =
    site.clearSky === 'simple'
      ? clearSky(ra, site.elevM)
      : clearSkyFull(ra, dailySinElevation(site.latDeg, dayOfYear), airPressure, eaKpa)
  const rs = solar(weather, site, ra, rso, notes)

  const sigma = STEFAN_BOLTZMANN[site.method]
  const sigmaT4 = (sigma * ((tmaxC + 273.16) ** 4 + (tminC + 273.16) ** 4)) / 2
  const rn = netShortWave(rs) - netLongWave(sigmaT4, eaKpa, clearness(rs, rso))
  if (Number.isNaN(weather.windMs)) notes.push('wind-from-default')
  const u2Ms = Number.isNaN(weather.windMs) ? MEAN_WIND_MS : windAt2m(weather.windMs, site.windHeightM)
  const g = Number.isNaN(weather.g) ? 0 : weather.g
  const tmeanC = (tmaxC + tminC) / 2
  const [cn, cd] = site.surface === 'short' ? [900, 0.34] : [1600, 0.38]
  const et0Mm = penmanMonteithMm(
    {
      rn,
      g,
      airTempC: tmeanC,
      u2Ms,
      esKpa,
      eaKpa,
      slope: slopeKpaPerC(tmeanC),
      gamma: psychrometricKpaPerC(airPressure),
    },
    cn,
    cd,
  )
  // A day of dew in a cold winter is no gain of water for the crop.
  return Number.isFinite(et0Mm)
    ? { et0Mm: Math.max(0, et0Mm), ra, rs, rso, rn, g, u2Ms, esKpa, eaKpa, notes }
    : nothing(['gap'])
}

/** Actual vapour pressure, kPa: FAO-56 equations 14, 17, 18, 19 and 48. */
function vapourPressure(weather: DailyWeather, site: DailySite, notes: string[]): number {
  const { eaKpa, tdewC, rhmaxPct, rhminPct, rhPct, tmaxC, tminC } = weather
  const saturationAt = saturationVapourPressureKpa
  const share = (pct: number) => Math.min(100, pct) / 100
  if (!Number.isNaN(eaKpa)) return eaKpa
  if (!Number.isNaN(tdewC)) return saturationAt(tdewC)
  if (!Number.isNaN(rhmaxPct) && !Number.isNaN(rhminPct))
    return (saturationAt(tminC) * share(rhmaxPct) + saturationAt(tmaxC) * share(rhminPct)) / 2
  if (!Number.isNaN(rhmaxPct)) {
    notes.push('ea-from-rhmax')
    return saturationAt(tminC) * share(rhmaxPct)
  }
  if (!Number.isNaN(rhPct)) {
    notes.push('ea-from-rhmean')
    return meanSaturationKpa(tmaxC, tminC) * share(rhPct)
  }
  notes.push('ea-from-tmin')
  return saturationAt(tminC - site.tdewBelowTminC)
}

/** Solar radiation, MJ/m²·day. */
function solar(weather: DailyWeather, site: DailySite, ra: number, rso: number, notes: string[]): number {
  const { rs, sunshineH, tmaxC, tminC, dayOfYear } = weather
  if (!Number.isNaN(rs)) {
    // No ground gets more than the top of the air: the pyranometer, the unit or the place is wrong.
    if (rs > ra) notes.push('rs-above-ra')
    return rs
  }
  if (!Number.isNaN(sunshineH)) {
    const dayLength = dayLengthH(site.latDeg, dayOfYear)
    notes.push('rs-from-sunshine')
    // A recorder's burn of the last minutes, or a long day by refraction, is no more than the whole day.
    if (sunshineH > dayLength + 0.5) notes.push('sunshine-above-day')
    return solarFromSunshine(Math.min(sunshineH, dayLength), dayLength, ra)
  }
  notes.push('rs-from-temperature')
  return solarFromTemperature(tmaxC, tminC, ra, rso, site.krs)
}

const nothing = (notes: readonly string[]): DailyEt0 => {
  const gap = Number.NaN
  return {
    et0Mm: gap,
    ra: gap,
    rs: gap,
    rso: gap,
    rn: gap,
    g: gap,
    u2Ms: gap,
    esKpa: gap,
    eaKpa: gap,
    notes,
  }
}
