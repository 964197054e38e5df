import { type Clock, sleep } from '#contract/ground/clock.ts'

/** The wait between two rounds of something that goes on until it is stopped. */
export class Rest {
  #wake = () => {}

  /** Ends the wait that is on; without one it does nothing. */
  wake(): void {
    this.#wake()
  }

  /** Resolves after so long, when it is woken, or when `signal` aborts. */
  async take(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    this.#wake = () => waiting.abort()
    await sleep(clock, ms, AbortSignal.any([waiting.signal, signal]))
    this.#wake = () => {}
  }
}
