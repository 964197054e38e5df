import { concatBytes, equalBytes } from '../ground/bytes.ts'
import type { Sha256 } from '../ground/signing.ts'

/**
 * The Merkle tree of RFC 9162 §2.1 (the same as RFC 6962's): over leaves in the order in which they came, so that
 * one hash stands for all of them, and a short proof shows that a leaf is among them or that nothing before was changed.
 */
const HASH_BYTES = 32
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export const leafHash = (leaf: Uint8Array, sha256: Sha256): Uint8Array => sha256(concatBytes(LEAF, leaf))

export const nodeHash = (left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array =>
  sha256(concatBytes(NODE, left, right))

/**
 * The hash over the 2^level leaves from `index` · 2^level on, all of which are there. It is asked only for runs that
 * are whole, which never change: that is what makes them storable.
 */
export type HashAt = (level: number, index: number) => Uint8Array | Promise<Uint8Array>

/** The hash over the first `size` leaves. */
export async function treeRoot(size: number, at: HashAt, sha256: Sha256): Promise<Uint8Array> {
  return size === 0 ? sha256(new Uint8Array(0)) : rootOf(0, size, at, sha256)
}

/** Shows that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1): the hashes beside its way up. */
export async function inclusionProof(
  index: number,
  size: number,
  at: HashAt,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError('no such leaf in a tree of this size')
  const proof: Uint8Array[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    const isLeft = index < middle
    proof.unshift(await (isLeft ? rootOf(middle, to, at, sha256) : rootOf(from, middle, at, sha256)))
    if (isLeft) to = middle
    else from = middle
  }
  return proof
}

/** Shows that the tree of `size1` leaves is the beginning of that of `size2` (RFC 9162 §2.1.4.1). */
export async function consistencyProof(
  size1: number,
  size2: number,
  at: HashAt,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  if (!(size1 >= 0 && size1 <= size2)) throw new RangeError('a tree grows')
  const proof: Uint8Array[] = []
  if (size1 === 0 || size1 === size2) return proof
  let [from, to] = [0, size2]
  while (size1 !== to) {
    const middle = from + splitOf(to - from)
    const isLeft = size1 <= middle
    proof.unshift(await (isLeft ? rootOf(middle, to, at, sha256) : rootOf(from, middle, at, sha256)))
    if (isLeft) to = middle
    else from = middle
  }
  // What both trees have on the left is known to whoever knows the smaller root, if it is all of that tree.
  if (from > 0) proof.unshift(await rootOf(from, to, at, sha256))
  return proof
}

export interface Inclusion {
  readonly leafHash: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162 §2.1.3.2. False for a proof of any wrong shape; never throws. */
export function isIncluded(claim: Inclusion, sha256: Sha256): boolean {
  const { index, size, root, proof } = claim
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (![claim.leafHash, root, ...proof].every(isHash)) return false
  let [place, last, hash] = [index, size - 1, claim.leafHash]
  for (const beside of proof) {
    if (last === 0) return false
    if (isOdd(place) || place === last) {
      hash = nodeHash(beside, hash, sha256)
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)]
    } else hash = nodeHash(hash, beside, sha256)
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 && equalBytes(hash, root)
}

export interface Consistency {
  readonly size1: number
  readonly root1: Uint8Array
  readonly size2: number
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/**
 * RFC 9162 §2.1.4.2. False for a proof of any wrong shape; never throws. The empty tree begins every tree, so that a
 * proof from it says nothing and is refused.
 */
export function isConsistent(claim: Consistency, sha256: Sha256): boolean {
  const { size1, root1, size2, root2, proof } = claim
  if (!isCount(size1) || !isCount(size2) || size1 < 1 || size1 > size2) return false
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2)
  if (proof.length === 0 || ![root1, root2, ...proof].every(isHash)) return false
  const path = isPowerOfTwo(size1) ? [root1, ...proof] : proof
  let [place, last] = [size1 - 1, size2 - 1]
  while (isOdd(place)) [place, last] = [half(place), half(last)]
  let [hash1, hash2] = [path[0] as Uint8Array, path[0] as Uint8Array]
  for (const beside of path.slice(1)) {
    if (last === 0) return false
    if (isOdd(place) || place === last) {
      hash1 = nodeHash(beside, hash1, sha256)
      hash2 = nodeHash(beside, hash2, sha256)
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)]
    } else hash2 = nodeHash(hash2, beside, sha256)
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 && equalBytes(hash1, root1) && equalBytes(hash2, root2)
}

/** Over leaves `from` to `to`; `from` is a multiple of the largest whole run that is asked for below. */
async function rootOf(from: number, to: number, at: HashAt, sha256: Sha256): Promise<Uint8Array> {
  const size = to - from
  if (isPowerOfTwo(size)) return at(Math.log2(size), from / size)
  const middle = from + splitOf(size)
  return nodeHash(await rootOf(from, middle, at, sha256), await rootOf(middle, to, at, sha256), sha256)
}

/** The largest power of two below `size`. Sizes go beyond 32 bits, so there is no shifting here. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

function isPowerOfTwo(size: number): boolean {
  return splitOf(size + 1) === size
}

const half = (count: number): number => Math.floor(count / 2)
const isOdd = (count: number): boolean => count % 2 === 1
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
const isHash = (bytes: Uint8Array): boolean => bytes.length === HASH_BYTES
