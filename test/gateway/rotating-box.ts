import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import type { SealedBatch } from '#contract/wire/batch.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { type KeyRotationEntry, rotationProof, type SeqOfLane } from '#contract/wire/key-rotation.ts'
import type { SignedBox } from './signed-box.ts'

/** Any key: its number is its seed. */
export const keyOf = (number: number): SecretKey => secretKeyFromSeed(new Uint8Array(32).fill(number))

/** A change of key as a box enters it; `change` is what a liar writes instead. */
export function rotationEntry(
  box: SignedBox,
  next: SecretKey,
  from: SeqOfLane,
  change: Partial<KeyRotationEntry> = {},
): KeyRotationEntry & Record<string, unknown> {
  const claim = { oldKey: box.keyId, publicKey: next.publicRaw, epoch: box.epoch, from, ...change }
  const proof = next.sign(rotationProof(box.agent, claim))
  return { kind: 'key-rotation', ...claim, proof, ...change }
}

/** The box signs with another key from here on, whether anybody was told or not. */
export const signWith = (box: SignedBox, key: SecretKey): SignedBox =>
  Object.assign(box, { key, keyId: keyIdOf(key.publicRaw, sha256) })

/** The batch that tells of the change, signed by the old key; the box goes on with the new one. */
export function rotate(box: SignedBox, next: SecretKey, from: SeqOfLane): SealedBatch {
  const batch = box.records(rotationEntry(box, next, from))
  signWith(box, next)
  return batch
}
