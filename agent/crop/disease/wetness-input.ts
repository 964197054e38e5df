import { VuonError } from '#contract/ground/errors.ts'
import type { InputColumn, ModelInput, ModelParam } from '../model.ts'
import { dewPointC } from '../vpd.ts'
import {
  WETNESS_DEFAULTS,
  WETNESS_METHODS,
  type WetHour,
  type WetnessHour,
  type WetnessMethod,
  wetHours,
} from './leaf-wetness.ts'

/** How a table of hours says whether leaves were wet: in a column of its own, or through the air. */

export const TEMP_COLUMN: InputColumn = {
  name: 'temp_c',
  describe: 'air temperature, °C',
  min: -40,
  max: 60,
  isRequired: true,
}

const AIR_COLUMNS: readonly InputColumn[] = [
  {
    name: 'rh_pct',
    describe: 'relative humidity, %; up to 105 is taken as 100',
    min: 0,
    max: 105,
    isRequired: false,
  },
  {
    name: 'tdew_c',
    describe: 'dew point, °C; from temp_c and rh_pct when not given',
    min: -60,
    max: 60,
    isRequired: false,
  },
  {
    name: 'wind_ms',
    describe: 'wind at the leaves (0.3 m above the canopy), m/s, for cart',
    min: 0,
    max: 75,
    isRequired: false,
  },
  { name: 'rain_mm', describe: 'rain of the hour, mm', min: 0, max: 400, isRequired: false },
  {
    name: 'overhead_mm',
    describe: 'sprinkling on the leaves in the hour, mm, or 1 for yes; not drip',
    min: 0,
    max: 400,
    isRequired: false,
    aliases: ['irrigation_overhead', 'irrigation_overhead_mm', 'sprinkling_mm'],
  },
  {
    name: 'wetness_pct',
    describe: 'a wetness sensor, 0 dry to 100 wet, %',
    min: 0,
    max: 100,
    isRequired: false,
    aliases: ['leaf_wetness_pct', 'leaf wetness', 'wetness', 'độ ướt lá'],
  },
]

const WET_COLUMN: InputColumn = {
  name: 'wet_h',
  describe: 'share of the hour with wet leaves, 0 to 1 (as leaf-wetness gives it)',
  min: 0,
  max: 1,
  isRequired: false,
  aliases: ['wet'],
}

const THRESHOLDS: readonly ModelParam[] = [
  {
    name: 'wet_rh_pct',
    describe: 'rh: wet from this humidity on; set it by a wetness sensor where there is one',
    kind: 'number',
    unit: '%',
    min: 50,
    max: 100,
    default: WETNESS_DEFAULTS.wetFromRhPct,
  },
  {
    name: 'wet_sensor_pct',
    describe: 'sensor: wet from this value on',
    kind: 'number',
    unit: '%',
    min: 0,
    max: 100,
    default: WETNESS_DEFAULTS.wetFromSensorPct,
  },
  {
    name: 'wet_rain_mm',
    describe: 'more rain than this in an hour wets the leaf',
    kind: 'number',
    unit: 'mm',
    min: 0,
    max: 50,
    default: WETNESS_DEFAULTS.rainAboveMm,
  },
]

/** For leaf-wetness itself. */
export const METHOD_COLUMNS: readonly InputColumn[] = [{ ...TEMP_COLUMN, isRequired: false }, ...AIR_COLUMNS]
export const METHOD_PARAMS: readonly ModelParam[] = [
  {
    name: 'method',
    describe:
      'a wetness sensor, a threshold of humidity, dew-point depression, or the CART tree; rain and sprinkling wet besides',
    kind: 'choice',
    choices: WETNESS_METHODS,
    default: WETNESS_DEFAULTS.method,
  },
  ...THRESHOLDS,
]

/** For the models that need wetness with a temperature. */
export const WETNESS_COLUMNS: readonly InputColumn[] = [TEMP_COLUMN, WET_COLUMN, ...AIR_COLUMNS]
export const WETNESS_ONE_OF = ['wet_h', 'wetness_pct', 'rh_pct', 'tdew_c'] as const
export const WETNESS_PARAMS: readonly ModelParam[] = [
  {
    name: 'wetness',
    describe:
      'where wetness comes from; auto: wet_h, else wetness_pct, else humidity, else dew-point depression',
    kind: 'choice',
    choices: ['auto', 'given', ...WETNESS_METHODS],
    default: 'auto',
  },
  ...THRESHOLDS,
]

const NEEDS: Readonly<Record<WetnessMethod, readonly (readonly string[])[]>> = {
  sensor: [['wetness_pct']],
  rh: [['rh_pct']],
  dpd: [['temp_c'], ['rh_pct', 'tdew_c']],
  cart: [['temp_c'], ['rh_pct'], ['wind_ms']],
}

/** Throws `input-invalid` when the table has not the columns that the method needs. */
export function wetHoursBy(method: WetnessMethod, input: ModelInput): WetHour[] {
  const unmet = NEEDS[method].find((group) => !group.some((column) => input.has(column)))
  if (unmet)
    throw new VuonError('input-invalid', `Wetness by ${method} needs the column ${unmet.join(' or ')}.`, {
      hint: `Add it, or choose another way: ${WETNESS_METHODS.join(', ')}.`,
    })
  return wetHours(hoursOf(input, method === 'dpd' || method === 'cart'), {
    method,
    wetFromRhPct: input.number('wet_rh_pct'),
    wetFromSensorPct: input.number('wet_sensor_pct'),
    rainAboveMm: input.number('wet_rain_mm'),
  })
}

/** Share of each row's hour with wet leaves, NaN for a gap, and a word for the quality where it was guessed unasked. */
export function wetnessOf(input: ModelInput): { readonly wetH: Float64Array; readonly word?: string } {
  const asked = input.choice('wetness')
  if (asked === 'given' || (asked === 'auto' && input.has('wet_h'))) {
    if (!input.has('wet_h'))
      throw new VuonError('input-invalid', 'The header has no column wet_h.', {
        hint: 'Run leaf-wetness first, or leave --param wetness out.',
      })
    return { wetH: input.column('wet_h') }
  }
  const method = asked === 'auto' ? firstMethod(input) : (asked as WetnessMethod)
  const wetH = Float64Array.from(wetHoursBy(method, input), ({ wet }) => wet)
  return { wetH, ...(asked === 'auto' && method !== 'sensor' ? { word: `wet-from-${method}` } : {}) }
}

const firstMethod = (input: ModelInput): WetnessMethod =>
  input.has('wetness_pct') ? 'sensor' : input.has('rh_pct') ? 'rh' : 'dpd'

function hoursOf(input: ModelInput, needsDew: boolean): WetnessHour[] {
  const column = (name: string) => input.column(name)
  const [temp, rh, dew, wind] = [column('temp_c'), column('rh_pct'), column('tdew_c'), column('wind_ms')]
  const [rain, overhead, sensor] = [column('rain_mm'), column('overhead_mm'), column('wetness_pct')]
  return Array.from({ length: input.length }, (_, row) => {
    const [tempC, rhPct] = [temp[row] as number, Math.min(100, rh[row] as number)]
    return {
      tempC,
      rhPct,
      // Bone-dry air has no dew point; 1 % is as far from wet.
      tdewC:
        needsDew && Number.isNaN(dew[row] as number)
          ? dewPointC(tempC, Math.max(1, rhPct))
          : (dew[row] as number),
      windMs: wind[row] as number,
      rainMm: rain[row] as number,
      overheadMm: overhead[row] as number,
      sensorPct: sensor[row] as number,
    }
  })
}
