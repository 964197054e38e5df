/**
 * Time as an argument: the real program gets the system's clock, the pretend world gets one that it
 * can advance. `wallMs` may step (NTP, a dead RTC battery); `monotonicMs` never does.
 */
export interface Clock {
  /** Wall time in ms since 1970-01-01 UTC. */
  wallMs(): number
  /** Milliseconds since some fixed moment of this run of the program. */
  monotonicMs(): number
  /** Calls `run` once, `delayMs` from now. Returns a function that cancels. */
  after(delayMs: number, run: () => void): () => void
}

/** How far a time can be trusted: set by NTP or the province, running on from that, or a guess. */
export type TimeQuality = 'synchronised' | 'holdover' | 'unknown'

/** Calls `run` every `periodMs`, the first time after one period. Returns a function that stops it. */
export function every(clock: Clock, periodMs: number, run: () => void): () => void {
  let cancel = clock.after(periodMs, function tick() {
    cancel = clock.after(periodMs, tick)
    run()
  })
  return () => cancel()
}

/** Resolves after `delayMs`, or at once when `signal` aborts (it never rejects). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    signal?.addEventListener('abort', done)
  })
}
