import { dateAt } from '../crop/calendar.ts'
import type { Thresholds } from '../crop/degree-days.ts'
import type { DiseaseRisk, RiskDay } from '../crop/disease/disease-risk.ts'
import type { WeatherHour } from '../crop/disease/infection-hours.ts'
import type { Pathogen } from '../crop/disease/pathogens.ts'
import { type BalanceDay, type BalancePlan, balanceDay } from '../crop/plot-balance.ts'
import {
  type DayValues,
  dayValues,
  type HourValues,
  hourValues,
  type PlotHour,
  type PlotSite,
} from '../crop/plot-hours.ts'
import { daysCarriedInto, LONGEST_LOOK_BACK_H, riskOfDays } from '../crop/risk-days.ts'
import { HOUR_MS, hourOf } from './series-hours.ts'

/**
 * The days of one plot as the models see them, kept up to date. A day is computed from its own hours and those of the
 * day before; the water balance goes on from the state in which the day before ended. So a reading that comes late
 * costs its own day and the next, and after it a handful of additions for each day since.
 *
 *   hours ──► day ──► water balance (from yesterday's state)
 *     └─────► risk  (from the last dry spell)
 */
export const DAY_MS = 24 * HOUR_MS

export interface BookPlan {
  readonly utcOffsetH: number
  readonly site: PlotSite | undefined
  readonly elevM: number
  readonly thresholds: Thresholds | undefined
  readonly balance: BalancePlan | undefined
  readonly pathogens: readonly Pathogen[]
  /** Where the first day of the balance is when the crop was planted later than measuring began. */
  readonly plantedOn: string | undefined
}

export interface BookSources {
  /** The hour that begins at `hour` × 3,600,000 ms; all NaN where nothing was measured. */
  hourAt(hour: number): PlotHour
  irrigationMm(date: string): number
}

export interface BookDay {
  readonly no: number
  readonly values: DayValues
  /** Empty for a day whose hours are no longer kept. */
  readonly plotHours: readonly PlotHour[]
  readonly hours: readonly HourValues[]
  readonly risks: ReadonlyMap<string, RiskDay>
  /** Undefined before the balance can begin, and for a day that is not over. */
  readonly balance: BalanceDay | undefined
}

/** Of which days anything may be other than before, and how much was looked at for it. */
export interface Recomputed {
  readonly days: readonly number[]
  /** Days whose hours were read. */
  readonly daysRead: number
  /** Days of the balance that were added up from a snapshot on. */
  readonly daysFolded: number
}

interface Kept {
  values: DayValues
  plotHours: readonly PlotHour[]
  hours: readonly HourValues[]
  weather: readonly WeatherHour[]
  risks: Map<string, RiskDay>
  balance: BalanceDay | undefined
}

export class PlotBook {
  readonly plan: BookPlan
  readonly #sources: BookSources
  readonly #days = new Map<number, Kept>()

  constructor(plan: BookPlan, sources: BookSources) {
    this.plan = plan
    this.#sources = sources
  }

  dayNoOf(ms: number): number {
    return Math.floor((ms + this.plan.utcOffsetH * HOUR_MS) / DAY_MS)
  }

  startOf(dayNo: number): number {
    return dayNo * DAY_MS - this.plan.utcOffsetH * HOUR_MS
  }

  dateOf(dayNo: number): string {
    return dateAt(dayNo * DAY_MS)
  }

  get firstDay(): number | undefined {
    const first = this.#days.keys().next().value
    return first === undefined ? undefined : Math.min(...this.#days.keys())
  }

  day(no: number): BookDay | undefined {
    const kept = this.#days.get(no)
    return kept && { no, ...kept }
  }

  /** Oldest first. */
  days(): BookDay[] {
    return [...this.#days.keys()].sort((a, b) => a - b).map((no) => ({ no, ...(this.#days.get(no) as Kept) }))
  }

  /** A day from the file, whose hours nobody has any more. */
  remember(no: number, values: DayValues, balance: BalanceDay | undefined): void {
    this.#days.set(no, { values, balance, plotHours: [], hours: [], weather: [], risks: new Map() })
  }

  /** Days that lie too far back; their hours go earlier (`dropHoursBefore`). */
  forgetBefore(dayNo: number): void {
    for (const no of this.#days.keys()) if (no < dayNo) this.#days.delete(no)
  }

  dropHoursBefore(dayNo: number): void {
    for (const [no, day] of this.#days)
      if (no < dayNo && day.hours.length > 0) {
        day.hours = []
        day.plotHours = []
        day.weather = []
      }
  }

  /**
   * Brings these days up to date, and every day that follows from them. `nowMs` ends what is known: the hour that runs
   * is not looked at. `foldFrom`: where irrigation was entered, the balance is added up again from there.
   */
  recompute(dirty: Iterable<number>, nowMs: number, foldFrom = Number.POSITIVE_INFINITY): Recomputed {
    const today = this.dayNoOf(nowMs)
    const wanted = this.#withDaysAfter([...dirty].filter((no) => no <= today))
    const read: number[] = []
    for (const no of wanted) {
      this.#compute(no, nowMs)
      read.push(no)
    }
    this.#fillHoles(read, today)
    const changed = new Set(read)
    for (const run of runsOf(read)) for (const no of this.#risks(run, today)) changed.add(no)
    const folded = this.#fold(Math.min(foldFrom, read[0] ?? Number.POSITIVE_INFINITY), today, {
      // Irrigation may have been entered for any day since.
      through: Number.isFinite(foldFrom) ? today : (read.at(-1) ?? today),
    })
    for (const no of folded) changed.add(no)
    return {
      days: [...changed].sort((a, b) => a - b),
      daysRead: read.length,
      daysFolded: folded.length,
    }
  }

  /** The evening's sky tells on the night's ET0: the day after a day is other than before, where radiation is measured. */
  #withDaysAfter(days: readonly number[]): number[] {
    const all = new Set(days)
    for (const no of days) {
      const next = this.#days.get(no + 1)
      if (next?.plotHours.some(({ solarWm2 }) => !Number.isNaN(solarWm2))) all.add(no + 1)
    }
    return [...all].sort((a, b) => a - b)
  }

  #compute(no: number, nowMs: number): void {
    const { site, elevM, thresholds } = this.plan
    const plotHours = this.#hoursOf(no, nowMs)
    const hours = hourValues(plotHours, this.#hoursOf(no - 1, nowMs), site, elevM)
    const weather = plotHours.map(({ startMs, tempC }, at) => ({
      timeMs: startMs,
      tempC,
      wetH: hours[at]?.wet ?? Number.NaN,
    }))
    const before = this.#days.get(no)
    const values = dayValues(this.dateOf(no), plotHours, hours, site, thresholds)
    // The journal may have made room: what was computed while the readings were there stands.
    const isPoorer = Number.isNaN(values.tmaxC) && !Number.isNaN(before?.values.tmaxC ?? Number.NaN)
    this.#days.set(no, {
      values: isPoorer && before ? before.values : values,
      plotHours,
      hours,
      weather,
      risks: before?.risks ?? new Map(),
      balance: before?.balance,
    })
  }

  /** All hours of the day that are over. */
  #hoursOf(no: number, nowMs: number): PlotHour[] {
    const first = hourOf(this.startOf(no))
    const length = Math.max(0, Math.min(24, hourOf(nowMs) - first))
    return Array.from({ length }, (_, at) => this.#sources.hourAt(first + at))
  }

  /** Days without a reading are days, too: gaps. */
  #fillHoles(read: number[], today: number): void {
    const first = this.firstDay
    if (first === undefined) return
    for (let no = first; no <= today; no++)
      if (!this.#days.has(no)) {
        this.#compute(no, this.startOf(no + 1))
        read.push(no)
      }
    read.sort((a, b) => a - b)
  }

  #risks([from, through]: readonly [number, number], today: number): number[] {
    const { pathogens, utcOffsetH } = this.plan
    if (pathogens.length === 0) return []
    const lookBack = LONGEST_LOOK_BACK_H / 24
    const before = this.#weather(from - lookBack, from - 1)
    const after = this.#weather(through + 1, Math.min(today, through + lookBack))
    const changed: number[] = []
    for (const pathogen of pathogens) {
      const last = Math.min(today, through + daysCarriedInto(after, pathogen))
      const risk = riskOfDays(before, this.#weather(from, last), pathogen, { utcOffsetH })
      for (const day of risk.days) {
        const no = this.dayNoOf(Date.parse(`${day.date}T12:00:00Z`) - utcOffsetH * HOUR_MS)
        this.#days.get(no)?.risks.set(pathogen.name, day)
        changed.push(no)
      }
    }
    return changed
  }

  #weather(from: number, through: number): WeatherHour[] {
    const hours: WeatherHour[] = []
    for (let no = from; no <= through; no++) hours.push(...(this.#days.get(no)?.weather ?? []))
    return hours
  }

  /** Weather of the days from `from` on; what a forecast goes on from. */
  weatherSince(from: number): WeatherHour[] {
    return this.#weather(from, Math.max(from, ...this.#days.keys()))
  }

  /** Adds the balance up from the state before `from` to yesterday's, or till after `through` nothing is other than it was. */
  #fold(from: number, today: number, { through }: { through: number }): number[] {
    const { balance: plan, plantedOn } = this.plan
    const first = this.firstDay
    if (!plan || first === undefined || !Number.isFinite(from)) return []
    const folded: number[] = []
    let before = this.#days.get(from - 1)?.balance
    for (let no = Math.max(from, first); no < today; no++) {
      const day = this.#days.get(no)
      if (!day) continue
      const { date, et0Mm, rainMm, soilPct } = day.values
      const isBefore = plantedOn !== undefined && date < plantedOn
      // Nobody starts a balance with a day of which half is not known.
      if (isBefore || (!before && Number.isNaN(et0Mm + rainMm))) {
        day.balance = undefined
        continue
      }
      const irrigationMm = this.#sources.irrigationMm(date)
      const was = day.balance
      before = balanceDay(plan, before?.state, { date, et0Mm, rainMm, irrigationMm, theta: soilPct / 100 })
      day.balance = before
      folded.push(no)
      if (no > through && was && isSame(was.state, before.state)) break
    }
    return folded
  }
}

const isSame = (one: BalanceDay['state'], other: BalanceDay['state']): boolean =>
  one.trust === other.trust && Object.is(one.drMm, other.drMm)

/** What `diseaseRisk` gives for one pathogen over the kept days. */
export const riskOf = (days: readonly BookDay[], pathogen: Pathogen): DiseaseRisk => ({
  pathogen: pathogen.name,
  standing: pathogen.status === 'published' ? 'published-rule' : 'index-not-validated',
  days: days.flatMap(({ risks }) => risks.get(pathogen.name) ?? []),
})

/** Stretches of days one after the other: [first, last]. */
function runsOf(days: readonly number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const no of days) {
    const last = runs.at(-1)
    if (last && last[1] >= no - 1) last[1] = no
    else runs.push([no, no])
  }
  return runs
}
