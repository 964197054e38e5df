import { type Clock, sleep } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import type { Db, Tx } from './open-store.ts'

// Ten tries with doubling waits are about five seconds: longer than any other writer holds the lock.
const TRIES = 10

/** A transaction that is tried again when another writer was faster (SQLite busy, SQLSTATE 40001 or 40P01). */
export async function withRetry<T>(
  db: Db,
  outside: { clock: Clock; random: Random },
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (attempt >= TRIES || !isConflict(error)) throw error
      await sleep(outside.clock, 2 ** attempt * (0.5 + outside.random()))
    }
  }
}

/** True when the same transaction may go through if it is run again. */
export function isConflict(error: unknown): boolean {
  const code = (error as { code?: string } | null)?.code ?? ''
  return (
    code.startsWith('SQLITE_BUSY') ||
    code === '40001' ||
    code === '40P01' ||
    code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
  )
}
