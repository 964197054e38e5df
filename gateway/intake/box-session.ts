import { createHmac, timingSafeEqual } from 'node:crypto'
import { fromBase64, toBase64Url, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'

/**
 * Nonces and bearer tokens of boxes, as messages that only this province can have made: nothing is stored, so
 * any replica can check what another one gave out.
 */
export class BoxSessions {
  readonly #secret: Uint8Array
  readonly #randomBytes: RandomBytes

  constructor(secret: Uint8Array, randomBytes: RandomBytes) {
    this.#secret = secret
    this.#randomBytes = randomBytes
  }

  newNonce(agent: string, nowMs: number): string {
    return this.#seal(`nonce|${agent}|${nowMs + NONCE_MS}|${toBase64Url(this.#randomBytes(9))}`)
  }

  isFreshNonce(nonce: string, agent: string, nowMs: number): boolean {
    const parts = this.#open(nonce)
    return parts?.[0] === 'nonce' && parts[1] === agent && Number(parts[2]) > nowMs
  }

  newToken(agent: string, nowMs: number): { token: string; expiresAt: number } {
    const expiresAt = nowMs + TOKEN_MS
    return { token: this.#seal(`token|${agent}|${expiresAt}`), expiresAt }
  }

  /** The agent that a bearer speaks for. Throws `session-required`. */
  agentOf(authorization: string | undefined, nowMs: number): string {
    const parts = this.#open(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '')
    if (parts?.[0] !== 'token' || !parts[1] || !(Number(parts[2]) > nowMs))
      throw new VuonError('session-required')
    return parts[1]
  }

  #seal(text: string): string {
    return `${toBase64Url(utf8(text))}.${toBase64Url(this.#mac(text))}`
  }

  #open(sealed: string): string[] | undefined {
    const [text64 = '', mac64 = ''] = sealed.slice(0, 400).split('.')
    try {
      const text = new TextDecoder().decode(fromBase64(text64))
      const mac = fromBase64(mac64)
      return mac.length === 32 && timingSafeEqual(mac, this.#mac(text)) ? text.split('|') : undefined
    } catch {
      return undefined
    }
  }

  #mac(text: string): Uint8Array {
    return createHmac('sha256', this.#secret).update(text).digest()
  }
}

const NONCE_MS = 2 * 60_000
const TOKEN_MS = 24 * 3_600_000
