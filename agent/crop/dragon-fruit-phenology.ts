import { addDays, daysBetween } from './calendar.ts'
import { type DailyTemps, dateOfMoment, type ForecastTemps, forecastTemps } from './daily-temps.ts'

/**
 * When dragon fruit (*Selenicereus*, formerly *Hylocereus*) shows buds, opens its flowers and is ripe, from the
 * night on which lights were first lit, or from a bud or flower that was seen. An index, not validated in the field:
 * durations are published, that they scale with temperature as they do here is judgement.
 *
 *   lighting   each lit night does 1/N of the induction; N falls as nights grow warmer. Off-season practice of Hàm
 *              Hiệp, Bình Thuận: 10–12 nights from October, 15–20 in the cold of December and January, 10–15 from
 *              January (voh.com.vn). Cooler winters: 33–48 nights (Tran, Yen & Chen 2015, WASET 9:2). Long-day plant,
 *              so that it is the middle of the night that must be lit (Jiang et al. 2012, HortScience 47:1063).
 *   forming    a lag until buds can be seen. No source states it: 5 days (3 to 7), judgement.
 *   bud        13 days (12 to 15, Kerala) at a mean of 28 °C, else × (28 − Tb)/(T − Tb)
 *   fruit      30 days (28 to 35, Vietnam) at 28 °C, scaled in the same way
 *
 * With Tb = 10 °C the scaling gives 57 days for fruit at 19.5 °C; winter fruit in Taiwan took 46 to 59. That is one
 * point which agrees, and no validation. Reasonable for daily means of 18 to 32 °C.
 */
export const STAGES = ['lighting', 'forming', 'bud', 'fruit', 'ripe'] as const
export type Stage = (typeof STAGES)[number]

/** The latest of them is where the forecast begins. */
export interface Seen {
  /** The date of the evening on which the lights were first lit. */
  readonly lightsOn?: string | undefined
  readonly bud?: string | undefined
  readonly anthesis?: string | undefined
}

/** Dates YYYY-MM-DD; undefined when it does not come within the horizon. */
export interface Spread {
  readonly earliest: string | undefined
  readonly expected: string | undefined
  readonly latest: string | undefined
}

export interface PhenologyDay {
  readonly date: string
  /** At the end of the day, expected. */
  readonly stage: Stage
  /** Of that stage, 0 to 100; 100 for `ripe`. */
  readonly progressPct: number
  readonly temps: ForecastTemps
  /** The night counted for induction though no minimum is known. */
  readonly isNightGuessed: boolean
  /** Colder or hotter than what the durations were seen at. */
  readonly isOutsideRange: boolean
}

export interface Phenology {
  readonly start: string
  readonly bud: Spread
  readonly anthesis: Spread
  readonly harvest: Spread
  /** From the start to the latest harvest. */
  readonly days: readonly PhenologyDay[]
  /** Some day up to the expected harvest has the mean of other days for a temperature. */
  readonly restsOnMeans: boolean
}

export interface PhenologyOptions {
  /** No development below, °C. */
  readonly baseC?: number
  /** Days from the last needed night to a bud that can be seen. */
  readonly lagDays?: number
  /** Hours lit between 22:00 and 02:00 in the night that follows each date; a night below four does not count. NaN: lit. */
  readonly litHours?: (date: string) => number
}

export const BASE_C = 10
export const LAG_DAYS = 5
const REFERENCE_C = 28
export const RANGE_C = { minC: 18, maxC: 32 }
/** Nights colder than this have taken twice as long and more. */
export const COLD_NIGHT_C = 18
const CORE_HOURS = 4
// Twice the slowest season in the sources (48 + 26 + 59 days); colder than that, no date is better than one.
const HORIZON_DAYS = 270

interface Pace {
  /** [night minimum °C, nights], rising; straight lines between, level beyond. */
  readonly nights: readonly (readonly [number, number])[]
  readonly nightsUnknownMin: number
  readonly lag: number
  readonly budDays: number
  readonly fruitDays: number
}

function paces(lagDays: number): Readonly<Record<keyof Spread, Pace>> {
  return {
    earliest: {
      nights: [
        [20, 15],
        [23, 10],
      ],
      nightsUnknownMin: 10,
      lag: Math.max(0, lagDays - 2),
      budDays: 12,
      fruitDays: 28,
    },
    expected: {
      nights: [
        [20, 20],
        [23, 12],
      ],
      nightsUnknownMin: 16,
      lag: lagDays,
      budDays: 13,
      fruitDays: 30,
    },
    latest: {
      nights: [
        [18, 33],
        [20, 20],
        [23, 15],
      ],
      nightsUnknownMin: 20,
      lag: lagDays + 2,
      budDays: 15,
      fruitDays: 35,
    },
  }
}

/** How many nights of light, not rounded: 10 to 15 for warm ones, 15 to 33 for cold ones. `minC` is their minimum. */
export function nightsNeeded(minC: number): Readonly<Record<'fewest' | 'expected' | 'most', number>> {
  const { earliest, expected, latest } = paces(LAG_DAYS)
  return {
    fewest: nightsAt(earliest, minC),
    expected: nightsAt(expected, minC),
    most: nightsAt(latest, minC),
  }
}

/** `seen` has at least one date, and they are in order; the caller checks. */
export function dragonFruitPhenology(
  temps: DailyTemps,
  seen: Seen,
  options: PhenologyOptions = {},
): Phenology {
  const { baseC = BASE_C, lagDays = LAG_DAYS, litHours = () => Number.NaN } = options
  const start = seen.anthesis ?? seen.bud ?? seen.lightsOn
  if (start === undefined) throw new TypeError('a date that was seen is needed')
  const first: Stage = seen.anthesis ? 'fruit' : seen.bud ? 'bud' : 'lighting'
  const days = forecastTemps(temps, start, HORIZON_DAYS)
  const isLit = (day: number) => !(litHours(addDays(start, day)) < CORE_HOURS)
  const run = (pace: Pace) =>
    grow(days, first, (stage, day) => shareOfDay(pace, stage, days[day]!, isLit(day), baseC))
  const { earliest, expected, latest } = paces(lagDays)
  const runs = { earliest: run(earliest), expected: run(expected), latest: run(latest) }
  const spread = (stage: Stage, dateSeen?: string): Spread => {
    if (dateSeen !== undefined) return { earliest: dateSeen, expected: dateSeen, latest: dateSeen }
    const date = ({ reached }: Grown) => {
      const moment = reached.get(stage)
      return moment === undefined ? undefined : dateOfMoment(start, moment)
    }
    return { earliest: date(runs.earliest), expected: date(runs.expected), latest: date(runs.latest) }
  }
  const harvest = spread('ripe')
  const length = harvest.latest === undefined ? HORIZON_DAYS : daysBetween(start, harvest.latest) + 1
  const untilHarvest = harvest.expected === undefined ? HORIZON_DAYS : daysBetween(start, harvest.expected)
  return {
    start,
    bud: spread('bud', seen.bud),
    anthesis: spread('fruit', seen.anthesis),
    harvest,
    days: days
      .slice(0, length)
      .map((each, day) => phenologyDay(addDays(start, day), each, runs.expected, day)),
    restsOnMeans: days.slice(0, untilHarvest).some(({ source }) => source !== 'measured'),
  }
}

function phenologyDay(
  date: string,
  temps: ForecastTemps,
  { ends, begins }: Grown,
  day: number,
): PhenologyDay {
  const { stage, progress } = ends[day]!
  const isLighting = begins[day] === 'lighting'
  const isOutsideRange = isLighting
    ? temps.minC < COLD_NIGHT_C
    : stage !== 'ripe' && !(temps.meanC >= RANGE_C.minC && temps.meanC <= RANGE_C.maxC)
  return {
    date,
    stage,
    progressPct: 100 * progress,
    temps,
    isNightGuessed: isLighting && Number.isNaN(temps.minC),
    isOutsideRange,
  }
}

interface Grown {
  /** The stage in which each day begins. */
  readonly begins: readonly Stage[]
  readonly ends: readonly { readonly stage: Stage; readonly progress: number }[]
  /** Days from the start to the beginning of a stage, with fractions. */
  readonly reached: ReadonlyMap<Stage, number>
}

/** Day by day; what a finished stage leaves of a day goes to the next. */
function grow(days: readonly unknown[], first: Stage, share: (stage: Stage, day: number) => number): Grown {
  let stage = first
  let progress = 0
  const reached = new Map<Stage, number>([[first, 0]])
  const begins: Stage[] = []
  const ends = days.map((_, day) => {
    begins.push(stage)
    let left = 1
    while (stage !== 'ripe') {
      const rate = share(stage, day)
      // Not finished today: also when nothing grows.
      if (!(progress + rate * left >= 1 - 1e-9)) {
        progress += rate * left
        break
      }
      left = Math.max(0, left - (1 - progress) / rate)
      progress = 0
      stage = STAGES[STAGES.indexOf(stage) + 1] as Stage
      reached.set(stage, day + 1 - left)
    }
    return { stage, progress: stage === 'ripe' ? 1 : progress }
  })
  return { begins, ends, reached }
}

/** The part of a stage that one day does. */
function shareOfDay(pace: Pace, stage: Stage, temps: ForecastTemps, isLit: boolean, baseC: number): number {
  const warmth = Math.max(0, temps.meanC - baseC) / (REFERENCE_C - baseC)
  switch (stage) {
    case 'lighting':
      return isLit ? 1 / nightsAt(pace, temps.minC) : 0
    case 'forming':
      // Without a lag the stage is over in a moment.
      return 1 / Math.max(pace.lag, 1e-6)
    case 'bud':
      return warmth / pace.budDays
    case 'fruit':
      return warmth / pace.fruitDays
    case 'ripe':
      return 0
  }
}

function nightsAt({ nights, nightsUnknownMin }: Pace, minC: number): number {
  if (Number.isNaN(minC)) return nightsUnknownMin
  const above = nights.findIndex(([pointC]) => pointC >= minC)
  const [upperC, upperNights] = nights[above < 0 ? nights.length - 1 : above]!
  const [lowerC, lowerNights] = nights[Math.max(0, above - 1)]!
  if (above <= 0) return upperNights
  return lowerNights + ((upperNights - lowerNights) * (minC - lowerC)) / (upperC - lowerC)
}
