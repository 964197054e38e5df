import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import { isGtin } from '#contract/trace/digital-link.ts'
import { SUPPORTED_KEYS } from '../trace/resolver/resolve.ts'
import { itemPage } from './area-page.ts'
import { publicViewOf, sendPublicPage } from './public-answer.ts'
import type { WebSources } from './sources.ts'

/** Digital Links that have no page of their own, and what any of them answers to a program. */
export function linkRoutes(app: FastifyInstance, sources: WebSources): void {
  for (const key of SUPPORTED_KEYS) {
    app.get(`/${key}/*`, (request, reply) => answerLink(request, reply, sources))
    app.options(`/${key}/*`, async (_request, reply) => options(reply))
  }
  app.options('/.well-known/gs1resolver', async (_request, reply) => options(reply))
  app.get<{ Params: { gtin: string } }>('/01/:gtin', async (request, reply) => {
    const { gtin } = request.params
    const answered = await answerLink(request, reply, sources, isGtin(gtin))
    if (answered) return answered
    const named = await sources.knownItem(gtin)
    const page = itemPage(publicViewOf(request, sources), gtin, named)
    return sendPublicPage(request, reply, page, { status: named ? 200 : 404, freshS: FRESH_S })
  })
  app.get('/.well-known/gs1resolver', async (_request, reply) =>
    allowed(reply)
      .header('cache-control', `public, max-age=${DESCRIPTION_FRESH_S}`)
      .send(sources.resolverDescription),
  )
}

const FRESH_S = 300
const DESCRIPTION_FRESH_S = 3600

/** Any page of any origin may ask: what is here is public. */
const OPEN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Link, Location',
} as const

const allowed = (reply: FastifyReply): FastifyReply => reply.headers(OPEN)

const options = (reply: FastifyReply): FastifyReply =>
  allowed(reply)
    .header('allow', 'GET, HEAD, OPTIONS')
    .header('access-control-allow-methods', 'GET, HEAD, OPTIONS')
    .header('access-control-allow-headers', 'Accept, Accept-Language')
    .header('access-control-max-age', '86400')
    .status(204)
    .send()

/**
 * Answers as a resolver. Undefined when the page at this address is the answer, which `mayBeHere` says that there is;
 * then its headers are set already.
 */
export async function answerLink(
  request: FastifyRequest,
  reply: FastifyReply,
  sources: WebSources,
  mayBeHere = false,
): Promise<FastifyReply | undefined> {
  const { accept = '', 'accept-language': acceptLanguage = '' } = request.headers
  linkHeaders(reply, request, sources)
  const resolution = await sources.resolve({ url: request.url, accept, acceptLanguage })
  switch (resolution.kind) {
    case 'malformed':
      throw new VuonError('input-invalid', `This is no GS1 Digital Link: it ${resolution.fault}.`, {
        hint: 'Scan the label again; a lot reads as /01/{GTIN of 14 digits}/10/{lot number}.',
      })
    case 'unknown':
      if (mayBeHere && resolution.what === 'thing' && accept.includes('text/html')) return undefined
      throw new VuonError(
        'not-found',
        resolution.what === 'thing'
          ? 'The province knows no such thing.'
          : 'There is no link of this type here, nor at a level above.',
        { hint: 'linkType=linkset lists the links that there are.' },
      )
    case 'linkset':
      return (
        reply
          .header('cache-control', `public, max-age=${FRESH_S}`)
          .header('vary', 'Accept, Accept-Language')
          .header('content-type', 'application/linkset+json')
          // As bytes: JSON has no charset, and nobody is to add one.
          .send(Buffer.from(JSON.stringify(resolution.body)))
      )
    case 'redirect':
      return reply
        .header('cache-control', `public, max-age=${FRESH_S}`)
        .header('vary', 'Accept, Accept-Language')
        .redirect(resolution.to, 307)
    case 'here':
      if (mayBeHere) return undefined
      throw new VuonError('not-found', 'There is no page at this address.', {
        hint: 'linkType=linkset lists the links that there are.',
      })
  }
}

const CONTEXT = 'https://ref.gs1.org/standards/resolver/linkset-context'

/** What any answer at the path of a Digital Link carries: who may read it, and where its links are listed. */
export function linkHead(path: string, { publicUrl }: WebSources): Record<string, string> {
  const linkset = `<${publicUrl.replace(/\/+$/, '')}${path}?linkType=linkset>; rel="linkset"; type="application/linkset+json"`
  const context = `<${CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`
  return { ...OPEN, link: `${linkset}, ${context}` }
}

export function linkHeaders(reply: FastifyReply, request: FastifyRequest, sources: WebSources): void {
  const path = (request.url.split('?', 1)[0] ?? '').replace(/[^\w\-.~:/@!$&'()*+,;=%]/g, '')
  reply.headers(linkHead(path, sources))
}
