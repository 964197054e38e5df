import { Backoff } from '#contract/ground/backoff.ts'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import {
  BATCH_TYPE,
  MAX_BATCH_BYTES,
  MAX_BODY_BYTES,
  type SealedBatch,
  sealBatch,
} from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import type { Lane, ReadingSegment, RecordEntry } from '#contract/wire/records.ts'
import { LANES } from '#contract/wire/records.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import type { Link, LinkAnswer, LinkRequest } from './link.ts'
import { fetchCursor, openSession, parseSyncAnswer, Refused } from './province.ts'
import { type SealedRange, SendingOrder } from './sending-order.ts'

/** What the journal holds for the province. Each method's promise resolves after the disk has it. */
export interface Outbox {
  readonly epoch: string
  now(): number
  unsealed(lane: Lane, options: { atMost: number; notAfterT?: number }): Promise<UnsealedEntries | null>
  stepOf(seriesNo: number): number
  saveSealed(row: {
    lane: Lane
    from: number
    to: number
    hash: Uint8Array
    bytes: Uint8Array
  }): Promise<void>
  sealedRanges(lane: Lane): Promise<{ from: number; to: number }[]>
  sealedBytes(lane: Lane, from: number): Promise<Uint8Array | null>
  acknowledge(lane: Lane, durableThrough: number): Promise<void>
  newEpoch(): Promise<string>
  state(): Promise<{ lanes: Record<Lane, { sealedThrough: number; durableThrough: number }> }>
}

export interface UnsealedEntries {
  readonly epoch: string
  readonly from: number
  readonly to: number
  readonly prev: Uint8Array | null
  readonly segments: readonly ReadingSegment[]
  readonly entries: readonly RecordEntry[]
  /** True when these seqs can't be read any more; `entries` then holds one `loss` that fills their place. */
  readonly isLost: boolean
}

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
}

export interface UplinkOptions {
  readonly agent: string
  readonly outbox: Outbox
  readonly link: Link
  readonly key: SecretKey
  readonly sha256: Sha256
  readonly compression: Compression
  readonly clock: Clock
  readonly random: Random
  readonly batchEveryMs: number
  readonly retryLongestMs: number
  /** Told once when the province holds something else under our seqs, or has suspended the key: a cloned card. */
  readonly onEquivocation?: () => void
}

// 4,000 readings are about 4 kB on the wire: seconds on the worst link, and the envelope is a twentieth of it.
const MAX_READINGS = 4000
const MAX_ENTRIES = 500
// A flapping alarm wakes many times a second; what it brings meanwhile shares one batch.
const GATHER_MS = 250
// Whatever a server asks for: a box that is silent for longer looks dead.
const LONGEST_REST_MS = 3_600_000

/**
 * Sends what the journal holds: records first, then findings, then the newest readings and the backlog by turns.
 * Everything stays in the journal until the province says that it holds it, so that any failure here is a wait.
 */
export class Uplink {
  readonly #options: UplinkOptions
  readonly #keyId: string
  readonly #backoff: Backoff
  readonly #order = new SendingOrder()
  readonly #abort = new AbortController()
  #wake: (() => void) | undefined
  #isWoken = false
  #running: Promise<void> | undefined
  #isAligned = false
  #isToldOfSuspension = false
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
  }

  constructor(options: UplinkOptions) {
    this.#options = options
    this.#keyId = keyIdOf(options.key.publicRaw, options.sha256)
    this.#backoff = new Backoff({ firstMs: 1000, longestMs: options.retryLongestMs, random: options.random })
  }

  get state(): UplinkState {
    return this.#state
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
    this.#wake?.()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      let waitMs = this.#options.batchEveryMs
      this.#isWoken = false
      this.#restMs = 0
      try {
        if (this.#isAligned) await this.#sealFull()
        else await this.#align()
        await this.#round()
        this.#backoff.succeeded()
        this.#isToldOfSuspension = false
        waitMs = Math.max(waitMs, this.#restMs)
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
    const { link, key, agent, outbox } = this.#options
    const asked: Link = { request: (request) => this.#ask(link, request) }
    const { token } = await openSession(asked, key, agent)
    const answer = await fetchCursor(asked, token, outbox.epoch)
    await this.#loadSealed()
    await this.#apply(answer)
    this.#isAligned = true
  }

  /** One pass: seal what is due, send what is not sent, the most urgent first each time. */
  async #round(): Promise<void> {
    // After a failure something that is sealed already asks whether the link is back: an outage of a week
    // must not cut the week into a batch for each try.
    if (this.#backoff.failures > 0) {
      const probe = this.#order.next()
      if (probe) await this.#send(probe)
    }
    let sealedAtMs = Number.NEGATIVE_INFINITY
    while (!this.#isStopped && this.#restMs === 0) {
      // What came during the last request goes next, but a quick link must not carry a batch for each record.
      if (this.#options.clock.monotonicMs() - sealedAtMs >= GATHER_MS) {
        sealedAtMs = this.#options.clock.monotonicMs()
        for (const lane of LANES) while (await this.#seal(lane)) if (this.#isStopped) return
      }
      const next = this.#order.next() ?? this.#order.stuck()
      if (!next) return
      await this.#send(next)
    }
  }

  /** Whole batches are sealed with or without a link: their readings then take a hundredth of the room. */
  async #sealFull(): Promise<void> {
    while (!this.#isStopped && (await this.#seal('reading', 0)));
  }

  async #seal(lane: Lane, notAfterT = this.#dueT()): Promise<boolean> {
    const { outbox } = this.#options
    let atMost = lane === 'reading' ? MAX_READINGS : MAX_ENTRIES
    for (;;) {
      const unsealed = await outbox.unsealed(lane, lane === 'reading' ? { atMost, notAfterT } : { atMost })
      if (!unsealed) return false
      const { from, to } = unsealed
      const batch = this.#sealed(lane, unsealed)
      const isTooLarge = batch.bytes.length > MAX_BATCH_BYTES || batch.header.rawSize > MAX_BODY_BYTES
      if (isTooLarge && to > from) {
        atMost = Math.ceil((to - from + 1) / 2)
        continue
      }
      await outbox.saveSealed({ lane, from, to, hash: batch.hash, bytes: batch.bytes })
      this.#order.add(lane, { from, to })
      return true
    }
  }

  #dueT(): number {
    return this.#options.outbox.now() - this.#options.batchEveryMs * 0.9
  }

  #sealed(lane: Lane, { epoch, from, to, prev, segments, entries, isLost }: UnsealedEntries): SealedBatch {
    const { outbox, key, sha256, compression, agent } = this.#options
    const isReading = lane === 'reading' && !isLost
    const form = isLost ? 'loss-1' : isReading ? 'columns-1' : 'entries-1'
    const body = isReading ? encodeSegments(segments, (no) => outbox.stepOf(no)) : encodeEntries(entries)
    const header = { agent, key: this.#keyId, epoch, lane, from, to, prev, form }
    return sealBatch(header, body, { key, sha256, compression })
  }

  async #send(batch: SealedRange): Promise<void> {
    const { link, outbox } = this.#options
    const bytes = await outbox.sealedBytes(batch.lane, batch.from)
    if (!bytes) return this.#order.drop(batch)
    this.#note({ phase: 'sending', nextTryInMs: null })
    const answer = await this.#ask(link, {
      method: 'POST',
      path: '/sync/v1/batches',
      headers: { 'content-type': BATCH_TYPE },
      body: bytes,
    })
    const marks = await this.#readAnswer(answer, batch)
    this.#order.sent(batch)
    this.#note({
      lastOkAt: outbox.now(),
      lastError: null,
      sentBatches: this.#state.sentBatches + 1,
      sentBytes: this.#state.sentBytes + bytes.length,
    })
    await this.#apply(marks)
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

  async #apply(answer: SyncAnswer): Promise<void> {
    const { outbox } = this.#options
    this.#restMs = Math.min(answer.retryAfterMs ?? 0, LONGEST_REST_MS) * (1 + 0.2 * this.#options.random())
    if (answer.epoch !== outbox.epoch) return
    const { lanes } = await outbox.state()
    if (LANES.some((lane) => answer.lanes[lane].durableThrough > lanes[lane].sealedThrough))
      return this.#beginEpoch()
    for (const lane of LANES) {
      const { through, again } = this.#order.apply(lane, answer.lanes[lane])
      await outbox.acknowledge(lane, through)
      if (again > 0) this.#note({ resentBatches: this.#state.resentBatches + again })
    }
  }

  async #beginEpoch(): Promise<void> {
    await this.#options.outbox.newEpoch()
    await this.#loadSealed()
  }

  async #loadSealed(): Promise<void> {
    for (const lane of LANES) this.#order.load(lane, await this.#options.outbox.sealedRanges(lane))
  }

  /** Rejects at once when we are stopped, for a dead link keeps a request for minutes. */
  #ask(link: Link, request: LinkRequest): Promise<LinkAnswer> {
    const { signal } = this.#abort
    return new Promise((resolve, reject) => {
      const stop = () => reject(new VuonError('link-down', 'The uplink was stopped.'))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop)
      link
        .request(request)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', stop))
    })
  }

  /** Notes what went wrong; answers how long to wait. Nothing is lost: it all stays in the journal. */
  async #fail(error: unknown): Promise<number> {
    const known =
      error instanceof VuonError
        ? error
        : new VuonError('internal', (error as Error).message.slice(0, 200), { cause: error })
    const { code } = known
    // What the journal holds may be other than what we remember of it: it is read again.
    if (!(error instanceof Refused) && code !== 'link-down' && code !== 'link-refused')
      this.#isAligned = false
    if (code === 'batch-equivocation') {
      // Somebody else wrote on in this epoch, with this card's copy. Whoever is claimed again goes on in its own.
      this.#isAligned = false
      await this.#beginEpoch().catch(() => {})
    }
    const isSuspended = code === 'batch-equivocation' || code === 'agent-suspended'
    if (isSuspended && !this.#isToldOfSuspension) this.#options.onEquivocation?.()
    this.#isToldOfSuspension ||= isSuspended
    const isRefused = code === 'signature-wrong' || code === 'agent-unknown'
    const retryAfterMs = error instanceof Refused ? Math.min(error.retryAfterMs, LONGEST_REST_MS) : 0
    const jitteredMs = this.#backoff.failed(retryAfterMs)
    // A person has to do something first; asking often would not bring them sooner.
    const { retryLongestMs, random } = this.#options
    const waitMs =
      isSuspended || isRefused ? Math.max(jitteredMs, retryLongestMs * (1 + 0.2 * random())) : jitteredMs
    this.#note({
      phase: isSuspended ? 'suspended' : isRefused ? 'refused' : 'waiting',
      failures: this.#backoff.failures,
      nextTryInMs: waitMs,
      lastError: { code, sentence: known.message, hint: known.hint, at: this.#options.outbox.now() },
    })
    return waitMs
  }

  /** After a failure, and when the province asked for rest, an eager caller must not turn the wait into a hammer. */
  async #pause(waitMs: number): Promise<void> {
    const isWakeable = this.#backoff.failures === 0 && this.#restMs === 0
    const { clock } = this.#options
    if (!isWakeable) return sleep(clock, waitMs, this.#abort.signal)
    if (!this.#isWoken) {
      const waiting = new AbortController()
      const signal = AbortSignal.any([waiting.signal, this.#abort.signal])
      this.#wake = () => waiting.abort()
      await sleep(clock, waitMs, signal)
      this.#wake = undefined
    }
    if (this.#isWoken) await sleep(clock, GATHER_MS, this.#abort.signal)
  }

  #note(change: Partial<UplinkState>): void {
    this.#state = { ...this.#state, ...change }
  }
}
