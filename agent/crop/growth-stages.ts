/**
 * The crop's season in four stages (FAO-56 chapter 6, table 11): Kc or Kcb flat in the initial stage, a straight line
 * through development, flat in mid-season, a straight line to the end, flat after it (figures 34 and 37).
 */
export interface StageLengths {
  /** Days, 0 or more. */
  readonly iniD: number
  readonly devD: number
  readonly midD: number
  readonly endD: number
}

/** Leaves all year: mid-season from day 0 for ever (day −1 would be the end of the initial stage). */
export const EVERGREEN: StageLengths = { iniD: -1, devD: 0, midD: Number.POSITIVE_INFINITY, endD: 0 }

/** Kc (table 12) or Kcb (table 17) of the three levels, without unit. */
export interface Coefficients {
  readonly ini: number
  readonly mid: number
  readonly end: number
}

export type Stage = 'initial' | 'development' | 'mid-season' | 'late-season' | 'past'

/** The stage on a day; day 0 is planting, or whatever begins the season of a perennial. */
export function stageOn(day: number, { iniD, devD, midD, endD }: StageLengths): Stage {
  if (day <= iniD) return 'initial'
  if (day <= iniD + devD) return 'development'
  if (day <= iniD + devD + midD) return 'mid-season'
  return day <= iniD + devD + midD + endD ? 'late-season' : 'past'
}

/** The coefficient on a day: FAO-56 equation 66 between the levels. */
export function coefficientOn(day: number, lengths: StageLengths, { ini, mid, end }: Coefficients): number {
  const { iniD, devD, midD, endD } = lengths
  switch (stageOn(day, lengths)) {
    case 'initial':
      return ini
    case 'development':
      return ini + ((day - iniD) / devD) * (mid - ini)
    case 'mid-season':
      return mid
    case 'late-season':
      return mid + ((day - iniD - devD - midD) / endD) * (end - mid)
    case 'past':
      return end
  }
}

/** How much of its growth the crop has made, 0 to 1: none before development, all after it. Roots follow this. */
export function growthShareOn(day: number, { iniD, devD }: StageLengths): number {
  if (day <= iniD) return 0
  return day >= iniD + devD ? 1 : (day - iniD) / devD
}

/**
 * Rooting depth in m (FAO-56 page 279): from the initial depth to the greatest, in step with the coefficient's rise
 * through development.
 */
export const rootDepthOn = (day: number, lengths: StageLengths, iniM: number, maxM: number): number =>
  iniM + (maxM - iniM) * growthShareOn(day, lengths)

/**
 * Kc or Kcb of a stage for a climate other than RHmin 45 % and 2 m/s: FAO-56 equations 62, 65 and 70. `windMs` is the
 * stage's mean at 2 m, taken within 1 to 6 m/s, `rhMinPct` within 20 to 80 %, `heightM` the crop's greatest height.
 * A level below 0.45 stays as it is. The correction is rounded to 0.001 as pyfao56 does.
 */
export function adjustedForClimate(level: number, windMs: number, rhMinPct: number, heightM: number): number {
  if (level < 0.45) return level
  const correction =
    (0.04 * (within(1, windMs, 6) - 2) - 0.004 * (within(20, rhMinPct, 80) - 45)) * (heightM / 3) ** 0.3
  return level + Math.round(correction * 1000) / 1000
}

/** Wind speed at 2 m over short grass from a speed at `heightM`: FAO-56 equation 47. m/s. */
export const windAt2mMs = (windMs: number, heightM: number): number =>
  // At 2 m the equation itself gives 1.0002.
  (windMs * 4.87) / Math.log(67.8 * heightM - 5.42)

export const within = (least: number, value: number, most: number): number =>
  Math.min(most, Math.max(least, value))
