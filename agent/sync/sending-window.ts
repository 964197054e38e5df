import type { Clock } from '#contract/ground/clock.ts'
import { BATCH_TYPE } from '#contract/wire/batch.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { BatchSize } from './batch-size.ts'
import { KeptConnections } from './kept-connections.ts'
import { LinePace } from './line-pace.ts'
import type { Link, LinkAnswer, LinkRequest } from './link.ts'
import type { SealedRange } from './sending-order.ts'

// Two bodies fill any line that carries one in the time of a trip there and back, and are 100 kB of memory: 48 KiB each,
// as `BatchSize` cuts them. A single event may be a megabyte (`MAX_BATCH_BYTES`), so the bound is three of them.
const BODIES = 2
// TCP's and TLS's, before the first byte of a body goes over a new connection.
const OPENING_TRIPS = 2
// The shortest answer that anybody gets without a bearer.
const NOTHING_ASKED = '/sync/v1/time?nonce=another-connection'

/** A batch that was handed to the link. */
export interface Flight {
  readonly batch: SealedRange
  readonly bytes: Uint8Array
  /** Of the journal, when it was sent: an answer about another one says nothing of this one's marks. */
  readonly epoch: string
  /** The moment of `SendingOrder` in which it was sent. */
  readonly since: number
}

/** What came of one: an answer, whatever it says, or that the link broke. */
export type Landing = { readonly flight: Flight } & (
  | { readonly answer: LinkAnswer }
  | { readonly error: unknown }
)

export interface WindowOptions {
  readonly link: Link
  readonly clock: Clock
  readonly size: BatchSize
  readonly onLanding: () => void
  /** Otherwise one batch at a time, whatever it is. */
  readonly isWide: boolean
}

/**
 * The batches that are on their way. While the answer to one of a backlog is awaited, the body of the next may go; of
 * records there is one at a time, and it waits for neither. Landings are taken up one by one, by whoever sends.
 */
export class SendingWindow {
  readonly #options: WindowOptions
  readonly #pace = new LinePace()
  readonly #kept = new KeptConnections()
  readonly #flying = new Set<Flight>()
  readonly #landed: Landing[] = []
  #isOpening = false
  /** The last one that was asked for did not come, and nothing was answered since. */
  #isShut = false
  /** For questions to the province: they are small, and tell how far away it is. */
  readonly questions: Link = { request: async (request) => (await this.#carry(request)).answer }

  constructor(options: WindowOptions) {
    this.#options = options
  }

  /** Nothing is on its way, and nothing that came back waits to be taken up. */
  get isEmpty(): boolean {
    return this.#flying.size === 0 && this.#landed.length === 0
  }

  get hasLanded(): boolean {
    return this.#landed.length > 0
  }

  /** Answers are awaited, and the line has nothing more to carry. */
  get isQuiet(): boolean {
    return this.#flying.size > 0 && this.#options.clock.monotonicMs() >= this.#pace.freeAtMs
  }

  /**
   * From which lanes the next batch may come now. `isDraining`: so much waits that a second connection is worth what it
   * costs (TLS alone is 5 kB); otherwise only a record goes beside what is on its way.
   */
  lanesFree(isDraining: boolean): readonly Lane[] {
    const flying = [...this.#flying].map(({ batch }) => batch.lane)
    if (flying.length === 0) return LANES
    if (!this.#options.isWide) return []
    const nowMs = this.#options.clock.monotonicMs()
    const bodies = flying.filter((lane) => lane !== 'record').length
    const hasRoom = isDraining && bodies < BODIES && this.#kept.hasIdle(nowMs) && nowMs >= this.#pace.freeAtMs
    const isRecordFree = !this.#isToWait(nowMs)
    return LANES.filter((lane) => {
      if (lane === 'reading') return hasRoom
      return (lane === 'record' ? isRecordFree : hasRoom) && !flying.includes(lane)
    })
  }

  /** When to ask again which lanes are free, if nothing lands before; Infinity when only a landing changes that. */
  get msUntilMore(): number {
    const nowMs = this.#options.clock.monotonicMs()
    const times = [this.#pace.freeAtMs, this.#waitEndsMs()].filter((atMs) => atMs > nowMs)
    return Math.min(...times) - nowMs
  }

  launch(flight: Flight): void {
    this.#flying.add(flight)
    void this.#fly(flight).then((landing) => {
      this.#flying.delete(flight)
      this.#landed.push(landing)
      this.#options.onLanding()
    })
  }

  /**
   * Sees to it that the next body finds a connection. A new one takes two trips, longer than the answer that is awaited,
   * and behind a body that is on its way longer still: so it is opened while the line is quiet, by asking for nothing.
   */
  openAnother(): void {
    const { link, clock, onLanding, isWide } = this.#options
    if (!isWide || this.#isOpening || this.#isShut || this.#kept.hasIdle(clock.monotonicMs())) return
    this.#isOpening = true
    const done = (isOpen: boolean): void => {
      this.#isOpening = false
      this.#isShut = !isOpen
      if (isOpen) this.#kept.giveBack(clock.monotonicMs())
      onLanding()
    }
    link.request({ method: 'GET', path: NOTHING_ASKED }).then(
      () => done(true),
      () => done(false),
    )
  }

  landing(): Landing | undefined {
    return this.#landed.shift()
  }

  /** Whether a record gets there sooner, and for less, over the connection of what is to be answered next. */
  #isToWait(nowMs: number): boolean {
    if (this.#kept.hasIdle(nowMs)) return false
    const landingMs = this.#pace.firstFreeAtMs + this.#pace.besideMs
    return landingMs - nowMs <= this.#openingMs && nowMs < this.#waitEndsMs()
  }

  /** Something else is wrong with an answer that is so late. */
  #waitEndsMs(): number {
    return this.#pace.firstFreeAtMs + this.#pace.besideMs + this.#openingMs
  }

  get #openingMs(): number {
    return OPENING_TRIPS * this.#pace.besideMs
  }

  /** How long it had the line, or that it was cut, decides how large the next ones are. */
  async #fly(flight: Flight): Promise<Landing> {
    const { size } = this.#options
    const { bytes: body } = flight
    try {
      const headers = { 'content-type': BATCH_TYPE }
      const request = { method: 'POST', path: '/sync/v1/batches', headers, body } as const
      const { answer, aloneMs } = await this.#carry(request)
      size.delivered(body.length, aloneMs)
      return { flight, answer }
    } catch (error) {
      size.cut()
      return { flight, error }
    }
  }

  async #carry(request: LinkRequest): Promise<{ answer: LinkAnswer; aloneMs: number }> {
    const { link, clock } = this.#options
    const body = this.#pace.begin(request.body?.length ?? 0, clock.monotonicMs())
    this.#kept.take(clock.monotonicMs())
    try {
      const answer = await link.request(request)
      const nowMs = clock.monotonicMs()
      this.#kept.giveBack(nowMs)
      this.#isShut = false
      return { answer, aloneMs: this.#pace.answered(body, nowMs) }
    } catch (error) {
      this.#pace.lost(body)
      this.#kept.forget()
      throw error
    }
  }
}
