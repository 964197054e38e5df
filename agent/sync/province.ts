import { z } from 'zod'
import { fromBase64, fromUtf8, toBase64Url, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { PublicKey, SecretKey } from '#contract/ground/signing.ts'
import {
  type ClaimAnswer,
  claimProof,
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
const timeAnswer = z.object({ nonce: z.string(), wallMs: z.number(), signature: z.string() })

/** Exchanges a one-time code for enrolment. Throws `claim-refused`, `link-down` or `link-refused`. */
export async function claim(link: Link, key: SecretKey, code: string, program: string): Promise<ClaimAnswer> {
  const body = {
    code,
    program,
    publicKey: toBase64Url(key.publicRaw),
    signature: toBase64Url(key.sign(claimProof(code))),
  }
  return claimAnswer.parse(jsonOf(await post(link, '/sync/v1/claim', body)))
}

/** A bearer token for cursor, blobs and downlink: the box signs the server's nonce. */
export async function openSession(
  link: Link,
  key: SecretKey,
  agent: string,
): Promise<{ token: string; expiresAt: number }> {
  const { nonce } = challenge.parse(jsonOf(await post(link, '/sync/v1/session', { agent })))
  const signature = toBase64Url(key.sign(sessionProof(agent, nonce)))
  return grant.parse(jsonOf(await post(link, '/sync/v1/session', { agent, nonce, signature })))
}

export async function fetchCursor(link: Link, token: string, epoch: string): Promise<SyncAnswer> {
  const answer = await link.request({
    method: 'GET',
    path: `/sync/v1/cursor?epoch=${epoch}`,
    headers: { authorization: `Bearer ${token}` },
  })
  return parseSyncAnswer(answer)
}

/** The province's time, which only the pinned key can have signed. Null when the answer proves nothing. */
export async function fetchTime(
  link: Link,
  province: PublicKey,
  randomBytes: RandomBytes,
): Promise<number | null> {
  const nonce = toBase64Url(randomBytes(16))
  const answer = await link.request({ method: 'GET', path: `/sync/v1/time?nonce=${nonce}` })
  const { wallMs, signature, nonce: echoed } = timeAnswer.parse(jsonOf(answer))
  const isProven = echoed === nonce && province.verify(timeProof(nonce, wallMs), fromBase64(signature))
  return isProven ? wallMs : null
}

export const parseSyncAnswer = (answer: LinkAnswer): SyncAnswer =>
  syncAnswer.parse(jsonOf(answer)) as SyncAnswer

/** The province's sentence in a refusal, as far as there is one. */
export function refusalOf(answer: LinkAnswer): string {
  try {
    const problem = JSON.parse(fromUtf8(answer.body)) as { detail?: string; hint?: string }
    return [answer.status, problem.detail, problem.hint].filter(Boolean).join(' ').slice(0, 300)
  } catch {
    return `${answer.status}`
  }
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
  if (answer.status === 429 || answer.status >= 500) throw new VuonError('link-down', refusalOf(answer))
  if (answer.status === 403) throw new VuonError('claim-refused', refusalOf(answer))
  if (answer.status >= 300) throw new VuonError('link-refused', refusalOf(answer))
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
