import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ActivityType, isActivityType } from '#contract/wire/farm-book.ts'
import { activityName } from '#contract/wire/farm-book-words.ts'
import { MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import { diaryRoutes } from './book-diary-routes.ts'
import type { BookLine } from './book-door.ts'
import { entryRoutes } from './book-entry-routes.ts'
import { bookForm, listedStock } from './book-form.ts'
import { detailsOf, FORMS } from './book-forms.ts'
import { sayBook } from './book-messages.ts'
import { productRoutes } from './book-product-routes.ts'
import { proposedEntry, typedEntry, typedShares } from './book-proposed.ts'
import { refusedEntry } from './book-refused.ts'
import { startContent } from './book-start.ts'
import { type BookTyped, entryOf } from './book-typed.ts'
import { readForm } from './book-upload.ts'
import { type FieldError, linkTo } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import type { PhotoDoor } from './photo-door.ts'
import { verdictText } from './photo-verdict.ts'
import { field, type Visit } from './visit.ts'
import { cropName, dayAndTime } from './wording.ts'

const TOKEN = /^[A-Za-z0-9_-]{20,64}$/
// Every field of the longest form; a value is a pasted link at most.
const UPLOAD_LIMITS = { fileSize: MAX_PHOTO_BYTES + 1, files: 1, fields: 160, fieldSize: 1024, parts: 162 }

/** The farm book by hand: what was done, corrected, withdrawn; the diary; the list of products. */
export function bookRoutes(app: FastifyInstance, room: PageRoom): void {
  const { sources, visits, savedForms } = room
  const { book, farmBook } = sources
  if (!book) return
  const door = sources.photos
  const isClockUnknown = async () => (await sources.overview()).clock === 'unknown'
  const isNobody = (request: FastifyRequest, reply: FastifyReply) => !visits.of(request, reply).person
  const askWho = (reply: FastifyReply, path: string) =>
    reply.redirect(`/sign-in?next=${encodeURIComponent(path)}`, 303)

  app.get('/book', async (request, reply) => {
    const visit = visits.of(request, reply)
    const [overview, lines] = await Promise.all([sources.overview(), book.activities()])
    const body = startContent(visit, book, farmBook.plots, overview, lines)
    return room.send(reply, visit, { title: sayBook(visit.language, 'title'), body, isBook: true })
  })

  const sendForm = async (
    request: FastifyRequest,
    reply: FastifyReply,
    form: {
      type: ActivityType
      typed: BookTyped
      corrected?: BookLine
      errors?: readonly FieldError[]
      isProposed?: boolean
    },
    status = 200,
  ): Promise<FastifyReply> => {
    const visit = visits.of(request, reply)
    const { type, typed, corrected, errors = [], isProposed = false } = form
    const [products, stock, lines] = await Promise.all([book.products(), book.stock(), book.activities()])
    const body = bookForm(visit, {
      ...{ type, typed, errors, book, farm: farmBook, products, stock, corrected, isProposed },
      pallets: palletsHere(lines, corrected),
      isClockUnknown: await isClockUnknown(),
      takesPhotos: door !== undefined,
      findings: type === 'scouted' && door ? await findingsOf(door, visit) : [],
    })
    const name = activityName(visit.language, type)
    const title = sayBook(visit.language, corrected ? 'correct-title' : 'new-title', { name })
    return room.send(reply, visit, { title, body, isBook: true }, status)
  }

  app.get('/book/new/:type', async (request, reply) => {
    const type = field(request.params, 'type')
    if (!isActivityType(type) || (type === 'aggregated' && !book.canStack))
      return room.problem(request, reply, 404, 'not-found')
    if (type === 'harvested') return reply.redirect('/harvest', 303)
    const asked = askedFor(type, request.query)
    const path = `/book/new/${type}${asked['plot'] ? `?${new URLSearchParams(asked)}` : ''}`
    if (isNobody(request, reply)) return askWho(reply, path)
    const lines = await book.activities()
    const { typed, isProposed } = proposedEntry(type, farmBook, lines, {
      ...{ typed: asked, token: room.newToken(), packingHouse: book.packingHouse },
      isClockUnknown: await isClockUnknown(),
    })
    return sendForm(request, reply, { type, typed, isProposed })
  })

  const findLine = async (request: FastifyRequest): Promise<BookLine | undefined> => {
    const asked = field(request.params, 'id')
    return (await book.activities()).find(({ activity }) => activity.activityId === asked)
  }

  app.get('/book/entry/:id/correct', async (request, reply) => {
    const line = await findLine(request)
    if (!line) return room.problem(request, reply, 404, 'not-found')
    const { activityId, type } = line.activity
    if (isNobody(request, reply)) return askWho(reply, `/book/entry/${activityId}/correct`)
    if (!line.isStanding) return reply.redirect(`/book/entry/${activityId}`, 303)
    const shares = typedShares(line, listedStock({ stock: await book.stock(), corrected: line }))
    const typed = { ...typedEntry(line, book, room.newToken()), ...shares }
    return sendForm(request, reply, { type, typed, corrected: line })
  })

  app.register(async (uploads) => {
    await uploads.register(multipart, { limits: UPLOAD_LIMITS, throwFileSizeLimit: false })

    /** A form of a new entry or of a correction: taken once, or sent back with what is wrong. */
    const take = async (
      request: FastifyRequest,
      reply: FastifyReply,
      type: ActivityType,
      corrected: BookLine | undefined,
    ): Promise<FastifyReply> => {
      const visit = visits.of(request, reply)
      const { language, person } = visit
      const path = corrected ? `/book/entry/${corrected.activity.activityId}/correct` : `/book/new/${type}`
      const form = await readForm(request, visits, door, person?.id)
      if (!form) return room.problem(request, reply, 400, 'bad-request')
      if (!person) return askWho(reply, path)
      const token = form.typed['token'] ?? ''
      if (!visits.isFormOurs(request) || !TOKEN.test(token))
        return room.problem(request, reply, 403, 'stale', linkTo(visit, path, 'stale-again'))
      const photos = [form.typed['photoKept'], form.photo].filter(Boolean).join(',')
      const typed: BookTyped = { ...form.typed, photoKept: photos }
      const by = { person: person.id, isClockUnknown: await isClockUnknown() }
      const { entry, errors } = entryOf(language, type, typed, by)
      if (form.isPhotoRefused) errors.push({ field: 'photo', sentence: sayBook(language, 'wrong-photo') })
      const back = { type, typed, ...(corrected ? { corrected } : {}) }
      if (errors.length > 0) return sendForm(request, reply, { ...back, errors }, 400)
      const { person: _, ...words } = entry
      try {
        const saved = await savedForms.once(token, JSON.stringify([path, words]), async () => {
          const { activityId } = corrected
            ? await book.correct(corrected.activity.activityId, entry)
            : await book.record(entry)
          return activityId
        })
        if ('isOtherContent' in saved) {
          const again = [{ field: '', sentence: sayBook(language, 'already-saved') }]
          return sendForm(
            request,
            reply,
            { ...back, typed: { ...typed, token: room.newToken() }, errors: again },
            409,
          )
        }
        return reply.redirect(`/book/entry/${saved.lot}?saved=1`, 303)
      } catch (error) {
        const refused = refusedEntry(language, error, formName(language))
        if (!refused) throw error
        return sendForm(request, reply, { ...back, errors: [placed(type, refused.error)] }, refused.status)
      }
    }

    uploads.post('/book/new/:type', async (request, reply) => {
      const type = field(request.params, 'type')
      if (!isActivityType(type) || type === 'harvested') return room.problem(request, reply, 404, 'not-found')
      return take(request, reply, type, undefined)
    })

    uploads.post('/book/entry/:id/correct', async (request, reply) => {
      const line = await findLine(request)
      if (!line) return room.problem(request, reply, 404, 'not-found')
      return take(request, reply, line.activity.type, line)
    })
  })

  entryRoutes(app, room, book)
  diaryRoutes(app, room, book)
  productRoutes(app, room, book)
}

/** What the address of a new form may propose: the plot, and details of its type. */
function askedFor(type: ActivityType, query: unknown): Record<string, string> {
  const names = ['plot', ...detailsOf(type)]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = field(query, name).slice(0, 100)
      return value === '' ? [] : [[name, value]]
    }),
  )
}

// A walk through the orchard confirms the photos of some days.
const FINDINGS_LISTED = 20

/** Photos on which a model saw something, or that nobody has looked at yet. */
async function findingsOf(door: PhotoDoor, { language, timeZone }: Visit) {
  const recent = await door.recent(FINDINGS_LISTED)
  return recent
    .filter(({ crop }) => crop !== '')
    .map((finding) => ({
      id: finding.findingId,
      name: `${dayAndTime(timeZone, finding.at)} – ${verdictText(language, door, finding) ?? cropName(language, finding.crop)}`,
    }))
}

/** Pallets that are in the shed, and the one that a corrected dispatch took. */
function palletsHere(lines: readonly BookLine[], corrected: BookLine | undefined): BookLine[] {
  const ssccOf = ({ activity }: BookLine) => activity.details['sscc']
  const standing = lines.filter(({ isStanding }) => isStanding)
  const left = new Set(
    standing.filter((line) => line.activity.type === 'dispatched' && line !== corrected).map(ssccOf),
  )
  return standing.filter((line) => line.activity.type === 'aggregated' && !left.has(ssccOf(line)))
}

const formName = (language: 'vi' | 'en') => (name: string) => {
  switch (name) {
    case 'why':
      return sayBook(language, 'why')
    case 'day':
    case 'harvestedOn':
      return sayBook(language, 'day')
    case 'inputs':
      return sayBook(language, 'lots')
    case 'outputs':
      return sayBook(language, 'gives-kg')
    case 'count':
      return sayBook(language, 'gives-count')
    case 'photos':
      return sayBook(language, 'photo')
    default:
      return undefined
  }
}

/** A mistake at a field that this form does not show stands at its head. */
function placed(type: ActivityType, error: FieldError): FieldError {
  const { plot, lots, givesLot } = FORMS[type]
  const shown = new Set([
    ...detailsOf(type),
    ...['day', 'time', 'why', 'confirm', 'photo', 'sscc'],
    ...(plot === 'none' ? [] : ['plot']),
    ...(lots === 'takes' ? ['lots'] : []),
    ...(lots === 'comes' || givesLot ? ['gives'] : []),
    ...(givesLot ? ['gtin', 'givesCount'] : []),
  ])
  return shown.has(error.field) ? error : { ...error, field: '' }
}
