import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'

export class TooManyRequests extends VuonError {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, detail?: string) {
    super('too-many-requests', detail)
    this.retryAfterMs = retryAfterMs
  }
}

const MINUTE_MS = 60_000
// A flood of addresses must not fill the memory; forgetting them all costs an attacker's minute at most.
const MAX_ADDRESSES = 10_000

/** So many tries a minute for each address: guessing a code or a password is not worth the wait. */
export class RateLimit {
  readonly #clock: Clock
  readonly #perMinute: number
  readonly #tries = new Map<string, { count: number; sinceMs: number }>()

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock
    this.#perMinute = perMinute
  }

  /** Throws `TooManyRequests`. */
  spend(address: string): void {
    const nowMs = this.#clock.monotonicMs()
    let tries = this.#tries.get(address)
    if (!tries || nowMs - tries.sinceMs >= MINUTE_MS) {
      if (this.#tries.size >= MAX_ADDRESSES) this.#tries.clear()
      tries = { count: 0, sinceMs: nowMs }
      this.#tries.set(address, tries)
    }
    if (++tries.count > this.#perMinute) throw new TooManyRequests(tries.sinceMs + MINUTE_MS - nowMs)
  }
}
