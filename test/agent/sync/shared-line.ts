import { expect } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { openEnvelope } from '#contract/wire/batch.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { Link, LinkAnswer, LinkRequest } from '../../../agent/sync/link.ts'
import type { PretendClock } from '../../world/pretend-clock.ts'
import { Box, minutes, onlyMeasured, Province } from './sync-room.ts'

export interface SharedLineFaults {
  isUp: boolean
  bytesPerSecond: number
  /** One way. */
  latencyMs: number
  /** Chances, from 0 to 1: the body ends in the middle for the province; all of it is lost; the answer is. */
  cutBody: number
  loseRequest: number
  loseAnswer: number
  /** An answer takes up to so much longer than the line: one that was given first may come second. */
  lateAnswerMs: number
}

/**
 * One line for all requests, which carries body after body, so that what goes beside something else is seen to. Each
 * request is a connection of its own: the answer to the second may come first.
 */
export class SharedLine implements Link {
  faults: SharedLineFaults = {
    ...{ isUp: true, bytesPerSecond: 8000, latencyMs: 150 },
    ...{ cutBody: 0, loseRequest: 0, loseAnswer: 0, lateAnswerMs: 0 },
  }
  /** The most batches that were on their way at once, in all and of each lane. */
  readonly most: Record<Lane | 'all', number> = { all: 0, record: 0, finding: 0, reading: 0 }
  /** Batches as they were handed over, with the time of that and of their last byte at the province. */
  readonly batches: {
    readonly lane: Lane
    readonly from: number
    readonly beganMs: number
    thereMs: number
  }[] = []
  /** Answers that overtook one that was given before. */
  overtaken = 0
  readonly #flying: Record<Lane, number> = { record: 0, finding: 0, reading: 0 }
  readonly #clock: PretendClock
  readonly #random: Random
  readonly #handle: (request: LinkRequest) => Promise<LinkAnswer>
  #freeAtMs = 0
  #given = 0
  #newestCome = 0

  constructor(options: {
    clock: PretendClock
    random: Random
    handle: (request: LinkRequest) => Promise<LinkAnswer>
  }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#handle = options.handle
  }

  async request(request: LinkRequest): Promise<LinkAnswer> {
    if (request.path !== '/sync/v1/batches') return this.#carry(request)
    const { lane, from } = openEnvelope(request.body as Uint8Array).header
    const batch = { lane, from, beganMs: this.#clock.monotonicMs(), thereMs: Number.NaN }
    this.batches.push(batch)
    this.#flying[lane]++
    const flying = this.#flying.record + this.#flying.finding + this.#flying.reading
    this.most.all = Math.max(this.most.all, flying)
    this.most[lane] = Math.max(this.most[lane], this.#flying[lane])
    try {
      return await this.#carry(request, () => {
        batch.thereMs = this.#clock.monotonicMs()
      })
    } finally {
      this.#flying[lane]--
    }
  }

  async #carry(request: LinkRequest, isThere = () => {}): Promise<LinkAnswer> {
    const { faults } = this
    const size = 200 + (request.body?.length ?? 0)
    const nowMs = this.#clock.monotonicMs()
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (size / faults.bytesPerSecond) * 1000
    await this.#wait(this.#freeAtMs - nowMs + faults.latencyMs)
    if (!this.faults.isUp || this.#happens(faults.loseRequest)) throw lost('request')
    isThere()
    const body = request.body
    const isCut = body && this.#happens(faults.cutBody)
    const sent = isCut
      ? { ...request, body: body.slice(0, Math.floor(this.#random() * body.length)) }
      : request
    const answer = await this.#clock.hold(this.#handle(sent))
    const given = ++this.#given
    await this.#wait(faults.latencyMs + this.#random() * faults.lateAnswerMs)
    if (!this.faults.isUp || this.#happens(faults.loseAnswer)) throw lost('answer')
    if (given < this.#newestCome) this.overtaken++
    this.#newestCome = Math.max(this.#newestCome, given)
    return answer
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve))
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random() < chance
  }
}

const lost = (what: string): VuonError => new VuonError('link-down', `the ${what} was lost on the way`)

/** A box behind a line that carries one body after the other, with a backlog of some eight batches. */
export async function backlogOn(options: { seed?: number; readings?: number } = {}) {
  const province = await Province.open(options.seed)
  const { clock, random } = province
  const box = await Box.open(province, { isUp: false })
  const line = new SharedLine({ clock, random, handle: (request) => province.handle(request) })
  box.interfere = (request) => line.request(request)
  line.faults.isUp = false
  await box.clock.advance(minutes(2))
  await box.measure(options.readings ?? 24_000, { isUneven: true })
  await box.clock.advance(minutes(7))
  return { province, box, line }
}

/** Nothing lost, nothing twice, each lane one chain without a hole, and the box has nothing more to send. */
export async function expectComplete(province: Province, box: Box): Promise<void> {
  const held = await province.held(box.agent)
  expect(onlyMeasured(held.flatMap(({ names }) => names))).toEqual(onlyMeasured(box.acked))
  expect(await province.charted(box.agent)).toBe(box.acked.filter((name) => name.startsWith('r')).length)
  for (const lane of LANES) {
    const chain = held.filter((batch) => batch.lane === lane).sort((a, b) => a.from - b.from)
    for (const [index, { from, prev }] of chain.entries()) {
      expect(from).toBe((chain[index - 1]?.to ?? 0) + 1)
      expect(prev && toHex(prev)).toBe(chain[index - 1]?.hash ?? null)
    }
  }
  expect(box.equivocations).toBe(0)
  expect(await box.journal.sealedRanges('reading')).toEqual([])
}
