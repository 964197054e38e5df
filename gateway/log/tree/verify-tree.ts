import { equalBytes, toHex } from '#contract/ground/bytes.ts'
import type { Sha256 } from '#contract/ground/signing.ts'
import { parseCheckpoint, type SignedCheckpoint } from '#contract/trace/checkpoint.ts'
import {
  consistencyProof,
  type HashAt,
  isConsistent,
  leafHash,
  nodeHash,
  treeRoot,
} from '#contract/trace/merkle.ts'
import { type NoteKey, noteKey, standingOfKey } from '#contract/trace/signed-note.ts'
import { HASH_BYTES, TILE_WIDTH, tilePath, tilesOf } from '#contract/trace/tiles.ts'
import type { Db } from '../../store/open-store.ts'
import { type Cosigner, cosignerName, cosignerStates, verifyWithNode } from './cosigning.ts'
import { checkpointOf, checkpointSizes, hashesOfTree, leavesIn, storedTile, treeHead } from './read-tree.ts'

export interface TreeVerification {
  readonly size: number
  readonly checkpoints: number
  /** What is wrong, in sentences; at most a hundred, for one bad leaf shows in everything above it. */
  readonly problems: readonly string[]
}

const MAX_PROBLEMS = 100

/**
 * Computes the whole tree again from its leaves, and holds every tile, checkpoint and cosignature against it. `known` are
 * checkpoints that somebody saved elsewhere: only they show that the end of a log was cut off.
 */
export async function verifyTree(
  db: Db,
  outside: {
    readonly publicRaw: Uint8Array
    readonly sha256: Sha256
    readonly cosigners: readonly Cosigner[]
    readonly known: readonly SignedCheckpoint[]
  },
): Promise<TreeVerification> {
  const problems: string[] = []
  const say = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem)
  }
  const { size } = await treeHead(db)
  const tree = await recomputed(db, size, outside.sha256, say)
  await compareTiles(db, size, tree, say)
  const sizes = await checkpointSizes(db)
  let before: SignedCheckpoint | undefined
  for (const each of sizes) before = (await verifyCheckpoint(db, each, before, tree, outside, say)) ?? before
  if (size > 0 && sizes.at(-1) !== size)
    say(`The newest checkpoint is over ${sizes.at(-1) ?? 0} entries, and the log has ${size}.`)
  for (const each of outside.known) await compareKnown(each, size, tree, outside, say)
  for (const { cosigner, size: signed } of await cosignerStates(db))
    if (signed > size)
      say(`${cosigner} has signed ${signed} entries, and the log has ${size}: its end was cut off.`)
  return { size, checkpoints: sizes.length, problems }
}

type Say = (problem: string) => void

/** Hashes of whole runs one after the other, a list for each level: 64 bytes a leaf in all. */
type Tree = readonly Uint8Array[]

const hashOf = (level: Uint8Array, index: number): Uint8Array =>
  level.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)

async function recomputed(db: Db, size: number, sha256: Sha256, say: Say): Promise<Tree> {
  const hashes = new Uint8Array(size * HASH_BYTES)
  for (let from = 0; from < size; from += TILE_WIDTH) {
    const to = Math.min(size, from + TILE_WIDTH)
    const leaves = new Map((await leavesIn(db, from, to)).map((leaf) => [leaf.no, leaf]))
    for (let no = from; no < to; no++) {
      const stored = leaves.get(no)
      if (!stored) {
        say(`Entry ${no} is missing.`)
        continue
      }
      const hash = leafHash(stored.leaf, sha256)
      if (!equalBytes(hash, stored.hash)) say(`Entry ${no} is not what its hash says: it was changed.`)
      hashes.set(hash, no * HASH_BYTES)
    }
  }
  const more = await leavesIn(db, size, size + 1)
  if (more.length > 0) say(`There are entries beyond the ${size} that the log has.`)
  const levels = [hashes]
  for (let count = Math.floor(size / 2); count > 0; count = Math.floor(count / 2)) {
    const below = levels.at(-1) as Uint8Array
    const above = new Uint8Array(count * HASH_BYTES)
    for (let at = 0; at < count; at++)
      above.set(nodeHash(hashOf(below, 2 * at), hashOf(below, 2 * at + 1), sha256), at * HASH_BYTES)
    levels.push(above)
  }
  return levels
}

const hashAt =
  (tree: Tree): HashAt =>
  (level, index) => {
    const hash = hashOf(tree[level] ?? new Uint8Array(0), index)
    if (hash.length < HASH_BYTES) throw new RangeError('beyond the tree')
    return hash
  }

async function compareTiles(db: Db, size: number, tree: Tree, say: Say): Promise<void> {
  for (const tile of tilesOf(size)) {
    const [from, to] = [tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width]
    const right = (tree[tile.level * 8] as Uint8Array).subarray(from * HASH_BYTES, to * HASH_BYTES)
    if (!equalBytes(await storedTile(db, tile.level, tile.index), right))
      say(`${tilePath(tile)} is not what the entries say.`)
  }
}

async function verifyCheckpoint(
  db: Db,
  size: number,
  before: SignedCheckpoint | undefined,
  tree: Tree,
  { publicRaw, sha256, cosigners }: { publicRaw: Uint8Array; sha256: Sha256; cosigners: readonly Cosigner[] },
  say: Say,
): Promise<SignedCheckpoint | undefined> {
  const name = `The checkpoint over ${size} entries`
  const stored = await checkpointOf(db, { size })
  const checkpoint = stored && parsed(stored.note)
  if (!checkpoint) {
    say(`${name} cannot be read.`)
    return undefined
  }
  if (!(await isSignedBy(checkpoint, publicRaw, sha256))) say(`${name} is not signed by the province.`)
  if (checkpoint.size !== size || toHex(checkpoint.root) !== toHex(stored.root))
    say(`${name} says something else than the row that it stands in.`)
  if (!(await hasRoot(checkpoint, tree, sha256))) say(`${name} has another root than the entries give.`)
  if (before && !(await isGrown(db, before, checkpoint, sha256)))
    say(`${name} is not consistent with the one over ${before.size}.`)
  for (const { key } of cosigners) {
    if ((await standingOfKey(checkpoint.note, key, verifyWithNode)).is === 'forged')
      say(`${name} bears a signature of ${cosignerName(key)} that does not hold.`)
  }
  return checkpoint
}

/** By the tiles, as anybody outside sees them. */
async function isGrown(
  db: Db,
  one: SignedCheckpoint,
  other: SignedCheckpoint,
  sha256: Sha256,
): Promise<boolean> {
  try {
    const proof = await consistencyProof(one.size, other.size, hashesOfTree(db, other.size, sha256), sha256)
    const [size1, root1, size2, root2] = [one.size, one.root, other.size, other.root]
    return isConsistent({ size1, root1, size2, root2, proof }, sha256)
  } catch {
    return false
  }
}

async function compareKnown(
  known: SignedCheckpoint,
  size: number,
  tree: Tree,
  { publicRaw, sha256 }: { publicRaw: Uint8Array; sha256: Sha256 },
  say: Say,
): Promise<void> {
  const name = `The saved checkpoint over ${known.size} entries`
  if (!(await isSignedBy(known, publicRaw, sha256))) say(`${name} is not signed by this province.`)
  else if (known.size > size)
    say(`${name} is signed by this province, and the log has ${size}: its end was cut off.`)
  else if (!(await hasRoot(known, tree, sha256)))
    say(`${name} is signed by this province and has another root than the entries give: the log was forked.`)
}

async function hasRoot({ size, root }: SignedCheckpoint, tree: Tree, sha256: Sha256): Promise<boolean> {
  try {
    return equalBytes(await treeRoot(size, hashAt(tree), sha256), root)
  } catch {
    return false
  }
}

async function isSignedBy(
  { origin, note }: SignedCheckpoint,
  publicRaw: Uint8Array,
  sha256: Sha256,
): Promise<boolean> {
  let key: NoteKey
  try {
    // Under whatever name the log had then: the key is what does not change.
    key = noteKey(origin, 'plain', publicRaw, sha256)
  } catch {
    return false
  }
  return (await standingOfKey(note, key, verifyWithNode)).is === 'signed'
}

function parsed(note: string): SignedCheckpoint | undefined {
  try {
    return parseCheckpoint(note)
  } catch {
    return undefined
  }
}
