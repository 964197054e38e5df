import { Backoff } from '#contract/ground/backoff.ts'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import type { Compression } from '#contract/ground/compression.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { BATCH_TYPE, sealBatch } from '#contract/wire/batch.ts'
import { encodeSegments } from '#contract/wire/columns-codec.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import type { Lane, ReadingSegment, RecordEntry } from '#contract/wire/records.ts'
import { LANES } from '#contract/wire/records.ts'
import type { LaneMarks, SyncAnswer } from '#contract/wire/sync-protocol.ts'
import type { Link, LinkAnswer } from './link.ts'
import { fetchCursor, openSession, parseSyncAnswer, refusalOf } from './province.ts'

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
  /** Told once when the province holds something else under our seqs: a cloned or restored card. */
  readonly onEquivocation?: () => void
}

// 4,000 readings are about 4 kB on the wire: seconds on the worst link, and the envelope is a twentieth of it.
const MAX_READINGS = 4000
const MAX_ENTRIES = 500

/** Sends what the journal holds: records first, then findings, the newest readings, the backlog. */
export class Uplink {
  readonly #options: UplinkOptions
  readonly #keyId: string
  readonly #backoff: Backoff
  #abort = new AbortController()
  #wake: (() => void) | undefined
  #isWoken = false
  #running: Promise<void> | undefined
  #sentFrom: Record<Lane, Set<number>> = { record: new Set(), finding: new Set(), reading: new Set() }
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

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake?.()
    await this.#running
    this.#note({ phase: 'stopped' })
  }

  /** Something waits that should not wait for the next round. */
  wake(): void {
    this.#isWoken = true
    this.#wake?.()
  }

  async #run(): Promise<void> {
    let isAligned = false
    while (!this.#abort.signal.aborted) {
      let waitMs = this.#options.batchEveryMs
      this.#isWoken = false
      try {
        if (!isAligned) {
          await this.#align()
          isAligned = true
        }
        await this.#round()
        this.#backoff.succeeded()
        this.#note({ phase: 'idle', failures: 0, nextTryInMs: null })
      } catch (error) {
        waitMs = this.#fail(error)
      }
      await this.#pause(waitMs)
    }
  }

  /** Asks where the province stands. It knows more than we do only if this card is an older copy: then a new epoch. */
  async #align(): Promise<void> {
    const { link, key, agent, outbox } = this.#options
    const { token } = await openSession(link, key, agent)
    await this.#apply(await fetchCursor(link, token, outbox.epoch))
  }

  /** One pass over the lanes: seal what is due, send what is not sent. */
  async #round(): Promise<void> {
    for (const lane of LANES) {
      while (await this.#seal(lane)) if (this.#abort.signal.aborted) return
      for (let next = await this.#nextToSend(lane); next !== null; next = await this.#nextToSend(lane)) {
        if (this.#abort.signal.aborted) return
        await this.#send(lane, next)
        // An alarm that arrived meanwhile does not wait for the backlog.
        if (lane === 'reading' && this.#isWoken) return this.#isWokenAgain()
      }
    }
  }

  #isWokenAgain(): Promise<void> {
    this.#isWoken = false
    return this.#round()
  }

  async #seal(lane: Lane): Promise<boolean> {
    const { outbox, key, sha256, compression, agent, batchEveryMs } = this.#options
    const isReading = lane === 'reading'
    const unsealed = await outbox.unsealed(
      lane,
      isReading
        ? { atMost: MAX_READINGS, notAfterT: outbox.now() - batchEveryMs * 0.9 }
        : { atMost: MAX_ENTRIES },
    )
    if (!unsealed) return false
    const { epoch, from, to, prev, segments, entries } = unsealed
    const body = isReading ? encodeSegments(segments, (no) => outbox.stepOf(no)) : encodeEntries(entries)
    const header = {
      agent,
      key: this.#keyId,
      epoch,
      lane,
      from,
      to,
      prev,
      form: isReading ? 'columns-1' : 'entries-1',
    }
    const batch = sealBatch(header, body, { key, sha256, compression })
    await outbox.saveSealed({ lane, from, to, hash: batch.hash, bytes: batch.bytes })
    return true
  }

  /** Readings: newest and oldest by turns, so that a backlog delays today by one batch at most. */
  async #nextToSend(lane: Lane): Promise<number | null> {
    const unsent = (await this.#options.outbox.sealedRanges(lane)).filter(
      ({ from }) => !this.#sentFrom[lane].has(from),
    )
    if (unsent.length === 0) return null
    const isTurnOfNewest = lane === 'reading' && this.#state.sentBatches % 2 === 1
    return (isTurnOfNewest ? unsent.at(-1) : unsent[0])?.from ?? null
  }

  async #send(lane: Lane, from: number): Promise<void> {
    const { link, outbox } = this.#options
    const bytes = await outbox.sealedBytes(lane, from)
    if (!bytes) return void this.#sentFrom[lane].delete(from)
    this.#note({ phase: 'sending' })
    const answer = await link.request({
      method: 'POST',
      path: '/sync/v1/batches',
      headers: { 'content-type': BATCH_TYPE },
      body: bytes,
    })
    if (answer.status < 200 || answer.status > 299) throw new Refusal(answer)
    this.#sentFrom[lane].add(from)
    this.#note({
      lastOkAt: outbox.now(),
      lastError: null,
      sentBatches: this.#state.sentBatches + 1,
      sentBytes: this.#state.sentBytes + bytes.length,
    })
    await this.#apply(parseSyncAnswer(answer))
  }

  async #apply(answer: SyncAnswer): Promise<void> {
    const { outbox } = this.#options
    if (answer.epoch !== outbox.epoch) return
    const { lanes } = await outbox.state()
    if (LANES.some((lane) => answer.lanes[lane].durableThrough > lanes[lane].sealedThrough)) {
      await outbox.newEpoch()
      for (const lane of LANES) this.#sentFrom[lane].clear()
      return
    }
    for (const lane of LANES) {
      const marks = answer.lanes[lane]
      await outbox.acknowledge(lane, marks.durableThrough)
      await this.#resend(lane, marks)
    }
  }

  /** What was sent but is neither durable nor held there is sent again. */
  async #resend(lane: Lane, { durableThrough, held, missing }: LaneMarks): Promise<void> {
    const sent = this.#sentFrom[lane]
    for (const { from, to } of await this.#options.outbox.sealedRanges(lane)) {
      if (!sent.has(from)) continue
      const isHeld = to <= durableThrough || held.some(([first, last]) => from >= first && to <= last)
      const isMissing = missing.some(([first, last]) => from <= last && to >= first)
      if (isMissing || !isHeld) {
        sent.delete(from)
        this.#note({ resentBatches: this.#state.resentBatches + 1 })
      }
    }
    for (const from of sent) if (from <= durableThrough) sent.delete(from)
  }

  /** Notes what went wrong; answers how long to wait. Nothing is lost: it all stays in the journal. */
  #fail(error: unknown): number {
    const refusal = error instanceof Refusal ? error.answer : undefined
    const known = refusal
      ? new VuonError(
          refusal.status === 429 || refusal.status >= 500 ? 'link-down' : codeOf(refusal.status),
          refusalOf(refusal),
        )
      : error instanceof VuonError
        ? error
        : new VuonError(
            'link-refused',
            `The province's answer was not understood (${(error as Error).message.slice(0, 200)}).`,
          )
    const isSuspended = known.code === 'batch-equivocation' || known.code === 'agent-suspended'
    if (isSuspended && this.#state.phase !== 'suspended') this.#options.onEquivocation?.()
    const retryAfterMs = Number(refusal?.headers['retry-after'] ?? 0) * 1000
    const isHopeless = isSuspended || known.code === 'signature-wrong' || known.code === 'agent-unknown'
    const waitMs = isHopeless
      ? Math.max(this.#options.retryLongestMs, this.#backoff.failed())
      : this.#backoff.failed(Number.isFinite(retryAfterMs) ? Math.min(retryAfterMs, 3_600_000) : 0)
    this.#note({
      phase: isSuspended ? 'suspended' : isHopeless ? 'refused' : 'waiting',
      failures: this.#backoff.failures,
      nextTryInMs: waitMs,
      lastError: {
        code: known.code,
        sentence: known.message,
        hint: known.hint,
        at: this.#options.outbox.now(),
      },
    })
    return waitMs
  }

  async #pause(waitMs: number): Promise<void> {
    // After a failure an eager caller must not turn the back-off into a hammer.
    if (this.#backoff.failures === 0 && this.#isWoken) return
    const waiting = new AbortController()
    this.#wake = () => {
      if (this.#backoff.failures === 0 || this.#abort.signal.aborted) waiting.abort()
    }
    if (this.#abort.signal.aborted) return
    await sleep(this.#options.clock, waitMs, waiting.signal)
    this.#wake = undefined
  }

  #note(change: Partial<UplinkState>): void {
    this.#state = { ...this.#state, ...change }
  }
}

class Refusal extends Error {
  readonly answer: LinkAnswer
  constructor(answer: LinkAnswer) {
    super(`refused with ${answer.status}`)
    this.answer = answer
  }
}

const codeOf = (
  status: number,
): 'batch-equivocation' | 'agent-suspended' | 'agent-unknown' | 'link-refused' =>
  status === 409
    ? 'batch-equivocation'
    : status === 403
      ? 'agent-suspended'
      : status === 401
        ? 'agent-unknown'
        : 'link-refused'
