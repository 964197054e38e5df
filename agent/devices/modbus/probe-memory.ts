import type { ProfileRead } from './profile.ts'
import type { TemperatureUnit } from './registers.ts'

// A technician may swap a small variant for the full one without the box noticing, so the full question is
// put again once in this long. It costs one more exchange of some 50 ms.
const REMEMBER_FALLBACK_MS = 60 * 60_000

/** What is remembered of a probe between its turns. Times are the clock's monotonic ms. */
export class ProbeMemory {
  readonly #refusedAt = new Map<ProfileRead, number>()
  readonly #clearedAt = new Map<ProfileRead, number>()
  /** Undefined until its switch was read since the line came up. */
  temperatureUnit: TemperatureUnit | undefined

  /** How many registers to ask for: fewer where the probe refused the full read within the hour. */
  countFor(read: ProfileRead, now: number): number {
    const refusedAt = this.#refusedAt.get(read)
    const isFresh = refusedAt !== undefined && now - refusedAt < REMEMBER_FALLBACK_MS
    return isFresh && read.fallbackCount !== undefined ? read.fallbackCount : read.count
  }

  refused(read: ProfileRead, now: number): void {
    this.#refusedAt.set(read, now)
  }

  /** Whether a destructive read's period is over. Turns are late now and then, so half of it is enough. */
  mayClear(read: ProfileRead, everyMs: number, now: number): boolean {
    return now - (this.#clearedAt.get(read) ?? -Infinity) >= everyMs / 2
  }

  cleared(read: ProfileRead, now: number): void {
    this.#clearedAt.set(read, now)
  }

  /** It failed or the line was away: another probe may hang there now. When a read was cleared stays true. */
  forget(): void {
    this.#refusedAt.clear()
    this.temperatureUnit = undefined
  }
}
