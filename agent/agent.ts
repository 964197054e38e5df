import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { type Clock, every } from '#contract/ground/clock.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { Alarms } from './advice/alarms.ts'
import { AlarmDesk } from './alarm-desk.ts'
import { boxOverview } from './box-overview.ts'
import type { AgentConfig } from './config.ts'
import { CounterFile } from './counter-file.ts'
import { countersPath, enrolmentPath, journalPath, keyPath, photosPath } from './data-folder.ts'
import type { Enrolment } from './enrolment.ts'
import { FarmBook } from './farm-book/farm-book.ts'
import { ClockWatch } from './health/clock-watch.ts'
import { DeviceBook } from './health/device-book.ts'
import { FaultBook } from './health/fault-book.ts'
import { AgentMetrics } from './health/metrics.ts'
import { type CameraBus, Inputs, type InputsOptions } from './inputs.ts'
import { Journal, type JournalOptions } from './journal/journal.ts'
import type { Salvage } from './journal/salvage.ts'
import { knownDevices, notesOf } from './known-devices.ts'
import { linkBudget } from './link-budget.ts'
import { zoneOffsetOf } from './local-time.ts'
import { machineRoutes, newDoctorToken } from './machine-routes.ts'
import { BoxPage } from './page/box-page.ts'
import type { BoxOverview } from './page/page-sources.ts'
import { pageSources } from './page-parts.ts'
import { PhotoDesk } from './photo-desk.ts'
import { ReadingStream } from './reading-stream.ts'
import { recordConfig } from './record-config.ts'
import type { Link } from './sync/link.ts'
import { Upstream } from './upstream.ts'

/**
 *   buses ─► devices ─► readings ─► journal ─► sync ─► the province
 *   people ─► page ─► farm book ──────┘  │
 *                                        └─► alarms, page, metrics
 *
 * The farm's program. Time, chance and the outside come in as arguments, so that the same agent runs on a box and
 * in the pretend world of the tests.
 */
export interface AgentOutside {
  readonly clock: Clock
  readonly random: Random
  readonly randomBytes: RandomBytes
  readonly openLine: InputsOptions['openLine']
  readonly openSource: InputsOptions['openSource']
  readonly linkTo: (gateway: string) => Link
  /** Runs a job by a cron expression in a time zone; returns what stops it. */
  readonly schedule: (cron: string, timeZone: string, run: () => void) => () => void
  readonly isNtpSynchronised: () => boolean
  readonly log: Log
  readonly program: string
  /** True on a box; false where one thread keeps the order of things. */
  readonly isJournalInWorker: boolean
  /** A disk that somebody else brings; the simulation's fills up and loses power. */
  readonly openJournalThread?: JournalOptions['openThread']
  readonly withProcessMetrics: boolean
}

export interface Log {
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
}

const ALARM_TICK_MS = 10_000
const ENROLMENT_CHECK_MS = 5_000
/** The device under which the box reports about itself. */
export const OWN_DEVICE = 'vuon-box'

export class Agent {
  readonly config: AgentConfig
  readonly #outside: AgentOutside
  readonly #key: SecretKey
  readonly #faults = new FaultBook()
  readonly #devices: DeviceBook
  readonly #stops: (() => void)[] = []
  #journal: Journal | undefined
  #stream: ReadingStream | undefined
  #inputs: Inputs | undefined
  #counters: CounterFile | undefined
  #desk: AlarmDesk | undefined
  #farmBook: FarmBook | undefined
  #photos: PhotoDesk | undefined
  #upstream: Upstream | undefined
  #page: BoxPage | undefined
  #clockWatch: ClockWatch | undefined
  #readingsStored = 0

  constructor(config: AgentConfig, outside: AgentOutside) {
    this.config = config
    this.#outside = outside
    this.#key = openKeyFile(keyPath(config.dataDir))
    this.#devices = new DeviceBook(config.silence)
  }

  /** Opens the journal first: what comes in before it is open could not be kept. Without `listen` no page is served. */
  async start(options: { listen: boolean } = { listen: true }): Promise<void> {
    const { config } = this
    const { clock, random, randomBytes, log } = this.#outside
    this.#journal = await Journal.open({
      path: journalPath(config.dataDir),
      clock,
      randomBytes,
      lossWindowMs: config.journal.lossWindowMs,
      isInWorker: this.#outside.isJournalInWorker,
      openThread: this.#outside.openJournalThread,
      onSalvage: (salvage) => this.#tellSalvage(salvage),
    })
    const journal = this.journal
    await recordConfig(journal, config, this.#outside.program)
    const alarms = new Alarms({
      rules: config.alarms,
      everyMsOf: (device) => this.#devices.everyMsOf(device),
      silence: config.silence,
      newId: randomUUID,
    })
    this.#desk = new AlarmDesk({
      alarms,
      journal,
      newId: randomUUID,
      onError: (error) => this.#failed('alarm', error),
    })
    await this.#desk.restore()
    if (journal.salvage) this.#tellSalvage(journal.salvage)
    this.#stream = new ReadingStream({
      journal,
      notesOf: (device) => notesOf(config, device),
      onStored: (readings) => {
        this.#readingsStored += readings.length
        this.desk.observe(readings)
      },
      onFault: (device, code, detail) => this.#fault(device, code, detail),
    })
    for (const { name, bus, place, everyMs } of knownDevices(config)) {
      this.#devices.expect(name, { bus, place, everyMs })
      if (everyMs !== undefined) alarms.expect(name, journal.now())
    }
    this.#farmBook = new FarmBook({
      journal,
      plots: config.plots,
      identity: () => this.upstream.identity(),
      timeQuality: () => journal.timeQuality,
      zoneOffset: zoneOffsetOf(config.timeZone, clock.wallMs()),
      sha256,
      newId: randomUUID,
    })
    this.#photos = new PhotoDesk({
      folder: photosPath(config.dataDir),
      quotaBytes: config.photos.quotaMb * 1_000_000,
      clock,
      journal,
      onTaken: () => this.#upstream?.photoTaken(),
    })
    this.#photos.open()
    this.#upstream = new Upstream({
      enrolmentFile: enrolmentPath(config.dataDir),
      key: this.#key,
      journal,
      photos: this.#photos.source,
      linkTo: this.#outside.linkTo,
      clock,
      random,
      randomBytes,
      budget: linkBudget(config, {
        now: () => journal.now(),
        onFault: (code, detail) => this.#fault('budget', code, detail),
      }),
      retryLongestMs: config.sync.retryLongestS * 1000,
      onEquivocation: () => this.#tellCloned(),
    })
    this.#upstream.start()
    this.#clockWatch = new ClockWatch({
      clock,
      journal,
      isNtpSynchronised: this.#outside.isNtpSynchronised,
      provinceTime: () => this.upstream.provinceTime(),
      onCorrected: (offsetMs) => {
        this.#devices.shift(offsetMs)
        alarms.shift(offsetMs)
      },
      onError: (error) => this.#failed('clock', error),
    })
    this.#clockWatch.start()
    this.#counters = new CounterFile(countersPath(config.dataDir), (code, detail) =>
      this.#fault('counters', code, detail),
    )
    this.#inputs = new Inputs({
      buses: config.buses,
      lorawan: config.lorawan,
      counters: this.#counters,
      clock,
      random,
      openLine: this.#outside.openLine,
      openSource: this.#outside.openSource,
      accept: async (bus, observations, wait) => {
        const at = journal.now()
        for (const device of new Set(observations.map((each) => each.device)))
          this.#devices.heard(device, bus, at)
        await this.stream.accept(observations, wait)
      },
      takePhoto: (bus, path) => this.#takePhoto(bus, path),
      onSeen: (device, bus) => this.#devices.heard(device, bus, journal.now()),
      onGone: (device) => this.#devices.gone(device),
      onFault: (subject, code, detail) => this.#fault(subject, code, detail),
    })
    await this.#startPage(options.listen)
    await this.#inputs.start()
    this.#startChores()
    log.info(
      { boot: journal.boot, epoch: journal.epoch, readings: (await journal.state()).readings },
      'the agent runs',
    )
  }

  /** Stops the inputs first; what they brought is committed before the journal closes. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop()
    this.#clockWatch?.stop()
    await this.#inputs?.stop()
    await this.#counters?.close()
    await this.#page?.close()
    await this.#photos?.stop()
    await this.#upstream?.stop()
    await this.#upstream?.close()
    await this.#journal?.close()
  }

  get journal(): Journal {
    return started(this.#journal)
  }

  get stream(): ReadingStream {
    return started(this.#stream)
  }

  get desk(): AlarmDesk {
    return started(this.#desk)
  }

  get farmBook(): FarmBook {
    return started(this.#farmBook)
  }

  get photos(): PhotoDesk {
    return started(this.#photos)
  }

  get page(): BoxPage {
    return started(this.#page)
  }

  get upstream(): Upstream {
    return started(this.#upstream)
  }

  get enrolment(): Enrolment | null {
    return this.upstream.enrolment
  }

  overview(): Promise<BoxOverview> {
    return boxOverview({
      now: this.journal.now(),
      enrolment: this.enrolment,
      journal: this.journal,
      devices: this.#devices,
      faults: this.#faults,
      buses: this.#inputs?.states() ?? [],
      alarms: this.desk.open,
      uplink: this.upstream.state,
      budget: this.upstream.budget,
      quotaBytes: this.config.journal.quotaMb * 1_000_000,
    })
  }

  // --- starting the parts ---

  async #startPage(isListening: boolean): Promise<void> {
    const { config } = this
    const { clock, randomBytes } = this.#outside
    const sources = pageSources({
      config,
      journal: this.journal,
      farmBook: this.farmBook,
      photos: this.photos,
      farm: () => this.enrolment?.farm ?? null,
      overview: () => this.overview(),
    })
    const { host, port, hostNames, readingNeedsPin } = config.page
    const { language, timeZone, dataDir } = config
    this.#page = new BoxPage(
      { host, port, hostNames, readingNeedsPin, language, timeZone, dataDir },
      sources,
      {
        clock,
        randomBytes,
        routes: (app) =>
          machineRoutes(app, {
            metrics: new AgentMetrics(() => this.#figures(), {
              withProcess: this.#outside.withProcessMetrics,
            }),
            token: newDoctorToken(dataDir, randomBytes),
            now: () => this.journal.now(),
            overview: () => this.overview(),
          }),
      },
    )
    if (!isListening) return
    try {
      const address = await this.#page.listen()
      this.#outside.log.info({ address }, "the box's page listens")
    } catch (error) {
      // Without its page the box still measures and sends.
      this.#fault('page', 'not-started', (error as Error).message)
      this.#outside.log.error({ error: (error as Error).message }, "the box's page can't listen")
    }
  }

  #startChores(): void {
    const { clock, schedule } = this.#outside
    const { timeZone, schedule: at } = this.config
    this.#stops.push(
      every(clock, ALARM_TICK_MS, () => this.desk.tick(this.journal.now())),
      every(
        clock,
        ENROLMENT_CHECK_MS,
        () => void this.#checkEnrolment().catch((error) => this.#failed('enrolment', error)),
      ),
      schedule(
        at.housekeeping,
        timeZone,
        () => void this.#keepHouse().catch((error) => this.#failed('housekeeping', error)),
      ),
      schedule(
        at.selfReport,
        timeZone,
        () => void this.#reportSelf().catch((error) => this.#failed('self-report', error)),
      ),
    )
  }

  // --- chores ---

  /** A claim made while the agent runs is taken up without a restart. */
  async #checkEnrolment(): Promise<void> {
    if (!(await this.upstream.renew())) return
    this.desk.clearOwn('cloned')
    this.#outside.log.info({ farm: this.enrolment?.farm.farmId }, 'the box is enrolled')
    void this.#clockWatch?.check()
  }

  async #keepHouse(): Promise<void> {
    const evicted = await this.journal.evict(this.config.journal.quotaMb * 1_000_000)
    if (evicted > 0) this.#outside.log.info({ evicted }, 'acknowledged readings were tidied away')
  }

  /** How much waits for the province, as a series of its own; and the quota, which must not wait for the night. */
  async #reportSelf(): Promise<void> {
    const { lanes, sizeBytes, walBytes } = await this.journal.state()
    const waiting = Object.values(lanes).reduce((sum, lane) => sum + lane.lastSeq - lane.durableThrough, 0)
    this.#devices.heard(OWN_DEVICE, '', this.journal.now())
    await this.stream.accept(
      [{ device: OWN_DEVICE, channel: '', quantity: 'queue-depth', unit: '1', value: waiting, quality: 0 }],
      'window',
    )
    if (sizeBytes + walBytes > this.config.journal.quotaMb * 1_000_000) await this.#keepHouse()
  }

  async #takePhoto(bus: CameraBus, path: string): Promise<'kept' | 'bad'> {
    const plot = this.config.plots.find((each) => each.id === bus.plot)
    const note = { crop: bus.crop || (plot?.crop ?? ''), organ: bus.organ, plot: bus.plot, person: '' }
    const looked = await this.photos.takeFile(path, note)
    if ('finding' in looked) return 'kept'
    this.#fault(bus.name, looked.refused, `${basename(path)}: ${looked.detail}`)
    return 'bad'
  }

  // --- small answers ---

  async #figures() {
    const journal = await this.journal.state()
    const buses = this.#inputs?.states() ?? []
    const devices: Record<string, number> = { fresh: 0, late: 0, silent: 0, never: 0 }
    for (const { status } of this.#devices.devices(this.journal.now()))
      devices[status] = (devices[status] ?? 0) + 1
    return {
      readingsStored: this.#readingsStored,
      journal,
      uplink: this.upstream.state,
      budget: this.upstream.budget,
      openAlarms: this.desk.open.length,
      devices,
      faults: this.#faults.totals(),
      busesUp: buses.filter((bus) => bus.isUp).length,
      busesDown: buses.filter((bus) => !bus.isUp).length,
      nowMs: this.journal.now(),
    }
  }

  /** Damage may be met at the start, before there is a desk, or while the agent runs. */
  #tellSalvage({ setAside, kept, lost }: Salvage): void {
    const lostEntries = lost.reduce((sum, { from, to }) => sum + to - from + 1, 0)
    this.#outside.log.error(
      { setAside, kept, lostEntries },
      'the journal was damaged: mended, the old file set aside',
    )
    this.#desk?.raiseOwn('journal', {
      setAside: basename(setAside),
      keptReadings: kept.readings,
      lostEntries,
    })
  }

  #tellCloned(): void {
    this.#outside.log.error(
      {},
      'the province holds something else under our numbers: is there a second box with this card?',
    )
    this.desk.raiseOwn('cloned', {})
  }

  #fault(subject: string, code: string, detail: string): void {
    this.#faults.note(subject, code, detail, this.#journal?.now() ?? this.#outside.clock.wallMs())
  }

  #failed(what: string, error: unknown): void {
    this.#fault(OWN_DEVICE, what, (error as Error)?.message ?? String(error))
    this.#outside.log.error({ what, error: (error as Error)?.message }, 'a chore failed')
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the agent is not started')
  return part
}
