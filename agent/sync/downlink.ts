import { Backoff } from '#contract/ground/backoff.ts'
import { equalBytes, fromBase64, fromHex, toHex } from '#contract/ground/bytes.ts'
import type { Clock, TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { PublicKey, Sha256 } from '#contract/ground/signing.ts'
import {
  type DownlinkMessage,
  type DownlinkOutcome,
  type DownlinkTask,
  openDownlink,
  taskOf,
} from '#contract/wire/downlink.ts'
import type { BoxSession } from './box-session.ts'
import { isReported, type ReportLog, reportDownlink } from './downlink-report.ts'
import { parseDownlinkPage } from './province.ts'
import { Rest } from './rest.ts'

/**
 * What the province tells this box, each message once and in order:
 *
 *   an answer says that there is more ─► fetch ─► verify ─► book (on disk) ─► apply ─► journal ─► book: done
 *                                                             received      applying    told
 *
 * Cut at any arrow, the next start goes on there: what is in the book is not fetched again, what the journal says was done
 * is not done again, and what was cut while it was applied is applied again by its number, which its receiver knows.
 */
export interface DownlinkOptions {
  readonly agent: string
  /** The key that was pinned at the claim. */
  readonly province: PublicKey
  readonly session: BoxSession
  readonly sha256: Sha256
  readonly clock: Clock
  readonly random: Random
  readonly log: ReportLog & { now(): number; readonly timeQuality: TimeQuality }
  readonly store: DownlinkStore
  readonly apply: (no: number, task: Exclude<DownlinkTask, { kind: 'unknown' }>) => Promise<Verdict>
  readonly retryLongestMs: number
}

/** `later`: it can't be decided yet (an earlier config is still on trial); what follows waits too. */
export type Verdict =
  | 'later'
  | {
      readonly outcome: DownlinkOutcome
      readonly reason?: string
      /** Done when everything about the message is on disk: what ends the program. */
      readonly afterwards?: () => void
    }

/** What is kept through a restart. Messages are base64url of their whole bytes. */
export interface DownlinkBook {
  /** Hex; another province's numbers are not ours. */
  readonly province: string
  /** Journal time at which this book began after another province's; 0 for the first. */
  readonly sinceT: number
  /** Every message up to here was verified and is in the book or done. */
  readonly through: number
  /** Hash of message `through`, hex. */
  readonly prev: string | null
  /** Verified and not done yet, in order. */
  readonly waiting: readonly string[]
  /** The first of `waiting` was begun. */
  readonly isApplying: boolean
  /** Of kinds that this program does not know: a newer one may. Newest last, the oldest go. */
  readonly kept: readonly string[]
}

/** Where the book is kept: `agent/downlink-file.ts` on a box. */
export interface DownlinkStore {
  load(): DownlinkBook | null
  /** On disk when it returns; throws when it is not. */
  keep(book: DownlinkBook): void
}

export interface DownlinkState {
  readonly through: number
  readonly waiting: number
  /** Kinds of messages that were kept for a newer program. */
  readonly notUnderstood: number
  readonly lastError: { readonly code: string; readonly sentence: string } | null
}

// Every answer to a batch says what is new; this is for a box that gets none, and it asks for hardly anything.
const CHECK_EVERY_MS = 3_600_000
// What waits for the clock, or for a trial to end, is looked at again so often.
const LOOK_AGAIN_MS = 30_000
const FIRST_RETRY_MS = 10_000
const MAX_KEPT = 8

export class Downlink {
  readonly #options: DownlinkOptions
  readonly #backoff: Backoff
  readonly #abort = new AbortController()
  #book: DownlinkBook
  #highest = 0
  #heardMs: number
  readonly #rest = new Rest()
  #isWoken = false
  #running: Promise<void> | undefined
  #lastError: DownlinkState['lastError'] = null

  constructor(options: DownlinkOptions) {
    this.#options = options
    const { retryLongestMs: longestMs, random, clock } = options
    this.#backoff = new Backoff({ firstMs: FIRST_RETRY_MS, longestMs, random })
    this.#heardMs = clock.monotonicMs()
    const province = toHex(options.province.raw)
    const book = options.store.load()
    this.#book =
      book?.province === province
        ? book
        : {
            province,
            sinceT: book ? options.log.now() : 0,
            through: 0,
            prev: null,
            waiting: [],
            isApplying: false,
            kept: [],
          }
  }

  get state(): DownlinkState {
    const { through, waiting, kept } = this.#book
    return { through, waiting: waiting.length, notUnderstood: kept.length, lastError: this.#lastError }
  }

  /** What the journal says before it was about another province's messages. */
  get sinceT(): number {
    return this.#book.sinceT
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  /** An answer of the province said so. After a failure the back-off is kept. */
  heard(highest: number): void {
    this.#heardMs = this.#options.clock.monotonicMs()
    this.#highest = Math.max(this.#highest, highest)
    if (highest > this.#book.through && this.#backoff.failures === 0) this.#wakeUp()
  }

  /** What was waited for may have come: the clock is known, a trial has ended. */
  lookAgain(): void {
    if (this.#book.waiting.length > 0) this.#wakeUp()
  }

  #wakeUp(): void {
    this.#isWoken = true
    this.#rest.wake()
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    while (!this.#isStopped) {
      let waitMs = CHECK_EVERY_MS
      this.#isWoken = false
      try {
        await this.#applyKept()
        while (!this.#isStopped) {
          if (!(await this.#applyWaiting())) {
            waitMs = LOOK_AGAIN_MS
            break
          }
          if (!this.#isToFetch || !(await this.#fetch())) break
        }
        this.#backoff.succeeded()
        this.#lastError = null
      } catch (error) {
        if (this.#isStopped) return
        const code = error instanceof VuonError ? error.code : 'internal'
        this.#lastError = { code, sentence: (error as Error).message.slice(0, 300) }
        waitMs = this.#backoff.failed(0)
      }
      if (this.#isWoken && this.#backoff.failures === 0) continue
      await this.#rest.take(clock, waitMs, this.#abort.signal)
    }
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted
  }

  get #isToFetch(): boolean {
    const isSilent = this.#options.clock.monotonicMs() - this.#heardMs >= CHECK_EVERY_MS
    return isSilent || this.#highest > this.#book.through
  }

  // --- fetch and verify ---

  /** True when something new is in the book. Throws what made the rest unbelievable, after it was told. */
  async #fetch(): Promise<boolean> {
    const { session, log } = this.#options
    const after = this.#book.through
    const path = `/sync/v1/downlink?after=${after}`
    const answer = await session.ask({ method: 'GET', path }, this.#abort.signal)
    const page = parseDownlinkPage(answer)
    this.heard(page.highest)
    // An answer that promises more than it brings is asked for again with the next news, not at once.
    if (page.messages.length === 0) this.#highest = this.#book.through
    const waiting = [...this.#book.waiting]
    let { through, prev } = this.#book
    let fault: string | undefined
    for (const text of page.messages) {
      const checked = this.#check(text, through, prev)
      if ('fault' in checked) {
        fault = checked.fault
        break
      }
      waiting.push(text)
      through++
      prev = checked.hash
    }
    const isNew = through > this.#book.through
    if (isNew) this.#keep({ waiting, through, prev })
    if (fault === undefined) return isNew
    const refused = { no: through + 1, of: '', outcome: 'refused' as const, reason: fault }
    await reportDownlink(log, refused, this.sinceT)
    if (isNew) return true
    throw new VuonError('downlink-malformed', `Message ${through + 1} was refused: ${fault}.`)
  }

  #check(text: string, through: number, prev: string | null): { hash: string } | { fault: string } {
    const { agent, province, sha256 } = this.#options
    let bytes: Uint8Array
    let opened: ReturnType<typeof openDownlink>
    try {
      bytes = fromBase64(text)
      opened = openDownlink(bytes)
    } catch {
      return { fault: 'malformed' }
    }
    const { message } = opened
    if (!opened.isSignedBy(province)) return { fault: 'wrong-signature' }
    if (message.agent !== agent) return { fault: 'other-agent' }
    if (message.no <= through) return { fault: 'replayed' }
    if (message.no > through + 1) return { fault: 'gap' }
    const before = prev === null ? null : fromHex(prev)
    const isNext =
      before === null ? message.prev === null : message.prev !== null && equalBytes(message.prev, before)
    if (!isNext) return { fault: 'chain-broken' }
    return { hash: toHex(sha256(bytes)) }
  }

  // --- apply ---

  /** False when the first one has to wait. */
  async #applyWaiting(): Promise<boolean> {
    while (!this.#isStopped) {
      const text = this.#book.waiting[0]
      if (text === undefined) return true
      const { message } = openDownlink(fromBase64(text))
      // Cut between the journal and the book, or the book was lost: it was done.
      const isDone = await this.#isTold(message.no)
      const verdict = isDone ? { outcome: 'applied' as const } : await this.#verdictOn(message)
      if (verdict === 'later') return false
      const { no, kind } = message
      const { outcome, reason = '' } = verdict
      if (!isDone) await reportDownlink(this.#options.log, { no, of: kind, outcome, reason }, this.sinceT)
      const kept =
        outcome === 'not-understood' ? [...this.#book.kept, text].slice(-MAX_KEPT) : this.#book.kept
      this.#keep({ waiting: this.#book.waiting.slice(1), isApplying: false, kept })
      if ('afterwards' in verdict) verdict.afterwards?.()
    }
    return true
  }

  async #verdictOn({ no, kind, body, validUntil }: DownlinkMessage): Promise<Verdict> {
    const { log, apply } = this.#options
    if (validUntil !== undefined) {
      if (log.timeQuality === 'unknown') return 'later'
      if (log.now() > validUntil) return { outcome: 'refused', reason: 'expired' }
    }
    let task: DownlinkTask
    try {
      task = taskOf({ kind, body })
    } catch (error) {
      return { outcome: 'refused', reason: (error as Error).message }
    }
    if (task.kind === 'unknown') return { outcome: 'not-understood', reason: `kind ${kind}` }
    if (!this.#book.isApplying) this.#keep({ isApplying: true })
    return apply(no, task)
  }

  /** What an older program could not read, and this one can. */
  async #applyKept(): Promise<void> {
    // What was cut in the middle comes first.
    if (this.#book.isApplying) return
    for (const text of this.#book.kept) {
      const { message } = openDownlink(fromBase64(text))
      if (isUnknown(message)) continue
      // It goes before what waits, with the number that it has.
      const kept = this.#book.kept.filter((each) => each !== text)
      this.#keep({ kept, waiting: [text, ...this.#book.waiting], isApplying: false })
    }
  }

  #isTold(no: number): Promise<boolean> {
    return isReported(
      this.#options.log,
      (entry) => entry.no === no && entry.of !== '' && entry.outcome !== 'not-understood',
      this.sinceT,
    )
  }

  #keep(change: Partial<DownlinkBook>): void {
    const book = { ...this.#book, ...change }
    this.#options.store.keep(book)
    this.#book = book
  }
}

function isUnknown(message: DownlinkMessage): boolean {
  try {
    return taskOf(message).kind === 'unknown'
  } catch {
    return false
  }
}
