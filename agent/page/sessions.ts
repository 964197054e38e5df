import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { toBase64Url, utf8 } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import type { RandomBytes } from '#contract/ground/random.ts'

// A working day: in the evening a phone that was left lying asks again.
export const SESSION_MS = 12 * 3_600_000
// Each person on four phones; beyond that the oldest session ends.
const MAX_SESSIONS = 200

interface Session {
  readonly personId: string
  readonly endsAt: number
}

/**
 * Who is signed in, in memory: a restart asks for the PIN again. Only hashes of tokens are kept. Form tokens are
 * derived from the cookie that the form's page was given, so that another site can't know them.
 */
export class Sessions {
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  readonly #secret: Uint8Array
  readonly #sessions = new Map<string, Session>()

  constructor(outside: { clock: Clock; randomBytes: RandomBytes }) {
    this.#clock = outside.clock
    this.#randomBytes = outside.randomBytes
    this.#secret = outside.randomBytes(32)
  }

  /** Returns the token for the cookie. */
  begin(personId: string): string {
    const now = this.#clock.monotonicMs()
    for (const [key, { endsAt }] of this.#sessions) if (endsAt <= now) this.#sessions.delete(key)
    const oldest = this.#sessions.keys().next().value
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest)
    const token = this.newCookie()
    this.#sessions.set(hashOf(token), { personId, endsAt: now + SESSION_MS })
    return token
  }

  personOf(token: string | undefined): string | undefined {
    if (!token) return undefined
    const session = this.#sessions.get(hashOf(token.slice(0, 100)))
    return session && session.endsAt > this.#clock.monotonicMs() ? session.personId : undefined
  }

  end(token: string): void {
    this.#sessions.delete(hashOf(token))
  }

  /** A changed PIN or a removed name ends what was signed in with it. */
  endAllOf(personId: string): void {
    for (const [key, session] of this.#sessions) if (session.personId === personId) this.#sessions.delete(key)
  }

  newCookie(): string {
    return toBase64Url(this.#randomBytes(24))
  }

  formToken(cookie: string): string {
    return toBase64Url(new Uint8Array(createHmac('sha256', this.#secret).update(cookie).digest()))
  }

  isFormToken(cookie: string, given: string): boolean {
    const [wanted, typed] = [utf8(this.formToken(cookie)), utf8(given)]
    return wanted.length === typed.length && timingSafeEqual(wanted, typed)
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64')
