import { sql } from 'kysely'
import type { Sha256 } from '#contract/ground/signing.ts'
import { type ColumnSegment, decodeColumns } from '#contract/wire/columns-codec.ts'
import { decodeEntries } from '#contract/wire/entries-codec.ts'
import type { Lane, RecordEntry } from '#contract/wire/records.ts'
import type { Tx } from '../store/open-store.ts'
import type { ChainFault } from './chain-faults.ts'
import { applyEntry } from './entries.ts'
import { READER } from './reader.ts'
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
  /** What of its box's chain of events holds no longer because of it. */
  readonly chainFaults?: readonly ChainFault[]
}

/** Outside things that projecting needs: hashing, and the keys by which events are checked. */
export interface ProjectionOutside {
  readonly sha256: Sha256
  readonly verifyEvent: (
    publicKey: Uint8Array,
    event: { signed: Uint8Array; signature: Uint8Array },
  ) => boolean
  /** Told of each fault in a chain of events that was none before. */
  readonly onChainFault?: (fault: ChainFault) => void
}

/**
 * Derives everything from one batch, inside the transaction that stored it. Order of arrival must not matter:
 * rows are keyed by what names them for ever, sums are of whole numbers, times are kept as the extremes.
 */
export async function applyBatch(tx: Tx, batch: VerifiedBatch, outside: ProjectionOutside): Promise<Applied> {
  const read = readBody(batch)
  if ('unread' in read) {
    await keepUnread(tx, batch, read.unread)
    return { readings: 0, entries: 0, unread: read.unread }
  }
  if ('segments' in read) {
    const readings = await applySegments(tx, batch, read.segments)
    return { readings, entries: 0, unread: null }
  }
  const chainFaults: ChainFault[] = []
  const noting = { ...outside, onChainFault: (fault: ChainFault) => void chainFaults.push(fault) }
  for (const [index, entry] of read.entries.entries()) {
    await applyEntry(tx, { ...batch, seq: batch.fromSeq + index }, entry, noting)
  }
  return { readings: 0, entries: read.entries.length, unread: null, chainFaults }
}

/** Notes a batch that this gateway can't read; it stays in the log for one that can. */
export async function keepUnread(
  tx: Tx,
  { agent, epoch, lane, fromSeq }: Pick<VerifiedBatch, 'agent' | 'epoch' | 'lane' | 'fromSeq'>,
  reason: string,
): Promise<void> {
  await sql`INSERT INTO unread_batch VALUES (${agent}, ${epoch}, ${lane}, ${fromSeq}, ${reason.slice(0, 200)}, ${READER})
    ON CONFLICT (agent, epoch, lane, from_seq) DO UPDATE SET reason = excluded.reason, reader = excluded.reader`.execute(
    tx,
  )
}

/** What a newer agent sent and we can't read is kept for later, never refused: its signature held. */
export function readBody(
  batch: VerifiedBatch,
): { entries: RecordEntry[] } | { segments: ColumnSegment[] } | { unread: string } {
  try {
    if (batch.form === 'columns-1' && batch.lane === 'reading') {
      const segments = decodeColumns(batch.body)
      const series = segments.flatMap((segment) => segment.series)
      const count = series.reduce((sum, { times }) => sum + times.length, 0)
      if (count !== batch.toSeq - batch.fromSeq + 1)
        return { unread: 'does not hold as many readings as it numbers' }
      return series.length <= MAX_SERIES_A_BATCH
        ? { segments }
        : { unread: `holds more than ${MAX_SERIES_A_BATCH} series and segments` }
    }
    if (batch.form === 'entries-1' && batch.lane !== 'reading') {
      const entries = decodeEntries(batch.body)
      return entries.length === batch.toSeq - batch.fromSeq + 1
        ? { entries }
        : { unread: 'does not hold as many entries as it numbers' }
    }
    // What is missing was also told as a `loss` in the record lane; this batch only holds its place in the chain.
    if (batch.form === 'loss-1') return { entries: [] }
    return { unread: `form ${batch.form} in lane ${batch.lane}` }
  } catch (error) {
    return { unread: (error as Error).message }
  }
}

// A box has some dozens of series, a station with every probe some hundreds, and a batch one boot or two. Each is
// summed in rows of its own: a batch that is cut into a million of them would keep everybody else waiting.
const MAX_SERIES_A_BATCH = 4096
