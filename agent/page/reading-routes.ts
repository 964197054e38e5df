import type { FastifyInstance } from 'fastify'
import { html } from '#contract/ground/html.ts'
import { devicesContent } from './devices.ts'
import { homeContent, readingName } from './home.ts'
import { keepingContent } from './keeping.ts'
import { say } from './messages.ts'
import type { PageRoom } from './page-room.ts'
import { rangeOf, seriesContent } from './series.ts'
import { field } from './visit.ts'

/** What one looks at: now, a series, devices, what is kept and sent. */
export function readingRoutes(app: FastifyInstance, room: PageRoom): void {
  const { sources, people, visits } = room
  const damagedFile = () => (people.state === 'damaged' ? people.path : null)

  const nameOf = (id: string) => people.find(id)?.name

  app.get('/', async (request, reply) => {
    const visit = visits.of(request, reply)
    const overview = await sources.overview()
    const body = html`<p class="note critical" role="status" data-lost hidden>${say(visit.language, 'lost-box')}</p><div data-live="/fragment/home">${homeContent(visit, overview, damagedFile(), nameOf)}</div>`
    return room.send(reply, visit, {
      title: say(visit.language, 'nav-home'),
      body,
      scripts: ['refresh'],
      reloadS: 60,
    })
  })

  app.get('/fragment/home', async (request, reply) => {
    const overview = await sources.overview()
    const content = homeContent(visits.of(request, reply), overview, damagedFile(), nameOf)
    return reply.type('text/html; charset=utf-8').send(content.text)
  })

  app.get('/series/:no', async (request, reply) => {
    const visit = visits.of(request, reply)
    const asked = field(request.params, 'no')
    const overview = await sources.overview()
    for (const device of overview.devices) {
      const reading = device.readings.find((each) => String(each.seriesNo) === asked)
      if (!reading) continue
      const range = rangeOf(field(request.query, 'range'))
      return room.send(reply, visit, {
        title: readingName(visit.language, reading),
        body: await seriesContent(visit, sources, device, reading, range),
        reloadS: 300,
      })
    }
    return room.problem(request, reply, 404, 'not-found')
  })

  app.get('/devices', async (request, reply) => {
    const visit = visits.of(request, reply)
    const overview = await sources.overview()
    const body = devicesContent(visit, overview)
    const title = say(visit.language, 'devices-title')
    return room.send(reply, visit, { title, body, reloadS: 60 })
  })

  app.get('/keeping', async (request, reply) => {
    const visit = visits.of(request, reply)
    const overview = await sources.overview()
    const body = keepingContent(visit, overview)
    const title = say(visit.language, 'keeping-title')
    return room.send(reply, visit, { title, body, reloadS: 60 })
  })

  app.get('/api/overview', async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(await sources.overview())),
  )
}
