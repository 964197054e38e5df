import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compression } from '#contract/ground/node/compression.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { countedLink } from '../../agent/sync/counted-link.ts'
import { FetchLink } from '../../agent/sync/fetch-link.ts'
import { claim } from '../../agent/sync/province.ts'
import { Uplink } from '../../agent/sync/uplink.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { plot, soilMoisture } from '../agent/journal/journal-room.ts'
import { FaultProxy, kbits, type LineFaults } from '../world/fault-proxy.ts'
import { readingsAtProvince } from '../world/kept.ts'
import { newProvince, type RealProgram } from '../world/real-programs.ts'
import { temporaryFolder } from '../world/real-services.ts'
import { seededBytes, seededRandom, seedFromEnvironment } from '../world/seeded.ts'

/**
 * The agent's journal, uplink and link over real sockets and a bad line to a gateway process. What the pretend link of
 * the other tests can't show: connections that are reset in the middle of a body, that take everything and say nothing,
 * that hand on a few bytes at a time, or that carry a kilobyte a second.
 */
interface Line {
  readonly name: string
  readonly faults: Partial<LineFaults>
  /** Readings that wait when the line comes up, as after an outage. */
  readonly backlog: number
  readonly silenceMs: number
}

// Silence is a second here and 45 on a farm, so that the test lasts seconds.
const LINES: readonly Line[] = [
  {
    name: '64 kbit/s',
    faults: { bytesPerSecond: kbits(64), latencyMs: 80 },
    backlog: 12_000,
    silenceMs: 5000,
  },
  {
    name: '9.6 kbit/s',
    faults: { bytesPerSecond: kbits(9.6), latencyMs: 200 },
    backlog: 1000,
    silenceMs: 5000,
  },
  {
    name: 'three in ten connections lost, handed on in crumbs',
    faults: { loseConnection: 0.3, connectionBytes: 6000, pieceBytes: 29, latencyMs: 5 },
    backlog: 2000,
    silenceMs: 3000,
  },
  {
    name: 'three in ten connections half-open',
    faults: { halfOpen: 0.3, connectionBytes: 6000, latencyMs: 5 },
    backlog: 2000,
    silenceMs: 500,
  },
  {
    name: 'each connection reset after some kilobytes, in the middle of bodies',
    faults: { connectionBytes: 10_000, latencyMs: 5 },
    backlog: 4000,
    silenceMs: 2000,
  },
]
const LIVE_MS = 4000
const STEP_MS = 100

const seed = seedFromEnvironment()
const random = seededRandom(seed)
const folder = temporaryFolder()
let province: RealProgram
let farmId = ''

beforeAll(async () => {
  console.log(`network: VUON_SEED=${seed}`)
  province = await newProvince(folder)
  await province.start()
  const added = await province.command<{ farmId: string }>(
    ...['farm', 'add', '--name', 'Vườn Hai Lúa', '--commune', 'Hàm Thạnh', '--province', 'Lâm Đồng'],
  )
  farmId = added.farmId
}, 30_000)
afterAll(() => province.kill())

/** A box without probes: the test says what was measured. */
class WiredBox {
  readonly acknowledged: string[] = []
  agent = ''
  journal!: Journal
  uplink!: Uplink
  proxy!: FaultProxy
  countedBytes = 0
  readonly #line: Line
  readonly #number: number

  constructor(line: Line, number: number) {
    this.#line = line
    this.#number = number
  }

  async open(): Promise<void> {
    const key = secretKeyFromSeed(new Uint8Array(32).fill(this.#number + 1))
    const { code } = await province.command<{ code: string }>('claim-code', '--farm', farmId)
    this.agent = (await claim(new FetchLink(province.url), key, code, 'test')).agent
    this.journal = await Journal.open({
      path: join(folder, `box-${this.#number}.db`),
      clock: systemClock,
      randomBytes: seededBytes(random),
      lossWindowMs: 50,
      isInWorker: false,
    })
    this.journal.setTimeQuality('synchronised')
    await this.measure(this.#line.backlog)
    await this.journal.appendRecords([plot(this.#number)])
    const { faults, silenceMs } = this.#line
    this.proxy = new FaultProxy({ targetPort: Number(new URL(province.url).port), random, faults })
    const link = new FetchLink(await this.proxy.start(), { patience: { silenceMs, connectMs: 2000 } })
    this.uplink = new Uplink({
      agent: this.agent,
      outbox: this.journal,
      link: countedLink(link, {
        isTls: false,
        clock: systemClock,
        onBytes: (bytes) => {
          this.countedBytes += bytes
        },
      }),
      key,
      sha256,
      compression,
      clock: systemClock,
      random,
      batchEveryMs: 300,
      retryLongestMs: 1000,
    })
    this.uplink.start()
  }

  async measure(count: number): Promise<void> {
    const { no, uuid, resolution, timeStepMs } = await this.journal.declareSeries(soilMoisture)
    const lastT = Math.round(this.journal.now() / timeStepMs) * timeStepMs
    // Values that no compression makes small, so that there is something to carry.
    const readings = Array.from({ length: count }, (_, index) => ({
      seriesNo: no,
      t: lastT - (count - index) * 1000,
      scaled: Math.floor(random() * 30_000),
      quality: 0,
    }))
    await this.journal.appendReadings(readings, 'commit')
    for (const { t, scaled } of readings)
      this.acknowledged.push(`${uuid} ${t} ${Number((scaled * resolution).toPrecision(12))}`)
  }

  async waiting(): Promise<number> {
    const { lanes } = await this.journal.state()
    return Object.values(lanes).reduce((sum, lane) => sum + lane.lastSeq - lane.durableThrough, 0)
  }

  async close(): Promise<void> {
    await this.uplink.stop()
    await this.journal.close()
    await this.proxy.stop()
  }
}

describe('over a bad line to a real gateway', () => {
  test('everything arrives once, whatever the line does to connections', async () => {
    const boxes = LINES.map((line, number) => new WiredBox(line, number))
    await Promise.all(boxes.map((box) => box.open()))
    const rssBefore = process.memoryUsage().rss
    for (let passed = 0; passed < LIVE_MS; passed += STEP_MS) {
      await Promise.all(boxes.map((box) => box.measure(1)))
      await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    }
    const deadline = performance.now() + 25_000
    for (const [index, box] of boxes.entries()) {
      while ((await box.waiting()) > 0) {
        const { name } = LINES[index] as Line
        expect(
          performance.now(),
          `VUON_SEED=${seed}: ${await box.waiting()} entries are stuck on ${name}: ${JSON.stringify(box.uplink.state)}`,
        ).toBeLessThan(deadline)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    const grownBytes = process.memoryUsage().rss - rssBefore
    for (const box of boxes) await box.close()
    await province.stop()

    const gateway = new Gateway(
      gatewayConfigSchema.parse({ dataDir: join(folder, 'province'), log: 'silent' }),
      { clock: systemClock, random, randomBytes: seededBytes(random), withProcessMetrics: false },
    )
    await gateway.open()
    for (const [index, box] of boxes.entries()) {
      const { name, faults } = LINES[index] as Line
      expect(await readingsAtProvince(gateway, box.agent), `${name}, VUON_SEED=${seed}`).toEqual(
        box.acknowledged.sort(),
      )
      const { counts } = box.proxy
      // The line did what its name says, and the box kept to a handful of connections all the while.
      if (faults.loseConnection || faults.connectionBytes) expect(counts.lost, name).toBeGreaterThan(0)
      if (faults.halfOpen) expect(counts.halfOpen, name).toBeGreaterThan(0)
      expect(counts.mostOpen, name).toBeLessThanOrEqual(2 * 4)
      // What the budget counts is not less than what went over the line.
      expect(box.countedBytes, name).toBeGreaterThanOrEqual(counts.bytesUp + counts.bytesDown)
    }
    await gateway.stop()
    expect(grownBytes).toBeLessThan(120e6)
  }, 60_000)
})
