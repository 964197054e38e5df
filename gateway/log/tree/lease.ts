import { sql } from 'kysely'
import type { Tx } from '../../store/open-store.ts'

/**
 * Several gateways may run over one database, and one of them appends. Who may is written in one row; a holder that was
 * paused for longer than its lease and wakes up still believes in it, so each holder also gets a fence, a number higher
 * than every one before, and an append is refused unless it still is the newest, in the transaction that appends.
 */
const LEASE_MS = 6000

/** The fence of a lease that was free or over; undefined while another holds it. Clocks decide only when, never whether. */
export async function takeLease(tx: Tx, holder: string, nowMs: number): Promise<number | undefined> {
  const { rows } = await sql<{
    fence: number
  }>`INSERT INTO tree_lease VALUES ('tree', ${holder}, 1, ${nowMs + LEASE_MS})
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = tree_lease.fence + 1, until_at = excluded.until_at
    WHERE tree_lease.until_at <= ${nowMs} OR tree_lease.until_at > ${nowMs + 2 * LEASE_MS} RETURNING fence`.execute(
    tx,
  )
  return rows[0]?.fence
}

/** Another gateway has become the writer; whatever this one was about to append is the other's to append. */
export class LeaseLost extends Error {}

/** Locks the lease for the rest of the transaction and makes it longer. Throws LeaseLost under an old fence. */
export async function holdLease(tx: Tx, fence: number, nowMs: number): Promise<void> {
  const { numAffectedRows } =
    await sql`UPDATE tree_lease SET until_at = ${nowMs + LEASE_MS} WHERE name = 'tree' AND fence = ${fence}`.execute(
      tx,
    )
  if (numAffectedRows !== 1n) throw new LeaseLost(`the lease of the log has gone on beyond ${fence}`)
}

/** Another may go on at once. */
export async function endLease(tx: Tx, fence: number): Promise<void> {
  await sql`UPDATE tree_lease SET until_at = 0 WHERE name = 'tree' AND fence = ${fence}`.execute(tx)
}
