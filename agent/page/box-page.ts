import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import fastify, { type FastifyInstance } from 'fastify'
import type { Clock } from '#contract/ground/clock.ts'
import { ERRORS, problemOf, VuonError } from '#contract/ground/errors.ts'
import { html } from '#contract/ground/html.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { alarmRoutes } from './alarm-routes.ts'
import { Assets } from './assets.ts'
import { bookRoutes } from './book-routes.ts'
import { farmBookRoutes } from './farm-book-routes.ts'
import { labelRoutes, papersOf } from './label-routes.ts'
import { layout, note } from './layout.ts'
import { say } from './messages.ts'
import { orchardRoutes } from './orchard-routes.ts'
import { isOwnHost, isOwnOrigin } from './own-address.ts'
import type { PageRoom } from './page-room.ts'
import type { PageOptions, PageSources } from './page-sources.ts'
import { People } from './people.ts'
import { peopleRoutes } from './people-routes.ts'
import { photoRoutes } from './photo-routes.ts'
import { readingRoutes } from './reading-routes.ts'
import { SavedForms } from './saved-forms.ts'
import { Sessions } from './sessions.ts'
import { localPath, Visits } from './visit.ts'

export interface PageOutside {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly log?: { error(facts: object, sentence: string): void }
  /** What a guess at a PIN costs; a test's people are not guessed at. */
  readonly pinCost?: number
  /** Further addresses of this server, such as /healthz and /metrics; the Host check covers them, a PIN does not. */
  readonly routes?: (app: FastifyInstance) => void
}

// A form is a few short fields.
const MAX_FORM_BYTES = 8 * 1024
// A shed's phones, each with a few connections; the box has other things to do.
const MAX_CONNECTIONS = 100

// No route here declares a schema; Fastify would load what compiles them all the same, 300 files of it.
const noSchema = () => () => {
  throw new TypeError('routes of the page declare no schema')
}
const NO_SCHEMAS = { buildValidator: noSchema, buildSerializer: noSchema }

// No inline script or style, nothing from elsewhere; fetch only to ourselves.
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/**
 * The box's own page: plain HTTP on the LAN, HTML from the server, forms that work without script.
 *
 *   request ─► Host ours? ─► PIN needed to read? ─► form: Origin ours? token ours? signed in? ─► farm book
 */
export class BoxPage {
  readonly #options: PageOptions
  readonly #sources: PageSources
  readonly #outside: PageOutside
  #app: FastifyInstance | undefined

  constructor(options: PageOptions, sources: PageSources, outside: PageOutside) {
    this.#options = options
    this.#sources = sources
    this.#outside = outside
  }

  /** Composes without listening: tests inject. Makes the one-time code while nobody may write yet. */
  async serve(): Promise<FastifyInstance> {
    if (this.#app) return this.#app
    const { clock, randomBytes, log, routes, pinCost } = this.#outside
    const options = this.#options
    let farm = ''
    const sources: PageSources = Object.assign(Object.create(this.#sources), {
      overview: async () => {
        const overview = await this.#sources.overview()
        farm = overview.farm?.name ?? ''
        return overview
      },
    })
    const people = new People(options.dataDir, { clock, randomBytes, ...(pinCost ? { pinCost } : {}) })
    people.open()
    const sessions = new Sessions({ clock, randomBytes })
    const visits = new Visits(options, people, sessions, () => sources.nowMs())
    const assets = new Assets(papersOf(sources.labels))
    const app = fastify({
      bodyLimit: MAX_FORM_BYTES,
      logger: false,
      forceCloseConnections: true,
      // A photo of 20 MB over the far end of a shed's Wi-Fi, at 1.4 Mbit/s.
      requestTimeout: 120_000,
      routerOptions: { maxParamLength: 100 },
      schemaController: { compilersFactory: NO_SCHEMAS },
    })
    app.server.maxConnections = MAX_CONNECTIONS
    const room: PageRoom = {
      options,
      sources,
      people,
      sessions,
      savedForms: new SavedForms(options.dataDir),
      visits,
      newToken: () => sessions.newCookie(),
      send: (reply, visit, page, status = 200) =>
        reply
          .status(status)
          .type('text/html; charset=utf-8')
          .send(layout(visit, assets, page, visit.person || !options.readingNeedsPin ? farm : '').text),
      problem(request, reply, status, kind, more) {
        const visit = visits.of(request, reply)
        const title = say(visit.language, `${kind}-title`)
        const body = html`${note('warning', say(visit.language, `${kind}-more`), more)}`
        return room.send(reply, visit, { title, body }, status)
      },
    }
    await app.register(cookie)
    guard(app, room)
    addErrors(app, room, log)
    await app.register(async (pages) => {
      pages.removeAllContentTypeParsers()
      await pages.register(formbody, { bodyLimit: MAX_FORM_BYTES })
      askForPin(pages, room)
      peopleRoutes(pages, room)
      readingRoutes(pages, room)
      orchardRoutes(pages, room)
      alarmRoutes(pages, room)
      farmBookRoutes(pages, room)
      bookRoutes(pages, room)
      labelRoutes(pages, room)
      photoRoutes(pages, room)
    })
    assets.routes(app)
    routes?.(app)
    await app.ready()
    // The farm's name stands above every page, also on those that ask for nothing else.
    void sources.overview().catch(() => undefined)
    this.#app = app
    return app
  }

  /** Returns the address that it listens on. */
  async listen(): Promise<string> {
    const app = this.#app ?? (await this.serve())
    return app.listen({ host: this.#options.host, port: this.#options.port })
  }

  async close(): Promise<void> {
    await this.#app?.close()
    this.#app = undefined
  }
}

/** Before anything else: is it us who are asked, and, when something is to be changed, from a page of ours? */
function guard(app: FastifyInstance, room: PageRoom): void {
  app.addHook('onRequest', async (request, reply) => {
    reply
      .header('content-security-policy', CONTENT_POLICY)
      .header('x-content-type-options', 'nosniff')
      // With no-referrer browsers would send `Origin: null` with our own forms.
      .header('referrer-policy', 'same-origin')
      .header('cache-control', 'no-store')
    if (!isOwnHost(request.headers.host, room.options.hostNames)) {
      const visit = room.visits.of(request, reply)
      const host = (request.headers.host ?? '').slice(0, 100)
      const more = say(visit.language, 'wrong-host-more', { host })
      const title = say(visit.language, 'wrong-host-title')
      return room.send(reply, visit, { title, body: note('warning', more) }, 421)
    }
    const isReading = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS'
    if (!isReading && !isOwnOrigin(request.headers)) return room.problem(request, reply, 403, 'origin')
    return undefined
  })
}

// What a phone needs to get in; everything else can be closed.
const OPEN_PATHS: ReadonlySet<string> = new Set(['/sign-in', '/people/first'])

function askForPin(app: FastifyInstance, room: PageRoom): void {
  app.addHook('onRequest', async (request, reply) => {
    const path = request.routeOptions.url ?? ''
    if (!room.options.readingNeedsPin || OPEN_PATHS.has(path)) return undefined
    if (room.visits.of(request, reply).person) return undefined
    if (path.startsWith('/api/')) throw new VuonError('session-required')
    const next = request.method === 'GET' && !path.startsWith('/fragment/') ? request.url : '/'
    return reply.redirect(`/sign-in?next=${encodeURIComponent(localPath(next))}`, 303)
  })
}

function addErrors(app: FastifyInstance, room: PageRoom, log: PageOutside['log']): void {
  app.setNotFoundHandler((request, reply) => room.problem(request, reply, 404, 'not-found'))
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status =
      error instanceof VuonError
        ? ERRORS[error.code].status
        : error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
          ? error.statusCode
          : 500
    if (status >= 500) log?.error({ err: error, path: request.routeOptions.url }, 'the page could not answer')
    if (request.url.startsWith('/api/')) {
      const known = status < 500 && !(error instanceof VuonError) ? new VuonError('input-invalid') : error
      return reply.status(status).type('application/problem+json').send(problemOf(known))
    }
    return room.problem(request, reply, status, status >= 500 ? 'broken' : 'bad-request')
  })
}
