import type { FastifyInstance } from 'fastify'
import { readWish } from './lighting-trial.ts'
import { orchardContent, plotContent, plotTitle } from './orchard.ts'
import { sayOrchard } from './orchard-messages.ts'
import type { PageRoom } from './page-room.ts'
import { field } from './visit.ts'

/** The orchard today: all plots with their advice, and one plot with its charts. */
export function orchardRoutes(app: FastifyInstance, { sources, visits, ...room }: PageRoom): void {
  app.get('/orchard', async (request, reply) => {
    const visit = visits.of(request, reply)
    const title = sayOrchard(visit.language, 'title')
    return room.send(reply, visit, {
      title,
      body: orchardContent(visit, sources.field?.()),
      reloadS: 300,
      isOrchard: true,
    })
  })

  app.get('/orchard/:plot', async (request, reply) => {
    const visit = visits.of(request, reply)
    const answer = sources.field?.()
    const plot = answer?.plots.find((each) => each.plot === field(request.params, 'plot'))
    if (!answer || !plot) return room.problem(request, reply, 404, 'not-found')
    const asked = readWish((name) => field(request.query, name))
    const trial =
      asked.kind === 'asked' ? (sources.tryLighting?.(answer, plot.plot, asked.wish) ?? null) : null
    return room.send(reply, visit, {
      title: plotTitle(visit, plot),
      body: plotContent(visit, answer, plot, asked, trial),
      isOrchard: true,
    })
  })
}
