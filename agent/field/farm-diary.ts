import type { ActivityEntry, RecordEntry } from '#contract/wire/records.ts'
import { standing } from '#contract/wire/standing-activities.ts'
import type { Spray } from '../crop/harvest-window.ts'
import type { PlotSetup } from './plot-setup.ts'
import { hourOf } from './series-hours.ts'

/** What the models take from the farm book: water that was given, and what was sprayed with which interval. */
export interface DiaryJournal {
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

// Three activities a day over two years; a season needs no more.
const MAX_ACTIVITIES = 2000

export class FarmDiary {
  readonly #journal: DiaryJournal
  readonly #plots: ReadonlyMap<string, PlotSetup>
  readonly #dateOf: (ms: number) => string
  /** By plot and date, and by plot and hour for what wets the leaves. */
  #irrigationMm = new Map<string, number>()
  #overheadMm = new Map<string, number>()
  #sprays = new Map<string, Spray[]>()

  constructor(journal: DiaryJournal, plots: readonly PlotSetup[], dateOf: (ms: number) => string) {
    this.#journal = journal
    this.#plots = new Map(plots.map((plot) => [plot.id, plot]))
    this.#dateOf = dateOf
  }

  /** Reads the book again. Tells for each plot the earliest moment at which its water is other than before. */
  async read(): Promise<ReadonlyMap<string, number>> {
    const [irrigation, overhead, sprays] = [
      new Map<string, number>(),
      new Map<string, number>(),
      new Map<string, Spray[]>(),
    ]
    const since = new Map<string, number>()
    const rows = await this.#journal.records('activity', { limit: MAX_ACTIVITIES })
    const entries = rows.map(({ entry }) => entry as ActivityEntry & RecordEntry)
    for (const activity of standing(entries)) {
      const plot = this.#plots.get(activity.plot)
      if (!plot || !Number.isFinite(activity.at)) continue
      const date = this.#dateOf(activity.at)
      const mm = irrigatedMm(activity, plot)
      if (mm > 0) {
        add(irrigation, `${plot.id} ${date}`, mm)
        if (plot.irrigation?.method === 'sprinkler') add(overhead, `${plot.id} ${hourOf(activity.at)}`, mm)
        if (!this.#irrigationMm.has(`${plot.id} ${date}`)) note(since, plot.id, activity.at)
      }
      if (activity.type === 'sprayed')
        sprays.set(plot.id, [...(sprays.get(plot.id) ?? []), sprayOf(activity, date)])
    }
    // Water that was withdrawn or moved to another day is missing from the new sums.
    for (const [key, mm] of this.#irrigationMm)
      if (irrigation.get(key) !== mm)
        note(since, key.split(' ')[0] ?? '', Date.parse(`${key.split(' ')[1]}T00:00:00Z`) - DAY_MS)
    this.#irrigationMm = irrigation
    this.#overheadMm = overhead
    this.#sprays = sprays
    return since
  }

  irrigationMm(plot: string, date: string): number {
    return this.#irrigationMm.get(`${plot} ${date}`) ?? 0
  }

  /** NaN: nobody keeps book by the hour of water that does not come from above. */
  overheadMm(plot: string, hour: number): number {
    return this.#overheadMm.get(`${plot} ${hour}`) ?? Number.NaN
  }

  sprays(plot: string): readonly Spray[] {
    return this.#sprays.get(plot) ?? []
  }
}

const DAY_MS = 86_400_000

/** In mm over the plot: said so, or from litres or m³ (1 mm on a hectare is 10,000 litres). 0 for anything else. */
function irrigatedMm({ type, details }: ActivityEntry, { areaHa }: PlotSetup): number {
  if (type !== 'irrigated') return 0
  const { mm, litres, m3 } = details
  if (typeof mm === 'number') return mm
  if (typeof litres === 'number') return litres / (areaHa * 10_000)
  return typeof m3 === 'number' ? m3 / (areaHa * 10) : 0
}

function sprayOf({ details }: ActivityEntry, sprayedOn: string): Spray {
  const { phiDays } = details
  return { sprayedOn, phiDays: typeof phiDays === 'number' && phiDays >= 0 ? phiDays : undefined }
}

function add(sums: Map<string, number>, key: string, mm: number): void {
  sums.set(key, (sums.get(key) ?? 0) + mm)
}

function note(earliest: Map<string, number>, plot: string, ms: number): void {
  earliest.set(plot, Math.min(earliest.get(plot) ?? ms, ms))
}
