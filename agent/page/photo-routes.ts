import { randomUUID } from 'node:crypto'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import { type Html, html } from '#contract/ground/html.ts'
import { MAX_PHOTO_BYTES, ORGANS, type Organ } from '#contract/wire/finding.ts'
import { note } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import { sayPhoto } from './photo-messages.ts'
import { reasonText } from './photo-verdict.ts'
import { findingContent, type PhotoTyped, photosContent } from './photos.ts'
import { field } from './visit.ts'

const RECENT_SHOWN = 30
// A photo that somebody looks up by its address may be older than the list.
const RECENT_FOUND = 500
// Six leaves of a plant are judged about as well as an expert does (Nuru, cassava); more would keep the phone waiting.
const MAX_PHOTOS = 6

/** Photos by hand: chosen or taken on a phone, kept before the page says so. */
export function photoRoutes(app: FastifyInstance, room: PageRoom): void {
  const { sources, visits } = room
  const { plots } = sources.farmBook
  const door = sources.photos

  const sendPhotos = async (
    request: FastifyRequest,
    reply: FastifyReply,
    typed: PhotoTyped,
    refused?: Html,
    status = 200,
  ): Promise<FastifyReply> => {
    const visit = visits.of(request, reply)
    const title = sayPhoto(visit.language, 'title')
    const off = () => note('info', sayPhoto(visit.language, 'off'), sayPhoto(visit.language, 'off-more'))
    const body = door
      ? photosContent(visit, {
          door,
          plots,
          recent: await door.recent(RECENT_SHOWN),
          typed,
          ...(refused ? { refused } : {}),
        })
      : off()
    return room.send(reply, visit, { title, body }, status)
  }

  app.get('/photos', async (request, reply) =>
    sendPhotos(request, reply, { plot: plots[0]?.id ?? '', organ: '' }),
  )

  app.get('/photos/:id', async (request, reply) => {
    const visit = visits.of(request, reply)
    const asked = field(request.params, 'id')
    const found = (await door?.recent(RECENT_FOUND))?.find((each) => each.findingId === asked)
    if (!door || !found) return room.problem(request, reply, 404, 'not-found')
    const isJustSaved = field(request.query, 'saved') === '1'
    const refused = Math.min(
      MAX_PHOTOS,
      Math.max(0, Number.parseInt(field(request.query, 'refused'), 10) || 0),
    )
    const { plant } = found
    const together = plant ? (await door.recent(RECENT_FOUND)).filter((each) => each.plant === plant) : []
    return room.send(reply, visit, {
      title: sayPhoto(visit.language, 'title'),
      body: findingContent(visit, { door, plots, together }, found, { isJustSaved, refused }),
    })
  })

  app.get('/photos/file/:sha256', async (request, reply) => {
    const found = door?.photo(field(request.params, 'sha256'))
    if (!found) return room.problem(request, reply, 404, 'not-found')
    return reply
      .header('cache-control', 'private, max-age=86400, immutable')
      .header('content-security-policy', "default-src 'none'; sandbox")
      .type(found.type)
      .send(Buffer.from(found.bytes.buffer, found.bytes.byteOffset, found.bytes.length))
  })

  app.register(async (uploads) => {
    await uploads.register(multipart, {
      // One byte more than is taken, so that "too large" is seen and not cut to size; the rest is dropped unread.
      limits: { fileSize: MAX_PHOTO_BYTES + 1, files: MAX_PHOTOS, fields: 10, fieldSize: 1024, parts: 18 },
      throwFileSizeLimit: false,
    })

    uploads.post('/photos', async (request, reply) => {
      const visit = visits.of(request, reply)
      const { language, person } = visit
      const fields: Record<string, string> = {}
      const outcomes: Promise<Kept>[] = []
      const plant = randomUUID()
      let isStale = false
      try {
        for await (const part of request.parts()) {
          if (part.type === 'field') {
            if (typeof part.value === 'string') fields[part.fieldname] = part.value
            continue
          }
          request.body = fields
          isStale = !visits.isFormOurs(request)
          // Whatever is wrong, the file is read to its end: a phone that is cut off shows no page at all.
          if (!door || !person || isStale || part.filename === '') part.file.resume()
          else outcomes.push(keep(fields, part.file, { person: person.id, plant }, language))
          await outcomes.at(-1)
          part.file.resume()
        }
      } catch (error) {
        // Bytes that are no form, or not all of one: there is nobody to blame but the sender.
        if ((error as { code?: string }).code === 'FST_FILES_LIMIT')
          outcomes.push(Promise.resolve({ refusal: refusalNote(language, 'too-many'), status: 413 }))
        if (outcomes.length === 0) return room.problem(request, reply, 400, 'bad-request')
        request.log.debug({ err: error }, 'the form ended badly after its photo')
      }
      request.body = fields
      // The session ended while the form lay there: the photo is chosen again after the PIN.
      if (!person) return reply.redirect('/sign-in?next=%2Fphotos', 303)
      const typed = typedPhoto(fields)
      if (isStale || !visits.isFormOurs(request)) return room.problem(request, reply, 403, 'stale')
      const settled = await Promise.all(outcomes)
      const kept = settled.find((each) => 'id' in each)
      const refused = settled.filter((each) => 'refusal' in each)
      // Of several the good ones are kept, and the person hears how many were not.
      if (kept)
        return reply.redirect(
          `/photos/${kept.id}?saved=1${refused.length > 0 ? `&refused=${refused.length}` : ''}`,
          303,
        )
      const { refusal, status } = refused[0] ?? { refusal: refusalNote(language, 'no-file'), status: 400 }
      return sendPhotos(request, reply, typed, refusal, status)
    })
  })

  async function keep(
    fields: Record<string, string>,
    file: Parameters<NonNullable<typeof door>['takeStream']>[0],
    by: { readonly person: string; readonly plant: string },
    language: 'vi' | 'en',
  ): Promise<Kept> {
    if (!door) return { refusal: html``, status: 404 }
    const { plot, organ } = typedPhoto(fields)
    const known = plots.find((each) => each.id === plot)
    if (plot !== '' && !known)
      return { refusal: note('critical', sayPhoto(language, 'wrong-plot')), status: 400 }
    try {
      const looked = await door.takeStream(file, { crop: known?.crop ?? '', organ, plot, ...by })
      if ('finding' in looked) return { id: looked.finding.findingId }
      return { refusal: refusalNote(language, looked.refused), status: 422 }
    } catch (error) {
      // The phone broke off in the middle.
      if (file.errored) return { refusal: refusalNote(language, 'unreadable'), status: 422 }
      const code = error instanceof VuonError ? error.code : 'internal'
      if (code !== 'vision-busy' && code !== 'disk-full' && code !== 'journal-busy') throw error
      const todo = code === 'vision-busy' ? 'busy' : code === 'disk-full' ? 'full' : 'trouble'
      const refusal = note('critical', sayPhoto(language, 'not-kept'), sayPhoto(language, todo))
      return { refusal, status: code === 'disk-full' ? 507 : 503 }
    }
  }
}

type Kept = { readonly id: string } | { readonly refusal: Html; readonly status: number }

function typedPhoto(fields: Record<string, string>): PhotoTyped {
  const organ = field(fields, 'organ') as Organ
  return {
    plot: field(fields, 'plot').slice(0, 64),
    organ: ORGANS.includes(organ) ? organ : '',
  }
}

function refusalNote(language: 'vi' | 'en', reason: string): Html {
  const { what, todo } = reasonText(language, reason)
  return html`<div role="alert">${note('critical', what, todo)}</div>`
}
