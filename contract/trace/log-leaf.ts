import { concatBytes, utf8 } from '../ground/bytes.ts'

/**
 * A leaf of the province's log, written once and in one way:
 *
 *   kind (1 byte) ‖ signature (64 bytes) ‖ the signed bytes (1 .. 65,470), to the end
 *
 * Kind and signature have a fixed length, so no two leaves of different meaning have the same bytes. A reader that
 * does not know a kind still checks that the leaf is in the log.
 */
export interface LogLeaf {
  /** `other` is what a newer gateway put in. */
  readonly kind: LeafKind | 'other'
  readonly signature: Uint8Array
  readonly signed: Uint8Array
}

/** `farm-event`: a statement signed by a box. `captured-event`: one that came from an integrator, signed by the province. */
const KINDS = { 'farm-event': 1, 'captured-event': 2 } as const
export type LeafKind = keyof typeof KINDS

/**
 * What the province signs of an event that an integrator captured: its JSON, with the @context that its fields need, as it
 * was taken in. No farm signed it. The signature says that it came in, and not that it is true.
 */
export const capturedMessage = (bytes: Uint8Array): Uint8Array =>
  concatBytes(utf8('vuon/captured/1\0'), bytes)

const SIGNATURE_BYTES = 64
// An entry bundle of C2SP tlog-tiles gives the length of each entry in 16 bits.
const MAX_LEAF_BYTES = 0xffff
export const MAX_SIGNED_BYTES = MAX_LEAF_BYTES - 1 - SIGNATURE_BYTES

/** Throws RangeError when a signature or the signed bytes have a length that a leaf does not take. */
export function encodeLeaf(kind: LeafKind, signed: Uint8Array, signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) throw new RangeError('a signature has 64 bytes')
  if (signed.length < 1 || signed.length > MAX_SIGNED_BYTES)
    throw new RangeError(`a leaf takes 1 to ${MAX_SIGNED_BYTES} signed bytes`)
  return concatBytes(Uint8Array.of(KINDS[kind]), signature, signed)
}

/** Throws RangeError for bytes that are no leaf. */
export function decodeLeaf(leaf: Uint8Array): LogLeaf {
  if (leaf.length <= 1 + SIGNATURE_BYTES || leaf.length > MAX_LEAF_BYTES) throw new RangeError('no leaf')
  const known = (Object.keys(KINDS) as LeafKind[]).find((kind) => KINDS[kind] === leaf[0])
  return {
    kind: known ?? 'other',
    signature: leaf.slice(1, 1 + SIGNATURE_BYTES),
    signed: leaf.slice(1 + SIGNATURE_BYTES),
  }
}
