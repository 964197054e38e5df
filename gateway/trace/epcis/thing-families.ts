import { sql } from 'kysely'
import type { Condition } from '#contract/trace/epcis-condition.ts'
import { type Role, WITHIN } from '#contract/trace/epcis-facts.ts'
import { familyOf, following, type NamePattern } from '#contract/trace/epcis-names.ts'
import type { Db } from '../../store/open-store.ts'

// A company has some dozen GTINs. With more of them than this, their lots are looked for one by one.
const MAX_FAMILIES = 60

/**
 * Patterns of all lots or serials under a company prefix (`urn:epc:class:lgtin:9521234.*.*`), as the GTINs that the
 * index really has under it: each is one place in the index, found by one step, where their lots are hundreds of
 * thousands. Other conditions stay as they are.
 */
export async function withFamilies(db: Db, condition: Condition): Promise<Condition> {
  if (condition.kind !== 'thing') return condition
  const patterns: NamePattern[] = []
  for (const pattern of condition.patterns) {
    const families = isOfCompany(pattern) ? await familiesOf(db, pattern, condition.roles) : undefined
    patterns.push(...(families ?? [pattern]))
  }
  return { ...condition, patterns }
}

type Range = Exclude<NamePattern, { name: string }>

const isOfCompany = (pattern: NamePattern): pattern is Range =>
  'from' in pattern && pattern.from.startsWith('/01/') && /^\/(?:10|21)\/$/.test(pattern.part)

/** Undefined where there are too many. */
async function familiesOf(db: Db, range: Range, roles: readonly Role[]): Promise<Range[] | undefined> {
  const families = new Set<string>()
  for (const role of roles) {
    for (let after = range.from; families.size <= MAX_FAMILIES; ) {
      const { rows } = await sql<{ value: string }>`SELECT value FROM event_word
        WHERE name = ${role + WITHIN} AND value > ${after} AND value < ${range.before} ORDER BY value LIMIT 1`.execute(
        db,
      )
      const family = rows[0]?.value
      if (family === undefined) break
      if (family.endsWith(range.part) && familyOf(family) === family) families.add(family)
      after = family
    }
    if (families.size > MAX_FAMILIES) return undefined
  }
  return [...families].map((from) => ({ from, before: following(from), part: '' }))
}
