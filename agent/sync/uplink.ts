import { type Clock, sleep } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import { abortable } from './abortable-link.ts'
import { BatchSize } from './batch-size.ts'
import type { Budget, Holdback } from './budget.ts'
import type { Link, LinkAnswer } from './link.ts'
import type { Outbox } from './outbox.ts'
import { fetchCursor, openSession, parseSyncAnswer } from './province.ts'
import { Rest } from './rest.ts'
import { Sealer } from './sealer.ts'
import { type SealedRange, SendingOrder } from './sending-order.ts'
import { type Flight, type Landing, SendingWindow } from './sending-window.ts'
import { Setbacks } from './setbacks.ts'
import { SigningKeys } from './signing-keys.ts'

export interface UplinkState {
  readonly phase: 'starting' | 'sending' | 'idle' | 'waiting' | 'refused' | 'suspended' | 'stopped'
  readonly lastOkAt: number | null
  readonly lastError: {
    readonly code: string
    readonly sentence: string
    readonly hint: string
    readonly at: number
  } | null
  readonly failures: number
  readonly nextTryInMs: number | null
  readonly sentBatches: number
  readonly sentBytes: number
  readonly resentBatches: number
  /** What the next batch may grow to, by what the link has shown. */
  readonly batchBytes: number
  /** Why readings wait although there is a link. */
  readonly heldBack: Holdback | null
}

export interface UplinkOptions {
  readonly agent: string
  readonly outbox: Outbox
  readonly link: Link
  readonly key: SecretKey
  /** Where the key may change; `key` signs everything without them. */
  readonly keys?: SigningKeys
  readonly sha256: Sha256
  readonly compression: Compression
  readonly clock: Clock
  readonly random: Random
  readonly batchEveryMs: number
  readonly retryLongestMs: number
  /** What the link may cost; without one everything goes. */
  readonly budget?: Pick<Budget, 'mayGo' | 'holdback'>
  /** Told with each answer the number of the newest message for this box; 0 while there is none. */
  readonly onDownlink?: (highest: number) => void
  /** Told once when the province holds something else under our seqs, or has suspended the key: a cloned card. */
  readonly onEquivocation?: () => void
}

// A flapping alarm wakes many times a second; what it brings meanwhile shares one batch.
const GATHER_MS = 250
// Fewer batches of readings are sent one after the other, over one connection: another one costs more than it saves.
const BACKLOG_BATCHES = 3
const LONG_MS = 3_600_000

/**
 * Sends what the journal holds: records first, then findings, then the newest readings and the backlog by turns.
 * Everything stays in the journal until the province says that it holds it, so that any failure here is a wait.
 */
export class Uplink {
  readonly #options: UplinkOptions
  readonly #size = new BatchSize()
  readonly #sealer: Sealer
  readonly #keys: SigningKeys
  readonly #setbacks: Setbacks
  readonly #order = new SendingOrder()
  readonly #abort = new AbortController()
  readonly #rest = new Rest()
  readonly #window: SendingWindow
  #isWoken = false
  /** Woken since something was sealed last. */
  #hasNews = false
  #isAllDue = false
  #running: Promise<void> | undefined
  #isAligned = false
  #restMs = 0
  #state: UplinkState = {
    phase: 'starting',
    lastOkAt: null,
    lastError: null,
    failures: 0,
    nextTryInMs: null,
    sentBatches: 0,
    sentBytes: 0,
    resentBatches: 0,
    batchBytes: this.#size.targetBytes,
    heldBack: null,
  }

  constructor(options: UplinkOptions) {
    this.#options = options
    const { agent, key, sha256 } = options
    this.#keys = options.keys ?? new SigningKeys({ agent, ring: [key], sha256 })
    this.#sealer = new Sealer({ ...options, keys: this.#keys }, this.#size)
    this.#setbacks = new Setbacks(options)
    this.#window = new SendingWindow({
      link: abortable(options.link, this.#abort.signal),
      ...{ clock: options.clock, size: this.#size, onLanding: () => this.#rest.wake() },
      // What a new key signs is not known before its entry has arrived.
      isWide: this.#keys.keyIds.length === 1,
    })
  }

  get state(): UplinkState {
    return {
      ...this.#state,
      batchBytes: this.#size.targetBytes,
      heldBack: this.#options.budget?.holdback('reading') ?? null,
    }
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Resolves soon: an answer that is still on its way is not waited for. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
    this.#note({ phase: 'stopped', nextTryInMs: null })
  }

  /** Something waits that should not wait for the next round. */
  wake(): void {
    this.#isWoken = true
    this.#hasNews = true
    this.#rest.wake()
  }

  /** The readings that gather for their batch go too, with the next round. */
  sendNow(): void {
    this.#isAllDue = true
    this.wake()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      let waitMs: number
      this.#isWoken = false
      this.#restMs = 0
      try {
        if (this.#isAligned) await this.#sealFull()
        else await this.#align()
        const sentBefore = this.#state.sentBatches
        await this.#round()
        // Asked for in the middle of this round: the next one still does it.
        if (!this.#isWoken) this.#isAllDue = false
        // What was sent and never confirmed, and nothing follows whose answer would say more: it asks.
        if (this.#state.sentBatches === sentBefore && this.#order.hasUnconfirmed) this.#isAligned = false
        this.#setbacks.succeeded()
        waitMs = Math.max(await this.#untilDue(), this.#restMs)
        this.#note({ phase: 'idle', failures: 0, nextTryInMs: waitMs })
      } catch (error) {
        if (this.#isStopped) return
        waitMs = await this.#fail(error)
      }
      await this.#pause(waitMs)
    }
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted
  }

  /**
   * Asks where the province stands, before anything is sealed. It knows more than we do only if this card is an
   * older copy: then a new epoch.
   */
  async #align(): Promise<void> {
    const { outbox } = this.#options
    const asked = this.#window.questions
    // What a box without a network enters about its keys does not wait for one.
    await this.#keys.settle({ isAsked: false })
    const token = await this.#openSession(asked)
    const hasBacklog = await this.#hasBacklog()
    const asking = fetchCursor(asked, token, outbox.epoch)
    if (hasBacklog) this.#window.openAnother()
    const answer = await asking
    await this.#loadSealed()
    await this.#apply(answer)
    await this.#speakAs(answer)
    this.#isAligned = await this.#keys.settle({ isAsked: true })
  }

  /** Before it is known what is sealed. */
  async #hasBacklog(): Promise<boolean> {
    const { lastSeq, sealedThrough, durableThrough } = (await this.#options.outbox.state()).lanes.reading
    return (lastSeq ?? sealedThrough) - durableThrough > BACKLOG_BATCHES * this.#size.atMost('reading')
  }

  /** By the newest key that the province knows: each one that it calls retired is followed by the next. */
  async #openSession(link: Link): Promise<string> {
    for (;;) {
      try {
        return (await openSession(link, this.#keys.speaker, this.#options.agent)).token
      } catch (error) {
        const isRetired = error instanceof VuonError && error.code === 'key-retired'
        if (!isRetired || !this.#keys.spokeWithRetired()) throw error
      }
    }
  }

  /**
   * A box that was claimed anew, with a new name or key, goes on in a new epoch: nothing more of the old one is taken.
   * What the province has not got of it goes on too, unless it holds some of that beyond a gap.
   */
  async #speakAs({ lanes, epoch }: SyncAnswer): Promise<void> {
    const { outbox, agent } = this.#options
    if (!outbox.origin || !outbox.setOrigin) return
    const [name, key] = (await outbox.origin())?.split(' ') ?? []
    const isOurs = name === undefined || (name === agent && this.#keys.keyIds.includes(key ?? ''))
    if (!isOurs && epoch === outbox.epoch) {
      const hasGaps = LANES.some((lane) => lanes[lane].held.length > 0)
      await (hasGaps || !outbox.newEpochAfterMarks ? outbox.newEpoch() : outbox.newEpochAfterMarks())
      await this.#loadSealed()
    }
    if (!isOurs || name === undefined) await outbox.setOrigin(`${agent} ${this.#keys.keyIds.at(-1)}`)
  }

  /**
   * One pass: seal what is due, send what is not sent, the most urgent first each time. What is on its way when
   * something goes wrong is waited for, and counts.
   */
  async #round(): Promise<void> {
    const errors: unknown[] = []
    // After a failure something that is sealed already asks whether the link is back: an outage of a week
    // must not cut the week into a batch for each try.
    let isAsking = this.#setbacks.failures > 0
    let isDraining = false
    let sealedAtMs = Number.NEGATIVE_INFINITY
    const { clock } = this.#options
    for (;;) {
      for (let landing = this.#window.landing(); landing; landing = this.#window.landing()) {
        try {
          await this.#land(landing)
          isAsking = false
        } catch (error) {
          errors.push(error)
        }
      }
      const isOver = this.#isStopped || this.#restMs > 0 || errors.length > 0
      if (isOver && this.#window.isEmpty) break
      const lanes = isOver || (isAsking && !this.#window.isEmpty) ? [] : this.#window.lanesFree(isDraining)
      // What came meanwhile goes next, but a quick link must not carry a batch for each record.
      let untilSealMs = sealedAtMs + GATHER_MS - clock.monotonicMs()
      if (!isAsking && lanes.length > 0 && untilSealMs <= 0) {
        sealedAtMs = clock.monotonicMs()
        untilSealMs = GATHER_MS
        this.#hasNews = false
        await this.#sealDue(lanes)
      }
      isDraining ||= this.#order.waiting('reading') >= BACKLOG_BATCHES
      const next = this.#order.next((lane) => lanes.includes(lane) && this.#mayGo(lane))
      if (isDraining && !isOver && !isAsking && this.#window.isQuiet) this.#window.openAnother()
      if (next) await this.#launch(next)
      else if (!this.#window.isEmpty) await this.#change(lanes, untilSealMs)
      else if (isAsking) isAsking = false
      else {
        const stuck = this.#order.stuck(this.#mayGo)
        if (!stuck) break
        await this.#launch(stuck)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors)
  }

  /** What the budget holds back is not cut into a batch for each round of the wait. */
  async #sealDue(lanes: readonly Lane[]): Promise<void> {
    for (const lane of lanes)
      if (this.#mayGo(lane)) while (await this.#seal(lane, this.#dueT())) if (this.#isStopped) return
  }

  /** Until an answer comes, the line is free for the next body, or a record that came has gathered its company. */
  async #change(lanes: readonly Lane[], untilSealMs: number): Promise<void> {
    if (this.#window.hasLanded) return
    const gatherMs = this.#hasNews && lanes.length > 0 ? Math.max(1, untilSealMs) : LONG_MS
    const waitMs = Math.min(LONG_MS, gatherMs, this.#window.msUntilMore)
    await this.#rest.take(this.#options.clock, waitMs, this.#abort.signal)
  }

  readonly #mayGo = (lane: Lane): boolean => this.#options.budget?.mayGo(lane) ?? true

  /** Whole batches are sealed with or without a link: their readings then take a hundredth of the room. */
  async #sealFull(): Promise<void> {
    while (!this.#isStopped && (await this.#seal('reading', 0)));
  }

  /** A reading that came just after the last batch waits one period, not nearly two. */
  async #untilDue(): Promise<number> {
    const { outbox, batchEveryMs } = this.#options
    const { oldestUnsentT } = (await outbox.state()).lanes.reading
    const isWaiting =
      typeof oldestUnsentT === 'number' && !this.#order.hasUnconfirmed && this.#mayGo('reading')
    if (!isWaiting) return batchEveryMs
    const dueMs = oldestUnsentT + batchEveryMs - outbox.now()
    return Math.max(Math.min(GATHER_MS, batchEveryMs), Math.min(batchEveryMs, dueMs))
  }

  async #seal(lane: Lane, notAfterT: number): Promise<boolean> {
    const sealed = await this.#sealer.seal(lane, notAfterT)
    if (sealed) this.#order.add(lane, sealed)
    return sealed !== null
  }

  #dueT(): number {
    return this.#options.outbox.now() - (this.#isAllDue ? 0 : this.#options.batchEveryMs * 0.9)
  }

  async #launch(batch: SealedRange): Promise<void> {
    const { outbox } = this.#options
    const bytes = await outbox.sealedBytes(batch.lane, batch.from)
    if (!bytes) return this.#order.drop(batch)
    this.#note({ phase: 'sending', nextTryInMs: null })
    this.#window.launch({ batch, bytes, epoch: outbox.epoch, since: this.#order.tried(batch) })
  }

  /** Takes up what came of a batch. Throws what went wrong with it. */
  async #land(landing: Landing): Promise<void> {
    const { batch, bytes, epoch } = landing.flight
    const { outbox } = this.#options
    // A new epoch began meanwhile: it has other batches under these numbers.
    if (epoch !== outbox.epoch) return
    try {
      if ('error' in landing) throw landing.error
      const marks = await this.#readAnswer(landing.answer, batch)
      this.#order.sent(batch)
      this.#setbacks.arrived()
      this.#note({
        lastOkAt: outbox.now(),
        lastError: null,
        failures: this.#setbacks.failures,
        sentBatches: this.#state.sentBatches + 1,
        sentBytes: this.#state.sentBytes + bytes.length,
      })
      await this.#apply(marks, landing.flight)
    } finally {
      this.#order.landed(batch)
    }
    // A friendly answer that does not hold what was just sent would otherwise make us send it again at once, for ever.
    if (this.#order.isUnsent(batch))
      throw new VuonError('link-refused', 'The province answered, but does not say that it holds the batch.')
  }

  async #readAnswer(answer: LinkAnswer, batch: SealedRange): Promise<SyncAnswer> {
    try {
      const marks = parseSyncAnswer(answer)
      if (marks.epoch === this.#options.outbox.epoch) return marks
    } catch (error) {
      if (error instanceof VuonError && error.code.startsWith('batch-')) this.#order.refused(batch)
      throw error
    }
    throw new VuonError('link-refused', 'The answer is about another epoch.')
  }

  /** `flight`: whose answer it is; without one it is the newest that there is. */
  async #apply(answer: SyncAnswer, flight?: Flight): Promise<void> {
    const { outbox } = this.#options
    this.#restMs = Math.max(this.#restMs, this.#setbacks.rest(answer.retryAfterMs ?? 0))
    this.#options.onDownlink?.(answer.downlink?.highest ?? 0)
    if (answer.epoch !== outbox.epoch) return
    const { lanes } = await outbox.state()
    if (LANES.some((lane) => answer.lanes[lane].durableThrough > lanes[lane].sealedThrough))
      return this.#beginEpoch()
    for (const lane of LANES) {
      if (lane === 'record') this.#keys.acknowledged(answer.epoch, answer.lanes.record.durableThrough)
      const { through, again } = this.#order.apply(lane, answer.lanes[lane], flight)
      await outbox.acknowledge(lane, through)
      if (again > 0) this.#note({ resentBatches: this.#state.resentBatches + again })
    }
  }

  async #beginEpoch(): Promise<void> {
    await this.#options.outbox.newEpoch()
    await this.#loadSealed()
    // Which key begins it, the province may have to be asked.
    this.#isAligned = await this.#keys.settle({ isAsked: false })
  }

  async #loadSealed(): Promise<void> {
    for (const lane of LANES) this.#order.load(lane, await this.#options.outbox.sealedRanges(lane))
  }

  /** Notes what went wrong; answers how long to wait. Nothing is lost: it all stays in the journal. */
  async #fail(cause: unknown): Promise<number> {
    const setback = this.#setbacks.after(cause instanceof AggregateError ? cause.errors : [cause])
    const { phase, error, waitMs } = setback
    if (setback.isToAlign) this.#isAligned = false
    // Whoever is claimed again goes on in its own epoch.
    if (setback.isDisputed) await this.#beginEpoch().catch(() => {})
    if (setback.isNewsOfSuspension) this.#options.onEquivocation?.()
    this.#note({
      phase,
      failures: this.#setbacks.failures,
      nextTryInMs: waitMs,
      lastError: {
        code: error.code,
        sentence: error.message,
        hint: error.hint,
        at: this.#options.outbox.now(),
      },
    })
    return waitMs
  }

  /** After a failure, and when the province asked for rest, an eager caller must not turn the wait into a hammer. */
  async #pause(waitMs: number): Promise<void> {
    const isWakeable = this.#setbacks.failures === 0 && this.#restMs === 0
    const { clock } = this.#options
    if (!isWakeable) return sleep(clock, waitMs, this.#abort.signal)
    if (!this.#isWoken) await this.#rest.take(clock, waitMs, this.#abort.signal)
    if (this.#isWoken) await sleep(clock, GATHER_MS, this.#abort.signal)
  }

  #note(change: Partial<UplinkState>): void {
    this.#state = { ...this.#state, ...change }
  }
}
