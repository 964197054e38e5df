import type { Readable } from 'node:stream'
import { concatBytes } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { MAX_BATCH_BYTES } from '#contract/wire/batch.ts'
import { IntakeBusy, TooManyRequests } from './rate-limit.ts'

export interface GateLimits {
  /** Bodies that are read at one time. */
  readonly bodies: number
  readonly bodyBytes: number
  /** Of them, those that come from one address. */
  readonly bodiesOfOne: number
}

// Where the proxy's own address is all that is known, `bodiesOfOne` bounds everybody: half of what there is.
const LIMITS: GateLimits = { bodies: 2000, bodyBytes: 64 * 1024 * 1024, bodiesOfOne: 1000 }

// The slowest link that is planned for carries 9.6 kbit/s, of which a quarter is enough to stay.
const LEAST_BYTES_A_SECOND = 300
const GRACE_MS = 15_000
// A program that comes to its sockets only so late has more to do than it can: who comes now would make it later.
const MOST_LAG_MS = 1000
const RETRY_MS = 5000

/**
 * Where bodies of batches are read, before anybody knows whose they are. Nobody holds a place by sending slowly: when all
 * places are taken, the slowest body that had its time goes.
 */
export class BodyGate {
  readonly #outside: { clock: Clock; random: Random; lagMs?: () => number }
  readonly #limits: GateLimits
  readonly #open = new Set<Body>()
  #bytes = 0

  constructor(
    outside: { clock: Clock; random: Random; lagMs?: () => number },
    limits: Partial<GateLimits> = {},
  ) {
    this.#outside = outside
    this.#limits = { ...LIMITS, ...limits }
  }

  get open(): number {
    return this.#open.size
  }

  /** Asked before a byte of the body is read. Throws `intake-busy` or `too-many-requests`. */
  enter(address: string): void {
    if ((this.#outside.lagMs?.() ?? 0) > MOST_LAG_MS) throw new IntakeBusy(this.#retryMs())
    let ofOne = 0
    for (const body of this.#open) if (body.address === address) ofOne++
    if (ofOne >= this.#limits.bodiesOfOne && !this.#dropSlowest(address))
      throw new TooManyRequests(this.#retryMs(), 'Too many batches are on their way from this address.')
    if (this.#open.size >= this.#limits.bodies && !this.#dropSlowest()) throw new IntakeBusy(this.#retryMs())
  }

  /** The whole body. Throws `batch-too-large`, `intake-busy`, and `batch-malformed` for one that ends in the middle. */
  read(stream: Readable, address: string): Promise<Uint8Array> {
    const beganMs = this.#outside.clock.monotonicMs()
    const parts: Uint8Array[] = []
    return new Promise((resolve, reject) => {
      const body: Body = { address, stream, beganMs, sizeBytes: 0, giveUp: () => end(() => reject(cutOff())) }
      this.#open.add(body)
      const end = (settle: () => void) => {
        if (!this.#open.delete(body)) return
        this.#bytes -= body.sizeBytes
        settle()
      }
      const refuse = (error: Error) =>
        end(() => {
          // What is still on its way is not kept; the answer goes out meanwhile.
          stream.removeListener('data', onData)
          stream.resume()
          reject(error)
        })
      const onData = (part: Uint8Array) => {
        body.sizeBytes += part.length
        this.#bytes += part.length
        parts.push(part)
        if (body.sizeBytes > MAX_BATCH_BYTES) refuse(new VuonError('batch-too-large'))
        else if (this.#bytes > this.#limits.bodyBytes) refuse(new IntakeBusy(this.#retryMs()))
      }
      stream.on('data', onData)
      stream.once('end', () => end(() => resolve(concatBytes(...parts))))
      stream.once('error', (error) => end(() => reject(cutOff(error))))
      stream.once('close', () => end(() => reject(cutOff())))
    })
  }

  /** False when each of them is fast enough, or has only begun. */
  #dropSlowest(address?: string): boolean {
    const nowMs = this.#outside.clock.monotonicMs()
    let slowest: Body | undefined
    let lowest = LEAST_BYTES_A_SECOND
    for (const body of this.#open) {
      const ageMs = nowMs - body.beganMs
      const bytesASecond = (body.sizeBytes / ageMs) * 1000
      if (ageMs < GRACE_MS || bytesASecond >= lowest) continue
      if (address !== undefined && body.address !== address) continue
      slowest = body
      lowest = bytesASecond
    }
    // The stream says only later that it is gone; its place is free at once.
    slowest?.giveUp()
    slowest?.stream.destroy()
    return slowest !== undefined
  }

  #retryMs(): number {
    return RETRY_MS * (1 + this.#outside.random())
  }
}

interface Body {
  readonly address: string
  readonly stream: Readable
  readonly beganMs: number
  readonly giveUp: () => void
  sizeBytes: number
}

const cutOff = (cause?: Error): VuonError =>
  new VuonError('batch-malformed', 'The body ended in the middle.', { cause })
