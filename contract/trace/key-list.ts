import { concatBytes, fromBase64, toBase64Url, utf8 } from '../ground/bytes.ts'
import type { SecretKey } from '../ground/signing.ts'
import type { SeqOfLane } from '../wire/key-rotation.ts'
import { canonicalJson } from './canonical-json.ts'
import type { VerifySignature } from './signed-note.ts'

/**
 * Which key spoke for which box, from where to where, and what was revoked of it: signed by the province, so that a
 * saved proof can be checked without asking anybody. Validity is by (epoch, lane, seq), never by a wall clock.
 */
export interface KeyList {
  readonly format: 'vuon/keys/1'
  /** Of the log to which it belongs. */
  readonly origin: string
  /** ISO 8601 UTC. What was revoked later is not in it. */
  readonly issuedAt: string
  readonly boxes: readonly ListedBox[]
}

interface ListedBox {
  readonly agent: string
  /** In the order in which they began. */
  readonly epochs: readonly string[]
  /** In the order in which they followed one another. */
  readonly keys: readonly ListedKey[]
}

export interface ListedKey {
  readonly key: string
  /** 32 raw bytes in base64url. */
  readonly publicKey: string
  /** Null for the first key, and for one that the province enrolled anew. */
  readonly begins: { readonly epoch: string; readonly from: SeqOfLane } | null
  readonly revoked: ListedRevocation | null
}

export interface ListedRevocation {
  readonly reason: string
  readonly decidedAt: string
  readonly epoch: string
  readonly lastTrusted: SeqOfLane
  /** The number of the last event of this key that counts, as the farm itself numbered it; 0 when none does. */
  readonly lastTrustedEventNo: number
}

export interface SignedKeyList {
  readonly list: KeyList
  /** Ed25519 of the province over `"vuon/keys/1\0" ‖ RFC 8785 JSON of the list`, in base64url. */
  readonly signature: string
}

const signedBytes = (list: KeyList): Uint8Array =>
  concatBytes(utf8('vuon/keys/1\0'), utf8(canonicalJson(list)))

export const signKeyList = (list: KeyList, key: SecretKey): SignedKeyList => ({
  list,
  signature: toBase64Url(key.sign(signedBytes(list))),
})

/** False for whatever is wrong with it. */
export async function isKeyListSigned(
  { list, signature }: SignedKeyList,
  provinceRaw: Uint8Array,
  verify: VerifySignature,
): Promise<boolean> {
  try {
    return await verify(provinceRaw, signedBytes(list), fromBase64(signature))
  } catch {
    return false
  }
}

/** `unknown`: none of this box's. `over`, `early`: another key was the box's. `revoked`: signed beyond what is trusted. */
export type KeyStanding =
  | { readonly is: 'trusted' | 'over' | 'early' | 'revoked'; readonly key: ListedKey }
  | { readonly is: 'unknown' }

/**
 * Where a key stands for one event of the record lane. An event is signed before it has its seq, so that within one
 * epoch the bounds between two keys are those of the batches around it, which the province checked when it took them.
 */
export function standingOfEvent(
  list: KeyList,
  event: {
    readonly agent: string
    readonly key: string
    readonly epoch: string
    readonly seq: number
    readonly eventNo: number
  },
): KeyStanding {
  const box = list.boxes.find((each) => each.agent === event.agent)
  const at = box?.keys.findIndex((each) => each.key === event.key) ?? -1
  const key = box?.keys[at]
  if (!box || !key) return { is: 'unknown' }
  const place = box.epochs.indexOf(event.epoch)
  const isBefore = (epoch: string): boolean => place < box.epochs.indexOf(epoch)
  const isAfter = (epoch: string): boolean => place > box.epochs.indexOf(epoch)
  if (place < 0 || (key.begins && isBefore(key.begins.epoch))) return { is: 'early', key }
  const next = box.keys[at + 1]
  if (next?.begins && isAfter(next.begins.epoch)) return { is: 'over', key }
  const { revoked } = key
  if (!revoked) return { is: 'trusted', key }
  const isBeyond =
    isAfter(revoked.epoch) ||
    (event.epoch === revoked.epoch && event.seq > revoked.lastTrusted.record) ||
    event.eventNo > revoked.lastTrustedEventNo
  return { is: isBeyond ? 'revoked' : 'trusted', key }
}
