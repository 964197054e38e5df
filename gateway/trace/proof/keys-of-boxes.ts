import { sql } from 'kysely'
import { toBase64Url } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import {
  type KeyList,
  type ListedKey,
  type ListedRevocation,
  type SignedKeyList,
  signKeyList,
} from '#contract/trace/key-list.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { epochHistory } from '../../log/epochs.ts'
import type { Db } from '../../store/open-store.ts'
import { isTrusted } from './ripe-events.ts'

/** Every key of every box, or of some, with where it begins and what was revoked, signed as of now. */
export async function signedKeyList(
  db: Db,
  options: {
    readonly origin: string
    readonly key: SecretKey
    readonly nowMs: number
    readonly agents?: readonly string[]
  },
): Promise<SignedKeyList> {
  const { origin, key, nowMs, agents } = options
  const only =
    agents === undefined ? sql`1 = 1` : agents.length === 0 ? sql`1 = 0` : sql`agent IN (${sql.join(agents)})`
  const { rows } = await sql<{
    agent: string
    public_key: Uint8Array
  }>`SELECT agent, public_key FROM enrolment
    WHERE ${only} ORDER BY agent`.execute(db)
  const boxes: KeyList['boxes'][number][] = []
  for (const { agent, public_key: first } of rows)
    boxes.push({
      agent,
      epochs: (await epochHistory(db, agent)).map(({ epoch }) => epoch),
      keys: await keysOf(db, agent, new Uint8Array(first)),
    })
  return signKeyList({ format: 'vuon/keys/1', origin, issuedAt: isoText(nowMs), boxes }, key)
}

const isoText = (ms: number): string => new Date(ms).toISOString()

interface KeyRow {
  key: string
  public_key: Uint8Array
  epoch: string
  from_record: number
  from_finding: number
  from_reading: number
}

async function keysOf(db: Db, agent: string, firstRaw: Uint8Array): Promise<ListedKey[]> {
  const later =
    await sql<KeyRow>`SELECT key, public_key, epoch, from_record, from_finding, from_reading FROM box_key
    WHERE agent = ${agent} ORDER BY no`.execute(db)
  const revoked = await revocationsOf(db, agent)
  const first = keyIdOf(firstRaw, sha256)
  return [
    { key: first, publicKey: toBase64Url(firstRaw), begins: null, revoked: revoked.get(first) ?? null },
    ...later.rows.map((row) => ({
      key: row.key,
      publicKey: toBase64Url(new Uint8Array(row.public_key)),
      begins:
        row.epoch === ''
          ? null
          : {
              epoch: row.epoch,
              from: { record: row.from_record, finding: row.from_finding, reading: row.from_reading },
            },
      revoked: revoked.get(row.key) ?? null,
    })),
  ]
}

async function revocationsOf(db: Db, agent: string): Promise<Map<string, ListedRevocation>> {
  // The farm signs its own numbers, and not its seqs: so the last event that counts is named by its number as well.
  const { rows } = await sql<{
    key: string
    reason: string
    decided_at: number
    epoch: string
    record: number
    finding: number
    reading: number
    last_event_no: number
  }>`SELECT key, reason, decided_at, epoch, record, finding, reading, coalesce((SELECT max(event_no) FROM event e
      WHERE e.agent = k.agent AND e.key = k.key AND e.is_signature_valid = 1 AND ${isTrusted}), 0) AS last_event_no
    FROM key_revocation k WHERE agent = ${agent}`.execute(db)
  return new Map(
    rows.map(
      ({ key, reason, decided_at: decidedAt, epoch, record, finding, reading, last_event_no: last }) => [
        key,
        {
          reason,
          decidedAt: isoText(decidedAt),
          epoch,
          lastTrusted: { record, finding, reading },
          lastTrustedEventNo: last,
        },
      ],
    ),
  )
}
