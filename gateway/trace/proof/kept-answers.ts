import { sql } from 'kysely'
import type { Clock } from '#contract/ground/clock.ts'
import type { Db } from '../../store/open-store.ts'

// A lot in the news is asked for by thousands, a lot of last year by nobody.
const MAX_ANSWERS = 200
// Two hundred of these are 40 MB; a lot of twenty events has 40 kB.
const MAX_LENGTH = 200_000
// What says when it was made should not say a time long past.
const KEPT_MS = 600_000

/** Answers that cost many hashes or signatures, kept while what they are made of stays as it is. */
export class KeptAnswers {
  readonly #clock: Clock
  readonly #answers = new Map<string, { state: string; body: string; atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(name: string, state: string): string | undefined {
    const kept = this.#answers.get(name)
    if (kept?.state !== state || this.#clock.monotonicMs() - kept.atMs >= KEPT_MS) return undefined
    // The one that was asked for last is dropped last.
    this.#answers.delete(name)
    this.#answers.set(name, kept)
    return kept.body
  }

  put(name: string, state: string, body: string): void {
    this.#answers.delete(name)
    if (body.length > MAX_LENGTH) return
    this.#answers.set(name, { state, body, atMs: this.#clock.monotonicMs() })
    const oldest = this.#answers.keys().next().value
    if (this.#answers.size > MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest)
  }
}

/** Changes when the box of a lot or the province says anything, and when somebody cosigns. */
export async function stateOfLot(db: Db, boxCode: string, provinceAgent: string): Promise<string> {
  const { rows } = await sql<{ state: string }>`SELECT
    coalesce((SELECT max(m.last_arrival) FROM log_mark m JOIN enrolment b ON b.agent = m.agent WHERE b.box_code = ${boxCode}), 0)
    || '/' || coalesce((SELECT max(last_arrival) FROM log_mark WHERE agent = ${provinceAgent}), 0)
    || '/' || coalesce((SELECT max(size) FROM tree_cosignature), 0) AS state`.execute(db)
  return rows[0]?.state ?? ''
}

/** Changes when a box changes its key or begins an epoch, and when the province decides anything. */
export async function stateOfKeys(db: Db, provinceAgent: string): Promise<string> {
  const { rows } = await sql<{ state: string }>`SELECT (SELECT count(*) FROM box_key)
    || '/' || (SELECT count(*) FROM log_epoch)
    || '/' || coalesce((SELECT max(last_arrival) FROM log_mark WHERE agent = ${provinceAgent}), 0) AS state`.execute(
    db,
  )
  return rows[0]?.state ?? ''
}
