/**
 * Is a leaf wet in an hour, and for how many hours of a day: by a sensor, or guessed from air. Guesses are weakest in
 * the tropics (Sentelhas et al. 2008 at Piracicaba: humidity and dew-point depression miss wet hours), so a farm with
 * one wetness sensor should set its own humidity threshold by it.
 */
export const WETNESS_METHODS = ['sensor', 'rh', 'dpd', 'cart'] as const
export type WetnessMethod = (typeof WETNESS_METHODS)[number]

/** One hour; NaN is what nobody measured. */
export interface WetnessHour {
  readonly tempC: number
  readonly rhPct: number
  /** Dew point, °C. */
  readonly tdewC: number
  /** At the leaves (CART was fitted to wind 0.3 m above the canopy). */
  readonly windMs: number
  readonly rainMm: number
  /** Water from above, mm or 1 for yes. Drip wets no leaf and does not belong here. */
  readonly overheadMm: number
  /** Of a wetness sensor, 0 dry to 100 wet. */
  readonly sensorPct: number
}

export interface WetnessOptions {
  readonly method: WetnessMethod
  /** Wet from this humidity on, %. 90: Sentelhas et al. 2008; other services take 87. */
  readonly wetFromRhPct: number
  /** Wet from this sensor value on, %. */
  readonly wetFromSensorPct: number
  /** Rain of more than this in an hour wets the leaf, mm. */
  readonly rainAboveMm: number
}

export const WETNESS_DEFAULTS: WetnessOptions = {
  method: 'rh',
  wetFromRhPct: 90,
  wetFromSensorPct: 50,
  rainAboveMm: 0,
}

/** `wet` is 1, 0, or NaN for a gap; `note` is a word for the quality column. */
export interface WetHour {
  readonly wet: number
  readonly note: 'ok' | 'gap' | 'outside-range' | 'from-rain' | 'from-sprinkling' | 'from-dry-start'
}

/**
 * The hours of one place in order. Rain and sprinkling wet whatever the method says. An hour that the method can't
 * tell is a gap; where dew-point depression lies between its two thresholds, the hour before decides.
 */
export function wetHours(hours: readonly WetnessHour[], options: WetnessOptions): WetHour[] {
  let before = Number.NaN
  return hours.map((hour) => {
    const found = wetHour(hour, options, before)
    before = found.wet
    return found
  })
}

function wetHour(hour: WetnessHour, options: WetnessOptions, before: number): WetHour {
  const guess = byMethod(hour, options, before)
  if (guess.wet === 1) return guess
  if (hour.rainMm > options.rainAboveMm) return { wet: 1, note: 'from-rain' }
  if (hour.overheadMm > 0) return { wet: 1, note: 'from-sprinkling' }
  return guess
}

const told = (isWet: boolean): WetHour => ({ wet: isWet ? 1 : 0, note: 'ok' })
const GAP: WetHour = { wet: Number.NaN, note: 'gap' }

function byMethod(hour: WetnessHour, options: WetnessOptions, before: number): WetHour {
  switch (options.method) {
    case 'sensor':
      return Number.isNaN(hour.sensorPct) ? GAP : told(hour.sensorPct >= options.wetFromSensorPct)
    case 'rh':
      return Number.isNaN(hour.rhPct) ? GAP : told(hour.rhPct >= options.wetFromRhPct)
    case 'dpd':
      return byDepression(hour.tempC - hour.tdewC, before)
    case 'cart':
      return byCart({ ...hour, depressionC: hour.tempC - hour.tdewC })
  }
}

/** Dew-point depression at which a dry leaf becomes wet, and at which a wet one is dry again, °C (Gillespie). */
const WET_BELOW_C = 2
const DRY_FROM_C = 3.8

function byDepression(depressionC: number, before: number): WetHour {
  if (Number.isNaN(depressionC)) return GAP
  if (depressionC < WET_BELOW_C) return told(true)
  if (depressionC >= DRY_FROM_C) return told(false)
  return Number.isNaN(before) ? { wet: 0, note: 'from-dry-start' } : told(before === 1)
}

export interface CartHour {
  readonly tempC: number
  readonly rhPct: number
  readonly windMs: number
  /** Air temperature less dew point, °C. */
  readonly depressionC: number
}

/**
 * The tree of CART/SLD: Kim, Taylor, Gleason & Loecker 2002, Plant Disease 86:179–185. Temperature from 0 °C, for its
 * square root is taken; below, `outside-range`.
 */
export function byCart({ tempC, rhPct, windMs, depressionC }: CartHour): WetHour {
  if (depressionC >= 3.7) return told(false)
  if (Number.isNaN(tempC + rhPct + windMs + depressionC)) return GAP
  if (tempC < 0) return { wet: Number.NaN, note: 'outside-range' }
  const root = Math.sqrt(tempC)
  if (windMs < 2.5)
    return told(
      1.6064 * root +
        0.0036 * tempC ** 2 +
        0.1531 * rhPct -
        0.4599 * windMs * depressionC -
        0.0035 * tempC * rhPct >
        14.4674,
    )
  if (rhPct < 87.8) return told(false)
  return told(
    0.7921 * root +
      0.0046 * rhPct -
      2.3889 * windMs -
      0.039 * tempC * windMs +
      1.0613 * windMs * depressionC >
      37,
  )
}

/** Where the parabola of `dailyWetH` turns, % of minimum humidity. */
const TURN_RH_PCT = 52

/**
 * Hours of leaf wetness in a day from its highest and lowest humidity (%): Hijmans, Forbes & Walker 2001, for when
 * there are no hours. 0 on a day with frost; a minimum temperature that is not known (NaN) is taken as above 0 °C.
 */
export function dailyWetH(rhMaxPct: number, rhMinPct: number, tminC: number): number {
  if (Number.isNaN(rhMaxPct + rhMinPct) || rhMinPct > rhMaxPct) return Number.NaN
  if (tminC < 0) return 0
  const at = (rhMin: number) =>
    Math.exp(-8.093137318 + 0.11636662 * rhMaxPct - 0.03715678 * rhMin + 0.000358713 * rhMin ** 2)
  const wetH = rhMinPct < TURN_RH_PCT ? 2 * at(TURN_RH_PCT) - at(rhMinPct) : at(rhMinPct)
  return Math.min(24, Math.max(0, wetH))
}
