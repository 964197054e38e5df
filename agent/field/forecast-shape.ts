import { z } from 'zod'
import { windAt2m } from '../crop/air.ts'
import { momentMs } from '../crop/calendar.ts'
import type { PlotHour } from '../crop/plot-hours.ts'
import { HOUR_MS } from './series-hours.ts'

/**
 * An hourly forecast as Open-Meteo's /v1/forecast answers it, and as any service may that wants to be read:
 *
 *   { "utc_offset_seconds": 25200,
 *     "hourly_units": { "wind_speed_10m": "km/h", "time": "iso8601" },
 *     "hourly": { "time": ["2026-11-27T00:00", ..], "temperature_2m": [24.1, ..], "relative_humidity_2m": [..],
 *                 "precipitation": [..], "wind_speed_10m": [..], "wind_gusts_10m": [..], "shortwave_radiation": [..] } }
 *
 * Times are local to `utc_offset_seconds`, or seconds since 1970 where the units say `unixtime`, an hour apart. °C and %
 * at that moment, rain (mm) and radiation (W/m²) of the hour before it, wind in km/h or m/s as its unit says, at 10 m.
 * Columns but time may be missing, values null.
 */
// Sixteen days, as far as such services go.
const MAX_HOURS = 16 * 24
const column = z.array(z.number().nullable()).max(MAX_HOURS).optional()
const shape = z.object({
  utc_offset_seconds: z.number().min(-50_400).max(50_400).default(0),
  hourly_units: z.record(z.string().max(64), z.string().max(32)).default({}),
  hourly: z.object({
    time: z
      .array(z.union([z.string().max(40), z.number()]))
      .min(2)
      .max(MAX_HOURS),
    temperature_2m: column,
    relative_humidity_2m: column,
    precipitation: column,
    wind_speed_10m: column,
    wind_gusts_10m: column,
    shortwave_radiation: column,
  }),
})

// Outside these a service speaks of another planet, or of °F.
const BOUNDS = {
  temperature_2m: [-40, 60],
  relative_humidity_2m: [0, 105],
  precipitation: [0, 400],
  wind_speed_10m: [0, 400],
  wind_gusts_10m: [0, 400],
  shortwave_radiation: [0, 1600],
} as const
type ColumnName = keyof typeof BOUNDS

/** The hours in order, wind brought down to 2 m. Throws an Error whose message says what is wrong with it. */
export function readForecast(json: unknown): PlotHour[] {
  const parsed = shape.safeParse(json)
  if (!parsed.success) {
    const [first] = parsed.error.issues
    throw new Error(`not an hourly forecast: ${first?.path.join('.')} ${first?.message}`.slice(0, 200))
  }
  const { hourly, hourly_units: units, utc_offset_seconds: offsetS } = parsed.data
  const times = hourly.time.map((time) =>
    typeof time === 'number' ? time * 1000 : momentMs(time, offsetS / 3600),
  )
  if (times.some((ms, at) => Number.isNaN(ms) || (at > 0 && ms - (times[at - 1] as number) !== HOUR_MS)))
    throw new Error('not an hourly forecast: hourly.time does not go on hour by hour')
  if (times.some((ms) => ms % HOUR_MS !== 0))
    throw new Error('not an hourly forecast: hourly.time is not on the hour')
  const value = (name: ColumnName, at: number): number => {
    const given = hourly[name]?.[at]
    if (typeof given !== 'number') return Number.NaN
    const [low, high] = BOUNDS[name]
    return given >= low && given <= high ? given : Number.NaN
  }
  const speed = (name: 'wind_speed_10m' | 'wind_gusts_10m', at: number): number =>
    windAt2m(value(name, at) * (MS_OF[units[name] ?? 'km/h'] ?? Number.NaN), 10)
  return times.slice(0, -1).map((startMs, at): PlotHour => {
    const middle = (name: ColumnName) => (value(name, at) + value(name, at + 1)) / 2
    const [tempC, rhPct] = [middle('temperature_2m'), Math.min(100, middle('relative_humidity_2m'))]
    return {
      startMs,
      ...{ tempC, tminC: tempC, tmaxC: tempC, rhPct, rhminPct: rhPct, rhmaxPct: rhPct },
      rainMm: value('precipitation', at + 1),
      windMs: speed('wind_speed_10m', at),
      gustMs: speed('wind_gusts_10m', at),
      solarWm2: value('shortwave_radiation', at + 1),
      ...{ wetnessPct: Number.NaN, soilPct: Number.NaN, overheadMm: Number.NaN },
    }
  })
}

const MS_OF: Readonly<Record<string, number>> = { 'km/h': 1 / 3.6, 'm/s': 1, mph: 0.44704, kn: 0.514444 }
