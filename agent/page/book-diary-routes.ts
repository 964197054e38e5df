import type { FastifyInstance } from 'fastify'
import { html } from '#contract/ground/html.ts'
import { DIARY_LINES, diaryContent } from './book-diary.ts'
import type { BookDoor, DiaryScope } from './book-door.ts'
import { sayBook } from './book-messages.ts'
import { refusedEntry } from './book-refused.ts'
import type { FieldError } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import { field } from './visit.ts'

/** The diary of a season: a page that prints, a spreadsheet, the signed events. */
export function diaryRoutes(
  app: FastifyInstance,
  { sources, visits, ...room }: PageRoom,
  book: BookDoor,
): void {
  const { plots } = sources.farmBook

  app.get('/book/diary', async (request, reply) => {
    const visit = visits.of(request, reply)
    const { language } = visit
    const asked = scopeOf(request.query)
    // A year without being asked: the season, and the one that it is compared with.
    const scope = { ...asked, from: asked.from ?? yearBefore(sources.farmBook.today()) }
    let errors: FieldError[] = []
    let table = html``
    try {
      table = await book.diary(scope, language)
    } catch (error) {
      const names = { from: sayBook(language, 'diary-from'), to: sayBook(language, 'diary-to') }
      const refused = refusedEntry(language, error, (name) => names[name as 'from' | 'to'])
      if (!refused) throw error
      errors = [refused.error]
    }
    const { plot, from = '', to = '9' } = scope
    const shown = (await book.activities())
      .filter(({ activity }) => !activity.isWithdrawn && (plot === undefined || activity.plot === plot))
      .filter(({ activity }) => book.dayOf(activity.at) >= from && book.dayOf(activity.at) <= to)
      .slice(0, DIARY_LINES)
    const lines = { shown: errors.length > 0 ? [] : shown, dayOf: (ms: number) => book.dayOf(ms) }
    const body = diaryContent(visit, plots, scope, table, lines, errors)
    const title = sayBook(language, 'diary-title')
    return room.send(reply, visit, { title, body, isBook: true }, errors.length > 0 ? 400 : 200)
  })

  for (const [path, format, type] of [
    ['/book/diary.csv', 'csv', 'text/csv; charset=utf-8'],
    ['/book/diary.json', 'epcis', 'application/json; charset=utf-8'],
  ] as const)
    app.get(path, async (request, reply) => {
      const { language } = visits.of(request, reply)
      const scope = scopeOf(request.query)
      try {
        const text = await book.diaryFile(scope, format, language)
        const name = ['nhat-ky', scope.plot, scope.from, scope.to].filter(Boolean).join('-')
        const file = `${name}.${path.slice(path.indexOf('.') + 1)}`
        return reply.header('content-disposition', `attachment; filename="${file}"`).type(type).send(text)
      } catch (error) {
        if (!refusedEntry(language, error)) throw error
        return room.problem(request, reply, 400, 'bad-request')
      }
    })
}

const yearBefore = (day: string): string =>
  `${Number(day.slice(0, 4)) - 1}${day.slice(4).replace('02-29', '02-28')}`

function scopeOf(query: unknown): DiaryScope {
  const text = (name: string): string | undefined => field(query, name).slice(0, 64) || undefined
  return { plot: text('plot'), from: text('from'), to: text('to') }
}
