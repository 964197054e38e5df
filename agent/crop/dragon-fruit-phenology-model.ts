import { VuonError } from '#contract/ground/errors.ts'
import { byDay, type ForecastTemps } from './daily-temps.ts'
import {
  BASE_C,
  dragonFruitPhenology,
  LAG_DAYS,
  type Phenology,
  type PhenologyDay,
  type Seen,
  type Spread,
} from './dragon-fruit-phenology.ts'
import type { CropModel, ModelInput, ModelResult, OutputColumn } from './model.ts'

const AIR = { min: -20, max: 60 }
const EVENTS = ['bud', 'anthesis', 'harvest'] as const

export const DRAGON_FRUIT_PHENOLOGY: CropModel = {
  name: 'dragon-fruit-phenology',
  summary: {
    vi: 'Dự báo ngày ra nụ, nở hoa và thu hoạch thanh long (chỉ số, chưa kiểm chứng ngoài đồng)',
    en: 'dates of bud, flower and harvest of dragon fruit (an index, not validated in the field)',
  },
  source:
    'published durations (Kerala, Vietnam, Taiwan) scaled by T − base, judgement; see dragon-fruit-phenology.ts',
  standing: 'index-not-validated',
  step: 'day',
  params: [
    { name: 'lights_on', describe: 'first evening with the lights lit', kind: 'date', isOptional: true },
    {
      name: 'bud_date',
      describe: 'buds were seen; takes the place of lights_on',
      kind: 'date',
      isOptional: true,
    },
    {
      name: 'anthesis_date',
      describe: 'flowers were open; takes the place of both',
      kind: 'date',
      isOptional: true,
    },
    {
      name: 'base_c',
      describe: 'no development below',
      kind: 'number',
      unit: '°C',
      min: 0,
      max: 18,
      default: BASE_C,
    },
    {
      name: 'lag_d',
      describe: 'days from the last needed night to a bud that can be seen',
      kind: 'number',
      unit: 'd',
      min: 0,
      max: 30,
      default: LAG_DAYS,
    },
  ],
  columns: [
    { name: 'tmean_c', describe: "the day's mean, °C", ...AIR, isRequired: false },
    {
      name: 'tmin_c',
      describe: 'minimum, °C: how many nights are needed; with tmax_c it stands in for the mean',
      ...AIR,
      isRequired: false,
    },
    { name: 'tmax_c', describe: 'maximum, °C', ...AIR, isRequired: false },
    {
      name: 'lit_h',
      describe:
        'hours lit between 22:00 and 02:00 of the night that begins on this day; below 4 it does not count; lit when empty',
      min: 0,
      max: 4,
      isRequired: false,
    },
  ],
  oneOf: [
    ['tmean_c', 'tmin_c'],
    ['tmean_c', 'tmax_c'],
  ],
  outputs: [
    { name: 'date', describe: 'from the date given to the latest harvest', decimals: 0, isText: true },
    {
      name: 'stage',
      describe: 'at the end of the day: lighting, forming, bud, fruit, ripe',
      decimals: 0,
      isText: true,
    },
    { name: 'progress_pct', describe: 'how much of the stage is done, %', decimals: 1 },
    { name: 'tmean_c', describe: 'mean that was taken, °C', decimals: 1 },
    ...EVENTS.flatMap((event): OutputColumn[] => [
      { name: `${event}_date`, describe: `${event}, expected`, decimals: 0, isText: true },
      { name: `${event}_earliest`, describe: `${event}, earliest`, decimals: 0, isText: true },
      { name: `${event}_latest`, describe: `${event}, latest`, decimals: 0, isText: true },
    ]),
  ],
  givesOwnRows: true,
  example: 'compute dragon-fruit-phenology --param lights_on=2026-11-01 < days.csv',
  run,
}

/**
 * Quality: `temp-from-14-day-mean`, `temp-from-first-14-days` where the table has no temperature; `tmean-from-extremes`;
 * `nights-from-middle` in lighting without a minimum; `outside-range`; and on every measured day
 * `forecast-from-14-day-mean` while the expected harvest rests on days that are not in the table.
 */
function run(input: ModelInput): ModelResult {
  const seen = seenIn(input)
  const extremes = meansOfExtremes(input)
  const given = input.column('tmean_c')
  const meanC = given.map((value, row) => (Number.isNaN(value) ? (extremes[row] as number) : value))
  if (!meanC.some((value) => !Number.isNaN(value))) return nothing(seen)
  const isFromExtremes = new Set(input.dates.filter((_, row) => Number.isNaN(given[row] as number)))
  const litHours = new Map(input.dates.map((date, row) => [date, input.column('lit_h')[row] as number]))
  const phenology = dragonFruitPhenology(
    {
      firstDate: input.dates[0] as string,
      meanC: byDay(input.dates, meanC),
      minC: byDay(input.dates, input.column('tmin_c')),
    },
    seen,
    {
      baseC: input.number('base_c'),
      lagDays: input.number('lag_d'),
      litHours: (date) => litHours.get(date) ?? Number.NaN,
    },
  )
  const { days } = phenology
  const all = (text: string | undefined) => days.map(() => text ?? '')
  const spread = (name: string, { earliest, expected, latest }: Spread) => ({
    [`${name}_date`]: all(expected),
    [`${name}_earliest`]: all(earliest),
    [`${name}_latest`]: all(latest),
  })
  return {
    length: days.length,
    columns: {
      date: days.map(({ date }) => date),
      stage: days.map(({ stage }) => stage),
      progress_pct: days.map(({ progressPct }) => progressPct),
      tmean_c: days.map(({ temps }) => temps.meanC),
      ...Object.assign({}, ...EVENTS.map((event) => spread(event, phenology[event]))),
    },
    quality: days.map((day) => qualityOf(day, phenology, isFromExtremes.has(day.date))),
  }
}

function seenIn(input: ModelInput): Seen {
  const seen = {
    lightsOn: input.date('lights_on'),
    bud: input.date('bud_date'),
    anthesis: input.date('anthesis_date'),
  }
  const dates = [seen.lightsOn, seen.bud, seen.anthesis].filter((date) => date !== undefined)
  if (dates.length === 0)
    throw new VuonError('input-invalid', 'No date to begin from was given.', {
      hint: 'Add --param lights_on=YYYY-MM-DD, or bud_date, or anthesis_date.',
    })
  if (dates.some((date, at) => at > 0 && date < (dates[at - 1] as string)))
    throw new VuonError('input-invalid', 'The dates are not in order.', {
      hint: 'lights_on comes before bud_date, and bud_date before anthesis_date.',
    })
  return seen
}

function meansOfExtremes(input: ModelInput): Float64Array {
  const maxC = input.column('tmax_c')
  return input.column('tmin_c').map((minC, row) => {
    const dayMaxC = maxC[row] as number
    return minC <= dayMaxC ? (minC + dayMaxC) / 2 : Number.NaN
  })
}

/** Not one temperature: the date that was seen, and nothing from it. */
function nothing({ lightsOn, bud, anthesis }: Seen): ModelResult {
  return { length: 1, columns: { date: [anthesis ?? bud ?? lightsOn ?? ''] }, quality: ['gap'] }
}

const WORDS: Readonly<Record<ForecastTemps['source'], string | undefined>> = {
  measured: undefined,
  '14-day-mean': 'temp-from-14-day-mean',
  'first-14-days': 'temp-from-first-14-days',
}

function qualityOf(day: PhenologyDay, { restsOnMeans }: Phenology, isFromExtremes: boolean): string {
  const isMeasured = day.temps.source === 'measured'
  const words = [
    WORDS[day.temps.source],
    isMeasured && isFromExtremes ? 'tmean-from-extremes' : undefined,
    day.isNightGuessed ? 'nights-from-middle' : undefined,
    day.isOutsideRange ? 'outside-range' : undefined,
    isMeasured && restsOnMeans ? 'forecast-from-14-day-mean' : undefined,
  ]
  return words.filter((word) => word !== undefined).join(' ') || 'ok'
}
