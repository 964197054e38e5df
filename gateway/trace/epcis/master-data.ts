import { setImmediate as nextTurn } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { indexed } from '#contract/trace/epcis-facts.ts'
import { type MasterElement, SITE } from '#contract/trace/epcis-master-data.ts'
import { nameOf } from '#contract/trace/epcis-names.ts'
import { type Db, inParts, type Tx } from '../../store/open-store.ts'
import type { EventReader } from './event-reader.ts'

/**
 * Master data that integrators captured: attributes of places, products and parties, and which place lies in which.
 *
 * It is what they say, so it counts in their own questions, and in those of who may see everything; a stranger who
 * calls a cooperative's packing house a part of his own changes nobody else's answer. It may name people and their
 * addresses, which must be erasable, so it is rows of the interface and no entry of the log: the last word on an
 * element stands, and an element that is sent with neither attributes nor children is forgotten.
 */

// A chain of shops has some thousand places.
const MAX_ELEMENTS = 50_000
// Some milliseconds of writing; then others have their turn.
const ELEMENTS_A_TURN = 50
// So many names are asked for at once; see `planOf` for the bound over all conditions.
export const MAX_NAMES = 5000
const ROWS_A_WRITE = 100

/** Throws EpcisException `CaptureLimitExceededException` for more elements than one client may keep. */
export async function saveMasterData(
  tx: Tx,
  owner: string,
  elements: readonly MasterElement[],
  nowMs: number,
): Promise<void> {
  if (elements.length === 0) return
  for (const [index, element] of elements.entries()) {
    if (index % ELEMENTS_A_TURN === ELEMENTS_A_TURN - 1) await nextTurn()
    await saveElement(tx, owner, element, nowMs)
  }
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM epcis_master_element
    WHERE owner = ${owner}`.execute(tx)
  if ((rows[0]?.count ?? 0) > MAX_ELEMENTS)
    throw new EpcisException(
      'CaptureLimitExceededException',
      `That would be more than ${MAX_ELEMENTS} elements of master data.`,
      {
        hint: 'Send elements that are no longer needed without attributes and children: they are forgotten.',
      },
    )
}

async function saveElement(
  tx: Tx,
  owner: string,
  { vocabulary, id, attributes, children }: MasterElement,
  nowMs: number,
): Promise<void> {
  const name = short(nameOf(id))
  const kind = short(vocabulary)
  for (const table of ['epcis_master_element', 'epcis_master_attribute', 'epcis_master_place'])
    await sql`DELETE FROM ${sql.table(table)} WHERE owner = ${owner} AND name = ${name} AND vocabulary = ${kind}`.execute(
      tx,
    )
  if (attributes.length === 0 && children.length === 0) return
  await sql`INSERT INTO epcis_master_element VALUES (${owner}, ${name}, ${kind}, ${short(id)}, ${nowMs})`.execute(
    tx,
  )
  const facts = unique(attributes.map(([attribute, value]) => [short(attribute), short(value)]))
  for (let at = 0; at < facts.length; at += ROWS_A_WRITE)
    await sql`INSERT INTO epcis_master_attribute VALUES ${rowsOf(
      facts.slice(at, at + ROWS_A_WRITE).map(([attribute, value]) => [attribute, value, owner, name, kind]),
    )}`.execute(tx)
  // Who says that a place is in another one: the outer one by its children, or the inner one by its site.
  const sites = attributes.flatMap(([attribute, value]) => (attribute === SITE ? [siteName(value)] : []))
  const places = unique([
    ...children.map((child) => [name, short(nameOf(child))] as const),
    ...sites.map((site) => [short(site), name] as const),
  ])
  await inParts(places, async (part) => {
    await sql`INSERT INTO epcis_master_place VALUES ${rowsOf(
      part.map(([outer, inner]) => [outer, inner, owner, name, kind]),
    )}`.execute(tx)
  })
}

/** The places and whatever lies in them, however deep, as master data has it. A circle is walked once. */
export async function placesWithin(
  db: Db,
  reader: EventReader,
  places: readonly string[],
): Promise<string[]> {
  const found = new Set(places)
  for (let outer = [...found]; outer.length > 0; ) {
    const { rows } = await sql<{ inner_name: string }>`SELECT DISTINCT inner_name FROM epcis_master_place
      WHERE outer_name IN (${sql.join(outer.map(short))}) AND ${heardBy(reader)} LIMIT ${MAX_NAMES + 1}`.execute(
      db,
    )
    outer = rows.map((row) => row.inner_name).filter((name) => !found.has(name))
    for (const name of outer) found.add(name)
    if (found.size > MAX_NAMES) throw tooMany('places')
  }
  return [...found]
}

/** An element by its name as events are compared, and as its author wrote it. */
export interface FoundElement {
  readonly name: string
  readonly written: string
}

/** The elements that have one of the attributes, with one of the values where these are given. */
export async function elementsWith(
  db: Db,
  reader: EventReader,
  attributes: readonly string[],
  values: readonly string[] | undefined,
): Promise<FoundElement[]> {
  const value = values ? sql`a.value IN (${sql.join(values.map(short))})` : sql`1 = 1`
  const { rows } = await sql<FoundElement>`SELECT DISTINCT e.name, e.written FROM epcis_master_attribute a
    JOIN epcis_master_element e ON e.owner = a.owner AND e.name = a.name AND e.vocabulary = a.vocabulary
    WHERE a.attribute IN (${sql.join(attributes.map(short))}) AND ${value} AND ${heardBy(reader, 'a')}
    LIMIT ${MAX_NAMES + 1}`.execute(db)
  if (rows.length > MAX_NAMES) throw tooMany('elements of master data')
  return rows
}

export const tooMany = (what: string): EpcisException =>
  new EpcisException('QueryTooComplexException', `The question is about more than ${MAX_NAMES} ${what}.`, {
    hint: 'Ask for fewer at once: by EQATTR instead of HASATTR, or for places further in.',
  })

/** Whose word counts for a reader; see above. */
function heardBy(reader: EventReader, table = 'epcis_master_place'): RawBuilder<unknown> {
  return reader.farmIds === 'all' ? sql`1 = 1` : sql`${sql.ref(`${table}.owner`)} = ${reader.id}`
}

/** A site is a GLN by itself, or written as any other place. */
const siteName = (value: string): string => (/^\d{13}$/.test(value) ? `/414/${value}` : nameOf(value))

const short = (text: string): string => indexed(text, sha256)

const rowsOf = (rows: readonly (readonly string[])[]): RawBuilder<unknown> =>
  sql.join(rows.map((row) => sql`(${sql.join([...row])})`))

function unique(pairs: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return [...new Map(pairs.map((pair) => [`${pair[0]}\0${pair[1]}`, pair])).values()]
}
