import { addDays, daysBetween } from './calendar.ts'

/** Temperatures day by day from `firstDate` on, °C, as a table had them. NaN is a day that it did not have. */
export interface DailyTemps {
  readonly firstDate: string
  readonly meanC: Float64Array
  readonly minC: Float64Array
}

/** A day's temperatures for a forecast, and where they are from. `minC` is NaN when no minimum was ever measured. */
export interface ForecastTemps {
  readonly meanC: number
  readonly minC: number
  readonly source: 'measured' | '14-day-mean' | 'first-14-days'
}

// Two weeks: long enough to even out a spell of rain, short enough to follow the season.
const MEAN_DAYS = 14

/**
 * The temperatures of `length` days from `start` on, which may begin before or end after what was measured. A day
 * without a mean takes the means of the last 14 days that had one; before the first such day, of the first 14 that
 * have one. All NaN when there is none at all.
 */
export function forecastTemps(temps: DailyTemps, start: string, length: number): ForecastTemps[] {
  const offset = daysBetween(temps.firstDate, start)
  const before = new RollingMean()
  const later = new RollingMean()
  // What lies before the start, the last 14 days that had a value.
  for (let day = Math.min(offset, temps.meanC.length) - 1; day >= 0 && !before.isFull; day--)
    before.addOlder(temps.meanC[day] as number, temps.minC[day] as number)
  for (let day = Math.max(0, offset); day < temps.meanC.length && !later.isFull; day++)
    later.addNewer(temps.meanC[day] as number, temps.minC[day] as number)
  return Array.from({ length }, (_, day): ForecastTemps => {
    const meanC = temps.meanC[offset + day] ?? Number.NaN
    const minC = temps.minC[offset + day] ?? Number.NaN
    if (!Number.isNaN(meanC)) {
      before.addNewer(meanC, minC)
      return { meanC, minC, source: 'measured' }
    }
    return before.isEmpty
      ? { ...later.mean(), source: 'first-14-days' }
      : { ...before.mean(), source: '14-day-mean' }
  })
}

/** Of up to 14 days that have a mean; those of them that have a minimum too make the mean minimum. */
class RollingMean {
  readonly #days: { readonly meanC: number; readonly minC: number }[] = []

  get isFull(): boolean {
    return this.#days.length >= MEAN_DAYS
  }

  get isEmpty(): boolean {
    return this.#days.length === 0
  }

  addNewer(meanC: number, minC: number): void {
    if (Number.isNaN(meanC)) return
    this.#days.push({ meanC, minC })
    if (this.#days.length > MEAN_DAYS) this.#days.shift()
  }

  addOlder(meanC: number, minC: number): void {
    if (!Number.isNaN(meanC)) this.#days.unshift({ meanC, minC })
  }

  mean(): { meanC: number; minC: number } {
    const average = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length
    const known = this.#days.map(({ minC }) => minC).filter((minC) => !Number.isNaN(minC))
    return { meanC: average(this.#days.map(({ meanC }) => meanC)), minC: average(known) }
  }
}

/** One value a day of the calendar, from the rows that a table has. */
export function byDay(dates: readonly string[], values: ArrayLike<number>): Float64Array {
  const first = dates[0]
  const last = dates.at(-1)
  if (first === undefined || last === undefined) return new Float64Array(0)
  const days = new Float64Array(daysBetween(first, last) + 1).fill(Number.NaN)
  for (const [row, date] of dates.entries()) days[daysBetween(first, date)] = values[row] as number
  return days
}

/** The date of a moment counted in days from the start of `start`. Sums of daily shares may fall just short of a whole. */
export const dateOfMoment = (start: string, days: number): string => addDays(start, Math.floor(days + 1e-6))
