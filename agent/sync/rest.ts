import type { Clock } from '#contract/ground/clock.ts'

/** The wait between two rounds of something that goes on until it is stopped. */
export class Rest {
  #wake = () => {}

  /** Ends the wait that is on; without one it does nothing. */
  wake(): void {
    this.#wake()
  }

  /** Resolves after so long, when it is woken, or when `signal` aborts. */
  async take(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel()
        signal.removeEventListener('abort', end)
        this.#wake = () => {}
        resolve()
      }
      const cancel = clock.after(ms, end)
      signal.addEventListener('abort', end)
      this.#wake = end
    })
  }
}
