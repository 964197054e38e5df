import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { fromUtf8 } from '#contract/ground/bytes.ts'
import type { EventQuery } from '#contract/trace/epcis-condition.ts'
import type { Db } from '../../store/open-store.ts'
import type { EventReader } from './event-reader.ts'
import { knownNamespaces, namesOf, type Sql, whereOf } from './ref-sets.ts'

/**
 * Questions over the event index. Every condition is a set of refs that one index gives. When one of them is small,
 * it leads and the others are checked for its events; when all are large, the events are walked in the order of the
 * answer and each is checked, until a page is full. Either way a page costs what it holds, not what is stored.
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

// So many events are looked at in one go, some tens of milliseconds; then others have their turn.
const STRIDE = 20_000

/** One page of an answer, and whether there is more. */
export async function selectEvents(
  db: Db,
  reader: EventReader,
  query: EventQuery,
  page: { readonly size: number; readonly after?: PageMark; readonly stride?: number },
): Promise<{ readonly events: FoundEvent[]; readonly isMore: boolean }> {
  const { where, direct, isLed } = await whereOf(db, reader, query.conditions)
  const order = await orderOf(db, query)
  const isDown = query.orderDirection === 'DESC'
  const direction = sql.raw(isDown ? 'DESC' : 'ASC')
  const rows: EventRow[] = []
  for (let from = page.after; rows.length <= page.size; ) {
    const behind = from ? order.behind(from, isDown) : sql`1 = 1`
    // Where refs lead, or there is no index to stride along, it is one go.
    const end =
      isLed || !order.isIndexed
        ? undefined
        : await strideEnd(db, order, sql`${direct} AND ${behind}`, direction, page.stride ?? STRIDE)
    const before = end ? sql`NOT ${order.behind(end, isDown)}` : sql`1 = 1`
    const found =
      await sql<EventRow>`SELECT e.ref, e.event_id, e.record_time, e.body, f.signed, ${order.value} AS order_value
      FROM event_index e LEFT JOIN event f ON f.agent = e.agent AND f.epoch = e.epoch AND f.seq = e.seq
      WHERE ${where} AND ${behind} AND ${before} ORDER BY ${order.by(direction)} LIMIT ${page.size + 1 - rows.length}`.execute(
        db,
      )
    rows.push(...found.rows)
    if (!end) break
    from = end
    await nextTurn()
  }
  return { events: rows.slice(0, page.size).map(found), isMore: rows.length > page.size }
}

/** The last event of a stride, or undefined where fewer are left. */
async function strideEnd(
  db: Db,
  order: Order,
  where: Sql,
  direction: Sql,
  stride: number,
): Promise<PageMark | undefined> {
  const { rows } = await sql<{
    ref: Uint8Array
    order_value: number
  }>`SELECT e.ref, ${order.value} AS order_value
    FROM event_index e WHERE ${where} ORDER BY ${order.by(direction)} LIMIT 1 OFFSET ${stride - 1}`.execute(
    db,
  )
  return rows[0] && { value: rows[0].order_value, ref: Buffer.from(rows[0].ref).toString('hex') }
}

/** How many events an answer has, counted up to one more than `atMost`. */
export async function countEvents(
  db: Db,
  reader: EventReader,
  query: EventQuery,
  atMost: number,
): Promise<number> {
  const { where } = await whereOf(db, reader, query.conditions)
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM
    (SELECT 1 AS one FROM event_index e WHERE ${where} LIMIT ${atMost + 1}) counted`.execute(db)
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
  readonly by: (direction: Sql) => Sql
  readonly behind: (mark: PageMark, isDown: boolean) => Sql
}

async function orderOf(db: Db, { orderBy }: EventQuery): Promise<Order> {
  const refOf = (mark: PageMark) => new Uint8Array(Buffer.from(mark.ref, 'hex'))
  const sign = (isDown: boolean) => sql.raw(isDown ? '<' : '>')
  if (orderBy === 'eventTime')
    return {
      value: sql`0`,
      isIndexed: true,
      by: (direction) => sql`e.ref ${direction}`,
      behind: (mark, isDown) => sql`e.ref ${sign(isDown)} ${refOf(mark)}`,
    }
  const keyed = (value: Sql, isIndexed: boolean): Order => ({
    value,
    isIndexed,
    by: (direction) => sql`${value} ${direction}, e.ref ${direction}`,
    behind: (mark, isDown) => sql`(${value}, e.ref) ${sign(isDown)} (${mark.value}, ${refOf(mark)})`,
  })
  if (orderBy === 'recordTime') return keyed(sql`e.record_time`, true)
  const names = namesOf(orderBy, await knownNamespaces(db, [orderBy.prefix]))
  const all = sql.join([...names, ...names.map((name) => `${name}@time`)])
  // What does not have the field stands before everything that has.
  return keyed(
    sql`coalesce((SELECT min(o.value) FROM event_figure o WHERE o.ref = e.ref AND o.name IN (${all})), -1e300)`,
    false,
  )
}
