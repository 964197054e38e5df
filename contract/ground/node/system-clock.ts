import type { Clock } from '../clock.ts'

/** The one place where the programs ask the machine for the time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    // setTimeout's shortest wait is 1 ms, a quarter of a commit of a thousand readings.
    if (delayMs <= 0) {
      const turn = setImmediate(run)
      return () => clearImmediate(turn)
    }
    // setTimeout treats more than 2^31-1 ms as 1 ms, which would spin.
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}
