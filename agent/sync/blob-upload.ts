import { Backoff } from '#contract/ground/backoff.ts'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { MAX_BLOB_PART_BYTES } from '#contract/wire/sync-protocol.ts'
import { BoxSession } from './box-session.ts'
import type { Link, LinkAnswer } from './link.ts'
import { PartSize } from './part-size.ts'
import { Refused } from './province.ts'
import { Rest } from './rest.ts'

/** Where the photos are that the province lacks. */
export interface BlobSource {
  /** In the order in which they should travel. */
  waiting(): readonly {
    readonly sha256: string
    readonly sizeBytes: number
    readonly kind?: 'photo' | 'thumbnail'
  }[]
  /** Undefined when the photo is not here any more. */
  readPart(sha256: string, offset: number, length: number): Uint8Array | undefined
  /** The province holds it, or has erased it and wants it no more. */
  markHeld(sha256: string): void
}

export interface BlobUploadState {
  readonly phase: 'idle' | 'sending' | 'waiting' | 'stopped'
  readonly sentBlobs: number
  readonly sentBytes: number
  readonly failures: number
  readonly lastError: { readonly code: string; readonly sentence: string } | null
}

export interface BlobUploadOptions {
  readonly agent: string
  readonly key: SecretKey
  readonly link: Link
  readonly source: BlobSource
  readonly clock: Clock
  readonly random: Random
  /** Whether the link has nothing better to do: asked before every part. */
  readonly isIdle: () => boolean
  readonly retryLongestMs: number
}

// How often it is looked for new photos when nobody calls `wake`.
const LOOK_EVERY_MS = 60_000
const IDLE_LOOK_MS = 1_000
// A finding that the province has not read yet names its photo a little later; one that never comes is asked for daily.
const FIRST_SKIP_MS = 60_000
const LONGEST_SKIP_MS = 86_400_000
// What comes back as other bytes three times is damaged here; tomorrow is soon enough to try again.
const MAX_MISMATCHES = 3

/**
 * Sends photos while the link is idle, each in parts that go on where the province says the last ones ended. Whatever
 * is cut, at any byte, costs at most the part that was on its way. A photo counts as held only when the province has
 * checked its hash.
 */
export class BlobUpload {
  readonly #options: BlobUploadOptions
  readonly #backoff: Backoff
  readonly #abort = new AbortController()
  readonly #skipped = new Map<string, { untilMs: number; times: number }>()
  readonly #session: BoxSession
  readonly #part = new PartSize(MAX_BLOB_PART_BYTES)
  readonly #rest = new Rest()
  #running: Promise<void> | undefined
  #state: BlobUploadState = { phase: 'idle', sentBlobs: 0, sentBytes: 0, failures: 0, lastError: null }

  constructor(options: BlobUploadOptions) {
    this.#options = options
    this.#session = new BoxSession(options)
    this.#backoff = new Backoff({ firstMs: 5_000, longestMs: options.retryLongestMs, random: options.random })
  }

  get state(): BlobUploadState {
    return this.#state
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
    this.#note({ phase: 'stopped' })
  }

  /** There is a new photo. After a failure the back-off is kept. */
  wake(): void {
    if (this.#backoff.failures === 0) this.#rest.wake()
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    while (!this.#isStopped) {
      let waitMs = LOOK_EVERY_MS
      try {
        for (let next = this.#next(); next; next = this.#next()) {
          if (!(await this.#untilIdle())) break
          await this.#send(next.sha256, next.sizeBytes)
        }
        this.#backoff.succeeded()
        this.#note({ phase: 'idle', failures: 0 })
      } catch (error) {
        waitMs = this.#fail(error)
      }
      if (this.#isStopped) return
      await this.#rest.take(clock, waitMs, this.#abort.signal)
    }
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted
  }

  #next(): { sha256: string; sizeBytes: number } | undefined {
    if (this.#isStopped) return undefined
    const nowMs = this.#options.clock.monotonicMs()
    return this.#options.source
      .waiting()
      .find(({ sha256 }) => (this.#skipped.get(sha256)?.untilMs ?? Number.NEGATIVE_INFINITY) <= nowMs)
  }

  async #send(sha256: string, sizeBytes: number): Promise<void> {
    const { source, clock } = this.#options
    this.#note({ phase: 'sending' })
    let mismatches = 0
    let answer = await this.#ask('HEAD', sha256)
    for (;;) {
      if (answer.status === 404) return this.#skip(sha256)
      const isErased = answer.status === 410 && isSaid(answer, 'upload-erased')
      if (isErased || (isOk(answer) && isSaid(answer, 'upload-complete'))) {
        source.markHeld(sha256)
        this.#skipped.delete(sha256)
        this.#note({ sentBlobs: this.#state.sentBlobs + (isErased ? 0 : 1), lastError: null })
        return
      }
      const isMismatch = answer.status === 422 && new Refused(answer).code === 'blob-mismatch'
      if (isMismatch && ++mismatches >= MAX_MISMATCHES) {
        this.#note({ lastError: { code: 'blob-mismatch', sentence: new Refused(answer).message } })
        return this.#skip(sha256, LONGEST_SKIP_MS)
      }
      if (isMismatch) {
        answer = await this.#ask('HEAD', sha256)
        continue
      }
      const offset = isOk(answer) || answer.status === 409 ? offsetOf(answer) : undefined
      // Any other answer, a sign-in page's too, says nothing about the photo.
      if (offset === undefined || offset > sizeBytes) throw new Refused(answer)
      if (!(await this.#untilIdle())) return
      const part = source.readPart(sha256, offset, this.#part.bytes)
      // Nothing left to send and still not complete, or the photo is gone: tomorrow.
      if (!part || part.length === 0) return this.#skip(sha256, LONGEST_SKIP_MS)
      const startedMs = clock.monotonicMs()
      answer = await this.#ask('PUT', sha256, { offset, sizeBytes, part })
      this.#part.took(clock.monotonicMs() - startedMs)
      if (isOk(answer)) this.#note({ sentBytes: this.#state.sentBytes + part.length })
    }
  }

  #ask(
    method: 'HEAD' | 'PUT',
    sha256: string,
    part?: { offset: number; sizeBytes: number; part: Uint8Array },
  ): Promise<LinkAnswer> {
    const headers: Record<string, string> = part
      ? {
          'content-type': 'application/octet-stream',
          'upload-offset': String(part.offset),
          'upload-length': String(part.sizeBytes),
        }
      : {}
    const request = {
      method,
      path: `/sync/v1/blobs/${sha256}`,
      headers,
      ...(part ? { body: part.part } : {}),
    }
    return this.#session.ask(request, this.#abort.signal)
  }

  /** False when the upload was stopped meanwhile. */
  async #untilIdle(): Promise<boolean> {
    const { clock, isIdle } = this.#options
    while (!this.#isStopped && !isIdle()) {
      this.#note({ phase: 'waiting' })
      await sleep(clock, IDLE_LOOK_MS, this.#abort.signal)
    }
    return !this.#isStopped
  }

  #skip(sha256: string, forMs?: number): void {
    const times = (this.#skipped.get(sha256)?.times ?? 0) + 1
    const skipMs = forMs ?? Math.min(LONGEST_SKIP_MS, FIRST_SKIP_MS * 2 ** Math.min(times - 1, 20))
    this.#skipped.set(sha256, { times, untilMs: this.#options.clock.monotonicMs() + skipMs })
  }

  /** Notes what went wrong; answers how long to wait. The photo stays where it is. */
  #fail(error: unknown): number {
    this.#part.cut()
    const code = error instanceof VuonError ? error.code : 'internal'
    const sentence = (error as Error).message.slice(0, 300)
    const retryAfterMs = error instanceof Refused ? error.retryAfterMs : 0
    const waitMs = this.#backoff.failed(Math.min(retryAfterMs, LONGEST_SKIP_MS))
    this.#note({ phase: 'waiting', failures: this.#backoff.failures, lastError: { code, sentence } })
    return waitMs
  }

  #note(change: Partial<BlobUploadState>): void {
    this.#state = { ...this.#state, ...change }
  }
}

const isOk = (answer: LinkAnswer): boolean => answer.status >= 200 && answer.status < 300

const isSaid = (answer: LinkAnswer, header: string): boolean => answer.headers[header] === '?1'

function offsetOf(answer: LinkAnswer): number | undefined {
  const text = answer.headers['upload-offset'] ?? ''
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined
}
