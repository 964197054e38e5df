import { sql } from 'kysely'
import { bareWord, nameOf, uriOfName } from '#contract/trace/epcis-names.ts'
import type { Db } from '../../store/open-store.ts'
import { type EventReader, visibleTo } from './event-reader.ts'

/** What the events of a repository name, asked by kind: EPCIS 2.0's top-level resources. */
export const RESOURCES = {
  eventTypes: { parameter: 'eventType', word: 'eventType', canonical: (text: string) => text },
  epcs: { parameter: 'MATCH_anyEPC', word: undefined, canonical: nameOf },
  bizSteps: {
    parameter: 'EQ_bizStep',
    word: 'bizStep',
    canonical: (text: string) => bareWord('bizStep', text),
  },
  bizLocations: { parameter: 'EQ_bizLocation', word: 'bizLocation', canonical: nameOf },
  readPoints: { parameter: 'EQ_readPoint', word: 'readPoint', canonical: nameOf },
  dispositions: {
    parameter: 'EQ_disposition',
    word: 'disposition',
    canonical: (text: string) => bareWord('disposition', text),
  },
} as const
export type Resource = keyof typeof RESOURCES

/**
 * The different values of a kind, in order, from behind `after`. Each is one step in an index, so that a page costs the
 * same whether a thousand events have a value or a million.
 */
export async function valuesOf(
  db: Db,
  reader: EventReader,
  resource: Resource,
  page: { readonly size: number; readonly after?: string },
): Promise<{ readonly values: string[]; readonly isMore: boolean; readonly last: string }> {
  const names: string[] = []
  let after = page.after ?? ''
  // Who may see little steps over what others have; a page then holds what was found, and may be short.
  for (let step = 0; names.length <= page.size && step < MAX_STEPS; step++) {
    const next = await nextValue(db, resource, after)
    if (next === undefined) return { values: names.map(uriOfName), isMore: false, last: after }
    after = next
    if (await isVisible(db, reader, resource, next)) names.push(next)
  }
  const isFull = names.length > page.size
  const shown = names.slice(0, page.size)
  return { values: shown.map(uriOfName), isMore: true, last: isFull ? (shown.at(-1) as string) : after }
}

// A page of a thousand values, each step a fraction of a millisecond.
const MAX_STEPS = 2000

/** Whether any event that the reader may see names the value. */
export const hasValue = (db: Db, reader: EventReader, resource: Resource, value: string): Promise<boolean> =>
  isVisible(db, reader, resource, RESOURCES[resource].canonical(value))

async function nextValue(db: Db, resource: Resource, after: string): Promise<string | undefined> {
  const { word } = RESOURCES[resource]
  const { rows } =
    word === undefined
      ? await sql<{
          value: string
        }>`SELECT name AS value FROM event_thing WHERE name > ${after} ORDER BY name LIMIT 1`.execute(db)
      : await sql<{ value: string }>`SELECT value FROM event_word WHERE name = ${word} AND value > ${after}
          ORDER BY value LIMIT 1`.execute(db)
  return rows[0]?.value
}

async function isVisible(db: Db, reader: EventReader, resource: Resource, name: string): Promise<boolean> {
  const { word } = RESOURCES[resource]
  const table = word === undefined ? sql`event_thing` : sql`event_word`
  const these = word === undefined ? sql`t.name = ${name}` : sql`t.name = ${word} AND t.value = ${name}`
  const { rows } = await sql`SELECT 1 AS found FROM ${table} t JOIN event_index e ON e.ref = t.ref
    WHERE ${these} AND ${visibleTo(reader) ?? sql`1 = 1`} LIMIT 1`.execute(db)
  return rows.length > 0
}
