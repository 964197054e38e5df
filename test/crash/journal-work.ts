import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Random } from '#contract/ground/random.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import {
  LANES,
  type Lane,
  type PlotEntry,
  type RecordBody,
  type RecordEntry,
} from '#contract/wire/records.ts'
import type { Journal } from '../../agent/journal/journal.ts'

/**
 * What a box does with its journal, one seeded step after the other, through the journal's own door. Each step is told
 * before it begins and after it is done, as plain data: over a pipe from a process that is about to die, or at once.
 * Every reading and entry has a name that is given once, so that what is found later can be told apart.
 */
export type Step =
  | { readonly kind: 'readings'; readonly names: readonly string[] }
  | { readonly kind: 'entries'; readonly lane: 'record' | 'finding'; readonly names: readonly string[] }
  | { readonly kind: 'series' }
  | { readonly kind: 'counter' }
  | ({ readonly kind: 'seal'; readonly names: readonly string[]; readonly isLost: boolean } & SealedName)
  | { readonly kind: 'acknowledge'; readonly lane: Lane; readonly through: number }
  | { readonly kind: 'evict' }
  | { readonly kind: 'epoch' }

/** A batch by what names it; its bytes follow from that (`bytesOf`). */
export interface SealedName {
  readonly epoch: string
  readonly lane: Lane
  readonly from: number
  readonly to: number
}

/** What the journal answered. */
export interface Said {
  readonly epoch?: string
  readonly seqs?: readonly number[]
  readonly uuid?: string
  readonly value?: number
  /** After a new epoch: how far each lane of it reaches. */
  readonly lastSeqs?: Readonly<Record<Lane, number>>
}

export type Told =
  | { readonly at: 'begin'; readonly id: number; readonly step: Step }
  | { readonly at: 'done'; readonly id: number; readonly said: Said }

const START = Date.UTC(2026, 10, 1)
const RESOLUTION = 0.1
const BUSIEST_BURST = 5
const MOST_READINGS = 20

export class JournalWork {
  readonly #journal: Journal
  readonly #random: Random
  readonly #tell: (told: Told) => void
  #nextName: number
  #nextId = 0
  #seriesNo = 0
  #changes = 0

  /** `firstName`: above all names that were given before. */
  constructor(options: { journal: Journal; random: Random; firstName: number; tell: (told: Told) => void }) {
    this.#journal = options.journal
    this.#random = options.random
    this.#tell = options.tell
    this.#nextName = options.firstName
  }

  /** The number that the next reading or entry is named with. */
  get nextName(): number {
    return this.#nextName
  }

  async step(): Promise<void> {
    if (this.#seriesNo === 0) return this.#declare()
    const chance = this.#random()
    if (chance < 0.3) await this.#appendReadings('commit')
    else if (chance < 0.45) await this.#burst()
    else if (chance < 0.58) await this.#appendEntries()
    else if (chance < 0.8) await this.#seal()
    else if (chance < 0.91) await this.#acknowledge()
    else if (chance < 0.94) await this.#declare()
    else if (chance < 0.97)
      await this.#do({ kind: 'counter' }, async () => ({ value: await this.#journal.takeCounter('lot') }))
    else if (chance < 0.99) await this.#evict()
    else await this.#beginEpoch()
  }

  /** Several sources at once: what cannot be waited for, and what is. They share commits. */
  async #burst(): Promise<void> {
    const appends = Array.from({ length: 2 + Math.floor(this.#random() * BUSIEST_BURST) }, () =>
      this.#random() < 0.2
        ? this.#appendEntries()
        : this.#appendReadings(this.#random() < 0.5 ? 'commit' : 'window'),
    )
    await Promise.all(appends)
  }

  async #appendReadings(wait: 'commit' | 'window'): Promise<void> {
    const numbers = this.#names(1 + Math.floor(this.#random() ** 2 * MOST_READINGS))
    const readings = numbers.map((scaled) => ({
      seriesNo: this.#seriesNo,
      t: timeOf(scaled),
      scaled,
      quality: 0,
    }))
    await this.#do({ kind: 'readings', names: numbers.map(String) }, async () => {
      await this.#journal.appendReadings(readings, wait)
      return {}
    })
  }

  async #appendEntries(): Promise<void> {
    const lane = this.#random() < 0.7 ? 'record' : 'finding'
    const names = this.#names(1 + Math.floor(this.#random() * 3)).map(String)
    const bodies = names.map((name): RecordBody => (lane === 'record' ? plotOf(name) : findingOf(name)))
    await this.#do({ kind: 'entries', lane, names }, async () => {
      const appended = await this.#journal.appendRecords(bodies)
      return { epoch: this.#journal.epoch, seqs: appended.map(({ seq }) => seq) }
    })
  }

  async #seal(): Promise<void> {
    const lane = this.#lane()
    const waiting = await this.#journal.unsealed(lane, { atMost: 1 + Math.floor(this.#random() * 120) })
    if (!waiting) return
    const { epoch, from, to, segments, entries, isLost } = waiting
    const names =
      lane === 'reading'
        ? segments.flatMap(({ readings }) => readings.map(({ scaled }) => String(scaled)))
        : entries.flatMap((entry) => nameOf(entry) ?? [])
    await this.#do({ kind: 'seal', epoch, lane, from, to, names, isLost }, async () => {
      const bytes = bytesOf({ epoch, lane, from, to })
      await this.#journal.saveSealed({ lane, from, to, hash: sha256(bytes), bytes })
      return {}
    })
  }

  async #acknowledge(): Promise<void> {
    const lane = this.#lane()
    const ranges = await this.#journal.sealedRanges(lane)
    const last = ranges[Math.floor(this.#random() * ranges.length)]
    if (!last) return
    await this.#do({ kind: 'acknowledge', lane, through: last.to }, async () => {
      await this.#journal.acknowledge(lane, last.to)
      return {}
    })
  }

  /** The same probe with another resolution is another series; what is measured from now on belongs to it. */
  async #declare(): Promise<void> {
    await this.#do({ kind: 'series' }, async () => {
      const { no, uuid } = await this.#journal.declareSeries({
        device: 'soil-a',
        channel: '',
        quantity: 'soil-moisture',
        unit: '%',
        resolution: RESOLUTION,
        timeStepMs: 1000,
        place: `Lô ${++this.#changes % 3}`,
        origin: 'measured',
      })
      this.#seriesNo = no
      return { uuid }
    })
  }

  async #evict(): Promise<void> {
    const { sizeBytes } = await this.#journal.state()
    const keepBytes = Math.floor(this.#random() * sizeBytes)
    await this.#do({ kind: 'evict' }, async () => {
      await this.#journal.makeRoom(keepBytes, { mayLose: false })
      return {}
    })
  }

  async #beginEpoch(): Promise<void> {
    await this.#do({ kind: 'epoch' }, async () => {
      const epoch = await this.#journal.newEpoch()
      return { epoch, lastSeqs: lastSeqsOf((await this.#journal.state()).lanes) }
    })
  }

  async #do(step: Step, work: () => Promise<Said>): Promise<void> {
    const id = ++this.#nextId
    this.#tell({ at: 'begin', id, step })
    this.#tell({ at: 'done', id, said: await work() })
  }

  #names(count: number): number[] {
    return Array.from({ length: count }, () => this.#nextName++)
  }

  #lane(): Lane {
    return this.#random() < 0.5 ? 'reading' : (LANES[Math.floor(this.#random() * LANES.length)] as Lane)
  }
}

export const timeOf = (name: number): number => START + name * 1000

export const lastSeqsOf = (lanes: Readonly<Record<Lane, { lastSeq: number }>>): Record<Lane, number> => ({
  record: lanes.record.lastSeq,
  finding: lanes.finding.lastSeq,
  reading: lanes.reading.lastSeq,
})

/** The bytes that stand for a signed batch: some hundred to two thousand, all different, the same each time. */
export function bytesOf({ epoch, lane, from, to }: SealedName): Uint8Array {
  const seed = new TextEncoder().encode(`${epoch} ${lane} ${from} ${to}`)
  const block = sha256(seed)
  const bytes = new Uint8Array(100 + ((from * 37 + to) % 1900))
  for (let at = 0; at < bytes.length; at += block.length)
    bytes.set(block.subarray(0, Math.min(block.length, bytes.length - at)), at)
  return bytes
}

const plotOf = (name: string): PlotEntry => ({
  kind: 'plot',
  plot: name,
  name: `Lô ${name}`,
  crop: 'dragon-fruit',
  areaHa: 1,
})

const NOTHING = new Uint8Array(32)

const findingOf = (name: string): FindingEntry => ({
  kind: 'finding',
  findingId: name,
  photo: {
    ...{ sha256: NOTHING, sizeBytes: 1, widthPx: 1, heightPx: 1 },
    thumbnail: { sha256: NOTHING, sizeBytes: 1, widthPx: 1, heightPx: 1 },
  },
  ...{ crop: 'dragon-fruit', organ: 'stem', plot: '', at: START, person: '', model: null, verdict: null },
  ...{ abstained: 'blurred', labels: [], lesionShare: null },
  quality: { sharpness: 1, brightness: 0.5, darkest: 0, brightest: 1, blownShare: 0, shortSidePx: 1 },
})

/** What a plot or finding of this work is called; undefined for what the journal enters by itself. */
export function nameOf(entry: RecordEntry): string | undefined {
  if (entry.kind === 'plot') return (entry as PlotEntry).plot
  if (entry.kind === 'finding') return (entry as FindingEntry).findingId
  return undefined
}
