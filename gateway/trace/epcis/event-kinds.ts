import { sql } from 'kysely'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Condition } from '#contract/trace/epcis-condition.ts'
import { indexed } from '#contract/trace/epcis-facts.ts'
import { KIND, KIND_FIELDS, UNTOLD_KIND, wordsOfKind } from '#contract/trace/event-kind.ts'
import type { Db } from '../../store/open-store.ts'

/** The kinds of events that a question can find, of what it asks of type, action, step and disposition. */
export interface FoundKinds {
  readonly condition: Condition & { readonly kind: 'word' }
  /** What it was made of: said by the kinds already, unless some kind does not tell. */
  readonly instead: readonly Condition[]
}

// Each is a step in the index, some microseconds. A repository with more has types or steps of many authors' own.
const MAX_KINDS = 500

/**
 * Undefined where the question asks for fewer than two of the four, or where there are too many kinds to look through.
 * No values: there is no such event.
 */
export async function foundKinds(db: Db, conditions: readonly Condition[]): Promise<FoundKinds | undefined> {
  const asked = conditions.filter((each) => fieldOf(each) !== -1)
  if (asked.length < 2) return undefined
  const kinds = await allKinds(db)
  if (kinds.length > MAX_KINDS) return undefined
  const found = kinds.filter((kind) => {
    const words = wordsOfKind(kind)
    return !words || asked.every((each) => valuesOf(each).includes(words[fieldOf(each)] as string))
  })
  const isExact = !found.includes(UNTOLD_KIND)
  return { condition: { kind: 'word', names: [KIND], values: found }, instead: isExact ? asked : [] }
}

/** Which of the four a condition is about, or -1. */
function fieldOf(condition: Condition): number {
  if (condition.kind !== 'word' || condition.names.length !== 1) return -1
  return (KIND_FIELDS as readonly string[]).indexOf(condition.names[0] as string)
}

const valuesOf = (condition: Condition): readonly string[] =>
  condition.kind === 'word' ? condition.values.map((value) => indexed(value, sha256)) : []

/** Every different kind, each found by one step behind the one before. */
async function allKinds(db: Db): Promise<string[]> {
  const { rows } = await sql<{ kind: string }>`WITH RECURSIVE k (kind) AS (
      SELECT min(value) FROM event_word WHERE name = ${KIND}
      UNION ALL
      SELECT (SELECT min(value) FROM event_word WHERE name = ${KIND} AND value > k.kind) FROM k WHERE k.kind IS NOT NULL)
    SELECT kind FROM k WHERE kind IS NOT NULL LIMIT ${MAX_KINDS + 1}`.execute(db)
  return rows.map(({ kind }) => kind)
}
