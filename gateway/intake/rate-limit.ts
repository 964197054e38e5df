import type { Clock } from '#contract/ground/clock.ts'
import { type ErrorCode, VuonError } from '#contract/ground/errors.ts'

/** A refusal that says when the same request may go through. */
export class RetryLater extends VuonError {
  readonly retryAfterMs: number

  constructor(code: ErrorCode, retryAfterMs: number, detail?: string) {
    super(code, detail)
    this.retryAfterMs = retryAfterMs
  }
}

/** The sender asks for too much. */
export class TooManyRequests extends RetryLater {
  constructor(retryAfterMs: number, detail?: string) {
    super('too-many-requests', retryAfterMs, detail)
  }
}

/** Everybody together asks for too much. */
export class IntakeBusy extends RetryLater {
  constructor(retryAfterMs: number) {
    super('intake-busy', retryAfterMs)
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
