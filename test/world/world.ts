import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { Random } from '#contract/ground/random.ts'
import { Agent } from '../../agent/agent.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { enrolmentPath, keyPath } from '../../agent/data-folder.ts'
import { writeEnrolment } from '../../agent/enrolment.ts'
import type { LinkAnswer, LinkRequest } from '../../agent/sync/link.ts'
import { claim } from '../../agent/sync/province.ts'
import { addPerson } from '../../gateway/accounts/people.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { PretendBroker } from './pretend-broker.ts'
import { OffsetClock, PretendClock } from './pretend-clock.ts'
import { PretendLine } from './pretend-line.ts'
import { PretendLink } from './pretend-link.ts'
import { PretendSlaves, type SlaveUnit, tableUnit } from './pretend-slave.ts'
import { QUICK_PASSWORD, QUICK_PIN } from './quick-hash.ts'
import { temporaryFolder } from './real-services.ts'
import { seededBytes, seededRandom } from './seeded.ts'
import { throughApp } from './through-app.ts'

/**
 * The door to the pretend world: a seeded one, in which the real gateway and real agents run in one process over
 * a pretend clock, serial line, broker and link. Set the options that matter to your test; the rest is a good day.
 *
 *   const world = await World.open({ seed: 7 })
 *   const farm = await world.addFarm()
 *   farm.link.faults = { ...BAD_LINK }
 *   await world.advance(minutes(30))
 */
export const seconds = (count: number): number => count * 1000
export const minutes = (count: number): number => count * 60_000
export const hours = (count: number): number => count * 3_600_000

export const DEMO_GTIN = '09521234567899'
export const DEMO_GLN = '9521234500018'

export class World {
  readonly seed: number
  readonly clock: PretendClock
  readonly random: Random
  readonly folder: string
  gateway: Gateway
  app: FastifyInstance
  readonly farms: Farm[] = []
  #cookie = ''

  static async open(options: { seed: number; startAt?: number }): Promise<World> {
    const folder = temporaryFolder()
    const clock = new PretendClock(options.startAt ?? Date.UTC(2026, 10, 23, 0, 0))
    const random = seededRandom(options.seed)
    const gateway = newGateway(folder, clock, random)
    await gateway.open()
    return new World(options.seed, clock, random, folder, gateway, await gateway.serve())
  }

  private constructor(
    seed: number,
    clock: PretendClock,
    random: Random,
    folder: string,
    gateway: Gateway,
    app: FastifyInstance,
  ) {
    this.seed = seed
    this.clock = clock
    this.random = random
    this.folder = folder
    this.gateway = gateway
    this.app = app
  }

  async close(): Promise<void> {
    for (const farm of this.farms) await this.clock.finish(farm.stop())
    await this.gateway.stop()
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /** The gateway goes down and comes up again over its files; requests in between find nobody. */
  async restartGateway(): Promise<void> {
    await this.gateway.stop()
    this.gateway = newGateway(this.folder, this.clock, this.random)
    await this.gateway.open()
    this.app = await this.gateway.serve()
  }

  async addFarm(options: FarmOptions = {}): Promise<Farm> {
    const farm = new Farm(this, this.farms.length + 1, options)
    this.farms.push(farm)
    await this.clock.finish(farm.enrol())
    await farm.start()
    return farm
  }

  /** What the gateway answers to a box: the request goes through its real HTTP side. */
  handle(request: LinkRequest): Promise<LinkAnswer> {
    return throughApp(this.app, request)
  }

  /** Asks the API as a signed-in person who may see every farm. */
  async ask<T>(path: string): Promise<T> {
    this.#cookie ||= await this.#signIn()
    const answer = await this.app.inject({ url: path, headers: { cookie: this.#cookie } })
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${answer.body}`)
    return answer.json() as T
  }

  /** A page of the app as that person sees it. */
  async read(path: string): Promise<string> {
    this.#cookie ||= await this.#signIn()
    const answer = await this.app.inject({
      url: path,
      headers: { cookie: this.#cookie, accept: 'text/html' },
    })
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`)
    return answer.body
  }

  async #signIn(): Promise<string> {
    const { signIn } = await import('../../gateway/accounts/sessions.ts')
    const [email, password] = ['ky-su@vuon.example', 'thanh long ruột đỏ']
    const person = { email, password, name: 'Kỹ sư', role: 'agronomist', language: 'vi' } as const
    await addPerson(this.gateway.db, { ...person, farmIds: 'all' }, QUICK_PASSWORD)
    const result = await signIn(
      this.gateway.db,
      { email, password },
      { nowMs: this.clock.wallMs(), randomBytes: seededBytes(this.random), sessionMs: hours(24 * 365) },
    )
    if (!('session' in result)) throw new Error('the pretend person can not sign in')
    return `vuon_session=${result.session.token}`
  }
}

export interface FarmOptions {
  /** Further keys of the agent's config, over those of the pretend farm. */
  readonly config?: Record<string, unknown>
  /** How far the box's wall clock is off the province's. */
  readonly clockOffsetMs?: number
  readonly isNtpSynchronised?: boolean
  readonly units?: ReadonlyMap<number, SlaveUnit>
}

/** The registers of the pretend probes, which a test may change while the farm runs. */
export interface Weather {
  airTempC: number
  humidityPct: number
  soilMoisturePct: number
  soilTempC: number
}

export class Farm {
  readonly farmId: string
  readonly link: PretendLink
  readonly broker: PretendBroker
  readonly clock: OffsetClock
  readonly weather: Weather = { airTempC: 29.5, humidityPct: 78, soilMoisturePct: 31.2, soilTempC: 27.1 }
  readonly dataDir: string
  readonly slaves: PretendSlaves
  readonly #world: World
  readonly #options: FarmOptions
  line: PretendLine | undefined
  agent: Agent
  /** Why the agent started anew by itself. */
  readonly restarts: string[] = []
  #startingAnew: Promise<void> = Promise.resolve()

  constructor(world: World, number: number, options: FarmOptions) {
    this.#world = world
    this.#options = options
    this.farmId = `f-${number}`
    this.dataDir = join(world.folder, `box-${number}`)
    mkdirSync(this.dataDir, { recursive: true })
    this.clock = new OffsetClock(world.clock, options.clockOffsetMs ?? 0)
    this.broker = new PretendBroker(world.clock)
    this.slaves = new PretendSlaves(options.units ?? this.#units())
    this.link = new PretendLink({
      clock: world.clock,
      random: world.random,
      handle: (request) => world.handle(request),
    })
    this.agent = this.#newAgent()
  }

  /** Registers the farm at the province and claims its box with a code, as people do. */
  async enrol(): Promise<void> {
    const { gateway } = this.#world
    await gateway.decide([
      {
        kind: 'farm',
        farmId: this.farmId,
        name: `Vườn ${this.farmId}`,
        commune: 'Hàm Thạnh',
        province: 'Lâm Đồng',
      },
      {
        kind: 'allocation',
        farmId: this.farmId,
        gtin: DEMO_GTIN,
        crop: 'dragon-fruit',
        productVi: 'Thanh long ruột đỏ',
        productEn: 'Red-fleshed dragon fruit',
        growingArea: { gln: DEMO_GLN, code: 'VN-BTOR-0001' },
      },
    ])
    const code = await gateway.newClaimCode(this.farmId)
    const key = openKeyFile(keyPath(this.dataDir))
    const answer = await claim(
      { request: (request) => this.#world.handle(request) },
      key,
      code,
      'pretend world',
    )
    writeEnrolment(enrolmentPath(this.dataDir), {
      ...answer,
      gateway: 'http://province.pretend',
      allocations: [...answer.allocations],
    })
  }

  start(): Promise<void> {
    return this.#world.clock.finish(this.agent.start({ listen: false }))
  }

  /** Needs the clock to move; `World.close` and `restart` see to it. */
  async stop(): Promise<void> {
    await this.#startingAnew
    await this.agent.stop()
  }

  /** The agent wants to start anew, as `vuon-agent run` does it; happens while the clock moves on. */
  async #startAnew(): Promise<void> {
    await this.agent.stop()
    this.agent = this.#newAgent()
    await this.agent.start({ listen: false })
  }

  /** The program stops and starts again over the same files. */
  async restart(): Promise<void> {
    await this.#world.clock.finish(this.agent.stop())
    this.agent = this.#newAgent()
    await this.start()
  }

  #newAgent(): Agent {
    const { clock: time, random } = this.#world
    const config = agentConfigSchema.parse({
      dataDir: this.dataDir,
      plots: [{ id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2 }],
      buses: [
        {
          kind: 'serial',
          name: 'line-1',
          path: '/dev/pretend',
          probes: [
            { name: 'air-shed', profile: 'xy-md02', unit: 1, everyS: 60, place: 'Nhà đóng gói' },
            { name: 'soil-a', profile: 'cwt-soil-7in1', unit: 2, everyS: 60, place: 'Lô A' },
          ],
        },
        { kind: 'mqtt-broker', name: 'broker', port: 0 },
      ],
      // What the shipped models say of drawn photos is not the matter of a walk; one brings models of its own.
      photos: { models: 'none' },
      ...this.#options.config,
    })
    return new Agent(config, {
      clock: this.clock,
      random,
      randomBytes: seededBytes(random),
      openLine: (_bus, settings) => {
        this.line = new PretendLine({
          clock: time,
          random,
          slaves: this.slaves,
          settings,
          ...(this.line ? { faults: this.line.faults } : {}),
        })
        return this.line
      },
      openSource: (bus) => this.broker.source(bus.name),
      linkTo: () => this.link,
      schedule: (_cron, _zone, run) => {
        let stop = time.after(minutes(5), function tick() {
          stop = time.after(minutes(5), tick)
          run()
        })
        return () => stop()
      },
      isNtpSynchronised: () => this.#options.isNtpSynchronised ?? true,
      pinCost: QUICK_PIN,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      program: 'pretend world',
      isJournalInWorker: false,
      withProcessMetrics: false,
      restart: (why) => {
        this.restarts.push(why)
        this.#startingAnew = this.#startAnew()
      },
    })
  }

  #units(): ReadonlyMap<number, SlaveUnit> {
    const u16 = (value: number) => Math.round(value) & 0xffff
    const { weather } = this
    return new Map([
      [
        1,
        tableUnit({
          input: live({ 1: () => u16(weather.airTempC * 10), 2: () => u16(weather.humidityPct * 10) }),
        }),
      ],
      [
        2,
        tableUnit({
          holding: live({
            0: () => u16(weather.soilMoisturePct * 10),
            1: () => u16(weather.soilTempC * 10),
            2: () => 450,
            3: () => 62,
            4: () => 40,
            5: () => 21,
            6: () => 77,
          }),
        }),
      ],
    ])
  }
}

/** A table whose contents are looked up when they are read. */
function live(registers: Record<number, () => number>): Record<number, number> {
  return Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(registers).map(([address, get]) => [address, { get, enumerable: true }]),
    ),
  ) as Record<number, number>
}

function newGateway(folder: string, clock: PretendClock, random: Random): Gateway {
  const config = gatewayConfigSchema.parse({
    dataDir: join(folder, 'province'),
    publicUrl: 'https://vuon.example',
    log: 'silent',
    claimsPerMinute: 10_000,
  })
  return new Gateway(config, { clock, random, randomBytes: seededBytes(random), withProcessMetrics: false })
}
