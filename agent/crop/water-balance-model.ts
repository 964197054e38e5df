import { coefficientOn, EVERGREEN, rootDepthOn, type StageLengths } from './growth-stages.ts'
import type { CropModel, ModelInput, ModelResult, OutputColumn } from './model.ts'
import { advanceSingle, type SinglePlot, type SingleState, singleStateBefore } from './single-balance.ts'
import {
  CLIMATE_COLUMNS,
  CLIMATE_PARAMS,
  NEED_OUTPUTS,
  NEED_PARAMS,
  optional,
  SEASON_PARAMS,
  SOIL_PARAMS,
  WATER_COLUMNS,
} from './water-balance-columns.ts'
import {
  adjustedLevels,
  climateOf,
  cropOf,
  holdingOf,
  levelsOf,
  needed,
  rootsOf,
  seasonDays,
  stagesOf,
  stressRulesOf,
} from './water-balance-inputs.ts'
import { balanceSeason, sharedCells, sharedOutputs } from './water-balance-season.ts'

const STAGES = ['by-date', 'initial', 'mid-season', 'end'] as const

const OUTPUTS: readonly OutputColumn[] = [
  ...sharedOutputs('dr_mm', 'taw_mm', 'raw_mm'),
  ...NEED_OUTPUTS,
  { name: 'kc', describe: 'crop coefficient', decimals: 4 },
  ...sharedOutputs('ks', 'etc_mm', 'eta_mm', 'dp_mm', 'ro_mm', 'zr_m', 'p', 'reset_mm'),
]

export const WATER_BALANCE: CropModel = {
  name: 'water-balance',
  summary: {
    vi: 'Cân bằng nước trong đất mỗi ngày và lượng nước cần tưới (một hệ số cây trồng)',
    en: 'Daily soil water balance and irrigation need (single crop coefficient)',
  },
  source: 'FAO-56 (Allen et al. 1998), chapters 6 and 8; runoff: curve number, ASCE Manual 70 (2016)',
  standing: 'equation',
  step: 'day',
  params: [
    ...SEASON_PARAMS,
    {
      name: 'stage',
      describe: 'by-date from plant_date; or one for the whole table. A crop without stages is in mid-season',
      kind: 'choice',
      choices: STAGES,
      default: 'by-date',
    },
    optional('kc_ini', 'crop coefficient, initial (table 12)', '', 0, 2),
    optional('kc_mid', 'crop coefficient, mid-season', '', 0, 2),
    optional('kc_end', 'crop coefficient, end', '', 0, 2),
    optional('h_max_m', "the crop's greatest height, for kc_adjust=weather", 'm', 0.01, 40),
    ...SOIL_PARAMS,
    ...CLIMATE_PARAMS,
    ...NEED_PARAMS,
  ],
  columns: [
    ...WATER_COLUMNS,
    {
      name: 'kc_given',
      describe: "the day's crop coefficient, instead of the curve's",
      min: 0,
      max: 2,
      isRequired: false,
    },
    ...CLIMATE_COLUMNS,
  ],
  outputs: OUTPUTS,
  example:
    'compute water-balance --param crop=dragon-fruit --param soil=sandy-loam --param plants_per_ha=1100 < days.csv',
  run,
}

/**
 * Quality beside what `balanceSeason` says: `kc-from-estimate` for a crop that FAO-56 does not have;
 * `kc-from-mid-season` where nothing says which stage it is; what stood in for wind and RHmin when they move Kc.
 */
function run(input: ModelInput): ModelResult {
  const crop = cropOf(input)
  const days = seasonDays(input)
  const plot: SinglePlot = {
    ...stressRulesOf(input, crop),
    soil: holdingOf(input),
    ...(input.choice('runoff') === 'curve-number' ? { cn2: input.number('cn2') } : {}),
  }
  const { rootIniM, rootMaxM } = rootsOf(input, crop)
  const stages = stagesOf(input, crop)
  const { kcOn, words } = kcCurve(input, days, stages)
  const rootOn = (day: number) => rootDepthOn(day, stages ?? EVERGREEN, rootIniM, rootMaxM)
  const column = (name: string) => input.column(name)
  const [et0, rain, irrigation] = [column('et0_mm'), column('rain_mm'), column('irrigation_mm')]
  const [moisture, kcGiven] = [column('soil_moisture_pct'), column('kc_given')]
  const efficiency = input.number('efficiency_pct') / 100
  return balanceSeason<SingleState>(
    input,
    OUTPUTS,
    { days, thetaFc: plot.soil.thetaFc },
    {
      before: (day, theta, trust) => singleStateBefore(plot, rootOn(Math.max(0, day - 1)), theta, trust),
      advance: (row, day, state) => {
        const isGiven = !Number.isNaN(kcGiven[row] as number)
        const today = {
          kc: isGiven ? (kcGiven[row] as number) : kcOn(day),
          rootM: rootOn(day),
          et0Mm: et0[row] as number,
          rainMm: rain[row] as number,
          irrigationMm: (irrigation[row] as number) || 0,
          efficiency,
          theta: (moisture[row] as number) / 100,
        }
        const { state: after, result } = advanceSingle(plot, state, today)
        return {
          state: after,
          cells: { ...sharedCells(result), kc: today.kc, zr_m: today.rootM },
          ...{ drMm: result.drMm, rawMm: result.rawMm },
          isGap: Number.isNaN(today.et0Mm + today.rainMm),
          isMeasured: !Number.isNaN(today.theta),
          others: isGiven ? [] : words(row),
        }
      },
    },
  )
}

/** Kc of each day of the season, and for each row what stood in for it. */
function kcCurve(
  input: ModelInput,
  days: readonly number[],
  stages: StageLengths | undefined,
): { kcOn: (day: number) => number; words: (row: number) => string[] } {
  const crop = cropOf(input)
  const asked = input.choice('stage') as (typeof STAGES)[number]
  const stage = asked === 'by-date' && !stages ? 'mid-season' : asked
  const climate = climateOf(input)
  const isAdjusted = input.choice('kc_adjust') === 'weather'
  const table = levelsOf(input, 'kc', crop?.kc, stages)
  const levels = isAdjusted
    ? adjustedLevels(table, input, climate, {
        days,
        stages: stage === 'by-date' ? stages : undefined,
        heightM: needed(input, 'h_max_m', crop?.heightM),
      })
    : table
  const fixed = { initial: levels.ini, 'mid-season': levels.mid, end: levels.end }
  const isTold = stage === asked || (table.ini === table.mid && table.end === table.mid)
  return {
    kcOn: (day) => (stage === 'by-date' ? coefficientOn(day, stages ?? EVERGREEN, levels) : fixed[stage]),
    words: (row) => [
      ...(crop?.standing === 'estimate' ? ['kc-from-estimate'] : []),
      ...(isTold ? [] : ['kc-from-mid-season']),
      ...(isAdjusted ? (climate.words[row] ?? []) : []),
    ],
  }
}
