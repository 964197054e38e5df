import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { type Clock, every } from '#contract/ground/clock.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import { zoneOffsetMs } from '#contract/trace/epcis.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import { Alarms } from './advice/alarms.ts'
import { findingOccasion } from './advice/finding-alarm.ts'
import { type InfectionEvent, infectionOccasion } from './advice/infection-alarm.ts'
import { watchRules } from './alarm-config.ts'
import { AlarmDesk } from './alarm-desk.ts'
import { boxOverview } from './box-overview.ts'
import type { CameraView } from './camera-config.ts'
import type { AgentConfig } from './config.ts'
import { ConfigTrial } from './config-trial.ts'
import { CounterFile } from './counter-file.ts'
import {
  camerasPath,
  countersPath,
  enrolmentPath,
  fieldDaysPath,
  forecastPath,
  journalPath,
  keyPath,
  modelsPath,
  photosPath,
} from './data-folder.ts'
import { type DiskShare, diskShare, freeBytesOf } from './disk-share.ts'
import { DownlinkDesk } from './downlink-desk.ts'
import type { Enrolment } from './enrolment.ts'
import { FarmBook } from './farm-book/farm-book.ts'
import { FieldRoom } from './field/field-room.ts'
import { growingConditions } from './growing-conditions.ts'
import { ClockWatch } from './health/clock-watch.ts'
import { DeviceBook } from './health/device-book.ts'
import { FaultBook } from './health/fault-book.ts'
import { AgentMetrics } from './health/metrics.ts'
import { Inputs, type InputsOptions } from './inputs.ts'
import { Journal, type JournalOptions } from './journal/journal.ts'
import type { Salvage } from './journal/salvage.ts'
import { openKeyRing } from './key-ring.ts'
import { knownDevices, notesOf } from './known-devices.ts'
import { linkBudget } from './link-budget.ts'
import { zoneOffsetOf } from './local-time.ts'
import { machineRoutes, newDoctorToken } from './machine-routes.ts'
import { lifeSettings, takeOffered, takeStep } from './model-desk.ts'
import type { OpenSource } from './mqtt-posts.ts'
import { NoticeDesk } from './notice-desk.ts'
import { outlookEveryS } from './outlook-config.ts'
import { OutlookDesk } from './outlook-desk.ts'
import { BoxPage } from './page/box-page.ts'
import type { BoxOverview } from './page/page-sources.ts'
import { pageSources } from './page-parts.ts'
import { permit } from './permission-desk.ts'
import { modelsFolder, PhotoDesk } from './photo-desk.ts'
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
  readonly openSource: OpenSource
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
  /** Of the disk that a folder is on; null where nobody can say. */
  readonly freeBytes?: (folder: string) => number | null
  readonly withProcessMetrics: boolean
  /** Where the temperature of the board is read; without it photos never wait for it to cool. */
  readonly thermalZones?: string
  /** What a guess at a PIN costs (`hashPin`); absent on a box. */
  readonly pinCost?: number
  /** How often alarms, keys and the enrolment are looked at; without it as often as a person would want. */
  readonly looksEveryMs?: number
  /** Stops this agent and starts another over the same files; absent where nobody would. */
  readonly restart?: (why: string) => void
}

export interface Log {
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
}

const ALARM_TICK_MS = 10_000
const ENROLMENT_CHECK_MS = 5_000
// A finding is confirmed within weeks: ten photos a day.
const FINDINGS_TO_CONFIRM = 500
/** The device under which the box reports about itself. */
export const OWN_DEVICE = 'vuon-box'

export class Agent {
  /** What is in force: the box's own file, and over it what the province set. */
  readonly config: AgentConfig
  readonly #trial: ConfigTrial
  readonly #outside: AgentOutside
  readonly #faults = new FaultBook()
  readonly #devices: DeviceBook
  readonly #stops: (() => void)[] = []
  #journal: Journal | undefined
  #stream: ReadingStream | undefined
  #inputs: Inputs | undefined
  #counters: CounterFile | undefined
  #desk: AlarmDesk | undefined
  #notices: NoticeDesk | undefined
  #farmBook: FarmBook | undefined
  #field: FieldRoom | undefined
  #outlook: OutlookDesk | undefined
  #photos: PhotoDesk | undefined
  #upstream: Upstream | undefined
  #downlink: DownlinkDesk | undefined
  #page: BoxPage | undefined
  #clockWatch: ClockWatch | undefined
  #readingsStored = 0

  /** `local` is the box's own file. */
  constructor(local: AgentConfig, outside: AgentOutside) {
    this.#outside = outside
    this.#trial = new ConfigTrial({ local, onFault: (code, detail) => this.#fault('config', code, detail) })
    const { config } = this.#trial
    this.config = config
    // Made or refused before anything else begins.
    openKeyRing(keyPath(config.dataDir))
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
      rules: watchRules(config.alarms),
      everyMsOf: (device) => this.#devices.everyMsOf(device),
      silence: config.silence,
      newId: randomUUID,
    })
    this.#desk = new AlarmDesk({
      alarms,
      journal,
      newId: randomUUID,
      onChange: () => this.#notices?.alarmsChanged(),
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
        this.#notices?.observe(readings)
        this.#field?.observe(readings)
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
      settings: config.farmBook,
      conditions: (plot, fromMs, toMs) => this.#conditionsOf(plot, fromMs, toMs),
      isPhotoKept: (hash) => this.photos.whereIs(hash) !== 'absent',
      findingModel: async (id) =>
        (await this.photos.recent(FINDINGS_TO_CONFIRM)).find(({ findingId }) => findingId === id),
    })
    this.#field = new FieldRoom({
      ...{ journal, clock, random, farm: config.farm, plots: config.plots, forecast: config.forecast },
      utcOffsetH: zoneOffsetMs(zoneOffsetOf(config.timeZone, clock.wallMs())) / 3_600_000,
      dayFile: fieldDaysPath(config.dataDir),
      forecastFile: forecastPath(config.dataDir),
      linkTo: this.#outside.linkTo,
      onFault: (code, detail) => this.#fault('field', code, detail),
      onDerived: (device) => this.#devices.heard(device, '', journal.now()),
      onInfection: (found) => this.#tellInfection(found),
    })
    this.#outlook = new OutlookDesk({
      ...{ journal, clock, plots: config.plots.length, everyS: outlookEveryS(config) },
      looksEveryMs: this.#outside.looksEveryMs,
      answer: () => this.field.answer(),
      onError: (error) => this.#failed('outlook', error),
    })
    // Weeks of readings are gone through; nothing else waits for it.
    void this.#field.start().then(() => this.#outlook?.start())
    const { thermalZones } = this.#outside
    this.#photos = new PhotoDesk({
      folder: photosPath(config.dataDir),
      quotaBytes: config.photos.quotaMb * 1_000_000,
      clock,
      journal,
      models: modelsFolder(config.photos.models),
      life: lifeSettings(config),
      onModelFault: (detail) => this.#fault('vision', 'model', detail),
      ...(thermalZones === undefined
        ? {}
        : { heat: { folder: thermalZones, tooHotC: config.photos.tooHotC } }),
      onTooHot: (detail) => this.#fault('vision', 'too-hot', detail),
      timeoutMs: config.photos.timeoutS * 1000,
      onTaken: () => this.#upstream?.photoTaken(),
      onFound: (finding) => this.#tellFinding(finding),
    })
    this.#photos.open()
    await this.#photos.openModels()
    this.#downlink = new DownlinkDesk({
      dataDir: config.dataDir,
      journal,
      clock,
      random,
      trial: this.#trial,
      retryLongestMs: config.sync.retryLongestS * 1000,
      onFault: (code, detail) => this.#fault('downlink', code, detail),
      onError: (error) => this.#failed('downlink', error),
      doors: {
        sendNow: () => this.upstream.uplink?.sendNow(),
        checkClock: async () => this.#clockWatch?.check(),
        photo: (hash) => (config.sync.budget.photos === 'none' ? 'none' : this.photos.whereIs(hash)),
        wantPhoto: (hash) => this.upstream.photoWanted(hash),
        installModel: (file) => takeOffered(started(this.photos.life), file),
        restart: this.#outside.restart,
      },
    })
    this.#upstream = new Upstream({
      downlink: this.#downlink,
      isMetered: config.sync.budget.metered,
      enrolmentFile: enrolmentPath(config.dataDir),
      keyFile: keyPath(config.dataDir),
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
        this.desk.shift(offsetMs)
      },
      onError: (error) => this.#failed('clock', error),
    })
    this.#clockWatch.start()
    this.#counters = new CounterFile(countersPath(config.dataDir), (code, detail) =>
      this.#fault('counters', code, detail),
    )
    this.#notices = new NoticeDesk({
      ...{ config, clock, random, randomBytes, openSource: this.#outside.openSource },
      program: this.#outside.program,
      now: () => journal.now(),
      isTimeKnown: () => journal.timeQuality !== 'unknown',
      farm: () => this.enrolment?.farm.name ?? '',
      openAlarms: () => this.desk.standing,
      looksEveryMs: this.#outside.looksEveryMs,
      everyMsOf: (device) => this.#devices.everyMsOf(device),
      onFault: (subject, code, detail) => this.#fault(subject, code, detail),
    })
    this.#inputs = new Inputs({
      buses: config.buses,
      lorawan: config.lorawan,
      counters: this.#counters,
      clock,
      random,
      openLine: this.#outside.openLine,
      openSource: this.#notices.openForInputs(this.#outside.openSource),
      accept: (bus, observations, wait) => {
        const at = journal.now()
        let before: string | undefined
        for (const { device } of observations) {
          // What comes together is of one device as a rule.
          if (device !== before) this.#devices.heard(device, bus, at)
          before = device
        }
        return this.stream.accept(observations, wait)
      },
      takePhoto: (camera, path) => this.#takePhoto(camera, path),
      cameras: { folder: camerasPath(config.dataDir), schedule: this.#outside.schedule },
      onSeen: (device, bus) => this.#devices.heard(device, bus, journal.now()),
      onGone: (device) => this.#devices.gone(device),
      onFault: (subject, code, detail) => this.#fault(subject, code, detail),
    })
    await this.#startPage(options.listen)
    await this.#inputs.start()
    await this.#notices.start()
    this.#startChores()
    log.info(
      { boot: journal.boot, epoch: journal.epoch, readings: (await journal.state()).readings },
      'the agent runs',
    )
  }

  /** The program could not be started: when that may be the config of the province, the one before it is taken. */
  rollBackConfig(why: string): boolean {
    return this.#trial.rollBack(why)
  }

  /** Stops the inputs first; what they brought is committed before the journal closes. */
  async stop(): Promise<void> {
    this.#trial.endedWell()
    for (const stop of this.#stops.splice(0)) stop()
    this.#clockWatch?.stop()
    await this.#notices?.stop()
    await this.#inputs?.stop()
    await this.#outlook?.stop()
    await this.#field?.stop()
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

  get notices(): NoticeDesk {
    return started(this.#notices)
  }

  get farmBook(): FarmBook {
    return started(this.#farmBook)
  }

  get field(): FieldRoom {
    return started(this.#field)
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
      channels: this.#notices?.states ?? [],
      testedAt: this.#notices?.testedAt ?? null,
      uplink: this.upstream.state,
      budget: this.upstream.budget,
      ...(this.#downlink ? { downlink: this.#downlink.state } : {}),
      models: this.#photos?.life?.lines ?? [],
      quotaBytes: this.config.journal.quotaMb * 1_000_000,
    })
  }

  // --- starting the parts ---

  async #startPage(isListening: boolean): Promise<void> {
    const { config } = this
    const { clock, randomBytes } = this.#outside
    const sources = pageSources({
      config,
      clock,
      journal: this.journal,
      farmBook: this.farmBook,
      photos: this.photos,
      alarms: this.desk,
      farm: () => this.enrolment?.farm ?? null,
      overview: () => this.overview(),
      field: () => this.field.answer(),
    })
    const { host, port, hostNames, readingNeedsPin } = config.page
    const { language, timeZone, dataDir } = config
    this.#page = new BoxPage(
      { host, port, hostNames, readingNeedsPin, language, timeZone, dataDir },
      sources,
      {
        clock,
        randomBytes,
        ...(this.#outside.pinCost ? { pinCost: this.#outside.pinCost } : {}),
        routes: (app) =>
          machineRoutes(app, {
            metrics: new AgentMetrics(() => this.#figures(), {
              withProcess: this.#outside.withProcessMetrics,
            }),
            token: newDoctorToken(dataDir, randomBytes),
            now: () => this.journal.now(),
            overview: () => this.overview(),
            acknowledge: (alarmId) => this.desk.acknowledge(alarmId, 'console'),
            testChannel: (channel) => this.notices.test(channel),
            permit: (words) => permit(this.farmBook, words),
            models: () => ({ models: this.photos.life?.lines ?? [] }),
            modelStep: (step) => takeStep(started(this.photos.life), modelsPath(dataDir), step),
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
      every(clock, this.#outside.looksEveryMs ?? ALARM_TICK_MS, () => {
        this.desk.tick(this.journal.now())
        this.#downlink?.tick(this.upstream.state)
      }),
      every(
        clock,
        this.#outside.looksEveryMs ?? ENROLMENT_CHECK_MS,
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
    const { keepBytes, mayLose } = await this.#diskShare()
    const { evicted, thinned, dropped } = await this.journal.makeRoom(keepBytes, { mayLose })
    if (evicted > 0) this.#outside.log.info({ evicted }, 'acknowledged readings were tidied away')
    const lost = thinned + dropped
    if (lost === 0) return this.desk.clearOwn('full')
    this.#outside.log.warn({ thinned, dropped }, 'readings were lost for want of room')
    this.desk.raiseOwn('full', { lost })
  }

  async #diskShare(): Promise<DiskShare> {
    const { quotaMb, keepFreeMb } = this.config.journal
    const { sizeBytes } = await this.journal.state()
    const freeBytes = (this.#outside.freeBytes ?? freeBytesOf)(this.config.dataDir)
    const [quotaBytes, keepFreeBytes] = [quotaMb * 1_000_000, keepFreeMb * 1_000_000]
    return diskShare({ fileBytes: sizeBytes, quotaBytes, freeBytes, keepFreeBytes })
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
    const { keepBytes } = await this.#diskShare()
    if (sizeBytes + walBytes > keepBytes) await this.#keepHouse()
  }

  async #takePhoto(camera: CameraView, path: string): Promise<'kept' | 'bad'> {
    const plot = this.config.plots.find((each) => each.id === camera.plot)
    const note = {
      crop: camera.crop || (plot?.crop ?? ''),
      organ: camera.organ,
      plot: camera.plot,
      person: '',
    }
    const looked = await this.photos.takeFile(path, note)
    if ('finding' in looked) return 'kept'
    this.#fault(camera.name, looked.refused, `${basename(path)}: ${looked.detail}`)
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

  /** A harvest is taken also where its probes cannot be asked; it then says nothing of what the fruit grew in. */
  async #conditionsOf(plotId: string, fromMs: number, toMs: number) {
    const plot = this.config.plots.find(({ id }) => id === plotId)
    try {
      return plot ? await growingConditions(this.journal, plot, fromMs, toMs) : []
    } catch (error) {
      this.#failed('growing-conditions', error)
      return []
    }
  }

  #tellFinding(finding: FindingEntry): void {
    const { finding: settings } = this.config.modelAlarms
    const occasion = settings.isEnabled
      ? findingOccasion(finding, settings, false, this.photos.verdictWords(finding))
      : undefined
    if (occasion) this.desk.raise(occasion)
  }

  #tellInfection(event: InfectionEvent): void {
    const { infection: settings } = this.config.modelAlarms
    if (settings.isEnabled) this.desk.raise(infectionOccasion(event, settings))
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
