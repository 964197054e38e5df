import type { PublicKey } from '#contract/ground/signing.ts'

// A province has some thousands of boxes; a key object takes about a kilobyte.
const AT_MOST = 10_000

/**
 * Remembers what was made of a key's 32 bytes, for making it takes half as long as checking a signature. Nothing is
 * remembered of whose key it is, or whether it may still be used: that is asked of the store every time.
 */
export function rememberKeys(
  publicKeyFromRaw: (raw: Uint8Array) => PublicKey,
): (raw: Uint8Array) => PublicKey {
  const known = new Map<string, PublicKey>()
  return (raw) => {
    const name = String.fromCharCode(...raw)
    const found = known.get(name)
    if (found) return found
    const made = publicKeyFromRaw(raw)
    const oldest = known.keys().next().value
    if (known.size >= AT_MOST && oldest !== undefined) known.delete(oldest)
    known.set(name, made)
    return made
  }
}
