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
  appendReadings(readings: readonly Reading[], wait: 'commit' | 'window'): Promise<void>
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
}

// A farm has tens of devices. A broker that a stranger floods with names must not fill the card with series.
const MAX_SERIES = 4000

export class ReadingStream {
  readonly #journal: ReadingJournal
  readonly #notesOf: (device: string) => DeviceNotes
  readonly #onStored: (readings: readonly StoredReading[]) => void
  readonly #onFault: (device: string, code: string, detail: string) => void
  readonly #series = new Map<string, Promise<SeriesDeclared & SeriesWanted>>()

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

  /** Resolves when every reading is on disk; rejects when the journal refuses, and then nothing is acknowledged. */
  async accept(observations: readonly Observation[], wait: 'commit' | 'window'): Promise<void> {
    const marked = observations.map((each) =>
      markObservation(each, this.#notesOf(each.device).calibration?.[each.quantity]),
    )
    const placed: { each: (typeof marked)[number]; series: SeriesDeclared & SeriesWanted }[] = []
    for (const each of [...marked, ...derivedFrom(marked)]) {
      const series = await this.#seriesOf(each)
      if (series) placed.push({ each, series })
    }
    // Nothing is awaited between the stamp and the append: a corrected clock never falls between the two.
    const t = this.#journal.now()
    const stored: StoredReading[] = []
    const readings: Reading[] = []
    for (const { each, series } of placed) {
      const scaled = toScaled(each.value, series.resolution)
      if (scaled === null) {
        this.#onFault(each.device, 'not-a-number', `${each.quantity} = ${each.value}`)
        continue
      }
      const sourceT = each.sourceTimeMs === undefined ? {} : { sourceT: each.sourceTimeMs }
      readings.push({ seriesNo: series.no, t, scaled, quality: each.quality, ...sourceT })
      stored.push({ ...series, seriesNo: series.no, value: each.value, t, quality: each.quality })
    }
    if (readings.length === 0) return
    await this.#journal.appendReadings(readings, wait)
    this.#onStored(stored)
  }

  async #seriesOf(
    observation: Observation & { origin?: string },
  ): Promise<(SeriesDeclared & SeriesWanted) | undefined> {
    const { device, channel, quantity } = observation
    const key = JSON.stringify([device, channel, quantity])
    let series = this.#series.get(key)
    if (!series) {
      if (this.#series.size >= MAX_SERIES) {
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
        place: this.#notesOf(device).place,
        origin: observation.origin ?? 'measured',
      }
      series = this.#journal.declareSeries(wanted).then((declared) => ({ ...wanted, ...declared }))
      this.#series.set(key, series)
      series.catch(() => this.#series.delete(key))
    }
    return series
  }
}

/** What follows at once from one device's own readings. Marked inputs give a marked result. */
function derivedFrom(observations: readonly Observation[]): (Observation & { origin: string })[] {
  const derived: (Observation & { origin: string })[] = []
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
  return derived
}
