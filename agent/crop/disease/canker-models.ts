import { addDays } from '../calendar.ts'
import type { CropModel, InputColumn, ModelInput, ModelParam } from '../model.ts'
import { cankerFactor, cankerIndex, SPLASH_FROM_MM, SYMPTOMS_AFTER_DAYS } from './canker.ts'
import {
  coverage,
  DATE_OUTPUT,
  DAY_MEAN,
  DAY_STARTS,
  daysIn,
  hasNumbers,
  WET_MEAN,
  wetMeans,
} from './day-tables.ts'
import { infectionHours } from './infection-hours.ts'
import { dailyWetH } from './leaf-wetness.ts'
import { qualityOf } from './pathogen-input.ts'
import { type Pathogen, pathogenNamed } from './pathogens.ts'
import { WETNESS_COLUMNS, WETNESS_ONE_OF, WETNESS_PARAMS, wetnessOf } from './wetness-input.ts'

const NEEDS = pathogenNamed('dragon-fruit-canker') as Pathogen
const SOURCE =
  'A reasoned guess from UF/IFAS PP355 and Ni et al. (J. Taiwan Agric. Res. 62:3), on Magarey et al. 2005'

const FACTOR_PARAMS: readonly ModelParam[] = [
  {
    name: 'tissue',
    describe: 'young: flush, flowers or near-ripe fruit are there (×1); hard: none (×0.5)',
    kind: 'choice',
    choices: ['young', 'hard'],
    default: 'young',
  },
  {
    name: 'inoculum',
    describe: 'lesions: reported, or last year’s not pruned out (×1); clean (×0.6)',
    kind: 'choice',
    choices: ['lesions', 'clean'],
    default: 'lesions',
  },
]
const factorsOf = (input: ModelInput, hasSplash: boolean) => ({
  hasSplash,
  hasYoungTissue: input.choice('tissue') === 'young',
  hasInoculum: input.choice('inoculum') === 'lesions',
})

const INDEX = {
  name: 'index',
  describe: 'favourability, 0 to 1: an index, not tested in any field',
  decimals: 3,
}
const SYMPTOMS = {
  name: 'symptoms_from',
  describe: 'when symptoms may show, two weeks after; empty below 0.5',
  decimals: 0,
  isText: true,
}
const symptomsFrom = (date: string, index: number): string =>
  index >= 0.5 ? addDays(date, SYMPTOMS_AFTER_DAYS) : ''

export const DRAGON_FRUIT_CANKER_HOURLY: CropModel = {
  name: 'dragon-fruit-canker-hourly',
  summary: {
    vi: 'Chỉ số thời tiết thuận lợi cho đốm nâu thanh long, từ số liệu giờ (chưa kiểm chứng ngoài đồng)',
    en: 'favourability for dragon-fruit brown spot, from hours (an index, not validated)',
  },
  source: SOURCE,
  standing: 'index-not-validated',
  step: 'hour',
  params: [DAY_STARTS, ...FACTOR_PARAMS, ...WETNESS_PARAMS],
  columns: WETNESS_COLUMNS,
  oneOf: [WETNESS_ONE_OF],
  outputs: [
    DATE_OUTPUT,
    { name: 'wet_h', describe: 'wet hours of the day, h', decimals: 2 },
    {
      name: 'wetness_share',
      describe: 'share of the hours needed that the furthest spores had',
      decimals: 3,
    },
    { name: 'splash', describe: '1 when rain or sprinkling splashed within the wet period', decimals: 0 },
    INDEX,
    SYMPTOMS,
  ],
  givesOwnRows: true,
  example: 'compute dragon-fruit-canker-hourly --param tissue=young < hours.csv',
  run: runHours,
}

function runHours(input: ModelInput) {
  const { wetH, word } = wetnessOf(input)
  const temps = input.column('temp_c')
  const weather = Array.from(wetH, (wet, row) => ({
    timeMs: input.timesMs[row] as number,
    tempC: temps[row] as number,
    wetH: wet,
  }))
  const { hours } = infectionHours(weather, NEEDS)
  const splashed = splashes(
    hours.map(({ wetSumH }) => wetSumH),
    input,
  )
  const knowsRain = input.has('rain_mm') || input.has('overhead_mm')
  const days = daysIn(input).map(({ date, spanH, rows }) => {
    const told = rows.filter((row) => hours[row]?.quality !== 'gap')
    const cover = coverage(told.length, spanH)
    const best = told.reduce(
      (found, row) => {
        const share = Math.min(1, hours[row]?.cohortRatio ?? 0)
        const index = share * cankerFactor(factorsOf(input, splashed[row] === true))
        return index > found.index ? { share, index, splash: splashed[row] ? 1 : 0 } : found
      },
      { share: 0, index: 0, splash: 0 },
    )
    const isGap = !hasNumbers(cover)
    const isAfterGap = told.some((row) => hours[row]?.quality === 'after-gap')
    return {
      date,
      wet: isGap ? Number.NaN : told.reduce((total, row) => total + (wetH[row] as number), 0),
      ...(isGap ? { share: Number.NaN, index: Number.NaN, splash: Number.NaN } : best),
      quality: isGap
        ? cover
        : qualityOf(
            cover,
            isAfterGap ? 'after-gap' : undefined,
            knowsRain ? undefined : 'rain-unknown',
            word,
          ),
    }
  })
  return {
    length: days.length,
    columns: {
      date: days.map(({ date }) => date),
      wet_h: days.map(({ wet }) => wet),
      wetness_share: days.map(({ share }) => share),
      splash: days.map(({ splash }) => splash),
      index: days.map(({ index }) => index),
      symptoms_from: days.map(({ date, index }) => symptomsFrom(date, index)),
    },
    quality: days.map(({ quality }) => quality),
  }
}

/** For each hour, whether its wet period has had a splash so far. */
function splashes(wetSums: readonly number[], input: ModelInput): boolean[] {
  const [rain, overhead] = [input.column('rain_mm'), input.column('overhead_mm')]
  let rainMm = 0
  let isSprinkled = false
  return wetSums.map((wetSum, row) => {
    if (wetSum === 0) {
      rainMm = 0
      isSprinkled = false
    }
    rainMm += rain[row] || 0
    if ((overhead[row] as number) > 0) isSprinkled = true
    return isSprinkled || rainMm >= SPLASH_FROM_MM
  })
}

const HUMIDITY = (name: string, describe: string): InputColumn => ({
  name,
  describe: `${describe}, %, to guess wet_h from where it is not given`,
  min: 0,
  max: 100,
  isRequired: false,
})

export const DRAGON_FRUIT_CANKER: CropModel = {
  name: 'dragon-fruit-canker',
  summary: {
    vi: 'Chỉ số thời tiết thuận lợi cho đốm nâu thanh long, từ số liệu ngày (chưa kiểm chứng ngoài đồng)',
    en: 'favourability for dragon-fruit brown spot, from days (an index, not validated)',
  },
  source: SOURCE,
  standing: 'index-not-validated',
  step: 'day',
  params: FACTOR_PARAMS,
  columns: [
    { name: 'wet_h', describe: 'wet hours of the day, h', min: 0, max: 24, isRequired: false },
    HUMIDITY('rhmax_pct', "the day's highest humidity"),
    HUMIDITY('rhmin_pct', "the day's lowest humidity"),
    WET_MEAN,
    DAY_MEAN,
    { name: 'rain_mm', describe: 'rain, mm', min: 0, max: 2000, isRequired: false },
    {
      name: 'overhead_mm',
      describe: 'sprinkling, mm, or 1 for yes; not drip',
      min: 0,
      max: 400,
      isRequired: false,
      aliases: ['irrigation_overhead', 'irrigation_overhead_mm', 'sprinkling_mm'],
    },
  ],
  oneOf: [
    ['wet_h', 'rhmax_pct'],
    ['twet_mean_c', 'tmean_c'],
  ],
  outputs: [INDEX, SYMPTOMS],
  fromHours: DRAGON_FRUIT_CANKER_HOURLY,
  example: 'compute dragon-fruit-canker < days.csv',
  run: runDays,
}

function runDays(input: ModelInput) {
  const [wet, high, low] = [input.column('wet_h'), input.column('rhmax_pct'), input.column('rhmin_pct')]
  const [rain, overhead] = [input.column('rain_mm'), input.column('overhead_mm')]
  const { tempC, words } = wetMeans(input)
  const isGuessed = Array.from(wet, (hours) => Number.isNaN(hours))
  const index = wet.map((hours, row) => {
    const wetHours = isGuessed[row]
      ? dailyWetH(high[row] as number, low[row] as number, tempC[row] as number)
      : hours
    const hasSplash = (rain[row] as number) >= SPLASH_FROM_MM || (overhead[row] as number) > 0
    return cankerIndex(wetHours, tempC[row] as number, NEEDS, factorsOf(input, hasSplash))
  })
  return {
    length: input.length,
    columns: {
      index,
      symptoms_from: Array.from(index, (value, row) => symptomsFrom(input.dates[row] as string, value)),
    },
    quality: Array.from(index, (value, row) =>
      Number.isNaN(value)
        ? 'gap'
        : qualityOf(
            isGuessed[row] ? 'wet-from-rh-extremes' : undefined,
            words[row],
            Number.isNaN(rain[row] as number) && Number.isNaN(overhead[row] as number)
              ? 'rain-unknown'
              : undefined,
          ),
    ),
  }
}
