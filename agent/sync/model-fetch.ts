import { Backoff } from '#contract/ground/backoff.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { MAX_MODEL_PART_BYTES, type ModelOffer } from '#contract/wire/downlink.ts'
import type { BoxSession } from './box-session.ts'
import { type ReportLog, reportDownlink } from './downlink-report.ts'
import { PartSize } from './part-size.ts'
import { Refused } from './province.ts'
import { Rest } from './rest.ts'

/**
 * A model that the province offered. `stored`: its file is here and is what its hash says; nothing more. `installed`: it was a
 * bundle, and the box took the model in.
 */
export interface OfferedModel extends ModelOffer {
  readonly no: number
  readonly state: 'offered' | 'stored' | 'installed' | 'refused'
  /** The province knows what became of it. */
  readonly isTold: boolean
}

/** Where the files are kept: `agent/model-shelf.ts` on a box. */
export interface ModelShelfDoor {
  readonly offers: readonly OfferedModel[]
  note(no: number, change: Partial<Pick<OfferedModel, 'state' | 'isTold'>>): void
  arrivedBytes(sha256: string): number
  append(sha256: string, offset: number, part: Uint8Array): void
  /** False when it is not what its hash says: the bytes are then gone. */
  finish(sha256: string): Promise<boolean>
  hasRoomFor(bytes: number): boolean
  /**
   * Takes a model in from a file that is whole; null where it is no bundle, and then it stays where it is. Rejects where
   * trying again may help.
   */
  install(sha256: string): Promise<{ readonly isIn: boolean; readonly reason: string } | null>
}

export interface ModelFetchOptions {
  readonly session: BoxSession
  readonly shelf: ModelShelfDoor
  readonly log: ReportLog
  readonly clock: Clock
  readonly random: Random
  /** Whether the line has nothing better to do, and is not paid by the megabyte: asked before every part. */
  readonly mayFetch: () => boolean
  readonly retryLongestMs: number
  /** What the journal says before it was about another province's messages. */
  readonly sinceT: number
}

// While something waits for an idle line; a new offer wakes.
const LOOK_EVERY_MS = 60_000
const LOOK_SELDOM_MS = 3_600_000
// What comes as other bytes twice is not what was offered.
const MAX_MISMATCHES = 2

/**
 * Fetches offered models after everything else: behind readings and photos, never on a metered line, and only where the
 * card has room. A file goes on after any cut where it ended; it counts when its hash has been checked.
 */
export class ModelFetch {
  readonly #options: ModelFetchOptions
  readonly #backoff: Backoff
  readonly #abort = new AbortController()
  readonly #mismatches = new Map<string, number>()
  readonly #part = new PartSize(MAX_MODEL_PART_BYTES)
  readonly #rest = new Rest()
  #running: Promise<void> | undefined

  constructor(options: ModelFetchOptions) {
    this.#options = options
    const { retryLongestMs: longestMs, random } = options
    this.#backoff = new Backoff({ firstMs: 30_000, longestMs, random })
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  /** There is a new offer. */
  wake(): void {
    if (this.#backoff.failures === 0) this.#rest.wake()
  }

  async #run(): Promise<void> {
    const { shelf, clock, mayFetch } = this.#options
    while (!this.#isStopped) {
      let waitMs = LOOK_SELDOM_MS
      try {
        for (const offer of shelf.offers) {
          if (offer.state === 'offered') waitMs = LOOK_EVERY_MS
          if (offer.state === 'offered' && shelf.hasRoomFor(offer.sizeBytes))
            while (!this.#isStopped && mayFetch() && (await this.#fetchPart(offer)));
          const now = shelf.offers.find(({ no }) => no === offer.no)
          if (now && now.state !== 'offered' && !now.isTold) await this.#tell(now)
        }
        this.#backoff.succeeded()
      } catch {
        this.#part.cut()
        waitMs = this.#backoff.failed(0)
      }
      if (this.#isStopped) return
      await this.#rest.take(clock, waitMs, this.#abort.signal)
    }
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted
  }

  /** True while there is more of it. */
  async #fetchPart({ no, sha256, sizeBytes, path }: OfferedModel): Promise<boolean> {
    const { session, shelf, clock } = this.#options
    const offset = shelf.arrivedBytes(sha256)
    if (offset < sizeBytes) {
      const last = Math.min(offset + this.#part.bytes, sizeBytes) - 1
      const startedMs = clock.monotonicMs()
      const headers = { range: `bytes=${offset}-${last}` }
      const answer = await session.ask({ method: 'GET', path, headers }, this.#abort.signal)
      if (answer.status !== 206) throw new Refused(answer)
      const expected = `bytes ${offset}-${offset + answer.body.length - 1}/${sizeBytes}`
      if (answer.body.length === 0 || answer.headers['content-range'] !== expected)
        throw new VuonError('link-refused', 'The part is not the one that was asked for.')
      shelf.append(sha256, offset, answer.body)
      this.#part.took(clock.monotonicMs() - startedMs)
      if (offset + answer.body.length < sizeBytes) return true
    }
    if (offset <= sizeBytes && (await shelf.finish(sha256))) {
      shelf.note(no, { state: 'stored' })
      return false
    }
    const times = (this.#mismatches.get(sha256) ?? 0) + 1
    this.#mismatches.set(sha256, times)
    if (times >= MAX_MISMATCHES) shelf.note(no, { state: 'refused' })
    return times < MAX_MISMATCHES
  }

  async #tell({ no, state, sha256, model, version }: OfferedModel): Promise<void> {
    const { log, shelf, sinceT } = this.#options
    const taken = state === 'stored' ? await shelf.install(sha256) : null
    if (taken) {
      const outcome = taken.isIn ? 'applied' : 'refused'
      await reportDownlink(log, { no, of: 'model-offer', outcome, reason: taken.reason }, sinceT)
      shelf.note(no, { state: taken.isIn ? 'installed' : 'refused', isTold: true })
      return
    }
    const reason =
      state === 'stored'
        ? `${model} ${version} is on the box, not in use`
        : 'the file is not what its hash says'
    const outcome = state === 'stored' ? 'stored' : 'refused'
    await reportDownlink(log, { no, of: 'model-offer', outcome, reason }, sinceT)
    shelf.note(no, { isTold: true })
  }
}
