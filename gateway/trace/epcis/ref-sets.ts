import { type RawBuilder, sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Comparison, Condition, Field } from '#contract/trace/epcis-condition.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { indexed, type Role, timeOf, WITHIN } from '#contract/trace/epcis-facts.ts'
import { familyOf, type NamePattern } from '#contract/trace/epcis-names.ts'
import type { Db } from '../../store/open-store.ts'

export type Sql = RawBuilder<unknown>

// So many parts of an index are merged into one walk; a list of more is gathered.
const MAX_RANGES = 16
// So many values are looked up for one event; of more, the whole set is gathered first.
const MAX_LOOKUPS = 64

/** The set of refs that a condition is, if an index has it as one. */
export interface RefSet {
  /** `SELECT ref FROM ..` */
  readonly refs: Sql
  /** True for the event `e`. */
  readonly holds: Sql
  /** Whether that is found by keys alone; else the whole set is gathered first, once a statement. */
  readonly isLookup: boolean
  /** Parts of an index that are in the order of the refs and hold the set together: `SELECT ref FROM .. WHERE ..` */
  readonly ranges?: readonly Sql[]
}

/** A set of few ranges, and that is looked up in each of them. */
export const rangesSet = (refs: Sql, ranges: readonly Sql[]): RefSet => ({
  refs,
  holds: sql`(${sql.join(
    ranges.map((range) => sql`EXISTS (${range} AND ref = e.ref)`),
    sql` OR `,
  )})`,
  isLookup: true,
  ranges,
})

export function setOf(condition: Condition, namespaces: ReadonlyMap<string, readonly string[]>): RefSet {
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
    case 'event-id':
      return idSet(condition.values)
    default:
      throw new EpcisException('ImplementationException', 'A condition has no place in the index.')
  }
}

export function wordSet(names: readonly string[], values: readonly string[]): RefSet {
  const keys = [...new Set(values.map((value) => indexed(value, sha256)))]
  if (keys.length === 0) return NO_REFS
  const refs = sql`SELECT ref FROM event_word WHERE name IN (${sql.join([...names])}) AND value IN (${sql.join(keys)})`
  return pairsSet(
    refs,
    names,
    keys,
    (name, key) => sql`SELECT ref FROM event_word WHERE name = ${name} AND value = ${key}`,
  )
}

/** A set of pairs of keys, each a range of its index; how it is asked for goes by how many they are. */
function pairsSet<One, Other>(
  refs: Sql,
  ones: readonly One[],
  others: readonly Other[],
  rangeOf: (one: One, other: Other) => Sql,
): RefSet {
  const pairs = ones.length * others.length
  if (pairs <= MAX_RANGES)
    return rangesSet(
      refs,
      ones.flatMap((one) => others.map((other) => rangeOf(one, other))),
    )
  if (pairs > MAX_LOOKUPS) return { refs, holds: sql`e.ref IN (${refs})`, isLookup: false }
  return { refs, holds: sql`EXISTS (${refs} AND ref = e.ref)`, isLookup: true }
}

export const NO_REFS: RefSet = {
  refs: sql`SELECT ref FROM event_word WHERE 1 = 0`,
  holds: sql`1 = 0`,
  isLookup: true,
}

function idSet(values: readonly string[]): RefSet {
  const ids = sql.join(values.map((id) => indexed(id, sha256)))
  return {
    refs: sql`SELECT ref FROM event_index WHERE event_id IN (${ids})`,
    holds: sql`e.event_id IN (${ids})`,
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
  const sets = [words]
  if (numbers.length > 0) sets.push(figureSet(names, 'EQ', numbers))
  if (times.length > 0) {
    const timeNames = names.map((name) => `${name}@time`)
    sets.push(figureSet(timeNames, 'EQ', times))
  }
  return anyOf(sets)
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
  const anyValue = (column: string) =>
    sql`(${sql.join(
      values.map((value) => sql`${sql.ref(column)} ${sign} ${value}`),
      sql` OR `,
    )})`
  const keys = names.map((name) => indexed(name, sha256))
  return {
    refs: sql`SELECT ref FROM event_figure WHERE name IN (${sql.join(keys)}) AND ${anyValue('value')}`,
    holds: sql`EXISTS (SELECT 1 FROM event_figure g WHERE g.ref = e.ref AND g.name IN (${sql.join(keys)}) AND ${anyValue('g.value')})`,
    isLookup: true,
  }
}

/**
 * Names, families of names, or ranges of names, in some roles. All lots of a GTIN are a family, which the index has as
 * one; other ranges have to be gathered.
 */
function thingSet(roles: readonly Role[], patterns: readonly NamePattern[]): RefSet {
  const names = patterns.flatMap((pattern) => ('name' in pattern ? [indexed(pattern.name, sha256)] : []))
  const families = patterns.flatMap((pattern) =>
    'from' in pattern && isFamily(pattern) ? [pattern.from] : [],
  )
  const ranges = patterns.flatMap((pattern) =>
    'from' in pattern && !isFamily(pattern) ? [rangeOf(pattern)] : [],
  )
  const also = sql`role IN (${sql.join([...roles])})`
  const sets: RefSet[] = []
  if (names.length > 0) sets.push(nameSet(roles, names))
  if (families.length > 0)
    sets.push(
      wordSet(
        roles.map((role) => role + WITHIN),
        families,
      ),
    )
  for (const range of ranges) {
    const refs = sql`SELECT ref FROM event_thing WHERE ${also} AND ${range}`
    sets.push({ refs, holds: sql`e.ref IN (${refs})`, isLookup: false })
  }
  return anyOf(sets)
}

const isFamily = ({ from, part }: Exclude<NamePattern, { name: string }>): boolean =>
  part === '' && familyOf(from) === from

function nameSet(roles: readonly Role[], names: readonly string[]): RefSet {
  const these = sql`role IN (${sql.join([...roles])}) AND name IN (${sql.join([...names])})`
  const refs = sql`SELECT ref FROM event_thing WHERE ${these}`
  return pairsSet(
    refs,
    names,
    roles,
    (name, role) => sql`SELECT ref FROM event_thing WHERE name = ${name} AND role = ${role}`,
  )
}

/** What is in any of the sets. */
function anyOf(sets: readonly RefSet[]): RefSet {
  const [only, ...others] = sets
  if (!only) return NO_REFS
  if (others.length === 0) return only
  const ranges = sets.flatMap((set) => set.ranges ?? [])
  const isWalkable = sets.every((set) => set.ranges) && ranges.length <= MAX_RANGES
  return {
    refs: sql.join(
      sets.map((set) => set.refs),
      sql` UNION ALL `,
    ),
    holds: sql`(${sql.join(
      sets.map((set) => set.holds),
      sql` OR `,
    )})`,
    isLookup: sets.every((set) => set.isLookup),
    ...(isWalkable ? { ranges } : {}),
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

export async function namespacesOf(
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
