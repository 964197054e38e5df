import { join } from 'node:path'
import type { QuantityName, Unit } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY, type Reading } from '#contract/wire/records.ts'
import { FieldRoom } from '../../../agent/field/field-room.ts'
import type { FarmSetup, PlotSetup } from '../../../agent/field/plot-setup.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { seededBytes, seededRandom } from '../../world/seeded.ts'

/** A farm with a weather station, the real journal and a pretend clock, for what the crop models make of it. */
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
/** Midnight of the farm. */
export const FIRST_DAY_MS = Date.UTC(2026, 10, 1) - 7 * HOUR_MS
export const FARM: FarmSetup = {
  ...{ latitude: 11.1, longitude: 108.1, elevationM: 20, windHeightM: 2, station: 'tram' },
}
export const PLOT: PlotSetup = {
  ...{ id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1, soil: 'sandy-loam', plantsPerHa: 1100 },
  irrigation: { method: 'drip', efficiencyPct: 90 },
  bloomOn: '2026-11-02',
  sensors: {},
  degreeDays: {},
}

export interface Said {
  readonly quantity: QuantityName
  readonly value: number
  readonly atMs: number
}

/** A dry-season day with a wet night: what the station would say at a moment, without chance. */
export function weatherAt(atMs: number): Said[] {
  const day = Math.floor((atMs - FIRST_DAY_MS) / DAY_MS)
  const hour = ((atMs - FIRST_DAY_MS) % DAY_MS) / HOUR_MS
  const warmth = Math.cos(((hour - 14) / 24) * 2 * Math.PI)
  const isWetNight = day % 3 === 1 && (hour < 7 || hour > 21)
  const sun = Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI))
  const said = (quantity: QuantityName, value: number): Said => ({ quantity, value, atMs })
  return [
    said('air-temperature', Math.round((27 + 5 * warmth) * 10) / 10),
    said('air-humidity', Math.round(isWetNight ? 96 : 70 - 15 * warmth)),
    said('wind-speed', Math.round((1.5 + sun * 2) * 10) / 10),
    said('solar-radiation', Math.round(850 * sun)),
    // 6 mm in the first hours of every third day.
    said(
      'rain',
      Math.round((Math.floor((day + 1) / 3) * 6 + (day % 3 === 1 ? Math.min(hour, 3) * 2 : 0)) * 100) / 100,
    ),
  ]
}

export class FieldFarm {
  readonly clock: PretendClock
  readonly folder: string
  readonly plots: readonly PlotSetup[]
  readonly farm: FarmSetup
  journal!: Journal
  room!: FieldRoom
  readonly faults: string[] = []
  /** Where the forecast comes from; only its file is there, nobody answers. */
  forecastUrl: string | undefined
  readonly #random = seededRandom(7)

  constructor(
    options: { startMs?: number; plots?: readonly PlotSetup[]; farm?: FarmSetup; folder?: string } = {},
  ) {
    this.clock = new PretendClock(options.startMs ?? FIRST_DAY_MS, { quietTurns: 1 })
    this.folder = options.folder ?? temporaryFolder()
    this.plots = options.plots ?? [PLOT]
    this.farm = options.farm ?? FARM
  }

  static async open(options: ConstructorParameters<typeof FieldFarm>[0] = {}): Promise<FieldFarm> {
    const farm = new FieldFarm(options)
    await farm.openJournal()
    await farm.startRoom()
    return farm
  }

  async openJournal(): Promise<void> {
    this.journal = await Journal.open({
      path: join(this.folder, 'journal.db'),
      clock: this.clock,
      randomBytes: seededBytes(this.#random),
      lossWindowMs: 0,
      isInWorker: false,
    })
  }

  async startRoom(): Promise<void> {
    this.room = new FieldRoom({
      ...{ journal: this.journal, clock: this.clock, random: this.#random },
      ...{ farm: this.farm, plots: this.plots, utcOffsetH: 7 },
      forecast: { url: this.forecastUrl, everyS: 3600, maxAgeS: 43_200 },
      dayFile: join(this.folder, 'field-days.json'),
      forecastFile: join(this.folder, 'forecast.json'),
      linkTo: () => ({ request: () => Promise.reject(new Error('no forecast here')) }),
      onFault: (code, detail) => this.faults.push(`${code}: ${detail}`),
    })
    await this.clock.finish(this.room.start())
  }

  async stop(): Promise<void> {
    await this.clock.finish(this.room.stop())
    await this.clock.finish(this.journal.close())
  }

  /** The program ends and starts again over the same files. */
  async restart(): Promise<void> {
    await this.stop()
    await this.openJournal()
    await this.startRoom()
  }

  /** Stored and then handed on, as the reading stream does. What was measured at another time is marked as late. */
  async say(all: readonly Said[], device = 'tram', place = ''): Promise<void> {
    const t = this.journal.now()
    const readings: Reading[] = []
    for (const { quantity, value, atMs } of all) {
      const { unit, resolution }: { unit: Unit; resolution: number } = QUANTITIES[quantity]
      const wanted = { device, channel: '', quantity, unit, resolution, timeStepMs: 1000, place }
      const { no } = await this.journal.declareSeries({ ...wanted, origin: 'measured' })
      const isLate = Math.abs(atMs - t) > 60_000
      readings.push({
        ...{ seriesNo: no, t, scaled: Math.round(value / resolution) },
        quality: isLate ? QUALITY.historical : QUALITY.good,
        ...(isLate ? { sourceT: atMs } : {}),
      })
    }
    const stored = this.journal.appendReadings(readings, 'commit')
    // Those who wait for the disk wait for one commit.
    await this.clock.advance(50)
    await stored
    this.room.observe(
      all.flatMap(({ quantity, value }, at) => {
        const reading = readings[at]
        return reading ? [{ ...reading, quantity, value }] : []
      }),
    )
  }

  /** The station speaks every half hour from now on, but for the moments that are left out. */
  async live(hours: number, isLeftOut: (atMs: number) => boolean = () => false): Promise<void> {
    for (let at = 0; at < hours * 2; at++) {
      // A commit may take the clock a moment further.
      const now = Math.round(this.journal.now() / (HOUR_MS / 2)) * (HOUR_MS / 2)
      if (!isLeftOut(now)) await this.say(weatherAt(now))
      await this.clock.advance(now + HOUR_MS / 2 - this.journal.now())
    }
  }

  get days() {
    const [plot] = this.room.desk.plots
    if (!plot) throw new Error('a plot is missing')
    return plot.book.days()
  }

  /** What the derived series say at the end: of two readings of one time the later. */
  async derived(): Promise<Map<string, Map<number, number>>> {
    const said = new Map<string, Map<number, number>>()
    for (const { no, device, quantity, channel, origin, resolution } of this.journal.series()) {
      if (!device.startsWith('plot/') || !origin.startsWith('derived ')) continue
      const rows = await this.journal.readingsWithin(no, 0, Number.MAX_SAFE_INTEGER)
      const values = new Map<number, number>()
      for (let at = 0; at < rows.length; at += 4)
        values.set(rows[at] as number, Number(((rows[at + 1] as number) * resolution).toPrecision(12)))
      said.set(`${quantity} ${channel}`, values)
    }
    return said
  }
}
