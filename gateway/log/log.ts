import { sql } from 'kysely'
import { equalBytes } from '#contract/ground/bytes.ts'
import type { Envelope } from '#contract/wire/batch.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { LaneMarks, SyncAnswer } from '#contract/wire/sync-protocol.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'

/** The batches, exactly as they were signed. Everything else at the gateway can be made again from here. */
export const logMigrations: readonly Migration[] = [
  {
    name: 'log-1',
    statements: ({ integer, blob, tableOptions }) => [
      `CREATE TABLE log_batch (
        agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, from_seq ${integer} NOT NULL,
        to_seq ${integer} NOT NULL, hash ${blob} NOT NULL, prev ${blob}, form TEXT NOT NULL,
        received_at ${integer} NOT NULL, bytes ${blob} NOT NULL,
        PRIMARY KEY (agent, epoch, lane, from_seq))${tableOptions}`,
      `CREATE INDEX log_batch_arrival ON log_batch (received_at)`,
      // What the lane holds, kept as it changes: the answer to every batch must not scan a season.
      `CREATE TABLE log_mark (
        agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, ranges TEXT NOT NULL,
        PRIMARY KEY (agent, epoch, lane))${tableOptions}`,
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
  readonly fromSeq: number
  readonly receivedAt: number
  readonly bytes: Uint8Array
}

export type Appended = 'stored' | 'duplicate' | 'equivocation'

// A list of holes longer than this is damage or an attack, and would not fit an answer.
const MAX_RANGES = 1000

/** Appends within the caller's transaction. An equivocation must be set aside in a transaction of its own. */
export async function appendBatch(
  tx: Tx,
  { header }: Envelope,
  bytes: Uint8Array,
  hash: Uint8Array,
  receivedAt: number,
): Promise<Appended> {
  const { agent, epoch, lane, from, to, prev, form } = header
  const ranges = await rangesOf(tx, agent, epoch, lane)
  if (ranges.some(([first, last]) => from <= last && to >= first)) {
    const same = await batchAt(tx, agent, epoch, lane, from)
    return same && equalBytes(new Uint8Array(same.hash), hash) ? 'duplicate' : 'equivocation'
  }
  // The chain, as far as its neighbours are here.
  const before = await batchEndingAt(tx, agent, epoch, lane, from - 1)
  const after = await batchAt(tx, agent, epoch, lane, to + 1)
  if (before && !(prev && equalBytes(new Uint8Array(before.hash), prev))) return 'equivocation'
  if (after && !(after.prev && equalBytes(new Uint8Array(after.prev), hash))) return 'equivocation'
  const merged = mergeRange(ranges, from, to)
  if (merged.length > MAX_RANGES) return 'equivocation'
  await sql`INSERT INTO log_batch VALUES (${agent}, ${epoch}, ${lane}, ${from}, ${to}, ${hash}, ${prev}, ${form}, ${receivedAt}, ${bytes})`.execute(
    tx,
  )
  const json = JSON.stringify(merged)
  await sql`INSERT INTO log_mark VALUES (${agent}, ${epoch}, ${lane}, ${json})
            ON CONFLICT (agent, epoch, lane) DO UPDATE SET ranges = excluded.ranges`.execute(tx)
  return 'stored'
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

/** How far each lane has come: what the box may forget, and what it has to send again. */
export async function marksOf(db: Db, agent: string, epoch: string): Promise<SyncAnswer['lanes']> {
  const marks = await Promise.all(
    LANES.map(async (lane) => [lane, laneMarks(await rangesOf(db, agent, epoch, lane))] as const),
  )
  return Object.fromEntries(marks) as Record<Lane, LaneMarks>
}

/** The epochs of an agent that the log knows, the newest batch first. */
export async function epochsOf(db: Db, agent: string): Promise<string[]> {
  const { rows } = await sql<{
    epoch: string
  }>`SELECT epoch, max(received_at) AS last FROM log_batch WHERE agent = ${agent}
    GROUP BY epoch ORDER BY last DESC`.execute(db)
  return rows.map((row) => row.epoch)
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

/** Every batch of the log in order of arrival, a page at a time. */
export async function* readLog(db: Db): AsyncGenerator<LoggedBatch> {
  let after: [number, string, string, string, number] = [-1, '', '', '', 0]
  for (;;) {
    const [receivedAt, agent, epoch, lane, fromSeq] = after
    const { rows } = await sql<Row>`SELECT agent, epoch, lane, from_seq, received_at, bytes FROM log_batch
      WHERE (received_at, agent, epoch, lane, from_seq) > (${receivedAt}, ${agent}, ${epoch}, ${lane}, ${fromSeq})
      ORDER BY received_at, agent, epoch, lane, from_seq LIMIT 200`.execute(db)
    for (const row of rows) {
      yield {
        agent: row.agent,
        epoch: row.epoch,
        lane: row.lane,
        fromSeq: row.from_seq,
        receivedAt: row.received_at,
        bytes: new Uint8Array(row.bytes),
      }
    }
    const last = rows.at(-1)
    if (!last) return
    after = [last.received_at, last.agent, last.epoch, last.lane, last.from_seq]
  }
}

interface Row {
  agent: string
  epoch: string
  lane: Lane
  from_seq: number
  received_at: number
  bytes: Uint8Array
}

type Range = readonly [first: number, last: number]

async function rangesOf(db: Db, agent: string, epoch: string, lane: Lane): Promise<Range[]> {
  const { rows } = await sql<{ ranges: string }>`SELECT ranges FROM log_mark
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane}`.execute(db)
  return rows[0] ? (JSON.parse(rows[0].ranges) as Range[]) : []
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
  if (toSeq < 1) return undefined
  const { rows } = await sql<{ hash: Uint8Array; to_seq: number }>`SELECT hash, to_seq FROM log_batch
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND from_seq <= ${toSeq} ORDER BY from_seq DESC LIMIT 1`.execute(
    db,
  )
  return rows[0]?.to_seq === toSeq ? rows[0] : undefined
}

/** Adds a range to a sorted list of disjoint ones, joining neighbours. */
export function mergeRange(ranges: readonly Range[], from: number, to: number): Range[] {
  const merged: Range[] = []
  for (const range of [...ranges, [from, to] as Range].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && range[0] <= last[1] + 1) merged[merged.length - 1] = [last[0], Math.max(last[1], range[1])]
    else merged.push(range)
  }
  return merged
}

export function laneMarks(ranges: readonly Range[]): LaneMarks {
  const first = ranges[0]
  const durableThrough = first && first[0] === 1 ? first[1] : 0
  const held = ranges.filter(([from]) => from > durableThrough)
  const missing: Range[] = []
  let next = durableThrough + 1
  for (const [from, to] of held) {
    missing.push([next, from - 1])
    next = to + 1
  }
  return { durableThrough, held: held.slice(0, 100), missing: missing.slice(0, 100) }
}
