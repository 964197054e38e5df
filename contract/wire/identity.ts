import { toBase32, toHex } from '../ground/bytes.ts'
import type { Sha256 } from '../ground/signing.ts'

/** Length of an agent's id on the wire: the first 80 bits of the hash of its first public key. */
export const AGENT_BYTES = 10

/** Sixteen base32 characters that only this key can claim; it stays when the key is rotated. */
export const agentIdOf = (publicRaw: Uint8Array, sha256: Sha256): string =>
  toBase32(sha256(publicRaw).subarray(0, AGENT_BYTES)).toLowerCase()

/** Names a key inside headers and events: the first 8 bytes of its hash, hex. */
export const keyIdOf = (publicRaw: Uint8Array, sha256: Sha256): string =>
  toHex(sha256(publicRaw).subarray(0, 8))

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

export const isAgentId = (text: string): boolean => /^[0-9a-hjkmnp-tv-z]{16}$/.test(text)

/** The ten bytes of an agent's id. Throws RangeError when it is not one. */
export function agentBytes(agent: string): Uint8Array {
  if (!isAgentId(agent)) throw new RangeError('not the id of an agent')
  const bytes = new Uint8Array(AGENT_BYTES)
  let held = 0
  let bits = 0
  let at = 0
  for (const char of agent) {
    held = ((held << 5) | ALPHABET.indexOf(char)) & 0xffff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 0xff
    }
  }
  return bytes
}

export const agentOfBytes = (bytes: Uint8Array): string => toBase32(bytes).toLowerCase()
