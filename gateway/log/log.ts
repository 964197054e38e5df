import { sql } from 'kysely'
import { equalBytes } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Envelope } from '#contract/wire/batch.ts'
import type { Lane } from '#contract/wire/records.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { MAX_RANGES, mergeRange, rangesOf, saveHeld } from './marks.ts'

export { epochsOf, laneMarks, marksOf, mergeRange, noteLoss } from './marks.ts'

/** The batches, exactly as they were signed. Everything else at the gateway can be made again from here. */
export const logMigrations: readonly Migration[] = [
  {
    name: 'log-1',
    statements: ({ integer, blob, tableOptions }) => [
      // How many batches have arrived: one row, raised inside the transaction that stores the batch.
      `CREATE TABLE log_head (name TEXT PRIMARY KEY, arrivals ${integer} NOT NULL)${tableOptions}`,
      `CREATE TABLE log_batch (
        agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, from_seq ${integer} NOT NULL,
        to_seq ${integer} NOT NULL, hash ${blob} NOT NULL, prev ${blob}, form TEXT NOT NULL,
        arrival ${integer} NOT NULL, received_at ${integer} NOT NULL, bytes ${blob} NOT NULL,
        PRIMARY KEY (agent, epoch, lane, from_seq))${tableOptions}`,
      `CREATE UNIQUE INDEX log_batch_arrival ON log_batch (arrival)`,
      // What the lane holds, kept as it changes: the answer to every batch must not scan a season.
      `CREATE TABLE log_mark (
        agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, held TEXT NOT NULL, lost TEXT NOT NULL,
        last_arrival ${integer} NOT NULL, PRIMARY KEY (agent, epoch, lane))${tableOptions}`,
      // The other version of a range that was sent twice: kept as evidence, never merged.
      `CREATE TABLE log_aside (
        agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, from_seq ${integer} NOT NULL,
        hash ${blob} NOT NULL, reason TEXT NOT NULL, received_at ${integer} NOT NULL, bytes ${blob} NOT NULL,
        PRIMARY KEY (agent, epoch, lane, from_seq, hash))${tableOptions}`,
    ],
  },
]

export interface LoggedBatch {
  readonly agent: string
  readonly epoch: string
  readonly lane: Lane
  readonly form: string
  readonly fromSeq: number
  readonly toSeq: number
  readonly receivedAt: number
  readonly bytes: Uint8Array
}

export type Appended = 'stored' | 'duplicate' | 'equivocation'

/**
 * Appends within the caller's transaction. An equivocation must be set aside in a transaction of its own.
 * Throws `too-many-requests` when the lane has too many holes to remember one more.
 */
export async function appendBatch(
  tx: Tx,
  { header }: Envelope,
  bytes: Uint8Array,
  hash: Uint8Array,
  receivedAt: number,
): Promise<Appended> {
  const { agent, epoch, lane, from, to, prev, form } = header
  // What is here stays here, so a duplicate is told before anything is locked or written.
  const same = await batchAt(tx, agent, epoch, lane, from)
  if (same) return equalBytes(new Uint8Array(same.hash), hash) ? 'duplicate' : 'equivocation'
  const arrival = await takeArrival(tx)
  const { held } = await rangesOf(tx, agent, epoch, lane)
  if (held.some(([first, last]) => from <= last && to >= first)) return 'equivocation'
  // The chain, as far as its neighbours are here.
  const before = held.some(([, last]) => last === from - 1)
    ? await batchEndingAt(tx, agent, epoch, lane, from - 1)
    : undefined
  const after = held.some(([first]) => first === to + 1)
    ? await batchAt(tx, agent, epoch, lane, to + 1)
    : undefined
  if (before && !(prev && equalBytes(new Uint8Array(before.hash), prev))) return 'equivocation'
  if (after && !(after.prev && equalBytes(new Uint8Array(after.prev), hash))) return 'equivocation'
  const merged = mergeRange(held, from, to)
  if (merged.length > MAX_RANGES)
    throw new VuonError('too-many-requests', `The ${lane} lane has more than ${MAX_RANGES} holes.`, {
      hint: 'Send what is missing first.',
    })
  await sql`INSERT INTO log_batch VALUES (${agent}, ${epoch}, ${lane}, ${from}, ${to}, ${hash}, ${prev}, ${form}, ${arrival}, ${receivedAt}, ${bytes})`.execute(
    tx,
  )
  await saveHeld(tx, { agent, epoch, lane, arrival }, merged)
  return 'stored'
}

/**
 * The place of the next batch in the order of the log. The row stays locked until the transaction ends, so the
 * order of the numbers is the order of the commits on both engines (a SERIAL is handed out before the commit and
 * may become visible out of order), and appends see each other's marks. Two clocks never decide the order.
 */
async function takeArrival(tx: Tx): Promise<number> {
  const { rows } = await sql<{ arrivals: number }>`INSERT INTO log_head VALUES ('batch', 1)
    ON CONFLICT (name) DO UPDATE SET arrivals = log_head.arrivals + 1 RETURNING arrivals`.execute(tx)
  return Number(rows[0]?.arrivals)
}

/** True when this version of the range was not set aside before. */
export async function setAside(
  db: Db,
  { header }: Envelope,
  bytes: Uint8Array,
  hash: Uint8Array,
  receivedAt: number,
): Promise<boolean> {
  const { agent, epoch, lane, from } = header
  const { numAffectedRows } =
    await sql`INSERT INTO log_aside VALUES (${agent}, ${epoch}, ${lane}, ${from}, ${hash}, 'equivocation', ${receivedAt}, ${bytes})
    ON CONFLICT (agent, epoch, lane, from_seq, hash) DO NOTHING`.execute(db)
  return numAffectedRows === 1n
}

export async function lastHash(
  db: Db,
  agent: string,
  epoch: string,
  lane: Lane,
): Promise<{ seq: number; hash: Uint8Array | null }> {
  const { rows } = await sql<{ to_seq: number; hash: Uint8Array }>`SELECT to_seq, hash FROM log_batch
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} ORDER BY from_seq DESC LIMIT 1`.execute(db)
  const row = rows[0]
  return row ? { seq: row.to_seq, hash: new Uint8Array(row.hash) } : { seq: 0, hash: null }
}

export async function batchBytes(
  db: Db,
  agent: string,
  epoch: string,
  lane: Lane,
  fromSeq: number,
): Promise<{ bytes: Uint8Array; receivedAt: number } | null> {
  const { rows } = await sql<{
    bytes: Uint8Array
    received_at: number
  }>`SELECT bytes, received_at FROM log_batch
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND from_seq = ${fromSeq}`.execute(db)
  return rows[0] ? { bytes: new Uint8Array(rows[0].bytes), receivedAt: rows[0].received_at } : null
}

// A batch is at most a megabyte, so a page is at most this many.
const PAGE = 64

/** Every batch of the log in order of arrival, a page at a time. */
export async function* readLog(db: Db): AsyncGenerator<LoggedBatch> {
  for (let after = 0; ; ) {
    const { rows } =
      await sql<Row>`SELECT arrival, agent, epoch, lane, form, from_seq, to_seq, received_at, bytes
      FROM log_batch WHERE arrival > ${after} ORDER BY arrival LIMIT ${PAGE}`.execute(db)
    for (const row of rows) {
      yield {
        agent: row.agent,
        epoch: row.epoch,
        lane: row.lane,
        form: row.form,
        fromSeq: row.from_seq,
        toSeq: row.to_seq,
        receivedAt: row.received_at,
        bytes: new Uint8Array(row.bytes),
      }
    }
    const last = rows.at(-1)
    if (!last) return
    after = last.arrival
  }
}

interface Row {
  arrival: number
  agent: string
  epoch: string
  lane: Lane
  form: string
  from_seq: number
  to_seq: number
  received_at: number
  bytes: Uint8Array
}

async function batchAt(
  db: Db,
  agent: string,
  epoch: string,
  lane: Lane,
  fromSeq: number,
): Promise<{ hash: Uint8Array; prev: Uint8Array | null } | undefined> {
  const { rows } = await sql<{ hash: Uint8Array; prev: Uint8Array | null }>`SELECT hash, prev FROM log_batch
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND from_seq = ${fromSeq}`.execute(db)
  return rows[0]
}

async function batchEndingAt(
  db: Db,
  agent: string,
  epoch: string,
  lane: Lane,
  toSeq: number,
): Promise<{ hash: Uint8Array } | undefined> {
  const { rows } = await sql<{ hash: Uint8Array; to_seq: number }>`SELECT hash, to_seq FROM log_batch
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND from_seq <= ${toSeq} ORDER BY from_seq DESC LIMIT 1`.execute(
    db,
  )
  return rows[0]?.to_seq === toSeq ? rows[0] : undefined
}
