import { sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { capturedMessage, encodeLeaf, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import type { FoundLeaves } from '../../log/tree/writer.ts'
import type { Db } from '../../store/open-store.ts'
import { type Capturer, capturedIn } from './captured-events.ts'

// A page of batches is read in some milliseconds, and a group of leaves is appended in one transaction.
const BATCHES_A_PAGE = 500
const LEAVES_A_PAGE = 1000

/**
 * The events that are to go into the log, of the batches that arrived after a place: those whose signature holds, by a
 * key that the province trusts for them, and what integrators captured, which the province signs. In the order of
 * arrival, then of the box's own seqs.
 */
export async function ripeEvents(db: Db, afterArrival: number, capturer?: Capturer): Promise<FoundLeaves> {
  const { rows } = await sql<Batch>`SELECT arrival, agent, epoch, lane, from_seq, to_seq FROM log_batch
    WHERE arrival > ${afterArrival} ORDER BY arrival LIMIT ${BATCHES_A_PAGE}`.execute(db)
  const leaves: Uint8Array[] = []
  const unfit: { hash: Uint8Array; reason: string }[] = []
  let arrival = afterArrival
  for (const batch of rows) {
    if (leaves.length >= LEAVES_A_PAGE) return { leaves, unfit, arrival, isMore: true }
    arrival = batch.arrival
    if (batch.lane !== 'record') continue
    const isProvince = batch.agent === capturer?.agent
    const events = isProvince ? await capturedEvents(db, batch, capturer) : await trustedEvents(db, batch)
    for (const { signed, signature } of events) {
      if (signed.length <= MAX_SIGNED_BYTES)
        leaves.push(encodeLeaf(isProvince ? 'captured-event' : 'farm-event', signed, signature))
      else
        unfit.push({
          hash: sha256(signed),
          reason: `${signed.length} bytes were signed; a leaf takes ${MAX_SIGNED_BYTES}`,
        })
    }
  }
  return { leaves, unfit, arrival, isMore: rows.length === BATCHES_A_PAGE }
}

interface Batch {
  arrival: number
  agent: string
  epoch: string
  lane: string
  from_seq: number
  to_seq: number
}

interface Signed {
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** Ed25519 gives one signature for one message: the same leaf whenever the log looks again. */
async function capturedEvents(
  db: Db,
  { agent, epoch, from_seq: fromSeq }: Batch,
  { key }: Capturer,
): Promise<Signed[]> {
  const captured = await capturedIn(db, agent, { epoch, fromSeq })
  return captured.map((signed) => ({ signed, signature: key.sign(capturedMessage(signed)) }))
}

async function trustedEvents(db: Db, { agent, epoch, from_seq: from, to_seq: to }: Batch): Promise<Signed[]> {
  const { rows } = await sql<{
    signed: Uint8Array
    signature: Uint8Array
  }>`SELECT signed, signature FROM event e
    WHERE agent = ${agent} AND epoch = ${epoch} AND seq >= ${from} AND seq <= ${to} AND is_signature_valid = 1 AND ${isTrusted}
    ORDER BY seq`.execute(db)
  return rows.map(({ signed, signature }) => ({
    signed: new Uint8Array(signed),
    signature: new Uint8Array(signature),
  }))
}

/**
 * SQL over `event e`: neither the batch around it nor the key that it names was revoked for its place. A batch counts as
 * a whole; an event may be older than the batch that brought it, and then names the key of its own time.
 */
export const isTrusted = sql`NOT EXISTS (SELECT 1 FROM untrusted_batch u WHERE u.agent = e.agent AND u.epoch = e.epoch AND u.lane = 'record'
      AND e.seq >= u.from_seq AND e.seq <= u.to_seq)
    AND NOT EXISTS (SELECT 1 FROM key_revocation r WHERE r.agent = e.agent AND r.key = e.key
      AND ((r.epoch = e.epoch AND e.seq > r.record) OR (r.epoch <> e.epoch AND
        coalesce((SELECT first_arrival FROM log_epoch l WHERE l.agent = e.agent AND l.epoch = e.epoch), 0) >=
        coalesce((SELECT first_arrival FROM log_epoch l WHERE l.agent = e.agent AND l.epoch = r.epoch), 0))))`
