import { dayOfYear } from './calendar.ts'
import { type DegreeDayMethod, degreeDays, type Thresholds } from './degree-days.ts'
import { ENOUGH_H, known, mean } from './disease/days-of-hours.ts'
import { WETNESS_DEFAULTS, wetHours } from './disease/leaf-wetness.ts'
import { dailyEt0 } from './et0-daily.ts'
import { type HourlySite, hourlyEt0, type LastSky } from './et0-hourly.ts'
import { dayLengthH } from './sun.ts'
import { dewPointC, vapourPressureDeficitKpa } from './vpd.ts'
import { wetBulbC } from './wet-bulb.ts'

/**
 * The hours of one plot and what follows from them: hours give hours (VPD, dew point, delta-T, wetness, ET0), the hours
 * of a day give the day. Every function looks at no more than the day and the day before, so that one late reading
 * changes two days at most.
 */
export interface PlotHour {
  /** Where the hour begins, ms UTC. NaN below is what nobody measured. */
  readonly startMs: number
  /** Mean, lowest and highest of its readings. */
  readonly tempC: number
  readonly tminC: number
  readonly tmaxC: number
  readonly rhPct: number
  readonly rhminPct: number
  readonly rhmaxPct: number
  /** What the gauge rose by. */
  readonly rainMm: number
  readonly windMs: number
  readonly gustMs: number
  readonly solarWm2: number
  readonly wetnessPct: number
  /** Water content of the root zone by a probe, % of volume. */
  readonly soilPct: number
  /** Sprinkled on the leaves, mm; drip is not among it. */
  readonly overheadMm: number
}

/** Where the plot lies, as far as it is known. */
export interface PlotSite {
  readonly latDeg: number
  readonly lonDeg: number
  readonly elevM: number
  readonly windHeightM: number
  readonly utcOffsetH: number
}

export interface HourValues {
  readonly startMs: number
  readonly vpdKpa: number
  readonly dewPointC: number
  readonly deltaTC: number
  /** NaN without a site or a pyranometer. */
  readonly et0Mm: number
  /** 1 wet, 0 dry. */
  readonly wet: number
}

export interface DayValues {
  readonly date: string
  readonly tminC: number
  readonly tmaxC: number
  readonly tmeanC: number
  readonly rhminPct: number
  readonly rhmaxPct: number
  readonly rainMm: number
  readonly windMs: number
  readonly solarMjm2: number
  readonly et0Mm: number
  /** What stood in for what in ET0, `rs-from-temperature`. */
  readonly et0Notes: readonly string[]
  readonly wetH: number
  readonly degreeDays: number
  readonly dayLengthH: number
  readonly vpdMaxKpa: number
  /** Of the root zone at the day's end, % of volume. */
  readonly soilPct: number
}

const MJ_OF_WATT_HOUR = 0.0036
const HOUR_MS = 3_600_000
// What the water content at a day's end is taken from.
const EVENING_H = 6

/** The hours of a day, after those of the day before (whose afternoon tells how clear the night is). */
export function hourValues(
  hours: readonly PlotHour[],
  before: readonly PlotHour[],
  site: PlotSite | undefined,
  elevM: number,
): HourValues[] {
  let last: LastSky | undefined
  if (site && before.some(({ solarWm2 }) => !Number.isNaN(solarWm2)))
    for (const hour of before) last = et0Of(hour, site, last).last
  return hours.map((hour) => {
    const { tempC, rhPct } = hour
    const found = site ? et0Of(hour, site, last) : undefined
    last = found?.last
    const wetC = rhPct > 0 ? wetBulbC(tempC, rhPct, elevM) : Number.NaN
    return {
      startMs: hour.startMs,
      vpdKpa: vapourPressureDeficitKpa(tempC, rhPct),
      dewPointC: dewPointC(tempC, rhPct),
      deltaTC: tempC - wetC,
      et0Mm: found?.et0Mm ?? Number.NaN,
      wet: wetnessOf(hour),
    }
  })
}

/** By the sensor where it speaks, else from 90 % humidity on; rain and sprinkling wet whatever they say. */
export function wetnessOf({ tempC, rhPct, windMs, rainMm, overheadMm, wetnessPct }: PlotHour): number {
  const method = Number.isNaN(wetnessPct) ? 'rh' : 'sensor'
  const hour = { tempC, rhPct, tdewC: Number.NaN, windMs, rainMm, overheadMm, sensorPct: wetnessPct }
  return wetHours([hour], { ...WETNESS_DEFAULTS, method })[0]?.wet ?? Number.NaN
}

function et0Of(hour: PlotHour, site: PlotSite, last: LastSky | undefined) {
  const place: HourlySite = { ...ASCE, ...site }
  const { hour: found, last: sky } = hourlyEt0(
    {
      middleMs: hour.startMs + HOUR_MS / 2,
      dayOfYear: dayOfYear(dateOf(hour.startMs, site.utcOffsetH)),
      airTempC: hour.tempC,
      eaKpa: Number.NaN,
      tdewC: Number.NaN,
      rhPct: hour.rhPct,
      rs: hour.solarWm2 * MJ_OF_WATT_HOUR,
      windMs: hour.windMs,
    },
    place,
    last,
  )
  return { et0Mm: found.et0Mm, last: sky }
}

const dateOf = (ms: number, utcOffsetH: number): string =>
  new Date(ms + utcOffsetH * HOUR_MS).toISOString().slice(0, 10)

const ASCE = { method: 'asce', surface: 'short', clearSky: 'simple', clearnessBefore: 0.7 } as const
const FAO56 = {
  method: 'fao56',
  surface: 'short',
  clearSky: 'simple',
  krs: 0.16,
  tdewBelowTminC: 0,
} as const
const SINE: DegreeDayMethod = 'single-sine'

/**
 * The day of these hours (all of them, in order). Extremes, sums and means want 21 known hours of the 24; below that
 * they are a gap. ET0 is that of a day from its extremes (FAO-56), which stands in for what is not measured and says so.
 */
export function dayValues(
  date: string,
  hours: readonly PlotHour[],
  values: readonly HourValues[],
  site: PlotSite | undefined,
  thresholds: Thresholds | undefined,
): DayValues {
  const rows = hours.map((_, row) => row)
  const of = (key: keyof PlotHour) => {
    const all = known(
      rows,
      hours.map((hour) => hour[key]),
    )
    return all.length >= ENOUGH_H ? all : []
  }
  const low = (key: keyof PlotHour) => least(of(key))
  const high = (key: keyof PlotHour) => most(of(key))
  const [tminC, tmaxC] = [low('tminC'), high('tmaxC')]
  const weather = {
    tminC,
    tmaxC,
    rhminPct: low('rhminPct'),
    rhmaxPct: high('rhmaxPct'),
    windMs: mean(of('windMs')),
  }
  const solarMjm2 = solarOf(hours)
  const dayNo = dayOfYear(date)
  const et0 = site
    ? dailyEt0(
        {
          ...weather,
          dayOfYear: dayNo,
          ...{
            eaKpa: Number.NaN,
            tdewC: Number.NaN,
            rhPct: Number.NaN,
            sunshineH: Number.NaN,
            g: Number.NaN,
          },
          rs: solarMjm2,
        },
        { ...FAO56, ...site },
      )
    : undefined
  const wet = known(
    rows,
    values.map((value) => value.wet),
  )
  const deficits = known(
    rows,
    values.map((value) => value.vpdKpa),
  )
  return {
    date,
    ...weather,
    tmeanC: mean(of('tempC')),
    // The gauge counts on through a gap: what it rose by in the hours that are not known is in the hour after them.
    rainMm: of('rainMm').reduce((sum, mm) => sum + mm, of('rainMm').length > 0 ? 0 : Number.NaN),
    solarMjm2,
    et0Mm: et0?.et0Mm ?? Number.NaN,
    et0Notes: et0?.notes ?? [],
    wetH: wet.length >= ENOUGH_H ? wet.reduce((sum, hour) => sum + hour, 0) : Number.NaN,
    degreeDays: thresholds
      ? degreeDays(SINE, { minC: tminC, maxC: tmaxC, nextMinC: Number.NaN }, thresholds)
      : Number.NaN,
    dayLengthH: site ? dayLengthH(site.latDeg, dayNo) : Number.NaN,
    vpdMaxKpa: deficits.length >= ENOUGH_H ? most(deficits) : Number.NaN,
    soilPct: mean(
      known(
        rows.slice(-EVENING_H),
        hours.map(({ soilPct }) => soilPct),
      ),
    ),
  }
}

const least = (all: readonly number[]): number => (all.length === 0 ? Number.NaN : Math.min(...all))
const most = (all: readonly number[]): number => (all.length === 0 ? Number.NaN : Math.max(...all))

/** MJ/m² of the day. Up to three hours that are not known take the mean of their known neighbours. */
function solarOf(hours: readonly PlotHour[]): number {
  const watts = hours.map(({ solarWm2 }) => solarWm2)
  if (watts.filter((value) => !Number.isNaN(value)).length < ENOUGH_H) return Number.NaN
  const next = (from: number, step: number): number => {
    for (let at = from; at >= 0 && at < watts.length; at += step)
      if (!Number.isNaN(watts[at] as number)) return watts[at] as number
    return 0
  }
  const filled = watts.map((value, at) => (Number.isNaN(value) ? (next(at, -1) + next(at, 1)) / 2 : value))
  return filled.reduce((sum, value) => sum + value, 0) * MJ_OF_WATT_HOUR
}
