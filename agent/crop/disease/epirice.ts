import type { RiceDisease } from './epirice-diseases.ts'

/**
 * EPIRICE: a season of one rice disease day by day, sites being healthy, latent, infectious or removed. Savary et al.
 * 2012, Crop Protection 34:6–17; as in the published packages a site is a piece of leaf, a leaf, a tiller or a plant,
 * as the disease has it.
 */
export interface RiceDay {
  readonly tempMeanC: number
  readonly rhMeanPct: number
  readonly rainMm: number
}

/** Numbers of sites unless said otherwise; rates are of this day and change the next. */
export interface EpidemicDay {
  /** From 1 at emergence. */
  readonly day: number
  /** Healthy. */
  readonly sites: number
  readonly latent: number
  readonly infectious: number
  readonly removed: number
  /** All that have senesced since the first day, diseased ones included. */
  readonly senesced: number
  readonly rateinf: number
  /** From latent to infectious. */
  readonly rtransfer: number
  readonly rgrowth: number
  readonly rsenesced: number
  /** Latent, infectious and removed. */
  readonly diseased: number
  /** Share of the living sites that is diseased, 0 to 1. */
  readonly intensity: number
}

/** Wet enough to infect from this mean humidity or this rain on. */
const WET_FROM_RH_PCT = 90
const WET_FROM_RAIN_MM = 5

/**
 * The days from emergence on. They end before the first day whose weather is not known (NaN): what came after
 * depends on it.
 */
export function epidemic(weather: readonly RiceDay[], disease: RiceDisease): EpidemicDay[] {
  const days: EpidemicDay[] = []
  // Sites that became latent on day d, and infectious on day d, at [d - 1].
  const madeLatent: number[] = []
  const madeInfectious: number[] = []
  let everInfectious = 0
  for (const [at, { tempMeanC, rhMeanPct, rainMm }] of weather.entries()) {
    if (Number.isNaN(tempMeanC + rhMeanPct + rainMm)) break
    const day = at + 1
    const before = days.at(-1)
    madeLatent.push(before?.rateinf ?? 0)
    madeInfectious.push(before?.rtransfer ?? 0)
    const latent = sum(madeLatent.slice(Math.max(0, at - disease.latentDays)))
    const infectious = sum(madeInfectious.slice(Math.max(0, at - disease.infectiousDays)))
    everInfectious += madeInfectious[at] as number
    const removed = everInfectious - infectious
    const diseased = everInfectious + latent
    const sites = before ? before.sites + before.rgrowth - before.rateinf - before.rsenesced : disease.sites0
    const leaving = day > disease.infectiousDays ? (madeInfectious[at - disease.infectiousDays] as number) : 0
    const rsenesced = leaving + disease.senescence * sites
    const free = 1 - diseased / (sites + diseased)
    const rate =
      disease.rateBest *
      between(disease.byAge, at) *
      between(disease.byTemp, tempMeanC) *
      (rhMeanPct >= WET_FROM_RH_PCT || rainMm >= WET_FROM_RAIN_MM ? 1 : 0)
    days.push({
      day,
      sites,
      latent,
      infectious,
      removed,
      senesced: before ? before.senesced + rsenesced : 0,
      rateinf:
        day < disease.onset
          ? 0
          : day === disease.onset
            ? disease.infected0
            : infectious * rate * free ** disease.aggregation,
      rtransfer: day >= disease.latentDays ? (madeLatent[Math.max(0, at - disease.latentDays)] as number) : 0,
      rgrowth: disease.growth * sites * (1 - (diseased + sites) / disease.sitesMax),
      rsenesced,
      diseased,
      intensity: (diseased - removed) / (diseased + sites - removed),
    })
  }
  return days
}

/** Area under the curve of intensity from the first day to the last, by trapezes: intensity × days. */
export function areaUnderProgress(days: readonly EpidemicDay[]): number {
  let area = 0
  for (let at = 1; at < days.length; at++)
    area += ((days[at - 1] as EpidemicDay).intensity + (days[at] as EpidemicDay).intensity) / 2
  return area
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** On a line of points; 0 outside it. */
function between(points: readonly (readonly [number, number])[], x: number): number {
  const at = points.findIndex(([edge]) => x <= edge)
  const [right, left] = [points[at], points[at - 1]]
  if (!right || x < (points[0] as readonly [number, number])[0]) return 0
  if (!left) return right[1]
  return left[1] + ((right[1] - left[1]) * (x - left[0])) / (right[0] - left[0])
}
