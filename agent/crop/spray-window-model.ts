import { dayOfYearAt } from './calendar.ts'
import type { CropModel, ModelInput } from './model.ts'
import { reasonText, SPRAY_LIMITS, type SprayAnswer, sprayAnswer } from './spray-window.ts'
import { dayLengthH, hourAngleRad } from './sun.ts'
import { ELEVATION, LAT, LON, RH, TMEAN } from './weather-columns.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
// A forecast of three-hourly steps is whole; with a longer hole nobody knows what falls in it.
const LONGEST_HOLE_MS = 3.5 * HOUR_MS

export const SPRAY_WINDOW: CropModel = {
  name: 'spray-window',
  summary: {
    vi: 'Khung giờ phun thuốc: nên phun, cân nhắc hay đừng phun, kèm lý do',
    en: 'spray windows: good, marginal or to be avoided, with the reasons',
  },
  source:
    'delta-T by Australia’s Bureau of Meteorology; humidity and heat by METOS; wind by Ontario’s factsheet and Agriculture Victoria; inversions by GRDC’s spray manual, module 10',
  standing: 'published-rule',
  step: 'moment',
  params: [
    {
      ...LAT,
      describe: 'latitude, for sunrise and sunset; without it a day of twelve hours',
      isOptional: true,
    },
    {
      ...LON,
      describe: 'longitude, for sunrise and sunset; without it the middle of the zone',
      isOptional: true,
    },
    { ...ELEVATION, default: 0 },
    {
      name: 'dry_h',
      describe: 'how long the product must stay dry: see its label',
      kind: 'number',
      unit: 'h',
      min: 0.5,
      max: 48,
      default: 4,
    },
  ],
  columns: [
    { ...TMEAN, name: 'temp_c', describe: 'air temperature, °C' },
    { ...RH, describe: 'relative humidity, %' },
    { name: 'wind_ms', describe: 'mean wind speed, m/s', min: 0, max: 60, isRequired: false },
    { name: 'wind_gust_ms', describe: 'gusts, m/s', min: 0, max: 100, isRequired: false },
    {
      name: 'rain_mm',
      describe: 'rain since the row before, mm; rows ahead are the forecast',
      min: 0,
      max: 300,
      isRequired: false,
    },
  ],
  outputs: [
    {
      name: 'spray',
      describe: 'good, marginal, avoid; unknown when temperature, humidity or wind is missing',
      decimals: 0,
      isText: true,
    },
    { name: 'delta_t_c', describe: 'air temperature less wet bulb, °C', decimals: 1 },
    { name: 'rain_ahead_mm', describe: 'rain in the rows of the next dry_h hours, mm', decimals: 1 },
    {
      name: 'reasons',
      describe: 'what speaks against it, with the value and the limit; the weightiest first',
      decimals: 0,
      isText: true,
    },
  ],
  example: 'compute spray-window --param lat=11.1 lon=108.1 dry_h=4 < hours.csv',
  run: (input) => {
    const ahead = rainAhead(input, input.number('dry_h') * HOUR_MS)
    const at = (column: string, row: number) => input.column(column)[row] as number
    const answers = Array.from({ length: input.length }, (_, row) =>
      sprayAnswer({
        airTempC: at('temp_c', row),
        humidityPct: at('rh_pct', row),
        windMs: at('wind_ms', row),
        gustMs: at('wind_gust_ms', row),
        rainMm: at('rain_mm', row),
        rainAheadMm: ahead[row] as number,
        hoursFromDark: hoursFromDark(input, row),
        elevM: input.number('elev_m'),
      }),
    )
    return {
      length: input.length,
      columns: {
        spray: answers.map(({ verdict }) => verdict),
        delta_t_c: answers.map(({ deltaTC }) => deltaTC),
        rain_ahead_mm: ahead,
        reasons: answers.map(({ reasons }) => reasons.map(reasonText).join(' ')),
      },
      quality: answers.map(qualityOf),
    }
  },
}

const qualityOf = ({ verdict, reasons }: SprayAnswer): string => {
  if (verdict === 'unknown') return 'gap'
  const words = reasons.flatMap(({ code, weight }) =>
    weight === 'missing' || weight === 'note' ? [code] : [],
  )
  return words.join(' ') || 'ok'
}

/** Hours since sunrise or until sunset, whichever is less; below 0 at night. */
function hoursFromDark(input: ModelInput, row: number): number {
  const ms = input.timesMs[row] as number
  const [lat, lon, utcOffsetH] = ['lat', 'lon', 'utc_offset_h'].map(input.number) as [number, number, number]
  const day = dayOfYearAt(ms, utcOffsetH)
  const angle = hourAngleRad((ms % DAY_MS) / HOUR_MS, Number.isNaN(lon) ? utcOffsetH * 15 : lon, day)
  const dayLength = Number.isNaN(lat) ? 12 : dayLengthH(lat, day)
  return dayLength / 2 - Math.abs((12 / Math.PI) * angle)
}

/**
 * Rain in the rows that follow within so long, mm. NaN where the rows end sooner, leave a hole, or say nothing of
 * rain, unless what they do say is rain enough.
 */
function rainAhead(input: ModelInput, withinMs: number): Float64Array {
  const { timesMs, length } = input
  const rain = input.column('rain_mm')
  return Float64Array.from({ length }, (_, row) => {
    const end = (timesMs[row] as number) + withinMs
    let [sum, reached, isWhole] = [0, timesMs[row] as number, true]
    for (let next = row + 1; next < length && reached < end; next++) {
      const [at, mm] = [timesMs[next] as number, rain[next] as number]
      if (Number.isNaN(mm) || at - reached > LONGEST_HOLE_MS) isWhole = false
      // A row that reaches past the end counts whole: when within it the rain falls, nobody knows.
      sum += Number.isNaN(mm) ? 0 : mm
      reached = at
    }
    const isKnown = isWhole && reached >= end
    return isKnown || sum >= SPRAY_LIMITS.rainMm.ahead ? sum : Number.NaN
  })
}
