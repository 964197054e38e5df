import type { CropModel, ModelInput, ModelParam } from '../model.ts'
import { coverage, DATE_OUTPUT, DAY_STARTS, daysIn, hasNumbers } from './day-tables.ts'
import { known } from './days-of-hours.ts'
import { type DownyRule, downyHours, isPrimaryInfection, TEN_TEN } from './grape-downy.ts'
import { favourableRunH, nextPowdery, POWDERY_START, type PowderyRule, UC_DAVIS } from './grape-powdery.ts'
import { TEMP_COLUMN } from './wetness-input.ts'

const DOWNY_SOURCE = 'The rule 10:10:24 (Baldacci 1947), as growers are told it'

const DOWNY_PARAMS: readonly ModelParam[] = [
  {
    name: 'rain_from_mm',
    describe: 'rain that it takes; New York: 2.5',
    kind: 'number',
    unit: 'mm',
    min: 0.1,
    max: 100,
    default: TEN_TEN.rainMm,
  },
  {
    name: 'temp_from_c',
    describe: 'never colder than; New York: 11',
    kind: 'number',
    unit: '°C',
    min: 0,
    max: 40,
    default: TEN_TEN.tempC,
  },
]
const downyRule = (input: ModelInput): DownyRule => ({
  rainMm: input.number('rain_from_mm'),
  tempC: input.number('temp_from_c'),
})
const RAIN = { name: 'rain_mm', describe: 'rain, mm', min: 0, max: 2000, isRequired: true }
const PRIMARY = {
  name: 'primary',
  describe: '1 when primary infection is possible, on shoots of 10 cm and more',
  decimals: 0,
}
const gapOr = (value: number): string => (Number.isNaN(value) ? 'gap' : 'ok')

export const GRAPE_DOWNY_HOURLY: CropModel = {
  name: 'grape-downy-hourly',
  summary: {
    vi: 'Sương mai nho: quy tắc 10:10:24 theo giờ',
    en: 'grape downy mildew: the rule 10:10:24 by hours',
  },
  source: DOWNY_SOURCE,
  standing: 'published-rule',
  step: 'hour',
  params: DOWNY_PARAMS,
  columns: [TEMP_COLUMN, { ...RAIN, max: 400 }],
  outputs: [
    { name: 'rain_24h_mm', describe: 'rain of the 24 h that end with this one, mm', decimals: 1 },
    { name: 'tmin_24h_c', describe: 'lowest temperature of those hours, °C', decimals: 2 },
    PRIMARY,
  ],
  example: 'compute grape-downy-hourly < hours.csv',
  run(input) {
    const [temp, rain] = [input.column('temp_c'), input.column('rain_mm')]
    const hours = downyHours(
      Array.from(temp, (tempC, row) => ({
        timeMs: input.timesMs[row] as number,
        tempC,
        rainMm: rain[row] as number,
      })),
      downyRule(input),
    )
    return {
      length: input.length,
      columns: {
        rain_24h_mm: hours.map(({ rainMm }) => rainMm),
        tmin_24h_c: hours.map(({ minC }) => minC),
        primary: hours.map(({ isPrimary }) => isPrimary),
      },
      quality: hours.map(({ isPrimary }) => gapOr(isPrimary)),
    }
  },
}

export const GRAPE_DOWNY: CropModel = {
  name: 'grape-downy',
  summary: {
    vi: 'Sương mai nho: quy tắc 10:10:24 theo ngày',
    en: 'grape downy mildew: the rule 10:10:24 by days',
  },
  source: DOWNY_SOURCE,
  standing: 'published-rule',
  step: 'day',
  params: DOWNY_PARAMS,
  columns: [RAIN, { name: 'tmin_c', describe: "the day's minimum, °C", min: -40, max: 60, isRequired: true }],
  outputs: [PRIMARY],
  fromHours: GRAPE_DOWNY_HOURLY,
  example: 'compute grape-downy < days.csv',
  run(input) {
    const [rain, min] = [input.column('rain_mm'), input.column('tmin_c')]
    const primary = rain.map((rainMm, row) =>
      isPrimaryInfection(rainMm, min[row] as number, downyRule(input)),
    )
    return { length: input.length, columns: { primary }, quality: Array.from(primary, gapOr) }
  },
}

export const GRAPE_POWDERY: CropModel = {
  name: 'grape-powdery',
  summary: {
    vi: 'Phấn trắng nho: chỉ số UC Davis từng ngày',
    en: 'grape powdery mildew: the index of UC Davis, day by day',
  },
  source: 'Gubler, Rademacher, Vasquez & Thomas 1999 (UC Davis risk index)',
  standing: 'published-rule',
  step: 'hour',
  params: [DAY_STARTS],
  columns: [TEMP_COLUMN],
  outputs: [
    DATE_OUTPUT,
    { name: 'favourable_h', describe: 'longest run of hours at 21 to 29.4 °C, h', decimals: 0 },
    { name: 'hot_h', describe: 'hours at 35 °C and more, h', decimals: 0 },
    { name: 'index', describe: 'risk index, 0 to 100; below 60 before the start', decimals: 0 },
    { name: 'started', describe: '1 when the three days that start it are over', decimals: 0 },
  ],
  givesOwnRows: true,
  example: 'compute grape-powdery < hours.csv',
  run: (input) => powderyDays(input, UC_DAVIS),
}

/** A day with more than 3 unknown hours is a gap; after it the index starts anew, which is said. */
function powderyDays(input: ModelInput, rule: PowderyRule) {
  const temps = input.column('temp_c')
  let state = POWDERY_START
  let isAnew = false
  const days = daysIn(input).map(({ date, spanH, rows }) => {
    const cover = coverage(known(rows, temps).length, spanH)
    if (!hasNumbers(cover)) {
      // A day that the table cuts off stands at one of its ends: nothing comes before or after that it could spoil.
      if (cover === 'gap') {
        state = POWDERY_START
        isAnew = true
      }
      return {
        date,
        run: Number.NaN,
        hot: Number.NaN,
        index: Number.NaN,
        started: Number.NaN,
        words: [cover],
      }
    }
    const tempsC = hoursInPlace(rows, temps, input.timesMs)
    state = nextPowdery(state, { tempsC }, rule)
    if (state.hasStarted) isAnew = false
    return {
      date,
      run: favourableRunH(tempsC, rule),
      hot: tempsC.filter((tempC) => tempC >= rule.heatC).length,
      index: state.index,
      started: state.hasStarted ? 1 : 0,
      words: [...(cover === 'partial' ? ['partial'] : []), ...(isAnew ? ['after-gap'] : [])],
    }
  })
  return {
    length: days.length,
    columns: {
      date: days.map(({ date }) => date),
      favourable_h: days.map(({ run }) => run),
      hot_h: days.map(({ hot }) => hot),
      index: days.map(({ index }) => index),
      started: days.map(({ started }) => started),
    },
    quality: days.map(({ words }) => words.join(' ') || 'ok'),
  }
}

const HOUR_MS = 3_600_000

/** Temperatures with NaN for hours that have no row, so that a run is not carried over them. */
function hoursInPlace(
  rows: readonly number[],
  temps: ArrayLike<number>,
  timesMs: ArrayLike<number>,
): number[] {
  const first = timesMs[rows[0] ?? 0] as number
  const inPlace = new Array<number>(rows.length > 0 ? 24 : 0).fill(Number.NaN)
  for (const row of rows)
    inPlace[Math.round(((timesMs[row] as number) - first) / HOUR_MS)] = temps[row] as number
  return inPlace
}
