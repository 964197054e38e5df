import { concatBytes, fromUtf8, toHex, utf8 } from '../ground/bytes.ts'
import type { TimeQuality } from '../ground/clock.ts'
import { VuonError } from '../ground/errors.ts'
import type { PublicKey, SecretKey, Sha256 } from '../ground/signing.ts'
import { canonicalJson } from './canonical-json.ts'
import type { EpcisEvent } from './epcis.ts'

/** What a farm signs: the event in an envelope that chains it to the one before. Exactly these bytes travel. */
export interface EventStatement {
  readonly agent: string
  readonly key: string
  readonly epoch: string
  /** Counts this agent's events from 1; a gap or a second event with one number shows. */
  readonly eventNo: number
  /** Hex sha256 of the signed bytes of the event before; empty for the first. */
  readonly prev: string
  /** When it was entered, ISO 8601 UTC. */
  readonly capturedAt: string
  /** How the box knew the time: `person` when somebody confirmed the date by hand. */
  readonly clock: TimeQuality | 'person'
  readonly event: EpcisEvent
}

export interface SignedEvent {
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** Hex sha256 of `signed`: the next event's `prev`. */
  readonly hash: string
}

const PREFIX = utf8('vuon/event/1\0')

/** What the signature is over. */
export const eventMessage = (signed: Uint8Array): Uint8Array => concatBytes(PREFIX, signed)

export function signEvent(statement: EventStatement, key: SecretKey, sha256: Sha256): SignedEvent {
  const signed = utf8(canonicalJson(statement))
  return { signed, signature: key.sign(eventMessage(signed)), hash: toHex(sha256(signed)) }
}

export const isEventSignedBy = (
  event: { signed: Uint8Array; signature: Uint8Array },
  key: PublicKey,
): boolean => key.verify(eventMessage(event.signed), event.signature)

// An event with a year of sensor summaries stays far below this.
const MAX_EVENT_BYTES = 64 * 1024

/** Throws VuonError `batch-malformed` when the bytes are not a statement in canonical JSON. */
export function openSignedEvent(signed: Uint8Array): EventStatement {
  const malformed = (cause?: unknown) =>
    new VuonError('batch-malformed', 'A signed event is not canonical JSON of the right shape.', { cause })
  if (signed.length > MAX_EVENT_BYTES) throw malformed()
  let statement: EventStatement
  let isCanonical: boolean
  try {
    const text = fromUtf8(signed)
    statement = JSON.parse(text) as EventStatement
    isCanonical = canonicalJson(statement) === text
  } catch (cause) {
    throw malformed(cause)
  }
  if (!isCanonical || !hasShape(statement)) throw malformed()
  return statement
}

function hasShape(statement: unknown): boolean {
  if (statement === null || typeof statement !== 'object') return false
  const { eventNo, event, ...texts } = statement as Record<string, unknown>
  if (!Number.isSafeInteger(eventNo) || (eventNo as number) < 1) return false
  if (event === null || typeof event !== 'object') return false
  const { type, eventTime } = event as Record<string, unknown>
  return (
    ['agent', 'key', 'epoch', 'prev', 'capturedAt', 'clock'].every(
      (name) => typeof texts[name] === 'string',
    ) &&
    typeof type === 'string' &&
    typeof eventTime === 'string'
  )
}
