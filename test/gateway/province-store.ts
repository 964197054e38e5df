import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { onTestFinished } from 'vitest'
import type { Clock } from '#contract/ground/clock.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { isEventSignedBy } from '#contract/trace/signed-event.ts'
import { openBody, openEnvelope, type SealedBatch } from '#contract/wire/batch.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import { type Appended, appendBatch, logMigrations, setAside } from '../../gateway/log/log.ts'
import { Province, provinceMigrations } from '../../gateway/log/province.ts'
import { applyBatch } from '../../gateway/projections/apply-batch.ts'
import { applyDecision } from '../../gateway/projections/entries.ts'
import { projectionMigrations } from '../../gateway/projections/migrations.ts'
import { type RebuildProgress, rebuild } from '../../gateway/projections/rebuild.ts'
import { PROJECTION_TABLES } from '../../gateway/projections/tables.ts'
import { migrate, openSqliteStore, type Store } from '../../gateway/store/open-store.ts'
import { withRetry } from '../../gateway/store/retry.ts'
import { DAY, type SignedBox } from './signed-box.ts'

const outside = {
  sha256,
  verifyEvent: (raw: Uint8Array, event: { signed: Uint8Array; signature: Uint8Array }) =>
    isEventSignedBy(event, publicKeyFromRaw(raw)),
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-gateway-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The log and the projections of a province on a real SQLite file, without the HTTP around them. */
export class ProvinceStore {
  readonly store: Store
  readonly province: Province
  /** The gateway's wall clock, which a test may set; it stands still otherwise. */
  wallMs = DAY
  readonly #clock: Clock

  constructor(store: Store, key = secretKeyFromSeed(new Uint8Array(32).fill(0xee))) {
    this.store = store
    this.#clock = {
      wallMs: () => this.wallMs,
      monotonicMs: () => this.wallMs,
      after(_, run) {
        setImmediate(run)
        return () => {}
      },
    }
    const randomBytes = (length: number) => new Uint8Array(length).fill(7)
    this.province = new Province({ key, sha256, compression, clock: this.#clock, randomBytes })
  }

  static async open(path = join(temporaryFolder(), 'gateway.sqlite')): Promise<ProvinceStore> {
    const store = await openSqliteStore(path)
    onTestFinished(() => store.close())
    await migrate(store, [...logMigrations, ...provinceMigrations, ...projectionMigrations])
    return new ProvinceStore(store)
  }

  /** Appends decisions of the province and applies them, as every door of the gateway does. */
  async decide(...bodies: RecordBody[]): Promise<void> {
    await this.#transaction(async (tx) => {
      const { entries } = await this.province.append(tx, bodies)
      for (const entry of entries) await applyDecision(tx, entry)
    })
  }

  async enrol(box: SignedBox, farmId = 'f1', boxCode = 'B0X1'): Promise<void> {
    await this.decide(
      { kind: 'farm', farmId, name: 'Vườn Tám', commune: 'Hàm Thuận', province: 'Lâm Đồng' },
      { kind: 'enrolment', agent: box.agent, publicKey: box.key.publicRaw, boxCode, farmId },
    )
  }

  /** What intake does with a batch whose signature held: one transaction, then the answer. */
  async take(batch: SealedBatch): Promise<Appended> {
    const envelope = openEnvelope(batch.bytes)
    const { agent, epoch, lane, form, from, to } = envelope.header
    const body = openBody(envelope, compression)
    const receivedAt = this.wallMs
    const appended = await this.#transaction(async (tx) => {
      const result = await appendBatch(tx, envelope, batch.bytes, batch.hash, receivedAt)
      if (result === 'stored') {
        const verified = { agent, epoch, lane, form, fromSeq: from, toSeq: to, receivedAt, body }
        await applyBatch(tx, verified, outside)
      }
      return result
    })
    if (appended === 'equivocation')
      await setAside(this.store.db, envelope, batch.bytes, batch.hash, receivedAt)
    return appended
  }

  /** Stores a batch whose body can't be unpacked: its signature held, so it is kept for a later reader. */
  async keep(batch: SealedBatch): Promise<Appended> {
    const envelope = openEnvelope(batch.bytes)
    return this.#transaction((tx) => appendBatch(tx, envelope, batch.bytes, batch.hash, this.wallMs))
  }

  rebuild(): Promise<RebuildProgress> {
    return rebuild(this.store.db, { ...outside, compression, provinceAgent: this.province.agent })
  }

  /**
   * Every row of every projection, in an order that does not depend on when it was written. Packed rows are shown by their
   * views: in which order a box declared its series is where they stand, and nothing of what they say.
   */
  async projections(): Promise<Record<string, string[]>> {
    const dump: Record<string, string[]> = {}
    for (const table of PROJECTION_TABLES) {
      const name = table === 'rollup_part' ? 'rollup' : table === 'latest_part' ? 'latest' : table
      const rows = await this.rows(`SELECT * FROM ${name}`)
      const said = table.startsWith('series') ? rows.map(({ ordinal: _, part: __, ...row }) => row) : rows
      dump[name] = said.map((row) => JSON.stringify(row)).sort()
    }
    return dump
  }

  async rows<Row = Record<string, unknown>>(query: string): Promise<Row[]> {
    return (await sql.raw<Row>(query).execute(this.store.db)).rows
  }

  #transaction<T>(work: Parameters<typeof withRetry<T>>[2]): Promise<T> {
    return withRetry(this.store.db, { clock: this.#clock, random: Math.random }, work)
  }
}
