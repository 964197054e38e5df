import { performance } from 'node:perf_hooks'
import { dateAt } from '../../agent/crop/calendar.ts'
import { pathogenNamed } from '../../agent/crop/disease/pathogens.ts'
import type { CropModel, ModelInput } from '../../agent/crop/model.ts'
import { readParams } from '../../agent/crop/model-params.ts'
import { MODELS } from '../../agent/crop/models.ts'
import { balancePlan } from '../../agent/crop/plot-balance.ts'
import type { PlotHour } from '../../agent/crop/plot-hours.ts'
import { PlotBook } from '../../agent/field/plot-book.ts'
import { HOUR_MS } from '../../agent/field/series-hours.ts'
import { sayFigure } from './figures.ts'

/**
 * The crop models: a year of hourly data of one plot through every model, what one late reading costs in a season that
 * is already there, and whether the cost of each grows with its input and no faster.
 */
const T0 = Date.UTC(2026, 0, 1) - 7 * HOUR_MS
const PATHOGENS = ['dragon-fruit-canker', 'dragon-fruit-anthracnose'].flatMap(
  (name) => pathogenNamed(name) ?? [],
)

/** A hot plain with a rainy season: wet nights, showers in the afternoon. */
function hourAt(hour: number): PlotHour {
  const since = hour - T0 / HOUR_MS
  const [day, at] = [Math.floor(since / 24), since % 24]
  const isRainy = day % 365 > 120 && day % 365 < 300
  const warmth = Math.cos(((at - 14) / 24) * 2 * Math.PI)
  const tempC = 27 + 4.5 * warmth + (day % 7) / 10
  const rhPct = Math.min(100, (isRainy ? 86 : 72) - 16 * warmth + (day % 5))
  return {
    startMs: hour * HOUR_MS,
    ...{ tempC, tminC: tempC - 0.5, tmaxC: tempC + 0.5, rhPct, rhminPct: rhPct - 2, rhmaxPct: rhPct },
    rainMm: isRainy && day % 2 === 0 && at >= 15 && at <= 17 ? 4 : 0,
    windMs: 2 + warmth,
    gustMs: 4 + warmth,
    solarWm2: Math.max(0, 900 * Math.sin(((at - 6) / 12) * Math.PI)),
    ...{ wetnessPct: Number.NaN, soilPct: Number.NaN, overheadMm: Number.NaN },
  }
}

function newBook(changed?: { hour: number; tempC: number }): PlotBook {
  return new PlotBook(
    {
      ...{ utcOffsetH: 7, elevM: 10, plantedOn: undefined, pathogens: PATHOGENS },
      site: { latDeg: 11.1, lonDeg: 108.1, elevM: 10, windHeightM: 2, utcOffsetH: 7 },
      thresholds: { lowerC: 10, upperC: 35, cutoff: 'horizontal' },
      balance: balancePlan({ crop: 'dragon-fruit', soil: 'sandy-loam', efficiency: 0.9 }),
    },
    {
      hourAt: (hour) => (changed?.hour === hour ? { ...hourAt(hour), tmaxC: changed.tempC } : hourAt(hour)),
      irrigationMm: () => 0,
    },
  )
}

const daysFrom = (count: number, first = 0) =>
  Array.from({ length: count }, (_, at) => Math.floor((T0 + 7 * HOUR_MS) / (24 * HOUR_MS)) + first + at)

function timed<T>(work: () => T): { ms: number; result: T } {
  const begin = performance.now()
  const result = work()
  return { ms: performance.now() - begin, result }
}
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

// --- a year through the plot's own engine ---
const YEAR = 365
newBook().recompute(daysFrom(60), T0 + 60 * 24 * HOUR_MS)
const years = [1, 2, 4].map((count) => {
  const runs = [1, 2, 3].map(() => {
    const book = newBook()
    return timed(() => book.recompute(daysFrom(count * YEAR), T0 + count * YEAR * 24 * HOUR_MS)).ms
  })
  return { count, ms: median(runs) }
})
const [first, , last] = years
sayFigure({
  bench: 'crop',
  what: 'a year of hours of one plot through every derived series',
  figure: Math.round(first?.ms ?? 0),
  unit: 'ms',
  floor: 1000,
  floorIs: 'the bound',
  ratio: Number(((first?.ms ?? 0) / 1000).toFixed(3)),
})
sayFigure({
  bench: 'crop',
  what: 'four years cost so many times one year',
  figure: Number(((last?.ms ?? 0) / (first?.ms ?? 1)).toFixed(2)),
  unit: 'times',
  floor: 4,
  floorIs: 'linear',
  ms: years.map(({ ms }) => Math.round(ms)),
})

// --- one late reading ---
const late = { hour: T0 / HOUR_MS + 300 * 24 + 14, tempC: 39 }
const changed = { ...late, hour: -1 }
const season = newBook(changed)
season.recompute(daysFrom(YEAR), T0 + YEAR * 24 * HOUR_MS)
changed.hour = late.hour
const once = timed(() => season.recompute(daysFrom(1, 300), T0 + YEAR * 24 * HOUR_MS))
sayFigure({
  bench: 'crop',
  what: 'days of data that one late reading touches',
  figure: once.result.daysRead,
  unit: 'days',
  floor: 2,
  floorIs: 'the bound',
  ms: Number(once.ms.toFixed(2)),
  daysOfTheBalance: once.result.daysFolded,
})

// --- every model of `compute`: those of hours on the hours, those of days on the days ---

/** What stands in a column of this name, had it been measured. */
function cellOf(name: string, hour: PlotHour): number {
  if (name.startsWith('tmax')) return hour.tempC + 4
  if (/^(tmin|tdew)/.test(name)) return hour.tempC - 4
  if (/^(t_|tmean|temp|twet)/.test(name)) return hour.tempC
  if (name.startsWith('rhmin')) return Math.max(0, hour.rhPct - 15)
  if (name.startsWith('rh')) return hour.rhPct
  if (name.startsWith('rain')) return hour.rainMm
  if (/^(wind|gust)/.test(name)) return hour.windMs
  if (name === 'rs_mjm2') return hour.solarWm2 * 0.0036
  if (name === 'et0_mm') return 4.5
  if (name === 'wet_h') return hour.rhPct >= 90 ? 1 : 0
  if (name === 'phi_days') return 7
  return Number.NaN
}

const CANKER = { pathogen: 'dragon-fruit-canker' }
const PARAMS: Readonly<Record<string, Record<string, string>>> = {
  magarey: CANKER,
  'magarey-events': CANKER,
  'magarey-wetness': CANKER,
  'dragon-fruit-phenology': { lights_on: '2026-01-01' },
  'lighting-plan': { start: '2026-01-01', bulbs: '1000' },
  epirice: { disease: 'brown-spot', emergence: '2026-01-01' },
  'water-balance': { crop: 'dragon-fruit', soil: 'sandy-loam' },
  'water-balance-dual': { crop: 'coffee', soil: 'clay' },
}
const MUST: Readonly<Record<string, string>> = {
  lat: '11.1',
  lon: '108.1',
  elev_m: '10',
  lower_c: '10',
  upper_c: '35',
}

function inputOf(model: CropModel, rows: number): ModelInput {
  const stepMs = (model.step === 'day' ? 24 : 1) * HOUR_MS
  const times = Float64Array.from({ length: rows }, (_, row) => T0 + row * stepMs)
  const given = Object.fromEntries(
    model.params.flatMap((param) => {
      const value = PARAMS[model.name]?.[param.name] ?? MUST[param.name]
      return value === undefined ? [] : [[param.name, value]]
    }),
  )
  const values = readParams(model, given)
  const columns = new Map(
    model.columns.map(({ name }) => [
      name,
      times.map((ms) => cellOf(name, hourAt(ms / HOUR_MS + (model.step === 'day' ? 12 : 0)))),
    ]),
  )
  for (const [name, column] of columns) if (column.every(Number.isNaN)) columns.delete(name)
  const absent = new Float64Array(rows).fill(Number.NaN)
  return {
    length: rows,
    dates: model.step === 'row' ? [] : Array.from(times, (ms) => dateAt(ms, 7)),
    timesMs: model.step === 'day' ? times.map((ms) => ms + 7 * HOUR_MS) : times,
    has: (name) => columns.has(name),
    column: (name) => columns.get(name) ?? absent,
    number: (name) => values.number(name),
    choice: (name) => values.choice(name),
    date: (name) => values.date(name),
  }
}

let allMs = 0
let ran = 0
for (const model of MODELS) {
  const rows = model.step === 'day' ? YEAR : YEAR * 24
  try {
    const [one, two, four] = [1, 2, 4].map((count) => {
      const input = inputOf(model, rows * count)
      return median([1, 2, 3, 4, 5].map(() => timed(() => model.run(input)).ms))
    }) as [number, number, number]
    allMs += one
    ran++
    sayFigure({
      bench: 'crop',
      what: `${model.name}: a year of ${model.step === 'day' ? 'days' : 'hours'}`,
      figure: Number(one.toFixed(2)),
      unit: 'ms',
      twoYearsMs: Number(two.toFixed(2)),
      fourYearsMs: Number(four.toFixed(2)),
      timesForFour: Number((four / one).toFixed(2)),
    })
  } catch (error) {
    // Not measured, and said so: a model that wants something else of its table.
    console.error(`${model.name}: ${(error as Error).message}`)
  }
}
sayFigure({
  bench: 'crop',
  what: `a year of one plot through every model of compute (${ran} of ${MODELS.length})`,
  figure: Math.round(allMs),
  unit: 'ms',
  floor: 1000,
  floorIs: 'the bound',
  ratio: Number((allMs / 1000).toFixed(2)),
})
