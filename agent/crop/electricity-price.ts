import { dayMs } from './calendar.ts'

/**
 * What electricity costs through a night, VND/kWh before VAT. `one` price is what small users pay; users with a
 * three-rate meter (from 25 kVA or 2,000 kWh a month) pay by the hour.
 *
 * Prices by default: production below 6 kV, Decision 1279/QĐ-BCT of 9 May 2025: 1,987 normal, 1,300 low, 3,640 peak.
 * Hours: on bills since 2014 low 22–04, peak 9:30–11:30 and 17–20; Decision 963/QĐ-BCT of 22 April 2026 has low 00–06,
 * peak 17:30–22:30. There is no peak on Sundays. Prices and hours change, so that both can be given.
 */
export type ElectricityPrice =
  | { readonly kind: 'one'; readonly vndPerKwh: number }
  | {
      readonly kind: 'three'
      readonly hours: ThreeRateHours
      readonly normal: number
      readonly low: number
      readonly peak: number
    }

export const THREE_RATE_HOURS = {
  2014: {
    low: [
      [0, 4],
      [22, 24],
    ],
    peak: [
      [9.5, 11.5],
      [17, 20],
    ],
  },
  2026: { low: [[0, 6]], peak: [[17.5, 22.5]] },
} as const satisfies Record<string, HoursOfDay>
export type ThreeRateHours = keyof typeof THREE_RATE_HOURS

interface HoursOfDay {
  readonly low: readonly (readonly [number, number])[]
  readonly peak: readonly (readonly [number, number])[]
}

export const PRICES_VND = { normal: 1987, low: 1300, peak: 3640 }

/** VND for one kilowatt that burns from `fromH` (hours after the midnight that `date` begins with) for `hours`. */
export function vndPerKw(price: ElectricityPrice, date: string, fromH: number, hours: number): number {
  if (price.kind === 'one') return hours * price.vndPerKwh
  let vnd = 0
  // A night touches two days of the calendar, each with its own weekday.
  for (let day = Math.floor(fromH / 24); day * 24 < fromH + hours; day++) {
    const begin = Math.max(0, fromH - day * 24)
    const end = Math.min(24, fromH + hours - day * 24)
    const within = (spans: HoursOfDay['low']) =>
      spans.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(end, to) - Math.max(begin, from)), 0)
    const { low, peak } = THREE_RATE_HOURS[price.hours]
    const lowH = within(low)
    const peakH = isSunday(date, day) ? 0 : within(peak)
    vnd += lowH * price.low + peakH * price.peak + (end - begin - lowH - peakH) * price.normal
  }
  return vnd
}

const isSunday = (date: string, daysLater: number): boolean =>
  new Date(dayMs(date) + daysLater * 86_400_000).getUTCDay() === 0
