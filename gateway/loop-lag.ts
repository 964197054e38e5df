import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '#contract/ground/clock.ts'

const WINDOW_MS = 1000
const NANOSECONDS_A_MS = 1e6

/** How late this program came to its sockets in the last second or two. */
export class LoopLag {
  readonly #clock: Clock
  readonly #delays = monitorEventLoopDelay({ resolution: 20 })
  #sinceMs = 0
  #lagMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    this.#delays.enable()
  }

  stop(): void {
    this.#delays.disable()
  }

  /** Of the window before this one, or of this one if it is worse already. */
  ms(): number {
    const nowMs = this.#clock.monotonicMs()
    const worstMs = this.#delays.max / NANOSECONDS_A_MS
    if (nowMs - this.#sinceMs < WINDOW_MS) return Math.max(this.#lagMs, worstMs)
    this.#lagMs = nowMs - this.#sinceMs < 2 * WINDOW_MS ? worstMs : 0
    this.#sinceMs = nowMs
    this.#delays.reset()
    return this.#lagMs
  }
}
