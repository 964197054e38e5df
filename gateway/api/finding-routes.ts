import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { VuonError } from '#contract/ground/errors.ts'
import type { Viewer } from '../accounts/viewer.ts'
import { type FindingCard, MAX_FINDINGS } from '../insight/findings.ts'

export interface FindingSources {
  readonly viewerOf: (request: FastifyRequest) => Promise<Viewer>
  readonly findingsOfFarm: (viewer: Viewer, farmId: string, limit: number) => Promise<FindingCard[] | null>
  readonly photoFor: (
    viewer: Viewer,
    sha256: string,
  ) => Promise<{ readonly bytes: Uint8Array } | 'erased' | null>
}

const query = z.object({ limit: z.coerce.number().int().min(1).max(MAX_FINDINGS).default(50) })

/** /api/v1: what was seen on a farm's photos, and the photos themselves, for who may see the farm. */
export function findingRoutes(app: FastifyInstance, sources: FindingSources): void {
  app.get<{ Params: { farmId: string } }>('/api/v1/farms/:farmId/findings', async (request) => {
    const viewer = await signedIn(request)
    const asked = query.safeParse(request.query)
    if (!asked.success) throw new VuonError('input-invalid', z.prettifyError(asked.error).slice(0, 500))
    const farmId = request.params.farmId.slice(0, 100)
    const findings = await sources.findingsOfFarm(viewer, farmId, asked.data.limit)
    if (!findings) throw new VuonError('not-found')
    return { findings }
  })

  app.get<{ Params: { sha256: string } }>('/api/v1/photos/:sha256', async (request, reply) => {
    const found = await sources.photoFor(await signedIn(request), request.params.sha256)
    if (found === 'erased') throw new VuonError('blob-erased')
    if (!found) throw new VuonError('not-found')
    // JPEG and WebP are told apart by their first byte; nothing else was taken in.
    const type = found.bytes[0] === 0xff ? 'image/jpeg' : 'image/webp'
    return (
      reply
        // An hour in this person's browser only: a photo that is erased must not live on in caches.
        .header('cache-control', 'private, max-age=3600')
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('content-disposition', 'inline')
        .header('cross-origin-resource-policy', 'same-origin')
        .type(type)
        .send(Buffer.from(found.bytes.buffer, found.bytes.byteOffset, found.bytes.length))
    )
  })

  async function signedIn(request: FastifyRequest): Promise<Viewer> {
    const viewer = await sources.viewerOf(request)
    if (viewer.kind === 'public') throw new VuonError('session-required')
    return viewer
  }
}
