import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseLotPath } from '#contract/trace/digital-link.ts'
import { LOT_POLICY, type LotAbsence, type LotView, lotAbsencePage, lotPage } from './lot-page.ts'
import { choosePublicLanguage } from './public-language.ts'
import type { WebSources } from './sources.ts'

// A scan in the shop may wait five minutes for a correction; a lot that is awaited is asked for each minute.
const FRESH_S = 300
const ABSENT_S = 60

/** GET /01/{gtin}/10/{lot}: what the QR code on a box of fruit opens. It knows no sessions and writes nothing down. */
export function lotRoutes(app: FastifyInstance, sources: WebSources): void {
  app.get<{ Params: { gtin: string; lot: string } }>('/01/:gtin/10/:lot', async (request, reply) => {
    const { gtin, lot } = request.params
    const { lang } = request.query as { lang?: unknown }
    const language = choosePublicLanguage(lang, request.headers['accept-language'])
    const view: LotView = {
      language,
      gtin,
      lot,
      // The province has no Chinese name in its configuration; its English one is the better known.
      province: sources.province[language === 'zh' ? 'en' : language],
      publicUrl: sources.publicUrl,
      timeZone: sources.timeZone,
    }
    const path = parseLotPath(gtin, lot)
    const absent = (absence: LotAbsence, status: number): FastifyReply =>
      send(request, reply, lotAbsencePage(view, absence), status, ABSENT_S)
    if (!path) return absent('malformed', 400)
    const history = await sources.lotHistory(path.gtin, path.lot)
    if (history) return send(request, reply, lotPage(view, history), 200, FRESH_S)
    return absent((await sources.isKnownBoxCode(path.lot)) ? 'waiting' : 'unknown', 404)
  })
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  page: string,
  status: number,
  freshS: number,
): FastifyReply {
  // Weak: the compressed forms of one page share it.
  const etag = `W/"${createHash('sha256').update(page).digest('base64url').slice(0, 22)}"`
  reply
    .header('content-security-policy', LOT_POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', `public, max-age=${freshS}`)
    .header('vary', 'Accept-Language')
    .header('etag', etag)
    .type('text/html; charset=utf-8')
  const known = (request.headers['if-none-match'] ?? '').split(',').map((each) => each.trim())
  if (status === 200 && known.includes(etag)) return reply.status(304).send()
  return reply.status(status).send(page)
}
