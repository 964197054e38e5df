import { dayOfYear } from './calendar.ts'
import { dailyEt0 } from './et0-daily.ts'
import {
  DAY_COLUMNS,
  DAY_PARAMS,
  DAY_SOURCE,
  DAY_STEPS,
  G_COLUMN,
  resultOf,
  siteOf,
  weatherAt,
} from './et0-daily-model.ts'
import type { CropModel, ModelInput } from './model.ts'
import { TMEAN } from './weather-columns.ts'

export const ET0_MONTHLY: CropModel = {
  name: 'et0-monthly',
  summary: {
    vi: 'ET0 trung bình ngày của từng tháng, có dòng nhiệt vào đất',
    en: 'ET0 of the mean day of months, with the heat that goes into the soil',
  },
  source: `${DAY_SOURCE}; soil heat by FAO-56 equations 43 and 44`,
  standing: 'equation',
  step: 'day',
  params: DAY_PARAMS,
  columns: [
    ...DAY_COLUMNS,
    { ...TMEAN, describe: 'mean air temperature of the month, °C; without it the mean of the extremes' },
    {
      ...TMEAN,
      name: 'tmean_prev_c',
      describe: 'mean air temperature of the month before, °C; without it the row of that month',
    },
    {
      ...TMEAN,
      name: 'tmean_next_c',
      describe: 'mean air temperature of the month after, °C; without it the row of that month',
    },
    {
      ...G_COLUMN,
      describe: 'soil heat flux, MJ/m²·day; without it from the temperatures of the months around',
    },
  ],
  outputs: [
    { name: 'et0_mm', describe: 'reference evapotranspiration of the mean day, mm/day', decimals: 3 },
    { name: 'et0_month_mm', describe: 'reference evapotranspiration of the month, mm', decimals: 1 },
    ...DAY_STEPS,
  ],
  example: 'compute et0-monthly --param lat=13.73 elev_m=2 < months.csv',
  run: (input) => {
    const site = siteOf(input)
    const soilHeat = monthlySoilHeat(input)
    const months = Array.from({ length: input.length }, (_, row) => {
      // The 15th stands for its month, whichever day the table names (FAO-56 annex 2, table 2.6).
      const middle = `${(input.dates[row] as string).slice(0, 7)}-15`
      const g = soilHeat[row] as number
      const month = dailyEt0(weatherAt(input, row, dayOfYear(middle), g), site)
      return Number.isNaN(g) && !month.notes.includes('gap')
        ? { ...month, notes: [...month.notes, 'g-from-zero'] }
        : month
    })
    const result = resultOf(months)
    const days = input.dates.map(daysInMonth)
    const sums = months.map(({ et0Mm }, row) => et0Mm * (days[row] as number))
    return { ...result, columns: { ...result.columns, et0_month_mm: sums } }
  },
}

/**
 * Soil heat flux of months, MJ/m²·day: given; from the months before and after (FAO-56 equation 43); from the month
 * before and this one (44). NaN where neither can be said.
 */
function monthlySoilHeat(input: ModelInput): Float64Array {
  const [given, tmax, tmin, tmean] = ['g_mjm2', 'tmax_c', 'tmin_c', 'tmean_c'].map((name) =>
    input.column(name),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array]
  const [previous, following] = [input.column('tmean_prev_c'), input.column('tmean_next_c')]
  const months = input.dates.map((date) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)))
  const meanOf = (row: number): number =>
    Number.isNaN(tmean[row]) ? ((tmax[row] as number) + (tmin[row] as number)) / 2 : (tmean[row] as number)
  const neighbour = (row: number, step: 1 | -1, stated: Float64Array): number => {
    if (!Number.isNaN(stated[row])) return stated[row] as number
    return months[row + step] === (months[row] as number) + step ? meanOf(row + step) : Number.NaN
  }
  return given.map((g, row) => {
    if (!Number.isNaN(g)) return g
    const [before, after] = [neighbour(row, -1, previous), neighbour(row, 1, following)]
    return Number.isNaN(after) ? 0.14 * (meanOf(row) - before) : 0.07 * (after - before)
  })
}

const daysInMonth = (date: string): number =>
  new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).getUTCDate()
