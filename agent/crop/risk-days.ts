import { type DiseaseRisk, diseaseRisk } from './disease/disease-risk.ts'
import type { WeatherHour } from './disease/infection-hours.ts'
import type { Pathogen } from './disease/pathogens.ts'

/**
 * Risk of some days without going over the whole season: spores carry wetness over midnight, but a dry spell of D50
 * hours ends every wet period, and from there on nothing of what was before counts. So it begins at the last such
 * spell before the first of the days, and at most five days before it (longer wet, the sum is over 96 hours and has
 * infected everything that can be infected).
 */
export const LONGEST_LOOK_BACK_H = 5 * 24

/** How many of the hours before have to be looked at, the newest last. */
export function lookBackHours(before: readonly WeatherHour[], { d50H }: Pathogen): number {
  let dryRun = 0
  for (let back = 1; back <= before.length && back <= LONGEST_LOOK_BACK_H; back++) {
    const { wetH } = before[before.length - back] as WeatherHour
    dryRun = wetH === 0 ? dryRun + 1 : 0
    if (dryRun >= d50H) return back
  }
  return Math.min(before.length, LONGEST_LOOK_BACK_H)
}

/** How many days after this one still see its wetness: the hours after it, oldest first, until a dry spell of D50. */
export function daysCarriedInto(after: readonly WeatherHour[], { d50H }: Pathogen): number {
  let dryRun = 0
  for (const [at, { wetH }] of after.entries()) {
    if (at >= LONGEST_LOOK_BACK_H) break
    dryRun = wetH === 0 ? dryRun + 1 : 0
    if (dryRun >= d50H) return Math.ceil((at + 1) / 24)
  }
  return Math.min(Math.ceil(after.length / 24), LONGEST_LOOK_BACK_H / 24)
}

/** The days of `hours`, after the hours before them. Hours are without holes, NaN for what is not known. */
export function riskOfDays(
  before: readonly WeatherHour[],
  hours: readonly WeatherHour[],
  pathogen: Pathogen,
  { utcOffsetH, forecastFromMs }: { utcOffsetH: number; forecastFromMs?: number },
): DiseaseRisk {
  const from = hours[0]?.timeMs ?? 0
  const looked = before.slice(before.length - lookBackHours(before, pathogen))
  const risk = diseaseRisk([...looked, ...hours], pathogen, { utcOffsetH, dayStartsH: 0, forecastFromMs })
  const firstDate = new Date(from + utcOffsetH * 3_600_000).toISOString().slice(0, 10)
  return { ...risk, days: risk.days.filter(({ date }) => date >= firstDate) }
}
