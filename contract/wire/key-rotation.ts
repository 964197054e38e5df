import { concatBytes, fromHex, utf8 } from '../ground/bytes.ts'
import type { PublicKey } from '../ground/signing.ts'
import { agentBytes } from './identity.ts'
import type { Lane } from './records.ts'

/**
 * A box's keys, one after the other. The agent's id stays; which key a batch has to be signed with follows from
 * (epoch, lane, seq) alone, never from a time.
 */

/** From which seq of each lane on a key signs. */
export type SeqOfLane = Readonly<Record<Lane, number>>

/**
 * The box changes its key. The entry stands in a batch that the old key signs, below `from.record`, and holds the
 * new key's own word: only both together change anything.
 */
export interface KeyRotationEntry {
  readonly kind: 'key-rotation'
  readonly oldKey: string
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array
  /** The seqs below are of this epoch; in later ones the new key signs from the first. */
  readonly epoch: string
  readonly from: SeqOfLane
  /** Ed25519 by the new key over `rotationProof`. */
  readonly proof: Uint8Array
}

export const REVOCATION_REASONS = ['stolen', 'lost', 'compromised', 'retired'] as const
export type RevocationReason = (typeof REVOCATION_REASONS)[number]

/** Decided at the province: what this key signed in `epoch` beyond `lastTrusted`, and in any later epoch, does not count. */
export interface RevocationEntry {
  readonly kind: 'revocation'
  readonly agent: string
  readonly key: string
  readonly reason: RevocationReason
  readonly epoch: string
  readonly lastTrusted: SeqOfLane
}

const PREFIX = utf8('vuon/key-rotation/1\0')

/** `prefix ‖ agent (10) ‖ old key id (8) ‖ new key (32) ‖ epoch (8) ‖ seqs of record, finding, reading (8 each, big-endian)`. */
export const rotationProof = (
  agent: string,
  { oldKey, publicKey, epoch, from }: Omit<KeyRotationEntry, 'kind' | 'proof'>,
): Uint8Array =>
  concatBytes(
    PREFIX,
    agentBytes(agent),
    fromHex(oldKey),
    publicKey,
    fromHex(epoch),
    seqBytes(from.record),
    seqBytes(from.finding),
    seqBytes(from.reading),
  )

/** False for whatever is wrong with it; never throws on input of the right shape. */
export const isRotationProven = (agent: string, entry: KeyRotationEntry, newKey: PublicKey): boolean =>
  newKey.verify(rotationProof(agent, entry), entry.proof)

/** A key of a box, with where it begins: null for the first, and for one that the province enrolled anew. */
export interface ChainedKey {
  readonly key: string
  readonly begins: { readonly epoch: string; readonly from: SeqOfLane } | null
}

/** `theirs`: this key signs these seqs. `over`: its successor does. `early`: it does not sign yet. */
export type Standing = 'theirs' | 'over' | 'early'

/** Where the key at `index` of a chain stands for a run of seqs; a run across a boundary is nobody's. */
export function standingOf(
  chain: readonly ChainedKey[],
  index: number,
  { epoch, lane, from, to }: { epoch: string; lane: Lane; from: number; to: number },
): Standing {
  const next = chain[index + 1]
  // Elsewhere than in the epoch of its end an old key signs nothing new: a box never goes back to an epoch.
  if (next && (next.begins?.epoch !== epoch || to >= next.begins.from[lane])) return 'over'
  const { begins } = chain[index] as ChainedKey
  return begins?.epoch === epoch && from < begins.from[lane] ? 'early' : 'theirs'
}

function seqBytes(seq: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seq))
  return bytes
}
