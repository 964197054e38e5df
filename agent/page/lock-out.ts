/**
 * Guessing costs time: so many tries are free, then each further one waits, twice as long as the one before. A try
 * counts before it is checked, so that a hundred guesses sent at once are not a hundred free tries. Time is the
 * monotonic clock: setting the wall clock does not shorten a wait.
 */
export interface LockOutRule {
  readonly freeTries: number
  readonly firstWaitMs: number
  readonly longestWaitMs: number
  /** One failure is forgiven after each such time of quiet; never, if not given. */
  readonly forgiveEveryMs?: number
}

// 4 digits are 10,000 PINs: after five tries an hour each, half of them take half a year.
export const PERSON_RULE: LockOutRule = { freeTries: 5, firstWaitMs: 60_000, longestWaitMs: 3_600_000 }

// Over all people: a family that mistypes does not notice it, a machine that tries names in turn does.
export const OVERALL_RULE: LockOutRule = {
  freeTries: 20,
  firstWaitMs: 30_000,
  longestWaitMs: 900_000,
  forgiveEveryMs: 900_000,
}

// More people than a box takes, and made-up ids don't get an own row.
const MAX_KEYS = 200

interface Row {
  failures: number
  lockedUntil: number
  lastAt: number
}

export class LockOut {
  readonly #rule: LockOutRule
  readonly #monotonicMs: () => number
  readonly #rows = new Map<string, Row>()

  constructor(rule: LockOutRule, monotonicMs: () => number, failures: Readonly<Record<string, number>> = {}) {
    this.#rule = rule
    this.#monotonicMs = monotonicMs
    // After a restart the wait begins anew: pulling the plug does not buy tries.
    for (const [key, count] of Object.entries(failures).slice(0, MAX_KEYS))
      this.#rows.set(key, { failures: count, lockedUntil: this.#lockFor(count), lastAt: monotonicMs() })
  }

  /** How long this key still has to wait, ms; 0 when it may try. */
  waitMs(key: string): number {
    return Math.max(0, (this.#rows.get(key)?.lockedUntil ?? 0) - this.#monotonicMs())
  }

  /** Takes one try. Returns how many free ones are left after it. */
  take(key: string): number {
    const now = this.#monotonicMs()
    const row = this.#rows.get(key) ?? { failures: 0, lockedUntil: 0, lastAt: now }
    const { forgiveEveryMs } = this.#rule
    if (forgiveEveryMs !== undefined)
      row.failures = Math.max(0, row.failures - Math.floor((now - row.lastAt) / forgiveEveryMs))
    row.failures += 1
    row.lastAt = now
    row.lockedUntil = this.#lockFor(row.failures)
    if (this.#rows.size < MAX_KEYS || this.#rows.has(key)) this.#rows.set(key, row)
    return Math.max(0, this.#rule.freeTries - row.failures)
  }

  /** The try was right: this key begins anew. */
  clear(key: string): void {
    this.#rows.delete(key)
  }

  /** The try was right, but others may be guessing: only this one is given back. */
  giveBack(key: string): void {
    const row = this.#rows.get(key)
    if (!row) return
    row.failures -= 1
    row.lockedUntil = 0
  }

  /** What has to survive a restart: the keys that are out of free tries. */
  failures(): Record<string, number> {
    const spent = [...this.#rows].filter(([, row]) => row.failures >= this.#rule.freeTries)
    return Object.fromEntries(spent.map(([key, row]) => [key, Math.min(row.failures, 1000)]))
  }

  #lockFor(failures: number): number {
    const { freeTries, firstWaitMs, longestWaitMs } = this.#rule
    if (failures < freeTries) return 0
    return (
      this.#monotonicMs() + Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(30, failures - freeTries))
    )
  }
}
