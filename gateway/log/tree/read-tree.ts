import { sql } from 'kysely'
import type { Sha256 } from '#contract/ground/signing.ts'
import type { HashAt } from '#contract/trace/merkle.ts'
import {
  encodeBundle,
  HASH_BYTES,
  hashesOfTiles,
  TILE_WIDTH,
  type TileAddress,
  tilePath,
  tileWidth,
} from '#contract/trace/tiles.ts'
import type { Db } from '../../store/open-store.ts'

/** How many leaves there are, and how far the batches were looked through for more. */
export interface TreeHead {
  readonly size: number
  readonly arrival: number
  readonly reader: number
}

export async function treeHead(db: Db): Promise<TreeHead> {
  const { rows } =
    await sql<TreeHead>`SELECT size, arrival, reader FROM tree_head WHERE name = 'tree'`.execute(db)
  return rows[0] ?? { size: 0, arrival: 0, reader: 0 }
}

/** Where a leaf stands, by its hash; undefined when it is not in the log. */
export async function leafIndex(db: Db, hash: Uint8Array): Promise<number | undefined> {
  const { rows } = await sql<{ no: number }>`SELECT no FROM tree_leaf WHERE hash = ${hash}`.execute(db)
  return rows[0]?.no
}

export interface StoredLeaf {
  readonly no: number
  readonly hash: Uint8Array
  readonly leaf: Uint8Array
}

/** Leaves `from` to `to` (without it), in order. */
export async function leavesIn(db: Db, from: number, to: number): Promise<StoredLeaf[]> {
  const { rows } =
    await sql<StoredLeaf>`SELECT no, hash, leaf FROM tree_leaf WHERE no >= ${from} AND no < ${to} ORDER BY no`.execute(
      db,
    )
  return rows.map(({ no, hash, leaf }) => ({ no, hash: new Uint8Array(hash), leaf: new Uint8Array(leaf) }))
}

/** The hashes of a tile, as many as there are; empty when there are none. */
export async function storedTile(db: Db, level: number, index: number): Promise<Uint8Array> {
  const { rows } = await sql<{ hashes: Uint8Array }>`SELECT hashes FROM tree_tile
    WHERE level = ${level} AND no = ${index}`.execute(db)
  return rows[0] ? new Uint8Array(rows[0].hashes) : new Uint8Array(0)
}

/** The hashes of the tree as it was with `size` leaves. */
export const hashesOfTree = (db: Db, size: number, sha256: Sha256): HashAt =>
  hashesOfTiles(size, ({ level, index }) => storedTile(db, level, index), sha256)

/** The bytes of a tile or bundle as it is served; undefined when the log has not come so far. */
export async function tileBytes(db: Db, tile: TileAddress): Promise<Uint8Array | undefined> {
  const { level, index, width } = tile
  const { size } = await treeHead(db)
  if (tileWidth(size, level === 'entries' ? 0 : level, index) < width) return undefined
  if (level !== 'entries') return (await storedTile(db, level, index)).subarray(0, width * HASH_BYTES)
  const from = index * TILE_WIDTH
  const leaves = await leavesIn(db, from, from + width)
  if (leaves.length !== width) throw new RangeError(`${tilePath(tile)} lacks leaves`)
  return encodeBundle(leaves.map(({ leaf }) => leaf))
}

export interface StoredCheckpoint {
  readonly size: number
  readonly root: Uint8Array
  readonly signedAt: number
  /** With the signatures of those who cosigned it. */
  readonly note: string
  readonly cosigners: readonly string[]
}

type Wanted =
  | 'newest'
  /** The newest that somebody outside has signed. */
  | 'cosigned'
  /** The newest of those that are kept for good, which cosigners are asked to sign. */
  | 'kept'
  | { readonly size: number }

export async function checkpointOf(db: Db, wanted: Wanted): Promise<StoredCheckpoint | undefined> {
  const where =
    wanted === 'newest'
      ? sql`1 = 1`
      : wanted === 'kept'
        ? sql`is_kept = 1`
        : wanted === 'cosigned'
          ? sql`size = (SELECT max(size) FROM tree_cosignature)`
          : sql`size = ${wanted.size}`
  const { rows } = await sql<{ size: number; root: Uint8Array; signed_at: number; note: string }>`
    SELECT size, root, signed_at, note FROM tree_checkpoint WHERE ${where} ORDER BY size DESC LIMIT 1`.execute(
    db,
  )
  const row = rows[0]
  if (!row) return undefined
  const cosignatures = await sql<{
    cosigner: string
    line: string
  }>`SELECT cosigner, line FROM tree_cosignature
    WHERE size = ${row.size} ORDER BY cosigner`.execute(db)
  return {
    size: row.size,
    root: new Uint8Array(row.root),
    signedAt: row.signed_at,
    note: row.note + cosignatures.rows.map(({ line }) => line).join(''),
    cosigners: cosignatures.rows.map(({ cosigner }) => cosigner),
  }
}

/** Sizes of all stored checkpoints, the smallest first. */
export async function checkpointSizes(db: Db): Promise<number[]> {
  const { rows } = await sql<{ size: number }>`SELECT size FROM tree_checkpoint ORDER BY size`.execute(db)
  return rows.map(({ size }) => size)
}

/** What the log has looked at and could not take, with the reason. */
export async function leftOut(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM tree_left_out`.execute(db)
  return Number(rows[0]?.count ?? 0)
}
