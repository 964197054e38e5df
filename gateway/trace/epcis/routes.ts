import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { isTooDeep, MAX_JSON_DEPTH } from '#contract/trace/json-depth.ts'
import { EPCIS_ROOT, type EpcisAddress, type EpcisOutside, type Method } from './address.ts'
import { EPCIS_CONTEXT } from './answer-document.ts'
import { captureAddresses } from './capture-addresses.ts'
import { eventAddresses } from './event-addresses.ts'
import type { EventReader } from './event-reader.ts'
import {
  CAPABILITY_HEADERS,
  CAPTURE_HEADERS,
  checkAccepted,
  checkBodyType,
  MAX_CAPTURE_BYTES,
  VERSION_HEADERS,
} from './headers.ts'
import { epcisProblem } from './problem.ts'
import { queryAddresses } from './query-addresses.ts'

// Node takes 16 kB of headers in all; a longer question is a named query.
const MAX_URL = 8000

const TOP_LEVEL = [
  'capture',
  'events',
  'queries',
  'eventTypes',
  'epcs',
  'bizSteps',
  'bizLocations',
  'readPoints',
  'dispositions',
]

/**
 * GS1 EPCIS 2.0 REST. Identifiers in the addresses are URIs with escaped slashes, longer than what a parameter of the
 * router may be, so one address takes them all and the table below tells them apart.
 */
export function epcisRoutes(app: FastifyInstance, outside: EpcisOutside): void {
  const addresses: readonly EpcisAddress[] = [
    {
      path: '',
      methods: {
        GET: async () => ({ body: { '@context': EPCIS_CONTEXT, type: 'Collection', member: TOP_LEVEL } }),
      },
    },
    ...captureAddresses(outside),
    ...eventAddresses(outside),
    ...queryAddresses(outside),
    {
      path: '/nextPageToken/:token',
      methods: {
        async DELETE({ at }) {
          await outside.pages.end(at['token'] ?? '')
          return { status: 204 }
        },
      },
    },
  ]
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      { parseAs: 'string', bodyLimit: MAX_CAPTURE_BYTES },
      (_request, body, done) => done(null, body),
    )
    scope.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply))
    // Before a body is read: who asks, in which form, and whether it is taken here at all.
    const known = new WeakMap<FastifyRequest, EventReader>()
    scope.addHook('onRequest', async (request, reply) => {
      reply.headers(VERSION_HEADERS)
      if (request.url.length > MAX_URL)
        throw new EpcisException('URITooLongException', `The address has more than ${MAX_URL} characters.`, {
          hint: 'Make it a named query: POST /epcis/v2/queries.',
        })
      known.set(request, await readerOrRefuse(request, outside))
      if (request.method === 'OPTIONS') return
      checkAccepted(request.headers)
      if (request.method === 'POST') checkBodyType(request.headers)
    })
    const handle = async (request: FastifyRequest, reply: FastifyReply) => {
      const found = addressOf(addresses, request.url)
      const reader = known.get(request)
      if (!found || !reader)
        throw new EpcisException('NoSuchResourceException', 'There is no such address in EPCIS 2.0.', {
          hint: 'GET /epcis/v2 lists what there is.',
        })
      const allow = ['OPTIONS', ...Object.keys(found.address.methods)].join(', ')
      if (request.method === 'OPTIONS')
        return reply
          .status(204)
          .headers({ ...CAPABILITY_HEADERS, ...found.address.capabilities, allow })
          .send()
      refuseUpgrade(request)
      const method = request.method === 'HEAD' ? 'GET' : request.method
      const work = found.address.methods[method as Method]
      if (!work) {
        reply.header('allow', allow)
        throw new EpcisException(
          'ImplementationException',
          `${request.method} is not offered at this address.`,
          {
            status: 405,
            hint: `It takes ${allow}.`,
          },
        )
      }
      const query = request.query as Record<string, unknown>
      const json = () => jsonOf(request.body)
      const path = request.url.split('?')[0] ?? ''
      const answer = await work({ reader, at: found.at, query, headers: request.headers, json, path })
      reply.status(answer.status ?? 200).headers(answer.headers ?? {})
      return answer.body === undefined ? reply.send() : reply.type('application/json').send(answer.body)
    }
    for (const url of [EPCIS_ROOT, `${EPCIS_ROOT}/*`])
      scope.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url, handler: handle })
  })
}

async function readerOrRefuse(request: FastifyRequest, { readerOf }: EpcisOutside): Promise<EventReader> {
  const reader = await readerOf(request)
  if (!reader)
    throw new EpcisException('SecurityException', 'This needs a token.', {
      status: 401,
      hint: 'Send Authorization: Bearer with a token of vuon-gateway token new --scope epcis-read or epcis-capture.',
    })
  const isReading =
    request.method !== 'POST' || !/^\/epcis\/v2\/(?:capture|events)\/?(?:\?|$)/.test(request.url)
  const isOfCapture = /^\/epcis\/v2\/capture(?:[/?]|$)/.test(request.url)
  const mayAsk = isReading
    ? reader.mayRead || (isOfCapture && reader.mayCapture) || request.method === 'OPTIONS'
    : reader.mayCapture
  if (!mayAsk)
    throw new EpcisException('SecurityException', `This token may not ${isReading ? 'read' : 'capture'}.`, {
      hint: `Ask the province for one with the scope ${isReading ? 'epcis-read' : 'epcis-capture'}.`,
    })
  return reader
}

function refuseUpgrade(request: FastifyRequest): void {
  if (request.headers.upgrade === undefined) return
  throw new EpcisException('ImplementationException', 'Subscriptions over WebSocket are not offered.', {
    status: 501,
    hint: 'Subscribe with a webhook: POST /epcis/v2/queries/NAME/subscriptions.',
  })
}

/** The address that a path is one of, and what stands in it. Segments are decoded one by one. */
function addressOf(
  addresses: readonly EpcisAddress[],
  url: string,
): { readonly address: EpcisAddress; readonly at: Record<string, string> } | undefined {
  const path = (url.split('?')[0] ?? '').slice(EPCIS_ROOT.length).replace(/\/$/, '')
  const segments = path.split('/')
  for (const address of addresses) {
    const wanted = address.path.split('/')
    if (wanted.length !== segments.length) continue
    const at: Record<string, string> = {}
    const isIt = wanted.every((each, index) => {
      const segment = segments[index] ?? ''
      if (!each.startsWith(':')) return each === segment
      at[each.slice(1)] = decoded(segment)
      return segment !== ''
    })
    if (isIt) return { address, at }
  }
  return undefined
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new EpcisException('ValidationException', 'The address has an escape that is no UTF-8.')
  }
}

function jsonOf(body: unknown): unknown {
  let value: unknown
  try {
    value = JSON.parse(typeof body === 'string' ? body : '')
  } catch {
    throw new EpcisException('ValidationException', 'The body is not JSON.')
  }
  if (isTooDeep(value))
    throw new EpcisException('ValidationException', `The body is nested more than ${MAX_JSON_DEPTH} deep.`)
  return value
}

function answerError(error: FastifyError, reply: FastifyReply): FastifyReply {
  const problem = epcisProblem(error)
  // What should not have failed, and what asks for patience, is answered as at every other address.
  if (!problem) throw error
  if (problem.status === 413) reply.headers(CAPTURE_HEADERS)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.status(problem.status).type('application/problem+json').send(problem)
}
