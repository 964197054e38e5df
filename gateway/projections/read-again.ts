import { sql } from 'kysely'
import type { Clock } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import type { Random } from '#contract/ground/random.ts'
import { openEnvelope, openKnownBody } from '#contract/wire/batch.ts'
import type { Lane } from '#contract/wire/records.ts'
import type { Db, Tx } from '../store/open-store.ts'
import { withRetry } from '../store/retry.ts'
import {
  applyBatch,
  keepUnread,
  type ProjectionOutside,
  readBody,
  type VerifiedBatch,
} from './apply-batch.ts'
import { applyEntry } from './entries.ts'
import { READER } from './reader.ts'

interface ReadAgainOutside extends ProjectionOutside {
  readonly compression: Compression
  readonly clock: Clock
  readonly random: Random
}

/**
 * A newer agent may send what an older gateway can only keep. When the gateway is upgraded, it reads once more what the
 * reader before it had put aside: whole batches first, for a series may be declared in them, then single entries. Each in
 * a transaction of its own, so that boxes go on sending meanwhile; what two programs both try, one of them does. Returns
 * how many batches and entries could be read now. `reader` is this program's, but for tests.
 */
export async function readAgain(db: Db, outside: ReadAgainOutside, reader = READER): Promise<number> {
  let readNow = 0
  for (const place of await unreadBatches(db, reader))
    if (await withRetry(db, outside, (tx) => readBatch(tx, place, outside))) readNow++
  for (const place of await unknownEntries(db, reader))
    if (await withRetry(db, outside, (tx) => readEntry(tx, place, outside))) readNow++
  return readNow
}

interface Place {
  readonly agent: string
  readonly epoch: string
  readonly lane: Lane
  readonly from_seq: number
}

/** Only their names are held here: a body has up to eight megabytes. */
async function unreadBatches(db: Db, reader: number): Promise<Place[]> {
  const { rows } = await sql<Place>`SELECT u.agent, u.epoch, u.lane, u.from_seq
    FROM unread_batch u JOIN log_batch b ON b.agent = u.agent AND b.epoch = u.epoch AND b.lane = u.lane AND b.from_seq = u.from_seq
    WHERE u.reader < ${reader} ORDER BY b.arrival`.execute(db)
  return rows
}

async function readBatch(tx: Tx, place: Place, outside: ReadAgainOutside): Promise<boolean> {
  const { numAffectedRows } =
    await sql`DELETE FROM unread_batch WHERE agent = ${place.agent} AND epoch = ${place.epoch}
    AND lane = ${place.lane} AND from_seq = ${place.from_seq}`.execute(tx)
  if (numAffectedRows !== 1n) return false
  const batch = await loggedAt(tx, place, outside)
  if (!('body' in batch)) {
    await keepUnread(tx, { ...place, fromSeq: place.from_seq }, batch.unread)
    return false
  }
  return (await applyBatch(tx, batch, outside)).unread === null
}

async function unknownEntries(db: Db, reader: number): Promise<(Place & { seq: number })[]> {
  const { rows } = await sql<Place & { seq: number }>`SELECT e.agent, e.epoch, e.lane, e.seq, b.from_seq
    FROM unknown_entry e JOIN log_batch b ON b.agent = e.agent AND b.epoch = e.epoch AND b.lane = e.lane
      AND b.from_seq <= e.seq AND b.to_seq >= e.seq
    WHERE e.reader < ${reader} ORDER BY b.arrival, e.seq`.execute(db)
  return rows
}

async function readEntry(
  tx: Tx,
  place: Place & { readonly seq: number },
  outside: ReadAgainOutside,
): Promise<boolean> {
  const { agent, epoch, lane, seq } = place
  const forget = sql`DELETE FROM unknown_entry WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND seq = ${seq}`
  if ((await forget.execute(tx)).numAffectedRows !== 1n) return false
  const batch = await loggedAt(tx, place, outside)
  const read = 'body' in batch ? readBody(batch) : batch
  const entry = 'entries' in read ? read.entries[seq - place.from_seq] : undefined
  if (!('body' in batch) || !entry) return false
  await applyEntry(tx, { ...batch, seq }, entry, outside)
  const { rows } = await sql`SELECT 1 AS found FROM unknown_entry
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND seq = ${seq}`.execute(tx)
  return rows.length === 0
}

async function loggedAt(
  tx: Tx,
  { agent, epoch, lane, from_seq: fromSeq }: Place,
  outside: ReadAgainOutside,
): Promise<VerifiedBatch | { readonly unread: string }> {
  const { rows } = await sql<{ form: string; to_seq: number; received_at: number; bytes: Uint8Array }>`
    SELECT form, to_seq, received_at, bytes FROM log_batch
    WHERE agent = ${agent} AND epoch = ${epoch} AND lane = ${lane} AND from_seq = ${fromSeq}`.execute(tx)
  const row = rows[0]
  if (!row) return { unread: 'is not in the log' }
  const { form, to_seq: toSeq, received_at: receivedAt } = row
  try {
    const body = openKnownBody(openEnvelope(new Uint8Array(row.bytes)), outside.compression)
    return { agent, epoch, lane, form, fromSeq, toSeq, receivedAt, body }
  } catch (error) {
    return { unread: (error as Error).message }
  }
}
