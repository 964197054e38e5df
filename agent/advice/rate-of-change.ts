/**
 * How fast a value changes, per hour, over the last `overMs`: from the oldest point of that stretch to the newest. Two
 * readings next to each other would turn the last digit of a probe into tens of degrees an hour, so nothing is said
 * before half of the stretch is covered. After a gap as long as the stretch it begins anew.
 */
export class RateOfChange {
  readonly #overMs: number
  readonly #points: { readonly t: number; readonly value: number }[] = []

  constructor(overMs: number) {
    this.#overMs = overMs
  }

  /** Units per hour; undefined while too little is known. `t` in ms never goes back. */
  take(t: number, value: number): number | undefined {
    const points = this.#points
    const newest = points.at(-1)
    if (newest && t - newest.t > this.#overMs) points.length = 0
    while (points.length > 1 && t - (points[0]?.t ?? t) > this.#overMs) points.shift()
    // A probe that speaks each second would fill the memory with points that change nothing.
    if (!newest || points.length === 0 || t - newest.t >= this.#overMs / MOST_POINTS)
      points.push({ t, value })
    const oldest = points[0]
    const spanMs = oldest ? t - oldest.t : 0
    if (!oldest || spanMs < this.#overMs / 2) return undefined
    return ((value - oldest.value) / spanMs) * HOUR_MS
  }

  shift(offsetMs: number): void {
    const moved = this.#points.map(({ t, value }) => ({ t: t + offsetMs, value }))
    this.#points.splice(0, Infinity, ...moved)
  }
}

const MOST_POINTS = 60
const HOUR_MS = 3_600_000
