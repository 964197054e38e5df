import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { z } from 'zod'
import { toBase64Url } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { type DownlinkPage, MAX_MODEL_PART_BYTES } from '#contract/wire/downlink.ts'
import type { ModelStore } from '../store/model-store.ts'
import type { Db, Migration } from '../store/open-store.ts'
import type { Enrolled } from './accept-batch.ts'

/** How far each box has fetched its messages: what was handed out, not what was decided, so no projection. */
export const handedMigrations: readonly Migration[] = [
  {
    name: 'intake-downlink-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE downlink_handed (agent TEXT PRIMARY KEY, through_no ${integer} NOT NULL, at ${integer} NOT NULL)${tableOptions}`,
    ],
  },
]

export interface DownlinkOutside {
  readonly db: Db
  readonly clock: Clock
  readonly models: ModelStore
  /** The agent that a bearer speaks for. Throws `session-required`. */
  readonly agentOf: (authorization: string | undefined) => Promise<string>
  readonly enrolled: (db: Db, agent: string) => Promise<Enrolled | undefined>
  readonly highestNo: (db: Db, agent: string) => Promise<number>
  readonly messagesAfter: (db: Db, agent: string, after: number) => Promise<Uint8Array[]>
  readonly isModelOffered: (db: Db, agent: string, sha256: string) => Promise<boolean>
}

const pageQuery = z.object({
  after: z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number),
})

/**
 * GET /sync/v1/downlink?after=N: the messages for a box, as they were signed, a bounded page at a time.
 * GET /sync/v1/models/{sha256}: a model that this box was offered, in parts (`range: bytes=FROM-TO`, RFC 9110 §14).
 */
export function downlinkRoutes(app: FastifyInstance, outside: DownlinkOutside): void {
  const { db, models } = outside

  app.get('/sync/v1/downlink', async (request): Promise<DownlinkPage> => {
    const agent = await whoAsks(request.headers.authorization)
    const query = pageQuery.safeParse(request.query)
    if (!query.success) throw new VuonError('input-invalid', '`after` must be the number of a message, or 0.')
    const { after } = query.data
    const highest = await outside.highestNo(db, agent)
    const messages = after < highest ? await outside.messagesAfter(db, agent, after) : []
    if (messages.length > 0) await noteHanded(agent, after + messages.length)
    return { messages: messages.map(toBase64Url), highest }
  })

  app.get<{ Params: { sha256: string } }>(
    '/sync/v1/models/:sha256',
    { exposeHeadRoute: false },
    async (request, reply) => {
      const agent = await whoAsks(request.headers.authorization)
      const { sha256 } = request.params
      if (!/^[0-9a-f]{64}$/.test(sha256) || !(await outside.isModelOffered(db, agent, sha256)))
        throw notOffered()
      const [from, to] = rangeOf(request.headers.range)
      const found = models.readPart(sha256, from, to - from + 1)
      if (!found) throw notOffered()
      const { part, sizeBytes } = found
      if (part.length === 0)
        throw new VuonError('input-invalid', `The file has ${sizeBytes} bytes; there is none at ${from}.`)
      return reply
        .status(206)
        .header('content-range', `bytes ${from}-${from + part.length - 1}/${sizeBytes}`)
        .type('application/octet-stream')
        .send(Buffer.from(part.buffer, part.byteOffset, part.length))
    },
  )

  async function whoAsks(authorization: string | undefined): Promise<string> {
    const agent = await outside.agentOf(authorization)
    const enrolled = await outside.enrolled(db, agent)
    if (!enrolled) throw new VuonError('agent-unknown')
    // Of two boxes with one card nobody knows which one asks.
    if (enrolled.isSuspended) throw new VuonError('agent-suspended')
    return agent
  }

  async function noteHanded(agent: string, throughNo: number): Promise<void> {
    await sql`INSERT INTO downlink_handed VALUES (${agent}, ${throughNo}, ${Math.round(outside.clock.wallMs())})
      ON CONFLICT (agent) DO UPDATE SET through_no = excluded.through_no, at = excluded.at
      WHERE excluded.through_no > downlink_handed.through_no`.execute(db)
  }
}

/** The number through which a box has fetched its messages; 0 before the first. */
export async function handedThrough(db: Db, agent: string): Promise<number> {
  const { rows } = await sql<{ through_no: number }>`SELECT through_no FROM downlink_handed
    WHERE agent = ${agent}`.execute(db)
  return rows[0]?.through_no ?? 0
}

/** First and last byte, both inside. Without a range the first part: nobody is sent a whole model at once. */
function rangeOf(header: string | undefined): readonly [number, number] {
  if (header === undefined) return [0, MAX_MODEL_PART_BYTES - 1]
  const [, from, to] = /^bytes=(\d{1,12})-(\d{1,12})$/.exec(header) ?? []
  const first = Number(from)
  if (from === undefined || to === undefined || Number(to) < first)
    throw new VuonError('input-invalid', 'range must be bytes=FROM-TO.')
  return [first, Math.min(Number(to), first + MAX_MODEL_PART_BYTES - 1)]
}

const notOffered = (): VuonError =>
  new VuonError('not-found', 'This box was offered no such model.', {
    hint: 'Offer it first: vuon-gateway downlink send --kind model-offer.',
  })
