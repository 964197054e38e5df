// The links keep a connection for this long when nothing is said,
const KEPT_MS = 70_000
/** and so many at once. */
export const MOST_KEPT = 3

/** Which connections a link keeps, as far as one can tell who sees its requests begin and end. */
export class KeptConnections {
  /** Until when each of those is kept that nothing is using; the one that was used last is used next. */
  readonly #idleUntilMs: number[] = []

  /** A request begins. True when it has to open a connection. */
  take(nowMs: number): boolean {
    this.#close(nowMs)
    return this.#idleUntilMs.pop() === undefined
  }

  /** One failed: what is not in use may be as dead, and whoever counts had better count too much. */
  forget(): void {
    this.#idleUntilMs.length = 0
  }

  /** It was answered. */
  giveBack(nowMs: number): void {
    this.#close(nowMs)
    if (this.#idleUntilMs.length < MOST_KEPT) this.#idleUntilMs.push(nowMs + KEPT_MS)
  }

  hasIdle(nowMs: number): boolean {
    this.#close(nowMs)
    return this.#idleUntilMs.length > 0
  }

  #close(nowMs: number): void {
    const kept = this.#idleUntilMs.filter((untilMs) => nowMs < untilMs)
    this.#idleUntilMs.splice(0, this.#idleUntilMs.length, ...kept)
  }
}
