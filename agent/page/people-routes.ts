import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Language } from '#contract/ground/messages.ts'
import { type FieldError, linkTo } from './layout.ts'
import { say } from './messages.ts'
import type { PageRoom } from './page-room.ts'
import { MAX_PEOPLE, type Person, type PinAnswer, tidyName } from './people.ts'
import { damaged, firstPersonContent, peopleContent, signInContent } from './people-pages.ts'
import { isPinShaped } from './pin.ts'
import { field, localPath, type Visit } from './visit.ts'
import { lasting } from './wording.ts'

/** Signing in and out, and who may write on this box. */
export function peopleRoutes(app: FastifyInstance, room: PageRoom): void {
  const { people, visits, sessions } = room

  const sendSignIn = (
    request: FastifyRequest,
    reply: FastifyReply,
    errors: readonly FieldError[] = [],
    status = 200,
  ): FastifyReply => {
    const visit = visits.of(request, reply)
    const from = request.method === 'GET' ? request.query : request.body
    const next = localPath(field(from, 'next') || '/')
    const chosen = field(from, 'who').slice(0, 64)
    const { readingNeedsPin } = room.options
    return room.send(
      reply,
      visit,
      {
        title: say(visit.language, 'sign-in-title'),
        body: signInContent(visit, people, { next, chosen, readingNeedsPin }, errors),
      },
      people.state === 'damaged' ? 503 : status,
    )
  }

  const sendFirst = (
    request: FastifyRequest,
    reply: FastifyReply,
    errors: readonly FieldError[] = [],
    status = 200,
  ): FastifyReply => {
    const visit = visits.of(request, reply)
    const from = request.method === 'GET' ? request.query : request.body
    const typed = { name: field(from, 'name').slice(0, 60), next: localPath(field(from, 'next') || '/') }
    const title = say(visit.language, 'first-title')
    return room.send(reply, visit, { title, body: firstPersonContent(visit, typed, errors) }, status)
  }

  const sendPeople = (
    request: FastifyRequest,
    reply: FastifyReply,
    errors: readonly FieldError[] = [],
    status = 200,
    done = '',
  ): FastifyReply => {
    const visit = visits.of(request, reply)
    const name = errors.length > 0 ? field(request.body, 'name').slice(0, 60) : ''
    const title = say(visit.language, 'people-title')
    return room.send(
      reply,
      visit,
      { title, body: peopleContent(visit, people, { name, done }, errors) },
      status,
    )
  }

  /** Stops a form that was not drawn for this phone. */
  const isStale = (request: FastifyRequest, reply: FastifyReply, back: string): boolean => {
    if (visits.isFormOurs(request)) return false
    const visit = visits.of(request, reply)
    void room.problem(request, reply, 403, 'stale', linkTo(visit, back, 'stale-again'))
    return true
  }

  const sendDamaged = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const visit = visits.of(request, reply)
    const title = say(visit.language, 'people-title')
    return room.send(reply, visit, { title, body: damaged(visit, people) }, 503)
  }

  app.get('/sign-in', async (request, reply) => {
    const next = localPath(field(request.query, 'next') || '/')
    if (people.state === 'nobody-yet')
      return reply.redirect(`/people/first?next=${encodeURIComponent(next)}`, 303)
    return sendSignIn(request, reply)
  })

  app.post('/sign-in', async (request, reply) => {
    if (isStale(request, reply, '/sign-in')) return reply
    if (people.state !== 'some') return reply.redirect('/sign-in', 303)
    const { language } = visits.of(request, reply)
    const who = field(request.body, 'who')
    const pin = tidyPin(request.body, 'pin')
    if (who === '')
      return sendSignIn(request, reply, [{ field: 'who', sentence: say(language, 'wrong-who') }], 400)
    // No PIN has this shape: it costs no try.
    if (!isPinShaped(pin))
      return sendSignIn(request, reply, [{ field: 'pin', sentence: say(language, 'wrong-pin-shape') }], 400)
    const answer = await people.tryPin(who, pin)
    if ('refused' in answer) {
      const { status, sentence } = refusedPin(language, reply, answer)
      return sendSignIn(request, reply, [{ field: 'pin', sentence }], status)
    }
    visits.signIn(reply, answer.person.id)
    return reply.redirect(localPath(field(request.body, 'next') || '/'), 303)
  })

  app.post('/sign-out', async (request, reply) => {
    if (isStale(request, reply, '/')) return reply
    visits.signOut(request, reply)
    return reply.redirect('/', 303)
  })

  app.get('/people/first', async (request, reply) => {
    if (people.state !== 'nobody-yet') return reply.redirect('/sign-in', 303)
    return sendFirst(request, reply)
  })

  app.post('/people/first', async (request, reply) => {
    if (isStale(request, reply, '/people/first')) return reply
    if (people.state !== 'nobody-yet') return reply.redirect('/sign-in', 303)
    const { language } = visits.of(request, reply)
    const { name, pin, errors } = checkNewPerson(language, request.body)
    if (errors.length > 0) return sendFirst(request, reply, errors, 400)
    const tried = people.tryCode(field(request.body, 'code').slice(0, 40))
    if (tried !== 'right') {
      const answer =
        tried === 'wrong'
          ? { status: 403, sentence: say(language, 'wrong-code') }
          : refusedPin(language, reply, { refused: 'locked', waitMs: tried.waitMs })
      return sendFirst(request, reply, [{ field: 'code', sentence: answer.sentence }], answer.status)
    }
    const added = await people.add(name, pin, { isFirst: true })
    if ('refused' in added)
      return added.refused === 'damaged' ? sendDamaged(request, reply) : reply.redirect('/sign-in', 303)
    visits.signIn(reply, added.person.id)
    return reply.redirect(localPath(field(request.body, 'next') || '/'), 303)
  })

  app.get('/people', async (request, reply) => {
    const visit = visits.of(request, reply)
    if (people.state === 'damaged') return sendDamaged(request, reply)
    if (!visit.person) return reply.redirect('/sign-in?next=/people', 303)
    const key = DONE[field(request.query, 'done')]
    return sendPeople(request, reply, [], 200, key && say(visit.language, key))
  })

  /** A form of the page of people: ours, and somebody is signed in. */
  const whoWrites = (
    request: FastifyRequest,
    reply: FastifyReply,
  ): { person: Person; visit: Visit } | undefined => {
    const visit = visits.of(request, reply)
    const { person } = visit
    if (!person) {
      void reply.redirect('/sign-in?next=/people', 303)
      return undefined
    }
    return isStale(request, reply, '/people') ? undefined : { person, visit }
  }

  app.post('/people/add', async (request, reply) => {
    const writer = whoWrites(request, reply)
    if (!writer) return reply
    const { language } = writer.visit
    const { name, pin, errors } = checkNewPerson(language, request.body)
    if (errors.length > 0) return sendPeople(request, reply, errors, 400)
    const added = await people.add(name, pin, { isFirst: false })
    if (!('refused' in added))
      return sendPeople(request, reply, [], 200, say(language, 'people-added', { name }))
    switch (added.refused) {
      case 'damaged':
        return sendDamaged(request, reply)
      case 'taken':
        return sendPeople(
          request,
          reply,
          [{ field: 'name', sentence: say(language, 'wrong-name-taken') }],
          409,
        )
      case 'full': {
        const sentence = say(language, 'wrong-too-many', { count: MAX_PEOPLE })
        return sendPeople(request, reply, [{ field: 'name', sentence }], 409)
      }
    }
  })

  app.post('/people/pin', async (request, reply) => {
    const writer = whoWrites(request, reply)
    if (!writer) return reply
    const { person, visit } = writer
    const { language } = visit
    const pin = tidyPin(request.body, 'changedPin')
    const errors = checkNewPin(language, pin, tidyPin(request.body, 'changedAgain'), {
      first: 'changedPin',
      again: 'changedAgain',
    })
    const old = tidyPin(request.body, 'oldPin')
    if (!isPinShaped(old)) errors.unshift({ field: 'oldPin', sentence: say(language, 'wrong-pin-shape') })
    if (errors.length > 0) return sendPeople(request, reply, errors, 400)
    const answer = await people.tryPin(person.id, old)
    if ('refused' in answer) {
      const { status, sentence } = refusedPin(language, reply, answer)
      return sendPeople(request, reply, [{ field: 'oldPin', sentence }], status)
    }
    if (!(await people.changePin(person.id, pin))) return sendDamaged(request, reply)
    sessions.endAllOf(person.id)
    visits.signIn(reply, person.id)
    return reply.redirect('/people?done=pin', 303)
  })

  app.post('/people/remove', async (request, reply) => {
    const writer = whoWrites(request, reply)
    if (!writer) return reply
    const who = field(request.body, 'who')
    // Removing oneself could leave a box that nobody can write on.
    if (who === writer.person.id || !people.find(who)) return sendPeople(request, reply, [], 400)
    if (!(await people.remove(who)) && people.state === 'damaged') return sendDamaged(request, reply)
    sessions.endAllOf(who)
    return reply.redirect('/people?done=removed', 303)
  })
}

const DONE: Readonly<Record<string, 'people-changed' | 'people-removed'>> = Object.assign(
  Object.create(null),
  { pin: 'people-changed', removed: 'people-removed' },
)

/** A phone's keyboard adds spaces, and some give full-width digits. */
const tidyPin = (body: unknown, name: string): string =>
  field(body, name).slice(0, 40).normalize('NFKC').replaceAll(/\s/g, '')

function refusedPin(
  language: Language,
  reply: FastifyReply,
  answer: Exclude<PinAnswer, { person: Person }>,
): { status: number; sentence: string } {
  switch (answer.refused) {
    case 'wrong':
      return {
        status: 401,
        sentence: say(language, answer.triesLeft > 0 ? 'wrong-pin-left' : 'wrong-pin', {
          count: answer.triesLeft,
        }),
      }
    case 'locked':
      reply.header('retry-after', Math.ceil(answer.waitMs / 1000))
      return {
        status: 429,
        sentence: say(language, 'locked-out', { wait: lasting(language, answer.waitMs) }),
      }
    case 'busy':
      reply.header('retry-after', 5)
      return { status: 429, sentence: say(language, 'pin-busy') }
  }
}

function checkNewPerson(
  language: Language,
  body: unknown,
): { name: string; pin: string; errors: FieldError[] } {
  const name = tidyName(field(body, 'name').slice(0, 200))
  const pin = tidyPin(body, 'newPin')
  const errors = checkNewPin(language, pin, tidyPin(body, 'newAgain'), { first: 'newPin', again: 'newAgain' })
  if (name === undefined) errors.unshift({ field: 'name', sentence: say(language, 'wrong-name') })
  return { name: name ?? '', pin, errors }
}

function checkNewPin(
  language: Language,
  pin: string,
  again: string,
  fields: { first: string; again: string },
): FieldError[] {
  if (!isPinShaped(pin)) return [{ field: fields.first, sentence: say(language, 'wrong-pin-shape') }]
  if (pin !== again) return [{ field: fields.again, sentence: say(language, 'wrong-pin-again') }]
  return []
}
