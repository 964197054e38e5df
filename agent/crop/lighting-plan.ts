import { addDays, dayOfYear } from './calendar.ts'
import { COLD_NIGHT_C, dragonFruitPhenology, nightsNeeded, type Spread } from './dragon-fruit-phenology.ts'
import { type ElectricityPrice, vndPerKw } from './electricity-price.ts'
import { dayLengthH } from './sun.ts'

/**
 * Lighting dragon fruit out of season: which nights, what they burn, and when fruit may come of it. An index, not
 * validated in the field.
 *
 *   light     long-day plant; a break in the middle of the night does it, 22:00 to 02:00 in the trials (Jiang et al.
 *             2012, HortScience 47:1063; Tran, Yen & Chen 2015, WASET 9:2). Practice in Bình Thuận is 8 hours.
 *   season    the same paper puts the critical day at about 12 h: between the equinoxes of March and September plants
 *             flower by themselves.
 *   nights    as many as `nightsNeeded` says for the expected night minimum.
 *   energy    kWh = bulbs × W × h / 1000. 1,000 bulbs of 20 W for 8 h and 15 nights: 2,400 kWh; 60 W: 7,200 kWh.
 *   over-use  three batches a season are practice (Hàm Hiệp); five monthly ones in a row brought 26.3 kg a post, 5.3 kg
 *             each, and unsteadily (nhanong.com.vn).
 */
export interface LightingWish {
  /** The first evening, YYYY-MM-DD. */
  readonly start: string
  readonly bulbs: number
  /** Of one bulb. */
  readonly watts: number
  /** Lights on, hours after midnight, 12 to 24; and how long. Together they cover 22:00 to 02:00, see `coversCore`. */
  readonly fromH: number
  readonly hours: number
  /** As many as the expected minimum asks for when not given. */
  readonly nights?: number | undefined
  readonly price: ElectricityPrice
  /** Expected in the lit nights, and through days and nights until harvest, °C. */
  readonly minC: number
  readonly meanC: number
  /** North positive. */
  readonly latDeg: number
  /** From this day length on plants flower by themselves. */
  readonly naturalDayH: number
  /** Lit batches directly before this one, each about a month after the other. */
  readonly batchesBefore: number
}

export type LightingWarning =
  /** Some of the nights are in the natural season. */
  | 'natural-season'
  /** More batches in a row than the plants bear well. */
  | 'over-use'
  /** Fewer nights than plants are expected to need. */
  | 'fewer-nights-than-needed'
  /** Colder than what local practice knows: it may take twice as many nights and more. */
  | 'cold-nights'

export interface LightingNight {
  /** Of the evening. */
  readonly date: string
  /** From 1. */
  readonly nightNo: number
  readonly kwh: number
  readonly vnd: number
  readonly kwhSoFar: number
  readonly vndSoFar: number
  readonly dayLengthH: number
  readonly isNaturalSeason: boolean
}

export interface LightingPlan {
  readonly nights: readonly LightingNight[]
  readonly hours: number
  readonly kwh: number
  readonly vnd: number
  /** Whole nights. */
  readonly neededNights: number
  /** Dates are undefined when fewer nights are lit than have ever been enough. */
  readonly bud: Spread
  readonly anthesis: Spread
  readonly harvest: Spread
  readonly warnings: readonly LightingWarning[]
}

export const CORE = { fromH: 22, toH: 26 }
export const NATURAL_DAY_H = 12
const STEADY_BATCHES = 3

export const coversCore = (fromH: number, hours: number): boolean =>
  fromH <= CORE.fromH && fromH + hours >= CORE.toH

/** Half of the hours before midnight: 8 h are 20:00 to 04:00. */
export const centredFromH = (hours: number): number => 24 - hours / 2

/**
 * The night minimum, °C, at which the model asks for as many nights as farmers of Hàm Hiệp light at that time of the
 * year (voh.com.vn): 12 from October, 20 in the cold from mid-December to January, 15 until March. For a farm that has
 * no thermometer yet.
 */
export function practiceMinC(date: string): number {
  const monthDay = date.slice(5)
  if (monthDay >= '12-16' || monthDay < '02-01') return 20
  return monthDay < '04-01' ? 21.875 : 23
}

export function lightingPlan(wish: LightingWish): LightingPlan {
  const { start, bulbs, watts, hours, price, minC, meanC } = wish
  const needed = nightsNeeded(minC)
  const neededNights = Math.ceil(needed.expected - 1e-9)
  const count = wish.nights ?? neededNights
  const kw = (bulbs * watts) / 1000
  let kwhSoFar = 0
  let vndSoFar = 0
  const nights = Array.from({ length: count }, (_, at): LightingNight => {
    const date = addDays(start, at)
    const kwh = kw * hours
    const vnd = kw * vndPerKw(price, date, wish.fromH, hours)
    const dayLength = dayLengthH(wish.latDeg, dayOfYear(date))
    kwhSoFar += kwh
    vndSoFar += vnd
    return {
      date,
      nightNo: at + 1,
      kwh,
      vnd,
      kwhSoFar,
      vndSoFar,
      dayLengthH: dayLength,
      isNaturalSeason: dayLength >= wish.naturalDayH,
    }
  })
  const steady = { firstDate: start, meanC: Float64Array.of(meanC), minC: Float64Array.of(minC) }
  const forecast = count + 1e-9 < needed.fewest ? NO_DATES : dragonFruitPhenology(steady, { lightsOn: start })
  const warnings: LightingWarning[] = []
  if (nights.some(({ isNaturalSeason }) => isNaturalSeason)) warnings.push('natural-season')
  if (wish.batchesBefore >= STEADY_BATCHES) warnings.push('over-use')
  if (count < neededNights) warnings.push('fewer-nights-than-needed')
  if (minC < COLD_NIGHT_C) warnings.push('cold-nights')
  return {
    nights,
    hours: count * hours,
    kwh: kwhSoFar,
    vnd: vndSoFar,
    neededNights,
    bud: forecast.bud,
    anthesis: forecast.anthesis,
    harvest: forecast.harvest,
    warnings,
  }
}

const NEVER: Spread = { earliest: undefined, expected: undefined, latest: undefined }
const NO_DATES = { bud: NEVER, anthesis: NEVER, harvest: NEVER }
