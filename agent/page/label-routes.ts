import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '#contract/ground/html.ts'
import type { LabelPaper } from './assets.ts'
import { LABEL_FORMATS, type LabelDoor, type LabelWish } from './label-door.ts'
import { sayLabel } from './label-messages.ts'
import { addressOf, type LabelShown, labelContent, labelSheet, refusalNote } from './label-page.ts'
import { linkTo } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import type { LotCard } from './page-sources.ts'
import { field } from './visit.ts'

/** Labels: looked at by anybody who may read, printed by who has a PIN. */
export function labelRoutes(app: FastifyInstance, room: PageRoom): void {
  const { sources, visits } = room
  const door = sources.labels
  if (!door) return

  const notFound = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    room.problem(request, reply, 404, 'not-found', linkTo(visits.of(request, reply), '/lots', 'lots-title'))

  const findLot = (request: FastifyRequest): Promise<LotCard | undefined> => {
    const asked = field(request.params, 'lot').toUpperCase()
    // AI (10) holds at most twenty characters; ours are letters and digits.
    return /^[0-9A-Z]{1,20}$/.test(asked) ? sources.farmBook.lot(asked) : Promise.resolve(undefined)
  }

  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    lot: LotCard,
    wish: LabelWish,
    shown: Partial<Pick<LabelShown, 'printer' | 'copies' | 'order' | 'said'>> = {},
    status = 200,
  ): Promise<FastifyReply> => {
    const visit = visits.of(request, reply)
    const drawn = await door.file(lot, wish, 'svg')
    const { printer = '', copies = '1', order = room.newToken(), said } = shown
    const paper = paperOf(door, wish.size)
    return room.send(
      reply,
      visit,
      {
        title: sayLabel(visit.language, 'title', { lot: lot.lot }),
        body: labelContent(visit, door, { lot, wish, drawn, printer, copies, order, said }),
        scripts: ['print'],
        ...(paper ? { paper } : {}),
      },
      status,
    )
  }

  app.get('/lots/:lot/label', async (request, reply) => {
    const lot = await findLot(request)
    const wish = wishOf(door, request.query)
    if (!lot || !wish) return notFound(request, reply)
    const order = field(request.query, 'order')
    const said = TOKEN.test(order) ? await door.outcomeOf(order) : undefined
    return show(request, reply, lot, wish, { said, printer: field(request.query, 'printer') })
  })

  for (const format of LABEL_FORMATS)
    app.get(`/lots/:lot/label.${format}`, async (request, reply) => {
      const lot = await findLot(request)
      const wish = wishOf(door, request.query)
      if (!lot || !wish) return notFound(request, reply)
      const file = await door.file(lot, wish, format)
      if ('refused' in file) {
        const { refused, facts } = file
        return show(request, reply, lot, wish, { said: { refused, facts } }, 422)
      }
      return reply
        .type(file.type)
        .send(Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.length))
    })

  app.post('/lots/:lot/print', async (request, reply) => {
    const visit = visits.of(request, reply)
    const lot = await findLot(request)
    const wish = wishOf(door, request.body)
    if (!lot || !wish) return notFound(request, reply)
    const back = addressOf(lot, wish)
    if (!visit.person) return reply.redirect(`/sign-in?next=${encodeURIComponent(back)}`, 303)
    const order = field(request.body, 'order')
    // A form without its token would be printed again by each reload.
    if (!visits.isFormOurs(request) || !TOKEN.test(order))
      return room.problem(request, reply, 403, 'stale', linkTo(visit, back, 'stale-again'))
    const [printer, copies] = [
      field(request.body, 'printer').slice(0, 64),
      field(request.body, 'copies').slice(0, 10),
    ]
    const said = await door.print(
      order,
      lot,
      wish,
      printer,
      /^\d{1,4}$/.test(copies.trim()) ? Number(copies) : Number.NaN,
    )
    if ('refused' in said) return show(request, reply, lot, wish, { said, printer, copies }, 400)
    // Nothing left the box: the form as it was, to be sent again. A new order where this one was spent on another.
    if (said.kind === 'not-sent') {
      const again = said.reason === 'other-order' ? {} : { order }
      return show(
        request,
        reply,
        lot,
        wish,
        { said, printer, copies, ...again },
        said.reason === 'other-order' ? 409 : 503,
      )
    }
    return reply.redirect(`${back}&${new URLSearchParams({ order, printer })}`, 303)
  })
}

/** A label on the page of its lot, with the way to the printer; false where none are made. */
export async function labelPreview(
  language: 'vi' | 'en',
  door: LabelDoor | undefined,
  lot: LotCard,
): Promise<Html | false> {
  const wish = door && wishOf(door, {})
  if (!wish) return false
  const drawn = await door.file(lot, wish, 'svg')
  const picture = 'refused' in drawn ? refusalNote(language, drawn) : labelSheet(drawn)
  return html`${picture}<p class="big"><a class="button" href="/lots/${lot.lot}/label">${sayLabel(language, 'open')}</a></p>`
}

/** What a browser may print on: a roll has no length that it could be told. */
export const papersOf = (door: LabelDoor | undefined): LabelPaper[] =>
  (door?.sizes ?? []).flatMap(({ widthMm, heightMm }) => (heightMm === null ? [] : [{ widthMm, heightMm }]))

const TOKEN = /^[A-Za-z0-9_-]{20,64}$/

/** What an address or a form asks for: without a size what is in the first printer. Undefined for what there is not. */
function wishOf(door: LabelDoor, values: unknown): LabelWish | undefined {
  const asked = field(values, 'size') || (door.printers[0]?.size ?? door.sizes[0]?.name ?? '')
  const size = door.sizes.find(({ name }) => name === asked)
  const market = field(values, 'market') || 'home'
  const printer = door.printers.find(({ fits }) => fits.includes(asked))
  const dpi = field(values, 'dpi') || String(printer?.dpi ?? 203)
  if (!size || (market !== 'home' && market !== 'china') || !/^(180|203|300|600)$/.test(dpi)) return undefined
  return { size: size.name, dpi: Number(dpi), market }
}

function paperOf(door: LabelDoor, name: string): LabelPaper | undefined {
  const size = door.sizes.find((each) => each.name === name)
  return size && size.heightMm !== null ? { widthMm: size.widthMm, heightMm: size.heightMm } : undefined
}
