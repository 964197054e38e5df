import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, sign, verify } from 'node:crypto'
import type { PublicKey, SecretKey, Sha256 } from '../signing.ts'

export const sha256: Sha256 = (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer'))

// RFC 8410: the fixed DER prefixes before the 32 raw bytes of an Ed25519 key.
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A verifier over raw 32-byte public keys. A key or signature of the wrong size is simply "no". */
export function publicKeyFromRaw(raw: Uint8Array): PublicKey {
  if (raw.length !== 32) throw new RangeError('an Ed25519 public key has 32 bytes')
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' })
  return {
    raw,
    verify: (message, signature) => signature.length === 64 && verify(null, message, key, signature),
  }
}

export function secretKeyFromSeed(seed: Uint8Array): SecretKey {
  if (seed.length !== 32) throw new RangeError('an Ed25519 seed has 32 bytes')
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicRaw: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  }
}

/** A new 32-byte seed from the system's randomness. */
export function newSeed(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519')
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length))
}
