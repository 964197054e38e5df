import type { Clock } from '#contract/ground/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

const isBefore = (one: Timer, other: Timer): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

const SHORTEST_MS = 0.001

/**
 * Time that stands still until a test moves it. Between two timers it lets everything that waits for promises,
 * for compression or for a password's hash come to rest, so that the order of things is the order of the clock.
 */
export class PretendClock implements Clock {
  #wallOffsetMs: number
  #nowMs = 1000
  /** A heap, the next one first: a simulated season is tens of millions of timers. */
  readonly #timers: Timer[] = []
  #order = 0
  readonly #quietTurns: number
  readonly #busy = new Set<Promise<unknown>>()

  /** `quietTurns`: one is enough where all that takes real time is held (`hold`). */
  constructor(startWallMs: number, { quietTurns = 3 }: { quietTurns?: number } = {}) {
    this.#wallOffsetMs = startWallMs - this.#nowMs
    this.#quietTurns = quietTurns
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    // A rest that rounds away would come back at the same moment for ever: real time goes on meanwhile.
    const at = this.#nowMs + (delayMs > 0 ? Math.max(SHORTEST_MS, delayMs) : 0)
    const timer = { at, order: this.#order++, run, isCancelled: false }
    this.#push(timer)
    return () => {
      timer.isCancelled = true
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
      this.#pop()
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
    while (this.#timers[0]?.isCancelled) this.#pop()
    const first = this.#timers[0]
    return first && first.at <= end ? first : undefined
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let at = heap.push(timer) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(timer, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (isBefore(last, heap[below]!)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }

  /** Until nothing is held and a few turns of the event loop have brought nothing new. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < this.#quietTurns; quiet++) {
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
