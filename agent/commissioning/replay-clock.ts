import type { Clock } from '#contract/ground/clock.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Recorded time: it stands still until the next recorded event moves it, and what was due before runs before. */
export class ReplayClock implements Clock {
  readonly #startWallMs: number
  #nowMs = 0
  #timers: Timer[] = []

  constructor(startWallMs: number) {
    this.#startWallMs = startWallMs
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#nowMs + Math.max(0, delayMs), run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  /** Moves time; a recording that steps back stays where it is. */
  async moveTo(atMs: number): Promise<void> {
    await settled()
    for (;;) {
      // Of timers of one moment the one that was set first.
      const next = this.#timers.reduce<Timer | undefined>(
        (first, each) => (each.at <= atMs && (!first || each.at < first.at) ? each : first),
        undefined,
      )
      if (!next) break
      this.#timers = this.#timers.filter((each) => each !== next)
      this.#nowMs = Math.max(this.#nowMs, next.at)
      next.run()
      await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, atMs)
  }
}

/** Until promises that wait for nothing but each other have come to rest. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
