import type { EventQuery } from '#contract/trace/epcis-condition.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { parseEventQuery } from '#contract/trace/epcis-query.ts'
import {
  EPCIS_ROOT,
  type EpcisAddress,
  type EpcisAnswer,
  type EpcisOutside,
  type EpcisRequest,
} from './address.ts'
import { answerDocument, EPCIS_CONTEXT } from './answer-document.ts'
import { captureOne } from './capture-addresses.ts'
import { hasValue, RESOURCES, type Resource, valuesOf } from './discovery.ts'
import { CAPTURE_HEADERS, epcFormatOf } from './headers.ts'
import { pageOf, refuseParameters } from './paging.ts'
import { countEvents, type PageMark, selectEvents } from './select-events.ts'

/** /events and what the events name: /eventTypes, /epcs, /bizSteps, .. each with its values and their events. */
export function eventAddresses(outside: EpcisOutside): EpcisAddress[] {
  return [
    {
      path: '/events',
      capabilities: CAPTURE_HEADERS,
      methods: {
        GET: (request) => eventsPage(outside, request, {}),
        async POST({ reader, json }) {
          const eventId = await captureOne(outside, reader.id, json())
          return { status: 201, headers: { location: `${EPCIS_ROOT}/events/${encodeURIComponent(eventId)}` } }
        },
      },
    },
    {
      path: '/events/:eventID',
      methods: {
        GET: (request) => eventsPage(outside, request, { EQ_eventID: request.at['eventID'] }, 'one'),
      },
    },
    ...(Object.keys(RESOURCES) as Resource[]).flatMap((resource) => resourceAddresses(outside, resource)),
  ]
}

function resourceAddresses(outside: EpcisOutside, resource: Resource): EpcisAddress[] {
  const { db, pages } = outside
  const exists = async ({ reader, at }: EpcisRequest) => {
    if (await hasValue(db, reader, resource, at['value'] ?? '')) return
    throw new EpcisException(
      'NoSuchResourceException',
      `No event that you may see names this one of ${resource}.`,
      {
        hint: `GET ${EPCIS_ROOT}/${resource} lists them.`,
      },
    )
  }
  return [
    {
      path: `/${resource}`,
      methods: {
        async GET(request) {
          const page = await pageOf(request, pages)
          refuseParameters(page.parameters)
          const after = page.next?.mark as string | undefined
          const found = await valuesOf(db, request.reader, resource, {
            size: page.size,
            ...(after === undefined ? {} : { after }),
          })
          return {
            body: { '@context': EPCIS_CONTEXT, type: 'Collection', member: found.values },
            headers: page.link(found.isMore ? { mark: found.last } : undefined),
          }
        },
      },
    },
    {
      path: `/${resource}/:value`,
      methods: {
        async GET(request) {
          await exists(request)
          return { body: { '@context': EPCIS_CONTEXT, type: 'Collection', member: ['events'] } }
        },
      },
    },
    {
      path: `/${resource}/:value/events`,
      methods: {
        async GET(request) {
          await exists(request)
          const value = request.at['value']
          if (resource !== 'epcs')
            return eventsPage(outside, request, { [RESOURCES[resource].parameter]: value })
          return eventsPage(outside, request, {}, 'list', value)
        },
      },
    },
  ]
}

/** One page of the events that a question finds. `fixed` are parameters that the address itself gives. */
async function eventsPage(
  outside: EpcisOutside,
  request: EpcisRequest,
  fixed: Readonly<Record<string, unknown>>,
  kind: 'list' | 'one' = 'list',
  thing?: string,
): Promise<EpcisAnswer> {
  const page = await pageOf(request, outside.pages)
  // The address's own parameters are whole values, not lists joined by `|`.
  const own = parseEventQuery(fixed, 'json')
  const asked = parseEventQuery(page.parameters, 'url')
  const ofThing = thing === undefined ? [] : [ofAnyKind(thing)]
  const query = { ...asked, conditions: [...own.conditions, ...ofThing, ...asked.conditions] }
  return answerQuery(outside, request, query, page, 'SimpleEventQuery', kind)
}

/** An EPC that an address names may be a thing or a class of things. */
function ofAnyKind(uri: string): EventQuery['conditions'][number] {
  const { conditions } = parseEventQuery({ MATCH_anyEPC: [uri], MATCH_anyEPCClass: [uri] }, 'json')
  const [things, classes] = conditions
  if (things?.kind !== 'thing' || classes?.kind !== 'thing')
    throw new EpcisException('ImplementationException', 'A match is no match.')
  return {
    kind: 'thing',
    roles: [...things.roles, ...classes.roles],
    patterns: [...things.patterns, ...classes.patterns],
  }
}

/** Answers a question, a page at a time, with the bounds that it sets itself. */
export async function answerQuery(
  outside: EpcisOutside,
  request: EpcisRequest,
  query: EventQuery,
  page: Awaited<ReturnType<typeof pageOf>>,
  queryName: string,
  kind: 'list' | 'one' = 'list',
): Promise<EpcisAnswer> {
  const { db, clock, companyPrefixes } = outside
  const format = epcFormatOf(request.headers)
  const { maxEventCount } = query
  if (maxEventCount !== undefined && !page.next) {
    const count = await countEvents(db, request.reader, query, maxEventCount)
    if (count > maxEventCount)
      throw new EpcisException(
        'QueryTooLargeException',
        `The answer has more than ${maxEventCount} events.`,
        {
          hint: 'Ask for less, raise maxEventCount, or leave it away and read page by page.',
        },
      )
  }
  const left = page.next?.left ?? query.eventCountLimit
  const size = left === undefined ? page.size : Math.min(page.size, left)
  const after = page.next?.mark as PageMark | undefined
  const found = await selectEvents(db, request.reader, query, { size, ...(after ? { after } : {}) })
  if (kind === 'one' && found.events.length === 0)
    throw new EpcisException(
      'NoSuchResourceException',
      'There is no event of this eventID, or you may not see it.',
      {
        hint: 'Escape the eventID in the address: ni%3A%2F%2F%2Fsha-256%3B..',
      },
    )
  const leftThen = left === undefined ? undefined : left - found.events.length
  const last = found.events.at(-1)
  const isMore = found.isMore && last !== undefined && leftThen !== 0
  return {
    body: answerDocument(found.events, { format, companyPrefixes }, { queryName, createdAt: clock.wallMs() }),
    headers: {
      'gs1-epc-format': format,
      ...page.link(
        isMore ? { mark: last.at, ...(leftThen === undefined ? {} : { left: leftThen }) } : undefined,
      ),
    },
  }
}
