import type { InputColumn, ModelParam } from './model.ts'

/** Columns and parameters that several weather models read: one bound and one sentence for each. */

type NumberParam = Extract<ModelParam, { kind: 'number' }>

const column = (name: string, describe: string, min: number, max: number): InputColumn => ({
  name,
  describe,
  min,
  max,
  isRequired: false,
})
export const required = (input: InputColumn): InputColumn => ({ ...input, isRequired: true })

export const TMAX = column('tmax_c', 'highest air temperature, °C', -40, 60)
export const TMIN = column('tmin_c', 'lowest air temperature, °C', -40, 60)
export const TMEAN = column('tmean_c', 'mean air temperature, °C', -40, 60)
export const EA = column('ea_kpa', 'actual vapour pressure, kPa', 0, 12)
export const TDEW = column('tdew_c', 'dew point, °C', -60, 45)
export const RH_MAX = column('rhmax_pct', 'highest relative humidity, %', 0, 105)
export const RH_MIN = column('rhmin_pct', 'lowest relative humidity, %', 0, 105)
export const RH = column('rh_pct', 'mean relative humidity, %; up to 105 is taken as 100', 0, 105)
// Above the atmosphere no day has more than 46 MJ/m², no hour more than 5.1.
export const RS_DAY = column('rs_mjm2', 'solar radiation of the day, MJ/m²', 0, 46)
export const RS_HOUR = column('rs_mjm2', 'solar radiation of the hour, MJ/m²', 0, 5.5)
export const SUNSHINE = column('sunshine_h', 'hours of bright sunshine', 0, 24)
export const WIND = column('wind_ms', 'mean wind speed at wind_height_m, m/s', 0, 60)

export const LAT: NumberParam = {
  name: 'lat',
  describe: 'latitude, north positive',
  kind: 'number',
  unit: '°',
  min: -66,
  max: 66,
}
export const LON: NumberParam = {
  name: 'lon',
  describe: 'longitude, east positive',
  kind: 'number',
  unit: '°',
  min: -180,
  max: 180,
}
export const ELEVATION: NumberParam = {
  name: 'elev_m',
  describe: 'elevation above the sea',
  kind: 'number',
  unit: 'm',
  min: -450,
  max: 6000,
}
export const WIND_HEIGHT: NumberParam = {
  name: 'wind_height_m',
  describe: 'height of the anemometer above the ground',
  kind: 'number',
  unit: 'm',
  min: 0.5,
  max: 100,
  default: 2,
}
export const METHOD: ModelParam = {
  name: 'method',
  describe: 'constants of FAO-56, or of the ASCE standardised equation (2005)',
  kind: 'choice',
  choices: ['fao56', 'asce'],
  default: 'fao56',
}
export const REFERENCE: ModelParam = {
  name: 'reference',
  describe: 'reference surface: short is grass of 0.12 m; tall is alfalfa of 0.50 m, with method=asce only',
  kind: 'choice',
  choices: ['short', 'tall'],
  default: 'short',
}
export const CLEAR_SKY: ModelParam = {
  name: 'rso',
  describe: 'clear-sky radiation: simple by elevation, full by turbidity and water vapour',
  kind: 'choice',
  choices: ['simple', 'full'],
  default: 'simple',
}
