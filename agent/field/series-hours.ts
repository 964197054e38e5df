import { QUALITY } from '#contract/wire/records.ts'

/**
 * The readings of one series by the hour in which they were measured. Values stay in whole steps of the series'
 * resolution, so that sums are exact and the order in which readings came does not matter: live, late or replayed, the
 * same readings make the same hours.
 */
export const HOUR_MS = 3_600_000
export const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS)

/** What models take in of a reading. */
export interface TimedReading {
  readonly t: number
  readonly scaled: number
  readonly quality: number
  readonly sourceT?: number | undefined
}

// What can't be, or can't be trusted, feeds no model; an estimate does.
const UNFIT = QUALITY.outOfRange | QUALITY.spike | QUALITY.stuck | QUALITY.fromMarked | QUALITY.doubted
// A source's clock may be a little ahead of ours.
const AHEAD_MS = 300_000

/**
 * When it was measured: on arrival, but of a late one when its source says. Undefined for what feeds no model, and for a
 * late one of which nobody knows when.
 */
export function measuredAt({ t, quality, sourceT }: TimedReading): number | undefined {
  if (quality & UNFIT) return undefined
  if (!(quality & QUALITY.historical)) return t
  return sourceT === undefined || Number.isNaN(sourceT) || sourceT > t + AHEAD_MS ? undefined : sourceT
}

/**
 * A hygrometer that says 103 % at night means wet air: up to 105 it is taken as 100, as the models themselves take it.
 * Marked as impossible, it would otherwise leave gaps in the very nights that infect.
 */
export function asSaturated<T extends TimedReading>(reading: T, resolution: number): T {
  const value = reading.scaled * resolution
  if (!(reading.quality & QUALITY.outOfRange) || !(value > 100 && value <= 105)) return reading
  return {
    ...reading,
    scaled: Math.round(100 / resolution),
    quality: reading.quality & ~QUALITY.outOfRange,
  }
}

/** A quantity by the hour, and which hours one more reading changes. */
export interface HourlySeries {
  /** The hours that are other than before. */
  add(atMs: number, scaled: number): readonly number[]
  forgetBefore(hour: number): void
}

export interface MeanHour {
  readonly mean: number
  readonly min: number
  readonly max: number
}

interface Cell {
  count: number
  sum: number
  min: number
  max: number
}

const NO_MEAN: MeanHour = { mean: Number.NaN, min: Number.NaN, max: Number.NaN }

export class MeanHours implements HourlySeries {
  readonly #resolution: number
  readonly #cells = new Map<number, Cell>()

  constructor(resolution: number) {
    this.#resolution = resolution
  }

  add(atMs: number, scaled: number): readonly number[] {
    const hour = hourOf(atMs)
    const cell = this.#cells.get(hour)
    if (cell) {
      cell.count++
      cell.sum += scaled
      cell.min = Math.min(cell.min, scaled)
      cell.max = Math.max(cell.max, scaled)
    } else this.#cells.set(hour, { count: 1, sum: scaled, min: scaled, max: scaled })
    return [hour]
  }

  at(hour: number): MeanHour {
    const cell = this.#cells.get(hour)
    if (!cell) return NO_MEAN
    const step = this.#resolution
    return { mean: (cell.sum / cell.count) * step, min: cell.min * step, max: cell.max * step }
  }

  forgetBefore(hour: number): void {
    forget(this.#cells, hour)
  }
}

interface Point {
  readonly atMs: number
  readonly total: number
}

// A gauge that was silent for longer has an increase that belongs to no hour.
const LONGEST_SILENCE_H = 24
// More in one hour has fallen nowhere here: the gauge was changed or its total jumped.
const MOST_MM = 400
// One reading every five seconds; a gauge that says more often says the same again.
const MOST_POINTS = 720

/** A running total by the hour: what it rose by since the reading before. A total that fell began anew from nothing. */
export class RiseHours implements HourlySeries {
  readonly #resolution: number
  readonly #points = new Map<number, Point[]>()

  constructor(resolution: number) {
    this.#resolution = resolution
  }

  /** Its own hour, and the next that has a reading: the rise of that one counts from the last before it. */
  add(atMs: number, scaled: number): readonly number[] {
    const hour = hourOf(atMs)
    const points = this.#points.get(hour) ?? []
    this.#points.set(hour, points)
    let at = points.length
    while (at > 0 && isAfter(points[at - 1] as Point, atMs, scaled)) at--
    const isTold = points[at - 1]?.total === scaled && points[at]?.total === scaled
    if (isTold || points.length >= MOST_POINTS) return []
    points.splice(at, 0, { atMs, total: scaled })
    if (at < points.length - 1) return [hour]
    const next = this.#near(hour, 1)
    return next === undefined ? [hour] : [hour, next]
  }

  /** mm (or the unit of the series) of the hour; NaN where no reading says. */
  at(hour: number): number {
    const points = this.#points.get(hour)
    if (!points) return Number.NaN
    const earlier = this.#near(hour, -1)
    let last = earlier === undefined ? undefined : this.#points.get(earlier)?.at(-1)?.total
    let rise = 0
    for (const { total } of points) {
      if (last !== undefined) rise += total >= last ? total - last : total
      last = total
    }
    const mm = rise * this.#resolution
    return mm > MOST_MM ? Number.NaN : mm
  }

  forgetBefore(hour: number): void {
    forget(this.#points, hour)
  }

  #near(hour: number, step: 1 | -1): number | undefined {
    for (let away = 1; away <= LONGEST_SILENCE_H; away++)
      if (this.#points.has(hour + step * away)) return hour + step * away
    return undefined
  }
}

/** In order of time, and of one moment by the total, so that the order of arrival decides nothing. */
const isAfter = (point: Point, atMs: number, total: number): boolean =>
  point.atMs > atMs || (point.atMs === atMs && point.total > total)

function forget(hours: Map<number, unknown>, before: number): void {
  for (const hour of hours.keys()) if (hour < before) hours.delete(hour)
}
