import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { activityName } from '#contract/wire/farm-book-words.ts'
import type { BookDoor, BookLine } from './book-door.ts'
import { type EntryView, entryContent, withdrawContent } from './book-entry.ts'
import { sayBook } from './book-messages.ts'
import { refusedEntry } from './book-refused.ts'
import { type FieldError, linkTo } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import { field } from './visit.ts'

/** One entry of the book: to look at, and to withdraw. */
export function entryRoutes(app: FastifyInstance, room: PageRoom, book: BookDoor): void {
  const { sources, visits, people } = room
  const { farmBook, photos: door } = sources
  const isClockUnknown = async () => (await sources.overview()).clock === 'unknown'
  const isNobody = (request: FastifyRequest, reply: FastifyReply) => !visits.of(request, reply).person
  const askWho = (reply: FastifyReply, path: string) =>
    reply.redirect(`/sign-in?next=${encodeURIComponent(path)}`, 303)

  const viewOf = (request: FastifyRequest, reply: FastifyReply, line: BookLine): EntryView => {
    const visit = visits.of(request, reply)
    return {
      ...{ line, book, plots: farmBook.plots },
      // Who reads without a PIN sees no names.
      nameOf: (person) => (visit.person && people.find(person)?.name) || person,
      hasPhoto: (sha256) => door?.photo(sha256) !== undefined,
    }
  }

  const findLine = async (request: FastifyRequest): Promise<BookLine | undefined> => {
    const asked = field(request.params, 'id')
    return (await book.activities()).find(({ activity }) => activity.activityId === asked)
  }

  app.get('/book/entry/:id', async (request, reply) => {
    const visit = visits.of(request, reply)
    const line = await findLine(request)
    if (!line) return room.problem(request, reply, 404, 'not-found')
    const isSaved = field(request.query, 'saved') === '1'
    return room.send(reply, visit, {
      title: activityName(visit.language, line.activity.type),
      body: entryContent(visit, viewOf(request, reply, line), isSaved),
      isBook: true,
    })
  })

  const sendWithdraw = async (
    request: FastifyRequest,
    reply: FastifyReply,
    line: BookLine,
    typed: { why: string; isConfirmed: boolean },
    errors: readonly FieldError[] = [],
    status = 200,
  ): Promise<FastifyReply> => {
    const visit = visits.of(request, reply)
    const asked = { ...typed, isClockUnknown: await isClockUnknown() }
    const body = withdrawContent(visit, viewOf(request, reply, line), asked, errors)
    const name = activityName(visit.language, line.activity.type)
    return room.send(
      reply,
      visit,
      { title: sayBook(visit.language, 'withdraw-title', { name }), body, isBook: true },
      status,
    )
  }

  app.get('/book/entry/:id/withdraw', async (request, reply) => {
    const line = await findLine(request)
    if (!line) return room.problem(request, reply, 404, 'not-found')
    const path = `/book/entry/${line.activity.activityId}`
    if (isNobody(request, reply)) return askWho(reply, `${path}/withdraw`)
    if (!line.isStanding) return reply.redirect(path, 303)
    return sendWithdraw(request, reply, line, { why: '', isConfirmed: false })
  })

  app.post('/book/entry/:id/withdraw', async (request, reply) => {
    const { person, language } = visits.of(request, reply)
    const line = await findLine(request)
    if (!line) return room.problem(request, reply, 404, 'not-found')
    const { activityId } = line.activity
    const path = `/book/entry/${activityId}`
    if (!person) return askWho(reply, `${path}/withdraw`)
    if (!visits.isFormOurs(request))
      return room.problem(
        request,
        reply,
        403,
        'stale',
        linkTo(visits.of(request, reply), `${path}/withdraw`, 'stale-again'),
      )
    const [why, isConfirmed] = [
      field(request.body, 'why').slice(0, 400),
      field(request.body, 'confirm') === '1',
    ]
    // A double tap finds what the first one did.
    if (line.replacedBy?.isWithdrawal) return reply.redirect(path, 303)
    try {
      await book.withdraw(activityId, {
        person: person.id,
        why,
        isDateConfirmed: isConfirmed && (await isClockUnknown()),
      })
      return reply.redirect(path, 303)
    } catch (error) {
      const refused = refusedEntry(language, error, whyName(language))
      if (!refused) throw error
      return sendWithdraw(request, reply, line, { why, isConfirmed }, [refused.error], refused.status)
    }
  })
}

const whyName = (language: 'vi' | 'en') => (name: string) =>
  name === 'why' ? sayBook(language, 'why-withdraw') : undefined
