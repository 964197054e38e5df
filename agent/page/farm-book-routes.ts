import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { lotStory } from './book-lot.ts'
import { checkHarvest, isDay, proposedHarvest, refusedHarvest } from './harvest.ts'
import { type HarvestTyped, harvestForm } from './harvest-form.ts'
import { labelPreview } from './label-routes.ts'
import { type FieldError, linkTo } from './layout.ts'
import { LOTS_SHOWN, lotContent, lotsContent } from './lots.ts'
import { say } from './messages.ts'
import type { PageRoom } from './page-room.ts'
import type { LotCard } from './page-sources.ts'
import { field } from './visit.ts'

/** Harvests in, lots and labels out. */
export function farmBookRoutes(app: FastifyInstance, room: PageRoom): void {
  const { sources, visits, savedForms } = room
  const book = sources.farmBook

  const sendForm = async (
    request: FastifyRequest,
    reply: FastifyReply,
    typed: HarvestTyped,
    errors: readonly FieldError[] = [],
    status = 200,
  ): Promise<FastifyReply> => {
    const visit = visits.of(request, reply)
    const [overview, lots] = await Promise.all([sources.overview(), book.lots(LOTS_SHOWN)])
    const isAsked = book.plots.some(({ id }) => id === typed.plot)
    const day = isDay(typed.date) ? typed.date : book.today()
    const phi = isAsked ? await sources.book?.preHarvest(typed.plot, day) : undefined
    return room.send(
      reply,
      visit,
      {
        title: say(visit.language, 'harvest-title'),
        body: harvestForm(visit, book, overview, typed, lots, errors, phi),
        scripts: ['keypad'],
        isBook: true,
      },
      status,
    )
  }

  const askWho = (reply: FastifyReply, typed: HarvestTyped): FastifyReply =>
    reply.redirect(`/sign-in?next=${encodeURIComponent(harvestPath(typed))}`, 303)

  app.get('/harvest', async (request, reply) => {
    const asked = typedHarvest(request.query)
    if (!visits.of(request, reply).person) return askWho(reply, asked)
    const lot = asked.token === '' ? undefined : savedForms.lotOf(asked.token)
    if (lot !== undefined) return reply.redirect(`/lots/${lot}?saved=1`, 303)
    const [{ clock }, lots] = await Promise.all([sources.overview(), book.lots(LOTS_SHOWN)])
    return sendForm(
      request,
      reply,
      proposedHarvest(book, lots, clock === 'unknown', { ...asked, token: asked.token || room.newToken() }),
    )
  })

  app.post('/harvest', async (request, reply) => {
    const visit = visits.of(request, reply)
    const { language, person } = visit
    const typed = typedHarvest(request.body)
    // The session ended while the form lay there: what was typed comes back after the PIN.
    if (!person) return askWho(reply, typed)
    if (!visits.isFormOurs(request))
      return room.problem(request, reply, 403, 'stale', linkTo(visit, harvestPath(typed), 'stale-again'))
    if (!TOKEN.test(typed.token)) {
      const fresh = { ...typed, token: room.newToken() }
      return room.problem(request, reply, 400, 'stale', linkTo(visit, harvestPath(fresh), 'stale-again'))
    }
    const { clock } = await sources.overview()
    const { harvest, errors } = checkHarvest(language, book, clock === 'unknown', typed)
    if (errors.length > 0) return sendForm(request, reply, typed, errors, 400)
    const { plot, gtin, massKg, harvestedOn, why = '', intoLot = '' } = harvest
    const content = JSON.stringify([plot, gtin, massKg, harvestedOn, why, intoLot])
    try {
      const saved = await savedForms.once(typed.token, content, async () => {
        const lot = await book.recordHarvest({ ...harvest, person: person.id })
        return lot.lot
      })
      if ('isOtherContent' in saved) {
        const sentence = say(language, 'wrong-already', { lot: saved.lot })
        return sendForm(request, reply, { ...typed, token: room.newToken() }, [{ field: '', sentence }], 409)
      }
      return reply.redirect(`/lots/${saved.lot}?saved=1`, 303)
    } catch (error) {
      const refused = refusedHarvest(language, book, typed, error)
      if (!refused) throw error
      return sendForm(request, reply, typed, [refused.error], refused.status)
    }
  })

  app.get('/lots', async (request, reply) => {
    const visit = visits.of(request, reply)
    const lots = await book.lots(LOTS_SHOWN)
    return room.send(reply, visit, {
      title: say(visit.language, 'lots-title'),
      body: lotsContent(visit, book, lots),
    })
  })

  const findLot = (request: FastifyRequest): Promise<LotCard | undefined> => {
    const asked = field(request.params, 'lot').toUpperCase()
    // AI (10) holds at most twenty characters; ours are letters and digits.
    return /^[0-9A-Z]{1,20}$/.test(asked) ? book.lot(asked) : Promise.resolve(undefined)
  }

  app.get('/lots/:lot', async (request, reply) => {
    const visit = visits.of(request, reply)
    const lot = await findLot(request)
    if (!lot) return room.problem(request, reply, 404, 'not-found', linkTo(visit, '/lots', 'lots-title'))
    const label = await labelPreview(visit.language, sources.labels, lot)
    const story =
      sources.book !== undefined && (await lotStory(visit.language, sources.book, book.plots, lot))
    return room.send(reply, visit, {
      title: say(visit.language, 'lot-number', { lot: lot.lot }),
      body: lotContent(visit, book, lot, label, story, field(request.query, 'saved') === '1'),
      isBook: true,
    })
  })
}

const TOKEN = /^[A-Za-z0-9_-]{20,64}$/

function typedHarvest(values: unknown): HarvestTyped {
  const token = field(values, 'token')
  return {
    plot: field(values, 'plot').slice(0, 64),
    gtin: field(values, 'gtin').slice(0, 20),
    mass: field(values, 'mass').slice(0, 40),
    date: field(values, 'date').slice(0, 20),
    isConfirmed: field(values, 'confirm') === '1',
    why: field(values, 'why').slice(0, 300),
    into: field(values, 'into').slice(0, 20),
    token: TOKEN.test(token) ? token : '',
  }
}

/** The form with what was typed, as an address. */
function harvestPath({ plot, gtin, mass, date, why, into, token }: HarvestTyped): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries({ plot, gtin, mass, date, why, into, token }))
    if (value !== '') search.set(name, value)
  return search.size === 0 ? '/harvest' : `/harvest?${search}`
}
