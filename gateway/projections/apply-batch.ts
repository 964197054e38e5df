import { sql } from 'kysely'
import type { Sha256 } from '#contract/ground/signing.ts'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import type { Lane, ReadingSegment, RecordEntry } from '#contract/wire/records.ts'
import type { Tx } from '../store/open-store.ts'
import { applyEntry } from './entries.ts'
import { applySegments } from './readings.ts'

/** A batch whose signature held and whose body is unpacked. */
export interface VerifiedBatch {
  readonly agent: string
  readonly epoch: string
  readonly lane: Lane
  readonly form: string
  readonly fromSeq: number
  readonly toSeq: number
  readonly receivedAt: number
  readonly body: Uint8Array
}

export interface Applied {
  readonly readings: number
  readonly entries: number
  /** Why the body was kept for later instead of being read, if so. */
  readonly unread: string | null
}

/** Outside things that projecting needs: hashing, and the keys by which events are checked. */
export interface ProjectionOutside {
  readonly sha256: Sha256
  readonly verifyEvent: (
    publicKey: Uint8Array,
    event: { signed: Uint8Array; signature: Uint8Array },
  ) => boolean
}

/**
 * Derives everything from one batch, inside the transaction that stored it. Order of arrival must not matter:
 * rows are keyed by what names them for ever, sums are of whole numbers, times are kept as the extremes.
 */
export async function applyBatch(tx: Tx, batch: VerifiedBatch, outside: ProjectionOutside): Promise<Applied> {
  const read = readBody(batch)
  if ('unread' in read) {
    await sql`INSERT INTO unread_batch VALUES (${batch.agent}, ${batch.epoch}, ${batch.lane}, ${batch.fromSeq}, ${read.unread})
      ON CONFLICT (agent, epoch, lane, from_seq) DO NOTHING`.execute(tx)
    return { readings: 0, entries: 0, unread: read.unread }
  }
  if ('segments' in read) {
    const readings = await applySegments(tx, batch, read.segments)
    return { readings, entries: 0, unread: null }
  }
  for (const [index, entry] of read.entries.entries()) {
    await applyEntry(tx, { ...batch, seq: batch.fromSeq + index }, entry, outside)
  }
  return { readings: 0, entries: read.entries.length, unread: null }
}

/** What a newer agent sent and we can't read is kept for later, never refused: its signature held. */
export function readBody(
  batch: VerifiedBatch,
): { entries: RecordEntry[] } | { segments: ReadingSegment[] } | { unread: string } {
  try {
    if (batch.form === 'columns-1' && batch.lane === 'reading') {
      const segments = decodeSegments(batch.body)
      const count = segments.reduce((sum, segment) => sum + segment.readings.length, 0)
      return count === batch.toSeq - batch.fromSeq + 1
        ? { segments }
        : { unread: 'does not hold as many readings as it numbers' }
    }
    if (batch.form === 'entries-1' && batch.lane !== 'reading') {
      const entries = decodeEntries(batch.body)
      return entries.length === batch.toSeq - batch.fromSeq + 1
        ? { entries }
        : { unread: 'does not hold as many entries as it numbers' }
    }
    return { unread: `form ${batch.form} in lane ${batch.lane}` }
  } catch (error) {
    return { unread: (error as Error).message.slice(0, 200) }
  }
}
