import type { CropModel, ModelInput, ModelResult } from '../model.ts'
import {
  coverage,
  DATE_OUTPUT,
  DAY_MEAN,
  DAY_STARTS,
  daysIn,
  hasNumbers,
  SUM_FROM,
  sumsFrom,
  WET_H,
  WET_MEAN,
  wetMeans,
} from './day-tables.ts'
import { wetDay } from './days-of-hours.ts'
import { qualityOf } from './pathogen-input.ts'
import { type SeverityTable, severityValue, TOMCAST_TABLE, WALLIN_TABLE } from './severity-values.ts'
import { TEMP_COLUMN, WETNESS_COLUMNS, WETNESS_ONE_OF, WETNESS_PARAMS, wetnessOf } from './wetness-input.ts'

interface SeverityRule {
  readonly name: string
  readonly vi: string
  readonly en: string
  readonly source: string
  readonly table: SeverityTable
  readonly wetH: string
}

const TOMCAST_RULE: SeverityRule = {
  name: 'tomcast',
  vi: 'Chỉ số bệnh TOMCAST trên cà chua (đốm vòng, đốm lá Septoria, thán thư)',
  en: 'TOMCAST severity values for tomato (early blight, Septoria, anthracnose)',
  source: 'Pitblado 1992, after FAST: Madden, Pennypacker & MacNab 1978, Phytopathology 68:1354',
  table: TOMCAST_TABLE,
  wetH: 'hours of leaf wetness',
}
const WALLIN_RULE: SeverityRule = {
  name: 'wallin',
  vi: 'Chỉ số bệnh Wallin (BLITECAST) cho mốc sương khoai tây, cà chua',
  en: 'Wallin (BLITECAST) severity values for late blight of potato and tomato',
  source: 'Wallin 1962; BLITECAST: Krause, Massie & Hyre 1975, Plant Dis. Reporter 59:95',
  table: WALLIN_TABLE,
  wetH: 'hours with 90 % humidity and more',
}

const OUTPUTS = [
  { name: 'dsv', describe: 'severity value of the day, 0 to 4', decimals: 0 },
  { name: 'dsv_sum', describe: 'their sum so far; a spray is due at 15 to 20', decimals: 0 },
]

/** From days: wet hours and a temperature. */
const fromDays = ({ name, vi, en, source, table, wetH }: SeverityRule, hourly: CropModel): CropModel => ({
  name,
  summary: { vi, en },
  source,
  standing: 'published-rule',
  step: 'day',
  params: [SUM_FROM],
  columns: [{ ...WET_H, describe: `${wetH} of the day`, aliases: ['rh90_h'] }, WET_MEAN, DAY_MEAN],
  oneOf: [['twet_mean_c', 'tmean_c']],
  outputs: OUTPUTS,
  fromHours: hourly,
  example: `compute ${name} --param from=2026-07-01 < days.csv`,
  run(input) {
    const wet = input.column('wet_h')
    const { tempC, words } = wetMeans(input)
    const dsv = wet.map((hours, row) => severityValue(table, hours, tempC[row] as number))
    return withSums(
      dsv,
      input.dates,
      Array.from(dsv, (value, row) => (Number.isNaN(value) ? 'gap' : (words[row] as string))),
      input.date('from'),
    )
  },
})

/** From hours: a row a day. */
const fromHours = (
  { name, vi, en, source, table }: SeverityRule,
  parts: Pick<CropModel, 'params' | 'columns'> & Partial<Pick<CropModel, 'oneOf'>>,
  wetnessIn: (input: ModelInput) => { readonly wetH: Float64Array; readonly word?: string },
): CropModel => ({
  name: `${name}-hourly`,
  summary: { vi: `${vi}, từ số liệu giờ`, en: `${en}, from hours` },
  source,
  standing: 'published-rule',
  step: 'hour',
  ...parts,
  params: [DAY_STARTS, SUM_FROM, ...parts.params],
  outputs: [
    DATE_OUTPUT,
    { name: 'wet_h', describe: 'wet hours of the day, h', decimals: 2 },
    { name: 'twet_mean_c', describe: 'mean temperature of the wet hours, °C', decimals: 2 },
    ...OUTPUTS,
  ],
  givesOwnRows: true,
  example: `compute ${name}-hourly --param day_starts_h=11 < hours.csv`,
  run(input) {
    const { wetH, word } = wetnessIn(input)
    const temps = input.column('temp_c')
    const days = daysIn(input).map(({ date, spanH, rows }) => {
      const day = wetDay(rows, wetH, temps)
      const cover = coverage(day.knownH, spanH)
      return hasNumbers(cover)
        ? { ...day, date, cover, dsv: severityValue(table, day.wetH, day.wetMeanC) }
        : { date, cover, wetH: Number.NaN, wetMeanC: Number.NaN, dsv: Number.NaN }
    })
    const dates = days.map(({ date }) => date)
    const result = withSums(
      days.map(({ dsv }) => dsv),
      dates,
      days.map(({ cover }) => (hasNumbers(cover) ? qualityOf(cover, word) : cover)),
      // The sum begins with the first whole day.
      input.date('from') ?? days.find(({ cover }) => hasNumbers(cover))?.date,
    )
    return {
      ...result,
      columns: {
        date: dates,
        wet_h: days.map((day) => day.wetH),
        twet_mean_c: days.map((day) => day.wetMeanC),
        ...result.columns,
      },
    }
  },
})

function withSums(
  dsv: ArrayLike<number>,
  dates: readonly string[],
  words: readonly string[],
  from: string | undefined,
): ModelResult {
  const { sums, words: sumWords } = sumsFrom(dsv, dates, from)
  return {
    length: dates.length,
    columns: { dsv: Float64Array.from(dsv), dsv_sum: sums },
    quality: words.map((word, row) => qualityOf(word, sumWords[row])),
  }
}

/** Hours with 90 % humidity, as Wallin's table asks, whatever else wets a leaf. */
function humidHours(input: ModelInput): { readonly wetH: Float64Array } {
  const wetH = input.column('rh_pct').map((rhPct) => (Number.isNaN(rhPct) ? Number.NaN : rhPct >= 90 ? 1 : 0))
  return { wetH }
}

export const TOMCAST_HOURLY = fromHours(
  TOMCAST_RULE,
  { params: WETNESS_PARAMS, columns: WETNESS_COLUMNS, oneOf: [WETNESS_ONE_OF] },
  wetnessOf,
)
export const TOMCAST = fromDays(TOMCAST_RULE, TOMCAST_HOURLY)
export const WALLIN_HOURLY = fromHours(
  WALLIN_RULE,
  {
    params: [],
    columns: [
      TEMP_COLUMN,
      { name: 'rh_pct', describe: 'relative humidity, %', min: 0, max: 105, isRequired: true },
    ],
  },
  humidHours,
)
export const WALLIN = fromDays(WALLIN_RULE, WALLIN_HOURLY)
