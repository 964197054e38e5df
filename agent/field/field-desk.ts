import type { Clock } from '#contract/ground/clock.ts'
import type { QuantityName } from '#contract/wire/quantities.ts'
import { QUALITY, type Reading } from '#contract/wire/records.ts'
import type { Thresholds } from '../crop/degree-days.ts'
import { PATHOGENS } from '../crop/disease/pathogens.ts'
import { BASE_C } from '../crop/dragon-fruit-phenology.ts'
import { balancePlan } from '../crop/plot-balance.ts'
import type { PlotHour } from '../crop/plot-hours.ts'
import { FIELD_INPUTS } from '../page/field-answer.ts'
import { toScaled } from '../readings/scaled.ts'
import { MAX_DAYS, readDayFile, type StoredDay, writeDayFile } from './day-file.ts'
import { type DerivedSeries, plotDevice, readingsOfDay, seriesOf } from './derived-series.ts'
import { type DiaryJournal, FarmDiary } from './farm-diary.ts'
import { PlotBook, type Recomputed } from './plot-book.ts'
import {
  type FarmSetup,
  type KnownSeries,
  measuredSeries,
  type PlotSetup,
  type Sources,
  siteOf,
  sourcesOf,
} from './plot-setup.ts'
import {
  asSaturated,
  HOUR_MS,
  hourOf,
  MeanHours,
  measuredAt,
  RiseHours,
  type TimedReading,
} from './series-hours.ts'

/**
 * Keeps the crop models of every plot up to date and writes what they say into the journal.
 *
 *   readings ─► hours of their series ─► days of the plots that listen to it ─► derived readings
 *
 * It wakes at the end of each hour, and a minute after a reading that belongs to an hour which is over; otherwise a
 * reading costs an addition. What it knows is a function of the readings alone, not of the order in which they came.
 * Hours are kept for five weeks (and read from the journal at the start), days for a season.
 */
export interface FieldJournal extends DiaryJournal {
  now(): number
  series(): readonly KnownSeries[]
  readingsWithin(seriesNo: number, fromT: number, toT: number): Promise<Float64Array>
  declareSeries(wanted: DerivedSeries): Promise<{ readonly no: number }>
  appendReadings(readings: readonly Reading[], wait: 'commit' | 'window'): Promise<void>
  onRecord(wake: () => void): void
}

export interface FieldOptions {
  readonly journal: FieldJournal
  readonly clock: Clock
  readonly farm: FarmSetup
  readonly plots: readonly PlotSetup[]
  readonly utcOffsetH: number
  /** Where the season's days are kept. */
  readonly dayFile: string
  /** Reads only: for a command beside the running agent. Nothing is appended, written or waited for. */
  readonly isReader?: boolean
  readonly onFault: (code: string, detail: string) => void
  /** A plot has said something: it is heard of as a device is. */
  readonly onDerived?: (device: string) => void
  /** The weather of yesterday or today was enough for an infection; said again with every hour that it holds. */
  readonly onInfection?: ((found: InfectionFound) => void) | undefined
}

export interface InfectionFound {
  /** As `disease.vi` of its pathogen says it. */
  readonly disease: string
  readonly crop: string
  readonly plot: string
  /** Where the temperature was measured. */
  readonly device: string
  /** When the wet period ended, or where it has got to. */
  readonly at: number
  readonly risk: number
  readonly hours: number
  readonly isValidatedHere: false
}

/** A reading as the stream hands it on. */
export interface FieldReading extends TimedReading {
  readonly seriesNo: number
  readonly quantity: string
  readonly value: number
}

export interface LatestValue {
  readonly t: number
  readonly value: number
}

/** What was looked at and written since the start; `bench -- crop` and the tests read it. */
export interface FieldWork {
  readonly recomputations: number
  readonly daysRead: number
  readonly daysFolded: number
  readonly derivedReadings: number
  /** Readings that came later than hours are kept for. */
  readonly tooLate: number
}

const DAY_MS = 24 * HOUR_MS
// A gateway or a logger that was cut off for a month brings what it kept; the rain counter and the risk look back further.
const LATE_DAYS = 30
const KEPT_DAYS = LATE_DAYS + 7
// Nodes speak once an hour or oftener, and their messages are under way for some seconds.
const AFTER_HOUR_MS = 120_000
// What comes late comes in a crowd.
const LATE_WAIT_MS = 60_000
// In one commit; 35 days of a plot are some 4,000.
const MOST_AT_ONCE = 2000

interface DeskPlot {
  readonly setup: PlotSetup
  readonly book: PlotBook
  sources: Sources
  readonly dirty: Set<number>
  foldFrom: number
}

export class FieldDesk {
  readonly #options: FieldOptions
  readonly #journal: FieldJournal
  readonly #diary: FarmDiary
  readonly #plots: DeskPlot[]
  readonly #hourly = new Map<number, MeanHours | RiseHours>()
  readonly #listeners = new Map<number, DeskPlot[]>()
  /** Resolution of the humidity among them. */
  readonly #humidity = new Map<number, number>()
  readonly #latest = new Map<number, LatestValue>()
  readonly #known = new Set<number>()
  /** Of each derived series what was written last for each time, in steps, with its quality in the last digits. */
  readonly #written = new Map<string, Map<number, number>>()
  readonly #declared = new Map<string, Promise<number>>()
  #computedThroughMs = 0
  #turn: Promise<unknown> = Promise.resolve()
  #cancels: { hour?: () => void; late?: () => void } = {}
  #isDiaryNew = true
  #areDaysNew = false
  #isLoaded = false
  #isStopped = false
  #revision = 0
  #work = { recomputations: 0, daysRead: 0, daysFolded: 0, derivedReadings: 0, tooLate: 0 }

  constructor(options: FieldOptions) {
    this.#options = options
    this.#journal = options.journal
    const { farm, plots, utcOffsetH } = options
    this.#diary = new FarmDiary(options.journal, plots, (ms) =>
      new Date(ms + utcOffsetH * HOUR_MS).toISOString().slice(0, 10),
    )
    const site = siteOf(farm, utcOffsetH)
    this.#plots = plots.map((setup) => {
      const plot: DeskPlot = {
        setup,
        sources: new Map(),
        dirty: new Set(),
        foldFrom: Number.POSITIVE_INFINITY,
        book: new PlotBook(
          {
            ...{ utcOffsetH, site, elevM: farm.elevationM, plantedOn: setup.plantedOn },
            thresholds: thresholdsOf(setup),
            balance: balanceOf(setup),
            pathogens: PATHOGENS.filter(({ crops }) => crops.includes(setup.crop)),
          },
          {
            hourAt: (hour) => this.#hourAt(plot, hour),
            irrigationMm: (date) => this.#diary.irrigationMm(setup.id, date),
          },
        ),
      }
      return plot
    })
  }

  /**
   * Reads the kept days and the weeks that the journal has, and brings everything up to date. Readings may come in
   * meanwhile. Never rejects: a box whose models can't begin still measures, and says so.
   */
  start(): Promise<void> {
    const now = this.#journal.now()
    this.#recall()
    this.#resolve()
    this.#journal.onRecord(() => {
      this.#isDiaryNew = true
    })
    const turn = this.#turn.then(async () => {
      for (const no of [...this.#hourly.keys()]) await this.#load(no, now)
      if (!this.#options.isReader) await this.#recallWritten(now)
      this.#isLoaded = !this.#isStopped
    })
    this.#turn = turn.catch((error: unknown) =>
      this.#options.onFault('not-loaded', (error as Error)?.message ?? String(error)),
    )
    return this.bringUpToDate().then(() => this.#waitForHour())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancels.hour?.()
    this.#cancels.late?.()
    await this.#turn
    this.#saveDays()
  }

  /** Takes in what is on disk. Costs an addition a reading; what follows from it is computed later. */
  observe(readings: readonly FieldReading[]): void {
    for (const reading of readings) {
      if (!this.#known.has(reading.seriesNo)) this.#meet(reading)
      this.#take(reading.seriesNo, reading, reading.value)
    }
  }

  /** Computes what is not up to date, writes what is other than it was, and resolves when that is on disk or was refused. */
  bringUpToDate(): Promise<void> {
    const turn = this.#turn.then(() => this.#computeAndWrite())
    this.#turn = turn.catch((error: unknown) =>
      this.#options.onFault('not-computed', (error as Error)?.message ?? String(error)),
    )
    return this.#turn as Promise<void>
  }

  get plots(): readonly { readonly setup: PlotSetup; readonly book: PlotBook; readonly sources: Sources }[] {
    return this.#plots
  }

  get diary(): FarmDiary {
    return this.#diary
  }

  get work(): FieldWork {
    return this.#work
  }

  /** Another number whenever an answer may be other than before. */
  get revision(): number {
    return this.#revision
  }

  latest(seriesNo: number): LatestValue | undefined {
    return this.#latest.get(seriesNo)
  }

  /** The hour as it is so far, the one that runs among them. */
  hourAt(plotId: string, hour: number): PlotHour | undefined {
    const plot = this.#plots.find(({ setup }) => setup.id === plotId)
    return plot && this.#hourAt(plot, hour)
  }

  // --- what comes in ---

  #meet({ seriesNo, t, quantity }: FieldReading): void {
    this.#known.add(seriesNo)
    if (!INPUTS.has(quantity)) return
    const before = new Set(this.#hourly.keys())
    this.#resolve()
    // What the journal has of it from before, such as from another plot's name in the config.
    for (const no of this.#hourly.keys())
      if (!before.has(no)) this.#turn = this.#turn.then(() => this.#load(no, t)).catch(() => undefined)
  }

  #resolve(): void {
    const series = this.#journal.series()
    for (const { no } of series) this.#known.add(no)
    const byInput = measuredSeries(series)
    this.#listeners.clear()
    for (const plot of this.#plots) {
      plot.sources = sourcesOf(plot.setup, this.#options.farm.station, byInput)
      for (const { series: each } of plot.sources.values()) {
        if (each.quantity === 'air-humidity') this.#humidity.set(each.no, each.resolution)
        this.#listeners.set(each.no, [...(this.#listeners.get(each.no) ?? []), plot])
        if (!this.#hourly.has(each.no))
          this.#hourly.set(
            each.no,
            each.quantity === 'rain' ? new RiseHours(each.resolution) : new MeanHours(each.resolution),
          )
      }
    }
  }

  async #load(seriesNo: number, beforeT: number): Promise<void> {
    const fromT = this.#journal.now() - KEPT_DAYS * DAY_MS
    const resolution = this.#journal.series().find(({ no }) => no === seriesNo)?.resolution ?? 1
    // A week at a time: the journal commits what comes in between.
    for (let from = fromT; from < beforeT && !this.#isStopped; from += 7 * DAY_MS) {
      const rows = await this.#journal.readingsWithin(seriesNo, from, Math.min(beforeT, from + 7 * DAY_MS))
      for (let at = 0; at < rows.length; at += 4) {
        const [t, scaled, quality, sourceT] = rows.subarray(at, at + 4) as unknown as [
          number,
          number,
          number,
          number,
        ]
        this.#take(
          seriesNo,
          { t, scaled, quality, sourceT },
          Number((scaled * resolution).toPrecision(12)),
          KEPT_DAYS,
        )
      }
    }
  }

  #take(seriesNo: number, given: TimedReading, said: number, keptDays = LATE_DAYS): void {
    const hourly = this.#hourly.get(seriesNo)
    if (!hourly) return
    const step = this.#humidity.get(seriesNo)
    const reading = step === undefined ? given : asSaturated(given, step)
    const atMs = measuredAt(reading)
    if (atMs === undefined) return
    if (atMs < this.#journal.now() - keptDays * DAY_MS) {
      this.#work.tooLate++
      return
    }
    const latest = this.#latest.get(seriesNo)
    if (!latest || atMs >= latest.t)
      this.#latest.set(seriesNo, { t: atMs, value: reading === given ? said : 100 })
    let isLate = false
    for (const hour of hourly.add(atMs, reading.scaled)) {
      for (const plot of this.#listeners.get(seriesNo) ?? [])
        plot.dirty.add(plot.book.dayNoOf(hour * HOUR_MS))
      if ((hour + 1) * HOUR_MS <= this.#computedThroughMs) isLate = true
    }
    this.#revision++
    if (isLate) this.#waitForLate()
  }

  #hourAt(plot: DeskPlot, hour: number): PlotHour {
    const mean = (input: QuantityName) => {
      const source = plot.sources.get(input as never)
      const hourly = source && this.#hourly.get(source.series.no)
      return hourly instanceof MeanHours ? hourly.at(hour) : NOTHING
    }
    const air = mean('air-temperature')
    const humidity = mean('air-humidity')
    const rain = plot.sources.get('rain')
    const gauge = rain && this.#hourly.get(rain.series.no)
    return {
      startMs: hour * HOUR_MS,
      ...{ tempC: air.mean, tminC: air.min, tmaxC: air.max },
      ...{ rhPct: humidity.mean, rhminPct: humidity.min, rhmaxPct: humidity.max },
      rainMm: gauge instanceof RiseHours ? gauge.at(hour) : Number.NaN,
      windMs: mean('wind-speed').mean,
      gustMs: mean('wind-gust').max,
      solarWm2: mean('solar-radiation').mean,
      wetnessPct: mean('leaf-wetness').mean,
      soilPct: mean('soil-moisture').mean,
      overheadMm: this.#diary.overheadMm(plot.setup.id, hour),
    }
  }

  // --- what is computed and written ---

  async #computeAndWrite(): Promise<void> {
    // Half of the readings would make other figures than all of them.
    if (!this.#isLoaded) return
    if (this.#isDiaryNew) {
      this.#isDiaryNew = false
      for (const [id, sinceMs] of await this.#diary.read()) {
        const plot = this.#plots.find(({ setup }) => setup.id === id)
        if (!plot) continue
        plot.foldFrom = Math.min(plot.foldFrom, plot.book.dayNoOf(sinceMs))
        // Sprinkled leaves are wet.
        if (
          plot.setup.irrigation?.method === 'sprinkler' &&
          sinceMs > this.#journal.now() - LATE_DAYS * DAY_MS
        )
          for (let no = plot.book.dayNoOf(sinceMs); no <= plot.book.dayNoOf(this.#journal.now()); no++)
            plot.dirty.add(no)
      }
    }
    const now = this.#journal.now()
    const keptFrom = now - KEPT_DAYS * DAY_MS
    for (const plot of this.#plots) {
      const { book } = plot
      // The hours since the last time are over, with readings or without.
      const isNewHour = hourOf(now) * HOUR_MS > this.#computedThroughMs
      const first = book.firstDay
      if (isNewHour && this.#computedThroughMs > 0 && first !== undefined) {
        const from = Math.max(first, book.dayNoOf(this.#computedThroughMs - HOUR_MS))
        for (let no = from; no <= book.dayNoOf(now); no++) plot.dirty.add(no)
      }
      const dirty = [...plot.dirty]
      const { foldFrom } = plot
      plot.dirty.clear()
      plot.foldFrom = Number.POSITIVE_INFINITY
      const done = book.recompute(dirty, now, foldFrom)
      this.#count(done, book.dayNoOf(now))
      book.dropHoursBefore(book.dayNoOf(keptFrom))
      book.forgetBefore(book.dayNoOf(now) - MAX_DAYS + 1)
      try {
        await this.#write(plot, done.days, now)
      } catch (error) {
        for (const no of done.days) plot.dirty.add(no)
        throw error
      }
    }
    for (const hourly of this.#hourly.values()) hourly.forgetBefore(hourOf(keptFrom))
    this.#computedThroughMs = hourOf(now) * HOUR_MS
    this.#revision++
    this.#tellInfections(now)
  }

  #tellInfections(now: number): void {
    const { onInfection, isReader } = this.#options
    if (!onInfection || isReader) return
    for (const { setup, book, sources } of this.#plots)
      for (const { name, disease } of book.plan.pathogens) {
        const today = book.dayNoOf(now)
        const periods = [today - 1, today].flatMap((no) => book.day(no)?.risks.get(name)?.periods ?? [])
        const last = periods.filter(({ infections }) => infections > 0).at(-1)
        if (!last) continue
        onInfection({
          ...{ disease: disease.vi, crop: setup.crop, plot: setup.id, at: last.endMs, hours: last.wetHours },
          device: sources.get('air-temperature')?.series.device ?? '',
          risk: 1,
          isValidatedHere: false,
        })
      }
  }

  #count({ days, daysRead, daysFolded }: Recomputed, today: number): void {
    if (days.some((no) => no < today)) this.#areDaysNew = true
    this.#work.recomputations++
    this.#work.daysRead += daysRead
    this.#work.daysFolded += daysFolded
  }

  /** Appends what the models say of these days where it is other than what was written. */
  async #write({ setup, book }: DeskPlot, days: readonly number[], now: number): Promise<void> {
    if (this.#options.isReader) return
    const keptFrom = now - KEPT_DAYS * DAY_MS
    let readings: Reading[] = []
    let notes: [Map<number, number>, number, number][] = []
    const append = async () => {
      if (readings.length === 0) return
      await this.#journal.appendReadings(readings, 'window')
      for (const [written, t, packed] of notes) written.set(t, packed)
      this.#work.derivedReadings += readings.length
      readings = []
      notes = []
    }
    for (const no of days) {
      const day = book.day(no)
      if (!day) continue
      for (const each of readingsOfDay(book, day, now)) {
        if (each.t < keptFrom) continue
        const wanted = seriesOf(setup, each)
        const scaled = toScaled(each.value, wanted.resolution)
        if (scaled === null) continue
        const quality = each.isEstimate ? QUALITY.estimated : QUALITY.good
        const key = `${setup.id} ${each.key}`
        const written = this.#written.get(key) ?? new Map<number, number>()
        this.#written.set(key, written)
        const packed = scaled * 256 + quality
        if (written.get(each.t) === packed) continue
        readings.push({ seriesNo: await this.#numberOf(key, wanted), t: each.t, scaled, quality })
        notes.push([written, each.t, packed])
        if (readings.length >= MOST_AT_ONCE) await append()
      }
    }
    const isNew = readings.length > 0
    await append()
    if (isNew) this.#options.onDerived?.(plotDevice(setup.id))
    for (const written of this.#written.values())
      for (const t of written.keys()) if (t < keptFrom) written.delete(t)
  }

  #numberOf(key: string, wanted: DerivedSeries): Promise<number> {
    let declared = this.#declared.get(key)
    if (!declared) {
      declared = this.#journal.declareSeries(wanted).then(({ no }) => {
        this.#known.add(no)
        return no
      })
      this.#declared.set(key, declared)
      declared.catch(() => this.#declared.delete(key))
    }
    return declared
  }

  // --- over a restart ---

  #recall(): void {
    const stored = readDayFile(this.#options.dayFile, this.#options.onFault)
    for (const plot of this.#plots) {
      const { key, days } = stored.get(plot.setup.id) ?? { key: '', days: [] }
      for (const { no, values, balance } of days)
        plot.book.remember(no, values, balance ? restored(values.date, balance) : undefined)
      // Another soil or crop: the same weather makes another balance.
      if (days[0] && key !== keyOf(plot.setup)) plot.foldFrom = days[0].no
    }
  }

  #saveDays(): void {
    if (!this.#areDaysNew || this.#options.isReader) return
    this.#areDaysNew = false
    try {
      writeDayFile(
        this.#options.dayFile,
        new Map(
          this.#plots.map(({ setup, book }) => {
            const today = book.dayNoOf(this.#journal.now())
            const days = book
              .days()
              .filter(({ no }) => no < today)
              .slice(-MAX_DAYS)
            return [setup.id, { key: keyOf(setup), days: days.map(stored) }]
          }),
        ),
      )
    } catch (error) {
      this.#areDaysNew = true
      this.#options.onFault('days-not-stored', (error as Error).message)
    }
  }

  /** What was written before the restart is not written again. */
  async #recallWritten(now: number): Promise<void> {
    const plots = new Map(this.#plots.map(({ setup }) => [plotDevice(setup.id), setup.id]))
    for (const { no, device, quantity, channel, origin } of this.#journal.series()) {
      const plot = plots.get(device)
      if (plot === undefined || !origin.startsWith('derived ')) continue
      const written = new Map<number, number>()
      const rows = await this.#journal.readingsWithin(no, now - KEPT_DAYS * DAY_MS, now + DAY_MS)
      // In the order in which they came: of two for one time the later counts.
      for (let at = 0; at < rows.length; at += 4)
        written.set(rows[at] as number, (rows[at + 1] as number) * 256 + (rows[at + 2] as number))
      this.#written.set(`${plot} ${quantity} ${channel}`, written)
    }
  }

  // --- when ---

  #waitForHour(): void {
    if (this.#isStopped || this.#options.isReader) return
    const now = this.#journal.now()
    const nextMs = (hourOf(now - AFTER_HOUR_MS) + 1) * HOUR_MS + AFTER_HOUR_MS
    this.#cancels.hour = this.#options.clock.after(Math.max(1000, nextMs - now), () => {
      void this.bringUpToDate().then(() => this.#saveDays())
      this.#waitForHour()
    })
  }

  #waitForLate(): void {
    if (this.#isStopped || this.#options.isReader) return
    this.#cancels.late ??= this.#options.clock.after(LATE_WAIT_MS, () => {
      delete this.#cancels.late
      void this.bringUpToDate()
    })
  }
}

const INPUTS: ReadonlySet<string> = new Set(FIELD_INPUTS)
const NOTHING = { mean: Number.NaN, min: Number.NaN, max: Number.NaN }

// What water is lost on its way to the roots: FAO's usual figures for the two.
const EFFICIENCY_PCT = { drip: 90, sprinkler: 75 }
export const efficiencyOf = ({ irrigation }: PlotSetup): number =>
  (irrigation?.efficiencyPct ?? (irrigation ? EFFICIENCY_PCT[irrigation.method] : EFFICIENCY_PCT.drip)) / 100

const balanceOf = (setup: PlotSetup) =>
  setup.soil === undefined
    ? undefined
    : balancePlan({
        ...{ crop: setup.crop, soil: setup.soil, plantedOn: setup.plantedOn, rootDepthM: setup.rootDepthM },
        efficiency: efficiencyOf(setup),
      })

/** Undefined while nobody said below which temperature this crop stands still. */
export function thresholdsOf({ crop, degreeDays }: PlotSetup): Thresholds | undefined {
  const lowerC = degreeDays.lowerC ?? (crop === 'dragon-fruit' ? BASE_C : undefined)
  if (lowerC === undefined) return undefined
  return { lowerC, upperC: degreeDays.upperC ?? Number.POSITIVE_INFINITY, cutoff: 'horizontal' }
}

/** The settings that the water balance follows from. */
const keyOf = (setup: PlotSetup): string =>
  JSON.stringify([setup.crop, setup.soil, setup.rootDepthM, setup.plantedOn, efficiencyOf(setup)])

const stored = ({ no, values, balance }: ReturnType<PlotBook['days']>[number]): StoredDay => ({
  no,
  values,
  balance: balance
    ? {
        ...balance.state,
        ...{ rawMm: balance.result.rawMm, tawMm: balance.result.tawMm, etcMm: balance.result.etcMm },
        irrigationMm: balance.irrigationMm,
      }
    : null,
})

function restored(date: string, balance: NonNullable<StoredDay['balance']>) {
  const { drMm, trust, rawMm, tawMm, etcMm, irrigationMm } = balance
  const gap = Number.NaN
  return {
    ...{ date, irrigationMm, state: { drMm, trust } },
    result: {
      ...{ tawMm, rawMm, etcMm, drMm },
      ...{ p: gap, ks: gap, etaMm: gap, dpMm: gap, roMm: gap, resetMm: gap },
    },
  }
}
