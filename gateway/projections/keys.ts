import { sql } from 'kysely'
import { equalBytes } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import {
  type ChainedKey,
  isRotationProven,
  type RevocationEntry,
  type RevocationReason,
  type SeqOfLane,
} from '#contract/wire/key-rotation.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import type { Known } from './entry-shapes.ts'

/**
 * The keys of each box, in the order in which they follow one another, and what was revoked of them. The first key
 * is the enrolment's own; here are those that came after it.
 */
export const keyMigrations: readonly Migration[] = [
  {
    name: 'projections-keys-1',
    statements: ({ integer, blob, tableOptions }) => [
      // `epoch` is empty for a key that the province enrolled anew: it signs from wherever its box begins.
      `CREATE TABLE box_key (agent TEXT NOT NULL, no ${integer} NOT NULL, key TEXT NOT NULL, public_key ${blob} NOT NULL, epoch TEXT NOT NULL,
        seq ${integer} NOT NULL, from_record ${integer} NOT NULL, from_finding ${integer} NOT NULL, from_reading ${integer} NOT NULL, stated_at ${integer} NOT NULL,
        PRIMARY KEY (agent, no), UNIQUE (agent, key))${tableOptions}`,
      `CREATE TABLE key_revocation (agent TEXT NOT NULL, key TEXT NOT NULL, epoch TEXT NOT NULL, record ${integer} NOT NULL,
        finding ${integer} NOT NULL, reading ${integer} NOT NULL, reason TEXT NOT NULL, decided_at ${integer} NOT NULL,
        PRIMARY KEY (agent, key))${tableOptions}`,
      // Batches that stay in the log and do not count; a signature covers a batch as a whole.
      `CREATE TABLE untrusted_batch (agent TEXT NOT NULL, epoch TEXT NOT NULL, lane TEXT NOT NULL, from_seq ${integer} NOT NULL,
        to_seq ${integer} NOT NULL, key TEXT NOT NULL, PRIMARY KEY (agent, epoch, lane, from_seq))${tableOptions}`,
      `CREATE TABLE untrusted_part (agent TEXT NOT NULL, activity_id TEXT NOT NULL, PRIMARY KEY (agent, activity_id))${tableOptions}`,
    ],
  },
]

export interface Revoked {
  readonly reason: RevocationReason
  readonly epoch: string
  readonly lastTrusted: SeqOfLane
  readonly decidedAt: number
}

export interface BoxKey extends ChainedKey {
  readonly publicRaw: Uint8Array
  readonly revoked: Revoked | null
  /** Where the entry stands that brought this key; 0 for one that the province enrolled. */
  readonly entrySeq: number
}

/** The key by which a box was enrolled. */
export const firstKey = (publicRaw: Uint8Array): BoxKey => ({
  key: keyIdOf(publicRaw, sha256),
  begins: null,
  publicRaw,
  entrySeq: 0,
  revoked: null,
})

/** Every key of a box, the oldest first; the last one is the one that it speaks with. */
export async function keysOf(db: Db, agent: string, firstRaw: Uint8Array): Promise<readonly BoxKey[]> {
  const later = await sql<{
    key: string
    public_key: Uint8Array
    epoch: string
    seq: number
    from_record: number
    from_finding: number
    from_reading: number
  }>`SELECT key, public_key, epoch, seq, from_record, from_finding, from_reading FROM box_key
    WHERE agent = ${agent} ORDER BY no`.execute(db)
  const revocations = await sql<{
    key: string
    epoch: string
    record: number
    finding: number
    reading: number
    reason: RevocationReason
    decided_at: number
  }>`SELECT key, epoch, record, finding, reading, reason, decided_at FROM key_revocation WHERE agent = ${agent}`.execute(
    db,
  )
  const revoked = new Map(
    revocations.rows.map(({ key, epoch, reason, decided_at: decidedAt, record, finding, reading }) => [
      key,
      { reason, epoch, decidedAt, lastTrusted: { record, finding, reading } },
    ]),
  )
  const rest = later.rows.map((row) => ({
    key: row.key,
    publicRaw: new Uint8Array(row.public_key),
    entrySeq: row.seq,
    begins: row.epoch
      ? {
          epoch: row.epoch,
          from: { record: row.from_record, finding: row.from_finding, reading: row.from_reading },
        }
      : null,
  }))
  return [firstKey(firstRaw), ...rest].map((each) => ({ ...each, revoked: revoked.get(each.key) ?? null }))
}

/** The same, for a box that is known by its name only. */
export async function keysOfAgent(db: Db, agent: string): Promise<readonly BoxKey[]> {
  const { rows } = await sql<{
    public_key: Uint8Array
  }>`SELECT public_key FROM enrolment WHERE agent = ${agent}`.execute(db)
  return rows[0] ? keysOf(db, agent, new Uint8Array(rows[0].public_key)) : []
}

/** Seqs of each lane, and the epoch in which they count: where a batch stands beside them. */
export function isTrusted(
  { epoch, lastTrusted }: Pick<Revoked, 'epoch' | 'lastTrusted'>,
  batch: { epoch: string; lane: keyof SeqOfLane; toSeq: number },
  isEarlierEpoch: boolean,
): boolean {
  return batch.epoch === epoch ? batch.toSeq <= lastTrusted[batch.lane] : isEarlierEpoch
}

/**
 * A box changed its key. False, and nothing changes, unless the key that it spoke with last says so in its own seqs
 * and the new key has agreed: what is said in another epoch, or by a key whose time is over, is no rotation.
 */
export async function applyRotation(
  tx: Tx,
  { agent, epoch, seq, t }: { agent: string; epoch: string; seq: number; t: number },
  entry: Known<'key-rotation'>,
): Promise<boolean> {
  const keys = await keysOfAgent(tx, agent)
  const newest = keys.at(-1)
  const key = keyIdOf(entry.publicKey, sha256)
  // Said twice (a box that had to begin again): the first word stands.
  if (keys.some((each) => equalBytes(each.publicRaw, entry.publicKey))) return true
  if (newest?.key !== entry.oldKey || entry.epoch !== epoch || entry.from.record <= seq) return false
  // Whoever signed this batch was held against the chain at the door. A gap below an earlier rotation is still the
  // older key's to fill, and an older key names no successor any more.
  if (keys.some(({ begins }) => begins?.epoch === epoch && begins.from.record > seq)) return false
  if (keys.some(({ begins }) => begins?.epoch === epoch && !isAfter(entry.from, begins.from))) return false
  if (!isRotationProven(agent, entry, publicKeyFromRaw(entry.publicKey))) return false
  const { record, finding, reading } = entry.from
  await sql`INSERT INTO box_key VALUES (${agent}, ${keys.length + 1}, ${key}, ${entry.publicKey}, ${epoch},
    ${seq}, ${record}, ${finding}, ${reading}, ${t})`.execute(tx)
  return true
}

const isAfter = (later: SeqOfLane, earlier: SeqOfLane): boolean =>
  later.record >= earlier.record && later.finding >= earlier.finding && later.reading >= earlier.reading

/** The province enrolled a box that it knew with another key: whatever spoke for it before is over. */
export async function applyNewKey(
  tx: Tx,
  agent: string,
  publicRaw: Uint8Array,
  statedAt: number,
): Promise<void> {
  const keys = await keysOfAgent(tx, agent)
  if (keys.some((each) => equalBytes(each.publicRaw, publicRaw))) return
  await sql`INSERT INTO box_key VALUES (${agent}, ${keys.length + 1}, ${keyIdOf(publicRaw, sha256)}, ${publicRaw}, '', 0, 0, 0, 0, ${statedAt})`.execute(
    tx,
  )
}

export async function saveRevocation(tx: Tx, entry: RevocationEntry, decidedAt: number): Promise<void> {
  const { agent, key, epoch, reason, lastTrusted } = entry
  await sql`INSERT INTO key_revocation VALUES (${agent}, ${key}, ${epoch}, ${lastTrusted.record}, ${lastTrusted.finding},
    ${lastTrusted.reading}, ${reason}, ${decidedAt}) ON CONFLICT (agent, key) DO UPDATE SET epoch = excluded.epoch,
      record = excluded.record, finding = excluded.finding, reading = excluded.reading, reason = excluded.reason,
      decided_at = excluded.decided_at`.execute(tx)
}
