import {
  advanceDual,
  type DualDay,
  type DualPlot,
  type DualResult,
  type DualState,
  dualStateBefore,
} from './dual-balance.ts'
import { totalEvaporableMm } from './evaporation-layer.ts'
import { EVERGREEN } from './growth-stages.ts'
import type { CropModel, InputColumn, ModelInput, ModelResult, OutputColumn } from './model.ts'
import { middle } from './soils.ts'
import {
  CLIMATE_COLUMNS,
  CLIMATE_PARAMS,
  defaulted,
  NEED_OUTPUTS,
  NEED_PARAMS,
  optional,
  SEASON_PARAMS,
  SOIL_PARAMS,
  WATER_COLUMNS,
} from './water-balance-columns.ts'
import {
  adjustedLevels,
  type Climate,
  climateOf,
  cropOf,
  holdingOf,
  levelsOf,
  needed,
  rootsOf,
  seasonDays,
  stagesOf,
  stressRulesOf,
  textureOf,
} from './water-balance-inputs.ts'
import { balanceSeason, sharedCells, sharedOutputs } from './water-balance-season.ts'

// Kc of dry bare soil with hardly any plants: FAO-56 under equation 76.
const BARE_SOIL_KC = 0.15

const measured = (name: string, describe: string, max: number): InputColumn => ({
  name,
  describe: `${describe}, as measured on that day; instead of the curve's`,
  min: 0.001,
  max,
  isRequired: false,
})

const OUTPUTS: readonly OutputColumn[] = [
  ...sharedOutputs('dr_mm', 'taw_mm', 'raw_mm', 'ks'),
  { name: 'kcb', describe: 'basal crop coefficient', decimals: 4 },
  { name: 'ke', describe: 'evaporation coefficient', decimals: 4 },
  ...sharedOutputs('etc_mm', 'eta_mm', 'dp_mm', 'ro_mm'),
  ...NEED_OUTPUTS,
  { name: 'e_mm', describe: 'evaporation from the soil, mm', decimals: 3 },
  { name: 't_mm', describe: 'actual transpiration, mm', decimals: 3 },
  { name: 'de_mm', describe: "depletion of the surface layer at the day's end, mm", decimals: 3 },
  { name: 'kc_max', describe: 'upper limit of Kcb + Ke', decimals: 4 },
  { name: 'fc', describe: 'share of the ground under leaves', decimals: 4 },
  { name: 'h_m', describe: "the crop's height, m", decimals: 3 },
  ...sharedOutputs('zr_m', 'p'),
  {
    name: 'below_wp_mm',
    describe: 'evaporation from below the wilting point, no part of TAW, mm',
    decimals: 3,
  },
  ...sharedOutputs('reset_mm'),
]

export const WATER_BALANCE_DUAL: CropModel = {
  name: 'water-balance-dual',
  summary: {
    vi: 'Cân bằng nước trong đất mỗi ngày, tách thoát hơi qua lá và bốc hơi từ mặt đất (hai hệ số)',
    en: 'Daily soil water balance with transpiration and soil evaporation apart (dual crop coefficient)',
  },
  source:
    'FAO-56 (Allen et al. 1998), chapters 7 and 8; runoff: ASCE Manual 70 (2016); order of pyfao56 (Thorp 2022)',
  standing: 'equation',
  step: 'day',
  params: [
    ...SEASON_PARAMS,
    optional('kcb_ini', 'basal crop coefficient, initial (table 17)', '', 0, 2),
    optional('kcb_mid', 'basal crop coefficient, mid-season', '', 0, 2),
    optional('kcb_end', 'basal crop coefficient, end', '', 0, 2),
    optional('kc_min', 'Kc of bare dry soil, for the cover (equation 76); kcb_ini when not given', '', 0, 1),
    optional('h_ini_m', "the crop's height at planting; 0.05, or h_max_m of an evergreen", 'm', 0.001, 40),
    optional('h_max_m', "the crop's greatest height (table 12)", 'm', 0.001, 40),
    ...SOIL_PARAMS,
    defaulted('ze_m', 'depth of the layer that dries by evaporation', 'm', 0.02, 0.3, 0.1),
    optional('rew_mm', 'readily evaporable water of that layer (table 19)', 'mm', 0, 30),
    defaulted(
      'fw',
      'share of the ground that irrigation wets (table 20), where the column fw is empty',
      '',
      0.01,
      1,
      1,
    ),
    {
      name: 'reference',
      describe: 'what et0_mm is of: short (grass) or tall (alfalfa)',
      kind: 'choice',
      choices: ['short', 'tall'],
      default: 'short',
    },
    ...CLIMATE_PARAMS,
    ...NEED_PARAMS,
  ],
  columns: [
    ...WATER_COLUMNS,
    {
      name: 'irrigation_eff_pct',
      describe: "share of that day's irrigation that reaches the soil, %; efficiency_pct where empty",
      min: 0,
      max: 100,
      isRequired: false,
      aliases: ['irreff'],
    },
    {
      name: 'fw',
      describe: "share of the ground that the day's irrigation wets; not read on days without",
      min: 0.01,
      max: 1,
      isRequired: false,
    },
    ...CLIMATE_COLUMNS,
    measured('kcb_measured', 'basal crop coefficient', 2),
    measured('h_measured_m', "the crop's height", 40),
    measured('fc_measured', 'share of the ground under leaves', 0.99),
  ],
  outputs: OUTPUTS,
  example: 'compute water-balance-dual --param crop=tomato --param soil=loam --param theta_0=0.25 < days.csv',
  run,
}

function run(input: ModelInput): ModelResult {
  const crop = cropOf(input)
  const days = seasonDays(input)
  const climate = climateOf(input)
  const plot = plotOf(input, days, climate)
  const dayAt = dayReader(input, days, climate)
  return balanceSeason<DualState>(
    input,
    OUTPUTS,
    { days, thetaFc: plot.soil.thetaFc },
    {
      before: (day, theta, trust) => dualStateBefore(plot, day, theta, trust),
      advance: (row, _, state) => {
        const today = dayAt(row)
        const { state: after, result } = advanceDual(plot, state, today)
        return {
          state: after,
          cells: cellsOf(result),
          ...{ drMm: result.drMm, rawMm: result.rawMm },
          isGap: Number.isNaN(today.et0Mm + today.rainMm),
          isMeasured: !Number.isNaN(today.theta),
          others: [
            ...(Number.isNaN(result.deMm) && after.trust === 'certain' ? ['de-from-dry-surface'] : []),
            ...(crop?.standing === 'estimate' ? ['kc-from-estimate'] : []),
            // Over alfalfa Kc max does not ask for the climate.
            ...(plot.reference === 'tall' ? [] : (climate.words[row] ?? [])),
          ],
        }
      },
    },
  )
}

function plotOf(input: ModelInput, days: readonly number[], climate: Climate): DualPlot {
  const crop = cropOf(input)
  const lengths = stagesOf(input, crop)
  const soil = holdingOf(input)
  const texture = textureOf(input)
  const heightMaxM = needed(input, 'h_max_m', crop?.heightM)
  const levels = levelsOf(input, 'kcb', crop?.kcb, lengths)
  const kcb =
    input.choice('kc_adjust') === 'weather'
      ? adjustedLevels(levels, input, climate, { days, stages: lengths, heightM: heightMaxM })
      : levels
  const kcMin = input.number('kc_min')
  return {
    ...stressRulesOf(input, crop),
    ...rootsOf(input, crop),
    soil,
    surface: {
      tewMm: totalEvaporableMm(soil.thetaFc, soil.thetaWp, input.number('ze_m')),
      rewMm: needed(input, 'rew_mm', texture && middle(texture.rewMm)),
    },
    // An evergreen is in mid-season from its first day to its last.
    stages: lengths ?? EVERGREEN,
    kcb,
    // pyfao56 takes Kcb ini, which says nothing of the cover of a crop that has its leaves from the start.
    kcMin: !Number.isNaN(kcMin) ? kcMin : kcb.mid > kcb.ini ? kcb.ini : Math.min(kcb.ini, BARE_SOIL_KC),
    heightIniM: needed(input, 'h_ini_m', lengths ? Math.min(0.05, heightMaxM) : heightMaxM),
    heightMaxM,
    reference: input.choice('reference') as DualPlot['reference'],
    windHeightM: input.number('wind_height_m'),
    ...(input.choice('runoff') === 'curve-number' ? { cn2: input.number('cn2') } : {}),
  }
}

function dayReader(input: ModelInput, days: readonly number[], climate: Climate): (row: number) => DualDay {
  const column = (name: string) => input.column(name)
  const [et0, rain, irrigation] = [column('et0_mm'), column('rain_mm'), column('irrigation_mm')]
  const [efficiency, fw, moisture] = [column('irrigation_eff_pct'), column('fw'), column('soil_moisture_pct')]
  const [kcb, height, cover] = [column('kcb_measured'), column('h_measured_m'), column('fc_measured')]
  const usual = { efficiencyPct: input.number('efficiency_pct'), fw: input.number('fw') }
  const at = (values: Float64Array, row: number, otherwise = Number.NaN): number => {
    const value = values[row] as number
    return Number.isNaN(value) ? otherwise : value
  }
  return (row) => ({
    day: days[row] as number,
    et0Mm: at(et0, row),
    rainMm: at(rain, row),
    irrigationMm: at(irrigation, row, 0),
    efficiency: at(efficiency, row, usual.efficiencyPct) / 100,
    fw: at(fw, row, usual.fw),
    windMs: at(climate.windMs, row),
    rhMinPct: at(climate.rhMinPct, row),
    kcb: at(kcb, row),
    heightM: at(height, row),
    coverFraction: at(cover, row),
    theta: at(moisture, row) / 100,
  })
}

const cellsOf = (result: DualResult): Record<string, number> => ({
  ...sharedCells(result),
  kcb: result.kcb,
  ke: result.ke,
  e_mm: result.evaporationMm,
  t_mm: result.transpirationMm,
  de_mm: result.deMm,
  kc_max: result.kcMax,
  fc: result.coverFraction,
  h_m: result.heightM,
  zr_m: result.rootM,
  below_wp_mm: result.belowWpMm,
})
