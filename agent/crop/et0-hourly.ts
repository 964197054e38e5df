import { MEAN_WIND_MS, pressureKpa, psychrometricKpaPerC, slopeKpaPerC, windAt2m } from './air.ts'
import { penmanMonteithMm, type Reference } from './et0.ts'
import {
  clearness,
  clearSky,
  clearSkyFull,
  netLongWave,
  netShortWave,
  STEFAN_BOLTZMANN,
} from './radiation.ts'
import { hourAngleRad, periodExtraterrestrialMjm2, sunElevationRad } from './sun.ts'
import { saturationVapourPressureKpa } from './vpd.ts'

export interface HourlySite extends Reference {
  readonly latDeg: number
  /** East positive. */
  readonly lonDeg: number
  readonly elevM: number
  readonly windHeightM: number
  readonly clearSky: 'simple' | 'full'
  /** Rs/Rso of the nights before the first afternoon that was measured. */
  readonly clearnessBefore: number
}

/** Means of an hour, NaN for what was not measured. */
export interface HourlyWeather {
  /** The middle of the hour, milliseconds UTC. */
  readonly middleMs: number
  /** Of the local day. */
  readonly dayOfYear: number
  readonly airTempC: number
  readonly eaKpa: number
  readonly tdewC: number
  readonly rhPct: number
  /** MJ/m² of the hour. */
  readonly rs: number
  /** At the site's wind height. */
  readonly windMs: number
}

/** Radiation in MJ/m² of the hour. NaN where nothing could be computed. */
export interface HourlyEt0 {
  readonly et0Mm: number
  readonly ra: number
  readonly rso: number
  readonly rn: number
  readonly g: number
  readonly u2Ms: number
  readonly esKpa: number
  readonly eaKpa: number
  readonly notes: readonly string[]
}

/** How clear the last afternoon was, for the night that follows. */
export interface LastSky {
  readonly clear: number
  readonly atMs: number
}

const DAY_MS = 86_400_000
// ASCE-EWRI 2005: below 0.3 rad (17°) Rs/Rso says more of the horizon than of the clouds.
const LOW_SUN_RAD = 0.3
// 55 W/m²: more than twilight and a pyranometer's zero can make. A clock or a place is wrong when it is passed.
const STRAY_MJM2 = 0.2

/**
 * Reference evapotranspiration of an hour: FAO-56 equation 53 with G by 45 and 46; ASCE-EWRI 2005 equation 1 with the
 * constants of its table 1, another surface resistance by day and by night. Air from −40 to 60 °C.
 *
 * How far clouds hold back long waves is measured by Rs/Rso while the sun stands above 17°. In the evening, at night
 * and in the morning the last such hour's counts (FAO-56 takes the one of two to three hours before sunset),
 * up to a day old; `last` is that, and is handed on from hour to hour.
 */
export function hourlyEt0(
  weather: HourlyWeather,
  site: HourlySite,
  last: LastSky | undefined,
): { readonly hour: HourlyEt0; readonly last: LastSky | undefined } {
  const { middleMs, dayOfYear, airTempC } = weather
  const notes: string[] = []
  const angle = hourAngleRad((middleMs % DAY_MS) / 3_600_000, site.lonDeg, dayOfYear)
  const ra = periodExtraterrestrialMjm2(site.latDeg, dayOfYear, angle)
  const elevation = sunElevationRad(site.latDeg, dayOfYear, angle)
  const airPressure = pressureKpa(site.elevM)
  const esKpa = saturationVapourPressureKpa(airTempC)
  const vapour = vapourPressure(weather, esKpa)
  if (vapour > esKpa) notes.push('ea-above-es')
  const eaKpa = Math.min(vapour, esKpa)
  const rso =
    site.clearSky === 'simple'
      ? clearSky(ra, site.elevM)
      : clearSkyFull(ra, Math.sin(elevation), airPressure, eaKpa)

  // With the sun below the horizon nobody has to measure that it is dark.
  const rs = Number.isNaN(weather.rs) && ra === 0 ? 0 : weather.rs
  if (rs > ra + STRAY_MJM2) notes.push('rs-above-ra')
  const isHigh = elevation >= LOW_SUN_RAD
  const sky = isHigh ? { clear: clearness(rs, rso), atMs: middleMs } : kept(last, middleMs)
  if (sky === undefined) notes.push('clearness-from-default')
  const clear = sky?.clear ?? site.clearnessBefore

  const sigmaT4 = (STEFAN_BOLTZMANN[site.method] / 24) * (airTempC + 273.16) ** 4
  const rn = netShortWave(rs) - netLongWave(sigmaT4, eaKpa, clear)
  const { cn, cd, share } = constantsOf(site, site.method === 'asce' ? rn >= 0 : ra > 0)
  if (Number.isNaN(weather.windMs)) notes.push('wind-from-default')
  const u2Ms = Number.isNaN(weather.windMs) ? MEAN_WIND_MS : windAt2m(weather.windMs, site.windHeightM)
  const g = share * rn
  const et0Mm = penmanMonteithMm(
    {
      rn,
      g,
      airTempC,
      u2Ms,
      esKpa,
      eaKpa,
      slope: slopeKpaPerC(airTempC),
      gamma: psychrometricKpaPerC(airPressure),
    },
    cn,
    cd,
  )
  const hour = Number.isFinite(et0Mm)
    ? { et0Mm, ra, rso, rn, g, u2Ms, esKpa, eaKpa, notes }
    : { ...NOTHING, notes: ['gap'] }
  return { hour, last: isHigh && !Number.isNaN(clear) ? sky : last }
}

/** Constants of the surface, and the share of net radiation that goes into the soil. */
function constantsOf({ method, surface }: Reference, isDay: boolean) {
  if (method === 'fao56') return { cn: 37, cd: 0.34, share: isDay ? 0.1 : 0.5 }
  return surface === 'short'
    ? { cn: 37, cd: isDay ? 0.24 : 0.96, share: isDay ? 0.1 : 0.5 }
    : { cn: 66, cd: isDay ? 0.25 : 1.7, share: isDay ? 0.04 : 0.2 }
}

const kept = (last: LastSky | undefined, nowMs: number): LastSky | undefined =>
  last !== undefined && nowMs - last.atMs <= DAY_MS ? last : undefined

/** Measured, from the dew point, from relative humidity (FAO-56 equations 14 and 54), in this order. */
function vapourPressure({ eaKpa, tdewC, rhPct }: HourlyWeather, esKpa: number): number {
  if (!Number.isNaN(eaKpa)) return eaKpa
  if (!Number.isNaN(tdewC)) return saturationVapourPressureKpa(tdewC)
  return (esKpa * Math.min(100, rhPct)) / 100
}

const GAP = Number.NaN
const NOTHING = { et0Mm: GAP, ra: GAP, rso: GAP, rn: GAP, g: GAP, u2Ms: GAP, esKpa: GAP, eaKpa: GAP }
