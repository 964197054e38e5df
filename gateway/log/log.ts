import { sql } from 'kysely'
import { equalBytes } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Envelope } from '#contract/wire/batch.ts'
import type { Lane } from '#contract/wire/records.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'
import { epochMigrations, isNewestEpoch } from './epochs.ts'
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
  ...epochMigrations,
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
  /** Its place in the order of the log. */
  readonly arrival: number
}

/** `key-retired`, `epoch-over`: a key or an epoch that is over says something new. */
export type Appended = 'stored' | 'duplicate' | 'equivocation' | 'key-retired' | 'epoch-over'

/**
 * Appends within the caller's transaction; of an equivocation nothing is written (see `setAside`).
 * Throws `too-many-requests` when the lane has too many holes to remember one more.
 */
export async function appendBatch(
  tx: Tx,
  { header }: Envelope,
  bytes: Uint8Array,
  hash: Uint8Array,
  receivedAt: number,
  /** The key's successor signs these seqs: then only what is here already is taken again. */
  isKeyOver = false,
): Promise<Appended> {
  const { agent, epoch, lane, from, to, prev, form } = header
  // What is here stays here, so a duplicate is told before anything is locked or written.
  const same = await batchAt(tx, agent, epoch, lane, from)
  if (same)
    return equalBytes(new Uint8Array(same.hash), hash)
      ? 'duplicate'
      : isKeyOver
        ? 'key-retired'
        : 'equivocation'
  if (isKeyOver) return 'key-retired'
  const arrival = await takeArrival(tx)
  if (!(await isNewestEpoch(tx, agent, epoch, arrival, receivedAt))) return 'epoch-over'
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
  await insertBatch(tx, agent, epoch, lane, from, to, hash, prev, form, arrival, receivedAt, bytes)
  await saveHeld(tx, { agent, epoch, lane, arrival }, merged)
  return 'stored'
}

const insertBatch = statement(`INSERT INTO log_batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)

/**
 * The place of the next batch in the order of the log. The row stays locked until the transaction ends, so the
 * order of the numbers is the order of the commits on both engines (a SERIAL is handed out before the commit and
 * may become visible out of order), and appends see each other's marks. Two clocks never decide the order.
 */
const takeArrival = async (tx: Tx): Promise<number> => Number((await raiseArrivals(tx, 1))[0]?.arrivals)

/**
 * Takes the lock that `takeArrival` would take. Who is going to append begins with it: a transaction that has read
 * before it writes has to begin again if another process wrote in between.
 */
export async function lockLog(tx: Tx): Promise<void> {
  await raiseArrivals(tx, 0)
}

const raiseArrivals = statement<{ arrivals: number }>(`INSERT INTO log_head VALUES ('batch', ?)
  ON CONFLICT (name) DO UPDATE SET arrivals = log_head.arrivals + excluded.arrivals RETURNING arrivals`)

// A megabyte each. What an old key or epoch sends beyond that is more of the same, and is only counted; two versions of
// one range suspend the key at once, so that there are never many.
const MAX_ASIDE = 100

/** True when this version of the range was not set aside before. */
export async function setAside(
  db: Db,
  { header }: Envelope,
  bytes: Uint8Array,
  hash: Uint8Array,
  receivedAt: number,
  reason: Exclude<Appended, 'stored' | 'duplicate'> = 'equivocation',
): Promise<boolean> {
  const { agent, epoch, lane, from } = header
  const { numAffectedRows } =
    await sql`INSERT INTO log_aside SELECT ${agent}, ${epoch}, ${lane}, ${from}, ${hash}, ${reason}, ${receivedAt}, ${bytes}
    WHERE ${reason} = 'equivocation' OR (SELECT count(*) FROM log_aside WHERE agent = ${agent} AND reason = ${reason}) < ${MAX_ASIDE}
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

/** Where a batch stands, without its bytes. */
export type PlacedBatch = Omit<LoggedBatch, 'bytes'>

/** The batches of one agent that arrived before a place in the log, in order of arrival. */
export async function batchesOf(db: Db, agent: string, before: number): Promise<PlacedBatch[]> {
  const { rows } = await sql<Omit<Row, 'bytes'>>`SELECT arrival, agent, epoch, lane, form, from_seq, to_seq,
      received_at FROM log_batch WHERE agent = ${agent} AND arrival < ${before} ORDER BY arrival`.execute(db)
  return rows.map(placed)
}

// A batch is at most a megabyte, so a page is at most this many.
const PAGE = 64

/** Every batch of the log in order of arrival, a page at a time. */
export async function* readLog(db: Db): AsyncGenerator<LoggedBatch> {
  for (let after = 0; ; ) {
    const { rows } =
      await sql<Row>`SELECT arrival, agent, epoch, lane, form, from_seq, to_seq, received_at, bytes
      FROM log_batch WHERE arrival > ${after} ORDER BY arrival LIMIT ${PAGE}`.execute(db)
    for (const row of rows) yield { ...placed(row), bytes: new Uint8Array(row.bytes) }
    const last = rows.at(-1)
    if (!last) return
    after = last.arrival
  }
}

const placed = (row: Omit<Row, 'bytes'>): PlacedBatch => ({
  agent: row.agent,
  epoch: row.epoch,
  lane: row.lane,
  form: row.form,
  fromSeq: row.from_seq,
  toSeq: row.to_seq,
  receivedAt: row.received_at,
  arrival: row.arrival,
})

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
  return (await selectAt(db, agent, epoch, lane, fromSeq))[0]
}

const selectAt = statement<{ hash: Uint8Array; prev: Uint8Array | null }>(
  `SELECT hash, prev FROM log_batch WHERE agent = ? AND epoch = ? AND lane = ? AND from_seq = ?`,
)

async function batchEndingAt(
  db: Db,
  agent: string,
  epoch: string,
  lane: Lane,
  toSeq: number,
): Promise<{ hash: Uint8Array } | undefined> {
  const [last] = await selectLastAt(db, agent, epoch, lane, toSeq)
  return last?.to_seq === toSeq ? last : undefined
}

const selectLastAt = statement<{ hash: Uint8Array; to_seq: number }>(`SELECT hash, to_seq FROM log_batch
  WHERE agent = ? AND epoch = ? AND lane = ? AND from_seq <= ? ORDER BY from_seq DESC LIMIT 1`)
