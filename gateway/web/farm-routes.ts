import type { FastifyInstance } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import { quantityOf } from '#contract/wire/quantities.ts'
import { type Site, sendAppPage } from './app-frame.ts'
import { farmPage } from './farm-page.ts'
import { farmsPage } from './farms-page.ts'
import { localPath } from './local-path.ts'
import { say } from './messages.ts'
import { plotPage, plotTitle } from './plot-page.ts'
import { seriesPage } from './series-page.ts'
import { toSignIn } from './sign-in.ts'
import { tableRows, timeRange } from './time-range.ts'
import { visitOf } from './visit.ts'

// The chart without script is at most some 700 px wide; the script asks for as many as its screen has.
const CHART_BUCKETS = 350
// Two weeks of a farm that sends two photos a day.
const FINDINGS_SHOWN = 30

/** The agronomist's pages. A farm or series that is not the viewer's does not exist for them. */
export function farmRoutes(app: FastifyInstance, site: Site): void {
  const { sources } = site
  const { timeZone } = sources

  app.get('/farms', async (request, reply) => {
    const visit = await visitOf(request, sources)
    if (visit.viewer.kind === 'public') return toSignIn(request, reply)
    const { q } = request.query as { q?: unknown }
    const query = typeof q === 'string' ? q.trim().slice(0, 100) : ''
    const farms = await sources.farmsOverview(visit.viewer)
    return sendAppPage(reply, site, visit, {
      title: say(visit.language, 'farms'),
      path: '/farms',
      main: farmsPage(visit.language, farms, query, sources.nowMs()),
    })
  })

  app.get<{ Params: { farmId: string } }>('/farms/:farmId', async (request, reply) => {
    const visit = await visitOf(request, sources)
    if (visit.viewer.kind === 'public') return toSignIn(request, reply)
    const detail = await sources.farmDetail(visit.viewer, request.params.farmId)
    if (!detail) throw new VuonError('not-found')
    const view = { language: visit.language, timeZone, nowMs: sources.nowMs() }
    const findings = await sources.findingsOfFarm(visit.viewer, detail.farm.farmId, FINDINGS_SHOWN)
    const plots = await sources.plotsOfFarm(visit.viewer, detail.farm.farmId)
    return sendAppPage(reply, site, visit, {
      title: detail.farm.name,
      path: `/farms/${encodeURIComponent(detail.farm.farmId)}`,
      main: farmPage(view, detail, findings ?? [], plots ?? []),
    })
  })

  app.get<{ Params: { farmId: string; plot: string } }>(
    '/farms/:farmId/plots/:plot',
    async (request, reply) => {
      const visit = await visitOf(request, sources)
      if (visit.viewer.kind === 'public') return toSignIn(request, reply)
      const { farmId, plot } = request.params
      const [outlook, figures] = await Promise.all([
        sources.plotOutlook(visit.viewer, farmId, plot),
        sources.plotFigures(visit.viewer, farmId, plot),
      ])
      if (!outlook && !figures) throw new VuonError('not-found')
      const found = { outlook, figures }
      return sendAppPage(reply, site, visit, {
        title: `${plotTitle(found)} · ${outlook?.farmName ?? figures?.farmName}`,
        path: `/farms/${encodeURIComponent(farmId)}/plots/${encodeURIComponent(plot)}`,
        main: plotPage({ language: visit.language, timeZone, nowMs: sources.nowMs() }, farmId, found),
      })
    },
  )

  app.get<{ Params: { uuid: string } }>('/series/:uuid', async (request, reply) => {
    const visit = await visitOf(request, sources)
    if (visit.viewer.kind === 'public') return toSignIn(request, reply)
    const { viewer, language } = visit
    const nowMs = sources.nowMs()
    const range = timeRange(request.query, nowMs)
    const ask = (buckets: number) =>
      sources.seriesHistory(viewer, request.params.uuid, { fromMs: range.fromMs, toMs: range.toMs, buckets })
    const chart = await ask(CHART_BUCKETS)
    const table = chart && (await ask(tableRows(range)))
    if (!chart || !table) throw new VuonError('not-found')
    const { series } = chart
    return sendAppPage(reply, site, visit, {
      title: `${quantityOf(series.quantity)?.[language] ?? series.quantity} · ${series.device}`,
      path: localPath(request.url),
      main: seriesPage({ language, timeZone, nowMs, range }, chart, table),
      hasChart: true,
    })
  })
}
