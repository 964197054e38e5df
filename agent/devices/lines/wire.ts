import { concatBytes } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import type { ByteLine } from '../../bus/byte-line.ts'

/** What came of waiting. */
export type Waited<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'time-is-up' }
  | { readonly kind: 'line-gone'; readonly reason: string }

// The longest answer that anybody waits for is a hundred bytes; more is noise, whose oldest part goes first.
const MAX_HELD_BYTES = 1024

/** Question and answer with one device that has a line for itself: what came in is held until somebody takes it. */
export class Wire {
  readonly #line: ByteLine
  readonly #clock: Clock
  #held: Uint8Array = new Uint8Array()
  #dropped = 0
  #goneReason: string | undefined
  #heard: () => void = () => {}
  #giveUp: (reason: string) => void = () => {}

  constructor(line: ByteLine, clock: Clock) {
    this.#line = line
    this.#clock = clock
  }

  hear(bytes: Uint8Array): void {
    const all = concatBytes(this.#held, bytes.subarray(-MAX_HELD_BYTES))
    const excess = Math.max(0, all.length - MAX_HELD_BYTES)
    this.#dropped += excess + Math.max(0, bytes.length - MAX_HELD_BYTES)
    this.#held = all.subarray(excess)
    this.#heard()
  }

  /** Ends the waiting that is under way and all that follows, because the line is lost or the talker stops. */
  interrupt(reason: string): void {
    this.#goneReason = reason
    this.#giveUp(reason)
  }

  /** The line is there again. */
  resume(): void {
    this.#goneReason = undefined
    this.discard()
  }

  /** Throws away what is held; answers how many bytes nobody took. */
  discard(): number {
    const count = this.#held.length + this.#dropped
    this.#held = new Uint8Array()
    this.#dropped = 0
    return count
  }

  /**
   * Writes, then waits until `find` answers. It gets everything that is held, each time something came, and says
   * what it found and how many bytes of it are done with. Never rejects. One call at a time.
   */
  ask<T>(
    question: Uint8Array,
    find: (held: Uint8Array) => { value?: T; taken: number },
    timeoutMs: number,
  ): Promise<Waited<T>> {
    if (this.#goneReason !== undefined)
      return Promise.resolve({ kind: 'line-gone', reason: this.#goneReason })
    return new Promise((resolve) => {
      const done = (waited: Waited<T>) => {
        cancel()
        this.#heard = () => {}
        this.#giveUp = () => {}
        resolve(waited)
      }
      const cancel = this.#clock.after(timeoutMs, () => done({ kind: 'time-is-up' }))
      this.#giveUp = (reason) => done({ kind: 'line-gone', reason })
      this.#heard = () => {
        const { value, taken } = find(this.#held)
        this.#held = this.#held.subarray(taken)
        if (value !== undefined) done({ kind: 'found', value })
      }
      if (question.length > 0)
        this.#line
          .write(question)
          .catch((error: unknown) => this.#giveUp(error instanceof Error ? error.message : String(error)))
      this.#heard()
    })
  }
}
