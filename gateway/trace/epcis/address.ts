import type { FastifyRequest } from 'fastify'
import type { CaptureJobs, CaptureOutside } from './capture-jobs.ts'
import type { EventReader } from './event-reader.ts'
import type { PageTokens } from './page-token.ts'
import type { WebhookRules } from './webhook.ts'

/** What the EPCIS addresses need of the gateway around them. */
export interface EpcisOutside extends CaptureOutside {
  /** Who asks, or undefined for somebody that did not say. */
  readonly readerOf: (request: FastifyRequest) => Promise<EventReader | undefined>
  readonly jobs: CaptureJobs
  readonly pages: PageTokens
  readonly rules: WebhookRules
  readonly companyPrefixes: readonly string[]
}

/** One request, taken apart. */
export interface EpcisRequest {
  readonly reader: EventReader
  /** What stands in the address for each `:name`. */
  readonly at: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: FastifyRequest['headers']
  /** The body as JSON. Throws where it is none. */
  readonly json: () => unknown
  /** The path of this address, for links to others. */
  readonly path: string
}

export interface EpcisAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export type Method = 'GET' | 'POST' | 'DELETE'

/** An address: its path below /epcis/v2 and what each method does. */
export interface EpcisAddress {
  readonly path: string
  readonly methods: Partial<Record<Method, (request: EpcisRequest) => Promise<EpcisAnswer>>>
  /** Told by OPTIONS beside what is told of every address. */
  readonly capabilities?: Readonly<Record<string, string>>
}

export const EPCIS_ROOT = '/epcis/v2'
