import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { fromUtf8, utf8 } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { isEvent, type OpenedDocument, openDocument } from '#contract/trace/epcis-document.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { indexed } from '#contract/trace/epcis-facts.ts'
import { eventMistakes } from '#contract/trace/epcis-mistakes.ts'
import type { EpcisMistake } from '#contract/trace/epcis-value-rules.ts'
import { eventHashes } from '#contract/trace/event-hash.ts'
import type { Db, Tx } from '../../store/open-store.ts'

/** One event that is fit to be captured: its name, its JSON as it is kept, and what it says. */
export interface FitEvent {
  readonly eventId: string
  readonly bytes: Uint8Array
  /** The CBV hash, which leaves out the eventID and the error declaration. */
  readonly hash: string
  readonly isDeclaredWrong: boolean
}

export interface CaptureMistake {
  /** Which event of the document, from 0. */
  readonly index: number
  readonly exception: 'ValidationException' | 'ResourceAlreadyExistsException'
  readonly mistakes: readonly EpcisMistake[]
}

// A year of sensor summaries is some 60 kB; a list of ten thousand EPCs half a megabyte.
const MAX_EVENT_BYTES = 512 * 1024
// A batch has at most a megabyte once compressed, and what can't be compressed has as much before. A chunk of this size
// is some hundred events, a tenth of a second: between two of them others have their turn.
const MAX_CHUNK_BYTES = 200_000

/** Checks an event and makes it ready; an eventID that is missing is its CBV hash (CBV 2.0 §8.9.2). */
export function fitEvent(event: unknown, path: string, isAlone: boolean): FitEvent | readonly EpcisMistake[] {
  const mistakes = eventMistakes(event, path, { isAlone, isForCapture: true })
  if (mistakes.length > 0 || !isEvent(event)) return mistakes
  let hash: string
  try {
    hash = eventHashes(event, sha256)[0] as string
  } catch (error) {
    return [{ path, rule: (error as Error).message }]
  }
  // When it was recorded is said by who records it: the province.
  const { recordTime: _, ...said } = event
  const eventId = typeof event.eventID === 'string' ? event.eventID : hash
  const bytes = utf8(JSON.stringify({ ...said, eventID: eventId }).toWellFormed())
  if (bytes.length > MAX_EVENT_BYTES) return [{ path, rule: `has more than ${MAX_EVENT_BYTES} bytes` }]
  return { eventId, bytes, hash, isDeclaredWrong: event['errorDeclaration'] !== undefined }
}

export type CapturedDocument = Pick<OpenedDocument, 'events' | 'path' | 'masterData'>

/** The events of a document, and its master data. Throws EpcisException `ValidationException` where it is no document. */
export function eventsOf(document: unknown): CapturedDocument {
  const { events, path, masterData, mistakes } = openDocument(document)
  if (mistakes.length === 0 && path !== '') return { events, path, masterData }
  const list =
    path === '' && mistakes.length === 0
      ? [{ path: 'type', rule: 'is not EPCISDocument or EPCISQueryDocument' }]
      : mistakes
  throw new EpcisException('ValidationException', `This is no EPCIS document: ${saidOf(list[0])}.`, {
    hint: 'Send an EPCISDocument to /capture, a single event to /events.',
    errors: list.map(saidOf),
  })
}

export const saidOf = (mistake: EpcisMistake | undefined): string =>
  mistake ? `${mistake.path} ${mistake.rule}` : 'it is empty'

export type Standing = 'new' | 'same' | 'other'

/**
 * What is known of an event's eventID: nothing, the same event, or another one. An event that declares an earlier one
 * wrong bears its eventID and says the same (EPCIS 2.0 §7.4.1.3), so it is new beside it.
 */
export async function standingOf(db: Db, event: FitEvent): Promise<Standing> {
  const { rows } = await sql<{ body: string | null; signed: Uint8Array | null }>`SELECT e.body, f.signed
    FROM event_index e LEFT JOIN event f ON f.agent = e.agent AND f.epoch = e.epoch AND f.seq = e.seq
    WHERE e.event_id = ${indexed(event.eventId, sha256)} LIMIT 10`.execute(db)
  let standing: Standing = 'new'
  for (const row of rows) {
    const known = eventOfRow(row)
    if (!known || eventHashes(known, sha256)[0] !== event.hash) return 'other'
    if ((known['errorDeclaration'] !== undefined) === event.isDeclaredWrong) standing = 'same'
  }
  return standing
}

function eventOfRow(row: {
  body: string | null
  signed: Uint8Array | null
}): Record<string, unknown> | undefined {
  if (row.body !== null) return JSON.parse(row.body) as Record<string, unknown>
  if (!row.signed) return undefined
  return (JSON.parse(fromUtf8(new Uint8Array(row.signed))) as { event: Record<string, unknown> }).event
}

/** Appends events to the province's record, a batch for each chunk of them, within the caller's transaction. */
export async function appendInChunks(
  tx: Tx,
  events: readonly FitEvent[],
  append: (tx: Tx, events: readonly Uint8Array[]) => Promise<void>,
): Promise<void> {
  let chunk: Uint8Array[] = []
  let size = 0
  for (const { bytes } of events) {
    if (size + bytes.length > MAX_CHUNK_BYTES && chunk.length > 0) {
      await append(tx, chunk)
      await nextTurn()
      ;[chunk, size] = [[], 0]
    }
    chunk.push(bytes)
    size += bytes.length
  }
  if (chunk.length > 0) await append(tx, chunk)
}
