import { daysBetween } from '../calendar.ts'
import type { CropModel, InputColumn, ModelInput, ModelParam, ModelResult, OutputColumn } from '../model.ts'
import {
  type BlightDay,
  bothDays,
  HEAT_GATE_C,
  HUTTON_HOURS,
  meetsBlightRule,
  NEAR_MISS_H,
  SMITH_HOURS,
} from './blight-days.ts'
import { coverage, DATE_OUTPUT, DAY_STARTS, daysIn, hasNumbers } from './day-tables.ts'
import { known, mean } from './days-of-hours.ts'
import { qualityOf } from './pathogen-input.ts'
import { TEMP_COLUMN } from './wetness-input.ts'

interface NamedRule {
  readonly name: string
  readonly vi: string
  readonly en: string
  readonly source: string
  readonly humidHours: number
  readonly hasNearMiss: boolean
}

const SMITH_RULE: NamedRule = {
  name: 'smith',
  vi: 'Đợt Smith: thời tiết thuận lợi cho mốc sương khoai tây, cà chua',
  en: 'Smith periods: late-blight weather for potato and tomato',
  source: 'Smith 1956, as Blightwatch gives it; gated by heat',
  humidHours: SMITH_HOURS,
  hasNearMiss: true,
}
const HUTTON_RULE: NamedRule = {
  name: 'hutton',
  vi: 'Đợt Hutton: thời tiết thuận lợi cho mốc sương khoai tây, cà chua',
  en: 'Hutton periods: late-blight weather for potato and tomato',
  source: 'AHDB 11120018 (James Hutton Institute 2017); gated by heat',
  humidHours: HUTTON_HOURS,
  hasNearMiss: false,
}

const GATE_PARAMS: readonly ModelParam[] = [
  {
    name: 'heat_gate',
    describe:
      'on: a day with a mean above heat_gate_c does not count; off: the rule as published, for cool climates',
    kind: 'choice',
    choices: ['on', 'off'],
    default: 'on',
  },
  {
    name: 'heat_gate_c',
    describe: 'the highest mean temperature of a day that counts',
    kind: 'number',
    unit: '°C',
    min: 10,
    max: 50,
    default: HEAT_GATE_C,
  },
]

const DAY_COLUMNS: readonly InputColumn[] = [
  { name: 'tmin_c', describe: "the day's minimum, °C", min: -40, max: 60, isRequired: true },
  {
    name: 'rh90_h',
    describe: 'hours with 90 % humidity and more, h',
    min: 0,
    max: 24,
    isRequired: true,
    aliases: ['wet_h', 'humid_h'],
  },
  {
    name: 'tmean_c',
    describe: 'mean temperature, °C, for the heat gate; without it no day is gated, which is said',
    min: -40,
    max: 60,
    isRequired: false,
  },
]

const outputsOf = ({ name, humidHours, hasNearMiss }: NamedRule): OutputColumn[] => [
  { name: 'meets', describe: `1 when the day has 10 °C or more and ${humidHours} humid hours`, decimals: 0 },
  { name, describe: '1 when the day before does so too: blight can infect', decimals: 0 },
  ...(hasNearMiss
    ? [{ name: 'near_miss', describe: '1 when one or both days were an hour short', decimals: 0 }]
    : []),
]

const fromDays = (rule: NamedRule): CropModel => ({
  name: rule.name,
  summary: { vi: rule.vi, en: rule.en },
  source: rule.source,
  standing: 'published-rule',
  step: 'day',
  params: GATE_PARAMS,
  columns: DAY_COLUMNS,
  outputs: outputsOf(rule),
  fromHours: fromHours(rule),
  example: `compute ${rule.name} < days.csv`,
  run(input) {
    const [min, humid, meanTemp] = [input.column('tmin_c'), input.column('rh90_h'), input.column('tmean_c')]
    const days = input.dates.map((date, row) => ({
      date,
      minC: min[row] as number,
      humidH: humid[row] as number,
      meanC: meanTemp[row] as number,
    }))
    return { length: input.length, ...judged(days, rule, input) }
  },
})

const fromHours = (rule: NamedRule): CropModel => ({
  name: `${rule.name}-hourly`,
  summary: { vi: `${rule.vi}, từ số liệu giờ`, en: `${rule.en}, from hours` },
  source: rule.source,
  standing: 'published-rule',
  step: 'hour',
  params: [DAY_STARTS, ...GATE_PARAMS],
  columns: [
    TEMP_COLUMN,
    { name: 'rh_pct', describe: 'relative humidity, %', min: 0, max: 105, isRequired: true },
  ],
  outputs: [
    DATE_OUTPUT,
    { name: 'tmin_c', describe: "the day's minimum, °C", decimals: 2 },
    { name: 'tmean_c', describe: "the day's mean, °C", decimals: 2 },
    { name: 'rh90_h', describe: 'hours with 90 % humidity and more, h', decimals: 0 },
    ...outputsOf(rule),
  ],
  givesOwnRows: true,
  example: `compute ${rule.name}-hourly < hours.csv`,
  run(input) {
    const [temp, rh] = [input.column('temp_c'), input.column('rh_pct')]
    const days = daysIn(input).map(({ date, spanH, rows }) => {
      const [temps, humidities] = [known(rows, temp), known(rows, rh)]
      const cover = coverage(Math.min(temps.length, humidities.length), spanH)
      const isGap = !hasNumbers(cover)
      return {
        date,
        cover,
        minC: isGap ? Number.NaN : Math.min(...temps),
        meanC: isGap ? Number.NaN : mean(temps),
        humidH: isGap ? Number.NaN : humidities.filter((rhPct) => rhPct >= 90).length,
      }
    })
    const { columns, quality } = judged(days, rule, input)
    return {
      length: days.length,
      columns: {
        date: days.map(({ date }) => date),
        tmin_c: days.map(({ minC }) => minC),
        tmean_c: days.map(({ meanC }) => meanC),
        rh90_h: days.map(({ humidH }) => humidH),
        ...columns,
      },
      quality: quality.map((word, at) =>
        hasNumbers(days[at]?.cover) ? qualityOf(word, days[at]?.cover) : (days[at]?.cover ?? word),
      ),
    }
  },
})

function judged(
  days: readonly (BlightDay & { readonly date: string })[],
  { name, humidHours, hasNearMiss }: NamedRule,
  input: ModelInput,
): Pick<ModelResult, 'columns' | 'quality'> {
  const gateC = input.choice('heat_gate') === 'on' ? input.number('heat_gate_c') : undefined
  const isUngated = days.map(({ meanC }) => gateC !== undefined && Number.isNaN(meanC))
  const meets = (hours: number) =>
    days.map((day, at) =>
      meetsBlightRule(day, { humidHours: hours, heatGateC: isUngated[at] ? undefined : gateC }),
    )
  const inARow = (met: readonly number[]) =>
    met.map((today, at) => {
      const before = days[at - 1]
      const isNext = before !== undefined && daysBetween(before.date, days[at]?.date ?? '') === 1
      // The day before the table is taken as one that does not count; the quality says so where it matters.
      return bothDays(at === 0 ? 0 : isNext ? (met[at - 1] as number) : Number.NaN, today)
    })
  const full = meets(humidHours)
  const periods = inARow(full)
  const near = inARow(meets(humidHours - NEAR_MISS_H)).map((value, at) =>
    value === 1 && periods[at] === 1 ? 0 : value,
  )
  return {
    columns: { meets: full, [name]: periods, ...(hasNearMiss ? { near_miss: near } : {}) },
    quality: full.map((met, at) =>
      Number.isNaN(met)
        ? 'gap'
        : qualityOf(
            Number.isNaN(periods[at] as number) ? 'day-before-unknown' : undefined,
            at === 0 && met === 1 ? 'from-no-day-before' : undefined,
            isUngated[at] && met === 1 ? 'heat-unknown' : undefined,
          ),
    ),
  }
}

export const SMITH = fromDays(SMITH_RULE)
export const HUTTON = fromDays(HUTTON_RULE)
