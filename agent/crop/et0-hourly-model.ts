import { dayOfYearAt } from './calendar.ts'
import { referenceOf } from './et0-daily-model.ts'
import { type HourlyEt0, type HourlySite, hourlyEt0, type LastSky } from './et0-hourly.ts'
import type { CropModel, ModelInput } from './model.ts'
import {
  CLEAR_SKY,
  EA,
  ELEVATION,
  LAT,
  LON,
  METHOD,
  REFERENCE,
  RH,
  RS_HOUR,
  required,
  TDEW,
  TMEAN,
  WIND,
  WIND_HEIGHT,
} from './weather-columns.ts'

const HALF_HOUR_MS = 1_800_000
const TO_MIDDLE_MS: Readonly<Record<string, number>> = {
  start: HALF_HOUR_MS,
  middle: 0,
  end: -HALF_HOUR_MS,
}

export const ET0_HOURLY: CropModel = {
  name: 'et0-hourly',
  summary: {
    vi: 'ET0 theo giờ, Penman–Monteith',
    en: 'ET0 of hours, Penman–Monteith',
  },
  source: 'FAO-56 (Allen et al. 1998) equation 53; ASCE-EWRI 2005 equation 1 and table 1 with method=asce',
  standing: 'equation',
  step: 'hour',
  params: [
    LAT,
    LON,
    ELEVATION,
    WIND_HEIGHT,
    METHOD,
    REFERENCE,
    CLEAR_SKY,
    {
      name: 'time_is',
      describe: 'where in its hour the column time stands; weather services stamp the end',
      kind: 'choice',
      choices: ['start', 'middle', 'end'],
      default: 'end',
    },
    {
      name: 'clearness_before',
      describe:
        'Rs/Rso of a night before which no afternoon was measured: 0.4 to 0.6 in humid places, 0.7 to 0.8 in arid ones',
      kind: 'number',
      unit: '',
      min: 0.3,
      max: 1,
      default: 0.8,
    },
  ],
  columns: [
    required({ ...TMEAN, describe: 'mean air temperature of the hour, °C' }),
    EA,
    TDEW,
    RH,
    required({ ...RS_HOUR, describe: `${RS_HOUR.describe}; may be empty at night` }),
    WIND,
  ],
  oneOf: [['ea_kpa', 'tdew_c', 'rh_pct']],
  outputs: [
    {
      name: 'et0_mm',
      describe:
        'reference evapotranspiration of the hour, mm; below 0 where dew forms, and a day’s sum has these hours in it',
      decimals: 4,
    },
    { name: 'ra_mjm2', describe: 'extraterrestrial radiation of the hour, MJ/m²', decimals: 4 },
    { name: 'rso_mjm2', describe: 'clear-sky radiation of the hour, MJ/m²', decimals: 4 },
    { name: 'rn_mjm2', describe: 'net radiation of the hour, MJ/m²', decimals: 4 },
    { name: 'g_mjm2', describe: 'soil heat flux of the hour, MJ/m²', decimals: 4 },
    { name: 'u2_ms', describe: 'wind speed at 2 m, m/s', decimals: 3 },
    { name: 'es_kpa', describe: 'saturation vapour pressure, kPa', decimals: 4 },
    { name: 'ea_used_kpa', describe: 'actual vapour pressure, kPa', decimals: 4 },
  ],
  example: 'compute et0-hourly --param lat=11.1 lon=108.1 elev_m=20 time_is=end < hours.csv',
  run: (input) => {
    const site = siteOf(input)
    const shiftMs = TO_MIDDLE_MS[input.choice('time_is')] as number
    const utcOffsetH = input.number('utc_offset_h')
    const column = Object.fromEntries(
      ['tmean_c', 'ea_kpa', 'tdew_c', 'rh_pct', 'rs_mjm2', 'wind_ms'].map((name) => [
        name,
        input.column(name),
      ]),
    )
    const at = (name: string, row: number) => column[name]?.[row] as number
    let last: LastSky | undefined
    const hours: HourlyEt0[] = []
    for (let row = 0; row < input.length; row++) {
      const middleMs = (input.timesMs[row] as number) + shiftMs
      const step = hourlyEt0(
        {
          middleMs,
          dayOfYear: dayOfYearAt(middleMs, utcOffsetH),
          airTempC: at('tmean_c', row),
          eaKpa: at('ea_kpa', row),
          tdewC: at('tdew_c', row),
          rhPct: at('rh_pct', row),
          rs: at('rs_mjm2', row),
          windMs: at('wind_ms', row),
        },
        site,
        last,
      )
      last = step.last
      hours.push(step.hour)
    }
    return {
      length: input.length,
      columns: {
        et0_mm: hours.map(({ et0Mm }) => et0Mm),
        ra_mjm2: hours.map(({ ra }) => ra),
        rso_mjm2: hours.map(({ rso }) => rso),
        rn_mjm2: hours.map(({ rn }) => rn),
        g_mjm2: hours.map(({ g }) => g),
        u2_ms: hours.map(({ u2Ms }) => u2Ms),
        es_kpa: hours.map(({ esKpa }) => esKpa),
        ea_used_kpa: hours.map(({ eaKpa }) => eaKpa),
      },
      quality: hours.map(({ notes }) => notes.join(' ') || 'ok'),
    }
  },
}

const siteOf = (input: ModelInput): HourlySite => ({
  ...referenceOf(input),
  latDeg: input.number('lat'),
  lonDeg: input.number('lon'),
  elevM: input.number('elev_m'),
  windHeightM: input.number('wind_height_m'),
  clearSky: input.choice('rso') as HourlySite['clearSky'],
  clearnessBefore: input.number('clearness_before'),
})
