import type { Lane } from '#contract/wire/records.ts'
import { LANES } from '#contract/wire/records.ts'
import type { LaneMarks } from '#contract/wire/sync-protocol.ts'

/** A batch that is sealed and not acknowledged. */
export interface SealedRange {
  readonly lane: Lane
  readonly from: number
  readonly to: number
}

interface Waiting extends SealedRange {
  isSent: boolean
  /** It was on its way at least once; whether it came there, only an answer says. */
  isTried: boolean
  isOnItsWay: boolean
  /** The moment in which its own answer came. */
  answeredAt: number
  /** Sealed by this run of the program: nobody can have sent it before. */
  readonly isFresh: boolean
  /** How often the province said that this very batch is no batch. */
  refusals: number
}

// A link that cuts bodies makes a batch look malformed once or twice. One that stays so must not hold up the rest.
const REFUSALS = 3
// A gateway names this many ranges in an answer; with so many, what is not named may be held all the same.
const RANGES_AN_ANSWER = 100

const UNSENT = { isSent: false, isOnItsWay: false, answeredAt: 0, refusals: 0 }

/** Which sealed batch goes next: records, findings, then readings, the newest and the oldest by turns. */
export class SendingOrder {
  readonly #lanes: Record<Lane, Waiting[]> = { record: [], finding: [], reading: [] }
  #isTurnOfNewest = false
  #moment = 0

  /** What the journal holds, oldest first; what is known of a batch already stays known. */
  load(lane: Lane, ranges: readonly { from: number; to: number }[]): void {
    const known = new Map(this.#lanes[lane].map((batch) => [batch.from, batch]))
    this.#lanes[lane] = ranges.map(({ from, to }) => {
      const before = known.get(from)
      return before?.to === to ? before : { ...UNSENT, lane, from, to, isTried: true, isFresh: false }
    })
  }

  /** A batch that was sealed just now, behind all others of its lane. */
  add(lane: Lane, { from, to }: { from: number; to: number }): void {
    this.#lanes[lane].push({ ...UNSENT, lane, from, to, isTried: false, isFresh: true })
  }

  drop(batch: SealedRange): void {
    const lane = this.#lanes[batch.lane]
    const at = lane.findIndex(({ from }) => from === batch.from)
    if (at >= 0) lane.splice(at, 1)
  }

  /** The most urgent batch of the lanes that may go; one that was refused too often waits behind all others, as `stuck`. */
  next(mayGo: (lane: Lane) => boolean = () => true): SealedRange | undefined {
    for (const lane of LANES.filter(mayGo)) {
      const ready = this.#lanes[lane].filter((batch) => isWaiting(batch) && batch.refusals < REFUSALS)
      if (ready.length === 0) continue
      if (lane !== 'reading') return ready[0]
      // A backlog delays today by one batch at most, and today never starves the backlog.
      this.#isTurnOfNewest = !this.#isTurnOfNewest
      return this.#isTurnOfNewest ? ready.at(-1) : ready[0]
    }
    return undefined
  }

  stuck(mayGo: (lane: Lane) => boolean = () => true): SealedRange | undefined {
    return LANES.filter(mayGo)
      .flatMap((lane) => this.#lanes[lane])
      .find((batch) => isWaiting(batch) && batch.refusals >= REFUSALS)
  }

  /** Batches of a lane that are neither sent nor on their way. */
  waiting(lane: Lane): number {
    return this.#lanes[lane].filter(isWaiting).length
  }

  /** To be said before its first byte goes. Answers the moment, for `apply`. */
  tried(batch: SealedRange): number {
    const known = this.#find(batch)
    if (known) Object.assign(known, { isTried: true, isOnItsWay: true })
    return this.#moment
  }

  /** It is not on its way any more, whatever came of it. */
  landed(batch: SealedRange): void {
    const known = this.#find(batch)
    if (known) known.isOnItsWay = false
  }

  sent(batch: SealedRange): void {
    const known = this.#find(batch)
    if (known) Object.assign(known, { isSent: true, isOnItsWay: false, answeredAt: ++this.#moment })
  }

  refused(batch: SealedRange): void {
    const known = this.#find(batch)
    if (known) known.refusals++
  }

  /** Whether something was sent that the province has not put behind its mark yet. */
  get hasUnconfirmed(): boolean {
    return LANES.some((lane) => this.#lanes[lane].some(({ isSent }) => isSent))
  }

  isUnsent(batch: SealedRange): boolean {
    return this.#find(batch)?.isSent === false
  }

  /**
   * Takes in what the province says of a lane. Answers how far the journal may forget and how many batches have to
   * go again. What this run has sealed and never tried to send can't be there; if the mark says so, somebody else writes
   * under our seqs, and sending it brings that to light.
   *
   * `asked`: whose answer it is, and the moment in which that went out. Two that are on their way at once may be answered
   * in any order, so that an answer may be older than what is known: that it does not name a batch whose own answer came
   * after that moment means nothing.
   */
  apply(
    lane: Lane,
    { durableThrough, held, missing }: LaneMarks,
    asked?: { readonly batch: SealedRange; readonly since: number },
  ): { through: number; again: number } {
    const isOlder = (batch: Waiting): boolean =>
      asked !== undefined && batch.answeredAt > asked.since && batch !== this.#find(asked.batch)
    const foreign = this.#lanes[lane].find(
      (batch) => batch.isFresh && !batch.isTried && batch.from <= durableThrough,
    )
    const through = foreign ? foreign.from - 1 : durableThrough
    const isTold = held.length < RANGES_AN_ANSWER
    let again = 0
    const waiting = this.#lanes[lane].filter((batch) => batch.to > through)
    for (const batch of waiting) {
      const { from, to } = batch
      const isHeld = held.some(([first, last]) => from >= first && to <= last)
      const isMissing = missing.some(([first, last]) => from <= last && to >= first)
      // Sent by an earlier run whose answers were lost: it need not go twice.
      if (isHeld && !batch.isFresh) batch.isSent = true
      if (!batch.isSent || isOlder(batch) || !(isMissing || (isTold && !isHeld))) continue
      batch.isSent = false
      again++
    }
    this.#lanes[lane] = waiting
    return { through, again }
  }

  #find({ lane, from }: SealedRange): Waiting | undefined {
    return this.#lanes[lane].find((batch) => batch.from === from)
  }
}

const isWaiting = ({ isSent, isOnItsWay }: Waiting): boolean => !isSent && !isOnItsWay
