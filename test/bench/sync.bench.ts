/**
 * What sync costs: bytes a reading beside Sparkplug B, and how long a backlog of a week takes over a slow line.
 *
 *   npm run bench -- sync [--out] [DAYS]
 *
 * The drain is in pretend time (the real journal, uplink and gateway; the line is a rate and a latency), so that the
 * figures do not depend on the machine. Sizes are counted, not timed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { FastifyInstance } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { BATCH_TYPE, openBody, openEnvelope } from '#contract/wire/batch.ts'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import type { Reading, RecordBody } from '#contract/wire/records.ts'
import { Journal } from '../../agent/journal/journal.ts'
import type { Link, LinkAnswer, LinkRequest } from '../../agent/sync/link.ts'
import { claim } from '../../agent/sync/province.ts'
import { Uplink } from '../../agent/sync/uplink.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { SignedBox } from '../gateway/signed-box.ts'
import { PretendClock } from '../world/pretend-clock.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'
import { sayFigure } from './figures.ts'

const [days = 7] = process.argv.slice(2).map(Number)
const SERIES = 20
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const START = Date.UTC(2026, 10, 16)
const RESOLUTION = 0.1

/**
 * Twenty probes, each asked once a minute at its own moment of the second; what arrives is up to 300 ms early or late,
 * and the value wanders by a tenth or two.
 */
class Shed {
  readonly #random = seededRandom(1)
  readonly #phases = Array.from({ length: SERIES }, () => Math.floor(this.#random() * MINUTE_MS))
  readonly #scaled = Array.from({ length: SERIES }, () => Math.round(200 + 600 * this.#random()))

  /** In the order of arrival. */
  minute(fromT: number): Reading[] {
    return this.#phases
      .map((phase, index) => {
        const scaled = (this.#scaled[index] ?? 0) + Math.round(3 * this.#random() - 1.5)
        this.#scaled[index] = scaled
        const t = Math.round(fromT + phase + 600 * this.#random() - 300)
        return { seriesNo: index + 1, t, scaled, quality: 0 }
      })
      .sort((a, b) => a.t - b.t)
  }
}

// --- bytes a reading ---

/** An NDATA payload of Sparkplug B: each metric with alias, timestamp, datatype and value. */
function sparkplug(readings: readonly Reading[], value: 'float' | 'double', seq: number): Uint8Array {
  const payload = new BinaryWriter()
  payload.tag(1, WireType.Varint).uint64(readings.at(-1)?.t ?? 0)
  for (const { seriesNo, t, scaled } of readings) {
    payload.tag(2, WireType.LengthDelimited).fork()
    payload.tag(2, WireType.Varint).uint64(seriesNo)
    payload.tag(3, WireType.Varint).uint64(t)
    payload.tag(4, WireType.Varint).uint32(value === 'float' ? 9 : 10)
    const number = Number((scaled * RESOLUTION).toFixed(1))
    if (value === 'float') payload.tag(12, WireType.Bit32).float(number)
    else payload.tag(13, WireType.Bit64).double(number)
    payload.join()
  }
  payload.tag(3, WireType.Varint).uint64(seq % 256)
  return payload.finish()
}

/** Lines and heads of a request and its answer, as our link and our gateway write them. */
const httpHeads = (bodyBytes: number): number =>
  `POST /sync/v1/batches HTTP/1.1\r\ncontent-type: ${BATCH_TYPE}\r\ncontent-length: ${bodyBytes}\r\nHost: vuon.lamdong.example\r\nConnection: keep-alive\r\n\r\n`
    .length

function sizes(minutes: number): void {
  const shed = new Shed()
  const [withSeconds, withMs] = [new SignedBox(1), new SignedBox(1)]
  const span = `${minutes} min`
  const sums = { readings: 0, ours: 0, oursMs: 0, oursHttp: 0 }
  const peers: Record<string, number> = {}
  const add = (peer: string, bytes: number) => {
    peers[peer] = (peers[peer] ?? 0) + bytes
  }
  for (let at = 0; at < (24 * 60) / minutes; at++) {
    const readings = Array.from({ length: minutes }, (_, minute) =>
      shed.minute(START + (at * minutes + minute) * MINUTE_MS),
    ).flat()
    const batch = withSeconds.readings(readings).bytes.length
    sums.readings += readings.length
    sums.ours += batch
    sums.oursMs += withMs.readings(readings, { step: 1 }).bytes.length
    sums.oursHttp += batch + httpHeads(batch)
    const bySeries = readings.toSorted((a, b) => a.seriesNo - b.seriesNo || a.t - b.t)
    for (const value of ['float', 'double'] as const) {
      add(`${value}, as they arrive`, gzipSync(sparkplug(readings, value, at), { level: 9 }).length)
      add(`${value}, series by series`, gzipSync(sparkplug(bySeries, value, at), { level: 9 }).length)
      const toTheSecond = readings.map((each) => ({ ...each, t: Math.round(each.t / 1000) * 1000 }))
      add(`${value}, times rounded to 1 s`, gzipSync(sparkplug(toTheSecond, value, at), { level: 9 }).length)
    }
  }
  const each = (bytes: number): number => Number((bytes / sums.readings).toFixed(3))
  const usual = each(peers['double, as they arrive'] ?? 0)
  const best = Math.min(...Object.values(peers).map(each))
  const say = (what: string, bytes: number): void =>
    sayFigure({
      bench: 'sync',
      what: `bytes a reading, ${what}, batches of ${span}`,
      figure: each(bytes),
      unit: 'B',
      floor: usual,
      floorIs:
        'Sparkplug B NDATA + gzip -9 of the same readings: alias, timestamp, datatype, double, as they arrive',
      ratio: Number((each(bytes) / usual).toFixed(3)),
      ratioToBest: Number((each(bytes) / best).toFixed(3)),
    })
  say('envelope and signature included, time step 1 s', sums.ours)
  say('milliseconds kept', sums.oursMs)
  say('with the heads of the HTTP request', sums.oursHttp)
  for (const [peer, bytes] of Object.entries(peers))
    sayFigure({
      bench: 'sync',
      what: `bytes a reading, Sparkplug B + gzip, ${peer}, batches of ${span}`,
      figure: each(bytes),
      unit: 'B',
    })
}

// --- draining a backlog ---

const alarm = (number: number): RecordBody => ({
  ...{ kind: 'alarm', alarmId: `a${number}`, state: 'raised', severity: 'critical', rule: 'above' },
  ...{ name: 'Nóng quá', device: 'probe 1', quantity: 'soil-moisture', facts: { value: 41.2, bound: 38 } },
})

// TCP's three packets, and TLS 1.3 as Node speaks it (a hybrid key of a kilobyte each way): two trips there and back
// before the request. Only the first connection brings the certificates, for the others resume its session.
const TCP_BYTES = 60
const TLS_BYTES = { up: 1800, down: 1300 }
const CERTIFICATES_BYTES = 2500

/** A line of so many bytes a second each way, shared by all requests, in pretend time. */
class RatedLink implements Link {
  isUp = false
  firstMs = Number.NaN
  bytesUp = 0
  bytesDown = 0
  /** How long the way up had something to carry. */
  busyMs = 0
  connections = 0
  /** Connections that are kept and not in use; undefined where a connection costs nothing. */
  #kept: number | undefined
  readonly #clock: PretendClock
  readonly #app: FastifyInstance
  readonly #bytesPerSecond: number
  readonly #latencyMs: number
  readonly onStored: (body: Uint8Array) => void
  #freeAtMs = { up: 0, down: 0 }

  constructor(options: {
    clock: PretendClock
    app: FastifyInstance
    bytesPerSecond: number
    latencyMs: number
    hasTls: boolean
    onStored: (body: Uint8Array) => void
  }) {
    this.#kept = options.hasTls ? 0 : undefined
    this.#clock = options.clock
    this.#app = options.app
    this.#bytesPerSecond = options.bytesPerSecond
    this.#latencyMs = options.latencyMs
    this.onStored = options.onStored
  }

  /** After an outage: nothing of before stands, and counting begins. */
  comesUp(): void {
    this.isUp = true
    this.firstMs = Number.NaN
    Object.assign(this, { bytesUp: 0, bytesDown: 0, busyMs: 0, connections: 0 })
    if (this.#kept !== undefined) this.#kept = 0
  }

  async request(request: LinkRequest): Promise<LinkAnswer> {
    if (!this.isUp) throw new VuonError('link-down', 'the line is down')
    if (Number.isNaN(this.firstMs)) this.firstMs = this.#clock.monotonicMs()
    if (this.#kept !== undefined) await this.#connect()
    const headers = Object.entries(request.headers ?? {})
    const up = 90 + request.path.length + headers.join('\r\n').length + (request.body?.length ?? 0)
    await this.#carry('up', up)
    const answer = await this.#clock.hold(
      this.#app.inject({
        method: request.method,
        url: request.path,
        ...(request.headers ? { headers: request.headers } : {}),
        ...(request.body ? { payload: Buffer.from(request.body) } : {}),
      }),
    )
    if (answer.statusCode === 200 && request.body && request.path === '/sync/v1/batches')
      this.onStored(request.body)
    const answered = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const)
    // Date, connection and keep-alive are added by the server's socket.
    const down = 110 + answered.join('\r\n').length + answer.rawPayload.length
    await this.#carry('down', down)
    if (this.#kept !== undefined) this.#kept++
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(answered),
      body: new Uint8Array(answer.rawPayload),
    }
  }

  async #connect(): Promise<void> {
    if (this.#kept) {
      this.#kept--
      return
    }
    const certificates = this.connections++ === 0 ? CERTIFICATES_BYTES : 0
    await this.#carry('up', TCP_BYTES)
    await this.#carry('down', TCP_BYTES)
    await this.#carry('up', TLS_BYTES.up)
    await this.#carry('down', TLS_BYTES.down + certificates)
  }

  #carry(way: 'up' | 'down', bytes: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const takesMs = (bytes / this.#bytesPerSecond) * 1000
    const freeAtMs = Math.max(nowMs, this.#freeAtMs[way]) + takesMs
    this.#freeAtMs[way] = freeAtMs
    if (way === 'up') {
      this.bytesUp += bytes
      this.busyMs += takesMs
    } else this.bytesDown += bytes
    return new Promise((resolve) => this.#clock.after(freeAtMs + this.#latencyMs - nowMs, resolve))
  }
}

async function drain(line: {
  kbits: number
  latencyMs: number
  batchEveryS: number
  hasAlarms?: boolean
  /** Each connection has to be opened, with the province's certificates; without it they stand already. */
  hasTls?: boolean
  /** The box was on line before the outage and ran through it; otherwise it starts without a line and has to ask first. */
  ranThrough?: boolean
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-bench-'))
  const clock = new PretendClock(START)
  const random = seededRandom(7)
  const outside = { clock, random, randomBytes: seededBytes(random), withProcessMetrics: false }
  const config = { dataDir: join(folder, 'province'), log: 'silent', claimsPerMinute: 1000 }
  const gateway = new Gateway(gatewayConfigSchema.parse(config), outside)
  await gateway.open()
  const app = await gateway.serve()
  await gateway.decide([{ kind: 'farm', farmId: 'f1', name: 'Vườn', commune: 'x', province: 'y' }])

  const key = secretKeyFromSeed(new Uint8Array(32).fill(7))
  let upSinceT = Number.POSITIVE_INFINITY
  let batches = 0
  let batchBytes = 0
  let recordBytes = 0
  let backlog = Number.POSITIVE_INFINITY
  let lastBacklogMs = 0
  const liveMs: number[] = []
  const alarmMs: number[] = []
  const link = new RatedLink({
    ...{ clock, app, latencyMs: line.latencyMs, bytesPerSecond: (line.kbits * 1000) / 8 },
    hasTls: line.hasTls ?? false,
    onStored(bytes) {
      const envelope = openEnvelope(bytes)
      if (envelope.header.lane === 'record') recordBytes += bytes.length
      if (envelope.header.lane === 'record')
        return void alarmMs.push(...due.splice(0).map((t) => journal.now() - t))
      if (envelope.header.form !== 'columns-1') return
      batches++
      batchBytes += bytes.length
      if (envelope.header.from <= backlog) lastBacklogMs = clock.monotonicMs()
      for (const { readings } of decodeSegments(openBody(envelope, compression)))
        for (const { t } of readings) if (t >= upSinceT) liveMs.push(journal.now() - t)
    },
  })
  const due: number[] = []
  link.comesUp()
  const { agent } = await clock.finish(
    gateway
      .newClaimCode('f1')
      .then((code) => claim({ request: (request) => link.request(request) }, key, code, 'bench')),
  )
  link.isUp = false

  const journal = await Journal.open({
    ...{ path: join(folder, 'box.db'), clock, randomBytes: outside.randomBytes },
    ...{ lossWindowMs: 1000, isInWorker: false },
  })
  journal.setTimeQuality('synchronised')
  for (let index = 1; index <= SERIES; index++)
    await journal.declareSeries({
      ...{ device: `probe ${index}`, channel: '', quantity: 'soil-moisture', unit: '%' },
      ...{ resolution: RESOLUTION, timeStepMs: 1000, place: 'Lô A', origin: 'measured' },
    })
  const uplink = new Uplink({
    ...{ agent, outbox: journal, link, key, sha256, compression, clock, random },
    ...{ batchEveryMs: line.batchEveryS * 1000, retryLongestMs: 300_000 },
  })
  uplink.start()
  journal.onRecord(() => uplink.wake())
  const shed = new Shed()
  const append = async (readings: readonly Reading[]) => {
    const stored = journal.appendReadings(readings, 'commit')
    await clock.advance(0)
    await stored
  }
  if (line.ranThrough) {
    link.isUp = true
    await clock.advance(2 * MINUTE_MS)
    link.isUp = false
  }
  for (let hour = 0; hour < days * 24; hour++) {
    const from = journal.now()
    await clock.advance(HOUR_MS)
    const readings: Reading[] = []
    for (let minute = 0; minute < 60; minute++) readings.push(...shed.minute(from + minute * MINUTE_MS))
    await append(readings)
  }
  backlog = (await journal.state()).readings

  // The line comes back, and the shed goes on: each reading is appended when it arrives, an alarm every few seconds.
  link.comesUp()
  const minuteMs = 500
  let arriving: Reading[] = []
  let nextMinuteT = journal.now()
  const isDrained = async (): Promise<boolean> => {
    const { lanes } = await journal.state()
    return !Number.isNaN(link.firstMs) && lanes.reading.durableThrough >= backlog
  }
  let steps = 0
  while (!(await isDrained()) && steps++ < 100_000) {
    if (!Number.isNaN(link.firstMs)) {
      upSinceT = Math.min(upSinceT, journal.now())
      if (line.hasAlarms && steps % 5 === 0) {
        due.push(journal.now())
        const stored = journal.appendRecords([alarm(steps)])
        await clock.advance(0)
        await stored
      }
    }
    if (journal.now() >= nextMinuteT) {
      arriving.push(...shed.minute(nextMinuteT + 1000))
      arriving.sort((a, b) => a.t - b.t)
      nextMinuteT += MINUTE_MS
    }
    const now = arriving.filter(({ t }) => t <= journal.now())
    arriving = arriving.filter(({ t }) => t > journal.now())
    if (now.length > 0) await append(now)
    await clock.advance(minuteMs)
  }
  const tookMs = lastBacklogMs - link.firstMs
  const sentBytes = batchBytes
  const rate = (line.kbits * 1000) / 8
  // Where the line's time went, seconds of the way up: what it carried beside the batches, and when it carried nothing.
  const seconds = (ms: number): number => Number((ms / 1000).toFixed(2))
  const wayUp = {
    records: seconds((recordBytes / rate) * 1000),
    headsAndQuestions: seconds(((link.bytesUp - sentBytes - recordBytes) / rate) * 1000),
    idle: seconds(tookMs - link.busyMs),
  }
  // The last live ones.
  await clock.advance(3 * line.batchEveryS * 1000)

  const floorMs = (sentBytes / rate) * 1000
  const besides = `${line.ranThrough ? ', after an outage' : ''}${line.hasTls ? ', TLS' : ''}${line.hasAlarms ? ', an alarm every 2.5 s' : ''}`
  const on = `${line.kbits} kbit/s, ${2 * line.latencyMs} ms there and back, batches every ${line.batchEveryS} s${besides}`
  const largest = (values: readonly number[]): number =>
    values.reduce((most, value) => Math.max(most, value), 0)
  sayFigure({
    bench: 'sync',
    what: `draining ${days} days of ${SERIES} series at 1/min over ${on}`,
    figure: Number((tookMs / 1000).toFixed(2)),
    unit: 's',
    floor: Number((floorMs / 1000).toFixed(2)),
    floorIs: "the line's time for the bytes of those batches",
    ratio: Number((tookMs / floorMs).toFixed(3)),
    ...{ readings: backlog, batches, bytes: sentBytes, httpBytes: link.bytesUp + link.bytesDown },
    ...{ wayUp, ...(line.hasTls ? { connections: link.connections } : {}) },
  })
  const beyondMs = largest(liveMs) - line.batchEveryS * 1000
  sayFigure({
    bench: 'sync',
    what: `how much later than without a backlog a live reading arrives at most, ${on}`,
    figure: Number((Math.max(0, beyondMs) / 1000).toFixed(2)),
    unit: 's',
    ...{ oldestAtArrivalS: largest(liveMs) / 1000, liveReadings: liveMs.length },
  })
  if (line.hasAlarms)
    sayFigure({
      bench: 'sync',
      what: `an alarm of now arrives after at most, ${on}`,
      figure: Number((largest(alarmMs) / 1000).toFixed(2)),
      unit: 's',
      alarms: alarmMs.length,
    })
  await clock.finish(uplink.stop())
  await clock.finish(journal.close())
  await gateway.stop()
  rmSync(folder, { recursive: true, force: true })
}

for (const minutes of [15, 60]) sizes(minutes)
for (const latencyMs of [0, 50, 150, 300]) await drain({ kbits: 64, latencyMs, batchEveryS: 60 })
await drain({ kbits: 64, latencyMs: 150, batchEveryS: 60, hasTls: true })
await drain({ kbits: 64, latencyMs: 150, batchEveryS: 60, hasTls: true, ranThrough: true })
await drain({ kbits: 64, latencyMs: 50, batchEveryS: 5, hasAlarms: true })
await drain({ kbits: 64, latencyMs: 150, batchEveryS: 5, hasAlarms: true, hasTls: true })
await drain({ kbits: 9.6, latencyMs: 300, batchEveryS: 60 })
await drain({ kbits: 9.6, latencyMs: 300, batchEveryS: 60, hasAlarms: true })
await drain({ kbits: 1000, latencyMs: 300, batchEveryS: 60 })
