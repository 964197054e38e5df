import { type RawBuilder, sql } from 'kysely'
import type { Db, Tx } from '../store/open-store.ts'

/** Which event of a box's record lane. */
export interface EventPlace {
  readonly agent: string
  readonly epoch: string
  readonly seq: number
}

// A few milliseconds of work a transaction, so that boxes go on sending meanwhile.
const AT_ONCE = 200

/**
 * Works off the events that a migration has put into `table` (agent, epoch, seq), because they came before there was what
 * is derived of them: once, at the first start of a gateway that derives it. `columns` are of the event `e` and its place
 * `w`. A start that is cut off goes on where it was.
 */
export async function workOffWaiting<Row extends object>(
  db: Db,
  inTransaction: (work: (tx: Tx) => Promise<void>) => Promise<void>,
  table: 'event_waiting' | 'chain_waiting',
  columns: RawBuilder<unknown>,
  take: (tx: Tx, row: Row & EventPlace) => Promise<void>,
): Promise<void> {
  const waiting = sql.table(table)
  for (let isMore = true; isMore; ) {
    await inTransaction(async (tx) => {
      const { rows } = await sql<Row & EventPlace>`SELECT w.agent, w.epoch, w.seq, ${columns}
        FROM ${waiting} w JOIN event e ON e.agent = w.agent AND e.epoch = w.epoch AND e.seq = w.seq
        ORDER BY w.agent, w.epoch, w.seq LIMIT ${AT_ONCE}`.execute(tx)
      for (const row of rows) {
        await take(tx, row)
        const { agent, epoch, seq } = row
        await sql`DELETE FROM ${waiting} WHERE agent = ${agent} AND epoch = ${epoch} AND seq = ${seq}`.execute(
          tx,
        )
      }
      isMore = rows.length > 0
    })
  }
  // What has no event any more.
  await sql`DELETE FROM ${waiting}`.execute(db)
}
