import { VuonError } from '#contract/ground/errors.ts'
import { daysBetween } from './calendar.ts'
import { CROPS, type Crop } from './crops.ts'
import { adjustedForClimate, type Coefficients, type StageLengths, windAt2mMs } from './growth-stages.ts'
import { grossOf, litresPerPlantOf } from './irrigation-need.ts'
import type { ModelInput, OutputColumn } from './model.ts'
import type { SoilWaterHolding, StressRules, Trust } from './root-zone.ts'
import { middle, SOILS, type SoilTexture } from './soils.ts'
import { saturationVapourPressureKpa } from './vpd.ts'

/** How the two water balances read their plot: crop and soil from names or from numbers, the climate, the season. */
export const cropOf = (input: ModelInput): Crop | undefined =>
  CROPS.find(({ name }) => name === input.choice('crop'))

/** The number that was given, else the crop's or the soil's; throws `input-invalid` when there is neither. */
export function needed(input: ModelInput, name: string, fromName: number | undefined): number {
  const given = input.number(name)
  if (!Number.isNaN(given)) return given
  if (fromName !== undefined) return fromName
  throw new VuonError('input-invalid', `The param ${name} is missing.`, {
    hint: `Give --param ${name}=…, or a crop and a soil that have it.`,
  })
}

/** Undefined when neither the params nor the crop have stages: an evergreen. */
export function stagesOf(input: ModelInput, crop: Crop | undefined): StageLengths | undefined {
  const names = ['l_ini', 'l_dev', 'l_mid', 'l_end']
  if (!crop?.stages && names.every((name) => Number.isNaN(input.number(name)))) return undefined
  return {
    iniD: needed(input, 'l_ini', crop?.stages?.iniD),
    devD: needed(input, 'l_dev', crop?.stages?.devD),
    midD: needed(input, 'l_mid', crop?.stages?.midD),
    endD: needed(input, 'l_end', crop?.stages?.endD),
  }
}

/** Kc or Kcb of the three levels. A crop without stages needs the one of mid-season only. */
export function levelsOf(
  input: ModelInput,
  name: 'kc' | 'kcb',
  crop: Coefficients | undefined,
  stages: StageLengths | undefined,
): Coefficients {
  const mid = needed(input, `${name}_mid`, crop?.mid)
  const otherwise = stages ? undefined : mid
  return {
    ini: needed(input, `${name}_ini`, crop?.ini ?? otherwise),
    mid,
    end: needed(input, `${name}_end`, crop?.end ?? otherwise),
  }
}

export const textureOf = (input: ModelInput): SoilTexture | undefined =>
  SOILS.find(({ name }) => name === input.choice('soil'))

export function holdingOf(input: ModelInput): SoilWaterHolding {
  const texture = textureOf(input)
  const thetaFc = needed(input, 'theta_fc', texture && middle(texture.thetaFc))
  const thetaWp = needed(input, 'theta_wp', texture && middle(texture.thetaWp))
  if (thetaFc <= thetaWp)
    throw new VuonError('input-invalid', `theta_fc (${thetaFc}) must lie above theta_wp (${thetaWp}).`, {
      hint: 'Both are volumes of water per volume of soil: 0.25 and 0.12 for a loam.',
    })
  return { thetaFc, thetaWp }
}

export const stressRulesOf = (input: ModelInput, crop: Crop | undefined): StressRules => ({
  pBase: needed(input, 'p_base', crop?.p),
  p: input.choice('p_method') as StressRules['p'],
  ks: input.choice('ks_method') as StressRules['ks'],
})

/** Rooting depth at planting and at its greatest, m; without the first, the roots are there already. */
export function rootsOf(input: ModelInput, crop: Crop | undefined): { rootIniM: number; rootMaxM: number } {
  const rootMaxM = needed(input, 'zr_max_m', crop?.rootM[0])
  const givenM = input.number('zr_ini_m')
  const rootIniM = Number.isNaN(givenM) ? Math.min(rootMaxM, crop?.rootIniM ?? rootMaxM) : givenM
  if (rootIniM > rootMaxM)
    throw new VuonError('input-invalid', `zr_ini_m (${rootIniM}) lies above zr_max_m (${rootMaxM}).`, {
      hint: 'Roots grow from the first to the second.',
    })
  return { rootIniM, rootMaxM }
}

/** Days since planting of each row, negative before it. */
export function seasonDays(input: ModelInput): number[] {
  const from = input.date('plant_date') ?? input.dates[0] ?? ''
  return input.dates.map((date) => daysBetween(from, date))
}

/** Wind (m/s, as measured) and RHmin (%) of each row, and what stood in where they were missing. */
export interface Climate {
  readonly windMs: Float64Array
  readonly rhMinPct: Float64Array
  readonly words: readonly (readonly string[])[]
}

export function climateOf(input: ModelInput): Climate {
  const [wind, rhMin] = [input.column('wind_ms'), input.column('rhmin_pct')]
  const [tmax, tmin, tdew] = [input.column('tmax_c'), input.column('tmin_c'), input.column('tdew_c')]
  const words: string[][] = Array.from({ length: input.length }, () => [])
  // 2 m/s and 45 % are the climate of FAO-56's tables; there all corrections are nothing.
  const windMs = wind.map((value, row) => {
    if (!Number.isNaN(value)) return value
    words[row]?.push('wind-from-2-ms')
    return 2
  })
  const rhMinPct = rhMin.map((value, row) => {
    if (!Number.isNaN(value)) return Math.min(100, value)
    const [maxC, minC, dewC] = [tmax[row] as number, tmin[row] as number, tdew[row] as number]
    const vapourC = Number.isNaN(dewC) ? minC : dewC
    const derived = (100 * saturationVapourPressureKpa(vapourC)) / saturationVapourPressureKpa(maxC)
    if (Number.isNaN(derived)) {
      words[row]?.push('rhmin-from-45-pct')
      return 45
    }
    words[row]?.push(Number.isNaN(dewC) ? 'rhmin-from-tmin' : 'rhmin-from-tdew')
    return Math.min(100, derived)
  })
  return { windMs, rhMinPct, words }
}

/**
 * Kc or Kcb of mid-season and end moved to the climate of those stages, as far as the table has their days: equations
 * 62, 65 and 70. Measured values count alone where there are any. Without stages, the whole table counts for both.
 */
export function adjustedLevels(
  levels: Coefficients,
  input: ModelInput,
  climate: Climate,
  season: { days: readonly number[]; stages: StageLengths | undefined; heightM: number },
): Coefficients {
  const { days, stages, heightM } = season
  const toMid = stages ? stages.iniD + stages.devD : 0
  const mean = (values: Float64Array, measured: Float64Array, from: number, to: number): number => {
    const rows = days.flatMap((day, row) => (!stages || (day >= from && day < to) ? [row] : []))
    const known = rows.filter((row) => !Number.isNaN(measured[row] as number))
    const used = known.length > 0 ? known : rows
    return used.reduce((sum, row) => sum + (values[row] as number), 0) / used.length
  }
  const adjust = (level: number, from: number, to: number): number => {
    const windMs = mean(climate.windMs, input.column('wind_ms'), from, to)
    const rhMinPct = mean(climate.rhMinPct, input.column('rhmin_pct'), from, to)
    if (Number.isNaN(windMs)) return level
    return adjustedForClimate(level, windAt2mMs(windMs, input.number('wind_height_m')), rhMinPct, heightM)
  }
  const toEnd = toMid + (stages?.midD ?? 0)
  return {
    ini: levels.ini,
    mid: adjust(levels.mid, toMid, toEnd),
    end: adjust(levels.end, toEnd, toEnd + (stages?.endD ?? 0)),
  }
}

/** What to irrigate at a day's end, as output columns: back to field capacity once depletion has come to RAW. */
export function needColumns(input: ModelInput, drMm: number, rawMm: number): Record<string, number> {
  const isKnown = !Number.isNaN(drMm) && !Number.isNaN(rawMm)
  const isDue = drMm >= rawMm
  const netMm = isDue ? drMm : 0
  const grossMm = grossOf(netMm, input.number('efficiency_pct') / 100)
  const litres = litresPerPlantOf(grossMm, input.number('plants_per_ha'))
  return isKnown
    ? { irrigate: Number(isDue), net_mm: netMm, gross_mm: grossMm, litres_per_plant: litres }
    : { irrigate: Number.NaN, net_mm: Number.NaN, gross_mm: Number.NaN, litres_per_plant: Number.NaN }
}

/**
 * The words of a day: `gap` without ET0 or rain; `unknown` after one until a full wetting or a measured water content;
 * `dr-from-field-capacity` as long as the balance rests on that, `dr-from-soil-moisture` where it was set by a reading;
 * and what stood in otherwise.
 */
export function balanceQuality(day: {
  isGap: boolean
  isMeasured: boolean
  trust: Trust
  others: readonly string[]
}): string {
  const words: string[] = []
  if (day.isGap) words.push('gap')
  else if (day.trust === 'unknown') words.push('unknown')
  if (day.isMeasured) words.push('dr-from-soil-moisture')
  if (day.trust === 'assumed') words.push('dr-from-field-capacity')
  return [...words, ...day.others].join(' ') || 'ok'
}

export const emptyColumns = (
  outputs: readonly OutputColumn[],
  length: number,
): Record<string, Float64Array> =>
  Object.fromEntries(outputs.map(({ name }) => [name, new Float64Array(length).fill(Number.NaN)]))
