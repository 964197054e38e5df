import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import { syncFolder } from '#contract/ground/node/sync-folder.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { keyIdOf } from '#contract/wire/identity.ts'

/**
 * The box's keys as files in a folder of their own, 0600: `agent.key` signs; `agent.key.1`, `.2` .. wait to follow it.
 * Each change is one rename or one new file, so that a power cut leaves the keys before it or those after it.
 */

// Each waits for the province to hold what the one before signed; nobody has a reason for more.
const MAX_WAITING = 4
const SEED_BYTES = 32

/** The oldest first. Makes the first key of a new box. Throws `key-unsafe`, `file-unreadable`. */
export function openKeyRing(path: string): SecretKey[] {
  return [path, ...waiting(path)].map(openKeyFile)
}

/** Another after each change of the folder's keys; looked at every few seconds. */
export function keyRingVersion(path: string): string {
  return [path, ...waiting(path)]
    .map((each) => {
      const stat = statSync(each, { throwIfNoEntry: false })
      return stat ? `${basename(each)} ${stat.ino} ${stat.mtimeMs}` : ''
    })
    .join(' ')
}

/** Makes the key that is to follow the newest one. Throws `input-invalid` when too many wait already. */
export function makeNextKey(path: string): SecretKey {
  openKeyFile(path)
  const numbers = waiting(path).map(numberOf)
  if (numbers.length >= MAX_WAITING)
    throw new VuonError('input-invalid', `${numbers.length} keys wait already to follow one another.`, {
      hint: 'Connect the box to the province first; vuon-agent key show tells what it waits for.',
    })
  return openKeyFile(`${path}.${Math.max(0, ...numbers) + 1}`)
}

/** The oldest key is destroyed, and the next one takes its place. */
export function dropOldestKey(path: string): void {
  const [next] = waiting(path)
  if (next) replaceKey(next, path)
}

/** Where a key waits that the province has still to enrol. */
export const claimKeyPath = (path: string): string => join(dirname(path), 'claim.key')

/** The province has enrolled the key of this name: if it waits here, every other one is over, and destroyed. */
export function adoptClaimKey(path: string, keyId: string): void {
  const claimed = claimKeyPath(path)
  if (!existsSync(claimed)) return
  if (keyIdOf(openKeyFile(claimed).publicRaw, sha256) !== keyId) return
  replaceKey(claimed, path)
  // One that a power cut leaves would follow the new key: it is the box's own, so that nothing is wrong with it.
  for (const each of waiting(path)) rmSync(each)
  syncFolder(dirname(path))
}

/**
 * The rename decides; then the old seed is written over, as far as a card does that: flash keeps copies that no program
 * reaches, which is why a stolen card's key is revoked and not only changed.
 */
function replaceKey(from: string, to: string): void {
  const old = existsSync(to) ? openSync(to, 'r+') : undefined
  try {
    renameSync(from, to)
    syncFolder(dirname(to))
    if (old === undefined) return
    writeSync(old, randomBytes(SEED_BYTES), 0, SEED_BYTES, 0)
    fsyncSync(old)
    ftruncateSync(old, 0)
  } finally {
    if (old !== undefined) closeSync(old)
  }
}

function waiting(path: string): string[] {
  const folder = dirname(path)
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter(
    (name) => numberOf(join(folder, name)) > 0 && name.startsWith(`${basename(path)}.`),
  )
  return names.map((name) => join(folder, name)).sort((a, b) => numberOf(a) - numberOf(b))
}

const numberOf = (path: string): number => Number(/\.([1-9]\d{0,8})$/.exec(path)?.[1] ?? 0)
