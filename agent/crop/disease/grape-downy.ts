/**
 * Primary infection of grape by downy mildew, the rule 10:10:24: 10 mm of rain within 24 h in which it never is colder
 * than 10 °C, on shoots of 10 cm. Others ask for less (New York: 2.5 mm and a mean of 11 °C, Kennelly et al. 2007).
 * Where it is always warm only the rain decides, and the wetness after it: see the infection model for the secondary.
 */
export interface DownyRule {
  readonly rainMm: number
  readonly tempC: number
}

export const TEN_TEN: DownyRule = { rainMm: 10, tempC: 10 }

/** 1 or 0 from a span's rain and lowest temperature; NaN when what is known does not decide it. */
export function isPrimaryInfection(rainMm: number, minC: number, rule: DownyRule): number {
  if (minC < rule.tempC || rainMm < rule.rainMm) return 0
  return Number.isNaN(rainMm + minC) ? Number.NaN : 1
}

export interface RainHour {
  readonly timeMs: number
  readonly rainMm: number
  readonly tempC: number
}

export interface DownyHour {
  /** Of the 24 h that end with this hour; NaN when one of them is not known and the rest do not decide. */
  readonly rainMm: number
  readonly minC: number
  readonly isPrimary: number
}

const SPAN_H = 24
const HOUR_MS = 3_600_000

/**
 * Each hour with the 24 h that end with it. An hour that is not known may have had rain and cold: then it is 1 only
 * if the known rain suffices and all temperatures are known, 0 only if a known temperature is too low.
 */
export function downyHours(hours: readonly RainHour[], rule: DownyRule): DownyHour[] {
  return hours.map(({ timeMs }, at) => {
    let rainMm = 0
    let minC = Number.POSITIVE_INFINITY
    let rainHours = 0
    let tempHours = 0
    for (let back = at; back >= 0 && back > at - SPAN_H; back--) {
      const hour = hours[back] as RainHour
      if (timeMs - hour.timeMs > (SPAN_H - 0.5) * HOUR_MS) break
      if (!Number.isNaN(hour.rainMm)) {
        rainMm += hour.rainMm
        rainHours++
      }
      if (!Number.isNaN(hour.tempC)) {
        minC = Math.min(minC, hour.tempC)
        tempHours++
      }
    }
    const isRainKnown = rainHours === SPAN_H
    const isWarmthKnown = tempHours === SPAN_H
    return {
      rainMm: isRainKnown ? rainMm : Number.NaN,
      minC: isWarmthKnown ? minC : Number.NaN,
      isPrimary: isPrimaryInfection(
        isRainKnown || rainMm >= rule.rainMm ? rainMm : Number.NaN,
        isWarmthKnown || minC < rule.tempC ? minC : Number.NaN,
        rule,
      ),
    }
  })
}
