import { sql } from 'kysely'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import type { Db } from '../../store/open-store.ts'
import { withRetry } from '../../store/retry.ts'
import { appendLeaves, type LogIdentity } from './append.ts'
import { endLease, holdLease, LeaseLost, takeLease } from './lease.ts'
import { checkpointOf, treeHead } from './read-tree.ts'

/** What was found in the batches behind a place in the order of arrival. */
export interface FoundLeaves {
  readonly leaves: readonly Uint8Array[]
  /** What was signed and trusted but can be no leaf, by its hash. */
  readonly unfit: readonly { readonly hash: Uint8Array; readonly reason: string }[]
  /** The last batch that was looked at. */
  readonly arrival: number
  readonly isMore: boolean
}

export interface TreeWriterOutside {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly identity: LogIdentity
  /** Names this gateway among those over one database. */
  readonly newHolder: () => string
  /** A newer reader finds events where an older one found none: then everything is looked through again. */
  readonly reader: number
  readonly find: (db: Db, afterArrival: number) => Promise<FoundLeaves>
  readonly onTrouble: (error: unknown) => void
}

// A fifth of the ten seconds within which an event is to be under a signed checkpoint; a lease that a dead gateway
// held takes three of these more.
const TURN_MS = 2000
// A turn that finds nothing writes nothing; how far it has looked is written down this often, for the next start.
const NOTE_EVERY_BATCHES = 10_000
const HOUR_MS = 3_600_000
// Every checkpoint can be made again from the tiles. Those of a day are kept for whoever compares, then one an hour.
const THINNED_AFTER_MS = 24 * HOUR_MS

/** Puts what was received into the log: looks every two seconds, appends all that is there at once, signs once. */
export class TreeWriter {
  readonly #outside: TreeWriterOutside
  #holder: string | undefined
  #fence: number | undefined
  /** How far this program has looked without finding anything that was not in the log. */
  #looked = 0
  #cancel: (() => void) | undefined
  #turning: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(outside: TreeWriterOutside) {
    this.#outside = outside
  }

  start(): void {
    const { clock, onTrouble } = this.#outside
    const next = (): void => {
      if (!this.#isStopped) this.#cancel = clock.after(TURN_MS, turn)
    }
    const turn = (): void => {
      this.#turning = this.turn().catch(onTrouble).finally(next)
    }
    next()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#turning
    const fence = this.#fence
    this.#fence = undefined
    if (fence === undefined) return
    const { db, clock, random } = this.#outside
    await withRetry(db, { clock, random }, (tx) => endLease(tx, fence))
  }

  /** Appends all that waits, unless another gateway is the writer. Returns how many leaves were added. */
  async turn(): Promise<number> {
    try {
      const added = await this.#appendAll()
      await this.#keepHourly()
      return added
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error
      this.#fence = undefined
      return 0
    }
  }

  async #appendAll(): Promise<number> {
    const { db, clock, find, reader } = this.#outside
    for (let added = 0; ; ) {
      const head = await treeHead(db)
      // An older program beside this one, in an upgrade, does not begin again what a newer one has done.
      const isRead = head.reader >= reader
      if (!isRead) this.#looked = 0
      const found = await find(db, isRead ? Math.max(head.arrival, this.#looked) : 0)
      const isFound = found.leaves.length > 0 || found.unfit.length > 0
      if (isFound || !isRead || found.arrival - head.arrival >= NOTE_EVERY_BATCHES) {
        const wrote = await this.#append(found, Math.max(reader, head.reader))
        if (wrote === undefined) return added
        added += wrote
      }
      this.#looked = found.arrival
      if (!found.isMore || this.#isStopped) return added
      // Between two pages the boxes have their turn.
      await sleep(clock, 0)
    }
  }

  /** Undefined when another gateway is the writer. */
  async #append(found: FoundLeaves, reader: number): Promise<number | undefined> {
    const { db, clock, random, identity } = this.#outside
    const fence = await this.#lease()
    if (fence === undefined) return undefined
    const nowMs = Math.round(clock.wallMs())
    return withRetry(db, { clock, random }, async (tx) => {
      const { leaves, arrival } = found
      const added = await appendLeaves(tx, { fence, nowMs }, { leaves, arrival, reader }, identity)
      for (const { hash, reason } of found.unfit)
        await sql`INSERT INTO tree_left_out VALUES (${hash}, ${reason}, ${nowMs}) ON CONFLICT (hash) DO NOTHING`.execute(
          tx,
        )
      return added
    })
  }

  async #lease(): Promise<number | undefined> {
    const { db, clock, random, newHolder } = this.#outside
    this.#holder ??= newHolder()
    const holder = this.#holder
    this.#fence ??= await withRetry(db, { clock, random }, (tx) =>
      takeLease(tx, holder, Math.round(clock.wallMs())),
    )
    return this.#fence
  }

  /** One checkpoint an hour, if the log grew, is kept for good and offered to the cosigners. */
  async #keepHourly(): Promise<void> {
    const { db, clock, random } = this.#outside
    const nowMs = Math.round(clock.wallMs())
    const newest = await checkpointOf(db, 'newest')
    const kept = await checkpointOf(db, 'kept')
    if (!newest || newest.size === kept?.size || (kept && nowMs - kept.signedAt < HOUR_MS)) return
    const fence = await this.#lease()
    if (fence === undefined) return
    await withRetry(db, { clock, random }, async (tx) => {
      await holdLease(tx, fence, nowMs)
      await sql`UPDATE tree_checkpoint SET is_kept = 1 WHERE size = ${newest.size}`.execute(tx)
      await sql`DELETE FROM tree_checkpoint WHERE is_kept = 0 AND signed_at < ${nowMs - THINNED_AFTER_MS}`.execute(
        tx,
      )
    })
  }
}

/**
 * The next turn looks through every batch again: after a rebuild events may be there that were not. What is in the log
 * is told by its hash and stays where it is.
 */
export async function lookAgain(db: Db): Promise<void> {
  await sql`UPDATE tree_head SET arrival = 0, reader = 0`.execute(db)
}
