import type { Clock } from '#contract/ground/clock.ts'
import { type CodecAnswer, type CodecFault, noAnswer } from './uplink.ts'

// A codec that gives no answer so often in a row on one device is set aside for a while: each time may cost the
// thread half a second, and a hang costs every device what it remembers.
const STRIKES = 3
const SET_ASIDE_MS = 10 * 60_000
const MAX_STRUCK = 1000

/** Counts, for each codec on each device, how often in a row it gave no answer. */
export class Strikes {
  readonly #clock: Clock
  readonly #struck = new Map<string, { count: number; untilMs: number; fault: CodecFault; detail: string }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(key: string, fault: CodecFault, detail: string): void {
    const count = (this.#struck.get(key)?.count ?? 0) + 1
    const untilMs = count >= STRIKES ? this.#clock.monotonicMs() + SET_ASIDE_MS : 0
    this.#struck.delete(key)
    this.#struck.set(key, { count, untilMs, fault, detail })
    const [oldest] = this.#struck.keys()
    if (this.#struck.size > MAX_STRUCK && oldest !== undefined) this.#struck.delete(oldest)
  }

  clear(key: string): void {
    if (this.#struck.size > 0) this.#struck.delete(key)
  }

  /** What to answer instead of trying, while it is set aside. */
  refusal(key: string): CodecAnswer | undefined {
    const struck = this.#struck.size > 0 ? this.#struck.get(key) : undefined
    if (!struck || this.#clock.monotonicMs() >= struck.untilMs) return undefined
    const { count, fault, detail } = struck
    return noAnswer(fault, `${detail} (set aside for ten minutes: ${count} times in a row)`)
  }
}
