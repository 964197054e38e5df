import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fromBase64, toBase64Url } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { BATCH_TYPE, MAX_BATCH_BYTES } from '#contract/wire/batch.ts'
import { isAgentId } from '#contract/wire/identity.ts'
import { sessionProof, timeProof } from '#contract/wire/sync-protocol.ts'
import { marksOf } from '../log/log.ts'
import { withRetry } from '../store/retry.ts'
import { downlinkMark, type IntakeOutside, noteSeen } from './accept-batch.ts'
import { BodyGate, type GateLimits } from './body-gate.ts'
import { BoxSessions, useNonce } from './box-session.ts'
import { acceptClaim, type ClaimOutside } from './claim.ts'
import { type IntakeLimits, IntakeQueue } from './intake-queue.ts'
import { RateLimit } from './rate-limit.ts'
import { bearerAgent, type EnrolledKey, speakerOf } from './signing-key.ts'

const claimBody = z.object({
  code: z.string().min(4).max(64),
  publicKey: z.string().max(64),
  signature: z.string().max(128),
  program: z.string().max(100),
  agent: z.string().refine(isAgentId, 'not the id of an agent').exactOptional(),
  voucher: z.string().max(128).exactOptional(),
})
const agentId = z.string().refine(isAgentId, 'not the id of an agent')
const sessionBody = z.union([
  z.object({ agent: agentId, nonce: z.string().max(400), signature: z.string().max(128) }),
  z.object({ agent: agentId }),
])
const epochQuery = z.object({ epoch: z.string().regex(/^[0-9a-f]{16}$/) })
const nonceQuery = z.object({
  nonce: z
    .string()
    .min(16)
    .max(100)
    .regex(/^[\w-]+$/),
})

export interface IntakeRoutesOutside
  extends IntakeOutside,
    Omit<ClaimOutside, 'sha256' | 'publicKeyFromRaw' | 'decide' | 'enrolled'> {
  readonly randomBytes: RandomBytes
  readonly provinceKey: SecretKey
  readonly sessionSecret: Uint8Array
  readonly claimsPerMinute: number
  /** How late this program comes to its sockets. */
  readonly lagMs?: () => number
  readonly limits?: Partial<IntakeLimits & GateLimits>
}

/** /sync/v1: what boxes talk to. Batches authenticate themselves; the cursor needs a bearer. */
export function intakeRoutes(app: FastifyInstance, outside: IntakeRoutesOutside): void {
  const sessions = new BoxSessions(outside.sessionSecret, outside.randomBytes)
  const queue = new IntakeQueue(outside, outside.limits)
  const gate = new BodyGate(outside, outside.limits)
  const limit = new RateLimit(outside.clock, outside.claimsPerMinute)

  app.addContentTypeParser(BATCH_TYPE, (request: FastifyRequest, body: Readable) =>
    gate.read(body, request.ip),
  )

  const enter = async (request: FastifyRequest) => gate.enter(request.ip)
  app.post('/sync/v1/batches', { bodyLimit: MAX_BATCH_BYTES, onRequest: enter }, async (request) => {
    const { body } = request
    if (!(body instanceof Uint8Array)) throw new VuonError('batch-malformed')
    return queue.take(body, request.ip)
  })

  app.get('/sync/v1/cursor', async (request) => {
    const agent = await bearerAgent(request.headers.authorization, sessions, outside)
    const { epoch } = parse(epochQuery, request.query)
    await noteSeen(outside.db, agent, Math.round(outside.clock.wallMs()))
    return { epoch, lanes: await marksOf(outside.db, agent, epoch), ...(await downlinkMark(outside, agent)) }
  })

  app.post('/sync/v1/claim', async (request) => {
    limit.spend(request.ip)
    const body = parse(claimBody, request.body)
    return withRetry(outside.db, outside, (tx) =>
      acceptClaim(tx, body, Math.round(outside.clock.wallMs()), outside),
    )
  })

  app.post('/sync/v1/session', async (request) => {
    const body = parse(sessionBody, request.body)
    const nowMs = outside.clock.wallMs()
    if (!('nonce' in body)) return { nonce: sessions.newNonce(body.agent, nowMs) }
    const enrolled = await outside.enrolled(outside.db, body.agent)
    let speaker: EnrolledKey
    try {
      if (!enrolled) throw new VuonError('agent-unknown')
      if (!sessions.isFreshNonce(body.nonce, body.agent, nowMs)) throw new VuonError('signature-wrong')
      const proof = sessionProof(body.agent, body.nonce)
      speaker = speakerOf(proof, base64(body.signature), enrolled.keys, outside.publicKeyFromRaw)
      if (enrolled.isSuspended) throw new VuonError('agent-suspended')
      await withRetry(outside.db, outside, (tx) => useNonce(tx, body.nonce, nowMs, outside.sha256))
    } catch (error) {
      // Only who fails has to wait: when the power comes back, a whole commune asks from one proxy's address.
      if (error instanceof VuonError && GUESSES.has(error.code)) limit.spend(request.ip)
      throw error
    }
    return sessions.newToken(body.agent, speaker.key, nowMs)
  })

  app.get('/sync/v1/time', async (request) => {
    const { nonce } = parse(nonceQuery, request.query)
    const wallMs = Math.round(outside.clock.wallMs())
    return { nonce, wallMs, signature: toBase64Url(outside.provinceKey.sign(timeProof(nonce, wallMs))) }
  })
}

const GUESSES = new Set(['agent-unknown', 'signature-wrong', 'session-required'])

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input)
  if (!result.success) throw new VuonError('input-invalid', z.prettifyError(result.error).slice(0, 500))
  return result.data
}

/** Empty, which no key ever signs, when the text is not base64. */
function base64(text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch {
    return new Uint8Array(0)
  }
}
