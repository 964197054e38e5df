/**
 * Powdery mildew of grape, the index of UC Davis (Thomas, Gubler & Leavitt 1994; Gubler et al. 1999), 0 to 100. It
 * starts with three days in a row that each have six hours on end at 21 to 29.4 °C (20 a day), then gains 20 on such
 * a day and loses 10 on another; a day that reaches 35 °C loses 10 as well. Spray interval: short from 60 on, long
 * below 40.
 */
export interface PowderyDay {
  /** Hours in order, °C; NaN is unknown. */
  readonly tempsC: readonly number[]
}

export interface PowderyState {
  /** 0 to 100; NaN when days before are not known. */
  readonly index: number
  /** The three days are over, or have never been counted. */
  readonly hasStarted: boolean
}

export interface PowderyRule {
  readonly fromC: number
  readonly toC: number
  readonly hours: number
  readonly heatC: number
}

export const UC_DAVIS: PowderyRule = { fromC: 21, toC: 29.4, hours: 6, heatC: 35 }

export const POWDERY_START: PowderyState = { index: 0, hasStarted: false }

const GAIN = 20
const LOSS = 10
const STARTED = 3 * GAIN

/** The longest run of hours within the favourable band; an unknown hour ends it. */
export function favourableRunH(tempsC: readonly number[], { fromC, toC }: PowderyRule): number {
  let longest = 0
  let run = 0
  for (const tempC of tempsC) {
    run = tempC >= fromC && tempC <= toC ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

/** The day after. Before the start an unfavourable day sets back to 0. */
export function nextPowdery(before: PowderyState, day: PowderyDay, rule: PowderyRule): PowderyState {
  const isFavourable = favourableRunH(day.tempsC, rule) >= rule.hours
  if (!before.hasStarted) {
    // The start rule looks at the run alone; heat does not set it back.
    const index = isFavourable ? before.index + GAIN : 0
    return { index, hasStarted: index >= STARTED }
  }
  const isHot = day.tempsC.some((tempC) => tempC >= rule.heatC)
  const step = isFavourable ? (isHot ? LOSS : GAIN) : -LOSS
  return { index: Math.min(100, Math.max(0, before.index + step)), hasStarted: true }
}
