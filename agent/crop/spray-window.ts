import { wetBulbC } from './wet-bulb.ts'

/**
 * Whether the weather is fit for spraying, by printed limits, with the numbers that say so. The words for people are
 * made where they are shown.
 *
 *   delta-T    2 to 8 °C good, to 10 marginal; below 2 droplets live long and drift, above 10 they dry before they land
 *              (Australia's Bureau of Meteorology; METOS)
 *   humidity   above 90 % marginal, above 95 % avoid (METOS: "90 to 95"): leaves are wet or about to be
 *   air        above 28 °C marginal (METOS): volatile products leave the leaf. Not `avoid`: on a tropical plain that
 *              would be every day's noon, and delta-T says more
 *   wind       3 to 15 km/h good, above it avoid (Ontario's factsheet, GRDC). Below it marginal by day, when droplets
 *              float; avoid at night and within 1.5 h of sunrise and sunset, when a calm means an inversion that
 *              carries drift for kilometres (GRDC spray manual, module 10: from 1–2 h before sundown to 1 h after sunrise)
 *   gusts      above the wind's limit marginal, above 20 km/h avoid (Agriculture Victoria: drift is almost certain)
 *   rain       now, or within the hours that the product needs to dry: avoid
 */
export interface SprayConditions {
  readonly airTempC: number
  readonly humidityPct: number
  readonly windMs: number
  readonly gustMs: number
  /** Of the present reading, mm. */
  readonly rainMm: number
  /** Expected within the hours that the product must stay dry, mm; NaN when nobody said. */
  readonly rainAheadMm: number
  /** Hours since sunrise or until sunset, whichever is less; below 0 at night. NaN when the place is not known. */
  readonly hoursFromDark: number
  readonly elevM: number
}

export const SPRAY_LIMITS = {
  deltaTC: { low: 2, good: 8, high: 10 },
  windKmh: { low: 3, high: 15 },
  gustKmh: { marginal: 15, avoid: 20 },
  humidityPct: { marginal: 90, avoid: 95 },
  airTempC: { marginal: 28 },
  /** What a tipping bucket counts by itself when the wind shakes it. */
  rainMm: { now: 0.2, ahead: 0.5 },
  /** An inversion builds before sunset and lasts into the morning. */
  inversionHours: 1.5,
} as const

export type SprayVerdict = 'good' | 'marginal' | 'avoid' | 'unknown'

export type SprayReasonCode =
  | 'delta-t-low'
  | 'delta-t-high'
  | 'wind-low'
  | 'wind-high'
  | 'gusts'
  | 'inversion'
  | 'humid'
  | 'hot'
  | 'raining'
  | 'rain-ahead'
  | 'no-temperature'
  | 'no-humidity'
  | 'no-wind'
  | 'no-forecast'

export interface SprayReason {
  readonly code: SprayReasonCode
  /** `note` weighs nothing by itself. */
  readonly weight: 'avoid' | 'marginal' | 'missing' | 'note'
  /** What was measured and which limit it passed, in `unit`. Absent where something is missing. */
  readonly value?: number
  readonly limit?: number
  readonly unit?: '°C' | 'km/h' | '%' | 'mm'
}

export interface SprayAnswer {
  readonly verdict: SprayVerdict
  /** The weightiest first. */
  readonly reasons: readonly SprayReason[]
  readonly deltaTC: number
}

/** `avoid` on any reason to; `unknown` when temperature, humidity or wind is missing and nothing else forbids it. */
export function sprayAnswer(now: SprayConditions): SprayAnswer {
  const deltaTC = now.airTempC - wetBulbC(now.airTempC, now.humidityPct, now.elevM)
  const reasons = [...airReasons(now, deltaTC), ...windReasons(now), ...rainReasons(now), ...missing(now)]
  const has = (weight: SprayReason['weight']) => reasons.some((reason) => reason.weight === weight)
  const verdict = has('avoid') ? 'avoid' : has('missing') ? 'unknown' : has('marginal') ? 'marginal' : 'good'
  const weights = ['avoid', 'missing', 'marginal', 'note']
  reasons.sort((a, b) => weights.indexOf(a.weight) - weights.indexOf(b.weight))
  return { verdict, reasons, deltaTC }
}

export function deltaTBand(deltaTC: number): 'too-humid' | 'good' | 'marginal' | 'too-dry' {
  const { low, good, high } = SPRAY_LIMITS.deltaTC
  if (deltaTC < low) return 'too-humid'
  return deltaTC <= good ? 'good' : deltaTC <= high ? 'marginal' : 'too-dry'
}

const over = (
  code: SprayReasonCode,
  weight: SprayReason['weight'],
  value: number,
  limit: number,
  unit: NonNullable<SprayReason['unit']>,
): SprayReason => ({ code, weight, value, limit, unit })

function airReasons({ airTempC, humidityPct }: SprayConditions, deltaTC: number): SprayReason[] {
  const { deltaTC: delta, humidityPct: humidity, airTempC: air } = SPRAY_LIMITS
  const reasons: SprayReason[] = []
  if (deltaTC < delta.low) reasons.push(over('delta-t-low', 'avoid', deltaTC, delta.low, '°C'))
  if (deltaTC > delta.high) reasons.push(over('delta-t-high', 'avoid', deltaTC, delta.high, '°C'))
  else if (deltaTC > delta.good) reasons.push(over('delta-t-high', 'marginal', deltaTC, delta.good, '°C'))
  if (humidityPct > humidity.avoid) reasons.push(over('humid', 'avoid', humidityPct, humidity.avoid, '%'))
  else if (humidityPct > humidity.marginal)
    reasons.push(over('humid', 'marginal', humidityPct, humidity.marginal, '%'))
  if (airTempC > air.marginal) reasons.push(over('hot', 'marginal', airTempC, air.marginal, '°C'))
  return reasons
}

function windReasons({ windMs, gustMs, hoursFromDark }: SprayConditions): SprayReason[] {
  const { windKmh: wind, gustKmh: gust, inversionHours } = SPRAY_LIMITS
  const [windKmh, gustKmh] = [kmh(windMs), kmh(gustMs)]
  const reasons: SprayReason[] = []
  if (windKmh > wind.high) reasons.push(over('wind-high', 'avoid', windKmh, wind.high, 'km/h'))
  if (windKmh < wind.low)
    reasons.push(
      hoursFromDark < inversionHours
        ? over('inversion', 'avoid', windKmh, wind.low, 'km/h')
        : over('wind-low', 'marginal', windKmh, wind.low, 'km/h'),
    )
  if (gustKmh > gust.avoid) reasons.push(over('gusts', 'avoid', gustKmh, gust.avoid, 'km/h'))
  else if (gustKmh > gust.marginal) reasons.push(over('gusts', 'marginal', gustKmh, gust.marginal, 'km/h'))
  return reasons
}

/** To a tenth: 0.83 m/s is how a table says 3 km/h. */
const kmh = (ms: number): number => Math.round(ms * 36) / 10

function rainReasons({ rainMm, rainAheadMm }: SprayConditions): SprayReason[] {
  const { rainMm: rain } = SPRAY_LIMITS
  const reasons: SprayReason[] = []
  if (rainMm >= rain.now) reasons.push(over('raining', 'avoid', rainMm, rain.now, 'mm'))
  if (rainAheadMm >= rain.ahead) reasons.push(over('rain-ahead', 'avoid', rainAheadMm, rain.ahead, 'mm'))
  return reasons
}

function missing({ airTempC, humidityPct, windMs, rainAheadMm }: SprayConditions): SprayReason[] {
  const gaps: SprayReason[] = []
  if (Number.isNaN(airTempC)) gaps.push({ code: 'no-temperature', weight: 'missing' })
  if (Number.isNaN(humidityPct)) gaps.push({ code: 'no-humidity', weight: 'missing' })
  if (Number.isNaN(windMs)) gaps.push({ code: 'no-wind', weight: 'missing' })
  if (Number.isNaN(rainAheadMm)) gaps.push({ code: 'no-forecast', weight: 'note' })
  return gaps
}

/** `delta-t-low=1.4<2 rain-ahead=3.2>0.5 no-forecast`: the codes with what was measured and the limit. */
export const reasonText = ({ code, value, limit }: SprayReason): string =>
  value === undefined || limit === undefined
    ? code
    : `${code}=${value.toFixed(1)}${value < limit ? '<' : '>'}${limit}`
