import { sql } from 'kysely'
import { concatBytes, utf8 } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { encodeLeaf, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import { openEnvelope, openKnownBody } from '#contract/wire/batch.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { batchBytes } from '../../log/log.ts'
import type { FoundLeaves } from '../../log/tree/writer.ts'
import type { Db } from '../../store/open-store.ts'

// A page of batches is read in some milliseconds, and a group of leaves is appended in one transaction.
const BATCHES_A_PAGE = 500
const LEAVES_A_PAGE = 1000

/** Who appends what integrators captured, and the province's signature over it. */
export interface Capturer {
  readonly agent: string
  readonly key: SecretKey
}

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
    if (capturer && batch.agent === capturer.agent) {
      leaves.push(...(await capturedLeaves(db, batch, capturer.key)))
      continue
    }
    for (const { signed, signature } of await trustedEvents(db, batch)) {
      if (signed.length <= MAX_SIGNED_BYTES)
        leaves.push(encodeLeaf('farm-event', new Uint8Array(signed), new Uint8Array(signature)))
      else
        unfit.push({
          hash: sha256(new Uint8Array(signed)),
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

/** `vuon/captured/1\0` ‖ the event's JSON as it was captured: what the province signs. */
export const capturedMessage = (bytes: Uint8Array): Uint8Array =>
  concatBytes(utf8('vuon/captured/1\0'), bytes)

/** Ed25519 gives one signature for one message: the same leaf whenever the log looks again. */
async function capturedLeaves(
  db: Db,
  { agent, epoch, from_seq: from }: Batch,
  key: SecretKey,
): Promise<Uint8Array[]> {
  const stored = await batchBytes(db, agent, epoch, 'record', from)
  if (!stored) return []
  let entries: RecordEntry[]
  try {
    entries = decodeEntries(openKnownBody(openEnvelope(stored.bytes), compression))
  } catch {
    // Damage on the disk keeps nobody else's events out of the log; `rebuild` and `backup` tell of it.
    return []
  }
  return entries.flatMap((entry) => {
    const bytes = entry.kind === 'captured-event' ? (entry as { bytes?: unknown }).bytes : undefined
    // Captured events are bounded far below a leaf.
    return bytes instanceof Uint8Array && bytes.length > 0 && bytes.length <= MAX_SIGNED_BYTES
      ? [encodeLeaf('captured-event', bytes, key.sign(capturedMessage(bytes)))]
      : []
  })
}

async function trustedEvents(
  db: Db,
  { agent, epoch, from_seq: from, to_seq: to }: Batch,
): Promise<{ signed: Uint8Array; signature: Uint8Array }[]> {
  const { rows } = await sql<{
    signed: Uint8Array
    signature: Uint8Array
  }>`SELECT signed, signature FROM event e
    WHERE agent = ${agent} AND epoch = ${epoch} AND seq >= ${from} AND seq <= ${to} AND is_signature_valid = 1 AND ${isTrusted}
    ORDER BY seq`.execute(db)
  return rows
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
