import type { Random } from './random.ts'

/**
 * Full jitter (each wait uniform between a floor and a doubling ceiling): when power returns to a
 * province, a thousand boxes must not knock in the same second.
 */
export class Backoff {
  readonly #firstMs: number
  readonly #longestMs: number
  readonly #random: Random
  #failures = 0

  constructor(options: { firstMs: number; longestMs: number; random: Random }) {
    this.#firstMs = options.firstMs
    this.#longestMs = options.longestMs
    this.#random = options.random
  }

  get failures(): number {
    return this.#failures
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** The wait after one more failure. A server's Retry-After is honoured as a floor, with jitter on top. */
  failed(retryAfterMs = 0): number {
    const ceiling = Math.min(this.#longestMs, this.#firstMs * 2 ** Math.min(this.#failures, 30))
    this.#failures++
    const jittered = this.#firstMs / 2 + this.#random() * Math.max(0, ceiling - this.#firstMs / 2)
    return Math.round(retryAfterMs > 0 ? retryAfterMs * (1 + 0.2 * this.#random()) + jittered / 10 : jittered)
  }
}
