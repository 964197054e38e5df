import { createHmac } from 'node:crypto'
import type { Notice, NoticeChannel, Outcome } from './channel.ts'
import type { HttpAnswer, PostOptions } from './https-post.ts'
import { type NoticeSender, type NoticeWords, noticeJson } from './notice-json.ts'

export interface WebhookOptions {
  readonly name: string
  readonly url: string
  readonly secret: string
  readonly sender: () => NoticeSender
  readonly words: NoticeWords
  /** Wall time in ms: what the receiver holds against its own clock. */
  readonly wallMs: () => number
  /** Resolves with the answer, rejects when there was none. */
  readonly post: (options: PostOptions) => Promise<HttpAnswer>
}

/**
 * Alarms as signed HTTPS requests. The receiver checks
 *
 *   X-Vuon-Signature: sha256=hex(HMAC-SHA256(secret, X-Vuon-Timestamp ‖ "." ‖ body))
 *
 * with the timestamp in Unix seconds, refuses one that is older than a few minutes, and keeps the Idempotency-Key for a
 * day: a notice whose answer was lost comes again with the same key and body, under a new timestamp.
 */
export class Webhook implements NoticeChannel {
  readonly kind = 'webhook'
  readonly name: string
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.#options = options
    this.name = options.name
  }

  async deliver(notice: Notice, signal: AbortSignal): Promise<Outcome> {
    const { url, secret, sender, words, wallMs, post } = this.#options
    const body = JSON.stringify(noticeJson(notice, sender(), words))
    const timestamp = String(Math.floor(wallMs() / 1000))
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'vuon-agent',
      'idempotency-key': notice.key,
      'x-vuon-timestamp': timestamp,
      'x-vuon-signature': signatureOf(secret, timestamp, body),
    }
    try {
      return outcomeOf(await post({ url, headers, body: new TextEncoder().encode(body), signal }), wallMs())
    } catch (error) {
      return { kind: 'failed', detail: (error as Error).message }
    }
  }
}

export const signatureOf = (secret: string, timestamp: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`

// What the receiver says of this one notice: it will say the same tomorrow. 409 is not among them: it may mean that
// the first try is still being worked on.
const NEVER = new Set([400, 413, 415, 422])

function outcomeOf({ status, retryAfter, ms }: HttpAnswer, wallMs: number): Outcome {
  const detail = `HTTP ${status} in ${Math.round(ms)} ms`
  if (status >= 200 && status < 300) return { kind: 'delivered', detail }
  if (NEVER.has(status)) return { kind: 'refused', detail }
  if (status >= 300 && status < 400)
    return { kind: 'failed', detail: `${detail}: it wants to send us elsewhere, and that is not followed` }
  const retryAfterMs = waitOf(retryAfter, wallMs)
  return { kind: 'failed', detail, ...(retryAfterMs > 0 ? { retryAfterMs } : {}) }
}

/** Retry-After (RFC 9110 §10.2.3) in ms: seconds, or a date. */
function waitOf(text: string | undefined, wallMs: number): number {
  if (text === undefined) return 0
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? 0 : Math.max(0, at - wallMs)
}
