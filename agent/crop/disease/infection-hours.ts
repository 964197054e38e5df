import { type InfectionNeeds, riskRatio, wetnessNeededH } from './magarey.ts'

/**
 * Infection hour by hour, with wetness that is interrupted (Magarey et al. 2005), in cohorts (Bregaglio et al. 2012):
 *
 *   wet     ▇▇▇▇  ▇▇▇      ▇▇▇▇        a dry spell shorter than D50 only interrupts: one period of 7 wet hours;
 *   period  └───────┘      └──┘        a longer one parts two periods
 *
 * Each wet hour within the temperature limits opens a cohort of spores. A cohort has infected when its hours of
 * wetness reach W at the mean temperature of those hours. So in a long period that begins too hot and cools, the
 * spores that came late count without the heat that they never had.
 */
export interface WeatherHour {
  /** Where the hour begins, ms UTC. */
  readonly timeMs: number
  readonly tempC: number
  /** Share of the hour in which the leaf was wet, 0 to 1. */
  readonly wetH: number
}

export interface InfectionHour {
  /** Of the wet period that this hour belongs to, up to its end; 0 in none. NaN in a gap, as all below. */
  readonly wetSumH: number
  /** Mean temperature of those wet hours, °C; NaN in no period. */
  readonly meanTempC: number
  /** W at that mean; NaN in no period, infinite where nothing infects and no bound is known. */
  readonly neededH: number
  /** The period's R, `wetSumH` over `neededH`; 0 where nothing infects. */
  readonly ratio: number
  /** R of the furthest cohort that had not infected before this hour; 0 in a dry one. */
  readonly cohortRatio: number
  /** Cohorts that have infected in this hour. */
  readonly infections: number
  /** `after-gap`: hours of this period are not known, so that R is at least what it says. */
  readonly quality: 'ok' | 'gap' | 'after-gap'
}

export interface WetPeriod {
  readonly startMs: number
  /** Where its last wet hour ends. */
  readonly endMs: number
  readonly wetHours: number
  /** Dry hours inside it. */
  readonly dryHours: number
  readonly meanTempC: number
  readonly neededH: number
  /** The highest R that the whole period or one of its cohorts came to. */
  readonly ratio: number
  readonly infections: number
  /** Where the hour of the first infection begins. */
  readonly infectedAtMs?: number
  /** It touches hours that are not known, so that it may have been longer. */
  readonly isAtLeast: boolean
}

const HOUR_MS = 3_600_000
/** Wet hours after which a cohort that has not infected is spent: four days; bounds the work, too. */
const SPENT_AFTER_WET_H = 96

interface Sum {
  readonly wetH: number
  readonly tempH: number
}

interface OpenPeriod {
  startMs: number
  endMs: number
  dryHours: number
  /** Dry or unknown hours since the last wet one. */
  dryRun: number
  sum: Sum
  /** The sums before each living cohort's first hour. */
  cohorts: Sum[]
  ratio: number
  infections: number
  infectedAtMs: number | undefined
}

/**
 * The hours in order of time (rows at most an hour long; hours between rows that are not there are unknown). An hour
 * without wetness, or wet without temperature, is a gap: it adds nothing and counts as dry. One pass; at most 96 cohorts
 * live at a time.
 */
export function infectionHours(
  hours: readonly WeatherHour[],
  needs: InfectionNeeds,
): { readonly hours: InfectionHour[]; readonly periods: WetPeriod[] } {
  const periods: WetPeriod[] = []
  const out: InfectionHour[] = []
  let open: OpenPeriod | undefined
  let isUnsure = false
  let knownDryRun = 0
  const close = () => {
    if (open) periods.push(closed(open, needs, isUnsure))
    open = undefined
  }
  const rest = (dryHours: number, isKnown: boolean) => {
    if (!isKnown) isUnsure = true
    knownDryRun = isKnown ? knownDryRun + dryHours : 0
    if (open) {
      open.dryRun += dryHours
      if (open.dryRun >= needs.d50H) close()
    }
    if (knownDryRun >= needs.d50H) isUnsure = false
  }
  for (const [at, hour] of hours.entries()) {
    const before = hours[at - 1]
    const missing = before ? Math.round((hour.timeMs - before.timeMs) / HOUR_MS) - 1 : 0
    if (missing > 0) rest(missing, false)
    if (Number.isNaN(hour.wetH) || (hour.wetH > 0 && Number.isNaN(hour.tempC))) {
      rest(1, false)
      out.push(UNKNOWN)
      continue
    }
    let grown = { cohortRatio: 0, infections: 0 }
    if (hour.wetH > 0) {
      open ??= begun(hour)
      grown = grow(open, hour, needs)
      knownDryRun = 0
    } else rest(1, true)
    out.push({
      ...(open ? stateOf(open.sum, needs) : DRY),
      ...grown,
      quality: isUnsure ? 'after-gap' : 'ok',
    })
  }
  close()
  return { hours: out, periods }
}

const UNKNOWN: InfectionHour = {
  wetSumH: Number.NaN,
  meanTempC: Number.NaN,
  neededH: Number.NaN,
  ratio: Number.NaN,
  cohortRatio: Number.NaN,
  infections: Number.NaN,
  quality: 'gap',
}

const DRY = { wetSumH: 0, meanTempC: Number.NaN, neededH: Number.NaN, ratio: 0 }

const begun = ({ timeMs }: WeatherHour): OpenPeriod => ({
  startMs: timeMs,
  endMs: timeMs,
  dryHours: 0,
  dryRun: 0,
  sum: { wetH: 0, tempH: 0 },
  cohorts: [],
  ratio: 0,
  infections: 0,
  infectedAtMs: undefined,
})

function grow(period: OpenPeriod, hour: WeatherHour, needs: InfectionNeeds) {
  if (hour.tempC > needs.tminC && hour.tempC < needs.tmaxC) period.cohorts.push(period.sum)
  period.sum = {
    wetH: period.sum.wetH + hour.wetH,
    tempH: period.sum.tempH + hour.tempC * hour.wetH,
  }
  period.dryHours += period.dryRun
  period.dryRun = 0
  period.endMs = hour.timeMs + HOUR_MS
  let cohortRatio = 0
  let infections = 0
  period.cohorts = period.cohorts.filter((before) => {
    const wetH = period.sum.wetH - before.wetH
    // No temperature needs less than Wmin, so these neither infect nor lead.
    if (wetH < needs.wminH && wetH <= cohortRatio * needs.wminH) return true
    const ratio = riskRatio(wetH, (period.sum.tempH - before.tempH) / wetH, needs)
    cohortRatio = Math.max(cohortRatio, ratio)
    if (ratio >= 1) infections++
    return ratio < 1 && wetH < SPENT_AFTER_WET_H
  })
  if (infections > 0) period.infectedAtMs ??= hour.timeMs
  period.infections += infections
  period.ratio = Math.max(period.ratio, cohortRatio, stateOf(period.sum, needs).ratio)
  return { cohortRatio, infections }
}

function stateOf({ wetH, tempH }: Sum, needs: InfectionNeeds) {
  const meanTempC = tempH / wetH
  return {
    wetSumH: wetH,
    meanTempC,
    neededH: wetnessNeededH(meanTempC, needs),
    ratio: riskRatio(wetH, meanTempC, needs),
  }
}

function closed(period: OpenPeriod, needs: InfectionNeeds, isAtLeast: boolean): WetPeriod {
  const { wetSumH, meanTempC, neededH } = stateOf(period.sum, needs)
  return {
    startMs: period.startMs,
    endMs: period.endMs,
    wetHours: wetSumH,
    dryHours: period.dryHours,
    meanTempC,
    neededH,
    ratio: period.ratio,
    infections: period.infections,
    ...(period.infectedAtMs === undefined ? {} : { infectedAtMs: period.infectedAtMs }),
    isAtLeast,
  }
}
