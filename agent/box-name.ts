import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '#contract/ground/bytes.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { RandomBytes } from '#contract/ground/random.ts'

/**
 * Twelve hex digits by which brokers know this box: made once and kept, whatever happens to keys and farms. A broker
 * keeps messages for this name while the box is away.
 */
export function boxMark(dataDir: string, randomBytes: RandomBytes): string {
  const path = join(dataDir, 'mqtt-client-id')
  if (!existsSync(path)) writeFileAtomically(path, toHex(randomBytes(6)), 0o600)
  return readFileSync(path, 'utf8').trim()
}
