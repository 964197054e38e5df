import type { Clock } from '#contract/ground/clock.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { abortable } from './abortable-link.ts'
import type { Link, LinkAnswer, LinkRequest } from './link.ts'
import { openSession } from './province.ts'

// By our own clock, which may be years off: an hour is less than any province grants.
const KEPT_MS = 3_600_000

/** Requests that need a bearer: a token is asked for when there is none, and once more when it is not taken any longer. */
export class BoxSession {
  readonly #link: Link
  readonly #key: SecretKey
  readonly #agent: string
  readonly #clock: Clock
  #session: { readonly token: string; readonly untilMs: number } | undefined

  constructor(options: { link: Link; key: SecretKey; agent: string; clock: Clock }) {
    this.#link = options.link
    this.#key = options.key
    this.#agent = options.agent
    this.#clock = options.clock
  }

  /** Rejects as the link does, as the province refuses the session, or at once when `signal` aborts. */
  async ask(request: LinkRequest, signal: AbortSignal): Promise<LinkAnswer> {
    const link = abortable(this.#link, signal)
    const answer = await link.request(borne(request, await this.#token(link)))
    if (answer.status !== 401) return answer
    this.#session = undefined
    return link.request(borne(request, await this.#token(link)))
  }

  async #token(link: Link): Promise<string> {
    const nowMs = this.#clock.monotonicMs()
    if (!this.#session || this.#session.untilMs <= nowMs) {
      const { token } = await openSession(link, this.#key, this.#agent)
      this.#session = { token, untilMs: nowMs + KEPT_MS }
    }
    return this.#session.token
  }
}

const borne = (request: LinkRequest, token: string): LinkRequest => ({
  ...request,
  headers: { ...request.headers, authorization: `Bearer ${token}` },
})
