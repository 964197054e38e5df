import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { PUBLIC_POLICY, type PublicView } from './public-frame.ts'
import { choosePublicLanguage } from './public-language.ts'
import type { WebSources } from './sources.ts'

/** In which language and under whose name a public page is shown. It knows no sessions and writes nothing down. */
export function publicViewOf(request: FastifyRequest, sources: WebSources): PublicView {
  const { lang } = request.query as { lang?: unknown }
  const language = choosePublicLanguage(lang, request.headers['accept-language'])
  return {
    language,
    // The province has no Chinese name in its configuration; its English one is the better known.
    province: sources.province[language === 'zh' ? 'en' : language],
    publicUrl: sources.publicUrl,
    timeZone: sources.timeZone,
  }
}

/** Weak: the compressed forms of one page share it. */
export const etagOf = (page: string): string =>
  `W/"${createHash('sha256').update(page).digest('base64url').slice(0, 22)}"`

export const isKnownTag = (request: FastifyRequest, etag: string): boolean =>
  (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .includes(etag)

export const publicHead = (freshS: number): Record<string, string> => ({
  'content-security-policy': PUBLIC_POLICY,
  'referrer-policy': 'no-referrer',
  'cache-control': `public, max-age=${freshS}`,
  vary: 'Accept-Language, Accept, Accept-Encoding',
  'content-type': 'text/html; charset=utf-8',
})

export function sendPublicPage(
  request: FastifyRequest,
  reply: FastifyReply,
  page: string,
  { status, freshS }: { readonly status: number; readonly freshS: number },
): FastifyReply {
  const etag = etagOf(page)
  reply.headers({ ...publicHead(freshS), etag })
  if (status === 200 && isKnownTag(request, etag)) return reply.status(304).send()
  return reply.status(status).send(page)
}
