import { createHmac, timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import { fromBase64, toBase64Url, toHex, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { Sha256 } from '#contract/ground/signing.ts'
import type { Migration, Tx } from '../store/open-store.ts'

/**
 * Nonces and bearer tokens of boxes, as messages that only this province can have made: any replica can check what
 * another one gave out. Stored is only which nonces were used: each is good for one session.
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

  /** For the box, as long as it speaks with that key. */
  newToken(agent: string, key: string, nowMs: number): { token: string; expiresAt: number } {
    const expiresAt = nowMs + TOKEN_MS
    return { token: this.#seal(`token|${agent}|${expiresAt}|${key}`), expiresAt }
  }

  /** The agent that a bearer speaks for, and the key by which it was had. Throws `session-required`. */
  bearerOf(authorization: string | undefined, nowMs: number): { agent: string; key: string } {
    const parts = this.#open(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '')
    if (parts?.[0] !== 'token' || !parts[1] || !parts[3] || !(Number(parts[2]) > nowMs))
      throw new VuonError('session-required')
    return { agent: parts[1], key: parts[3] }
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

export const nonceMigrations: readonly Migration[] = [
  {
    name: 'intake-nonces-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE used_nonce (nonce_hash TEXT PRIMARY KEY, expires_at ${integer} NOT NULL)${tableOptions}`,
      `CREATE INDEX used_nonce_end ON used_nonce (expires_at)`,
    ],
  },
]

/** Throws `session-required` for a nonce that somebody has used already: a proof that was overheard proves nothing. */
export async function useNonce(tx: Tx, nonce: string, nowMs: number, sha256: Sha256): Promise<void> {
  await sql`DELETE FROM used_nonce WHERE expires_at < ${Math.round(nowMs)}`.execute(tx)
  const { numAffectedRows } =
    await sql`INSERT INTO used_nonce VALUES (${toHex(sha256(utf8(nonce)))}, ${Math.round(nowMs) + NONCE_MS})
    ON CONFLICT (nonce_hash) DO NOTHING`.execute(tx)
  if (numAffectedRows !== 1n)
    throw new VuonError('session-required', 'This nonce was used before.', { hint: 'Ask for a new nonce.' })
}

export const NONCE_MS = 2 * 60_000
const TOKEN_MS = 24 * 3_600_000
