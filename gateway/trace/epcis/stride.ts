import { sql } from 'kysely'
import type { Db } from '../../store/open-store.ts'
import { all, type Plan } from './event-plan.ts'
import type { RefSet, Sql } from './ref-sets.ts'

/** A part of the answer's order. */
export interface Stride {
  /** True for an event `e` that lies in it. */
  readonly within: Sql
  /** The set that all of these events are in, if one leads. */
  readonly leading?: RefSet
  /** Where it ends; undefined where nothing lies behind it. */
  readonly end?: { readonly value: number; readonly ref: string }
}

/**
 * The next stride through several large sets of refs. Of each set the ref is looked up that stands `length` further on;
 * whatever the others hold before the farthest of these can be an answer only if that set has it too. So that set
 * leads, where the events that many have in common are, and where they have none it passes over the others in one step:
 *
 *     A  ·|·|||·||·||·|·|||·|||·||          length 4: A's fourth ref is here ─► |
 *     B  ·      |            |     |   |    B's fourth is farther on, so B leads, and A is asked for these four
 */
export async function longestStride(
  db: Db,
  { walks, inTime }: Pick<Plan, 'walks' | 'inTime'>,
  {
    from,
    isDown,
    length,
  }: {
    readonly from: { readonly ref: string } | undefined
    readonly isDown: boolean
    readonly length: number
  },
): Promise<Stride> {
  const ref = sql`ref`
  const direction = sql.raw(isDown ? 'DESC' : 'ASC')
  const behind = from ? sql`ref ${isDown ? sql`<` : sql`>`} ${bytesOf(from.ref)}` : sql`1 = 1`
  let [farthest, end]: [RefSet | undefined, string | undefined] = [undefined, undefined]
  for (const walk of walks) {
    const { rows } = await sql<{ ref: Uint8Array }>`${unionOf(walk, all([behind, inTime(ref)]))}
      ORDER BY ref ${direction} LIMIT 1 OFFSET ${length - 1}`.execute(db)
    const reached = rows[0] && Buffer.from(rows[0].ref).toString('hex')
    const isFarther = end === undefined || (reached !== undefined && (isDown ? reached < end : reached > end))
    if (!farthest || reached === undefined || isFarther) [farthest, end] = [walk, reached]
    // A set that ends before its stride leads to the end of everything.
    if (reached === undefined) break
  }
  if (!farthest) throw new RangeError('no set to walk along')
  const until = end === undefined ? sql`1 = 1` : sql`ref ${isDown ? sql`>=` : sql`<=`} ${bytesOf(end)}`
  return {
    within: sql`e.ref IN (${unionOf(farthest, all([behind, inTime(ref), until]))})`,
    leading: farthest,
    ...(end === undefined ? {} : { end: { value: 0, ref: end } }),
  }
}

const unionOf = ({ ranges = [] }: RefSet, condition: Sql): Sql =>
  sql.join(
    ranges.map((range) => sql`${range} AND ${condition}`),
    sql` UNION ALL `,
  )

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
