import { DELTA_T, DEW_POINT, VPD, WET_BULB } from './air-models.ts'
import { DAY_LENGTH } from './day-length-model.ts'
import { DEGREE_DAYS } from './degree-days-model.ts'
import { DISEASE_MODELS } from './disease/disease-models.ts'
import { DRAGON_FRUIT_PHENOLOGY } from './dragon-fruit-phenology-model.ts'
import { ET0_DAILY } from './et0-daily-model.ts'
import { ET0_HARGREAVES } from './et0-hargreaves-model.ts'
import { ET0_HOURLY } from './et0-hourly-model.ts'
import { ET0_MONTHLY } from './et0-monthly-model.ts'
import { HARVEST_WINDOW } from './harvest-window-model.ts'
import { LIGHTING_PLAN } from './lighting-plan-model.ts'
import type { CropModel } from './model.ts'
import { SPRAY_WINDOW } from './spray-window-model.ts'
import { WATER_BALANCE_DUAL } from './water-balance-dual-model.ts'
import { WATER_BALANCE } from './water-balance-model.ts'

/** Everything that `vuon-agent compute` can run, in the order of `compute --list`. A new model adds its line here. */
export const MODELS: readonly CropModel[] = [
  // The air and its demand for water
  VPD,
  DEW_POINT,
  WET_BULB,
  DELTA_T,
  ET0_DAILY,
  ET0_MONTHLY,
  ET0_HOURLY,
  ET0_HARGREAVES,
  DAY_LENGTH,
  SPRAY_WINDOW,
  // Heat and stages
  DEGREE_DAYS,
  DRAGON_FRUIT_PHENOLOGY,
  LIGHTING_PLAN,
  HARVEST_WINDOW,
  // Soil and water
  WATER_BALANCE,
  WATER_BALANCE_DUAL,
  // Wet leaves and infection
  ...DISEASE_MODELS,
]
