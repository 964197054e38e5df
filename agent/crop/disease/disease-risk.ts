import { daysOfHours, ENOUGH_H, WHOLE_DAY_H } from './days-of-hours.ts'
import { infectionHours, type WeatherHour, type WetPeriod } from './infection-hours.ts'
import type { Pathogen } from './pathogens.ts'

/** What screens show and advice reasons with: one disease, day by day, with the wet periods that drove it. */
export interface DiseaseRisk {
  readonly pathogen: string
  /** `index-not-validated` for a pathogen whose needs are a guess: to be said wherever it is shown. */
  readonly standing: 'published-rule' | 'index-not-validated'
  readonly days: readonly RiskDay[]
}

export interface RiskDay {
  readonly date: string
  /** Share of an infection's wetness that the furthest spores had, 0 to 1 (1: infection). NaN where too little is known. */
  readonly risk: number
  readonly level: RiskLevel
  /** The wet periods that reach into the day, in order of time. */
  readonly periods: readonly WetPeriod[]
  /** Cohorts of spores that have infected in the day. */
  readonly infections: number
  /** Some hour of it lies at or after `forecastFromMs`. */
  readonly isForecast: boolean
  /** `partial`: some hours are not known, so that the risk is at least this. */
  readonly quality: 'ok' | 'partial' | 'gap'
}

export const RISK_LEVELS = ['none', 'low', 'moderate', 'high', 'unknown'] as const
export type RiskLevel = (typeof RISK_LEVELS)[number]

export interface RiskOptions {
  /** From here on the hours are a forecast; none when undefined. */
  readonly forecastFromMs?: number | undefined
  readonly utcOffsetH: number
  /** Where a day begins, so that a night belongs to one day; 0 is midnight. */
  readonly dayStartsH: number
}

const HOUR_MS = 3_600_000

/**
 * Hours in order of time, an hour each, NaN for what is not known. A day's risk is the highest R of a living cohort in
 * its wet hours, at most 1. A day with more than 3 unknown hours is a gap unless what is known is an infection; of the
 * first and the last day only the hours within the table count, so that today has the risk so far.
 */
export function diseaseRisk(
  hourly: readonly WeatherHour[],
  pathogen: Pathogen,
  { forecastFromMs = Number.POSITIVE_INFINITY, utcOffsetH, dayStartsH }: RiskOptions,
): DiseaseRisk {
  const { hours, periods } = infectionHours(hourly, pathogen)
  const times = hourly.map(({ timeMs }) => timeMs)
  let firstPeriod = 0
  const days = daysOfHours(times, utcOffsetH, dayStartsH).map(({ date, startMs, spanH, rows }): RiskDay => {
    const endMs = startMs + WHOLE_DAY_H * HOUR_MS
    const found = rows.map((row) => hours[row]).filter((hour) => hour !== undefined)
    const told = found.filter(({ quality }) => quality !== 'gap')
    const ratio = told.reduce((highest, { cohortRatio }) => Math.max(highest, cohortRatio), 0)
    const isEnough = spanH - told.length <= WHOLE_DAY_H - ENOUGH_H || ratio >= 1
    const risk = isEnough ? Math.min(1, ratio) : Number.NaN
    while ((periods[firstPeriod]?.endMs ?? Number.POSITIVE_INFINITY) <= startMs) firstPeriod++
    const reaching: WetPeriod[] = []
    for (let at = firstPeriod; (periods[at]?.startMs ?? Number.POSITIVE_INFINITY) < endMs; at++)
      reaching.push(periods[at] as WetPeriod)
    return {
      date,
      risk,
      level: levelOf(risk),
      periods: reaching,
      infections: told.reduce((total, { infections }) => total + infections, 0),
      isForecast: (times[rows.at(-1) ?? -1] ?? startMs) >= forecastFromMs,
      quality: !isEnough
        ? 'gap'
        : told.length < WHOLE_DAY_H || told.some(({ quality }) => quality === 'after-gap')
          ? 'partial'
          : 'ok',
    }
  })
  return {
    pathogen: pathogen.name,
    standing: pathogen.status === 'published' ? 'published-rule' : 'index-not-validated',
    days,
  }
}

/** Half of an infection's wetness is worth a look; all of it is an infection. */
export function levelOf(risk: number): RiskLevel {
  if (Number.isNaN(risk)) return 'unknown'
  if (risk >= 1) return 'high'
  if (risk >= 0.5) return 'moderate'
  return risk > 0 ? 'low' : 'none'
}
