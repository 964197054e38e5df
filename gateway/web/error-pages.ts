import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, problemOf, VuonError } from '#contract/ground/errors.ts'
import { html } from '#contract/ground/html.ts'
import { type Site, sendAppPage } from './app-frame.ts'
import { say } from './messages.ts'
import { languageOf, type Visit, visitOf } from './visit.ts'

const PAGES = {
  400: ['error400Title', 'error400Body'],
  403: ['error403Title', 'error403Body'],
  404: ['error404Title', 'error404Body'],
  429: ['error429Title', 'error429Body'],
  500: ['error500Title', 'error500Body'],
} as const

/** Programs get problem+json; a person's browser gets a page. Addresses of programs never answer with a page. */
export function wantsPage(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? ''
  if (/^\/(?:api|sync|epcis|metrics|healthz|readyz|assets)(?:\/|$)/.test(path)) return false
  return (request.headers.accept ?? '').toLowerCase().includes('text/html')
}

/** Pages for the errors of the app's own addresses, and for every address that there is not. */
export function errorPages(root: FastifyInstance, scope: FastifyInstance, site: Site): void {
  scope.setErrorHandler(async (error: FastifyError, request, reply) => {
    // Thrown on: the gateway's own handler answers programs and counts.
    if (!wantsPage(request)) throw error
    const status = error instanceof VuonError ? ERRORS[error.code].status : (error.statusCode ?? 500)
    if (status >= 500) request.log.error({ err: error }, 'a page failed')
    return sendErrorPage(request, reply, site, status)
  })
  root.setNotFoundHandler(async (request, reply) => {
    if (wantsPage(request)) return sendErrorPage(request, reply, site, 404)
    return reply
      .status(404)
      .type('application/problem+json')
      .send(problemOf(new VuonError('not-found')))
  })
}

export async function sendErrorPage(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  status: number,
): Promise<FastifyReply> {
  // The database may be what failed: then the page is shown as to a stranger.
  const visit = await visitOf(request, site.sources).catch(
    (): Visit => ({ viewer: { kind: 'public' }, csrf: '', language: languageOf(request) }),
  )
  const { language } = visit
  const shown = status in PAGES ? (status as keyof typeof PAGES) : status >= 500 ? 500 : 400
  const [title, body] = PAGES[shown]
  if (shown === 429) reply.header('retry-after', '60')
  const main = html`<section class="narrow"><h1>${say(language, title)}</h1><p>${say(language, body)}</p>
<p><a class="button" href="/">${say(language, 'goHome')}</a></p></section>`
  return sendAppPage(reply, site, visit, { title: say(language, title), path: '/', main }, status)
}
