import type { Clock } from '../clock.ts'

/** The one place where the programs ask the machine for the time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    // setTimeout treats more than 2^31-1 ms as 1 ms, which would spin.
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}
