import type { FastifyInstance } from 'fastify'
import { isCset82, isGln } from '#contract/trace/digital-link.ts'
import { asksForLinks } from '../trace/resolver/link-request.ts'
import { areaAbsencePage, areaPage } from './area-page.ts'
import { answerLink, linkHeaders } from './link-routes.ts'
import { publicViewOf, sendPublicPage } from './public-answer.ts'
import type { WebSources } from './sources.ts'

const FRESH_S = 300
const ABSENT_S = 60

/** GET /414/{gln}/254/{code}: what a growing-area code on a label means, and which lots bear it. */
export function areaRoutes(app: FastifyInstance, sources: WebSources): void {
  app.get<{ Params: { gln: string; code: string } }>('/414/:gln/254/:code', async (request, reply) => {
    const { accept = '' } = request.headers
    if (asksForLinks({ url: request.url, accept })) {
      const answered = await answerLink(request, reply, sources, true)
      if (answered) return answered
    }
    linkHeaders(reply, request, sources)
    const { gln, code } = request.params
    const view = publicViewOf(request, sources)
    const absent = (absence: 'unknown' | 'malformed', status: number) =>
      sendPublicPage(request, reply, areaAbsencePage(view, code, absence), { status, freshS: ABSENT_S })
    if (!isGln(gln) || !isCset82(code, 20)) return absent('malformed', 400)
    const { page } = request.query as { page?: unknown }
    const area = await sources.growingArea(gln, code, typeof page === 'string' ? Number(page) : 1)
    if (!area) return absent('unknown', 404)
    return sendPublicPage(request, reply, areaPage(view, area), { status: 200, freshS: FRESH_S })
  })
}
