import { sql } from 'kysely'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'

/** The epochs of each agent in the order in which they began here: a box goes on to a new one and never back. */
export const epochMigrations: readonly Migration[] = [
  {
    name: 'log-2',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE log_epoch (agent TEXT NOT NULL, epoch TEXT NOT NULL, first_arrival ${integer} NOT NULL, began_at ${integer} NOT NULL,
        PRIMARY KEY (agent, epoch))${tableOptions}`,
      `CREATE INDEX log_epoch_order ON log_epoch (agent, first_arrival)`,
      `INSERT INTO log_epoch SELECT agent, epoch, min(arrival), min(received_at) FROM log_batch GROUP BY agent, epoch`,
    ],
  },
]

const selectNewest = statement<{ epoch: string }>(
  `SELECT epoch FROM log_epoch WHERE agent = ? ORDER BY first_arrival DESC LIMIT 1`,
)

/** True for the newest epoch of an agent, which an unheard one becomes. */
export async function isNewestEpoch(
  tx: Tx,
  agent: string,
  epoch: string,
  arrival: number,
  receivedAt: number,
): Promise<boolean> {
  const [newest] = await selectNewest(tx, agent)
  if (newest?.epoch === epoch) return true
  const { numAffectedRows } =
    await sql`INSERT INTO log_epoch VALUES (${agent}, ${epoch}, ${arrival}, ${receivedAt})
    ON CONFLICT (agent, epoch) DO NOTHING`.execute(tx)
  return numAffectedRows === 1n
}

export interface Epoch {
  readonly epoch: string
  readonly beganAt: number
}

/** The oldest first. */
export async function epochHistory(db: Db, agent: string): Promise<Epoch[]> {
  const { rows } = await sql<{ epoch: string; began_at: number }>`SELECT epoch, began_at FROM log_epoch
    WHERE agent = ${agent} ORDER BY first_arrival`.execute(db)
  return rows.map(({ epoch, began_at: beganAt }) => ({ epoch, beganAt }))
}
