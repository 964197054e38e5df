import { sql } from 'kysely'
import { fromUtf8, utf8 } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { type EventFacts, factsOf } from '#contract/trace/epcis-facts.ts'
import { openSignedEvent } from '#contract/trace/signed-event.ts'
import type { Db, Migration, Tx } from '../store/open-store.ts'
import { rowStatement, statement } from '../store/statement.ts'
import { workOffWaiting } from './waiting-events.ts'

/**
 * What EPCIS questions look in. One row an event, named by `ref`: its eventTime (6 bytes, so that refs sort by time)
 * and the hash of where it stands in the log (8 bytes), which is the same whenever and in whatever order it arrives.
 *
 *   event_thing    which things, lots and classes, in which role
 *   event_word     bizStep, places, transactions, fields of the author's own: everything that is compared as text
 *   event_figure   quantities and measured values in base units, times
 *
 * Their keys end with the ref, so that whatever is looked for comes out in the order of time. Of a farm's events only
 * those are here whose signature holds and whose key is trusted.
 */
export const eventIndexMigrations: readonly Migration[] = [
  {
    name: 'projections-event-index-1',
    statements: ({ integer, real, blob, tableOptions, keyedOptions }) => [
      // A captured event has its JSON here and no agent; a farm's is what was signed, in the table event.
      `CREATE TABLE event_index (ref ${blob} PRIMARY KEY, agent TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL,
        event_id TEXT NOT NULL, record_time ${integer} NOT NULL, captured_by TEXT NOT NULL, body TEXT)${tableOptions}`,
      `CREATE INDEX event_index_id ON event_index (event_id)`,
      `CREATE INDEX event_index_record_time ON event_index (record_time, ref)`,
      `CREATE INDEX event_index_agent ON event_index (agent, ref)`,
      `CREATE TABLE event_thing (name TEXT NOT NULL, role TEXT NOT NULL, ref ${blob} NOT NULL, PRIMARY KEY (name, role, ref))${keyedOptions}`,
      `CREATE TABLE event_word (name TEXT NOT NULL, value TEXT NOT NULL, ref ${blob} NOT NULL, PRIMARY KEY (name, value, ref))${keyedOptions}`,
      `CREATE TABLE event_figure (name TEXT NOT NULL, value ${real} NOT NULL, ref ${blob} NOT NULL, PRIMARY KEY (name, value, ref))${keyedOptions}`,
      `CREATE INDEX event_figure_ref ON event_figure (ref, name)`,
      `CREATE TABLE event_prefix (prefix TEXT NOT NULL, namespace TEXT NOT NULL, PRIMARY KEY (prefix, namespace))${keyedOptions}`,
    ],
  },
  {
    name: 'projections-4',
    statements: ({ integer, tableOptions }) => [
      // Events that were here before there was an index; see indexWaiting.
      `CREATE TABLE event_waiting (agent TEXT NOT NULL, epoch TEXT NOT NULL, seq ${integer} NOT NULL, PRIMARY KEY (agent, epoch, seq))${tableOptions}`,
      `INSERT INTO event_waiting SELECT agent, epoch, seq FROM event`,
    ],
  },
  {
    // The kind of an event (`event-kind.ts`) and the family of a lot or serial, for events that were noted before.
    name: 'projections-event-index-2',
    statements: () => [
      `INSERT INTO event_word SELECT DISTINCT role || '<', substr(name, 1, 22), ref FROM event_thing
        WHERE name LIKE '/01/______________/10/%' OR name LIKE '/01/______________/21/%'`,
      `INSERT INTO event_word SELECT 'kind', CASE WHEN length(said) > 180 OR length(replace(said, ' ', '')) <> length(said) - 3
          THEN '?' ELSE said END, ref FROM (
        SELECT e.ref AS ref, coalesce(t.value, '') || ' ' || coalesce(a.value, '') || ' ' || coalesce(s.value, '') || ' '
          || coalesce(d.value, '') AS said
        FROM event_index e
          LEFT JOIN (SELECT ref, value FROM event_word WHERE name = 'eventType') t ON t.ref = e.ref
          LEFT JOIN (SELECT ref, value FROM event_word WHERE name = 'action') a ON a.ref = e.ref
          LEFT JOIN (SELECT ref, value FROM event_word WHERE name = 'bizStep') s ON s.ref = e.ref
          LEFT JOIN (SELECT ref, value FROM event_word WHERE name = 'disposition') d ON d.ref = e.ref) kinds`,
    ],
  },
]

export const EVENT_INDEX_TABLES = [
  'event_index',
  'event_thing',
  'event_word',
  'event_figure',
  'event_prefix',
  'event_waiting',
] as const

/** What an integrator captured: the event's JSON, with the @context that its fields need. */
export interface CapturedEvent {
  readonly bytes: Uint8Array
  readonly capturedBy: string
  readonly recordTime: number
}

/** Notes a captured event, once. What can't be read as JSON, or has no time, stays in the log and is not found. */
export async function indexCapturedEvent(
  tx: Tx,
  { bytes, capturedBy, recordTime }: CapturedEvent,
): Promise<void> {
  const body = textOf(bytes)
  const event = jsonOf(body)
  const facts = event && factsOf(event, sha256)
  if (!facts) return
  const ref = eventRef(facts.eventTimeMs, bytes)
  const place = { agent: '', epoch: '', seq: 0 }
  await indexEvent(tx, { ref, ...place, recordTime, capturedBy, body, facts })
}

/** Notes a farm's event, unless its batch is one that does not count. */
export async function indexFarmEvent(
  tx: Tx,
  place: {
    readonly agent: string
    readonly epoch: string
    readonly seq: number
    readonly receivedAt: number
  },
  event: Readonly<Record<string, unknown>>,
  eventId: string,
): Promise<void> {
  const facts = factsOf(event, sha256)
  if (!facts) return
  const { agent, epoch, seq, receivedAt } = place
  if (await isInUntrustedBatch(tx, place)) return
  const ref = eventRef(facts.eventTimeMs, utf8(`${agent}/${epoch}/${seq}`))
  const named = facts.eventId === undefined ? { ...facts, eventId } : facts
  await indexEvent(tx, {
    ref,
    agent,
    epoch,
    seq,
    recordTime: receivedAt,
    capturedBy: '',
    body: null,
    facts: named,
  })
}

/** Whether the batch that brought an event was signed beyond what is trusted of its key. */
export async function isInUntrustedBatch(
  tx: Tx,
  { agent, epoch, seq }: { readonly agent: string; readonly epoch: string; readonly seq: number },
): Promise<boolean> {
  return (await untrustedAt(tx, agent, epoch, seq, seq)).length > 0
}

const untrustedAt = statement(`SELECT 1 AS found FROM untrusted_batch
  WHERE agent = ? AND epoch = ? AND lane = 'record' AND from_seq <= ? AND to_seq >= ?`)

interface IndexedEvent {
  readonly ref: Uint8Array
  readonly agent: string
  readonly epoch: string
  readonly seq: number
  readonly recordTime: number
  readonly capturedBy: string
  readonly body: string | null
  readonly facts: EventFacts
}

async function indexEvent(tx: Tx, event: IndexedEvent): Promise<void> {
  const { ref, agent, epoch, seq, recordTime, capturedBy, body, facts } = event
  const row = [ref, agent, epoch, seq, facts.eventId ?? '', recordTime, capturedBy, body]
  await insertIndexed(tx, ...row)
  await insertThings(
    tx,
    facts.things.map(([name, role]) => [name, role, ref]),
  )
  await insertWords(
    tx,
    facts.words.map(([name, value]) => [name, value, ref]),
  )
  await insertFigures(
    tx,
    facts.figures.map(([name, value]) => [name, value, ref]),
  )
  await insertPrefixes(tx, facts.prefixes)
}

// Sent twice, an event is what it was: the first time that it came stands.
const insertIndexed = statement(`INSERT INTO event_index VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (ref) DO UPDATE SET record_time = excluded.record_time WHERE excluded.record_time < event_index.record_time`)
const insertThings = rowStatement(
  `INSERT INTO event_thing VALUES (?, ?, ?) ON CONFLICT (name, role, ref) DO NOTHING`,
)
const insertWords = rowStatement(
  `INSERT INTO event_word VALUES (?, ?, ?) ON CONFLICT (name, value, ref) DO NOTHING`,
)
const insertFigures = rowStatement(
  `INSERT INTO event_figure VALUES (?, ?, ?) ON CONFLICT (name, value, ref) DO NOTHING`,
)
const insertPrefixes = rowStatement(
  `INSERT INTO event_prefix VALUES (?, ?) ON CONFLICT (prefix, namespace) DO NOTHING`,
)

/** Takes a box out of the index, before what counts of it is derived again. */
export async function forgetEventsOf(tx: Tx, agent: string): Promise<void> {
  for (const table of ['event_thing', 'event_word', 'event_figure'])
    await sql`DELETE FROM ${sql.table(table)} WHERE ref IN (SELECT ref FROM event_index WHERE agent = ${agent})`.execute(
      tx,
    )
  await sql`DELETE FROM event_index WHERE agent = ${agent}`.execute(tx)
  await sql`DELETE FROM event_waiting WHERE agent = ${agent}`.execute(tx)
}

/** Notes events that came before there was an index. */
export const indexWaiting = (
  db: Db,
  inTransaction: (work: (tx: Tx) => Promise<void>) => Promise<void>,
): Promise<void> =>
  workOffWaiting<{ event_id: string; signed: Uint8Array; is_signature_valid: number; received_at: number }>(
    db,
    inTransaction,
    'event_waiting',
    sql`e.event_id, e.signed, e.is_signature_valid,
      coalesce((SELECT b.received_at FROM log_batch b WHERE b.agent = w.agent AND b.epoch = w.epoch AND b.lane = 'record'
        AND b.from_seq <= w.seq AND b.to_seq >= w.seq), 0) AS received_at`,
    async (
      tx,
      { agent, epoch, seq, event_id: eventId, signed, is_signature_valid: isValid, received_at: receivedAt },
    ) => {
      if (isValid !== 1) return
      const { event } = openSignedEvent(new Uint8Array(signed))
      await indexFarmEvent(tx, { agent, epoch, seq, receivedAt }, event, eventId)
    },
  )

/** Six bytes of time, big endian, and eight of the hash of `source`. Times before 1970 stand at 1970. */
function eventRef(eventTimeMs: number, source: Uint8Array): Uint8Array {
  const ref = new Uint8Array(14)
  const view = new DataView(ref.buffer)
  const ms = Math.max(0, eventTimeMs)
  view.setUint16(0, Math.floor(ms / 2 ** 32))
  view.setUint32(2, ms % 2 ** 32)
  ref.set(sha256(source).subarray(0, 8), 6)
  return ref
}

/** What is no UTF-8 is no JSON either. */
function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    return ''
  }
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
