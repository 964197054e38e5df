import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Html } from '#contract/ground/html.ts'
import type { Page } from './layout.ts'
import type { PageOptions, PageSources } from './page-sources.ts'
import type { People } from './people.ts'
import type { SavedForms } from './saved-forms.ts'
import type { Sessions } from './sessions.ts'
import type { Visit, Visits } from './visit.ts'

/** What the routes of the page share. */
export interface PageRoom {
  readonly options: PageOptions
  readonly sources: PageSources
  readonly people: People
  readonly sessions: Sessions
  readonly savedForms: SavedForms
  readonly visits: Visits
  readonly newToken: () => string
  send(reply: FastifyReply, visit: Visit, page: Page, status?: number): FastifyReply
  /** Answers with a page that says what is not as it should be. */
  problem(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    kind: ProblemKind,
    more?: Html,
  ): FastifyReply
}

/** Each has a title and a sentence in messages.ts. */
export type ProblemKind = 'not-found' | 'stale' | 'origin' | 'bad-request' | 'broken'
