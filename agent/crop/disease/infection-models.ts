import type { CropModel, ModelInput, OutputColumn } from '../model.ts'
import { glomerellaSeverityPct } from './glomerella.ts'
import { infectionHours, type WeatherHour } from './infection-hours.ts'
import { temperatureResponse, wetnessNeededH } from './magarey.ts'
import { D50_PARAM, NEEDS_PARAMS, needsOf, qualityOf, standingWord } from './pathogen-input.ts'
import { WETNESS_COLUMNS, WETNESS_ONE_OF, WETNESS_PARAMS, wetnessOf } from './wetness-input.ts'

const MAGAREY_SOURCE = 'Magarey, Sutton & Thayer 2005, Phytopathology 95:92'
const COHORT_SOURCE = `${MAGAREY_SOURCE}; cohorts as Bregaglio et al. 2012`

export const MAGAREY_WETNESS: CropModel = {
  name: 'magarey-wetness',
  summary: {
    vi: 'Số giờ lá ướt cần để nhiễm bệnh, theo nhiệt độ',
    en: 'hours of wetness that an infection needs at a temperature',
  },
  source: MAGAREY_SOURCE,
  standing: 'published-rule',
  step: 'row',
  params: NEEDS_PARAMS,
  columns: [
    {
      name: 'tmean_c',
      describe: 'mean temperature of the wet hours, °C',
      min: -40,
      max: 60,
      isRequired: true,
      aliases: ['twet_mean_c', 'temp_c'],
    },
  ],
  outputs: [
    { name: 'f_t', describe: 'response to temperature, 0 to 1', decimals: 6 },
    {
      name: 'w_h',
      describe: 'hours of wetness needed, h; wmax_h outside the temperature limits, empty there without it',
      decimals: 6,
    },
  ],
  example: 'compute magarey-wetness --param pathogen=grape-downy-mildew < temperatures.csv',
  run(input) {
    const needs = needsOf(input)
    const temps = input.column('tmean_c')
    const response = temps.map((tempC) => temperatureResponse(tempC, needs))
    const prior = standingWord(input)
    return {
      length: input.length,
      columns: { f_t: response, w_h: temps.map((tempC) => wetnessNeededH(tempC, needs)) },
      quality: Array.from(response, (f) =>
        Number.isNaN(f) ? 'gap' : qualityOf(f === 0 ? 'no-infection' : undefined, prior),
      ),
    }
  },
}

const OF_WET_HOURS = {
  source: COHORT_SOURCE,
  standing: 'index-not-validated',
  step: 'hour',
  params: [...NEEDS_PARAMS, D50_PARAM, ...WETNESS_PARAMS],
  columns: WETNESS_COLUMNS,
  oneOf: [WETNESS_ONE_OF],
} as const satisfies Partial<CropModel>

export const MAGAREY: CropModel = {
  name: 'magarey',
  summary: {
    vi: 'Nguy cơ nhiễm bệnh từng giờ theo giờ lá ướt và nhiệt độ',
    en: 'infection risk hour by hour, from wetness and temperature',
  },
  ...OF_WET_HOURS,
  outputs: [
    { name: 'wet_sum_h', describe: 'wet hours of the wet period so far, h', decimals: 2 },
    { name: 'twet_mean_c', describe: 'mean temperature of those hours, °C', decimals: 2 },
    { name: 'w_needed_h', describe: 'hours of wetness needed at that mean, h', decimals: 2 },
    {
      name: 'risk_ratio',
      describe: 'R: hours of the period over hours needed; infection from 1 on',
      decimals: 3,
    },
    { name: 'cohort_ratio', describe: 'R of the furthest cohort of spores in this hour', decimals: 3 },
    { name: 'infections', describe: 'hourly cohorts of spores that infect in this hour', decimals: 0 },
  ],
  example: 'compute magarey --param pathogen=grape-downy-mildew < hours.csv',
  run(input) {
    const { hours, words } = infectionsOf(input)
    return {
      length: input.length,
      columns: {
        wet_sum_h: hours.map(({ wetSumH }) => wetSumH),
        twet_mean_c: hours.map(({ meanTempC }) => meanTempC),
        w_needed_h: hours.map(({ neededH }) => neededH),
        risk_ratio: hours.map(({ ratio }) => ratio),
        cohort_ratio: hours.map(({ cohortRatio }) => cohortRatio),
        infections: hours.map(({ infections }) => infections),
      },
      quality: hours.map(({ quality }) => (quality === 'gap' ? 'gap' : qualityOf(quality, ...words))),
    }
  },
}

const MOMENT = (name: string, describe: string): OutputColumn => ({
  name,
  describe: `${describe}, in utc_offset_h`,
  decimals: 0,
  isText: true,
})

export const MAGAREY_EVENTS: CropModel = {
  name: 'magarey-events',
  summary: {
    vi: 'Các đợt lá ướt và nguy cơ nhiễm bệnh của mỗi đợt',
    en: 'wet periods, and how far each went towards infection',
  },
  ...OF_WET_HOURS,
  outputs: [
    MOMENT('start', 'where the first wet hour begins'),
    MOMENT('end', 'where the last wet hour ends'),
    { name: 'wet_h', describe: 'wet hours, h', decimals: 2 },
    { name: 'dry_h', describe: 'dry hours that interrupted them, h', decimals: 0 },
    { name: 'twet_mean_c', describe: 'mean temperature of the wet hours, °C', decimals: 2 },
    { name: 'w_needed_h', describe: 'hours of wetness needed at that mean, h', decimals: 2 },
    {
      name: 'risk_ratio',
      describe: 'the highest R of the period or of a cohort in it; infection from 1 on',
      decimals: 3,
    },
    { name: 'infections', describe: 'hourly cohorts of spores that have infected', decimals: 0 },
    MOMENT('infected_at', 'where the hour of the first infection begins; empty for none'),
  ],
  givesOwnRows: true,
  example: 'compute magarey-events --param pathogen=mango-anthracnose < hours.csv',
  run(input) {
    const { periods, words } = infectionsOf(input)
    const text = (ms: number) => momentText(ms, input.number('utc_offset_h'))
    return {
      length: periods.length,
      columns: {
        start: periods.map(({ startMs }) => text(startMs)),
        end: periods.map(({ endMs }) => text(endMs)),
        wet_h: periods.map(({ wetHours }) => wetHours),
        dry_h: periods.map(({ dryHours }) => dryHours),
        twet_mean_c: periods.map(({ meanTempC }) => meanTempC),
        w_needed_h: periods.map(({ neededH }) => neededH),
        risk_ratio: periods.map(({ ratio }) => ratio),
        infections: periods.map(({ infections }) => infections),
        infected_at: periods.map(({ infectedAtMs }) =>
          infectedAtMs === undefined ? '' : text(infectedAtMs),
        ),
      },
      quality: periods.map(({ isAtLeast }) => qualityOf(isAtLeast ? 'after-gap' : undefined, ...words)),
    }
  },
}

/** ISO 8601 to the minute with its zone: 2026-07-01T13:00+07:00. */
function momentText(ms: number, utcOffsetH: number): string {
  const offsetMin = Math.round(utcOffsetH * 60)
  const local = new Date(ms + offsetMin * 60_000).toISOString().slice(0, 16)
  const [hours, minutes] = [Math.floor(Math.abs(offsetMin) / 60), Math.abs(offsetMin) % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  return `${local}${offsetMin < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`
}

function infectionsOf(input: ModelInput) {
  const needs = needsOf(input, input.number('d50_h'))
  const { wetH, word } = wetnessOf(input)
  const temps = input.column('temp_c')
  const weather = Array.from(
    wetH,
    (wet, row): WeatherHour => ({
      timeMs: input.timesMs[row] as number,
      tempC: temps[row] as number,
      wetH: wet,
    }),
  )
  return { ...infectionHours(weather, needs), words: [word, standingWord(input)] }
}

export const GLOMERELLA: CropModel = {
  name: 'glomerella-leaf-spot',
  summary: {
    vi: 'Mức thích hợp cho đốm lá Glomerella trên táo (họ nấm thán thư)',
    en: 'severity of Glomerella leaf spot of apple (the anthracnose fungi), an index on other crops',
  },
  source: 'Response surface of EPAGRI, Santa Catarina, Brazil',
  standing: 'index-not-validated',
  step: 'row',
  params: [],
  columns: [
    {
      name: 'tmean_c',
      describe: 'mean temperature of the wet hours, °C',
      min: -40,
      max: 60,
      isRequired: true,
      aliases: ['twet_mean_c', 'temp_c'],
    },
    { name: 'wet_h', describe: 'hours of leaf wetness on end, h', min: 0, max: 500, isRequired: true },
  ],
  outputs: [{ name: 'severity_pct', describe: 'leaf area with spots, %', decimals: 2 }],
  example: 'compute glomerella-leaf-spot < wet-periods.csv',
  run(input) {
    const [temps, wet] = [input.column('tmean_c'), input.column('wet_h')]
    const severity = temps.map((tempC, row) => glomerellaSeverityPct(tempC, wet[row] as number))
    return {
      length: input.length,
      columns: { severity_pct: severity },
      quality: Array.from(severity, (value, row) =>
        !Number.isNaN(value)
          ? 'ok'
          : Number.isNaN((temps[row] as number) + (wet[row] as number))
            ? 'gap'
            : 'gap outside-range',
      ),
    }
  },
}
