import { parseEventQuery } from '#contract/trace/epcis-query.ts'
import { EPCIS_ROOT, type EpcisAddress, type EpcisOutside } from './address.ts'
import { answerQuery } from './event-addresses.ts'
import { epcFormatOf } from './headers.ts'
import { addQuery, deleteQuery, type NamedQuery, queriesOf, queryNamed, queryOf } from './named-queries.ts'
import { pageOf, refuseParameters } from './paging.ts'
import {
  addSubscription,
  deleteSubscription,
  shownSubscription,
  subscriptionBy,
  subscriptionsOf,
} from './subscriptions.ts'

/** /queries: questions with a name, their events, and who is told of new ones. */
export function queryAddresses(outside: EpcisOutside): EpcisAddress[] {
  const { db, clock, pages, randomBytes, rules } = outside
  const nowMs = () => Math.round(clock.wallMs())
  const pathOf = (name: string) => `${EPCIS_ROOT}/queries/${name}`
  return [
    {
      path: '/queries',
      methods: {
        async GET(request) {
          const page = await pageOf(request, pages)
          refuseParameters(page.parameters)
          const after = page.next?.mark as string | undefined
          const found = await queriesOf(db, request.reader.id, {
            size: page.size,
            ...(after === undefined ? {} : { after }),
          })
          const last = found.queries.at(-1)
          return {
            body: found.queries.map(shownQuery),
            headers: page.link(found.isMore && last ? { mark: last.name } : undefined),
          }
        },
        async POST({ reader, json }) {
          const query = await addQuery(db, reader.id, json(), nowMs())
          return { status: 201, headers: { location: pathOf(query.name) }, body: shownQuery(query) }
        },
      },
    },
    {
      path: '/queries/:queryName',
      methods: {
        GET: async ({ reader, at }) => ({
          body: shownQuery(await queryNamed(db, reader.id, at['queryName'] ?? '')),
        }),
        async DELETE({ reader, at }) {
          await deleteQuery(db, reader.id, at['queryName'] ?? '')
          return { status: 204 }
        },
      },
    },
    {
      path: '/queries/:queryName/events',
      methods: {
        async GET(request) {
          const stored = await queryNamed(db, request.reader.id, request.at['queryName'] ?? '')
          const page = await pageOf(request, pages)
          // Parameters of the address narrow what the query finds.
          const more = parseEventQuery(page.parameters, 'url')
          const query = queryOf(stored.definition)
          const conditions = [...query.conditions, ...more.conditions]
          return answerQuery(outside, request, { ...query, conditions }, page, stored.name)
        },
      },
    },
    {
      path: '/queries/:queryName/subscriptions',
      methods: {
        async GET(request) {
          const page = await pageOf(request, pages)
          refuseParameters(page.parameters)
          const { name } = await queryNamed(db, request.reader.id, request.at['queryName'] ?? '')
          const all = await subscriptionsOf(db, request.reader.id, name)
          const from = Number(page.next?.mark ?? 0)
          const rows = all.slice(from, from + page.size)
          const isMore = all.length > from + page.size
          return {
            body: rows.map(shownSubscription),
            headers: page.link(isMore ? { mark: from + page.size } : undefined),
          }
        },
        async POST({ reader, at, headers, json }) {
          const { name } = await queryNamed(db, reader.id, at['queryName'] ?? '')
          const of = { owner: reader.id, queryName: name, epcFormat: epcFormatOf(headers) }
          const row = await addSubscription(db, of, json(), { nowMs: nowMs(), randomBytes, rules })
          return {
            status: 201,
            headers: { location: `${pathOf(name)}/subscriptions/${row.subscription_id}` },
            body: shownSubscription(row),
          }
        },
      },
    },
    {
      path: '/queries/:queryName/subscriptions/:subscriptionID',
      methods: {
        async GET({ reader, at }) {
          const row = await subscriptionBy(db, reader.id, at['queryName'] ?? '', at['subscriptionID'] ?? '')
          return { body: shownSubscription(row) }
        },
        async DELETE({ reader, at }) {
          await deleteSubscription(db, reader.id, at['queryName'] ?? '', at['subscriptionID'] ?? '')
          return { status: 204 }
        },
      },
    },
  ]
}

const shownQuery = ({ name, definition, createdAt }: NamedQuery): Record<string, unknown> => ({
  name,
  query: definition,
  createdAt: new Date(createdAt).toISOString(),
})
