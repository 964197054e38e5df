import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accessByToken, accessOf, accessOfPerson } from './accounts/tokens.ts'
import type { Viewer } from './accounts/viewer.ts'
import type { Db, Tx } from './store/open-store.ts'
import { CaptureJobs, type CaptureOutside } from './trace/epcis/capture-jobs.ts'
import type { EventReader } from './trace/epcis/event-reader.ts'
import { Notifier } from './trace/epcis/notifier.ts'
import { PageTokens } from './trace/epcis/page-token.ts'
import { epcisRoutes } from './trace/epcis/routes.ts'
import type { WebhookRules } from './trace/epcis/webhook.ts'

interface EpcisDeskOutside extends Pick<CaptureOutside, 'clock' | 'randomBytes'> {
  readonly db: Db
  readonly random: () => number
  readonly inTransaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** Appends events to the province's record; `by` is whose they are. */
  readonly appendEvents: (tx: Tx, events: readonly Uint8Array[], by: string) => Promise<void>
  /** The person behind a session's cookie. */
  readonly viewerOf: (request: FastifyRequest) => Promise<Viewer>
  /** Seals page tokens; the same in every replica. */
  readonly pageKey: Uint8Array
  readonly rules: WebhookRules
  readonly companyPrefixes: readonly string[]
}

/** Puts the EPCIS interface together: capture, questions, and who is told of new events. */
export class EpcisDesk {
  readonly notifier: Notifier
  readonly #outside: EpcisDeskOutside
  readonly #jobs: CaptureJobs

  constructor(outside: EpcisDeskOutside) {
    this.#outside = outside
    this.#jobs = new CaptureJobs(outside)
    this.notifier = new Notifier({ ...outside, readerOf: (owner) => accessOf(outside.db, owner) })
  }

  addRoutes(app: FastifyInstance): void {
    const { db, clock, pageKey } = this.#outside
    epcisRoutes(app, {
      ...this.#outside,
      jobs: this.#jobs,
      pages: new PageTokens(db, pageKey, () => clock.wallMs()),
      readerOf: (request) => this.#readerOf(request),
    })
  }

  /** Ends when what was captured is stored and nobody is being told anything. */
  async stop(): Promise<void> {
    await this.notifier.stop()
    await this.#jobs.idle()
  }

  /** A program by its token, or a person of the Department by the session of the screens. */
  async #readerOf(request: FastifyRequest): Promise<EventReader | undefined> {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return accessByToken(this.#outside.db, bearer)
    const viewer = await this.#outside.viewerOf(request)
    return viewer.kind === 'person' ? accessOfPerson(viewer) : undefined
  }
}
