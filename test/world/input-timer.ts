import { LONGEST_MS } from './fuzz-targets.ts'

/** Watches over random inputs one by one: what breaks or takes too long is named with seed and input. */
export class InputTimer {
  readonly #seed: number
  longestMs = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Of what answers at once. */
  timed<T>(what: () => T, input: () => string): T {
    const started = performance.now()
    let answer: T
    try {
      answer = what()
    } catch (error) {
      throw this.#broken(error, input)
    }
    this.#took(performance.now() - started, input)
    return answer
  }

  /** Of what may answer later. */
  async timedUntil<T>(what: () => T | Promise<T>, input: () => string): Promise<T> {
    const started = performance.now()
    const answered = this.timed(what, input)
    if (!(answered instanceof Promise)) return answered
    const answer = await answered.catch((error: unknown) => {
      throw this.#broken(error, input)
    })
    this.#took(performance.now() - started, input)
    return answer
  }

  #took(ms: number, input: () => string): void {
    this.longestMs = Math.max(this.longestMs, ms)
    if (ms > LONGEST_MS) throw new Error(`seed ${this.#seed}: ${ms} ms for ${input()}`)
  }

  #broken(cause: unknown, input: () => string): Error {
    return new Error(`seed ${this.#seed}, input ${input()}`, { cause })
  }
}
