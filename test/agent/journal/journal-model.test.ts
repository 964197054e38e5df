import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Lane } from '#contract/wire/records.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { seededBytes, seededRandom, seedFromEnvironment } from '../../world/seeded.ts'
import { copyAsAfterPowerCut, journalFolder, plot, soilMoisture } from './journal-room.ts'

/**
 * The journal against a list: whatever is done to it in whatever order, nothing that was acknowledged is lost, no
 * seq names two things, and `unsealed` hands out each entry once.
 */
type LaneName = Extract<Lane, 'record' | 'reading'>

/** What a lane of the journal should be. Entries are named; the list's index is the id that never starts again. */
class LaneModel {
  readonly all: string[] = []
  base = 0
  sealed = 0
  durable = 0
  ranges: { from: number; to: number }[] = []
  /** Where the lane stood at the first start since the province answered; null after it did. */
  sinceContact: number | null = null

  get lastSeq(): number {
    return this.all.length - this.base
  }

  get unsealed(): string[] {
    return this.all.slice(this.base + this.sealed)
  }

  beginEpoch(): { from: number; to: number } | null {
    const floor = Math.min(
      this.all.length,
      Math.max(this.base + this.durable, this.sinceContact ?? this.base + this.sealed),
    )
    const lost = floor > this.base + this.durable ? { from: this.durable + 1, to: floor - this.base } : null
    Object.assign(this, { base: floor, sealed: 0, durable: 0, ranges: [], sinceContact: null })
    return lost
  }
}

class Model {
  readonly lanes: Record<LaneName, LaneModel> = { record: new LaneModel(), reading: new LaneModel() }
  /** Every name that was handed out for sealing and may have been sent. */
  handedOut: string[] = []
  next = 0

  started(): void {
    for (const lane of Object.values(this.lanes)) lane.sinceContact ??= lane.all.length
  }
}

/** The journal under test; `path` changes when the power goes. */
class Real {
  readonly clock = new PretendClock(Date.UTC(2026, 10, 23))
  readonly #folder = journalFolder()
  readonly #random = seededRandom(1)
  #cuts = 0
  #path = join(this.#folder, 'journal-0.db')
  journal!: Journal
  seriesNo = 0

  async start(): Promise<void> {
    this.journal = await Journal.open({
      path: this.#path,
      clock: this.clock,
      randomBytes: seededBytes(this.#random),
      lossWindowMs: 1000,
      isInWorker: false,
    })
    expect(this.journal.setAside).toBeNull()
    this.seriesNo = (await this.journal.declareSeries(soilMoisture)).no
  }

  async cutPower(): Promise<void> {
    const copy = join(this.#folder, `journal-${++this.#cuts}.db`)
    copyAsAfterPowerCut(this.#path, copy)
    await this.journal.close()
    this.#path = copy
    await this.start()
  }

  async done<T>(work: Promise<T>): Promise<T> {
    await this.clock.advance(0)
    return work
  }

  reading(name: string, at = this.journal.now()) {
    return { seriesNo: this.seriesNo, t: at, scaled: Number(name.slice(1)), quality: 0 }
  }
}

interface Step extends fc.AsyncCommand<Model, Real> {}

abstract class Always {
  check(): boolean {
    return true
  }
}

class AppendReadings extends Always implements Step {
  readonly #count: number
  constructor(count: number) {
    super()
    this.#count = count
  }
  async run(model: Model, real: Real): Promise<void> {
    const names = Array.from({ length: this.#count }, () => `r${model.next++}`)
    await real.done(
      real.journal.appendReadings(
        names.map((name) => real.reading(name)),
        'commit',
      ),
    )
    model.lanes.reading.all.push(...names)
    await same(model, real)
  }
  override toString(): string {
    return `append ${this.#count} readings`
  }
}

class AppendRecords extends Always implements Step {
  readonly #count: number
  constructor(count: number) {
    super()
    this.#count = count
  }
  async run(model: Model, real: Real): Promise<void> {
    const numbers = Array.from({ length: this.#count }, () => model.next++)
    const appended = await real.done(real.journal.appendRecords(numbers.map(plot)))
    const { record } = model.lanes
    expect(appended.map(({ seq }) => seq)).toEqual(numbers.map((_, index) => record.lastSeq + index + 1))
    record.all.push(...numbers.map((number) => `lo-${number}`))
    await same(model, real)
  }
  override toString(): string {
    return `append ${this.#count} records`
  }
}

class Seal extends Always implements Step {
  readonly #lane: LaneName
  readonly #atMost: number
  constructor(lane: LaneName, atMost: number) {
    super()
    this.#lane = lane
    this.#atMost = atMost
  }
  async run(model: Model, real: Real): Promise<void> {
    const lane = model.lanes[this.#lane]
    const next = await real.journal.unsealed(this.#lane, { atMost: this.#atMost })
    const expected = lane.unsealed.slice(0, this.#atMost)
    if (!next) return expect(expected).toEqual([])
    expect(namesOf(next)).toEqual(expected)
    expect(next.from).toBe(lane.sealed + 1)
    const { from, to } = next
    const bytes = new TextEncoder().encode(expected.join())
    await real.journal.saveSealed({ lane: this.#lane, from, to, hash: new Uint8Array(32).fill(to), bytes })
    lane.sealed = to
    lane.ranges.push({ from, to })
    // Series and losses are told anew in each epoch.
    model.handedOut.push(...expected.filter((name) => /^(r|lo-)\d/.test(name)))
    await same(model, real)
  }
  override toString(): string {
    return `seal ${this.#atMost} of ${this.#lane}`
  }
}

class Acknowledge extends Always implements Step {
  readonly #lane: LaneName
  readonly #share: number
  constructor(lane: LaneName, share: number) {
    super()
    this.#lane = lane
    this.#share = share
  }
  async run(model: Model, real: Real): Promise<void> {
    const lane = model.lanes[this.#lane]
    const range = lane.ranges[Math.floor(this.#share * lane.ranges.length)]
    const through = range?.to ?? 0
    await real.journal.acknowledge(this.#lane, through)
    lane.durable = Math.max(lane.durable, through)
    lane.ranges = lane.ranges.filter(({ to }) => to > through)
    for (const each of Object.values(model.lanes)) each.sinceContact = null
    await same(model, real)
  }
  override toString(): string {
    return `acknowledge ${this.#lane} ${this.#share}`
  }
}

class Restart extends Always implements Step {
  async run(model: Model, real: Real): Promise<void> {
    await real.journal.close()
    await real.start()
    model.started()
    await same(model, real)
  }
  override toString(): string {
    return 'restart'
  }
}

class CutPower extends Always implements Step {
  async run(model: Model, real: Real): Promise<void> {
    // Polled readings of the loss window go with the power; nobody was told that they are safe.
    void real.journal.appendReadings([real.reading('r999999')], 'window').catch(() => {})
    await real.cutPower()
    model.started()
    await same(model, real)
  }
  override toString(): string {
    return 'cut the power'
  }
}

class NewEpoch extends Always implements Step {
  async run(model: Model, real: Real): Promise<void> {
    const before = real.journal.epoch
    await real.journal.newEpoch()
    expect(real.journal.epoch).not.toBe(before)
    const { record, reading } = model.lanes
    const lost = [
      { lane: 'record', range: record.beginEpoch() },
      { lane: 'reading', range: reading.beginEpoch() },
    ]
    for (const { lane, range } of lost) {
      if (range) record.all.push(`loss of ${lane} ${range.from}-${range.to}`)
    }
    // What was sealed before the province ever answered can't have been sent: it is handed out again.
    const again = new Set([...record.unsealed, ...reading.unsealed])
    model.handedOut = model.handedOut.filter((name) => !again.has(name))
    record.all.push(`series ${real.seriesNo}`)
    await same(model, real)
  }
  override toString(): string {
    return 'new epoch'
  }
}

class Evict extends Always implements Step {
  async run(model: Model, real: Real): Promise<void> {
    await real.journal.makeRoom(0, { mayLose: false })
    await same(model, real)
  }
  override toString(): string {
    return 'evict'
  }
}

/** The names of what `unsealed` hands out. */
function namesOf(unsealed: NonNullable<Awaited<ReturnType<Journal['unsealed']>>>): string[] {
  expect(unsealed.isLost).toBe(false)
  return [
    ...unsealed.segments.flatMap(({ readings }) => readings.map(({ scaled }) => `r${scaled}`)),
    ...unsealed.entries.map((entry) => {
      const { kind, plot: name, no, lane, from, to } = entry as Record<string, unknown>
      if (kind === 'plot') return String(name)
      return kind === 'series' ? `series ${no}` : `loss of ${lane} ${from}-${to}`
    }),
  ]
}

async function same(model: Model, real: Real): Promise<void> {
  const { lanes } = await real.journal.state()
  for (const lane of ['record', 'reading'] as const) {
    const expected = model.lanes[lane]
    expect(lanes[lane]).toMatchObject({
      lastSeq: expected.lastSeq,
      sealedThrough: expected.sealed,
      durableThrough: expected.durable,
    })
    expect(await real.journal.sealedRanges(lane)).toEqual(expected.ranges)
    const waiting = await real.journal.unsealed(lane, { atMost: 1e6 })
    expect(waiting ? namesOf(waiting) : []).toEqual(expected.unsealed)
  }
  // Handed out twice would be counted twice at the province.
  expect(new Set(model.handedOut).size).toBe(model.handedOut.length)
}

const lane = fc.constantFrom<LaneName>('record', 'reading')
const commands = fc.commands(
  [
    fc.integer({ min: 1, max: 6 }).map((count) => new AppendReadings(count)),
    fc.integer({ min: 1, max: 4 }).map((count) => new AppendRecords(count)),
    fc.tuple(lane, fc.integer({ min: 1, max: 5 })).map(([name, atMost]) => new Seal(name, atMost)),
    fc
      .tuple(lane, fc.double({ min: 0, max: 0.99, noNaN: true }))
      .map(([name, share]) => new Acknowledge(name, share)),
    fc.constant(new Restart()),
    fc.constant(new CutPower()),
    fc.constant(new NewEpoch()),
    fc.constant(new Evict()),
  ],
  { maxCommands: 40 },
)

it('the journal is a list that forgets nothing, whatever is done to it', async () => {
  const seed = seedFromEnvironment()
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const real = new Real()
      await real.start()
      const model = new Model()
      model.started()
      // Declared at the first start, before the model begins.
      model.lanes.record.all.push(`series ${real.seriesNo}`)
      model.lanes.record.sinceContact = 0
      model.lanes.reading.sinceContact = 0
      try {
        await fc.asyncModelRun(() => ({ model, real }), steps)
      } finally {
        await real.journal.close()
      }
    }),
    { numRuns: 60, seed },
  )
}, 60_000)
