import { type RawBuilder, sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Comparison, Condition, Field } from '#contract/trace/epcis-condition.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { indexed, type Role, timeOf } from '#contract/trace/epcis-facts.ts'
import type { NamePattern } from '#contract/trace/epcis-names.ts'
import type { Db } from '../../store/open-store.ts'
import { type EventReader, visibleTo } from './event-reader.ts'

export type Sql = RawBuilder<unknown>

// Up to this many refs are fetched and sorted in some milliseconds; more are better walked in order.
const SMALL = 4000

/** The set of refs that a condition is, if an index has it as one. */
interface RefSet {
  /** `SELECT ref FROM ..` */
  readonly refs: Sql
  /** True for the event `e`. */
  readonly holds: Sql
  /** Whether that is found by keys alone; else the whole set is gathered first, once a statement. */
  readonly isLookup: boolean
}

/** `direct`: the part of the condition that stands in the row itself. `isLed`: it is
 * best answered in one go. */
export async function whereOf(
  db: Db,
  reader: EventReader,
  conditions: readonly Condition[],
): Promise<{ where: Sql; direct: Sql; isLed: boolean }> {
  const namespaces = await namespacesOf(db, conditions)
  const direct: Sql[] = [sql`1 = 1`]
  const sets: RefSet[] = []
  for (const condition of conditions) {
    const inRow = directOf(condition)
    if (inRow) direct.push(inRow)
    else sets.push(setOf(condition, namespaces))
  }
  const leader = await smallest(db, sets)
  const parts = [...direct]
  if (leader) parts.push(sql`e.ref IN (${leader.refs})`)
  for (const set of sets) if (set !== leader) parts.push(set.holds)
  const visible = visibleTo(reader)
  if (visible) parts.push(visible)
  const all = (each: readonly Sql[]) => sql.join([...each], sql` AND `)
  // A set that has to be gathered is gathered once, not again for every stride.
  const isLed = leader !== undefined || sets.some((set) => !set.isLookup)
  return { where: all(parts), direct: all(direct), isLed }
}

/** The set with the fewest refs, if any has few. */
async function smallest(db: Db, sets: readonly RefSet[]): Promise<RefSet | undefined> {
  let leader: RefSet | undefined
  let fewest = SMALL
  for (const set of sets) {
    const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM
      (${set.refs} LIMIT ${fewest + 1}) counted`.execute(db)
    const count = rows[0]?.count ?? 0
    if (count <= fewest) [leader, fewest] = [set, count]
    if (fewest === 0) break
  }
  return leader
}

/** Conditions on what stands in the row itself. */
function directOf(condition: Condition): Sql | undefined {
  switch (condition.kind) {
    case 'event-time': {
      const edge = refAt(condition.ms)
      return condition.comparison === 'GE' ? sql`e.ref >= ${edge}` : sql`e.ref < ${edge}`
    }
    case 'record-time':
      return condition.comparison === 'GE'
        ? sql`e.record_time >= ${condition.ms}`
        : sql`e.record_time < ${condition.ms}`
    case 'event-id': {
      const ids = condition.values.map((id) => indexed(id, sha256))
      return sql`e.ref IN (SELECT i.ref FROM event_index i WHERE i.event_id IN (${sql.join(ids)}))`
    }
    default:
      return undefined
  }
}

function setOf(condition: Condition, namespaces: ReadonlyMap<string, readonly string[]>): RefSet {
  switch (condition.kind) {
    case 'word':
      return wordSet(condition.names, condition.values)
    case 'thing':
      return thingSet(condition.roles, condition.patterns)
    case 'figure':
      return figureSet([condition.name], condition.comparison, condition.values)
    case 'field-is':
      return fieldSet(namesOf(condition.field, namespaces), condition.values)
    case 'field-figure': {
      const names = namesOf(condition.field, namespaces)
      const all = condition.isTime ? names.map((name) => `${name}@time`) : names
      return figureSet(all, condition.comparison, [condition.value])
    }
    case 'field-exists':
      return existsSet(namesOf(condition.field, namespaces))
    default:
      throw new EpcisException('ImplementationException', 'A condition has no place in the index.')
  }
}

function wordSet(names: readonly string[], values: readonly string[]): RefSet {
  const keys = values.map((value) => indexed(value, sha256))
  const these = sql`name IN (${sql.join([...names])}) AND value IN (${sql.join(keys)})`
  return {
    refs: sql`SELECT ref FROM event_word WHERE ${these}`,
    holds: sql`EXISTS (SELECT 1 FROM event_word w WHERE w.ref = e.ref AND w.name IN (${sql.join([...names])})
      AND w.value IN (${sql.join(keys)}))`,
    isLookup: true,
  }
}

/** A text, and where it reads as one a number or a time, is equal as that. */
function fieldSet(names: readonly string[], values: readonly string[]): RefSet {
  const words = wordSet(names, values)
  const numbers = values
    .filter((text) => text.trim() !== '')
    .map(Number)
    .filter(Number.isFinite)
  const times = values.map(timeOf).filter((ms) => ms !== undefined)
  const sets = [
    words,
    ...(numbers.length > 0 ? [figureSet(names, 'EQ', numbers)] : []),
    ...(times.length > 0
      ? [
          figureSet(
            names.map((name) => `${name}@time`),
            'EQ',
            times,
          ),
        ]
      : []),
  ]
  return {
    refs: sql.join(
      sets.map((set) => set.refs),
      sql` UNION `,
    ),
    holds: sql`(${sql.join(
      sets.map((set) => set.holds),
      sql` OR `,
    )})`,
    isLookup: true,
  }
}

function existsSet(names: readonly string[]): RefSet {
  const these = sql`name IN (${sql.join([...names])})`
  return {
    refs: sql`SELECT ref FROM event_word WHERE ${these}`,
    holds: sql`e.ref IN (SELECT ref FROM event_word WHERE ${these})`,
    isLookup: false,
  }
}

const SIGNS: Readonly<Record<Comparison, string>> = { EQ: '=', GT: '>', GE: '>=', LT: '<', LE: '<=' }

function figureSet(names: readonly string[], comparison: Comparison, values: readonly number[]): RefSet {
  const sign = sql.raw(SIGNS[comparison])
  const anyOf = (column: string) =>
    sql`(${sql.join(
      values.map((value) => sql`${sql.ref(column)} ${sign} ${value}`),
      sql` OR `,
    )})`
  const keys = names.map((name) => indexed(name, sha256))
  return {
    refs: sql`SELECT ref FROM event_figure WHERE name IN (${sql.join(keys)}) AND ${anyOf('value')}`,
    holds: sql`EXISTS (SELECT 1 FROM event_figure g WHERE g.ref = e.ref AND g.name IN (${sql.join(keys)}) AND ${anyOf('g.value')})`,
    isLookup: true,
  }
}

/** Names, or ranges of names, in some roles. Exact names alone can be looked up for one event. */
function thingSet(roles: readonly Role[], patterns: readonly NamePattern[]): RefSet {
  const also = sql`role IN (${sql.join([...roles])})`
  const exact = patterns.flatMap((pattern) => ('name' in pattern ? [indexed(pattern.name, sha256)] : []))
  const ranges = patterns.flatMap((pattern) => ('name' in pattern ? [] : [rangeOf(pattern)]))
  const parts = exact.length > 0 ? [sql`name IN (${sql.join(exact)})`, ...ranges] : ranges
  const refs = sql.join(
    parts.map((part) => sql`SELECT ref FROM event_thing WHERE ${also} AND ${part}`),
    sql` UNION ALL `,
  )
  const isExact = ranges.length === 0
  return {
    refs,
    holds: isExact
      ? sql`EXISTS (SELECT 1 FROM event_thing x WHERE x.ref = e.ref AND ${also} AND name IN (${sql.join(exact)}))`
      : sql`e.ref IN (${refs})`,
    isLookup: isExact,
  }
}

function rangeOf({ from, before, part }: Exclude<NamePattern, { name: string }>): Sql {
  const has = part === '' ? sql`` : sql` AND name LIKE ${`%${part}%`}`
  return sql`(name >= ${from} AND name < ${before}${has})`
}

/** Every name that a field may stand in the index under: as written, and with whatever its prefix was short for. */
export function namesOf(
  { place, prefix, local }: Field,
  namespaces: ReadonlyMap<string, readonly string[]>,
): string[] {
  const known = namespaces.get(prefix) ?? []
  return [
    `${place}${prefix}:${local}`,
    `${place}{${prefix}}${local}`,
    ...known.map((namespace) => `${place}{${namespace}}${local}`),
  ].map((name) => indexed(name, sha256))
}

async function namespacesOf(
  db: Db,
  conditions: readonly Condition[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const prefixes = conditions.flatMap((condition) => ('field' in condition ? [condition.field.prefix] : []))
  return knownNamespaces(db, prefixes)
}

export async function knownNamespaces(db: Db, prefixes: readonly string[]): Promise<Map<string, string[]>> {
  const known = new Map<string, string[]>()
  if (prefixes.length === 0) return known
  const { rows } = await sql<{ prefix: string; namespace: string }>`SELECT prefix, namespace FROM event_prefix
    WHERE prefix IN (${sql.join([...prefixes])}) ORDER BY prefix, namespace LIMIT 200`.execute(db)
  for (const { prefix, namespace } of rows) known.set(prefix, [...(known.get(prefix) ?? []), namespace])
  return known
}

/** The first ref of a moment: six bytes of time, big endian (see the event index). */
function refAt(ms: number): Uint8Array {
  const ref = new Uint8Array(6)
  const view = new DataView(ref.buffer)
  const at = Math.max(0, ms)
  view.setUint16(0, Math.floor(at / 2 ** 32))
  view.setUint32(2, at % 2 ** 32)
  return ref
}
