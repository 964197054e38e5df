import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { utf8 } from '#contract/ground/bytes.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { tilePath, tilesOf } from '#contract/trace/tiles.ts'
import type { Db } from '../../store/open-store.ts'
import { checkpointOf, tileBytes } from './read-tree.ts'

/**
 * The log as files that any web server can serve, under the addresses that the gateway serves them at. The checkpoint
 * comes last, so that what it signs is there before it. Returns how many files were written.
 */
export async function exportTree(
  db: Db,
  folder: string,
): Promise<{ readonly files: number; readonly size: number }> {
  const checkpoint = await checkpointOf(db, 'newest')
  if (!checkpoint) return { files: 0, size: 0 }
  let files = 0
  const write = (path: string, bytes: Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileAtomically(join(folder, path), bytes)
    files++
  }
  for (const tile of tilesOf(checkpoint.size))
    for (const each of tile.level === 0 ? [tile, { ...tile, level: 'entries' as const }] : [tile]) {
      const bytes = await tileBytes(db, each)
      if (!bytes) throw new RangeError(`${tilePath(each)} is missing`)
      write(tilePath(each), bytes)
    }
  write('checkpoint', utf8(checkpoint.note))
  return { files, size: checkpoint.size }
}
