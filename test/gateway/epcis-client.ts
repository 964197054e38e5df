import { expect } from 'vitest'
import type { Scope } from '../../gateway/accounts/tokens.ts'
import type { GatewayConfig } from '../../gateway/config.ts'
import { RunningGateway } from './running-gateway.ts'

type Answer = Awaited<ReturnType<RunningGateway['app']['inject']>>
export type Event = Record<string, unknown>

export const CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'

/** An integrator's program before a running gateway: it has a token and speaks EPCIS. */
export class EpcisClient<Province extends Pick<RunningGateway, 'gateway' | 'app'> = RunningGateway> {
  readonly province: Province
  readonly #token: string

  constructor(province: Province, token: string) {
    this.province = province
    this.#token = token
  }

  static async open(config: Partial<GatewayConfig> = {}): Promise<EpcisClient> {
    return EpcisClient.at(await RunningGateway.open({ config }), 'hop-tac-xa')
  }

  static async at<Province extends Pick<RunningGateway, 'gateway' | 'app'>>(
    province: Province,
    name: string,
    scopes: readonly Scope[] = ['epcis-read', 'epcis-capture'],
    farmIds: 'all' | readonly string[] = 'all',
  ): Promise<EpcisClient<Province>> {
    return new EpcisClient(province, await province.gateway.newToken({ name, scopes, farmIds }))
  }

  request(
    method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS' | 'PUT',
    path: string,
    options: { body?: unknown; text?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const payload = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    return this.province.app.inject({
      method,
      url: path.startsWith('/epcis/v2') ? path : `/epcis/v2${path}`,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(payload === undefined ? {} : { payload }),
    })
  }

  /** Captures a document and returns its job once it is done. */
  async capture(
    events: readonly unknown[],
    headers: Record<string, string> = {},
    context: unknown[] = [],
  ): Promise<Event> {
    const answer = await this.request('POST', '/capture', { body: documentOf(events, context), headers })
    expect(answer.statusCode, answer.body).toBe(202)
    return this.job(String(answer.headers.location))
  }

  async job(location: string): Promise<Event> {
    for (;;) {
      const answer = await this.request('GET', location)
      expect(answer.statusCode, answer.body).toBe(200)
      const job = answer.json() as Event
      if (job['running'] === false) return job
      await new Promise(setImmediate)
    }
  }

  /** The eventIDs that a question finds, in the order of the answer. */
  async find(question: string | Record<string, string>): Promise<string[]> {
    const search = typeof question === 'string' ? question : String(new URLSearchParams(question))
    const answer = await this.request('GET', `/events?${search}`)
    expect(answer.statusCode, answer.body).toBe(200)
    return eventsIn(answer).map((event) => String(event['eventID']))
  }
}

export const eventsIn = (answer: { json: () => unknown }): Event[] =>
  (answer.json() as { epcisBody: { queryResults: { resultsBody: { eventList: Event[] } } } }).epcisBody
    .queryResults.resultsBody.eventList

export const documentOf = (events: readonly unknown[], context: unknown[] = []): Event => ({
  '@context': [CONTEXT, ...context],
  type: 'EPCISDocument',
  schemaVersion: '2.0',
  creationDate: '2026-11-23T07:30:00+07:00',
  epcisBody: { eventList: events },
})

/** An ObjectEvent on the given day of November; what a test is about goes into `more`. */
export const observed = (day: number, more: Event = {}): Event => ({
  type: 'ObjectEvent',
  eventID: `urn:uuid:00000000-0000-4000-8000-${String(day).padStart(12, '0')}`,
  eventTime: `2026-11-${String(day).padStart(2, '0')}T07:30:00+07:00`,
  eventTimeZoneOffset: '+07:00',
  action: 'OBSERVE',
  epcList: [],
  ...more,
})

export const idOf = (day: number): string => String(observed(day)['eventID'])
