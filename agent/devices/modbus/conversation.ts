import { concatBytes } from '#contract/ground/bytes.ts'
import { type Clock, sleep } from '#contract/ground/clock.ts'
import type { ByteLine, LineSettings } from '../../bus/byte-line.ts'
import { characterMs } from '../../bus/byte-line.ts'
import type { Failure, Framing, ReadRequest, Reply } from './framing.ts'

/**
 * One question at a time on one line. Before each: the line set as this probe wants it, a silence, and what
 * came late thrown away and counted, so that the late answer of a probe that was given up is nobody's value.
 * Where a late answer would look just like the next one (same probe, function and length, other registers), the
 * question waits as long again as the first was waited for.
 *
 *   settings → silence of 3.5 characters → question → answer | time is up | line lost
 *              └ a byte here is stray, and the silence begins again
 */
export interface Exchange {
  readonly request: Uint8Array
  /** Everything heard until the outcome, echo and noise too; bounded. */
  readonly response: Uint8Array
  readonly outcome: Reply | Failure | LineGone
  readonly roundTripMs: number
}

export interface LineGone {
  readonly kind: 'line-gone'
  readonly reason: string
}

// "Modbus over Serial Line" V1.02, §2.5.1.1: 3.5 characters; fixed above 19200 baud.
const GAP_CHARACTERS = 3.5
const FASTEST_COUNTED_BAUD = 19_200
const GAP_ABOVE_MS = 1.75

export const interFrameGapMs = (line: LineSettings): number =>
  line.baudRate > FASTEST_COUNTED_BAUD ? GAP_ABOVE_MS : GAP_CHARACTERS * characterMs(line)

// A second master or a stuck transmitter may never be silent. After this long the question is asked all the
// same: it fails and is counted, and the other probes get their turn.
const LONGEST_NOISE_MS = 250
// Opening a USB port again takes a few ms; a driver that hangs must not hold the line for ever.
const SETTINGS_MS = 2000
// Four of the longest RTU frames; more is noise.
const MAX_SHOWN_BYTES = 1024

export class Conversation {
  readonly #line: ByteLine
  readonly #framing: Framing
  readonly #clock: Clock
  readonly #onStray: (count: number) => void
  #heard: (bytes: Uint8Array) => void
  #giveUp: (reason: string) => void = () => {}
  #strayBytes = 0
  /** By unit: what was last asked in vain, and until when its answer may still come. */
  readonly #unanswered = new Map<number, { request: ReadRequest; until: number }>()

  constructor(options: {
    line: ByteLine
    framing: Framing
    clock: Clock
    /** Bytes that came when nothing was asked: a late answer, another master, noise. */
    onStray: (count: number) => void
  }) {
    this.#line = options.line
    this.#framing = options.framing
    this.#clock = options.clock
    this.#onStray = options.onStray
    this.#heard = this.#hearStray
  }

  /** What the line heard. */
  hear(bytes: Uint8Array): void {
    this.#heard(bytes)
  }

  /** Ends the question that is under way, because the line is lost or the poller stops. */
  interrupt(reason: string): void {
    this.#giveUp(reason)
  }

  /** Never rejects. Takes at most the silence before and `timeoutMs`. One call at a time. */
  async ask(
    request: ReadRequest,
    settings: LineSettings,
    waits: { gapMs: number; timeoutMs: number },
  ): Promise<Exchange> {
    let goneReason: string | undefined
    const gone = new Promise<void>((resolve) => {
      this.#giveUp = (reason) => {
        goneReason ??= reason
        resolve()
      }
    })
    const question = this.#framing.ask(request)
    const exchange = (outcome: Exchange['outcome'], more: Partial<Exchange> = {}): Exchange => ({
      request: question.bytes,
      response: new Uint8Array(),
      roundTripMs: 0,
      outcome,
      ...more,
    })
    try {
      const notSet = await this.#set(settings, gone)
      goneReason ??= notSet
      if (goneReason === undefined) await this.#lateAnswer(request, gone)
      if (goneReason === undefined) await this.#silence(waits.gapMs, gone)
      if (goneReason !== undefined) return exchange({ kind: 'line-gone', reason: goneReason })

      const askedAt = this.#clock.monotonicMs()
      let response: Uint8Array = new Uint8Array()
      let reply: Reply | undefined
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(waits.timeoutMs, done)
        function done() {
          cancel()
          resolve()
        }
        gone.then(done)
        this.#heard = (bytes) => {
          if (response.length < MAX_SHOWN_BYTES)
            response = concatBytes(response, bytes.subarray(0, MAX_SHOWN_BYTES - response.length))
          reply ??= question.push(bytes)
          if (reply) done()
        }
        this.#line.write(question.bytes).catch((error: unknown) => {
          goneReason ??= reasonOf(error)
          done()
        })
      })
      const seen = { response, roundTripMs: this.#clock.monotonicMs() - askedAt }
      if (reply) {
        this.#unanswered.delete(request.unit)
        return exchange(reply, seen)
      }
      if (goneReason !== undefined) return exchange({ kind: 'line-gone', reason: goneReason }, seen)
      this.#unanswered.set(request.unit, { request, until: this.#clock.monotonicMs() + waits.timeoutMs })
      return exchange(question.giveUp(), seen)
    } finally {
      this.#giveUp = () => {}
      this.#heard = this.#hearStray
    }
  }

  readonly #hearStray = (bytes: Uint8Array): void => {
    this.#strayBytes += bytes.length
  }

  /** Undefined when the line is as the probe wants it, else why not. */
  #set(settings: LineSettings, gone: Promise<void>): Promise<string | undefined> {
    return new Promise((resolve) => {
      const done = (reason?: string) => {
        cancel()
        resolve(reason)
      }
      const cancel = this.#clock.after(SETTINGS_MS, () =>
        done(`the port took no new settings within ${SETTINGS_MS} ms`),
      )
      gone.then(() => done())
      this.#line.use(settings).then(
        () => done(),
        (error: unknown) => done(reasonOf(error)),
      )
    })
  }

  async #lateAnswer(request: ReadRequest, gone: Promise<void>): Promise<void> {
    const before = this.#unanswered.get(request.unit)
    if (!before || this.#framing.numbersQuestions) return
    const { function: code, count, address } = before.request
    const looksAlike = code === request.function && count === request.count && address !== request.address
    const waitMs = before.until - this.#clock.monotonicMs()
    if (looksAlike && waitMs > 0) await Promise.race([sleep(this.#clock, waitMs), gone])
  }

  async #silence(gapMs: number, gone: Promise<void>): Promise<void> {
    const until = this.#clock.monotonicMs() + LONGEST_NOISE_MS
    let before: number
    do {
      before = this.#strayBytes
      // Node's timers cut fractions of a millisecond off.
      await Promise.race([sleep(this.#clock, Math.ceil(gapMs)), gone])
    } while (this.#strayBytes !== before && this.#clock.monotonicMs() < until)
    if (this.#strayBytes > 0) this.#onStray(this.#strayBytes)
    this.#strayBytes = 0
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
