/**
 * How many readings a second the gateway takes in, beside the least that any gateway would have to do: check each
 * signature and write the same bytes durably. Run it on an idle machine:
 *
 *   npm run bench -- intake [agents] [hours] [readings an hour of each series]
 *
 * One JSON line a measurement. `share` is the floor's time divided by ours: 1 would be a gateway that costs nothing.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { utf8 } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { isBatchSignedBy, openEnvelope, type SealedBatch } from '#contract/wire/batch.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'
import type { Reading } from '#contract/wire/records.ts'
import { gatewayMigrations } from '../../gateway/gateway.ts'
import { acceptBatch, type IntakeOutside } from '../../gateway/intake/accept-batch.ts'
import { Province } from '../../gateway/log/province.ts'
import { applyBatch } from '../../gateway/projections/apply-batch.ts'
import { applyDecision } from '../../gateway/projections/decisions.ts'
import { enrolmentOf } from '../../gateway/projections/master-data.ts'
import { migrate, openSqliteStore, type Tx } from '../../gateway/store/open-store.ts'
import { withRetry } from '../../gateway/store/retry.ts'
import { SignedBox, seriesEntry } from '../gateway/signed-box.ts'

const [agents = 50, hours = 12, perHour = 60] = process.argv.slice(2).map(Number)
const SERIES = 20
const HOUR_MS = 3_600_000
const readings = agents * hours * SERIES * perHour

const folder = mkdtempSync(join(tmpdir(), 'vuon-bench-'))
const say = (line: object): void => console.log(JSON.stringify(line))

/** Seeded, so that two runs measure the same bytes. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** One hour of slowly wandering values at jittered times, as a shed with twenty probes has them. */
function hourOf(fromT: number, random: () => number): Reading[] {
  return Array.from({ length: SERIES }, (_, index) => {
    let scaled = Math.round(200 + 600 * random())
    return Array.from({ length: perHour }, (_, at) => {
      scaled += Math.round(3 * random() - 1.5)
      const t = fromT + Math.round((at * 3600) / perHour + random()) * 1000
      return { seriesNo: index + 1, t, scaled, quality: 0 }
    })
  }).flat()
}

const startMs = Date.UTC(2026, 10, 23)
const boxes = Array.from({ length: agents }, (_, index) => {
  const key = secretKeyFromSeed(sha256(utf8(`bench ${index}`)))
  const [agent, keyId] = [agentIdOf(key.publicRaw, sha256), keyIdOf(key.publicRaw, sha256)]
  return Object.assign(new SignedBox(), { key, agent, keyId })
})

const declarations: SealedBatch[] = boxes.map((box) =>
  box.records(...Array.from({ length: SERIES }, (_, index) => seriesEntry(index + 1))),
)
// Hour by hour over all boxes, as they come.
const batches: SealedBatch[] = []
const random = chance(1)
for (let hour = 0; hour < hours; hour++)
  for (const box of boxes) batches.push(box.readings(hourOf(startMs + hour * HOUR_MS, random)))
const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)

say({
  machine: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  agents,
  hours,
  series: SERIES,
  perHour,
  readings,
  batches: batches.length,
  bytesAReading: Number((bytes / readings).toFixed(2)),
})

/** Checks each signature and writes the same bytes, each in a durable transaction of its own. */
function floor(): number {
  const database = new Database(join(folder, 'floor.db'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec(
    'CREATE TABLE batch (agent TEXT, from_seq INTEGER, bytes BLOB, PRIMARY KEY (agent, from_seq)) STRICT',
  )
  const keys = new Map(boxes.map((box) => [box.agent, publicKeyFromRaw(box.key.publicRaw)]))
  const insert = database.prepare('INSERT INTO batch VALUES (?, ?, ?)')
  const begun = performance.now()
  for (const batch of batches) {
    const envelope = openEnvelope(batch.bytes)
    const key = keys.get(envelope.header.agent)
    if (!key || !isBatchSignedBy(envelope, key, sha256)) throw new Error('not signed')
    insert.run(envelope.header.agent, envelope.header.from, batch.bytes)
  }
  const ms = performance.now() - begun
  database.close()
  return ms
}

async function intake(atOnce: number): Promise<number> {
  const store = await openSqliteStore(join(folder, `gateway-${atOnce}.db`))
  await migrate(store, gatewayMigrations)
  const outside = { clock: systemClock, random: Math.random }
  const key = secretKeyFromSeed(new Uint8Array(32).fill(9))
  const province = new Province({
    ...outside,
    key,
    sha256,
    compression,
    randomBytes: (n) => new Uint8Array(randomBytes(n)),
  })
  const decide: IntakeOutside['decide'] = async (tx: Tx, bodies) => {
    const { entries } = await province.append(tx, bodies)
    for (const entry of entries) await applyDecision(tx, entry)
  }
  await withRetry(store.db, outside, async (tx) => {
    await decide(tx, [{ kind: 'farm', farmId: 'f', name: 'f', commune: 'c', province: 'p' }])
    for (const [
      index,
      {
        agent,
        key: { publicRaw },
      },
    ] of boxes.entries())
      await decide(tx, [
        { kind: 'enrolment', agent, publicKey: publicRaw, boxCode: `B${index}`, farmId: 'f' },
      ])
  })
  const verifyEvent = () => false
  const door: IntakeOutside = {
    ...outside,
    db: store.db,
    sha256,
    compression,
    publicKeyFromRaw,
    enrolled: enrolmentOf,
    applyBatch: (tx, batch) => applyBatch(tx, batch, { sha256, verifyEvent }),
    decide,
    onBatch: () => {},
  }
  for (const { bytes } of declarations) await acceptBatch(bytes, door)
  const begun = performance.now()
  let next = 0
  const worker = async () => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) await acceptBatch(batch.bytes, door)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const ms = performance.now() - begun
  await store.close()
  return ms
}

try {
  const floorMs = floor()
  const line = (what: string, ms: number) =>
    say({
      what,
      ms: Math.round(ms),
      batchesASecond: Math.round((batches.length / ms) * 1000),
      readingsASecond: Math.round((readings / ms) * 1000),
      share: Number((floorMs / ms).toFixed(3)),
    })
  line('floor', floorMs)
  for (const atOnce of [1, 8]) line(`intake, ${atOnce} at once`, await intake(atOnce))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
