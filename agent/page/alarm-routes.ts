import type { FastifyInstance } from 'fastify'
import { linkTo } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import { field } from './visit.ts'

const ID = /^[A-Za-z0-9-]{1,64}$/

/** A person says that an alarm was seen: with a PIN, as all that is written. Saying it twice is saying it once. */
export function alarmRoutes(app: FastifyInstance, room: PageRoom): void {
  const { sources, visits } = room
  app.post('/alarms/:id/acknowledge', async (request, reply) => {
    const visit = visits.of(request, reply)
    if (!visit.person) return reply.redirect('/sign-in?next=/', 303)
    if (!visits.isFormOurs(request))
      return room.problem(request, reply, 403, 'stale', linkTo(visit, '/', 'stale-again'))
    const id = field(request.params, 'id')
    const done = ID.test(id) ? await sources.acknowledgeAlarm?.(id, visit.person.id) : undefined
    // One that is over meanwhile needs nobody any more: the page shows how it is.
    if (done === undefined) return room.problem(request, reply, 404, 'not-found')
    return reply.redirect('/', 303)
  })
}
