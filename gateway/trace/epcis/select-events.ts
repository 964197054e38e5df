import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { fromUtf8 } from '#contract/ground/bytes.ts'
import type { EventQuery } from '#contract/trace/epcis-condition.ts'
import type { Db } from '../../store/open-store.ts'
import { all, type Plan, planOf } from './event-plan.ts'
import type { EventReader } from './event-reader.ts'
import { knownNamespaces, namesOf, type Sql } from './ref-sets.ts'
import { longestStride, type Stride } from './stride.ts'

/**
 * Questions over the event index. Every condition is a set of refs that one index gives. When one of them is small,
 * it leads and the others are checked for its events; when all are large, the events are walked in the order of the
 * answer, in strides: through each the set leads that has the fewest events there. Either way a page costs what it
 * holds, not what is stored.
 */
export interface FoundEvent {
  readonly ref: Uint8Array
  readonly recordTime: number
  /** The event as it was written. */
  readonly event: Readonly<Record<string, unknown>>
  /** Where the next page goes on: behind this one. */
  readonly at: PageMark
}

/** The order's own value of an event, and its ref in hex. */
export interface PageMark {
  readonly value: number
  readonly ref: string
}

// So many events are looked at in one go, some tens of milliseconds; then others have their turn. Most pages are full
// after the first few.
const FIRST_STRIDE = 250
const STRIDE = 20_000

export interface Page {
  readonly size: number
  readonly after?: PageMark
  /** How many refs are looked at in one go, and up to how many a set counts as small. */
  readonly stride?: number
  readonly few?: number
}

/** One page of an answer, and whether there is more. */
export async function selectEvents(
  db: Db,
  reader: EventReader,
  query: EventQuery,
  page: Page,
): Promise<{ readonly events: FoundEvent[]; readonly isMore: boolean }> {
  const plan = await planOf(db, reader, query.conditions, page.few)
  const order = await orderOf(db, query)
  const rows: EventRow[] = []
  let length = page.stride ?? FIRST_STRIDE
  for (let from = page.after; rows.length <= page.size; ) {
    const stride = await nextStride(db, plan, order, from, length)
    const found =
      await sql<EventRow>`SELECT e.ref, e.event_id, e.record_time, e.body, f.signed, ${order.value} AS order_value
      FROM event_index e LEFT JOIN event f ON f.agent = e.agent AND f.epoch = e.epoch AND f.seq = e.seq
      WHERE ${stride.within} AND ${plan.where(stride.leading)} ORDER BY ${order.by} LIMIT ${page.size + 1 - rows.length}`.execute(
        db,
      )
    rows.push(...found.rows)
    if (!stride.end) break
    from = stride.end
    length = Math.min(length * 4, page.stride ?? STRIDE)
    await nextTurn()
  }
  return { events: rows.slice(0, page.size).map(found), isMore: rows.length > page.size }
}

/** The part of the order that is looked at next. */
async function nextStride(
  db: Db,
  plan: Plan,
  order: Order,
  from: PageMark | undefined,
  length: number,
): Promise<Stride> {
  const behind = from ? order.behind(from) : sql`1 = 1`
  const { leader } = plan
  if (leader) return { leading: leader, within: sql`e.ref IN (${leader.refs}) AND ${behind}` }
  // Where a set is gathered, or there is no index to stride along, it is one go.
  if (plan.isInOneGo || !order.isIndexed) return { within: behind }
  if (order.isByRef && plan.walks.length > 0)
    return longestStride(db, plan, { from, isDown: order.isDown, length })
  const end = await strideEnd(db, order, all([plan.inTime(sql`e.ref`), behind]), length)
  return end ? { within: all([behind, order.upTo(end)]), end } : { within: behind }
}

/** The last event of a stride, or undefined where fewer are left. */
async function strideEnd(db: Db, order: Order, where: Sql, length: number): Promise<PageMark | undefined> {
  const { rows } = await sql<{
    ref: Uint8Array
    order_value: number
  }>`SELECT e.ref, ${order.value} AS order_value
    FROM event_index e WHERE ${where} ORDER BY ${order.by} LIMIT 1 OFFSET ${length - 1}`.execute(db)
  return rows[0] && { value: rows[0].order_value, ref: Buffer.from(rows[0].ref).toString('hex') }
}

/** How many events an answer has, counted up to one more than `atMost`. */
export async function countEvents(
  db: Db,
  reader: EventReader,
  query: EventQuery,
  atMost: number,
): Promise<number> {
  const { where, leader } = await planOf(db, reader, query.conditions)
  const leads = leader ? sql`e.ref IN (${leader.refs})` : sql`1 = 1`
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM
    (SELECT 1 AS one FROM event_index e WHERE ${leads} AND ${where(leader)} LIMIT ${atMost + 1}) counted`.execute(
    db,
  )
  return rows[0]?.count ?? 0
}

interface EventRow {
  ref: Uint8Array
  event_id: string
  record_time: number
  body: string | null
  signed: Uint8Array | null
  order_value: number | null
}

function found(row: EventRow): FoundEvent {
  const event =
    row.body === null
      ? (
          JSON.parse(fromUtf8(new Uint8Array(row.signed ?? new Uint8Array(0)))) as {
            event: FoundEvent['event']
          }
        ).event
      : (JSON.parse(row.body) as FoundEvent['event'])
  const ref = new Uint8Array(row.ref)
  return {
    ref,
    recordTime: row.record_time,
    event: event['eventID'] === undefined ? { ...event, eventID: row.event_id } : event,
    at: { value: row.order_value ?? 0, ref: Buffer.from(ref).toString('hex') },
  }
}

interface Order {
  readonly value: Sql
  readonly isIndexed: boolean
  /** The order of time, which is that of the refs. */
  readonly isByRef: boolean
  readonly isDown: boolean
  readonly by: Sql
  readonly behind: (mark: PageMark) => Sql
  readonly upTo: (mark: PageMark) => Sql
}

async function orderOf(db: Db, { orderBy, orderDirection }: EventQuery): Promise<Order> {
  const isDown = orderDirection === 'DESC'
  const refOf = (mark: PageMark) => new Uint8Array(Buffer.from(mark.ref, 'hex'))
  const direction = sql.raw(isDown ? 'DESC' : 'ASC')
  const [behind, upTo] = isDown ? [sql`<`, sql`>=`] : [sql`>`, sql`<=`]
  if (orderBy === 'eventTime')
    return {
      value: sql`0`,
      isIndexed: true,
      isByRef: true,
      isDown,
      by: sql`e.ref ${direction}`,
      behind: (mark) => sql`e.ref ${behind} ${refOf(mark)}`,
      upTo: (mark) => sql`e.ref ${upTo} ${refOf(mark)}`,
    }
  const keyed = (value: Sql, isIndexed: boolean): Order => ({
    value,
    isIndexed,
    isByRef: false,
    isDown,
    by: sql`${value} ${direction}, e.ref ${direction}`,
    behind: (mark) => sql`(${value}, e.ref) ${behind} (${mark.value}, ${refOf(mark)})`,
    upTo: (mark) => sql`(${value}, e.ref) ${upTo} (${mark.value}, ${refOf(mark)})`,
  })
  if (orderBy === 'recordTime') return keyed(sql`e.record_time`, true)
  const names = namesOf(orderBy, await knownNamespaces(db, [orderBy.prefix]))
  const anyName = sql.join([...names, ...names.map((name) => `${name}@time`)])
  // What does not have the field stands before everything that has.
  return keyed(
    sql`coalesce((SELECT min(o.value) FROM event_figure o WHERE o.ref = e.ref AND o.name IN (${anyName})), -1e300)`,
    false,
  )
}
