import { decode } from 'cborg'
import { VuonError } from '../ground/errors.ts'
import { decodeBounded, encodeCbor } from './cbor.ts'
import type { RecordEntry } from './records.ts'

/** `entries-1`: entries of the record and finding lanes as one deterministic CBOR array (RFC 8949 §4.2). */
export function encodeEntries(entries: readonly RecordEntry[]): Uint8Array {
  return encodeCbor(entries)
}

// A batch holds at most this many entries; the sealer cuts at 500.
const MAX_ENTRIES = 65_536
// An empty list is one byte in a body and about forty in memory: 8 MiB of them would take 300 MB. An entry of
// ours has some twenty values of eight bytes or more.
const MAX_VALUES = 1_500_000

/** Throws VuonError `batch-malformed`. Entries of a kind that this program does not know come back as they are. */
export function decodeEntries(body: Uint8Array): RecordEntry[] {
  let entries: unknown
  try {
    entries = decodeBounded(body, MAX_VALUES, { allowUndefined: false, allowBigInt: false })
  } catch (cause) {
    throw new VuonError('batch-malformed', 'The body is not CBOR as entries are written.', { cause })
  }
  if (!Array.isArray(entries) || entries.length > MAX_ENTRIES)
    throw new VuonError('batch-malformed', 'The body is not a list of entries.')
  for (const entry of entries) {
    if (!isStamped(entry))
      throw new VuonError('batch-malformed', 'An entry lacks its kind, time, boot or clock.')
  }
  return entries as RecordEntry[]
}

/** One entry alone, as the journal keeps it. */
export const encodeEntry = (entry: RecordEntry): Uint8Array => encodeCbor(entry)

export function decodeEntry(bytes: Uint8Array): RecordEntry {
  return decode(bytes) as RecordEntry
}

function isStamped(entry: unknown): entry is RecordEntry {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return false
  const { kind, t, boot, clock } = entry as Record<string, unknown>
  return (
    typeof kind === 'string' &&
    kind.length <= 64 &&
    Number.isSafeInteger(t) &&
    typeof boot === 'string' &&
    /^[0-9a-f]{16}$/.test(boot) &&
    (clock === 'synchronised' || clock === 'holdover' || clock === 'unknown')
  )
}
