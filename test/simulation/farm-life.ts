import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#contract/ground/clock.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { Random } from '#contract/ground/random.ts'
import { Agent } from '../../agent/agent.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { enrolmentPath, journalPath, keyPath } from '../../agent/data-folder.ts'
import { writeEnrolment } from '../../agent/enrolment.ts'
import type { JournalThread } from '../../agent/journal/journal-thread.ts'
import type { Link } from '../../agent/sync/link.ts'
import { claim } from '../../agent/sync/province.ts'
import { PretendBroker } from '../world/pretend-broker.ts'
import type { PretendClock } from '../world/pretend-clock.ts'
import { PretendLine } from '../world/pretend-line.ts'
import { GOOD_LINK, PretendLink } from '../world/pretend-link.ts'
import { PretendSlaves } from '../world/pretend-slave.ts'
import { seededBytes } from '../world/seeded.ts'
import { DEMO_GLN, DEMO_GTIN, hours, minutes, seconds } from '../world/world.ts'
import { rotPage } from './crash-clone.ts'
import { FailingDisk } from './failing-disk.ts'
import { Ledger } from './ledger.ts'
import { asBefore, markNewer, markOwn } from './older-box.ts'
import { takePhoto } from './pretend-camera.ts'
import type { ProvinceLife } from './province-life.ts'

/**
 * How busy a farm is. `sparse`: one probe and one node every two hours. `full`: 20 series by the minute, in batches of a
 * quarter of an hour. `eager`: the same series in a batch a minute, as a box sends them by itself, and looks as often as
 * that does: four times as dear to live.
 */
export type Pace = 'sparse' | 'full' | 'eager'

export const PACES = {
  sparse: {
    probeEveryS: 7200,
    batchEveryS: 7200,
    retryLongestS: 3600,
    speaksEveryMs: hours(2),
    reportsEveryMs: hours(6),
    // Where little happens, looking would be most of a farm's life.
    looksEveryMs: minutes(30),
  },
  full: {
    probeEveryS: 60,
    batchEveryS: 900,
    retryLongestS: 900,
    speaksEveryMs: minutes(1),
    reportsEveryMs: minutes(15),
    looksEveryMs: minutes(1),
  },
  eager: {
    probeEveryS: 60,
    batchEveryS: 60,
    retryLongestS: 300,
    speaksEveryMs: minutes(1),
    reportsEveryMs: minutes(5),
    looksEveryMs: seconds(10),
  },
} as const

/** The wall clock of one boot: it ends with the power, and no timer of it runs afterwards. */
class BootClock implements Clock {
  readonly #world: PretendClock
  readonly #bootedMs: number
  offsetMs: number
  isStopped = false

  constructor(world: PretendClock, offsetMs: number) {
    this.#world = world
    this.#bootedMs = world.monotonicMs()
    this.offsetMs = offsetMs
  }

  wallMs(): number {
    return this.#world.wallMs() + this.offsetMs
  }

  monotonicMs(): number {
    return this.#world.monotonicMs() - this.#bootedMs
  }

  after(delayMs: number, run: () => void): () => void {
    if (this.isStopped) return () => {}
    return this.#world.after(delayMs, () => {
      if (!this.isStopped) run()
    })
  }
}

interface Life {
  readonly clock: BootClock
  readonly agent: Agent
  /** On a slow card a start takes its time, and nobody can ask anything of the program until then. */
  isStarted: boolean
}

/**
 * One farm: probes whose every answer has a number of its own, nodes whose every message has one, people who enter
 * harvests, and a box that is switched off in the middle of things. Its numbers are what the checker counts.
 */
export class FarmLife {
  readonly farmId: string
  readonly link: PretendLink
  readonly broker: PretendBroker
  readonly disk: FailingDisk
  readonly ledger = new Ledger()
  readonly cuts: Record<string, number> = {}
  /** By the number that a node's message carries: how often it was delivered, and whether it was acknowledged. */
  readonly messages = new Map<number, { deliveries: number; isAcknowledged: boolean }>()
  /** Lots that a person was told are saved. */
  readonly lots: string[] = []
  /** Photos and thumbnails that a person was told are kept, by their hashes. */
  readonly photos: string[] = []
  readonly breaches: string[] = []
  /** Set by a test that breaks something on purpose. */
  breakDisk: ((thread: JournalThread) => JournalThread) | undefined
  breakAgent: ((agent: Agent) => void) | undefined
  /** How long the power stays away now and then. */
  longestOffMs = hours(48)
  polls = 0
  restarts = 0
  crashes = 0
  clockSteps = 0
  salvages = 0
  upgrades = 0
  refusedDowngrades = 0
  #isTooNew = false
  #failedStarts = 0
  readonly #world: PretendClock
  readonly #random: Random
  readonly #pace: (typeof PACES)[Pace]
  readonly #root: string
  readonly #province: ProvinceLife
  /** Each answer has the next number in the conductivity register, so that no two polls are alike. */
  readonly #slaves = new PretendSlaves(
    new Map([
      [2, this.#unit()],
      [3, this.#unit()],
    ]),
  )
  #folders = 0
  #life: Life | undefined
  #offsetMs = 0
  #isNtpSynchronised = true
  #nextMessage = 1
  #isQuiet = false
  #line: PretendLine | undefined
  #agentId = ''

  constructor(options: {
    number: number
    clock: PretendClock
    random: Random
    folder: string
    pace: Pace
    province: ProvinceLife
    seed: number
  }) {
    const { seed, number, clock, random, folder, pace, province } = options
    this.farmId = `f-${number}`
    this.hasWeather = number % 3 === 1
    this.#world = clock
    this.#random = random
    this.#pace = PACES[pace]
    this.#root = folder
    this.#province = province
    this.link = new PretendLink({ clock, random, handle: (request) => province.handle(request) })
    this.broker = new PretendBroker(clock, {
      onDelivery: ({ payload }) => {
        const row = this.messages.get(numberIn(payload))
        if (row) row.deliveries++
      },
      onAcknowledged: ({ payload }) => {
        const row = this.messages.get(numberIn(payload))
        if (row) row.isAcknowledged = true
      },
    })
    this.disk = new FailingDisk({
      random,
      seed: seed * 101 + number,
      ledger: this.ledger,
      folder: this.#newFolder(),
      newFolder: () => this.#newFolder(),
      onPowerLost: (_folder, cut) => this.#powerLost(cut),
    })
  }

  get agentId(): string {
    return this.#agentId
  }

  get agent(): Agent | undefined {
    return this.#life?.agent
  }

  get #started(): Agent | undefined {
    return this.#life?.isStarted ? this.#life.agent : undefined
  }

  async enrol(province: ProvinceLife): Promise<void> {
    const { gateway } = province
    const { farmId } = this
    const place = { commune: 'Hàm Thạnh', province: 'Lâm Đồng' }
    const product = { productVi: 'Thanh long ruột đỏ', productEn: 'Red-fleshed dragon fruit' }
    const growingArea = { gln: DEMO_GLN, code: 'VN-BTOR-0001' }
    await gateway.decide([
      { kind: 'farm', farmId, name: `Vườn ${farmId}`, ...place },
      { kind: 'allocation', farmId, gtin: DEMO_GTIN, crop: 'dragon-fruit', ...product, growingArea },
    ])
    const key = openKeyFile(keyPath(this.disk.folder))
    const link: Link = { request: (request) => province.handle(request) }
    const answer = await claim(link, key, await gateway.newClaimCode(farmId), 'simulation')
    this.#agentId = answer.agent
    writeEnrolment(enrolmentPath(this.disk.folder), {
      ...answer,
      gateway: 'http://province.pretend',
      allocations: [...answer.allocations],
    })
  }

  /** Power on. `isClockLost`: no RTC, so the box wakes up in 1970. */
  boot({ isClockLost = false }: { isClockLost?: boolean } = {}): void {
    if (this.#life) return
    if (isClockLost) {
      this.#offsetMs = -this.#world.wallMs()
      this.#isNtpSynchronised = false
    }
    const clock = new BootClock(this.#world, this.#offsetMs)
    const agent = this.#newAgent(clock)
    const life: Life = { clock, agent, isStarted: false }
    this.#life = life
    const started = agent.start({ listen: false }).then(() => {
      life.isStarted = true
      this.#failedStarts = 0
      this.breakAgent?.(agent)
      if (this.#isTooNew) this.breaches.push('an older program took what a newer one wrote')
    })
    started.catch((error: Error) => {
      if (this.#life !== life) return
      // As the service manager does: a program that can't start is started again, here ever more seldom, for a card
      // that stays full for days would be most of what is lived.
      clock.isStopped = true
      this.broker.lose()
      this.disk.programDied()
      this.#life = undefined
      this.#world.after(minutes(Math.min(2 ** this.#failedStarts++, MOST_MINUTES_TO_A_START)), () =>
        this.boot(),
      )
      if (this.#isTooNew) {
        this.#isTooNew = false
        if (!/newer Vuon/.test(error.message)) this.breaches.push(`an older program says: ${error.message}`)
        markOwn(journalPath(this.disk.folder))
        this.refusedDowngrades++
        return
      }
      if (!this.#isExpected(error)) this.breaches.push(`the agent does not start: ${error.message}`)
    })
  }

  /** The program stops in good order and starts again over the same files. */
  restart(): void {
    const life = this.#life
    if (!life) return
    this.restarts++
    life.agent.stop().then(
      () => {
        if (this.#life !== life) return
        life.clock.isStopped = true
        this.broker.lose()
        this.#life = undefined
        this.boot()
      },
      (error: Error) => this.breaches.push(`the agent does not stop: ${error.message}`),
    )
  }

  /** Somebody, or a bad time server, sets the wall clock; it is set right again later. */
  stepClock(byMs: number): void {
    this.clockSteps++
    this.#setOffset(this.#offsetMs + byMs)
  }

  ntpAnswers(): void {
    this.#isNtpSynchronised = true
    this.#setOffset(0)
  }

  publish(count: number, qos: 0 | 1): void {
    if (this.#isQuiet) return
    for (let each = 0; each < count; each++) {
      const number = this.#nextMessage++
      if (qos === 1) this.messages.set(number, { deliveries: 0, isAcknowledged: false })
      this.broker.publish(qos === 1 ? 'zigbee2mqtt/lá 1' : 'zigbee2mqtt/lá 2', { illuminance: number }, qos)
    }
  }

  /** One farm in three has a weather node, so that the models have something to think of. */
  readonly hasWeather: boolean

  weather(): void {
    if (this.#isQuiet || !this.hasWeather) return
    const hour = (this.#world.wallMs() / hours(1) + 7) % 24
    const temperature =
      Math.round(270 + 50 * Math.sin(((hour - 9) * Math.PI) / 12) + this.#random() * 20) / 10
    const humidity = Math.round(Math.min(100, 160 - temperature * 3.2 + this.#random() * 15))
    this.broker.publish(`zigbee2mqtt/${WEATHER_NODE}`, { temperature, humidity }, 0)
  }

  /** A person enters a harvest and is told whether it is saved. */
  harvest(): void {
    const agent = this.#started
    if (this.#isQuiet || !agent?.enrolment) return
    const { farmBook } = agent
    const massKg = Math.round(this.#random() * 5000) / 10 + 1
    const input = { plot: 'lo-a', gtin: DEMO_GTIN, massKg, person: 'p-1', isDateConfirmed: true }
    farmBook.recordHarvest({ ...input, harvestedOn: farmBook.today() }).then(
      ({ lot }) => this.lots.push(lot),
      // A full card says no; a person is told and enters it again another day.
      () => {},
    )
  }

  photograph(): void {
    const agent = this.#started
    if (this.#isQuiet || !agent?.enrolment) return
    // A card that is full says no here too.
    takePhoto(agent, this.#random).then(
      (hashes) => this.photos.push(...hashes),
      () => {},
    )
  }

  /** The quota wants room. With `mayLose` also from what the province does not have. */
  makeRoom(keepBytes: number, mayLose: boolean): void {
    this.#started?.journal.makeRoom(keepBytes, { mayLose }).catch(() => {})
  }

  /**
   * The box was a box of before until now: its journal is as that would have left it, and this program takes it over. With
   * `isRotten` a page of its readings is gone by then.
   */
  upgrade(isRotten: boolean): void {
    this.#whileOff((path) => {
      if (!asBefore(path)) return
      this.upgrades++
      if (isRotten) rotPage(path, this.#random, { hasSums: false })
    })
  }

  /** Somebody puts an older program on the card, which must leave alone what a newer one wrote. */
  downgrade(): void {
    this.#whileOff((path) => {
      markNewer(path)
      this.#isTooNew = true
    })
  }

  /** Stops in good order, lets somebody at the card, and starts again. */
  #whileOff(change: (path: string) => void): void {
    const life = this.#life
    // A disk that is about to fail would fail in the wrong hands.
    if (!life || this.disk.isInTrouble) return
    life.agent.stop().then(
      () => {
        if (this.#life !== life) return
        life.clock.isStopped = true
        this.broker.lose()
        this.#life = undefined
        const path = journalPath(this.disk.folder)
        if (existsSync(path)) change(path)
        this.boot()
      },
      (error: Error) => this.breaches.push(`the agent does not stop: ${error.message}`),
    )
  }

  unplugLine(forMs: number): void {
    this.#line?.unplug()
    // The next boot's line is the same cable.
    this.#world.after(forMs, () => {
      if (!this.#isQuiet && this.#line?.faults.isPluggedIn === false) this.#line.plugIn()
    })
  }

  wetLine(faults: Partial<PretendLine['faults']>): void {
    if (this.#line) Object.assign(this.#line.faults, faults)
  }

  /** Everything is well again; nothing new comes in any more. */
  heal(): void {
    this.#isQuiet = true
    this.disk.calm()
    Object.assign(this.link.faults, GOOD_LINK)
    this.ntpAnswers()
    this.#line?.unplug()
    this.boot()
  }

  /** True when the province holds everything that the box has, and no node waits for an answer. */
  async isDrained(): Promise<boolean> {
    const { agentId } = this
    const agent = this.#started
    if (!agent || this.broker.waiting > 0) return false
    const { lanes, waiting } = await agent.journal.state()
    if (waiting > 0 || Object.values(lanes).some((lane) => lane.lastSeq !== lane.durableThrough)) return false
    // One whose finding the card lost stays here: the province takes none that nothing names.
    for (const hash of this.photos)
      if (!this.#province.photo(agentId, hash) && (await this.#province.expectsPhoto(agentId, hash)))
        return false
    return true
  }

  async stop(): Promise<void> {
    await this.#life?.agent.stop()
  }

  /** Why the uplink stands still, if it does. */
  get trouble(): string {
    const state = this.#started?.upstream.state
    return `${state?.phase ?? 'off'}: ${state?.lastError?.code ?? ''} ${state?.lastError?.sentence ?? ''}`
  }

  #powerLost(cut: string): void {
    this.crashes++
    this.cuts[cut] = (this.cuts[cut] ?? 0) + 1
    const life = this.#life
    if (life) life.clock.isStopped = true
    this.#life = undefined
    this.broker.lose()
    this.#line?.close()
    const isClockLost = this.#random() < 0.25
    const offMs = Math.min(this.longestOffMs, hours(this.#random() < 0.1 ? 48 : 2))
    this.#world.after(minutes(1) + this.#random() * offMs, () => {
      if (this.#random() < 0.2) this.disk.cutIn(1 + Math.floor(this.#random() * 5))
      this.boot({ isClockLost: isClockLost && !this.#isQuiet })
      if (isClockLost) this.#world.after(this.#random() * hours(12), () => this.ntpAnswers())
    })
  }

  #setOffset(offsetMs: number): void {
    this.#offsetMs = offsetMs
    if (this.#life) this.#life.clock.offsetMs = offsetMs
  }

  #isExpected(error: Error): boolean {
    return this.disk.fullAfterPages !== undefined && /room|full/i.test(error.message)
  }

  #newFolder(): string {
    const folder = join(this.#root, `${this.farmId}-${++this.#folders}`)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  #newAgent(clock: BootClock): Agent {
    const { disk } = this
    const { probeEveryS, batchEveryS, retryLongestS, reportsEveryMs, looksEveryMs } = this.#pace
    const probes = [
      { name: 'soil-a', profile: 'cwt-soil-7in1', unit: 2, everyS: probeEveryS, place: 'Lô A' },
      { name: 'soil-b', profile: 'cwt-soil-7in1', unit: 3, everyS: probeEveryS, place: 'Lô B' },
    ]
    const config = agentConfigSchema.parse({
      dataDir: disk.folder,
      plots: [{ id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2 }],
      devices: { [WEATHER_NODE]: { place: 'Lô A' } },
      buses: [
        {
          kind: 'serial',
          name: 'line-1',
          path: '/dev/pretend',
          probes: this.#pace === PACES.sparse ? probes.slice(0, 1) : probes,
        },
        { kind: 'mqtt-broker', name: 'broker', port: 0 },
      ],
      sync: { batchEveryS, retryLongestS },
      photos: { models: 'none' },
    })
    return new Agent(config, {
      clock,
      random: this.#random,
      randomBytes: seededBytes(this.#random),
      openLine: (_bus, settings) => {
        this.#line = new PretendLine({
          clock: this.#world,
          random: this.#random,
          slaves: this.#slaves,
          settings,
          ...(this.#line ? { faults: this.#line.faults } : {}),
        })
        return this.#line
      },
      openSource: (bus) => this.broker.source(bus.name),
      linkTo: () => untilPowerCut(this.link, clock),
      schedule: (_cron, _zone, run) => {
        let cancel = clock.after(reportsEveryMs, tick)
        const isQuiet = () => this.#isQuiet
        function tick() {
          cancel = clock.after(reportsEveryMs, tick)
          if (!isQuiet()) run()
        }
        return () => cancel()
      },
      isNtpSynchronised: () => this.#isNtpSynchronised,
      log: {
        info: () => {},
        warn: () => {},
        error: (facts) => {
          if ('setAside' in facts) this.salvages++
        },
      },
      program: 'simulation',
      isJournalInWorker: false,
      openJournalThread: (path) => {
        const thread = disk.openThread(path, clock)
        return this.breakDisk?.(thread) ?? thread
      },
      withProcessMetrics: false,
      looksEveryMs,
    })
  }

  #unit() {
    const weather = [312, 271, 0, 62, 40, 21, 77]
    return {
      input: () => undefined,
      holding: (address: number) => {
        if (address === 0) this.polls++
        if (address === 2) return this.polls % POLL_NUMBERS
        return weather[address]
      },
    }
  }
}

const WEATHER_NODE = 'trạm'

const MOST_MINUTES_TO_A_START = 60

/** Numbers of polls begin at nought again after so many; the register holds sixteen bits. */
export const POLL_NUMBERS = 60_000

/** A box without power asks nothing and hears nothing. */
const untilPowerCut = (link: Link, clock: BootClock): Link => ({
  request: async (request) => {
    try {
      const answer = await link.request(request)
      return clock.isStopped ? await new Promise<never>(() => {}) : answer
    } catch (error) {
      if (clock.isStopped) await new Promise<never>(() => {})
      throw error
    }
  },
})

const numberIn = (payload: Uint8Array): number =>
  (JSON.parse(new TextDecoder().decode(payload)) as { illuminance: number }).illuminance
