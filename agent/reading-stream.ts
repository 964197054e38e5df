import type { QuantityName, Unit } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY, type Reading } from '#contract/wire/records.ts'
import { vapourPressureDeficitKpa } from './crop/vpd.ts'
import type { Observation } from './devices/observation.ts'
import { markObservation } from './readings/plausibility.ts'
import { toScaled } from './readings/scaled.ts'

/**
 * The way of an observation: calibrate → mark → its series → the journal's commit → whoever looks on
 * (alarms, the box's page). The promise of `accept` is what an acknowledgement waits for.
 */
export interface ReadingJournal {
  now(): number
  declareSeries(wanted: SeriesWanted): Promise<SeriesDeclared>
  appendReadings(readings: readonly Reading[], wait: 'commit' | 'soon' | 'window'): Promise<void>
}

export interface SeriesWanted {
  device: string
  channel: string
  quantity: QuantityName
  unit: Unit
  resolution: number
  timeStepMs: number
  place: string
  origin: string
}

export interface SeriesDeclared {
  no: number
  uuid: string
  resolution: number
  timeStepMs: number
}

export interface DeviceNotes {
  readonly place: string
  readonly calibration?:
    | Readonly<Partial<Record<QuantityName, { scale: number; offset: number }>>>
    | undefined
}

/** A reading that is on disk, as alarms and the page see it. */
export interface StoredReading {
  readonly seriesNo: number
  readonly device: string
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly resolution: number
  readonly place: string
  readonly origin: string
  readonly value: number
  readonly t: number
  readonly quality: number
  /** In steps of the resolution, as the journal holds it. */
  readonly scaled: number
  /** What the source itself said the time was, where it said one. */
  readonly sourceT?: number
}

// A farm has tens of devices. A broker that a stranger floods with names must not fill the card with series.
const MAX_SERIES = 4000

type PlacedSeries = SeriesDeclared & SeriesWanted
type Measured = Observation & { readonly origin?: string }

/** What is known of a device: looked up once, for it can't change while the program runs. */
interface Source {
  readonly notes: DeviceNotes
  /** By quantity and channel; a promise while it is being declared. */
  readonly series: Map<string, PlacedSeries | Promise<PlacedSeries>>
  /** In the order in which its last message had them: it sends the same things again for years. */
  readonly inOrder: PlacedSeries[]
}

/** What is in one commit, a column for each property: nothing else is held of thousands of readings a second. */
interface Committing {
  readonly committed: Promise<void>
  /** Resolves when whoever looks on has been told. */
  readonly told: Promise<void>
  readonly series: PlacedSeries[]
  readonly t: number[]
  readonly value: number[]
  readonly scaled: number[]
  readonly quality: number[]
  readonly sourceT: (number | undefined)[]
}

export class ReadingStream {
  readonly #journal: ReadingJournal
  readonly #notesOf: (device: string) => DeviceNotes
  readonly #onStored: (readings: readonly StoredReading[]) => void
  readonly #onFault: (device: string, code: string, detail: string) => void
  readonly #sources = new Map<string, Source>()
  #seriesCount = 0
  #committing: Committing | undefined

  constructor(options: {
    journal: ReadingJournal
    notesOf: (device: string) => DeviceNotes
    onStored: (readings: readonly StoredReading[]) => void
    onFault: (device: string, code: string, detail: string) => void
  }) {
    this.#journal = options.journal
    this.#notesOf = options.notesOf
    this.#onStored = options.onStored
    this.#onFault = options.onFault
  }

  /**
   * Resolves when every reading is on disk; rejects when the journal refuses, and then nothing is acknowledged. All that
   * share a commit share the promise.
   */
  accept(observations: readonly Observation[], wait: 'commit' | 'soon' | 'window'): Promise<void> {
    const measured = withDerived(this.#marked(observations))
    const series: (PlacedSeries | Promise<PlacedSeries> | undefined)[] = []
    let isDeclared = true
    for (let index = 0; index < measured.length; index++) {
      const its = this.#seriesOf(measured[index] as Measured, index)
      if (its instanceof Promise) isDeclared = false
      series.push(its)
    }
    // Thousands a second come for series that are long declared: a turn of the queue for each would be most of the work.
    return isDeclared
      ? this.#append(measured, series as (PlacedSeries | undefined)[], wait)
      : Promise.all(series).then((declared) => this.#append(measured, declared, wait))
  }

  /** Nearly always what was given: most values are possible, and few probes are calibrated. */
  #marked(observations: readonly Observation[]): readonly Measured[] {
    let changed: Observation[] | undefined
    for (let index = 0; index < observations.length; index++) {
      const each = observations[index] as Observation
      const marked = markObservation(each, this.#sourceOf(each.device).notes.calibration?.[each.quantity])
      if (marked === each) continue
      changed ??= [...observations]
      changed[index] = marked
    }
    return changed ?? observations
  }

  #append(
    measured: readonly Measured[],
    series: readonly (PlacedSeries | undefined)[],
    wait: 'commit' | 'soon' | 'window',
  ): Promise<void> {
    // Nothing is awaited between the stamp and the append: a corrected clock never falls between the two.
    const t = this.#journal.now()
    const readings: Reading[] = []
    const places: number[] = []
    for (let index = 0; index < measured.length; index++) {
      const each = measured[index] as Measured
      const its = series[index]
      if (!its) continue
      const scaled = toScaled(each.value, its.resolution)
      if (scaled === null) {
        this.#onFault(each.device, 'not-a-number', `${each.quantity} = ${each.value}`)
        continue
      }
      const { quality, sourceTimeMs: sourceT } = each
      places.push(index)
      readings.push(
        sourceT === undefined
          ? { seriesNo: its.no, t, scaled, quality }
          : { seriesNo: its.no, t, scaled, quality, sourceT },
      )
    }
    if (readings.length === 0) return Promise.resolve()
    const committing = this.#committingBy(this.#journal.appendReadings(readings, wait))
    for (let at = 0; at < readings.length; at++) {
      const place = places[at] as number
      const { scaled, quality, sourceT } = readings[at] as Reading
      committing.series.push(series[place] as PlacedSeries)
      committing.t.push(t)
      committing.value.push((measured[place] as Measured).value)
      committing.scaled.push(scaled)
      committing.quality.push(quality)
      committing.sourceT.push(sourceT)
    }
    return committing.told
  }

  #committingBy(committed: Promise<void>): Committing {
    if (this.#committing?.committed === committed) return this.#committing
    const told = committed.then(
      () => {
        if (this.#committing === committing) this.#committing = undefined
        this.#tell(committing)
      },
      (error: unknown) => {
        if (this.#committing === committing) this.#committing = undefined
        throw error
      },
    )
    const committing: Committing = {
      ...{ committed, told, series: [], t: [], value: [], scaled: [], quality: [], sourceT: [] },
    }
    this.#committing = committing
    return committing
  }

  /** Of a burst so many at a time: all at once they would outlive the young generation, and be moved twice. */
  #tell(committing: Committing): void {
    for (let from = 0; from < committing.t.length; from += TOLD_AT_ONCE)
      this.#onStored(storedReadings(committing, from, from + TOLD_AT_ONCE))
  }

  #sourceOf(device: string): Source {
    const known = this.#sources.get(device)
    if (known) return known
    const source: Source = { notes: this.#notesOf(device), series: new Map(), inOrder: [] }
    if (this.#seriesCount < MAX_SERIES) this.#sources.set(device, source)
    return source
  }

  /** `place` is where it stands in its message. */
  #seriesOf(observation: Measured, place: number): PlacedSeries | Promise<PlacedSeries> | undefined {
    const { device, channel, quantity } = observation
    const source = this.#sourceOf(device)
    const likely = source.inOrder[place]
    if (likely && likely.quantity === quantity && likely.channel === channel) return likely
    const key = channel === '' ? quantity : `${quantity} ${channel}`
    const known = source.series.get(key)
    if (known) {
      if (!(known instanceof Promise) && place < MAX_IN_ORDER) source.inOrder[place] = known
      return known
    }
    if (this.#seriesCount >= MAX_SERIES) {
      this.#onFault(device, 'too-many-series', `more than ${MAX_SERIES} series; ${quantity} is not kept`)
      return undefined
    }
    const wanted: SeriesWanted = {
      device,
      channel,
      quantity,
      unit: observation.unit,
      resolution: observation.resolution ?? QUANTITIES[quantity].resolution,
      // Peers keep milliseconds of arrival jitter; a farm's agronomy needs seconds, and columns shrink fourfold.
      timeStepMs: 1000,
      place: source.notes.place,
      origin: observation.origin ?? 'measured',
    }
    this.#seriesCount++
    const declaring = this.#journal.declareSeries(wanted).then(
      (declared) => {
        const series = { ...wanted, ...declared }
        source.series.set(key, series)
        return series
      },
      (error: unknown) => {
        source.series.delete(key)
        if (source.series.size === 0) this.#sources.delete(device)
        this.#seriesCount--
        throw error
      },
    )
    source.series.set(key, declaring)
    return declaring
  }
}

// As many as one message may have; a device of which messages come together has them at other places each time.
const MAX_IN_ORDER = 200

const TOLD_AT_ONCE = 500

const storedReadings = (
  { series, t, value, scaled, quality, sourceT }: Committing,
  from: number,
  to: number,
): StoredReading[] =>
  series.slice(from, to).map(({ no, device, channel, quantity, unit, resolution, place, origin }, index) => {
    const at = from + index
    const stored = {
      seriesNo: no,
      device,
      channel,
      quantity,
      unit,
      resolution,
      place,
      origin,
      value: value[at] as number,
      t: t[at] as number,
      quality: quality[at] as number,
      scaled: scaled[at] as number,
    }
    const said = sourceT[at]
    return said === undefined ? stored : Object.assign(stored, { sourceT: said })
  })

/** With what follows at once from one device's own readings. Marked inputs give a marked result. */
function withDerived(observations: readonly Measured[]): readonly Measured[] {
  const derived: Measured[] = []
  for (const air of observations) {
    if (air.quantity !== 'air-temperature') continue
    const humidity = observations.find(
      (each) =>
        each.quantity === 'air-humidity' && each.device === air.device && each.channel === air.channel,
    )
    if (!humidity) continue
    const value = vapourPressureDeficitKpa(air.value, humidity.value)
    if (!Number.isFinite(value)) continue
    derived.push({
      device: air.device,
      channel: air.channel,
      quantity: 'vapour-pressure-deficit',
      unit: 'kPa',
      value,
      quality: air.quality | humidity.quality ? QUALITY.fromMarked : QUALITY.good,
      origin: 'derived vpd-1',
      ...(air.sourceTimeMs === undefined ? {} : { sourceTimeMs: air.sourceTimeMs }),
    })
  }
  return derived.length > 0 ? [...observations, ...derived] : observations
}
