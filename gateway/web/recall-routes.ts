import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import { parseLotPath } from '#contract/trace/digital-link.ts'
import { maySeeRecalls } from '../accounts/viewer.ts'
import { recallCsv } from '../trace/recall/recall-csv.ts'
import { appHeaders, type Site, sendAppPage } from './app-frame.ts'
import { checkFormToken, fieldOf } from './form-token.ts'
import { sayRecall } from './recall-messages.ts'
import { lotPath, recallLotPage, recallsPage } from './recall-page.ts'
import { toSignIn } from './sign-in.ts'
import { type Visit, visitOf } from './visit.ts'

/** The Department's recall screens. For everybody else they do not exist. */
export function recallRoutes(app: FastifyInstance, site: Site): void {
  const { sources } = site

  /** Undefined when the answer is on its way already. */
  const departmentOnly = async (request: FastifyRequest, reply: FastifyReply): Promise<Visit | undefined> => {
    const visit = await visitOf(request, sources)
    if (visit.viewer.kind === 'public') {
      toSignIn(request, reply)
      return undefined
    }
    if (!maySeeRecalls(visit.viewer)) throw new VuonError('not-found')
    return visit
  }
  const viewOf = ({ language, csrf }: Visit) => ({ language, csrf, timeZone: sources.timeZone })

  app.get('/recalls', async (request, reply) => {
    const visit = await departmentOnly(request, reply)
    if (!visit) return reply
    const query = request.query as Record<string, unknown>
    const typed = (name: string) => (typeof query[name] === 'string' ? query[name].trim().slice(0, 40) : '')
    const [gtin, lot] = [typed('gtin'), typed('lot')]
    const path = parseLotPath(gtin, lot)
    if (path) return reply.redirect(lotPath(path), 303)
    const isWrong = gtin !== '' || lot !== ''
    return sendAppPage(
      reply,
      site,
      visit,
      {
        title: sayRecall(visit.language, 'title'),
        path: '/recalls',
        main: recallsPage(viewOf(visit), (await sources.recalls(visit.viewer)) ?? [], { gtin, lot, isWrong }),
      },
      isWrong ? 400 : 200,
    )
  })

  const lotOf = ({ gtin, lot }: { gtin: string; lot: string }) => {
    const path = parseLotPath(gtin, lot)
    if (!path) throw new VuonError('not-found')
    return path
  }

  const sendLot = async (
    reply: FastifyReply,
    visit: Visit,
    lot: { gtin: string; lot: string },
    isReasonWrong = false,
  ): Promise<FastifyReply> =>
    sendAppPage(
      reply,
      site,
      visit,
      {
        title: lot.lot,
        path: lotPath(lot),
        main: recallLotPage(viewOf(visit), await sources.recallReport(lot), isReasonWrong),
      },
      isReasonWrong ? 400 : 200,
    )

  app.get<{ Params: { gtin: string; lot: string } }>('/recalls/:gtin/:lot', async (request, reply) => {
    const visit = await departmentOnly(request, reply)
    if (!visit) return reply
    const { gtin, lot } = request.params
    if (!lot.endsWith('.csv')) return sendLot(reply, visit, lotOf({ gtin, lot }))
    const path = lotOf({ gtin, lot: lot.slice(0, -'.csv'.length) })
    return appHeaders(reply, site)
      .header(
        'content-disposition',
        `attachment; filename="recall-${path.lot.replaceAll(/[^\w-]/g, '_')}.csv"`,
      )
      .type('text/csv; charset=utf-8')
      .send(recallCsv(await sources.recallReport(path)))
  })

  app.post<{ Params: { gtin: string; lot: string } }>('/recalls/:gtin/:lot', async (request, reply) => {
    const visit = await departmentOnly(request, reply)
    if (!visit) return reply
    checkFormToken(request, visit.csrf)
    const lot = lotOf(request.params)
    const [reasonVi, reasonEn] = [reason(request, 'reasonVi'), reason(request, 'reasonEn')]
    if (reasonVi === '' || reasonEn === '') return sendLot(reply, visit, lot, true)
    const recallId = fieldOf(request, 'recall')
    if (recallId === '')
      await sources.declareRecall({ lot, reasonVi, reasonEn, isForward: fieldOf(request, 'forward') === '1' })
    else await sources.liftRecall({ recallId, reasonVi, reasonEn })
    return reply.header('cache-control', 'no-store').redirect(lotPath(lot), 303)
  })
}

/** Empty when it is not one line of 1 to 300 characters. */
function reason(request: FastifyRequest, name: string): string {
  const said = fieldOf(request, name).normalize('NFC').trim()
  return said.length <= 300 && !/\p{Cc}/u.test(said) ? said : ''
}
