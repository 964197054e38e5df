import { join } from 'node:path'
import { compression } from '#contract/ground/node/compression.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { Random } from '#contract/ground/random.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { countedLink } from '../../agent/sync/counted-link.ts'
import { FetchLink } from '../../agent/sync/fetch-link.ts'
import { claim } from '../../agent/sync/province.ts'
import { Uplink } from '../../agent/sync/uplink.ts'
import { plot, soilMoisture } from '../agent/journal/journal-room.ts'
import { FaultProxy, type LineFaults } from '../world/fault-proxy.ts'
import type { RealProgram } from '../world/real-programs.ts'
import { seededBytes } from '../world/seeded.ts'

/** A line between a box and its province, and what waits on the box when it comes up. */
export interface Line {
  readonly name: string
  readonly faults: Partial<LineFaults>
  /** Readings that wait when the line comes up, as after an outage. */
  readonly backlog: number
  /** How long the box takes a silence for a pause; 45 s on a farm, less here, so that a test lasts seconds. */
  readonly silenceMs: number
}

/**
 * A box without probes over a line of its own: the journal, the uplink and the link of the agent in this process, over
 * real sockets to a gateway process. The test says what was measured.
 */
export class WiredBox {
  readonly acknowledged: string[] = []
  agent = ''
  journal!: Journal
  uplink!: Uplink
  proxy!: FaultProxy
  countedBytes = 0
  readonly #line: Line
  readonly #number: number
  readonly #outside: WiredOutside

  constructor(line: Line, number: number, outside: WiredOutside) {
    this.#line = line
    this.#number = number
    this.#outside = outside
  }

  /** Claims the box and starts it with its backlog. */
  async open(): Promise<void> {
    const { province, farmId, folder, random } = this.#outside
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
      scaled: Math.floor(this.#outside.random() * 30_000),
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

  get name(): string {
    return this.#line.name
  }

  /** Until the province holds all of it; throws with what it waits for when that takes too long. */
  async drained(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const waiting = await this.waiting()
      if (waiting === 0) return
      if (performance.now() > deadline)
        throw new Error(
          `${waiting} entries are stuck on ${this.name}: ${JSON.stringify([this.uplink.state, this.proxy.counts])}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async close(): Promise<void> {
    await this.uplink.stop()
    await this.journal.close()
    await this.proxy.stop()
  }
}

export interface WiredOutside {
  readonly province: RealProgram
  readonly farmId: string
  readonly folder: string
  readonly random: Random
}
