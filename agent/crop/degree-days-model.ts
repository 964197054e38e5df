import { VuonError } from '#contract/ground/errors.ts'
import { daysBetween } from './calendar.ts'
import {
  CUTOFFS,
  type Cutoff,
  DEGREE_DAY_METHODS,
  type DegreeDayMethod,
  degreeDays,
  needsNextMin,
} from './degree-days.ts'
import type { CropModel, ModelInput, ModelResult } from './model.ts'

// Wide enough for a table in °F with its thresholds in °F, as the publications print them; see `isAirC`.
const TEMP = { min: -90, max: 140 }
// WMO's records of air temperature are −89.2 and 56.7 °C; on a farm these are the ends of what a probe can mean.
const isAirC = (tempC: number): boolean => tempC >= -40 && tempC <= 60

export const DEGREE_DAYS: CropModel = {
  name: 'degree-days',
  summary: {
    vi: 'Tích ôn (độ-ngày) từng ngày và cộng dồn, theo sáu cách tính',
    en: 'degree days of each day and their sum, by six methods',
  },
  source:
    'Zalom et al. 1983, Univ. California leaflet 21373; McMaster & Wilhelm 1997, Agric. For. Meteorol. 87:291',
  standing: 'equation',
  step: 'day',
  params: [
    {
      name: 'method',
      describe:
        'course of temperature through the day; `average` puts the thresholds to the mean, `average-clamped` to both extremes',
      kind: 'choice',
      choices: DEGREE_DAY_METHODS,
      default: 'single-sine',
    },
    { name: 'lower_c', describe: 'no development below', kind: 'number', unit: '°C', ...TEMP },
    {
      name: 'upper_c',
      describe: 'upper threshold; none when not given',
      kind: 'number',
      unit: '°C',
      ...TEMP,
      isOptional: true,
    },
    {
      name: 'cutoff',
      describe:
        'above upper_c development goes on as at upper_c (horizontal), slows by the excess (intermediate) or stops (vertical)',
      kind: 'choice',
      choices: CUTOFFS,
      default: 'horizontal',
    },
    {
      name: 'from',
      describe: 'the sum begins on this day; at the first row when not given',
      kind: 'date',
      isOptional: true,
    },
  ],
  columns: [
    { name: 'tmin_c', describe: "the day's minimum, °C", ...TEMP, isRequired: true },
    { name: 'tmax_c', describe: "the day's maximum, °C", ...TEMP, isRequired: true },
    {
      name: 'tmin_next_c',
      describe: "the next day's minimum, °C, for the double methods; taken from the next row when not given",
      ...TEMP,
      isRequired: false,
    },
  ],
  outputs: [
    { name: 'dd_c', describe: 'degree days of the day, °C·d', decimals: 3 },
    { name: 'dd_sum_c', describe: 'degree days so far, °C·d; empty before `from` and in a gap', decimals: 3 },
  ],
  example: 'compute degree-days --param method=single-sine --param lower_c=10 --param upper_c=35 < days.csv',
  run,
}

/**
 * Quality: `gap` where an extreme is missing or the minimum lies above the maximum; `from-own-min` where a double
 * method had no next day; `outside-range` beyond what air can be in °C; `sum-without-gaps` from the first day on that
 * the sum does not hold.
 */
function run(input: ModelInput): ModelResult {
  const method = input.choice('method') as DegreeDayMethod
  const lowerC = input.number('lower_c')
  const upperC = Number.isNaN(input.number('upper_c')) ? Number.POSITIVE_INFINITY : input.number('upper_c')
  if (upperC <= lowerC)
    throw new VuonError('input-invalid', `upper_c (${upperC}) must lie above lower_c (${lowerC}).`, {
      hint: 'Leave upper_c out if there is no upper threshold.',
    })
  const thresholds = { lowerC, upperC, cutoff: input.choice('cutoff') as Cutoff }
  const minC = input.column('tmin_c')
  const maxC = input.column('tmax_c')
  const nextMinC = nextMinima(input)
  const from = input.date('from') ?? input.dates[0] ?? ''
  const daily = new Float64Array(input.length)
  const sums = new Float64Array(input.length).fill(Number.NaN)
  const quality: string[] = []
  let sum = 0
  let isWhole = true
  let dayBefore: string | undefined
  for (let row = 0; row < input.length; row++) {
    const date = input.dates[row] as string
    const extremes = {
      minC: minC[row] as number,
      maxC: maxC[row] as number,
      nextMinC: nextMinC[row] as number,
    }
    const isFromOwn = needsNextMin(method) && Number.isNaN(extremes.nextMinC)
    const dd = degreeDays(method, isFromOwn ? { ...extremes, nextMinC: extremes.minC } : extremes, thresholds)
    const isGap = Number.isNaN(dd)
    const words: string[] = []
    if (isGap) words.push('gap')
    else if (isFromOwn) words.push('from-own-min')
    if (!isGap && !(isAirC(extremes.minC) && isAirC(extremes.maxC))) words.push('outside-range')
    daily[row] = dd
    if (date >= from) {
      const missed = daysBetween(dayBefore ?? from, date) - (dayBefore ? 1 : 0)
      if (missed !== 0 || isGap) isWhole = false
      if (!isGap) {
        sum += dd
        sums[row] = sum
      }
      if (!isWhole) words.push('sum-without-gaps')
      dayBefore = date
    }
    quality.push(words.join(' ') || 'ok')
  }
  return { length: input.length, columns: { dd_c: daily, dd_sum_c: sums }, quality }
}

/** What the table says of the next day: its own column first, then the next row if that is the next day. */
function nextMinima(input: ModelInput): Float64Array {
  const given = input.column('tmin_next_c')
  const minC = input.column('tmin_c')
  return given.map((value, row) => {
    if (!Number.isNaN(value)) return value
    const [date, next] = [input.dates[row], input.dates[row + 1]]
    const isNext = date !== undefined && next !== undefined && daysBetween(date, next) === 1
    return isNext ? (minC[row + 1] as number) : Number.NaN
  })
}
