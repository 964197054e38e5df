import { Backoff } from '#contract/ground/backoff.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { Refused } from './province.ts'

// Whatever a server asks for: a box that is silent for longer looks dead.
const LONGEST_REST_MS = 3_600_000

// Asking again does not help before a person has done something at one end or the other.
const NEEDS_PERSON = new Set(['signature-wrong', 'agent-unknown', 'key-retired', 'key-revoked', 'epoch-over'])
// Our keys or the province's word about them have changed: what we remember of its answers may be wrong.
const ABOUT_KEYS = new Set(['key-unknown-yet', 'key-retired'])

/** What a failure means and how long to wait after it. */
export interface Setback {
  readonly phase: 'waiting' | 'refused' | 'suspended'
  readonly error: VuonError
  readonly waitMs: number
  /** The province holds something else under our seqs, or has suspended the key; true the first time only. */
  readonly isNewsOfSuspension: boolean
  /** Somebody else wrote on in this epoch, with this card's copy. */
  readonly isDisputed: boolean
  /** What the journal holds may be other than what we remember of it. */
  readonly isToAlign: boolean
}

/**
 * Waits that double and are jittered, and never shorter than what the other side asks for. Where a person has to do
 * something first, asking often would not bring them sooner.
 */
export class Setbacks {
  readonly #retryLongestMs: number
  readonly #random: Random
  readonly #backoff: Backoff
  #isToldOfSuspension = false
  #isOfLinkAlone = false

  constructor(options: { retryLongestMs: number; random: Random }) {
    this.#retryLongestMs = options.retryLongestMs
    this.#random = options.random
    this.#backoff = new Backoff({ firstMs: 1000, longestMs: options.retryLongestMs, random: options.random })
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#backoff.failures
  }

  succeeded(): void {
    this.#backoff.succeeded()
    this.#isToldOfSuspension = false
  }

  /**
   * What was sent arrived. After a link that broke this is the link again, though more waits: one that carries some
   * kilobytes between two breaks must not be left alone for longer and longer. A province that refuses is.
   */
  arrived(): void {
    if (this.#isOfLinkAlone) this.succeeded()
  }

  /** Of what went wrong at one time, the gravest is told, and the longest rest that anybody asked for is kept. */
  after(errors: readonly unknown[]): Setback {
    const known = errors
      .map(asVuonError)
      .reduce((one, next) => (graveness(next) > graveness(one) ? next : one))
    const { code } = known
    const askedMs = Math.max(...errors.map((each) => (each instanceof Refused ? each.retryAfterMs : 0)))
    this.#isOfLinkAlone = errors.every(isBrokenLink)
    const isDisputed = code === 'batch-equivocation'
    const isSuspended = isDisputed || code === 'agent-suspended'
    const isRefused = NEEDS_PERSON.has(code)
    const isOfTheLink = known instanceof Refused || code === 'link-down' || code === 'link-refused'
    const isNewsOfSuspension = isSuspended && !this.#isToldOfSuspension
    this.#isToldOfSuspension ||= isSuspended
    const jitteredMs = this.#backoff.failed(this.rest(askedMs, { isJittered: false }))
    const needsPerson = isSuspended || isRefused
    return {
      phase: isSuspended ? 'suspended' : isRefused ? 'refused' : 'waiting',
      error: known,
      waitMs: needsPerson ? Math.max(jitteredMs, this.#jittered(this.#retryLongestMs)) : jitteredMs,
      isNewsOfSuspension,
      isDisputed,
      isToAlign: isDisputed || !isOfTheLink || ABOUT_KEYS.has(code),
    }
  }

  /** The rest that a province may ask for, so that not all boxes come back in the same second. */
  rest(askedMs: number, { isJittered }: { isJittered: boolean } = { isJittered: true }): number {
    const ms = Math.min(askedMs, LONGEST_REST_MS)
    return isJittered ? this.#jittered(ms) : ms
  }

  #jittered(ms: number): number {
    return ms * (1 + 0.2 * this.#random())
  }
}

const asVuonError = (error: unknown): VuonError =>
  error instanceof VuonError
    ? error
    : new VuonError('internal', (error as Error).message.slice(0, 200), { cause: error })

const isBrokenLink = (error: unknown): boolean =>
  error instanceof VuonError && error.code === 'link-down' && !(error instanceof Refused)

/** What the province says of our keys, what nobody expected, its other refusals, a sign-in page, a link that is down. */
function graveness(error: VuonError): number {
  const { code } = error
  if (code === 'batch-equivocation') return 5
  if (code === 'agent-suspended' || NEEDS_PERSON.has(code)) return 4
  if (ABOUT_KEYS.has(code)) return 3
  if (error instanceof Refused) return 2
  if (isBrokenLink(error)) return 0
  return code === 'link-refused' ? 1 : 3
}
