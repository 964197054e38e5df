import type { CropModel, InputColumn, ModelInput, ModelParam } from './model.ts'
import { deltaTBand } from './spray-window.ts'
import { dewPointC, vapourPressureDeficitKpa } from './vpd.ts'
import { ELEVATION } from './weather-columns.ts'
import { wetBulbC } from './wet-bulb.ts'

/** Models of one row: what the air holds, from temperature and relative humidity. */

const TEMP: InputColumn = {
  name: 'temp_c',
  describe: 'air temperature, °C',
  min: -40,
  max: 60,
  isRequired: true,
}
const HUMIDITY: InputColumn = {
  name: 'rh_pct',
  describe: 'relative humidity, %; up to 105 is taken as 100',
  min: 0,
  max: 105,
  isRequired: true,
}

export const VPD: CropModel = {
  name: 'vpd',
  summary: { vi: 'Độ hụt áp suất hơi nước (VPD)', en: 'vapour-pressure deficit (VPD)' },
  source: 'FAO-56 (Allen et al. 1998), equations 11 and 54',
  standing: 'equation',
  step: 'row',
  params: [],
  columns: [TEMP, HUMIDITY],
  outputs: [{ name: 'vpd_kpa', describe: 'vapour-pressure deficit, kPa', decimals: 3 }],
  earlierNames: { temp_c: 'airTempC', rh_pct: 'humidityPct', vpd_kpa: 'vpdKpa' },
  example: 'compute vpd < readings.csv',
  run: (input) => {
    const [temp, humidity] = [input.column('temp_c'), input.column('rh_pct')]
    const vpd = temp.map((tempC, row) => vapourPressureDeficitKpa(tempC, humidity[row] as number))
    return { length: input.length, columns: { vpd_kpa: vpd }, quality: okOrGap(vpd) }
  },
}

export const DEW_POINT: CropModel = {
  name: 'dew-point',
  summary: { vi: 'Điểm sương', en: 'dew point' },
  source: 'FAO-56 (Allen et al. 1998), equation 11 turned around',
  standing: 'equation',
  step: 'row',
  params: [],
  columns: [TEMP, HUMIDITY],
  outputs: [{ name: 'tdew_c', describe: 'dew point, °C', decimals: 2 }],
  earlierNames: { temp_c: 'airTempC', rh_pct: 'humidityPct', tdew_c: 'dewPointC' },
  example: 'compute dew-point < readings.csv',
  run: (input) => {
    const [temp, humidity] = [input.column('temp_c'), input.column('rh_pct')]
    const dew = temp.map((tempC, row) => dewPointC(tempC, humidity[row] as number))
    return { length: input.length, columns: { tdew_c: dew }, quality: okOrGap(dew) }
  },
}

const SEA_LEVEL: ModelParam = { ...ELEVATION, default: 0 }

export const WET_BULB: CropModel = {
  name: 'wet-bulb',
  summary: { vi: 'Nhiệt độ bầu ướt', en: 'wet-bulb temperature' },
  source:
    'ASHRAE Handbook of Fundamentals 2017, chapter 1, equation 33; vapour pressure by FAO-56 equation 11',
  standing: 'equation',
  step: 'row',
  params: [SEA_LEVEL],
  columns: [TEMP, HUMIDITY],
  outputs: [
    { name: 'twet_c', describe: 'wet-bulb temperature, °C', decimals: 2 },
    { name: 'delta_t_c', describe: 'air temperature less wet bulb, °C', decimals: 2 },
  ],
  example: 'compute wet-bulb --param elev_m=20 < readings.csv',
  run: (input) => {
    const { wet, deltaT } = wetBulbs(input)
    return { length: input.length, columns: { twet_c: wet, delta_t_c: deltaT }, quality: wetQuality(wet) }
  },
}

export const DELTA_T: CropModel = {
  name: 'delta-t',
  summary: {
    vi: 'Delta-T: độ khô của không khí đối với giọt thuốc phun',
    en: 'delta-T: how fast the air dries a spray droplet',
  },
  source:
    'air temperature less wet bulb (ASHRAE 2017); bands of Australia’s Bureau of Meteorology and of METOS',
  standing: 'published-rule',
  step: 'row',
  params: [SEA_LEVEL],
  columns: [TEMP, HUMIDITY],
  outputs: [
    { name: 'delta_t_c', describe: 'air temperature less wet bulb, °C', decimals: 2 },
    {
      name: 'delta_t_band',
      describe: 'too-humid below 2, good to 8, marginal to 10, too-dry above',
      decimals: 0,
      isText: true,
    },
  ],
  example: 'compute delta-t < readings.csv',
  run: (input) => {
    const { wet, deltaT } = wetBulbs(input)
    return {
      length: input.length,
      columns: {
        delta_t_c: deltaT,
        delta_t_band: Array.from(deltaT, (each) => (Number.isNaN(each) ? '' : deltaTBand(each))),
      },
      quality: wetQuality(wet),
    }
  },
}

function wetBulbs(input: ModelInput): { wet: Float64Array; deltaT: Float64Array } {
  const [temp, humidity] = [input.column('temp_c'), input.column('rh_pct')]
  const elevM = input.number('elev_m')
  const wet = temp.map((tempC, row) => wetBulbC(tempC, humidity[row] as number, elevM))
  return { wet, deltaT: temp.map((tempC, row) => tempC - (wet[row] as number)) }
}

/** A frozen wick is another thing than the equation's water. */
const wetQuality = (wet: Float64Array): string[] =>
  Array.from(wet, (each) => (Number.isNaN(each) ? 'gap' : each < 0 ? 'outside-range' : 'ok'))

const okOrGap = (values: Float64Array): string[] =>
  Array.from(values, (value) => (Number.isFinite(value) ? 'ok' : 'gap'))
