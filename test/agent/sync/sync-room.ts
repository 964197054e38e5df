import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import { toHex, utf8 } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import type { Random } from '#contract/ground/random.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import type { BatchHeader, Lane, PlotEntry, RecordEntry } from '#contract/wire/records.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import type { Link, LinkAnswer, LinkRequest } from '../../../agent/sync/link.ts'
import { claim } from '../../../agent/sync/province.ts'
import { Uplink } from '../../../agent/sync/uplink.ts'
import { gatewayConfigSchema } from '../../../gateway/config.ts'
import { Gateway } from '../../../gateway/gateway.ts'
import { batchBytes, readLog } from '../../../gateway/log/log.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { PretendLink } from '../../world/pretend-link.ts'
import { seededBytes, seededRandom } from '../../world/seeded.ts'
import { throughApp } from '../../world/through-app.ts'
import { plot, soilMoisture } from '../journal/journal-room.ts'

export const START = Date.UTC(2026, 10, 23)
export const BATCH_EVERY_MS = 60_000
export const RETRY_LONGEST_MS = 300_000

export const seconds = (count: number): number => count * 1000
export const minutes = (count: number): number => count * 60_000
export const hours = (count: number): number => count * 3_600_000

/** What the gateway has of one batch. */
export interface Held extends BatchHeader {
  readonly names: readonly string[]
  readonly hash: string
}

/** The real gateway behind a pretend link, in pretend time. */
export class Province {
  readonly clock = new PretendClock(START)
  readonly random: Random
  readonly #folder: string
  #gateway: Gateway
  #app: FastifyInstance | undefined

  static async open(seed = 1): Promise<Province> {
    const province = new Province(seed)
    await province.restart()
    onTestFinished(() => province.#gateway.stop())
    await province.#gateway.decide([
      { kind: 'farm', farmId: 'f1', name: 'Vườn Tám', commune: 'Hàm Thạnh', province: 'Lâm Đồng' },
    ])
    return province
  }

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.#folder = mkdtempSync(join(tmpdir(), 'vuon-sync-'))
    onTestFinished(() => rmSync(this.#folder, { recursive: true, force: true }))
    this.#gateway = this.#newGateway()
  }

  get folder(): string {
    return this.#folder
  }

  get db() {
    return this.#gateway.db
  }

  async restart(): Promise<void> {
    if (this.#app) await this.#gateway.stop()
    this.#gateway = this.#newGateway()
    await this.#gateway.open()
    this.#app = await this.#gateway.serve()
  }

  /** The request goes through the gateway's real HTTP side. */
  handle(request: LinkRequest): Promise<LinkAnswer> {
    return throughApp(this.#app!, request)
  }

  async claim(key: SecretKey): Promise<string> {
    const code = await this.#gateway.newClaimCode('f1')
    const link = { request: (request: LinkRequest) => this.handle(request) }
    return (await claim(link, key, code, 'test')).agent
  }

  get gateway(): Gateway {
    return this.#gateway
  }

  /** Every batch of a box in the order in which it was stored. */
  async held(agent: string): Promise<Held[]> {
    const held: Held[] = []
    for await (const row of readLog(this.db)) {
      if (row.agent !== agent) continue
      const stored = await batchBytes(this.db, row.agent, row.epoch, row.lane, row.fromSeq)
      const envelope = openEnvelope(stored!.bytes)
      held.push({
        ...envelope.header,
        names: namesOf(envelope.header, openBody(envelope, compression)),
        hash: toHex(sha256(stored!.bytes)),
      })
    }
    return held
  }

  async names(agent: string): Promise<string[]> {
    return (await this.held(agent)).flatMap((batch) => batch.names)
  }

  /** Readings that the projections count: what a chart would show. */
  async charted(agent: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`SELECT coalesce(sum(count), 0) AS count FROM rollup
      WHERE agent = ${agent} AND span = 'd'`.execute(this.db)
    return Number(rows[0]?.count ?? 0)
  }

  #newGateway(): Gateway {
    const config = gatewayConfigSchema.parse({
      dataDir: join(this.#folder, 'province'),
      publicUrl: 'https://vuon.example',
      log: 'silent',
      claimsPerMinute: 10_000,
    })
    return new Gateway(config, {
      clock: this.clock,
      random: this.random,
      randomBytes: seededBytes(this.random),
      withProcessMetrics: false,
    })
  }
}

/** Readings by their value, plots by their name, the rest by its kind. */
function namesOf({ form }: BatchHeader, body: Uint8Array): string[] {
  if (form === 'columns-1')
    return decodeSegments(body).flatMap(({ readings }) => readings.map(({ scaled }) => `r${scaled}`))
  return decodeEntries(body).map((entry) => nameOf(entry))
}

const nameOf = (entry: RecordEntry): string =>
  entry.kind === 'plot' ? (entry as RecordEntry & PlotEntry).plot : entry.kind

/** Answers in the gateway's place while a test wants it: a captive portal, an overloaded server, a wrong proxy. */
export type Interference = (request: LinkRequest) => LinkAnswer | Promise<LinkAnswer> | undefined

/** A box with the real journal and the real uplink, and no probes: the test says what was measured. */
export class Box {
  readonly province: Province
  readonly key: SecretKey
  readonly pretendLink: PretendLink
  readonly requests: { readonly atMs: number; readonly path: string; readonly body?: Uint8Array }[] = []
  /** What was acknowledged to a source or a person, in order. */
  readonly acked: string[] = []
  agent = ''
  interfere: Interference = () => undefined
  equivocations = 0
  /** What the budget holds back while a test wants it. */
  heldBack: ReadonlySet<string> = new Set()
  journal!: Journal
  uplink!: Uplink
  path: string
  #seriesNo = 0
  #next = 0

  static async open(province: Province, options: { seed?: number; isUp?: boolean } = {}): Promise<Box> {
    const box = new Box(province, options.seed ?? 7)
    box.agent = await province.claim(box.key)
    box.pretendLink.faults = { ...box.pretendLink.faults, isUp: options.isUp ?? true }
    await box.start()
    onTestFinished(() => box.stop())
    return box
  }

  constructor(province: Province, seed: number) {
    this.province = province
    this.key = secretKeyFromSeed(new Uint8Array(32).fill(seed))
    this.path = join(province.folder, `box-${seed}-${Math.floor(province.random() * 1e9)}.db`)
    this.pretendLink = new PretendLink({
      clock: province.clock,
      random: province.random,
      handle: (request) => province.handle(request),
    })
  }

  get clock(): PretendClock {
    return this.province.clock
  }

  get link(): Link {
    return {
      request: async (request) => {
        this.requests.push({
          atMs: this.clock.monotonicMs(),
          path: request.path.split('?')[0]!,
          ...(request.body ? { body: request.body } : {}),
        })
        return (await this.interfere(request)) ?? this.pretendLink.request(request)
      },
    }
  }

  get batchRequests(): Uint8Array[] {
    return this.requests.filter(({ path }) => path === '/sync/v1/batches').map(({ body }) => body!)
  }

  set isUp(isUp: boolean) {
    this.pretendLink.faults = { ...this.pretendLink.faults, isUp }
  }

  async start(): Promise<void> {
    this.journal = await Journal.open({
      path: this.path,
      clock: this.clock,
      randomBytes: seededBytes(this.province.random),
      lossWindowMs: 1000,
      isInWorker: false,
    })
    this.journal.setTimeQuality('synchronised')
    this.#seriesNo = (await this.journal.declareSeries(soilMoisture)).no
    this.startUplink()
  }

  startUplink(): void {
    this.uplink = new Uplink({
      agent: this.agent,
      outbox: this.journal,
      link: this.link,
      key: this.key,
      sha256,
      compression,
      clock: this.clock,
      random: this.province.random,
      batchEveryMs: BATCH_EVERY_MS,
      retryLongestMs: RETRY_LONGEST_MS,
      budget: {
        mayGo: (cargo) => !this.heldBack.has(cargo),
        holdback: (cargo) =>
          this.heldBack.has(cargo) ? { reason: 'day', until: this.journal.now() + hours(1) } : null,
      },
      onEquivocation: () => {
        this.equivocations++
      },
    })
    const { uplink } = this
    this.journal.onRecord(() => uplink.wake())
    uplink.start()
  }

  async stop(): Promise<void> {
    await this.uplink.stop()
    await this.journal.close()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** The power goes: the program does not get to say goodbye, and what is on the disk is what there is. */
  async cutPower(): Promise<void> {
    const copy = `${this.path}-${Math.floor(this.province.random() * 1e9)}`
    for (const suffix of ['', '-wal']) {
      if (existsSync(this.path + suffix)) copyFileSync(this.path + suffix, copy + suffix)
    }
    await this.stop()
    this.path = copy
    await this.start()
  }

  /** A copy of the card as it is now, in another box. */
  async copyCard(): Promise<Box> {
    const copy = new Box(this.province, 7)
    copy.agent = this.agent
    for (const suffix of ['', '-wal']) {
      if (existsSync(this.path + suffix)) copyFileSync(this.path + suffix, copy.path + suffix)
    }
    copy.#next = 1_000_000
    onTestFinished(() => copy.stop())
    return copy
  }

  /** `count` readings that the source was told are safe; `isUneven`: such as no compression makes small. */
  async measure(count: number, { isUneven = false } = {}): Promise<void> {
    const readings = Array.from({ length: count }, () => ({
      seriesNo: this.#seriesNo,
      t: this.journal.now(),
      scaled: ++this.#next * (isUneven ? 1009 : 1),
      quality: 0,
    }))
    if (isUneven) shuffle(readings, this.province.random)
    const stored = this.journal.appendReadings(readings, 'commit')
    await this.clock.advance(0)
    await stored
    this.acked.push(...readings.map(({ scaled }) => `r${scaled}`))
  }

  /** A record that a person was told is saved. */
  async register(): Promise<string> {
    const number = ++this.#next
    const stored = this.journal.appendRecords([plot(number)])
    await this.clock.advance(0)
    await stored
    this.acked.push(`lo-${number}`)
    return `lo-${number}`
  }

  /** Readings once a minute for so long, in chunks that are quick to pretend. */
  async liveFor(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += minutes(1)) {
      await this.measure(1)
      await this.clock.advance(minutes(1))
    }
  }

  async waiting(lane: Lane): Promise<number> {
    const { lastSeq, durableThrough } = (await this.journal.state()).lanes[lane]
    return lastSeq - durableThrough
  }

  /** Until the province holds everything, or the time is over. */
  async drained(withinMs = hours(2)): Promise<boolean> {
    for (let passed = 0; passed < withinMs; passed += minutes(1)) {
      const waiting = (await this.waiting('record')) + (await this.waiting('reading'))
      if (waiting === 0) return true
      await this.clock.advance(minutes(1))
    }
    return false
  }
}

function shuffle(list: unknown[], random: Random): void {
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[list[at], list[other]] = [list[other], list[at]]
  }
}

export const html = (status: number, headers: Record<string, string> = {}): LinkAnswer => ({
  status,
  headers: { 'content-type': 'text/html', ...headers },
  body: utf8('<!doctype html><title>Wi-Fi miễn phí</title><form>Đăng nhập</form>'),
})

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): LinkAnswer => ({
  status,
  headers,
  body: utf8(JSON.stringify(value)),
})

/** Each thing that was acknowledged, once. */
export const onlyMeasured = (names: readonly string[]): string[] =>
  names.filter((name) => /^(r|lo-)\d/.test(name)).sort()

/** After each step, marks have only grown. */
export async function expectGrowing<Step>(
  box: Box,
  steps: readonly Step[],
  take: (step: Step) => Promise<void>,
): Promise<void> {
  let marks = { record: 0, reading: 0 }
  for (const step of steps) {
    await take(step)
    const { lanes } = await box.journal.state()
    const now = { record: lanes.record.durableThrough, reading: lanes.reading.durableThrough }
    expect(now.record).toBeGreaterThanOrEqual(marks.record)
    expect(now.reading).toBeGreaterThanOrEqual(marks.reading)
    marks = now
  }
}

/** Sealed once: a range is never sent with other bytes. */
export function expectSealedOnce(box: Box): void {
  const byRange = new Map<string, string>()
  for (const body of box.batchRequests) {
    const { lane, epoch, from } = openEnvelope(body).header
    const key = `${epoch} ${lane} ${from}`
    const hash = toHex(sha256(body))
    expect(byRange.get(key) ?? hash).toBe(hash)
    byRange.set(key, hash)
  }
}
