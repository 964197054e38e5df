import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { lotUri, parseLotPath } from '#contract/trace/digital-link.ts'
import { parseDigitalLink } from '#contract/trace/digital-link-parse.ts'
import { asksForLinks } from '../trace/resolver/link-request.ts'
import { answerLink, linkHead, linkHeaders } from './link-routes.ts'
import { type KeptPage, LotCache } from './lot-cache.ts'
import { type Codings, LotLane } from './lot-lane.ts'
import { type LotAbsence, type LotView, lotAbsencePage, lotPage } from './lot-page.ts'
import { isKnownTag, publicHead, publicViewOf, sendPublicPage } from './public-answer.ts'
import type { WebSources } from './sources.ts'

// A scan in the shop may wait five minutes for a correction; a lot that is awaited is asked for each minute.
const FRESH_S = 300
const ABSENT_S = 60

type LotRequest = FastifyRequest<{ Params: { gtin: string; lot: string } }>

/** GET /01/{gtin}/10/{lot}: what the QR code on a box of fruit opens. It knows no sessions and writes nothing down. */
export function lotRoutes(
  app: FastifyInstance,
  sources: WebSources,
  { verifier }: { readonly verifier?: string | undefined } = {},
): void {
  const cache = new LotCache(sources)
  const lane = new LotLane(
    async (page, coding) => (await cache.get(page))?.[coding],
    (seconds) => sources.onScan(seconds),
  )
  app.addHook('onListen', async () => lane.standBefore(app.server))
  app.get<{ Params: { gtin: string; lot: string } }>(
    '/01/:gtin/10/:lot',
    // Kept pages are compressed already.
    { compress: false },
    async (request, reply) => {
      const { accept = '' } = request.headers
      if (asksForLinks({ url: request.url, accept })) {
        const answered = await answerLink(request, reply, sources, true)
        if (answered) return answered
      }
      return answerPage(request, reply, { sources, cache, lane, verifier })
    },
  )
}

interface Outside {
  readonly sources: WebSources
  readonly cache: LotCache
  readonly lane: LotLane
  readonly verifier: string | undefined
}

async function answerPage(
  request: LotRequest,
  reply: FastifyReply,
  { sources, cache, lane, verifier }: Outside,
): Promise<FastifyReply> {
  const { gtin, lot } = request.params
  const view: LotView = { ...publicViewOf(request, sources), gtin, lot, verifier }
  const absent = (absence: LotAbsence, status: number): FastifyReply => {
    linkHeaders(reply, request, sources)
    return sendPublicPage(request, reply, lotAbsencePage(view, absence), { status, freshS: ABSENT_S })
  }
  const path = parseLotPath(gtin, lot)
  if (!path || !areAttributesRight(request.url, sources.publicUrl)) return absent('malformed', 400)
  const key = `${view.language} ${path.gtin} ${path.lot}`
  const kept = (await cache.get(key)) ?? (await cache.once(key, () => render(view, key, { sources, cache })))
  if (kept) return sendKept(request, reply, kept, (coding) => lane.remember(request.raw, key, coding))
  return absent((await sources.isKnownBoxCode(path.lot)) ? 'waiting' : 'unknown', 404)
}

/** Undefined when nothing has arrived of the lot. */
async function render(
  view: LotView,
  key: string,
  { sources, cache }: Pick<Outside, 'sources' | 'cache'>,
): Promise<KeptPage | undefined> {
  const { gtin, lot } = view
  const arrivals = await sources.arrivals()
  const story = await sources.lotStory(gtin, lot)
  if (!story) return undefined
  const { boxes } = story
  const [checks, logState] = await Promise.all([sources.lotChecks(gtin, lot), sources.lotLogState(gtin, lot)])
  // What came while it was read may not be in it: then the next scan reads it again.
  const isWhole = (await sources.arrivals()) === arrivals
  const ownArrivals = isWhole ? await sources.arrivalsOf(boxes) : -1
  const head = {
    ...publicHead(FRESH_S),
    ...linkHead(lotUri('', view), sources),
    // What the framework adds to every other answer.
    'x-content-type-options': 'nosniff',
  }
  const isWaiting = (logState?.waiting ?? 0) > 0
  return cache.put(key, lotPage(view, { story, checks, logState }), head, {
    boxes,
    arrivals,
    ownArrivals,
    isWaiting,
  })
}

/** Digits in the query are AIs: one that breaks GS1's rules makes the whole address wrong. */
const areAttributesRight = (url: string, publicUrl: string): boolean =>
  !/[?&]\d+=/.test(url) ||
  parseDigitalLink(publicUrl.replace(/\/+$/, '') + url, { withUnknownAis: true }).kind === 'link'

/** Written past the framework's own sending: its head is made already, and its body coded. */
function sendKept(
  request: FastifyRequest,
  reply: FastifyReply,
  page: KeptPage,
  onSent: (coding: keyof Codings) => void,
): FastifyReply {
  if (isKnownTag(request, page.etag)) {
    const { head } = page.plain
    for (let at = 0; at < head.length; at += 2)
      if (head[at] !== 'content-length') reply.header(head[at] as string, head[at + 1])
    return reply.status(304).send()
  }
  const coding = codingFor(String(request.headers['accept-encoding'] ?? ''))
  const { head, body } = page[coding]
  onSent(coding)
  reply.hijack()
  reply.raw.writeHead(200, head as string[])
  reply.raw.end(body, 'latin1')
  return reply
}

function codingFor(takes: string): keyof Codings {
  if (/\bbr\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(takes)) return 'br'
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(takes) ? 'gzip' : 'plain'
}
