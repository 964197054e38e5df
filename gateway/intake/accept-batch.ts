import { sql } from 'kysely'
import type { Clock } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { PublicKey, Sha256 } from '#contract/ground/signing.ts'
import { isBatchSignedBy, openBody, openEnvelope } from '#contract/wire/batch.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import type { Lane, RecordBody } from '#contract/wire/records.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import { appendBatch, marksOf, setAside } from '../log/log.ts'
import type { Db, Tx } from '../store/open-store.ts'
import { withRetry } from '../store/retry.ts'

/** Who a batch may come from; answered from the projections that gateway.ts hands in. */
export interface Enrolled {
  readonly agent: string
  readonly farmId: string
  readonly publicKey: Uint8Array
  readonly isSuspended: boolean
}

export interface IntakeOutside {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly sha256: Sha256
  readonly compression: Compression
  readonly publicKeyFromRaw: (raw: Uint8Array) => PublicKey
  readonly enrolled: (db: Db, agent: string) => Promise<Enrolled | undefined>
  readonly applyBatch: (
    tx: Tx,
    batch: {
      agent: string
      epoch: string
      lane: Lane
      form: string
      fromSeq: number
      toSeq: number
      receivedAt: number
      body: Uint8Array
    },
  ) => Promise<{ readings: number; entries: number; unread: string | null }>
  /** Appends a decision of the province and applies it, in the given transaction. */
  readonly decide: (tx: Tx, bodies: readonly RecordBody[]) => Promise<void>
  /** Told of each batch, for the metrics. */
  readonly onBatch: (
    outcome: 'stored' | 'duplicate' | 'equivocation',
    counts: { readings: number; entries: number; bytes: number },
  ) => void
}

/**
 * Takes one sealed batch: who is it from, did they sign it, have we got it? Only then is it unpacked; it is
 * acknowledged only after the transaction that holds the bytes and everything derived from them.
 */
export async function acceptBatch(bytes: Uint8Array, outside: IntakeOutside): Promise<SyncAnswer> {
  const envelope = openEnvelope(bytes)
  const { header } = envelope
  const enrolled = await outside.enrolled(outside.db, header.agent)
  if (!enrolled) throw new VuonError('agent-unknown')
  const isTheirs =
    header.key === keyIdOf(enrolled.publicKey, outside.sha256) &&
    isBatchSignedBy(envelope, outside.publicKeyFromRaw(enrolled.publicKey), outside.sha256)
  if (!isTheirs) throw new VuonError('signature-wrong')
  if (enrolled.isSuspended) throw new VuonError('agent-suspended')

  const body = openBody(envelope, outside.compression)
  const hash = outside.sha256(bytes)
  const receivedAt = Math.round(outside.clock.wallMs())
  const { outcome, counts, lanes } = await withRetry(outside.db, outside, async (tx) => {
    const outcome = await appendBatch(tx, envelope, bytes, hash, receivedAt)
    const counts = { readings: 0, entries: 0, bytes: bytes.length }
    if (outcome === 'stored') {
      const { agent, epoch, lane, form, from: fromSeq, to: toSeq } = header
      const batch = { agent, epoch, lane, form, fromSeq, toSeq, receivedAt, body }
      const { readings, entries } = await outside.applyBatch(tx, batch)
      Object.assign(counts, { readings, entries })
    }
    await noteSeen(tx, header.agent, receivedAt)
    return { outcome, counts, lanes: await marksOf(tx, header.agent, header.epoch) }
  })
  outside.onBatch(outcome, counts)
  if (outcome === 'equivocation') {
    // Two boxes speak with one key, or one of them rewrites its past: a person has to look.
    await withRetry(outside.db, outside, async (tx) => {
      const isNew = await setAside(tx, envelope, bytes, hash, receivedAt)
      if (isNew)
        await outside.decide(tx, [{ kind: 'suspension', agent: header.agent, reason: 'equivocation' }])
    })
    throw new VuonError('batch-equivocation')
  }
  return { epoch: header.epoch, lanes }
}

/** When the province last heard of a box: not a projection, for a duplicate is a sign of life too. */
export async function noteSeen(db: Db, agent: string, at: number): Promise<void> {
  await sql`INSERT INTO box_seen VALUES (${agent}, ${at}) ON CONFLICT (agent) DO UPDATE SET at = excluded.at
    WHERE excluded.at > box_seen.at`.execute(db)
}
