import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import { request as requestHttps, Agent as TlsAgent } from 'node:https'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { Agent, requestHttp } from '#contract/ground/node/http.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { MOST_KEPT } from './kept-connections.ts'
import type { Link, LinkAnswer, LinkRequest } from './link.ts'
import { SLOWEST_BYTES_A_SECOND } from './link.ts'

/** How long a link may be silent before it is given up. Each sign of life begins the wait anew; there is no total. */
export interface Patience {
  /** Until the connection stands, and once more until TLS does: a SYN that is lost four times comes after 31 s. */
  readonly connectMs: number
  /** Until the next bytes of an answer; five lost segments in a row (1 + 2 + 4 + 8 + 16 s) still fit. */
  readonly silenceMs: number
}

const PATIENCE: Patience = { connectMs: 45_000, silenceMs: 45_000 }
// Answers are small; a captive portal's page is not worth a farm's memory.
const MAX_ANSWER_BYTES = 1024 * 1024
// So often does a body that is going out show that it moves.
const PIECE_BYTES = 4096
// A connection is worth keeping for the next round (TLS costs 5 kB), but a NAT of a phone company forgets it in minutes.
const KEEP_IDLE_MS = 90_000

/**
 * HTTP over a kept connection, or a few while a backlog is sent. A half-open connection (it takes everything and says
 * nothing) is found by its silence; a slow one that moves is left to work, however long it takes. Redirects are handed on,
 * never followed: a sign-in page must not get the batch or the token.
 */
export class FetchLink implements Link {
  readonly #base: string
  readonly #patience: Patience
  readonly #clock: Clock
  readonly #agent: HttpAgent

  constructor(gateway: string, options: { patience?: Partial<Patience>; clock?: Clock } = {}) {
    this.#base = gateway.replace(/\/+$/, '')
    this.#patience = { ...PATIENCE, ...options.patience }
    this.#clock = options.clock ?? systemClock
    const kept = { keepAlive: true, maxSockets: 4, maxFreeSockets: MOST_KEPT, timeout: KEEP_IDLE_MS }
    this.#agent = this.#isTls ? new TlsAgent(kept) : new Agent(kept)
  }

  async request(request: LinkRequest): Promise<LinkAnswer> {
    try {
      return await this.#once(request)
    } catch (error) {
      // The other side had closed the kept connection meanwhile, and read nothing of this.
      if (!(error instanceof VuonError) || !(error.cause instanceof StaleConnection)) throw error
      return { ...(await this.#once(request)), resends: 1 }
    }
  }

  get #isTls(): boolean {
    return this.#base.startsWith('https:')
  }

  #once({ method, path, headers, body }: LinkRequest): Promise<LinkAnswer> {
    return new Promise((resolve, reject) => {
      let request: ClientRequest
      const length = body ? { 'content-length': String(body.length) } : {}
      const watch = new SilenceWatch(this.#clock, (waitedMs) =>
        fail(new Error(`silent for ${Math.round(waitedMs / 1000)} s`)),
      )
      const done = (settle: () => void): void => {
        watch.stop()
        settle()
      }
      const fail = (cause: Error): void => {
        request?.destroy()
        if (cause instanceof VuonError) {
          done(() => reject(cause))
          return
        }
        const reason = (cause as { code?: string }).code ?? cause.message
        const isStale = request?.reusedSocket && (reason === 'ECONNRESET' || reason === 'EPIPE')
        const why = isStale ? new StaleConnection() : cause
        done(() =>
          reject(
            new VuonError('link-down', `${this.#base} could not be reached (${reason}).`, { cause: why }),
          ),
        )
      }
      try {
        const open = this.#isTls ? requestHttps : requestHttp
        request = open(this.#base + path, {
          method,
          agent: this.#agent,
          headers: { ...headers, ...length },
        })
      } catch (error) {
        return fail(error as Error)
      }
      watch.within(this.#patience.connectMs)
      request.on('socket', (socket) => {
        // What the kernel has taken may be on its way for as long as the slowest link needs for it.
        const inFlightMs = ((body?.length ?? 0) / SLOWEST_BYTES_A_SECOND) * 1000
        const moves = () => watch.within(this.#patience.silenceMs + inFlightMs)
        const send = () => {
          moves()
          sendBody(request, body, moves)
        }
        if (request.reusedSocket || !socket.connecting) return send()
        socket.once('connect', () => watch.within(this.#patience.connectMs))
        socket.once(this.#isTls ? 'secureConnect' : 'connect', send)
      })
      request.on('error', fail)
      request.on('response', (answer) => {
        watch.within(this.#patience.silenceMs)
        readBounded(answer, () => watch.within(this.#patience.silenceMs)).then(
          (bytes) =>
            done(() => resolve({ status: answer.statusCode ?? 0, headers: headersOf(answer), body: bytes })),
          fail,
        )
      })
    })
  }
}

class StaleConnection extends Error {}

/** Calls `onSilence` unless it is told again, within what it was told last, that something moved. */
class SilenceWatch {
  readonly #clock: Clock
  readonly #onSilence: (waitedMs: number) => void
  #cancel: () => void = () => {}
  #isStopped = false

  constructor(clock: Clock, onSilence: (waitedMs: number) => void) {
    this.#clock = clock
    this.#onSilence = onSilence
  }

  within(ms: number): void {
    if (this.#isStopped) return
    this.#cancel()
    this.#cancel = this.#clock.after(ms, () => this.#onSilence(ms))
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }
}

/** Piece by piece: the next one is handed on when the kernel has taken the last. */
function sendBody(request: ClientRequest, body: Uint8Array | undefined, moves: () => void): void {
  let at = 0
  const next = (): void => {
    if (request.destroyed || request.writableEnded) return
    moves()
    const piece = body?.subarray(at, at + PIECE_BYTES)
    if (!piece || piece.length === 0) return void request.end()
    at += piece.length
    request.write(piece, (error) => {
      if (!error) next()
    })
  }
  next()
}

async function readBounded(answer: IncomingMessage, moves: () => void): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of answer as AsyncIterable<Uint8Array>) {
    moves()
    size += part.length
    if (size > MAX_ANSWER_BYTES)
      throw new VuonError('link-refused', 'The answer is larger than any gateway sends.')
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  )
