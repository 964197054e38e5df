import { VuonError } from '#contract/ground/errors.ts'
import { dayOfYear } from './calendar.ts'
import type { Reference } from './et0.ts'
import { type DailyEt0, type DailySite, type DailyWeather, dailyEt0 } from './et0-daily.ts'
import type { CropModel, InputColumn, ModelInput, ModelParam, ModelResult, OutputColumn } from './model.ts'
import {
  CLEAR_SKY,
  EA,
  ELEVATION,
  LAT,
  METHOD,
  REFERENCE,
  RH,
  RH_MAX,
  RH_MIN,
  RS_DAY,
  required,
  SUNSHINE,
  TDEW,
  TMAX,
  TMIN,
  WIND,
  WIND_HEIGHT,
} from './weather-columns.ts'

const KRS: ModelParam = {
  name: 'krs',
  describe:
    'how radiation follows the temperature range where neither it nor sunshine is measured: 0.16 inland, 0.19 near the coast',
  kind: 'number',
  unit: '°C^-0.5',
  min: 0.1,
  max: 0.25,
  default: 0.16,
}
const DEW_BELOW: ModelParam = {
  name: 'tdew_below_tmin_c',
  describe:
    'how far the dew point lies below tmin_c where humidity is not measured: 0 in humid places, 2 to 3 in arid ones',
  kind: 'number',
  unit: '°C',
  min: 0,
  max: 6,
  default: 0,
}
export const G_COLUMN: InputColumn = {
  name: 'g_mjm2',
  describe: 'soil heat flux, MJ/m²·day; without it 0 for a day',
  min: -10,
  max: 10,
  isRequired: false,
}
export const DAY_PARAMS = [LAT, ELEVATION, WIND_HEIGHT, KRS, DEW_BELOW, METHOD, REFERENCE, CLEAR_SKY]
export const DAY_COLUMNS = [
  required(TMAX),
  required(TMIN),
  EA,
  TDEW,
  RH_MAX,
  RH_MIN,
  RH,
  RS_DAY,
  SUNSHINE,
  WIND,
]
export const DAY_STEPS: readonly OutputColumn[] = [
  { name: 'ra_mjm2', describe: 'extraterrestrial radiation, MJ/m²·day', decimals: 3 },
  { name: 'rs_used_mjm2', describe: 'solar radiation, measured or estimated, MJ/m²·day', decimals: 3 },
  { name: 'rso_mjm2', describe: 'clear-sky radiation, MJ/m²·day', decimals: 3 },
  { name: 'rn_mjm2', describe: 'net radiation, MJ/m²·day', decimals: 3 },
  { name: 'g_used_mjm2', describe: 'soil heat flux, MJ/m²·day', decimals: 3 },
  { name: 'u2_ms', describe: 'wind speed at 2 m, m/s', decimals: 3 },
  { name: 'es_kpa', describe: 'mean saturation vapour pressure, kPa', decimals: 4 },
  { name: 'ea_used_kpa', describe: 'actual vapour pressure, measured or estimated, kPa', decimals: 4 },
]
export const DAY_SOURCE =
  'FAO-56 (Allen et al. 1998) equation 6 and chapters 3 and 4; ASCE-EWRI 2005 equation 1 with method=asce'

export const ET0_DAILY: CropModel = {
  name: 'et0-daily',
  summary: {
    vi: 'Bốc thoát hơi nước tham chiếu (ET0) theo ngày, Penman–Monteith',
    en: 'reference evapotranspiration (ET0) of days, Penman–Monteith',
  },
  source: DAY_SOURCE,
  standing: 'equation',
  step: 'day',
  params: DAY_PARAMS,
  columns: [...DAY_COLUMNS, G_COLUMN],
  outputs: [{ name: 'et0_mm', describe: 'reference evapotranspiration, mm/day', decimals: 3 }, ...DAY_STEPS],
  example: 'compute et0-daily --param lat=11.1 elev_m=20 krs=0.19 < days.csv',
  run: (input) => {
    const site = siteOf(input)
    const g = input.column('g_mjm2')
    return resultOf(
      Array.from({ length: input.length }, (_, row) =>
        dailyEt0(weatherAt(input, row, dayOfYear(input.dates[row] as string), g[row] as number), site),
      ),
    )
  },
}

/** Throws `input-invalid` for the tall reference of FAO-56, which has none. */
export function referenceOf(input: ModelInput): Reference {
  const method = input.choice('method') as Reference['method']
  const surface = input.choice('reference') as Reference['surface']
  if (method === 'fao56' && surface === 'tall')
    throw new VuonError('input-invalid', 'FAO-56 knows the short reference only.', {
      hint: 'Add --param method=asce, or leave out reference.',
    })
  return { method, surface }
}

export const siteOf = (input: ModelInput): DailySite => ({
  ...referenceOf(input),
  latDeg: input.number('lat'),
  elevM: input.number('elev_m'),
  windHeightM: input.number('wind_height_m'),
  krs: input.number('krs'),
  tdewBelowTminC: input.number('tdew_below_tmin_c'),
  clearSky: input.choice('rso') as DailySite['clearSky'],
})

export function weatherAt(input: ModelInput, row: number, day: number, g: number): DailyWeather {
  const at = (column: string) => input.column(column)[row] as number
  return {
    dayOfYear: day,
    tmaxC: at('tmax_c'),
    tminC: at('tmin_c'),
    eaKpa: at('ea_kpa'),
    tdewC: at('tdew_c'),
    rhmaxPct: at('rhmax_pct'),
    rhminPct: at('rhmin_pct'),
    rhPct: at('rh_pct'),
    rs: at('rs_mjm2'),
    sunshineH: at('sunshine_h'),
    windMs: at('wind_ms'),
    g,
  }
}

export function resultOf(days: readonly DailyEt0[]): ModelResult {
  return {
    length: days.length,
    columns: {
      et0_mm: days.map(({ et0Mm }) => et0Mm),
      ra_mjm2: days.map(({ ra }) => ra),
      rs_used_mjm2: days.map(({ rs }) => rs),
      rso_mjm2: days.map(({ rso }) => rso),
      rn_mjm2: days.map(({ rn }) => rn),
      g_used_mjm2: days.map(({ g }) => g),
      u2_ms: days.map(({ u2Ms }) => u2Ms),
      es_kpa: days.map(({ esKpa }) => esKpa),
      ea_used_kpa: days.map(({ eaKpa }) => eaKpa),
    },
    quality: days.map(({ notes }) => notes.join(' ') || 'ok'),
  }
}
