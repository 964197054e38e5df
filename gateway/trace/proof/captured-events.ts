import { sql } from 'kysely'
import { equalBytes, utf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { indexed } from '#contract/trace/epcis-facts.ts'
import { capturedMessage, encodeLeaf, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import { leafHash } from '#contract/trace/merkle.ts'
import { openEnvelope, openKnownBody } from '#contract/wire/batch.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { batchBytes, batchesOf } from '../../log/log.ts'
import { leafIndex, treeHead } from '../../log/tree/read-tree.ts'
import type { Db } from '../../store/open-store.ts'

/** Who appends what integrators captured, and the province's signature over it. */
export interface Capturer {
  readonly agent: string
  readonly key: SecretKey
}

export interface CapturedEvent {
  readonly kind: 'captured-event'
  readonly eventId: string
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

// An event with its correction, and a few that somebody declared wrong again.
const MAX_OF_ONE_NAME = 100

/**
 * Captured events by their eventID, signed. The province signs what its batches hold and nothing else: throws `not-found`
 * for a row that says what no batch says, and for an event that is too long for the log.
 */
export async function capturedNamed(db: Db, name: string, capturer: Capturer): Promise<CapturedEvent[]> {
  const { rows } = await sql<{ event_id: string; body: string }>`SELECT event_id, body FROM event_index
    WHERE event_id = ${indexed(name, sha256)} AND agent = '' AND body IS NOT NULL
    ORDER BY ref LIMIT ${MAX_OF_ONE_NAME}`.execute(db)
  const events: CapturedEvent[] = []
  for (const row of rows) {
    const signed = utf8(row.body)
    if (signed.length > MAX_SIGNED_BYTES)
      throw new VuonError('not-found', `Event ${name.slice(0, 200)} is not in the log: it is too long.`, {
        hint: `It has ${signed.length} bytes; an entry of the log takes ${MAX_SIGNED_BYTES}.`,
      })
    const signature = capturer.key.sign(capturedMessage(signed))
    const isIn = (await leafIndex(db, capturedLeafHash(signed, signature))) !== undefined
    if (!isIn && !(await isWaiting(db, signed, capturer)))
      throw new VuonError('not-found', `Event ${name.slice(0, 200)} is not what was captured.`, {
        hint: 'Its row was changed. vuon-gateway log verify says more, vuon-gateway rebuild derives it again.',
      })
    events.push({ kind: 'captured-event', eventId: name, signed, signature })
  }
  return events
}

export const capturedLeafHash = (signed: Uint8Array, signature: Uint8Array): Uint8Array =>
  leafHash(encodeLeaf('captured-event', signed, signature), sha256)

/** Whether a batch holds it that the log has not come to yet. */
async function isWaiting(db: Db, signed: Uint8Array, { agent }: Capturer): Promise<boolean> {
  const { arrival } = await treeHead(db)
  for (const batch of await batchesOf(db, agent, Number.MAX_SAFE_INTEGER))
    if (batch.arrival > arrival && batch.lane === 'record')
      for (const bytes of await capturedIn(db, agent, batch)) if (equalBytes(bytes, signed)) return true
  return false
}

/** The events that a batch of the province brought in; none of one that can't be read. */
export async function capturedIn(
  db: Db,
  agent: string,
  { epoch, fromSeq }: { readonly epoch: string; readonly fromSeq: number },
): Promise<Uint8Array[]> {
  const stored = await batchBytes(db, agent, epoch, 'record', fromSeq)
  if (!stored) return []
  let entries: RecordEntry[]
  try {
    entries = decodeEntries(openKnownBody(openEnvelope(stored.bytes), compression))
  } catch {
    // Damage on the disk keeps nobody else's events out of the log; `rebuild` and `backup` tell of it.
    return []
  }
  return entries.flatMap((entry) => {
    const bytes = entry.kind === 'captured-event' ? (entry as { bytes?: unknown }).bytes : undefined
    return bytes instanceof Uint8Array && bytes.length > 0 ? [bytes] : []
  })
}
