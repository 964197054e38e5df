import { existsSync, readFileSync, statSync } from 'node:fs'
import { VuonError } from '../errors.ts'
import type { SecretKey } from '../signing.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { newSeed, secretKeyFromSeed } from './crypto.ts'

/** A program's own key, made here at the first start; it never leaves. Refuses a file that others may read. */
export function openKeyFile(path: string): SecretKey {
  if (!existsSync(path)) writeFileAtomically(path, newSeed(), 0o600)
  if ((statSync(path).mode & 0o077) !== 0)
    throw new VuonError('key-unsafe', `${path} can be read by other users.`)
  const seed = readFileSync(path)
  if (seed.length !== 32) {
    throw new VuonError('file-unreadable', `${path} is not a key (32 bytes).`, {
      hint: 'Set it aside and start again: a new key is made; a box has to be claimed again.',
    })
  }
  return secretKeyFromSeed(new Uint8Array(seed))
}
