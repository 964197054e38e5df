import { sql } from 'kysely'
import type { Condition } from '#contract/trace/epcis-condition.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import type { Db } from '../../store/open-store.ts'
import { foundKinds } from './event-kinds.ts'
import { type EventReader, visibleTo } from './event-reader.ts'
import { NO_REFS, namespacesOf, type RefSet, rangesSet, type Sql, setOf, wordSet } from './ref-sets.ts'
import { withFamilies } from './thing-families.ts'
import { withMasterData } from './with-master-data.ts'

// Up to this many refs are fetched and sorted in some milliseconds; more are better walked in order.
const FEW = 4000

/** How a question is answered from the index. */
export interface Plan {
  /** Everything that has to be true of the event `e`, but for being in the set that leads. */
  readonly where: (leading: RefSet | undefined) => Sql
  /** The few refs that are looked at, where one of the sets is small. */
  readonly leader: RefSet | undefined
  /** Large sets that can be walked in the order of time. */
  readonly walks: readonly RefSet[]
  /** What a ref in the given column has to be, for the times that the question names. */
  readonly inTime: (column: Sql) => Sql
  /** Whether it is best answered in one go: a set that has to be gathered is gathered once, not again for a stride. */
  readonly isInOneGo: boolean
}

export async function planOf(
  db: Db,
  reader: EventReader,
  conditions: readonly Condition[],
  few = FEW,
): Promise<Plan> {
  const kinds = await foundKinds(db, conditions)
  const asked: Condition[] = []
  for (const condition of conditions)
    if (!kinds?.instead.includes(condition))
      asked.push(await withFamilies(db, await withMasterData(db, reader, condition)))
  checkSize(asked)
  const namespaces = await namespacesOf(db, asked)
  const direct: Sql[] = [sql`1 = 1`]
  const sets: RefSet[] = kinds ? [wordSet(kinds.condition.names, kinds.condition.values)] : []
  for (const condition of asked) {
    if (condition.kind === 'record-time') direct.push(recordTime(condition))
    else if (condition.kind !== 'event-time') sets.push(setOf(condition, namespaces))
  }
  const visible = visibleTo(reader)
  if (visible) direct.push(visible)
  const leader = await smallest(db, sets, few)
  if (!leader) for (const [index, set] of sets.entries()) sets[index] = await withoutEmpty(db, set)
  const times = conditions.filter((condition): condition is Moment => condition.kind === 'event-time')
  const inTime = (column: Sql): Sql => all([sql`1 = 1`, ...times.map((time) => eventTime(column, time))])
  return {
    where: (leading) =>
      all([
        ...direct,
        inTime(sql`e.ref`),
        ...sets.filter((set) => set !== leading).map(({ holds }) => holds),
      ]),
    leader,
    walks: sets.filter(({ ranges }) => ranges),
    inTime,
    isInOneGo: leader !== undefined || sets.some((set) => !set.isLookup),
  }
}

// Each stands twice in a statement, and SQLite takes some 32,000 values in one.
const MAX_VALUES = 10_000

/** Throws EpcisException `QueryTooComplexException`. */
function checkSize(conditions: readonly Condition[]): void {
  const count = conditions.reduce((sum, condition) => {
    if ('patterns' in condition) return sum + condition.patterns.length * 2
    return sum + ('values' in condition ? (condition.values?.length ?? 0) : 1)
  }, 0)
  if (count > MAX_VALUES)
    throw new EpcisException('QueryTooComplexException', `The question has more than ${MAX_VALUES} values.`, {
      hint: 'Ask in several questions.',
    })
}

/** A lot may stand in an event in four roles, and mostly stands in two: what is in no event is not looked up. */
async function withoutEmpty(db: Db, set: RefSet): Promise<RefSet> {
  if (!set.ranges || set.ranges.length < 2) return set
  const ranges: Sql[] = []
  for (const range of set.ranges) {
    const { rows } = await sql`${range} LIMIT 1`.execute(db)
    if (rows.length > 0) ranges.push(range)
  }
  if (ranges.length === 0) return NO_REFS
  return ranges.length === set.ranges.length ? set : rangesSet(set.refs, ranges)
}

/** The set with the fewest refs, if any has few. */
async function smallest(db: Db, sets: readonly RefSet[], few: number): Promise<RefSet | undefined> {
  let leader: RefSet | undefined
  let fewest = few
  for (const set of sets) {
    const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM
      (${set.refs} LIMIT ${fewest + 1}) counted`.execute(db)
    const count = rows[0]?.count ?? 0
    if (count <= fewest) [leader, fewest] = [set, count]
    if (fewest === 0) break
  }
  return leader
}

export const all = (parts: readonly Sql[]): Sql => sql.join([...parts], sql` AND `)

function eventTime(column: Sql, { comparison, ms }: Moment): Sql {
  return comparison === 'GE' ? sql`${column} >= ${refAt(ms)}` : sql`${column} < ${refAt(ms)}`
}

function recordTime({ comparison, ms }: Moment): Sql {
  return comparison === 'GE' ? sql`e.record_time >= ${ms}` : sql`e.record_time < ${ms}`
}

type Moment = Extract<Condition, { readonly ms: number }>

/** The first ref of a moment: six bytes of time, big endian (see the event index). */
function refAt(ms: number): Uint8Array {
  const ref = new Uint8Array(6)
  const view = new DataView(ref.buffer)
  const at = Math.max(0, ms)
  view.setUint16(0, Math.floor(at / 2 ** 32))
  view.setUint32(2, at % 2 ** 32)
  return ref
}
