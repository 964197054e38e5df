import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Envelope, openEnvelope } from '#contract/wire/batch.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import { lockLog } from '../log/log.ts'
import type { Tx } from '../store/open-store.ts'
import { isBusy, isConflict, withRetry } from '../store/retry.ts'
import { withSavepoint } from '../store/statement.ts'
import {
  answerOf,
  type IntakeOutside,
  openSigned,
  type SignedBatch,
  storeSigned,
  type Taken,
} from './accept-batch.ts'
import { FairQueue } from './fair-queue.ts'
import { rememberKeys } from './known-keys.ts'
import { IntakeBusy, TooManyRequests } from './rate-limit.ts'

export interface IntakeLimits {
  /** Batches that wait in all. */
  readonly waiting: number
  readonly waitingBytes: number
  /** Batches that one box has waiting. */
  readonly waitingOfOne: number
}

// A thousand boxes that send in the same second all find room; a batch has a kilobyte mostly, and a megabyte at most.
// A box has one batch under way in each lane, some repeated whose answers were lost, and a few of its backlog.
const LIMITS: IntakeLimits = { waiting: 1500, waitingBytes: 64 * 1024 * 1024, waitingOfOne: 32 }

// One fsync for so many. Beyond that nearly nothing is saved, and who waits for the store waits longer.
const GROUP_BATCHES = 64
const GROUP_BYTES = 8 * 1024 * 1024
// What else this program serves waits no longer than this for signatures to be looked at.
const GROUP_MS = 25

const LEAST_RETRY_MS = 2000
const LONGEST_RETRY_MS = 25_000

/**
 * Boxes send all at once, at the full hour or when the power comes back. Their batches wait here, each box has its turn,
 * and those that come to their turn together share a transaction:
 *
 *   room? ─► turn ─► signature ─┐
 *   room? ─► turn ─► signature ─┼─► one transaction ─► commit ─► each gets its answer
 *   no: 429, 503 ─► later       ┘
 *
 * A batch is answered only after the commit that holds it, and a bad one fails alone.
 */
export class IntakeQueue {
  readonly #outside: IntakeOutside
  readonly #limits: IntakeLimits
  readonly #queue = new FairQueue<Waiting>()
  #waitingBytes = 0
  #isAtWork = false
  /** Smoothed: by it who is sent away knows when to come again. */
  #msABatch = 1

  constructor(outside: IntakeOutside, limits: Partial<IntakeLimits> = {}) {
    this.#outside = { ...outside, publicKeyFromRaw: rememberKeys(outside.publicKeyFromRaw) }
    this.#limits = { ...LIMITS, ...limits }
  }

  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Resolves once the batch is durable. `sender` is the address that it came from: whoever only says that he is a box
   * does not use up that box's room. Throws what `openSigned` and `storeSigned` throw, `too-many-requests`, `intake-busy`.
   */
  take(bytes: Uint8Array, sender: string): Promise<SyncAnswer> {
    const envelope = openEnvelope(bytes)
    const { agent, lane } = envelope.header
    const line = `${agent} ${sender}`
    if (this.#queue.waitingOf(line) >= this.#limits.waitingOfOne)
      throw new TooManyRequests(this.#retryMs(), 'This box has more batches waiting than a box needs.')
    const isFull =
      this.#queue.size >= this.#limits.waiting ||
      this.#waitingBytes + bytes.length > this.#limits.waitingBytes
    if (isFull) throw new IntakeBusy(this.#retryMs())
    return new Promise((resolve, reject) => {
      this.#waitingBytes += bytes.length
      this.#queue.add(line, { envelope, bytes, resolve, reject }, lane !== 'reading')
      if (!this.#isAtWork) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isAtWork = true
    while (this.#queue.size > 0) {
      const beganMs = this.#outside.clock.monotonicMs()
      const group = await this.#nextGroup(beganMs)
      if (group.length > 0) {
        await this.#store(group)
        const took = (this.#outside.clock.monotonicMs() - beganMs) / group.length
        this.#msABatch += (Math.min(1000, took) - this.#msABatch) / 8
      }
      // Sockets are read between two groups, never within one.
      await nextTurn()
    }
    this.#isAtWork = false
  }

  async #nextGroup(beganMs: number): Promise<Group> {
    const group: Group = []
    let sizeBytes = 0
    while (group.length < GROUP_BATCHES && sizeBytes < GROUP_BYTES) {
      const waiting = this.#queue.next()
      if (!waiting) break
      this.#waitingBytes -= waiting.bytes.length
      try {
        const signed = await openSigned(waiting.bytes, this.#outside, waiting.envelope)
        group.push({ signed, waiting })
        sizeBytes += waiting.bytes.length + signed.body.length
      } catch (error) {
        waiting.reject(error)
      }
      if (this.#outside.clock.monotonicMs() - beganMs >= GROUP_MS) break
    }
    return group
  }

  /** Nearly every group is good as a whole; where one is not, it is tried again with a savepoint around each batch. */
  async #store(group: Group): Promise<void> {
    const together = await this.#commit(group, (tx, signed) => this.#storeOrGiveUp(tx, signed))
    if (together !== 'not together') return
    await this.#commit(group, (tx, signed) => this.#storeApart(tx, signed))
  }

  async #commit(
    group: Group,
    store: (tx: Tx, signed: SignedBatch) => Promise<Outcome>,
  ): Promise<'done' | 'not together'> {
    let outcomes: Outcome[]
    try {
      outcomes = await withRetry(this.#outside.db, this.#outside, async (tx) => {
        await lockLog(tx)
        const outcomes: Outcome[] = []
        for (const { signed } of group) outcomes.push(await store(tx, signed))
        return outcomes
      })
    } catch (error) {
      if (error instanceof NotTogether) return 'not together'
      // Nothing of the group is stored: another writer holds the store, or something is wrong with the disk.
      for (const { waiting } of group) waiting.reject(error)
      return 'done'
    }
    this.#outside.onGroup?.(group.length, this.#queue.size)
    for (const [index, each] of group.entries()) this.#answer(each, outcomes[index] as Outcome)
    return 'done'
  }

  async #storeOrGiveUp(tx: Tx, signed: SignedBatch): Promise<Outcome> {
    try {
      return { taken: await storeSigned(tx, signed, this.#outside) }
    } catch (error) {
      // The whole transaction begins again, and this batch with it.
      throw isBusy(error) ? error : new NotTogether()
    }
  }

  async #storeApart(tx: Tx, signed: SignedBatch): Promise<Outcome> {
    try {
      return { taken: await withSavepoint(tx, () => storeSigned(tx, signed, this.#outside)) }
    } catch (error) {
      if (isBusy(error)) throw error
      return { error }
    }
  }

  #answer(each: Group[number], outcome: Outcome): void {
    const { waiting, signed } = each
    if ('error' in outcome) {
      // Another process stored the same in between: by itself it is found to be there. Nobody waits for that.
      if (isConflict(outcome.error))
        void this.#commit([each], async (tx) => ({ taken: await storeSigned(tx, signed, this.#outside) }))
      else waiting.reject(outcome.error)
      return
    }
    try {
      waiting.resolve(answerOf(outcome.taken, this.#outside))
    } catch (error) {
      waiting.reject(error)
    }
  }

  /** When those that wait now are done, spread over as long again: not everybody comes back in the same second. */
  #retryMs(): number {
    const untilDoneMs = Math.max(LEAST_RETRY_MS, this.#queue.size * this.#msABatch)
    return Math.min(LONGEST_RETRY_MS, untilDoneMs) * (1 + this.#outside.random())
  }
}

/** One of a group failed, and which one is found out apart. */
class NotTogether extends Error {}

interface Waiting {
  readonly envelope: Envelope
  readonly bytes: Uint8Array
  readonly resolve: (answer: SyncAnswer) => void
  readonly reject: (error: unknown) => void
}

type Group = { readonly signed: SignedBatch; readonly waiting: Waiting }[]
type Outcome = { readonly taken: Taken } | { readonly error: unknown }
