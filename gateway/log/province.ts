import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { openEnvelope, sealBatch } from '#contract/wire/batch.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'
import type { RecordBody, RecordEntry } from '#contract/wire/records.ts'
import type { Migration, Tx } from '../store/open-store.ts'
import { WriteConflict } from '../store/retry.ts'
import { appendBatch, lastHash } from './log.ts'

/**
 * The province is an agent too: what is decided here (farms, enrolments, allocations, suspensions) is appended
 * as batches under its own key, so that a rebuild knows it and anybody can check who decided what.
 */
export const provinceMigrations: readonly Migration[] = [
  {
    name: 'province-1',
    statements: ({ tableOptions }) => [
      `CREATE TABLE province_epoch (agent TEXT PRIMARY KEY, epoch TEXT NOT NULL)${tableOptions}`,
    ],
  },
]

export interface AppliedBatch {
  readonly agent: string
  readonly epoch: string
  readonly entries: readonly RecordEntry[]
  readonly fromSeq: number
  readonly receivedAt: number
}

export class Province {
  readonly agent: string
  readonly keyId: string
  readonly key: SecretKey
  readonly #sha256: Sha256
  readonly #compression: Compression
  readonly #clock: Clock
  readonly #boot: string

  constructor(options: {
    key: SecretKey
    sha256: Sha256
    compression: Compression
    clock: Clock
    randomBytes: RandomBytes
  }) {
    this.key = options.key
    this.#sha256 = options.sha256
    this.#compression = options.compression
    this.#clock = options.clock
    this.#boot = toHex(options.randomBytes(8))
    this.agent = agentIdOf(options.key.publicRaw, options.sha256)
    this.keyId = keyIdOf(options.key.publicRaw, options.sha256)
  }

  /** Appends decisions as one batch; the caller applies what is returned within the same transaction. */
  async append(tx: Tx, bodies: readonly RecordBody[]): Promise<AppliedBatch> {
    const epoch = await this.#epoch(tx)
    const { seq, hash: prev } = await lastHash(tx, this.agent, epoch, 'record')
    const receivedAt = Math.round(this.#clock.wallMs())
    const entries = bodies.map(
      (body): RecordEntry => ({ t: receivedAt, boot: this.#boot, clock: 'synchronised', ...body }),
    )
    const header = {
      agent: this.agent,
      key: this.keyId,
      epoch,
      lane: 'record' as const,
      from: seq + 1,
      to: seq + bodies.length,
      prev,
      form: 'entries-1',
    }
    const batch = sealBatch(header, encodeEntries(entries), {
      key: this.key,
      sha256: this.#sha256,
      compression: this.#compression,
    })
    const appended = await appendBatch(tx, openEnvelope(batch.bytes), batch.bytes, batch.hash, receivedAt)
    // Another replica decided in between, and this chain would fork: the whole transaction begins again.
    if (appended !== 'stored') throw new WriteConflict('another decision was appended in between')
    return { agent: this.agent, epoch, entries, fromSeq: seq + 1, receivedAt }
  }

  async #epoch(tx: Tx): Promise<string> {
    // Derived from the key, so that two processes that start at once agree.
    const epoch = toHex(this.#sha256(this.key.publicRaw).subarray(0, 8))
    await sql`INSERT INTO province_epoch VALUES (${this.agent}, ${epoch}) ON CONFLICT (agent) DO NOTHING`.execute(
      tx,
    )
    const { rows } = await sql<{
      epoch: string
    }>`SELECT epoch FROM province_epoch WHERE agent = ${this.agent}`.execute(tx)
    return rows[0]?.epoch ?? epoch
  }
}
