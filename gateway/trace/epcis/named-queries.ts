import { sql } from 'kysely'
import type { EventQuery } from '#contract/trace/epcis-condition.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { parseEventQuery } from '#contract/trace/epcis-query.ts'
import type { Db } from '../../store/open-store.ts'

/** A question with a name: a view on the events, whose every reading sees what came meanwhile. */
export interface NamedQuery {
  readonly name: string
  /** The parameters as they were given. */
  readonly definition: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

// A client has some dozens of views; each may have subscriptions that are run for ever.
const MAX_QUERIES = 200
const MAX_DEFINITION_BYTES = 64 * 1024

/** The parameters of a stored question. They were read once before, so they can be read again. */
export const queryOf = (definition: NamedQuery['definition']): EventQuery =>
  parseEventQuery(definition, 'json')

/** Throws `QueryValidationException` for what is no query, `ResourceAlreadyExistsException` for a name that is taken. */
export async function addQuery(db: Db, owner: string, body: unknown, nowMs: number): Promise<NamedQuery> {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw malformed('is not an object')
  const { name, query, ...others } = body as Record<string, unknown>
  if (typeof name !== 'string' || !/^[\w\-.~]{1,100}$/.test(name))
    throw malformed('needs a name of 1 to 100 letters, digits, and - . _ ~')
  if (query === null || typeof query !== 'object' || Array.isArray(query))
    throw malformed('needs a query: an object of parameters')
  const strange = Object.keys(others).find((key) => key !== '@context')
  if (strange !== undefined) throw malformed(`has "${strange.slice(0, 60)}", which is not known`)
  const definition = query as Record<string, unknown>
  for (const key of ['perPage', 'nextPageToken'])
    if (key in definition) throw malformed(`has ${key}, which belongs to a page and not to a query`)
  parseEventQuery(definition, 'json')
  const text = JSON.stringify(definition)
  if (text.length > MAX_DEFINITION_BYTES) throw malformed(`is longer than ${MAX_DEFINITION_BYTES} characters`)
  const { rows } = await sql<{
    count: number
  }>`SELECT count(*) AS count FROM epcis_query WHERE owner = ${owner}`.execute(db)
  if ((rows[0]?.count ?? 0) >= MAX_QUERIES)
    throw new EpcisException(
      'QueryTooComplexException',
      `There are ${MAX_QUERIES} queries of yours already.`,
      {
        hint: 'Delete one that is not needed any longer.',
      },
    )
  const { numAffectedRows } = await sql`INSERT INTO epcis_query VALUES (${owner}, ${name}, ${text}, ${nowMs})
    ON CONFLICT (owner, name) DO NOTHING`.execute(db)
  if (numAffectedRows !== 1n)
    throw new EpcisException('ResourceAlreadyExistsException', `There is a query ${name} already.`, {
      hint: 'Choose another name, or delete that one.',
    })
  return { name, definition, createdAt: nowMs }
}

/** Throws `NoSuchNameException`. */
export async function queryNamed(db: Db, owner: string, name: string): Promise<NamedQuery> {
  const { rows } = await sql<QueryRow>`SELECT name, definition, created_at FROM epcis_query
    WHERE owner = ${owner} AND name = ${name.slice(0, 200)}`.execute(db)
  if (!rows[0])
    throw new EpcisException('NoSuchNameException', `There is no query ${name.slice(0, 100)} of yours.`, {
      hint: 'GET /queries lists them.',
    })
  return named(rows[0])
}

/** In the order of their names, from behind `after`. */
export async function queriesOf(
  db: Db,
  owner: string,
  page: { readonly size: number; readonly after?: string },
): Promise<{ readonly queries: NamedQuery[]; readonly isMore: boolean }> {
  const { rows } = await sql<QueryRow>`SELECT name, definition, created_at FROM epcis_query
    WHERE owner = ${owner} AND name > ${page.after ?? ''} ORDER BY name LIMIT ${page.size + 1}`.execute(db)
  return { queries: rows.slice(0, page.size).map(named), isMore: rows.length > page.size }
}

/** With its subscriptions. Throws `NoSuchNameException`. */
export async function deleteQuery(db: Db, owner: string, name: string): Promise<void> {
  await queryNamed(db, owner, name)
  await sql`DELETE FROM epcis_subscription WHERE owner = ${owner} AND query_name = ${name}`.execute(db)
  await sql`DELETE FROM epcis_query WHERE owner = ${owner} AND name = ${name}`.execute(db)
}

interface QueryRow {
  name: string
  definition: string
  created_at: number
}

const named = ({ name, definition, created_at: createdAt }: QueryRow): NamedQuery => ({
  name,
  definition: JSON.parse(definition) as Record<string, unknown>,
  createdAt,
})

const malformed = (what: string): EpcisException =>
  new EpcisException('QueryValidationException', `The query ${what}.`, {
    hint: 'Such as {"name":"harvests","query":{"EQ_bizStep":["commissioning"]}}.',
  })
