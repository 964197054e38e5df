/**
 * How many readings a second the gateway takes in, beside the least that any gateway would have to do: check each
 * signature and write the same bytes durably, one by one. Run it on an idle machine:
 *
 *   npm run bench -- intake [agents] [hours] [readings an hour of each series, with commas]
 *
 * `ratio` is ours to the floor: above 1 the shared commits save more than the projections cost. `aCpuSecond` counts what
 * one core would do if it waited for nothing: on a machine that is shared, the wall clock counts the others' work too.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
import type { IntakeOutside } from '../../gateway/intake/accept-batch.ts'
import { IntakeQueue } from '../../gateway/intake/intake-queue.ts'
import { Province } from '../../gateway/log/province.ts'
import { applyBatch } from '../../gateway/projections/apply-batch.ts'
import { applyDecision } from '../../gateway/projections/decisions.ts'
import { highestDownlink } from '../../gateway/projections/downlinks.ts'
import { enrolmentOf } from '../../gateway/projections/master-data.ts'
import { rebuild } from '../../gateway/projections/rebuild.ts'
import { migrate, openSqliteStore, type Tx } from '../../gateway/store/open-store.ts'
import { withRetry } from '../../gateway/store/retry.ts'
import { SignedBox, seriesEntry } from '../gateway/signed-box.ts'
import { sayFigure } from './figures.ts'

const [agents = 1000, hours = 2] = process.argv.slice(2, 4).map(Number)
const rates = (process.argv[4] ?? '60,5').split(',').map(Number)
const SERIES = 20
const HOUR_MS = 3_600_000

const folder = mkdtempSync(join(tmpdir(), 'vuon-bench-'))

/** Seeded, so that two runs measure the same bytes. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** One hour of slowly wandering values at jittered times, as a shed with twenty probes has them. */
function hourOf(fromT: number, perHour: number, random: () => number): Reading[] {
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
interface Load {
  readonly boxes: readonly SignedBox[]
  readonly declarations: readonly SealedBatch[]
  /** Hour by hour over all boxes, as they come. */
  readonly batches: readonly SealedBatch[]
  readonly readings: number
}

function loadOf(perHour: number): Load {
  const boxes = Array.from({ length: agents }, (_, index) => {
    const key = secretKeyFromSeed(sha256(utf8(`bench ${index}`)))
    const [agent, keyId] = [agentIdOf(key.publicRaw, sha256), keyIdOf(key.publicRaw, sha256)]
    return Object.assign(new SignedBox(), { key, agent, keyId })
  })
  const declarations = boxes.map((box) =>
    box.records(...Array.from({ length: SERIES }, (_, index) => seriesEntry(index + 1))),
  )
  const batches: SealedBatch[] = []
  const random = chance(1)
  for (let hour = 0; hour < hours; hour++)
    for (const box of boxes) batches.push(box.readings(hourOf(startMs + hour * HOUR_MS, perHour, random)))
  return { boxes, declarations, batches, readings: agents * hours * SERIES * perHour }
}

interface Took {
  readonly ms: number
  readonly cpuMs: number
}

async function timed(work: () => void | Promise<void>): Promise<Took> {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { ms: performance.now() - begun, cpuMs: (user + system) / 1000 }
}

/** Checks each signature and writes the same bytes, each in a durable transaction of its own. */
async function floor({ boxes, batches }: Load): Promise<Took> {
  const database = new Database(join(mkdtempSync(join(folder, 'floor-')), 'floor.db'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec(
    'CREATE TABLE batch (agent TEXT, from_seq INTEGER, bytes BLOB, PRIMARY KEY (agent, from_seq)) STRICT',
  )
  const keys = new Map(boxes.map((box) => [box.agent, publicKeyFromRaw(box.key.publicRaw)]))
  const insert = database.prepare('INSERT INTO batch VALUES (?, ?, ?)')
  const took = await timed(() => {
    for (const batch of batches) {
      const envelope = openEnvelope(batch.bytes)
      const key = keys.get(envelope.header.agent)
      if (!key || !isBatchSignedBy(envelope, key, sha256)) throw new Error('not signed')
      insert.run(envelope.header.agent, envelope.header.from, batch.bytes)
    }
  })
  database.close()
  return took
}

async function intake(load: Load, atOnce: number): Promise<{ intake: Took; rebuild: Took }> {
  const { boxes, declarations, batches } = load
  const store = await openSqliteStore(join(mkdtempSync(join(folder, 'gateway-')), 'gateway.db'))
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
    highestDownlink,
    applyBatch: (tx, batch) => applyBatch(tx, batch, { sha256, verifyEvent }),
    decide,
    onBatch: () => {},
  }
  const queue = new IntakeQueue(door)
  for (const { bytes } of declarations) await queue.take(bytes, 'farm')
  let next = 0
  const worker = async () => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) await queue.take(batch.bytes, 'farm')
  }
  const taken = await timed(async () => {
    await Promise.all(Array.from({ length: atOnce }, worker))
  })
  const rebuilt = await timed(async () => {
    await rebuild(store.db, {
      sha256,
      verifyEvent,
      compression,
      provinceAgent: province.agent,
    })
  })
  await store.close()
  return { intake: taken, rebuild: rebuilt }
}

const rate = (count: number, ms: number): number => Math.round((count / ms) * 1000)

try {
  for (const perHour of rates) {
    const load = loadOf(perHour)
    const bytes = load.batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
    const least = await floor(load)
    const say = (what: string, took: Took) =>
      sayFigure({
        bench: 'intake',
        what: `${what}, 1-hour batches of ${SERIES} series at ${perHour}/h from ${agents} agents`,
        figure: rate(load.readings, took.ms),
        unit: 'readings/s',
        floor: rate(load.readings, least.ms),
        floorIs: 'each signature checked, the same bytes inserted and fsynced one by one',
        ratio: Number((least.ms / took.ms).toFixed(3)),
        aCpuSecond: rate(load.readings, took.cpuMs),
        batchesASecond: rate(load.batches.length, took.ms),
        batches: load.batches.length,
        bytesAReading: Number((bytes / load.readings).toFixed(2)),
      })
    say('the floor', least)
    for (const atOnce of [1, 64, 1000]) {
      const { intake: taken, rebuild: rebuilt } = await intake(load, atOnce)
      say(`taken in with all projections, ${atOnce} at once`, taken)
      if (atOnce === 1000) say('rebuilt from the log', rebuilt)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
