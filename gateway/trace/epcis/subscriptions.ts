import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { timeOf } from '#contract/trace/epcis-facts.ts'
import type { EpcFormat } from '#contract/trace/epcis-format.ts'
import { nextTime, SCHEDULE_FIELDS, type Schedule, timesOf } from '#contract/trace/epcis-schedule.ts'
import type { Db } from '../../store/open-store.ts'
import { checkDestination, type WebhookRules } from './webhook.ts'

/** A row of epcis_subscription. */
export interface SubscriptionRow {
  subscription_id: string
  owner: string
  query_name: string
  dest: string
  signature_token: string | null
  /** Null: it streams. */
  schedule: string | null
  report_if_empty: number
  epc_format: EpcFormat
  created_at: number
  initial_record_time: number
  /** Events recorded before this were sent. */
  sent_through: number
  next_at: number
  failures: number
  last_notified_at: number | null
  last_error: string | null
}

// A client has a receiver or two for each of its views.
const MAX_SUBSCRIPTIONS = 100
/** A subscription that has ended is kept, so that its owner sees why. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** Throws `SubscriptionControlsException` for what can't be carried out. */
export async function addSubscription(
  db: Db,
  of: { readonly owner: string; readonly queryName: string; readonly epcFormat: EpcFormat },
  body: unknown,
  outside: { readonly nowMs: number; readonly randomBytes: RandomBytes; readonly rules: WebhookRules },
): Promise<SubscriptionRow> {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw refused('is not an object')
  const given = body as Record<string, unknown>
  const known = ['dest', 'signatureToken', 'reportIfEmpty', 'initialRecordTime', 'schedule', 'stream']
  const strange = Object.keys(given).find((key) => !known.includes(key))
  if (strange !== undefined) throw refused(`has "${strange.slice(0, 60)}", which is not known`)
  const dest = checkDestination(given['dest'], outside.rules)
  const { signatureToken, reportIfEmpty = false, initialRecordTime, stream = false } = given
  if (
    signatureToken !== undefined &&
    (typeof signatureToken !== 'string' || !/^.{1,500}$/u.test(signatureToken))
  )
    throw refused('has a signatureToken that is not a text of 1 to 500 characters')
  if (typeof reportIfEmpty !== 'boolean') throw refused('has a reportIfEmpty that is neither true nor false')
  if (typeof stream !== 'boolean') throw refused('has a stream that is neither true nor false')
  const schedule = given['schedule'] === undefined ? undefined : scheduleOf(given['schedule'])
  if (stream === (schedule !== undefined)) throw refused('needs either "stream": true or a schedule')
  const { nowMs } = outside
  const from = initialRecordTime === undefined ? nowMs : timeOf(initialRecordTime)
  if (from === undefined) throw refused('has an initialRecordTime that is not a date and time with an offset')
  const nextAt = schedule ? nextTime(timesOf(schedule), nowMs) : nowMs
  if (nextAt === undefined) throw refused('has a schedule that never comes')
  await checkRoom(db, of.owner)
  const row: SubscriptionRow = {
    subscription_id: toHex(outside.randomBytes(16)),
    owner: of.owner,
    query_name: of.queryName,
    dest,
    signature_token: signatureToken ?? null,
    schedule: schedule ? JSON.stringify(schedule) : null,
    report_if_empty: reportIfEmpty ? 1 : 0,
    epc_format: of.epcFormat,
    created_at: nowMs,
    initial_record_time: from,
    sent_through: from,
    next_at: nextAt,
    failures: 0,
    last_notified_at: null,
    last_error: null,
  }
  await sql`INSERT INTO epcis_subscription VALUES (${sql.join(Object.values(row))})`.execute(db)
  return row
}

async function checkRoom(db: Db, owner: string): Promise<void> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM epcis_subscription
    WHERE owner = ${owner}`.execute(db)
  if ((rows[0]?.count ?? 0) >= MAX_SUBSCRIPTIONS)
    throw refused(`would be one more than the ${MAX_SUBSCRIPTIONS} that one client may have`)
}

function scheduleOf(value: unknown): Schedule {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw refused('has a schedule that is not an object')
  const given = value as Record<string, unknown>
  const strange = Object.keys(given).find((key) => !SCHEDULE_FIELDS.some((field) => field === key))
  if (strange !== undefined)
    throw refused(`has "${strange.slice(0, 60)}" in its schedule, which is not known`)
  if (Object.values(given).some((text) => typeof text !== 'string' && typeof text !== 'number'))
    throw refused('has a field in its schedule that is not a text')
  const schedule = Object.fromEntries(
    Object.entries(given).map(([key, text]) => [key, String(text)]),
  ) as Schedule
  try {
    timesOf(schedule)
  } catch (error) {
    throw refused(`has a schedule where ${(error as Error).message}`)
  }
  return schedule
}

/** In the order in which they were made. */
export async function subscriptionsOf(db: Db, owner: string, queryName: string): Promise<SubscriptionRow[]> {
  const { rows } = await sql<SubscriptionRow>`SELECT * FROM epcis_subscription
    WHERE owner = ${owner} AND query_name = ${queryName} ORDER BY created_at, subscription_id LIMIT ${MAX_SUBSCRIPTIONS}`.execute(
    db,
  )
  return rows
}

/** Throws `NoSuchResourceException`. */
export async function subscriptionBy(
  db: Db,
  owner: string,
  queryName: string,
  id: string,
): Promise<SubscriptionRow> {
  const { rows } = await sql<SubscriptionRow>`SELECT * FROM epcis_subscription
    WHERE subscription_id = ${id.slice(0, 100)} AND owner = ${owner} AND query_name = ${queryName}`.execute(
    db,
  )
  if (!rows[0])
    throw new EpcisException('NoSuchResourceException', 'There is no such subscription to this query.', {
      hint: `GET /queries/${queryName}/subscriptions lists them.`,
    })
  return rows[0]
}

export async function deleteSubscription(
  db: Db,
  owner: string,
  queryName: string,
  id: string,
): Promise<void> {
  await subscriptionBy(db, owner, queryName, id)
  await sql`DELETE FROM epcis_subscription WHERE subscription_id = ${id}`.execute(db)
}

/** As the standard answers it, with what went wrong last; never with the secret. */
export function shownSubscription(row: SubscriptionRow): Record<string, unknown> {
  const time = (ms: number) => new Date(ms).toISOString()
  return {
    subscriptionID: row.subscription_id,
    queryName: row.query_name,
    dest: row.dest,
    ...(row.schedule === null ? { stream: true } : { schedule: JSON.parse(row.schedule) as Schedule }),
    reportIfEmpty: row.report_if_empty === 1,
    initialRecordTime: time(row.initial_record_time),
    createdAt: time(row.created_at),
    ...(row.last_notified_at === null ? {} : { lastNotifiedAt: time(row.last_notified_at) }),
    ...(row.last_error === null ? {} : { lastError: row.last_error, failures: row.failures }),
    active: row.next_at !== NEVER,
  }
}

const refused = (what: string): EpcisException =>
  new EpcisException('SubscriptionControlsException', `The subscription ${what}.`, {
    hint: 'Such as {"dest":"https://you.example/hook","signatureToken":"..","stream":true} or with "schedule":{"hour":"1","minute":"5"} in UTC.',
  })
