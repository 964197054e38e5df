import type { FastifyInstance, FastifyReply } from 'fastify'
import { sql } from 'kysely'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import { MAX_BLOB_PART_BYTES } from '#contract/wire/sync-protocol.ts'
import type { BlobStore } from '../store/blob-store.ts'
import type { Db, Migration } from '../store/open-store.ts'
import type { Enrolled } from './accept-batch.ts'
import { TooManyRequests } from './rate-limit.ts'

/** How many bytes of photos each box has sent on each day (UTC). Not a projection: it counts what came, not what is. */
export const blobMigrations: readonly Migration[] = [
  {
    name: 'intake-blobs-1',
    statements: ({ integer, tableOptions }) => [
      `CREATE TABLE blob_day (agent TEXT NOT NULL, day ${integer} NOT NULL, bytes ${integer} NOT NULL, PRIMARY KEY (agent, day))${tableOptions}`,
    ],
  },
]

export interface BlobOutside {
  readonly db: Db
  readonly clock: Clock
  readonly blobs: BlobStore
  /** The agent that a bearer speaks for. Throws `session-required`, `key-retired`, `key-revoked`. */
  readonly agentOf: (authorization: string | undefined) => Promise<string>
  readonly enrolled: (db: Db, agent: string) => Promise<Enrolled | undefined>
  readonly sizesNamedBy: (db: Db, agent: string, sha256: string) => Promise<number[]>
  readonly boxesNaming: (db: Db, farmId: string, sha256: string) => Promise<string[]>
  readonly perBoxPerDayBytes: number
}

const DAY_MS = 86_400_000

interface Named {
  readonly agent: string
  readonly farmId: string
  readonly sha256: string
}

/**
 * /sync/v1/blobs/{sha256}: photos, in parts. Taken is only what a finding of the same box names, of the size that it
 * states; it counts only when its hash has been checked.
 */
export function blobRoutes(app: FastifyInstance, outside: BlobOutside): void {
  const { db, blobs } = outside
  // Two requests for one photo (a repeat by the link) must not write across each other.
  const locks = new Map<string, Promise<unknown>>()

  app.register(async (scope) => {
    // As a stream: of a part that is cut on the way, what arrived is kept.
    scope.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))

    scope.put<{ Params: { sha256: string } }>(
      '/sync/v1/blobs/:sha256',
      { bodyLimit: MAX_BLOB_PART_BYTES },
      async (request, reply) => {
        const named = await whoAsks(request)
        const sizes = await outside.sizesNamedBy(db, named.agent, named.sha256)
        if (sizes.length === 0) throw unnamed()
        const offset = countOf(request.headers['upload-offset'], 'upload-offset')
        const sizeBytes = countOf(request.headers['upload-length'], 'upload-length')
        if (!sizes.includes(sizeBytes))
          throw new VuonError('blob-mismatch', `No finding names this hash with ${sizeBytes} bytes.`)
        if (!isByteStream(request.body))
          throw new VuonError('input-invalid', 'The body is not a run of bytes.')
        const part = await readPart(request.body)
        const key = `${named.agent}.${named.sha256}`
        const turn = (locks.get(key) ?? Promise.resolve()).then(() =>
          takePart(named, offset, sizeBytes, part, reply),
        )
        const settled = turn.catch(() => {})
        locks.set(key, settled)
        try {
          return await turn
        } finally {
          if (locks.get(key) === settled) locks.delete(key)
        }
      },
    )

    scope.head<{ Params: { sha256: string } }>('/sync/v1/blobs/:sha256', async (request, reply) => {
      const named = await whoAsks(request)
      if ((await outside.sizesNamedBy(db, named.agent, named.sha256)).length === 0) throw unnamed()
      const state = blobs.state(named.agent, named.sha256)
      if (state.kind === 'erased') throw erased(reply)
      return where(reply, 'sizeBytes' in state ? state.sizeBytes : 0, state.kind === 'whole')
        .status(204)
        .send()
    })

    scope.get<{ Params: { sha256: string } }>(
      '/sync/v1/blobs/:sha256',
      { exposeHeadRoute: false },
      async (request, reply) => {
        const { farmId, sha256 } = await whoAsks(request)
        for (const agent of await outside.boxesNaming(db, farmId, sha256)) {
          const bytes = blobs.read(agent, sha256)
          const type = bytes && imageTypeOf(bytes)
          if (bytes && type) return reply.type(type).send(Buffer.from(bytes.buffer))
          if (blobs.state(agent, sha256).kind === 'erased') throw erased(reply)
        }
        throw unnamed()
      },
    )
  })

  async function whoAsks(request: {
    headers: { authorization?: string | undefined }
    params: { sha256: string }
  }): Promise<Named> {
    const agent = await outside.agentOf(request.headers.authorization)
    const { sha256 } = request.params
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw unnamed()
    const enrolled = await outside.enrolled(db, agent)
    if (!enrolled) throw new VuonError('agent-unknown')
    if (enrolled.isSuspended) throw new VuonError('agent-suspended')
    return { agent, farmId: enrolled.farmId, sha256 }
  }

  async function takePart(
    { agent, sha256 }: Named,
    offset: number,
    sizeBytes: number,
    part: Uint8Array,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const state = blobs.state(agent, sha256)
    if (state.kind === 'erased') throw erased(reply)
    if (state.kind === 'whole') return where(reply, state.sizeBytes, true).send({ isComplete: true })
    const have = state.kind === 'partial' ? state.sizeBytes : 0
    if (offset !== have) {
      where(reply, have, false)
      throw new VuonError('blob-offset-wrong', `${have} bytes are here, not ${offset}.`)
    }
    if (have + part.length > sizeBytes)
      throw new VuonError('blob-mismatch', 'The part goes beyond the size that the finding states.')
    await spend(agent, part.length)
    const now = blobs.append(agent, sha256, offset, part)
    const head = blobs.head(agent, sha256, IMAGE_HEAD_BYTES)
    if (!imageTypeOf(head) && (head.length === IMAGE_HEAD_BYTES || now === sizeBytes)) {
      blobs.drop(agent, sha256)
      throw new VuonError('blob-mismatch', 'The bytes are neither JPEG nor WebP.')
    }
    if (now < sizeBytes) return where(reply, now, false).send({ isComplete: false })
    if (!blobs.finish(agent, sha256)) throw new VuonError('blob-mismatch')
    return where(reply, now, true).send({ isComplete: true })
  }

  /** Throws `TooManyRequests` until midnight. Counted before it is written: a flood must not find a gap between the two. */
  async function spend(agent: string, bytes: number): Promise<void> {
    const day = Math.floor(outside.clock.wallMs() / DAY_MS)
    const spent = await sql`INSERT INTO blob_day VALUES (${agent}, ${day}, ${bytes})
      ON CONFLICT (agent, day) DO UPDATE SET bytes = blob_day.bytes + excluded.bytes
      WHERE blob_day.bytes + excluded.bytes <= ${outside.perBoxPerDayBytes}`.execute(db)
    if (spent.numAffectedRows !== 1n || bytes > outside.perBoxPerDayBytes)
      throw new TooManyRequests(
        (day + 1) * DAY_MS - outside.clock.wallMs(),
        'This box has sent as many photos today as it may.',
      )
    await sql`DELETE FROM blob_day WHERE agent = ${agent} AND day < ${day - 31}`.execute(db)
  }
}

const unnamed = (): VuonError =>
  new VuonError('not-found', 'No finding of this box names such a photo.', {
    hint: 'Send the finding first.',
  })

/** In a header too: an answer to HEAD has no body, and a sign-in page can say 410 as well. */
function erased(reply: FastifyReply): VuonError {
  reply.header('upload-erased', '?1')
  return new VuonError('blob-erased')
}

const where = (reply: FastifyReply, offset: number, isComplete: boolean): FastifyReply =>
  reply.header('upload-offset', String(offset)).header('upload-complete', isComplete ? '?1' : '?0')

function countOf(header: string | string[] | undefined, name: string): number {
  if (typeof header !== 'string' || !/^\d{1,12}$/.test(header) || Number(header) > MAX_PHOTO_BYTES)
    throw new VuonError('input-invalid', `${name} must be a number of bytes up to ${MAX_PHOTO_BYTES}.`)
  return Number(header)
}

const isByteStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

/** What arrives, up to where the link breaks. Throws `batch-too-large`. */
async function readPart(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of stream) {
      size += piece.length
      if (size > MAX_BLOB_PART_BYTES)
        throw new VuonError('batch-too-large', `A part has at most ${MAX_BLOB_PART_BYTES} bytes.`, {
          hint: 'Send smaller parts.',
        })
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof VuonError) throw error
    // The link broke in the middle: nobody hears the answer, but the bytes need not travel again.
  }
  return new Uint8Array(Buffer.concat(pieces))
}

const IMAGE_HEAD_BYTES = 12

/** By its first bytes: what boxes keep is JPEG (photos) and WebP (thumbnails), nothing else. */
export function imageTypeOf(head: Uint8Array): 'image/jpeg' | 'image/webp' | undefined {
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'image/jpeg'
  const text = String.fromCharCode(...head.subarray(0, IMAGE_HEAD_BYTES))
  return text.startsWith('RIFF') && text.endsWith('WEBP') ? 'image/webp' : undefined
}
