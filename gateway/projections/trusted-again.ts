import { sql } from 'kysely'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { isEventSignedBy } from '#contract/trace/signed-event.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { batchBytes, batchesOf, type PlacedBatch } from '../log/log.ts'
import type { Tx } from '../store/open-store.ts'
import { applyBatch, readBody, type VerifiedBatch } from './apply-batch.ts'
import { applyEntry } from './entries.ts'
import { knownEntry } from './entry-shapes.ts'
import { forgetEventsOf } from './event-index.ts'
import { type BoxKey, isTrusted, keysOfAgent } from './keys.ts'
import { BOX_TABLES } from './tables.ts'

const outside = {
  sha256,
  verifyEvent: (raw: Uint8Array, event: { signed: Uint8Array; signature: Uint8Array }) =>
    isEventSignedBy(event, publicKeyFromRaw(raw)),
}

/**
 * A key was revoked: everything of its box is derived again from the log without what no longer counts. Sums, newest
 * values and clock corrections are then as if it had never come; the log keeps it, and lots of it are shown as what
 * they are. `before` is the place in the log of the decision, so that a rebuild sees what was there when it was made.
 */
export async function deriveTrustedAgain(
  tx: Tx,
  agent: string,
  before = Number.MAX_SAFE_INTEGER,
): Promise<void> {
  const batches = await batchesOf(tx, agent, before)
  const signers = new Map<PlacedBatch, string>()
  for (const batch of batches) signers.set(batch, await signerOf(tx, batch))
  const keys = await withoutForgedKeys(tx, agent, batches, signers)
  await forgetEventsOf(tx, agent)
  for (const table of BOX_TABLES)
    await sql`DELETE FROM ${sql.table(table)} WHERE agent = ${agent}`.execute(tx)
  for (const placed of batches) {
    const stored = await batchBytes(tx, agent, placed.epoch, placed.lane, placed.fromSeq)
    const key = signers.get(placed) ?? ''
    if (!stored) continue
    const batch = { ...placed, body: bodyOf(stored.bytes) }
    if (doesCount(keys, key, placed, batches)) await applyBatch(tx, batch, outside)
    else await applyUntrusted(tx, batch, key)
  }
}

async function signerOf(tx: Tx, { agent, epoch, lane, fromSeq }: PlacedBatch): Promise<string> {
  const stored = await batchBytes(tx, agent, epoch, lane, fromSeq)
  try {
    return stored ? openEnvelope(stored.bytes).header.key : ''
  } catch {
    // Damage on the disk: nobody signed it, as far as anybody can tell.
    return ''
  }
}

/** A key that came in by an entry that does not count is none of the box's, nor is one that it brought in. */
async function withoutForgedKeys(
  tx: Tx,
  agent: string,
  batches: readonly PlacedBatch[],
  signers: ReadonlyMap<PlacedBatch, string>,
): Promise<readonly BoxKey[]> {
  const keys = await keysOfAgent(tx, agent)
  const kept: BoxKey[] = []
  let isForged = false
  for (const key of keys) {
    // The province's own word ends whatever a thief began.
    if (!key.begins) isForged = false
    else {
      const { begins, entrySeq } = key
      const brought = batches.find(
        ({ epoch, lane, fromSeq, toSeq }) =>
          epoch === begins.epoch && lane === 'record' && fromSeq <= entrySeq && toSeq >= entrySeq,
      )
      isForged ||= !brought || !doesCount(kept, signers.get(brought) ?? '', brought, batches)
    }
    if (isForged) await sql`DELETE FROM box_key WHERE agent = ${agent} AND key = ${key.key}`.execute(tx)
    else kept.push(key)
  }
  return kept
}

function doesCount(
  keys: readonly BoxKey[],
  signer: string,
  batch: PlacedBatch,
  batches: readonly PlacedBatch[],
): boolean {
  const key = keys.find((each) => each.key === signer)
  if (!key?.revoked) return key !== undefined
  const { epoch } = key.revoked
  const begun = (name: string) => batches.find((each) => each.epoch === name)?.arrival
  const isEarlier = (begun(batch.epoch) ?? 0) < (begun(epoch) ?? 0)
  return isTrusted(key.revoked, batch, isEarlier)
}

/** Lots and their events stay visible, so that the page behind a label can say what became of them. */
async function applyUntrusted(tx: Tx, batch: VerifiedBatch, key: string): Promise<void> {
  const { agent, epoch, lane, fromSeq, toSeq } = batch
  await sql`INSERT INTO untrusted_batch VALUES (${agent}, ${epoch}, ${lane}, ${fromSeq}, ${toSeq}, ${key})`.execute(
    tx,
  )
  const read = readBody(batch)
  if (lane !== 'record' || !('entries' in read)) return
  for (const [index, entry] of read.entries.entries()) {
    if (entry.kind !== 'lot' && entry.kind !== 'event') continue
    const known = knownEntry(entry)
    if (known?.kind === 'lot' && !(await isPartThere(tx, agent, known.activityId)))
      await sql`INSERT INTO untrusted_part VALUES (${agent}, ${known.activityId})
        ON CONFLICT (agent, activity_id) DO NOTHING`.execute(tx)
    await applyEntry(tx, { ...batch, seq: fromSeq + index }, entry, outside)
  }
}

async function isPartThere(tx: Tx, agent: string, activityId: string): Promise<boolean> {
  const { rows } = await sql`SELECT 1 AS found FROM lot_part
    WHERE agent = ${agent} AND activity_id = ${activityId}`.execute(tx)
  return rows.length > 0
}

function bodyOf(bytes: Uint8Array): Uint8Array {
  try {
    return openBody(openEnvelope(bytes), compression)
  } catch {
    return new Uint8Array(0)
  }
}
