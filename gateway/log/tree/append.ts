import { sql } from 'kysely'
import { concatBytes, toHex } from '#contract/ground/bytes.ts'
import type { SecretKey, Sha256 } from '#contract/ground/signing.ts'
import { checkpointText } from '#contract/trace/checkpoint.ts'
import { leafHash, treeRoot } from '#contract/trace/merkle.ts'
import { signNote } from '#contract/trace/signed-note.ts'
import { foldHashes, HASH_BYTES, hashesIn, hashesOfTiles, TILE_WIDTH } from '#contract/trace/tiles.ts'
import { inParts, type Tx } from '../../store/open-store.ts'
import { rowStatement } from '../../store/statement.ts'
import { holdLease } from './lease.ts'
import { storedTile, treeHead } from './read-tree.ts'

export interface LogIdentity {
  /** The first line of every checkpoint: the log's address without the scheme. */
  readonly origin: string
  readonly key: SecretKey
  readonly sha256: Sha256
}

/** Leaves in the order in which they are to stand, and how far one has looked to find them. */
export interface Appending {
  readonly leaves: readonly Uint8Array[]
  readonly arrival: number
  readonly reader: number
}

/**
 * Leaves, tiles and the signed checkpoint, all in the caller's transaction: after a crash the log is as before or as
 * after. A leaf that is in the log stays where it is, and is not put in twice. Returns how many were added. Throws
 * LeaseLost, and nothing is written, when another gateway has become the writer.
 */
export async function appendLeaves(
  tx: Tx,
  { fence, nowMs }: { fence: number; nowMs: number },
  { leaves, arrival, reader }: Appending,
  identity: LogIdentity,
): Promise<number> {
  await holdLease(tx, fence, nowMs)
  const { size } = await treeHead(tx)
  const fresh = await withoutKnown(tx, leaves, identity.sha256)
  const newSize = size + fresh.length
  await sql`INSERT INTO tree_head VALUES ('tree', ${newSize}, ${arrival}, ${reader})
    ON CONFLICT (name) DO UPDATE SET size = excluded.size, arrival = excluded.arrival, reader = excluded.reader`.execute(
    tx,
  )
  if (fresh.length === 0) return 0
  await insertLeaves(
    tx,
    fresh.map(({ hash, leaf }, index) => [size + index, hash, leaf]),
  )
  const hashes = fresh.map(({ hash }) => hash)
  const root = await growTiles(tx, size, hashes, identity.sha256)
  const text = checkpointText({ origin: identity.origin, size: newSize, root })
  const note = signNote(text, identity.origin, identity.key, identity.sha256)
  await sql`INSERT INTO tree_checkpoint VALUES (${newSize}, ${root}, ${nowMs}, ${note}, 0)`.execute(tx)
  return fresh.length
}

const insertLeaves = rowStatement(`INSERT INTO tree_leaf VALUES (?, ?, ?)`)
const saveTiles = rowStatement(`INSERT INTO tree_tile VALUES (?, ?, ?)
  ON CONFLICT (level, no) DO UPDATE SET hashes = excluded.hashes`)

async function withoutKnown(
  tx: Tx,
  leaves: readonly Uint8Array[],
  sha256: Sha256,
): Promise<{ hash: Uint8Array; leaf: Uint8Array }[]> {
  const byHash = new Map<string, { hash: Uint8Array; leaf: Uint8Array }>()
  for (const leaf of leaves) {
    const hash = leafHash(leaf, sha256)
    if (!byHash.has(toHex(hash))) byHash.set(toHex(hash), { hash, leaf })
  }
  await inParts([...byHash.values()], async (part) => {
    const { rows } = await sql<{ hash: Uint8Array }>`SELECT hash FROM tree_leaf
      WHERE hash IN (${sql.join(part.map(({ hash }) => hash))})`.execute(tx)
    for (const { hash } of rows) byHash.delete(toHex(new Uint8Array(hash)))
  })
  return [...byHash.values()]
}

/** Puts hashes at the end of the tiles, from the leaves up: a tile that is full is one hash of the level above. */
async function growTiles(
  tx: Tx,
  size: number,
  leafHashes: readonly Uint8Array[],
  sha256: Sha256,
): Promise<Uint8Array> {
  const changed = new Map<string, Uint8Array>()
  const nameOf = (level: number, index: number): string => `${level}/${index}`
  let [before, added] = [size, leafHashes]
  for (let level = 0; added.length > 0; level++) {
    const full: Uint8Array[] = []
    for (let done = 0; done < added.length; ) {
      const index = Math.floor((before + done) / TILE_WIDTH)
      const width = (before + done) % TILE_WIDTH
      const held = width === 0 ? new Uint8Array(0) : await storedTile(tx, level, index)
      const more = added.slice(done, done + TILE_WIDTH - width)
      const tile = concatBytes(held.subarray(0, width * HASH_BYTES), ...more)
      changed.set(nameOf(level, index), tile)
      if (tile.length === TILE_WIDTH * HASH_BYTES) full.push(foldHashes(hashesIn(tile), sha256))
      done += more.length
    }
    ;[before, added] = [Math.floor(before / TILE_WIDTH), full]
  }
  await saveTiles(
    tx,
    [...changed].map(([name, hashes]) => [...name.split('/').map(Number), hashes]),
  )
  const newSize = size + leafHashes.length
  const read = async (tile: { level: number; index: number }): Promise<Uint8Array> =>
    changed.get(nameOf(tile.level, tile.index)) ?? storedTile(tx, tile.level, tile.index)
  return treeRoot(newSize, hashesOfTiles(newSize, read, sha256), sha256)
}
