/** What went wrong, counted by who and what: shown on the box's page, by `doctor` and in the metrics. */
export interface FaultCount {
  readonly code: string
  /** The newest case, cut short. */
  readonly detail: string
  readonly count: number
  readonly lastAt: number
}

// A flood of made-up device names must not fill the memory: what comes beyond is counted together.
const MAX_SUBJECTS = 2000
const MAX_DETAIL_CHARS = 200
const OVERFLOW = '(others)'

export class FaultBook {
  readonly #subjects = new Map<string, Map<string, FaultCount>>()

  /** `subject` is a device's or a bus's name. */
  note(subject: string, code: string, detail: string, at: number, count = 1): void {
    const isKnown = this.#subjects.has(subject)
    const name = isKnown || this.#subjects.size < MAX_SUBJECTS ? subject : OVERFLOW
    const faults = this.#subjects.get(name) ?? new Map<string, FaultCount>()
    this.#subjects.set(name, faults)
    const before = faults.get(code)?.count ?? 0
    faults.set(code, { code, detail: detail.slice(0, MAX_DETAIL_CHARS), count: before + count, lastAt: at })
  }

  /** Newest first. */
  of(subject: string): FaultCount[] {
    return [...(this.#subjects.get(subject)?.values() ?? [])].sort((a, b) => b.lastAt - a.lastAt)
  }

  subjects(): string[] {
    return [...this.#subjects.keys()]
  }

  /** How often each code was counted, over all. */
  totals(): Map<string, number> {
    const totals = new Map<string, number>()
    for (const faults of this.#subjects.values()) {
      for (const { code, count } of faults.values()) totals.set(code, (totals.get(code) ?? 0) + count)
    }
    return totals
  }
}
