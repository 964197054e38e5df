import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { VuonError } from '#contract/ground/errors.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { FarmCard, FarmDetail, SeriesHistory } from '../insight/answers.ts'

/** /api/v1: the questions of insight as JSON, for scripts on our pages and for integrators. */
export interface ApiSources {
  readonly viewerOf: (request: FastifyRequest) => Promise<Viewer>
  readonly farmsOverview: (viewer: Viewer) => Promise<FarmCard[]>
  readonly farmDetail: (viewer: Viewer, farmId: string) => Promise<FarmDetail | null>
  readonly seriesHistory: (
    viewer: Viewer,
    uuid: string,
    question: { fromMs: number; toMs: number; buckets: number },
  ) => Promise<SeriesHistory | null>
  readonly nowMs: () => number
}

const DAY_MS = 86_400_000
const YEARS_MS = 20 * 366 * DAY_MS

const moment = z.coerce.number().int().min(0).max(8.64e15)
const historyQuery = z.object({
  from: moment.optional(),
  to: moment.optional(),
  buckets: z.coerce.number().int().min(1).max(2000).default(600),
})

export function apiRoutes(app: FastifyInstance, sources: ApiSources): void {
  const signedIn = async (request: FastifyRequest): Promise<Viewer> => {
    const viewer = await sources.viewerOf(request)
    if (viewer.kind === 'public') throw new VuonError('session-required')
    return viewer
  }

  app.get('/api/v1/farms', async (request) => ({
    farms: await sources.farmsOverview(await signedIn(request)),
  }))

  app.get<{ Params: { farmId: string } }>('/api/v1/farms/:farmId', async (request) => {
    const farm = await sources.farmDetail(await signedIn(request), request.params.farmId.slice(0, 100))
    if (!farm) throw new VuonError('not-found')
    return farm
  })

  app.get<{ Params: { uuid: string } }>('/api/v1/series/:uuid/history', async (request) => {
    const viewer = await signedIn(request)
    const query = historyQuery.safeParse(request.query)
    if (!query.success) throw new VuonError('input-invalid', z.prettifyError(query.error).slice(0, 500))
    const toMs = query.data.to ?? Math.round(sources.nowMs())
    const fromMs = query.data.from ?? Math.max(0, toMs - DAY_MS)
    if (fromMs >= toMs || toMs - fromMs > YEARS_MS)
      throw new VuonError('input-invalid', 'from must be before to, at most 20 years.')
    const history = await sources.seriesHistory(viewer, request.params.uuid.slice(0, 100), {
      fromMs,
      toMs,
      buckets: query.data.buckets,
    })
    if (!history) throw new VuonError('not-found')
    return history
  })
}
