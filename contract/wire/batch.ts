import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../ground/bytes.ts'
import type { Compression } from '../ground/compression.ts'
import { VuonError } from '../ground/errors.ts'
import type { PublicKey, SecretKey, Sha256 } from '../ground/signing.ts'
import { byteStringsOf, decodeBounded, encodeCbor } from './cbor.ts'
import { AGENT_BYTES, agentBytes, agentOfBytes } from './identity.ts'
import type { BatchHeader, Lane } from './records.ts'

/**
 * A batch: [header, compressed body, signature] in CBOR. It is sealed once; a resend is the same bytes.
 * Signed is `"vuon/batch/1\0" ‖ header ‖ sha256(compressed body)`, so a reader verifies before it unpacks.
 */

/** What travels and is stored as one piece; a slow link sends one in a few seconds. */
export const MAX_BATCH_BYTES = 1024 * 1024
/** What a body may unpack to. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024
/** What a batch may number: one that claims the rest of its lane would push the mark past everything to come. */
export const MAX_SEQS = 1_000_000
export const BATCH_TYPE = 'application/vnd.vuon.batch'

// Nine fields, each a key and a value, and room for fields to come. Read before any signature is checked.
const MAX_ENVELOPE_VALUES = 64

const SIGNED_PREFIX = utf8('vuon/batch/1\0')
const LANE_NUMBERS: Record<Lane, number> = { record: 0, finding: 1, reading: 2 }
// `loss-1` fills the seqs of what can't be read any more, so that chain and marks move past them.
const FORMS = ['', 'entries-1', 'columns-1', 'loss-1']

// Keys of the header's map: small numbers, for every batch pays for them.
const AGENT = 1
const KEY = 2
const EPOCH = 3
const LANE = 4
const FROM = 5
const TO = 6
const PREV = 7
const RAW_SIZE = 8
const FORM = 9

export interface SealedBatch {
  readonly header: BatchHeader
  readonly bytes: Uint8Array
  /** sha256 of `bytes`: what the next batch of the lane names as `prev`. */
  readonly hash: Uint8Array
}

export interface Envelope {
  readonly header: BatchHeader
  readonly headerBytes: Uint8Array
  readonly compressed: Uint8Array
  readonly signature: Uint8Array
}

export function sealBatch(
  header: Omit<BatchHeader, 'rawSize'>,
  body: Uint8Array,
  by: { key: SecretKey; sha256: Sha256; compression: Compression },
): SealedBatch {
  const whole: BatchHeader = { ...header, rawSize: body.length }
  const headerBytes = encodeHeader(whole)
  const compressed = by.compression.deflate(body)
  const signature = by.key.sign(signedBytes(headerBytes, compressed, by.sha256))
  const bytes = encodeCbor([headerBytes, compressed, signature])
  return { header: whole, bytes, hash: by.sha256(bytes) }
}

/** Reads the envelope only; nothing is decompressed. Throws VuonError `batch-malformed` or `batch-too-large`. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > MAX_BATCH_BYTES) throw new VuonError('batch-too-large')
  const parts = byteStringsOf(bytes, 3) ?? decodeStrictly(bytes)
  if (!Array.isArray(parts) || parts.length !== 3 || !parts.every((part) => part instanceof Uint8Array)) {
    throw malformed('is not [header, body, signature]')
  }
  const [headerBytes, compressed, signature] = parts as [Uint8Array, Uint8Array, Uint8Array]
  if (signature.length !== 64) throw malformed('has a signature of the wrong size')
  return { header: decodeHeader(headerBytes), headerBytes, compressed, signature }
}

export function isBatchSignedBy(envelope: Envelope, key: PublicKey, sha256: Sha256): boolean {
  return key.verify(signedBytes(envelope.headerBytes, envelope.compressed, sha256), envelope.signature)
}

/** Unpacks the body; call it only after the signature held. Throws `batch-bomb` or `batch-malformed`. */
export function openBody(envelope: Envelope, compression: Compression): Uint8Array {
  const body = compression.inflate(envelope.compressed, envelope.header.rawSize)
  if (body.length !== envelope.header.rawSize) throw malformed('does not have the size that it states')
  return body
}

/**
 * The same, but empty for a form that this program does not know: a newer agent may make it small in another way. Such a
 * batch is kept as it is for a reader that knows it.
 */
export function openKnownBody(envelope: Envelope, compression: Compression): Uint8Array {
  return FORMS.indexOf(envelope.header.form) > 0 ? openBody(envelope, compression) : new Uint8Array(0)
}

const signedBytes = (header: Uint8Array, compressed: Uint8Array, sha256: Sha256): Uint8Array =>
  concatBytes(SIGNED_PREFIX, header, sha256(compressed))

function encodeHeader(header: BatchHeader): Uint8Array {
  return encodeCbor(
    new Map<number, unknown>([
      [AGENT, agentBytes(header.agent)],
      [KEY, fromHex(header.key)],
      [EPOCH, fromHex(header.epoch)],
      [LANE, LANE_NUMBERS[header.lane]],
      [FROM, header.from],
      [TO, header.to],
      [PREV, header.prev],
      [RAW_SIZE, header.rawSize],
      [FORM, formNumber(header.form)],
    ]),
  )
}

function decodeHeader(bytes: Uint8Array): BatchHeader {
  const map = decodeStrictly(bytes)
  if (!(map instanceof Map)) throw malformed('has no header')
  const lane = (Object.keys(LANE_NUMBERS) as Lane[]).find((name) => LANE_NUMBERS[name] === map.get(LANE))
  if (!lane) throw malformed('names an unknown lane')
  const from = wholeNumber(map.get(FROM), 1, 'from')
  const to = wholeNumber(map.get(TO), from, 'to')
  if (to - from >= MAX_SEQS)
    throw new VuonError('batch-too-large', `The batch numbers more than ${MAX_SEQS} entries.`)
  const prev = map.get(PREV)
  if (prev !== null && !(prev instanceof Uint8Array && prev.length === 32))
    throw malformed('names no previous batch')
  if ((prev === null) !== (from === 1)) throw malformed('begins a chain in the middle')
  const rawSize = wholeNumber(map.get(RAW_SIZE), 0, 'rawSize')
  if (rawSize > MAX_BODY_BYTES) throw new VuonError('batch-bomb')
  const form = wholeNumber(map.get(FORM), 1, 'form')
  return {
    agent: agentOfBytes(bytesOf(map.get(AGENT), AGENT_BYTES)),
    key: toHex(bytesOf(map.get(KEY), 8)),
    epoch: toHex(bytesOf(map.get(EPOCH), 8)),
    lane,
    from,
    to,
    prev: prev as Uint8Array | null,
    rawSize,
    form: FORMS[form] ?? `form-${form}`,
  }
}

function formNumber(form: string): number {
  const known = FORMS.indexOf(form)
  const number = known > 0 ? known : Number(/^form-(\d+)$/.exec(form)?.[1])
  if (!Number.isSafeInteger(number)) throw new RangeError(`no such form: ${form}`)
  return number
}

function bytesOf(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length)
    throw malformed('has a field of the wrong size')
  return value
}

function wholeNumber(value: unknown, least: number, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
    throw malformed(`has no right "${name}"`)
  return value
}

/** Only the one deterministic writing of a thing is taken: otherwise one batch could have two hashes. */
function decodeStrictly(bytes: Uint8Array): unknown {
  try {
    const value = decodeBounded(bytes, MAX_ENVELOPE_VALUES, { useMaps: true })
    if (equalBytes(encodeCbor(value), bytes)) return value
  } catch (cause) {
    throw new VuonError('batch-malformed', undefined, { cause })
  }
  throw malformed('is not written deterministically')
}

const malformed = (what: string): VuonError => new VuonError('batch-malformed', `The batch ${what}.`)
