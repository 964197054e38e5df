import type { Clock } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { PublicKey, Sha256 } from '#contract/ground/signing.ts'
import { type Envelope, openEnvelope, openKnownBody } from '#contract/wire/batch.ts'
import type { Lane, RecordBody } from '#contract/wire/records.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import { type Appended, appendBatch, marksOf } from '../log/log.ts'
import { noteRefused } from '../log/refused.ts'
import type { Db, Tx } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'
import { type EnrolledKey, isRevoked, standingNow, verifySigner } from './signing-key.ts'

/** Who a batch may come from; answered from the projections that gateway.ts hands in. */
export interface Enrolled {
  readonly agent: string
  readonly farmId: string
  readonly publicKey: Uint8Array
  readonly isSuspended: boolean
  /** Every key that the box has had, the oldest first. */
  readonly keys: readonly EnrolledKey[]
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
  ) => Promise<{
    readings: number
    entries: number
    unread: string | null
    chainFaults?: readonly BrokenLink[]
  }>
  /** Appends a decision of the province and applies it, in the given transaction. */
  readonly decide: (tx: Tx, bodies: readonly RecordBody[]) => Promise<void>
  /** The number of the newest message for a box; 0 while there is none. */
  readonly highestDownlink: (db: Db, agent: string) => Promise<number>
  /** Told of each batch, for the metrics. */
  readonly onBatch: (
    outcome: 'stored' | 'duplicate' | 'equivocation',
    counts: { readings: number; entries: number; bytes: number },
  ) => void
  /** Told of each transaction: how many batches shared it, and how many wait for the next. */
  readonly onGroup?: (batches: number, waiting: number) => void
  /** Told, once it is stored, of an event that does not fit where its box says that it stands. */
  readonly onChainFault?: (fault: BrokenLink) => void
}

interface BrokenLink {
  readonly agent: string
  readonly eventNo: number
  readonly kind: 'forged' | 'forked' | 'broken' | 'missing'
}

/** A batch that one of our boxes signed, unpacked. */
export interface SignedBatch {
  readonly envelope: Envelope
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
  readonly body: Uint8Array
}

/** What became of a batch; `answer` holds once the transaction is committed. */
export interface Taken {
  readonly outcome: Appended
  readonly counts: { readings: number; entries: number; bytes: number }
  readonly answer: SyncAnswer
  readonly chainFaults: readonly BrokenLink[]
}

/** Who is it from, and did they sign it? Only then is it unpacked. Nothing is written. */
export async function openSigned(
  bytes: Uint8Array,
  outside: IntakeOutside,
  envelope = openEnvelope(bytes),
): Promise<SignedBatch> {
  const { header } = envelope
  const enrolled = await outside.enrolled(outside.db, header.agent)
  if (!enrolled) throw new VuonError('agent-unknown')
  verifySigner(envelope, enrolled.keys, outside)
  if (enrolled.isSuspended && !isRevoked(enrolled)) throw new VuonError('agent-suspended')
  const body = openKnownBody(envelope, outside.compression)
  return { envelope, bytes, hash: outside.sha256(bytes), body }
}

/**
 * Have we got it? If not, the bytes and everything derived from them are written, all in the given transaction. What
 * was decided about the box since its signature was looked at (by another process, by the batch before this one) holds.
 */
export async function storeSigned(
  tx: Tx,
  { envelope, bytes, hash, body }: SignedBatch,
  outside: IntakeOutside,
): Promise<Taken> {
  const { agent, epoch, lane, form, from: fromSeq, to: toSeq } = envelope.header
  const enrolled = await outside.enrolled(tx, agent)
  if (!enrolled) throw new VuonError('agent-unknown')
  if (enrolled.isSuspended && !isRevoked(enrolled)) throw new VuonError('agent-suspended')
  const receivedAt = Math.round(outside.clock.wallMs())
  const isOver = standingNow(envelope, enrolled.keys) === 'over'
  const outcome = await appendBatch(tx, envelope, bytes, hash, receivedAt, isOver)
  const counts = { readings: 0, entries: 0, bytes: bytes.length }
  let chainFaults: readonly BrokenLink[] = []
  if (outcome === 'stored') {
    const batch = { agent, epoch, lane, form, fromSeq, toSeq, receivedAt, body }
    const applied = await outside.applyBatch(tx, batch)
    Object.assign(counts, { readings: applied.readings, entries: applied.entries })
    chainFaults = applied.chainFaults ?? []
  }
  // Two boxes speak with one key, or one of them rewrites its past: a person has to look.
  if (outcome !== 'stored' && outcome !== 'duplicate') {
    if (await noteRefused(tx, envelope, { bytes, hash, receivedAt }, outcome))
      await outside.decide(tx, [{ kind: 'suspension', agent, reason: outcome }])
  }
  await noteSeen(tx, agent, receivedAt)
  const lanes = await marksOf(tx, agent, epoch)
  const mark = await downlinkMark({ db: tx, highestDownlink: outside.highestDownlink }, agent)
  return { outcome, counts, answer: { epoch, lanes, ...mark }, chainFaults }
}

/** What a box is told after the commit. Throws `batch-equivocation`, `key-retired`, `epoch-over`. */
export function answerOf(
  { outcome, counts, answer, chainFaults }: Taken,
  { onBatch, onChainFault }: Pick<IntakeOutside, 'onBatch' | 'onChainFault'>,
): SyncAnswer {
  if (outcome === 'key-retired' || outcome === 'epoch-over') throw new VuonError(outcome)
  onBatch(outcome, counts)
  for (const fault of chainFaults) onChainFault?.(fault)
  if (outcome === 'equivocation') throw new VuonError('batch-equivocation')
  return answer
}

/** Part of an answer only when there is something to fetch: most boxes are told nothing for weeks. */
export async function downlinkMark(
  { db, highestDownlink }: Pick<IntakeOutside, 'db' | 'highestDownlink'>,
  agent: string,
): Promise<Pick<SyncAnswer, 'downlink'>> {
  const highest = await highestDownlink(db, agent)
  return highest > 0 ? { downlink: { highest } } : {}
}

/** When the province last heard of a box: not a projection, for a duplicate is a sign of life too. */
export async function noteSeen(db: Db, agent: string, at: number): Promise<void> {
  await upsertSeen(db, agent, at)
}

const upsertSeen =
  statement(`INSERT INTO box_seen VALUES (?, ?) ON CONFLICT (agent) DO UPDATE SET at = excluded.at
  WHERE excluded.at > box_seen.at`)
