import { z } from 'zod'
import { fromBase64, fromUtf8, toBase64Url, utf8 } from '#contract/ground/bytes.ts'
import { ERRORS, type ErrorCode, VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { PublicKey, SecretKey } from '#contract/ground/signing.ts'
import { type DownlinkPage, MAX_DOWNLINK_BYTES, MAX_DOWNLINKS_A_PAGE } from '#contract/wire/downlink.ts'
import {
  type ClaimAnswer,
  claimProof,
  reclaimProof,
  type SyncAnswer,
  sessionProof,
  timeProof,
} from '#contract/wire/sync-protocol.ts'
import type { Link, LinkAnswer } from './link.ts'

/** What a box asks of the province, each answer checked before it is believed. */

const range = z.tuple([z.int().min(1), z.int().min(1)])
const marks = z.object({
  durableThrough: z.int().min(0),
  held: z.array(range).max(1000),
  missing: z.array(range).max(1000),
})
const syncAnswer = z.object({
  epoch: z.string(),
  lanes: z.object({ record: marks, finding: marks, reading: marks }),
  retryAfterMs: z.number().min(0).optional(),
  downlink: z.object({ highest: z.int().min(0) }).optional(),
})
const allocation = z.object({
  gtin: z.string(),
  crop: z.string(),
  productVi: z.string(),
  productEn: z.string(),
  growingArea: z
    .object({ gln: z.string(), code: z.string(), validTo: z.string().exactOptional() })
    .exactOptional(),
})
const claimAnswer = z.object({
  agent: z.string(),
  boxCode: z.string(),
  farm: z.object({ farmId: z.string(), name: z.string(), commune: z.string(), province: z.string() }),
  province: z.object({ name: z.string(), publicKey: z.string() }),
  publicUrl: z.string(),
  allocations: z.array(allocation),
  issuedAt: z.number(),
})
const challenge = z.object({ nonce: z.string().min(16).max(200) })
const grant = z.object({ token: z.string().min(16).max(400), expiresAt: z.number() })
const problemBody = z.object({ type: z.string(), detail: z.string().optional(), hint: z.string().optional() })
const downlinkPage = z.object({
  messages: z.array(z.string().max(Math.ceil((MAX_DOWNLINK_BYTES * 4) / 3) + 4)).max(MAX_DOWNLINKS_A_PAGE),
  highest: z.int().min(0),
})
const timeAnswer = z.object({ nonce: z.string(), wallMs: z.number(), signature: z.string() })

/**
 * Exchanges a one-time code for enrolment. A box that has a name already keeps it: `before` is that name and the key
 * that vouches for the new one. Throws `claim-refused`, `key-retired`, `key-revoked`, `link-down` or `link-refused`.
 */
export async function claim(
  link: Link,
  key: SecretKey,
  code: string,
  program: string,
  before?: { readonly agent: string; readonly key: SecretKey },
): Promise<ClaimAnswer> {
  const publicKey = toBase64Url(key.publicRaw)
  const known = before && {
    agent: before.agent,
    voucher: toBase64Url(before.key.sign(reclaimProof(code, before.agent, publicKey))),
  }
  const body = { code, program, publicKey, signature: toBase64Url(key.sign(claimProof(code))), ...known }
  return checked(claimAnswer, jsonOf(await post(link, '/sync/v1/claim', body)))
}

/** A bearer token for cursor, blobs and downlink: the box signs the server's nonce. */
export async function openSession(
  link: Link,
  key: SecretKey,
  agent: string,
): Promise<{ token: string; expiresAt: number }> {
  try {
    return await proveKey(link, key, agent)
  } catch (error) {
    // A nonce is good once, and a copy of the proof that the network made may have been the first to use it.
    if (!(error instanceof VuonError && error.code === 'session-required')) throw error
    return proveKey(link, key, agent)
  }
}

async function proveKey(
  link: Link,
  key: SecretKey,
  agent: string,
): Promise<{ token: string; expiresAt: number }> {
  const { nonce } = checked(challenge, jsonOf(await post(link, '/sync/v1/session', { agent })))
  const signature = toBase64Url(key.sign(sessionProof(agent, nonce)))
  return checked(grant, jsonOf(await post(link, '/sync/v1/session', { agent, nonce, signature })))
}

export async function fetchCursor(link: Link, token: string, epoch: string): Promise<SyncAnswer> {
  const answer = await link.request({
    method: 'GET',
    path: `/sync/v1/cursor?epoch=${epoch}`,
    headers: { authorization: `Bearer ${token}` },
  })
  return parseSyncAnswer(answer)
}

/** Messages for this box, as they were signed; nothing of them is checked yet. Throws `link-refused`. */
export function parseDownlinkPage(answer: LinkAnswer): DownlinkPage {
  return checked(downlinkPage, jsonOf(answer))
}

/** The province's time, which only the pinned key can have signed. Null when the answer proves nothing. */
export async function fetchTime(
  link: Link,
  province: PublicKey,
  randomBytes: RandomBytes,
): Promise<number | null> {
  const nonce = toBase64Url(randomBytes(16))
  const answer = await link.request({ method: 'GET', path: `/sync/v1/time?nonce=${nonce}` })
  const { wallMs, signature, nonce: echoed } = checked(timeAnswer, jsonOf(answer))
  const isProven = echoed === nonce && province.verify(timeProof(nonce, wallMs), fromBase64(signature))
  return isProven ? wallMs : null
}

/** Throws `link-refused` for what is not a gateway's answer, however friendly its status. */
export function parseSyncAnswer(answer: LinkAnswer): SyncAnswer {
  return checked(syncAnswer, jsonOf(answer)) as SyncAnswer
}

/** An answer that is not the one asked for, with the code that the province itself named, where it was the province. */
export class Refused extends VuonError {
  readonly answer: LinkAnswer

  constructor(answer: LinkAnswer) {
    const { code, sentence, hint } = refusalOf(answer)
    super(code, sentence, hint === undefined ? {} : { hint })
    this.answer = answer
  }

  /** How long the other side asks to be left alone; 0 when it does not say (RFC 9110 §10.2.3). */
  get retryAfterMs(): number {
    const text = this.answer.headers['retry-after'] ?? ''
    if (/^\d+$/.test(text.trim())) return Number(text) * 1000
    // A date means something only beside the same clock's own: ours may be years off.
    const waitMs = Date.parse(text) - Date.parse(this.answer.headers['date'] ?? '')
    return Number.isFinite(waitMs) ? Math.max(0, waitMs) : 0
  }
}

/**
 * Only problem details with one of our codes (RFC 9457) are the province's word. A 403 or 409 of a sign-in page or
 * of a proxy says nothing about this box's key or its batches.
 */
function refusalOf({ status, body }: LinkAnswer): { code: ErrorCode; sentence: string; hint?: string } {
  try {
    const problem = problemBody.parse(JSON.parse(fromUtf8(body)))
    const code = problem.type.replace(/^urn:vuon:error:/, '')
    if (code !== problem.type && Object.hasOwn(ERRORS, code)) {
      const sentence = `${status} ${problem.detail ?? ''}`.trim().slice(0, 300)
      return {
        code: code as ErrorCode,
        sentence,
        ...(problem.hint ? { hint: problem.hint.slice(0, 300) } : {}),
      }
    }
  } catch {
    // Not a problem of ours; the status is all there is.
  }
  return {
    code: status === 429 || status >= 500 ? 'link-down' : 'link-refused',
    sentence: `answered ${status}`,
  }
}

/** Throws `link-refused` when JSON came that is not the answer asked for. */
function checked<T>(shape: z.ZodType<T>, json: unknown): T {
  const parsed = shape.safeParse(json)
  if (parsed.success) return parsed.data
  throw new VuonError('link-refused', 'The answer is JSON, but not of a gateway.', { cause: parsed.error })
}

async function post(link: Link, path: string, body: unknown): Promise<LinkAnswer> {
  return link.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: utf8(JSON.stringify(body)),
  })
}

function jsonOf(answer: LinkAnswer): unknown {
  if (answer.status < 200 || answer.status > 299) throw new Refused(answer)
  try {
    return JSON.parse(fromUtf8(answer.body))
  } catch (cause) {
    throw new VuonError(
      'link-refused',
      'The answer is not JSON: is this the gateway, or a sign-in page of the network?',
      { cause },
    )
  }
}
