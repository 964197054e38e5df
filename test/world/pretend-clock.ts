import type { Clock } from '#contract/ground/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/**
 * Time that stands still until a test moves it. Between two timers it lets everything that waits for promises,
 * for compression or for a password's hash come to rest, so that the order of things is the order of the clock.
 */
export class PretendClock implements Clock {
  #wallOffsetMs: number
  #nowMs = 1000
  #timers: Timer[] = []
  #order = 0
  readonly #busy = new Set<Promise<unknown>>()

  constructor(startWallMs: number) {
    this.#wallOffsetMs = startWallMs - this.#nowMs
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  /** NTP, a person or a dead battery sets the wall clock; monotonic time does not notice. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** Work that takes real time (a request through the other program) holds the clock until it is done. */
  hold<T>(work: Promise<T>): Promise<T> {
    this.#busy.add(work)
    const done = () => this.#busy.delete(work)
    work.then(done, done)
    return work
  }

  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms
    await this.settle()
    for (;;) {
      const next = this.#nextDue(end)
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.at)
      next.run()
      await this.settle()
    }
    this.#nowMs = end
    await this.settle()
  }

  /**
   * Moves time as far as `work` needs it and no further: a commit's timer runs, a password's hash is waited for in
   * real time. Gives up after an hour of pretend time.
   */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const mark = () => {
      isDone = true
    }
    work.then(mark, mark)
    const giveUpAt = this.#nowMs + 3_600_000
    for (let idleTurns = 0; !isDone && this.#nowMs < giveUpAt; ) {
      await this.settle()
      if (isDone) break
      const next = this.#nextDue(giveUpAt)
      if (next && (next.at <= this.#nowMs + 1 || idleTurns > 20)) {
        await this.advance(next.at - this.#nowMs)
        idleTurns = 0
      } else {
        await new Promise((resolve) => setTimeout(resolve, 1))
        idleTurns++
      }
    }
    if (!isDone) throw new Error('what was waited for did not come within an hour of pretend time')
    return work
  }

  #nextDue(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > end) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  /** Until nothing is held and a few turns of the event loop have brought nothing new. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      while (this.#busy.size > 0) {
        await Promise.allSettled([...this.#busy])
        quiet = 0
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** A clock that shares the pretend time but whose wall is set otherwise: the box's, beside the province's. */
export class OffsetClock implements Clock {
  readonly #clock: PretendClock
  offsetMs: number

  constructor(clock: PretendClock, offsetMs = 0) {
    this.#clock = clock
    this.offsetMs = offsetMs
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.offsetMs
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#clock.after(delayMs, run)
  }
}
