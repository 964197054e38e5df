import { CROPS } from './crops.ts'
import type { InputColumn, ModelParam, OutputColumn } from './model.ts'
import { SOILS } from './soils.ts'

/** What the two water balances ask for in the same words. */
const OWN = 'custom'

export const optional = (
  name: string,
  describe: string,
  unit: string,
  min: number,
  max: number,
): ModelParam => ({ name, describe, kind: 'number', unit, min, max, isOptional: true })

export const defaulted = (
  name: string,
  describe: string,
  unit: string,
  min: number,
  max: number,
  value: number,
): ModelParam => ({ name, describe, kind: 'number', unit, min, max, default: value })

export const SEASON_PARAMS: readonly ModelParam[] = [
  {
    name: 'crop',
    describe: 'gives what is not given below, from FAO-56 or our own estimate; custom gives nothing',
    kind: 'choice',
    choices: [OWN, ...CROPS.map(({ name }) => name)],
    default: OWN,
  },
  {
    name: 'plant_date',
    describe: 'day 0 of the season; the first row when not given',
    kind: 'date',
    isOptional: true,
  },
  optional('l_ini', 'days of the initial stage', 'd', 0, 1000),
  optional('l_dev', 'days of development', 'd', 0, 1000),
  optional('l_mid', 'days of mid-season', 'd', 0, 1000),
  optional('l_end', 'days of late season', 'd', 0, 1000),
]

export const SOIL_PARAMS: readonly ModelParam[] = [
  {
    name: 'soil',
    describe: 'texture; gives the middle of its range in FAO-56 table 19 for what is not given below',
    kind: 'choice',
    choices: [OWN, ...SOILS.map(({ name }) => name)],
    default: OWN,
  },
  optional('theta_fc', 'water content at field capacity', 'm³/m³', 0.01, 0.8),
  optional('theta_wp', 'water content at the wilting point', 'm³/m³', 0, 0.7),
  optional(
    'theta_0',
    'water content before the first day; taken as theta_fc when not given',
    'm³/m³',
    0,
    0.9,
  ),
  optional('zr_ini_m', 'rooting depth at planting', 'm', 0.01, 5),
  optional('zr_max_m', 'greatest rooting depth', 'm', 0.01, 5),
  optional('p_base', 'share of TAW that may go before stress at ETc 5 mm/d (table 22)', '', 0.05, 0.95),
  {
    name: 'p_method',
    describe: "adjusted to the day's ETc (FAO-56 page 162), or constant",
    kind: 'choice',
    choices: ['adjusted', 'constant'],
    default: 'adjusted',
  },
  {
    name: 'ks_method',
    describe: 'how stress grows with depletion: linear (FAO-56 equation 84), or the curve of AquaCrop',
    kind: 'choice',
    choices: ['linear', 'aquacrop'],
    default: 'linear',
  },
  {
    name: 'runoff',
    describe: 'of rain, by the curve number cn2',
    kind: 'choice',
    choices: ['off', 'curve-number'],
    default: 'off',
  },
  defaulted('cn2', 'curve number of the middle moisture class', '', 1, 100, 70),
]

export const NEED_PARAMS: readonly ModelParam[] = [
  defaulted(
    'efficiency_pct',
    'share of the water put out that reaches the root zone; counts for irrigation_mm and for gross_mm',
    '%',
    1,
    100,
    100,
  ),
  optional('plants_per_ha', 'plants or posts on a hectare, for litres_per_plant', '1/ha', 1, 1_000_000),
]

export const CLIMATE_PARAMS: readonly ModelParam[] = [
  {
    name: 'kc_adjust',
    describe:
      "weather moves mid and end to the stages' mean wind_ms and rhmin_pct (FAO-56 equations 62, 65, 70)",
    kind: 'choice',
    choices: ['none', 'weather'],
    default: 'none',
  },
  defaulted('wind_height_m', 'height of the anemometer', 'm', 0.5, 30, 2),
]

export const WATER_COLUMNS: readonly InputColumn[] = [
  {
    name: 'et0_mm',
    describe: 'reference evapotranspiration, mm; an empty cell is a gap, and the state unknown after it',
    min: -2,
    max: 30,
    isRequired: true,
    aliases: ['eto_mm', 'et0', 'eto', 'etref', 'etref_mm'],
  },
  {
    name: 'rain_mm',
    describe: 'rain, mm; an empty cell is a gap, and the state unknown after it',
    min: 0,
    max: 2000,
    isRequired: true,
  },
  {
    name: 'irrigation_mm',
    describe: 'irrigation as put out, mm over the whole plot; empty is none',
    min: 0,
    max: 2000,
    isRequired: false,
    aliases: ['irrigation', 'irrig', 'irrig_mm', 'tưới mm'],
  },
  {
    name: 'soil_moisture_pct',
    describe: "volumetric water content of the root zone at the day's end, %: the balance goes on from it",
    min: 0,
    max: 100,
    isRequired: false,
  },
]

export const CLIMATE_COLUMNS: readonly InputColumn[] = [
  { name: 'wind_ms', describe: 'mean wind, m/s; 2 stands in', min: 0, max: 60, isRequired: false },
  {
    name: 'rhmin_pct',
    describe: 'least relative humidity, %; from tmax_c and tdew_c, else tmin_c, else 45 stands in',
    min: 0,
    max: 105,
    isRequired: false,
  },
  { name: 'tmax_c', describe: 'greatest air temperature, °C', min: -40, max: 60, isRequired: false },
  { name: 'tmin_c', describe: 'least air temperature, °C', min: -40, max: 60, isRequired: false },
  { name: 'tdew_c', describe: 'dew point, °C', min: -60, max: 50, isRequired: false },
]

export const NEED_OUTPUTS: readonly OutputColumn[] = [
  { name: 'irrigate', describe: '1 when depletion has come to raw_mm', decimals: 0 },
  { name: 'net_mm', describe: 'irrigation to field capacity when it has, else 0, mm', decimals: 3 },
  { name: 'gross_mm', describe: 'what to put out for that, mm', decimals: 3 },
  { name: 'litres_per_plant', describe: 'the same for a plant or post, by plants_per_ha, L', decimals: 1 },
]
