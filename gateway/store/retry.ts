import { type Clock, sleep } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { Db, Tx } from './open-store.ts'

// Waits of 4, 8, 16 .. 500 ms are about three seconds: longer than anybody but a rebuild holds the lock.
const TRIES = 12
const FIRST_WAIT_MS = 4
const LONGEST_WAIT_MS = 500

/**
 * A transaction that is tried again when another writer was faster. Throws `store-busy` when it stays so: the
 * caller may send the same thing again later.
 */
export async function withRetry<T>(
  db: Db,
  outside: { clock: Clock; random: Random },
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (!isConflict(error)) throw error
      if (attempt + 1 >= TRIES)
        throw isBusy(error) ? new VuonError('store-busy', undefined, { cause: error }) : error
      const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt)
      await sleep(outside.clock, waitMs * (0.5 + outside.random()))
    }
  }
}

/** What a transaction throws that sees that another one was faster: it is run again from the start. */
export class WriteConflict extends Error {
  readonly code = '40001'
}

/** True when the same transaction may go through if it is run again (SQLSTATEs are PostgreSQL's). */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error)
  return (
    isBusy(error) ||
    code === 'SQLITE_CONSTRAINT_PRIMARYKEY' ||
    code === 'SQLITE_CONSTRAINT_UNIQUE' ||
    code === '23505'
  )
}

/** Another writer was faster: SQLite busy, serialisation failure, deadlock. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error)
  return code.startsWith('SQLITE_BUSY') || code === '40001' || code === '40P01'
}

export const isDiskFull = (error: unknown): boolean =>
  codeOf(error) === 'SQLITE_FULL' || codeOf(error) === '53100'

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}
