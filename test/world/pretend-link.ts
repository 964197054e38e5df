import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { Link, LinkAnswer, LinkRequest } from '../../agent/sync/link.ts'
import type { PretendClock } from './pretend-clock.ts'

/** What a rural link does to requests; each chance is from 0 to 1. */
export interface LinkFaults {
  /** The cable is in. */
  isUp: boolean
  delayMs: readonly [shortest: number, longest: number]
  /** The request never arrives. */
  dropRequest: number
  /** It arrives and is done, and the answer is lost: what makes a box send twice. */
  dropAnswer: number
  /** It arrives twice. */
  repeat: number
  /** A middle box cuts the body short. */
  cut: number
  /** A middle box holds it, or a copy of it, and hands it over up to half an hour later. */
  straggle: number
}

export const GOOD_LINK: LinkFaults = {
  isUp: true,
  delayMs: [20, 80],
  dropRequest: 0,
  dropAnswer: 0,
  repeat: 0,
  cut: 0,
  straggle: 0,
}

export const BAD_LINK: LinkFaults = {
  isUp: true,
  delayMs: [50, 4000],
  dropRequest: 0.15,
  dropAnswer: 0.15,
  repeat: 0.1,
  cut: 0.05,
  straggle: 0,
}

export type Handle = (request: LinkRequest) => Promise<LinkAnswer>

const LONGEST_STRAGGLING_MS = 1_800_000

/** A link in pretend time to a real gateway. */
export class PretendLink implements Link {
  faults: LinkFaults = { ...GOOD_LINK }
  readonly #clock: PretendClock
  readonly #random: Random
  readonly #handle: Handle
  requests = 0
  answered = 0
  bytesUp = 0

  constructor(options: { clock: PretendClock; random: Random; handle: Handle }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#handle = options.handle
  }

  async request(request: LinkRequest): Promise<LinkAnswer> {
    this.requests++
    await this.#delay()
    if (!this.faults.isUp || this.#happens(this.faults.dropRequest)) throw lost('the request')
    this.bytesUp += request.body?.length ?? 0
    const sent = this.#happens(this.faults.cut) ? cutShort(request, this.#random) : request
    if (this.#happens(this.faults.straggle)) {
      this.#handOverLate(sent)
      // The sender has given up on the one that straggles, or got its answer from the other copy.
      if (this.#happens(0.5)) throw lost('the request')
    }
    if (this.#happens(this.faults.repeat)) await this.#clock.hold(this.#handle(sent))
    const answer = await this.#clock.hold(this.#handle(sent))
    await this.#delay()
    if (!this.faults.isUp || this.#happens(this.faults.dropAnswer)) throw lost('the answer')
    this.answered++
    return answer
  }

  #handOverLate(request: LinkRequest): void {
    this.#clock.after(this.#random() * LONGEST_STRAGGLING_MS, () => {
      this.#clock.hold(this.#handle(request).catch(() => undefined))
    })
  }

  #delay(): Promise<void> {
    const [shortest, longest] = this.faults.delayMs
    const ms = shortest + this.#random() * (longest - shortest)
    return new Promise((resolve) => this.#clock.after(ms, resolve))
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random() < chance
  }
}

const lost = (what: string): VuonError => new VuonError('link-down', `${what} was lost on the way`)

function cutShort(request: LinkRequest, random: Random): LinkRequest {
  if (!request.body) return request
  return { ...request, body: request.body.slice(0, Math.floor(random() * request.body.length)) }
}
