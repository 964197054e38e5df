import type { Clock } from '#contract/ground/clock.ts'
import { commandTopic } from './topic.ts'
import { rebirthCommand } from './wire-payload.ts'

/**
 * Asks edge nodes for their births, damped: the first time at once, then after growing waits, so that a node which
 * does not answer, or which loses a message in every round, is not kept busy with births.
 */
export interface RebirthWay {
  readonly clock: Clock
  /** Sends a command; whether it arrives shows in the births that follow. */
  readonly publish: (topic: string, payload: Uint8Array) => void
  /** How long a missing message may still come late before the births are asked for; 0 asks at once. */
  readonly reorderMs: number
}

const SHORTEST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 600_000
// A stranger who makes up edge nodes must not make us flood the broker.
const MAX_PER_MINUTE = 30
const MAX_REMEMBERED = 1000

interface Asked {
  atMs: number
  waitMs: number
}

export class RebirthRequests {
  readonly #options: RebirthWay
  readonly #asked = new Map<string, Asked>()
  #minute = 0
  #inMinute = 0

  constructor(options: RebirthWay) {
    this.#options = options
  }

  /** Whether it was asked now; false while an earlier request is young. */
  ask(group: string, edge: string): boolean {
    const { clock, publish } = this.#options
    const now = clock.monotonicMs()
    const key = `${group}/${edge}`
    const earlier = this.#asked.get(key)
    if (earlier && now - earlier.atMs < earlier.waitMs) return false
    const minute = Math.floor(now / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#inMinute = 0
    }
    if (this.#inMinute >= MAX_PER_MINUTE) return false
    this.#inMinute++
    // Quiet for long: whatever was wrong then is another matter now.
    const isSoonAgain = earlier !== undefined && now - earlier.atMs < 2 * LONGEST_WAIT_MS
    const waitMs = isSoonAgain ? Math.min(earlier.waitMs * 2, LONGEST_WAIT_MS) : SHORTEST_WAIT_MS
    this.#asked.delete(key)
    if (this.#asked.size >= MAX_REMEMBERED) this.#asked.delete(this.#asked.keys().next().value!)
    this.#asked.set(key, { atMs: now, waitMs })
    publish(commandTopic(group, edge), rebirthCommand(clock.wallMs()))
    return true
  }

  /** Asks unless `isStillMissing` says no when the time for late messages is over. Returns what cancels it. */
  askLater(group: string, edge: string, isStillMissing: () => boolean): () => void {
    const { clock, reorderMs } = this.#options
    if (reorderMs <= 0) {
      this.ask(group, edge)
      return () => {}
    }
    return clock.after(reorderMs, () => {
      if (isStillMissing()) this.ask(group, edge)
    })
  }
}
