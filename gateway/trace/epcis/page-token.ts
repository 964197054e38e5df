import { createHmac, timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import { utf8 } from '#contract/ground/bytes.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import type { Db } from '../../store/open-store.ts'

// Long enough to read a page over a bad link, short enough that nobody builds on it.
const LIFE_MS = 60 * 60_000

/** What a nextPageToken carries: where the page goes on, of which question of whom, and how many events are left. */
export interface NextPage {
  readonly mark: unknown
  readonly left?: number
}

/**
 * Page tokens hold everything themselves, so that any replica answers them; a seal keeps anybody from making one, and
 * it covers the question and who asked it.
 */
export class PageTokens {
  readonly #key: Uint8Array
  readonly #nowMs: () => number
  readonly #db: Db

  constructor(db: Db, key: Uint8Array, nowMs: () => number) {
    this.#db = db
    this.#key = key
    this.#nowMs = nowMs
  }

  make(question: string, next: NextPage): { readonly token: string; readonly expiresAt: number } {
    const expiresAt = Math.floor(this.#nowMs() + LIFE_MS)
    const payload = Buffer.from(JSON.stringify([expiresAt, next.mark, next.left ?? null])).toString(
      'base64url',
    )
    return { token: `${payload}.${this.#seal(payload, question)}`, expiresAt }
  }

  /** Throws EpcisException `QueryParameterException` for a token that is not one of this question, or has run out. */
  async open(question: string, token: string): Promise<NextPage> {
    const [payload = '', seal = ''] = token.slice(0, 4000).split('.')
    const right = this.#seal(payload, question)
    if (seal.length !== right.length || !timingSafeEqual(utf8(seal), utf8(right)))
      throw refused(
        'is not one of this question',
        'Follow the Link header as it is, with the same parameters.',
      )
    const [expiresAt, mark, left] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [
      number,
      unknown,
      number | null,
    ]
    const { rows } = await sql`SELECT 1 AS ended FROM epcis_ended_page WHERE token_hash = ${right}`.execute(
      this.#db,
    )
    if (expiresAt <= this.#nowMs() || rows.length > 0)
      throw refused('has run out', 'Ask again from the first page.')
    return left === null ? { mark } : { mark, left }
  }

  /** Ends a token. Whoever holds it may; one that is no token is ended already. */
  async end(token: string): Promise<void> {
    const [, seal = ''] = token.slice(0, 4000).split('.')
    const now = Math.round(this.#nowMs())
    await sql`DELETE FROM epcis_ended_page WHERE expires_at <= ${now}`.execute(this.#db)
    if (!/^[\w-]{43}$/.test(seal)) return
    await sql`INSERT INTO epcis_ended_page VALUES (${seal}, ${now + LIFE_MS}) ON CONFLICT (token_hash) DO NOTHING`.execute(
      this.#db,
    )
  }

  #seal(payload: string, question: string): string {
    return createHmac('sha256', this.#key).update(`${payload}\n${question}`).digest('base64url')
  }
}

const refused = (what: string, hint: string): EpcisException =>
  new EpcisException('QueryParameterException', `nextPageToken ${what}.`, { hint })
