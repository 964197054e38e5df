import type { FastifyInstance, FastifyRequest } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { PlotLine, PlotOutlook } from '../insight/plot-outlook.ts'

export interface PlotSources {
  readonly viewerOf: (request: FastifyRequest) => Promise<Viewer>
  readonly plotsOfFarm: (viewer: Viewer, farmId: string) => Promise<PlotLine[] | null>
  readonly plotOutlook: (viewer: Viewer, farmId: string, plot: string) => Promise<PlotOutlook | null>
}

/** /api/v1: the plots of a farm, and what its box last said of one of them. */
export function plotRoutes(app: FastifyInstance, sources: PlotSources): void {
  app.get<{ Params: { farmId: string } }>('/api/v1/farms/:farmId/plots', async (request) => {
    const plots = await sources.plotsOfFarm(await signedIn(request), request.params.farmId.slice(0, 100))
    if (!plots) throw new VuonError('not-found')
    return { plots }
  })

  app.get<{ Params: { farmId: string; plot: string } }>(
    '/api/v1/farms/:farmId/plots/:plot/outlook',
    async (request) => {
      const { farmId, plot } = request.params
      const outlook = await sources.plotOutlook(
        await signedIn(request),
        farmId.slice(0, 100),
        plot.slice(0, 300),
      )
      if (!outlook) throw new VuonError('not-found')
      return outlook
    },
  )

  async function signedIn(request: FastifyRequest): Promise<Viewer> {
    const viewer = await sources.viewerOf(request)
    if (viewer.kind === 'public') throw new VuonError('session-required')
    return viewer
  }
}
