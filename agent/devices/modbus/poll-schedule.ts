/**
 * When a probe is next asked. On time it keeps to a grid of its period, so that readings of a day stay evenly
 * spaced; late it skips what is past rather than catching up. After a failure it is asked again soon, because
 * one disturbed frame must not cost a five-minute reading; after several it is asked less and less often, so
 * that a dead probe takes little time from the others.
 */
const FAILURES_TO_OPEN = 5
const RETRY_MS = 5000
// A probe that was plugged in again is noticed within this, without anybody restarting the box.
const LONGEST_WAIT_MS = 10 * 60_000

export class PollSchedule {
  readonly #everyMs: number
  #dueAt: number
  /** Where the grid is fastened. */
  #gridAt: number
  #failures = 0
  #missed = 0

  /** Times are the clock's monotonic ms. */
  constructor(everyMs: number, now: number) {
    this.#everyMs = Math.max(1, everyMs)
    this.#dueAt = now
    this.#gridAt = now
  }

  get dueAt(): number {
    return this.#dueAt
  }

  get failures(): number {
    return this.#failures
  }

  get isOpenCircuit(): boolean {
    return this.#failures >= FAILURES_TO_OPEN
  }

  /** Turns that fell out because the line was still busy with others, or the journal too slow. */
  get missed(): number {
    return this.#missed
  }

  answered(now: number): void {
    this.#failures = 0
    this.#missed += Math.max(0, Math.floor((now - this.#dueAt) / this.#everyMs))
    this.#dueAt = this.#nextOnGrid(now)
  }

  /** `isAskedSoon` is false for a probe that loses what it counted by being asked: it waits for its period. */
  failed(now: number, isAskedSoon = true): void {
    this.#failures++
    const doublings = this.#failures - FAILURES_TO_OPEN
    this.#dueAt = this.isOpenCircuit
      ? now + Math.min(this.#everyMs * 2 ** Math.min(doublings, 30), Math.max(LONGEST_WAIT_MS, this.#everyMs))
      : Math.min(this.#nextOnGrid(now), isAskedSoon ? now + RETRY_MS : Infinity)
  }

  /** It was not asked, for a reason that is not the probe's. */
  skipped(now: number): void {
    this.#missed++
    this.#dueAt = this.#nextOnGrid(now)
  }

  /** It was asked just now for another reason, or bears no more, and must be left alone until `at`. */
  notBefore(at: number): void {
    this.#dueAt = Math.max(this.#dueAt, at)
  }

  /** The line is back: whatever was wrong may be mended, so ask at once. */
  resume(now: number): void {
    this.#failures = 0
    this.#dueAt = now
    this.#gridAt = now
  }

  #nextOnGrid(now: number): number {
    return this.#gridAt + (Math.floor((now - this.#gridAt) / this.#everyMs) + 1) * this.#everyMs
  }
}
