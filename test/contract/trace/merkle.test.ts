import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '#contract/ground/bytes.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { isEd25519Signed } from '#contract/trace/ed25519-verify.ts'
import { decodeLeaf, encodeLeaf, MAX_SIGNED_BYTES } from '#contract/trace/log-leaf.ts'
import {
  consistencyProof,
  type HashAt,
  inclusionProof,
  isConsistent,
  isIncluded,
  leafHash,
  nodeHash,
  treeRoot,
} from '#contract/trace/merkle.ts'
import { sha256InScript } from '#contract/trace/sha256.ts'
import {
  decodeBundle,
  encodeBundle,
  foldHashes,
  hashesIn,
  hashesOfTiles,
  parseTilePath,
  tilePath,
  tilesOf,
  tileWidth,
} from '#contract/trace/tiles.ts'

const leafOf = (index: number): Uint8Array => leafHash(utf8(`leaf ${index}`), sha256)

/** As RFC 9162 §2.1.1 defines it, word for word: what the proofs are held against. */
function rootAsDefined(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array(0))
  if (hashes.length === 1) return hashes[0] as Uint8Array
  let split = 1
  while (split * 2 < hashes.length) split *= 2
  return nodeHash(rootAsDefined(hashes.slice(0, split)), rootAsDefined(hashes.slice(split)), sha256)
}

const inMemory =
  (hashes: readonly Uint8Array[]): HashAt =>
  (level, index) =>
    foldHashes(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level), sha256)

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7)))

const tree = fc.integer({ min: 1, max: 70 })

describe('a Merkle tree', () => {
  test('proves every leaf, and nothing with one bit of the proof, the root or the leaf changed', () =>
    fc.assert(
      fc.asyncProperty(tree, fc.nat(), fc.nat(), async (size, pick, bit) => {
        const hashes = Array.from({ length: size }, (_, index) => leafOf(index))
        const [index, at] = [pick % size, inMemory(hashes)]
        const root = await treeRoot(size, at, sha256)
        expect(root).toEqual(rootAsDefined(hashes))
        const proof = await inclusionProof(index, size, at, sha256)
        const claim = { leafHash: hashes[index] as Uint8Array, index, size, root, proof }
        expect(isIncluded(claim, sha256)).toBe(true)
        expect(isIncluded({ ...claim, root: flipped(root, bit % 256) }, sha256)).toBe(false)
        expect(isIncluded({ ...claim, leafHash: flipped(claim.leafHash, bit % 256) }, sha256)).toBe(false)
        expect(isIncluded({ ...claim, proof: [...proof, root] }, sha256)).toBe(false)
        const step = bit % Math.max(1, proof.length)
        if (proof.length > 0) {
          const wrong = proof.with(step, flipped(proof[step] as Uint8Array, bit % 256))
          expect(isIncluded({ ...claim, proof: wrong }, sha256)).toBe(false)
          expect(isIncluded({ ...claim, proof: proof.slice(1) }, sha256)).toBe(false)
        }
        for (const other of [index + 1, index - 1, index + size])
          expect(isIncluded({ ...claim, index: other }, sha256)).toBe(false)
      }),
      { numRuns: 60 },
    ))

  test('proves that it only grew, and not from a tree with another leaf', () =>
    fc.assert(
      fc.asyncProperty(tree, tree, fc.nat(), async (one, other, bit) => {
        const [size1, size2] = [Math.min(one, other), Math.max(one, other)]
        const hashes = Array.from({ length: size2 }, (_, index) => leafOf(index))
        const at = inMemory(hashes)
        const [root1, root2] = [rootAsDefined(hashes.slice(0, size1)), rootAsDefined(hashes)]
        const proof = await consistencyProof(size1, size2, at, sha256)
        const claim = { size1, root1, size2, root2, proof }
        expect(isConsistent(claim, sha256)).toBe(true)
        expect(isConsistent({ ...claim, root1: flipped(root1, bit % 256) }, sha256)).toBe(false)
        expect(isConsistent({ ...claim, root2: flipped(root2, bit % 256) }, sha256)).toBe(false)
        const step = bit % Math.max(1, proof.length)
        if (proof.length > 0) {
          const wrong = proof.with(step, flipped(proof[step] as Uint8Array, bit % 256))
          expect(isConsistent({ ...claim, proof: wrong }, sha256)).toBe(false)
        }
        const forked = hashes.with(bit % size1, leafOf(1000))
        expect(isConsistent({ ...claim, root1: rootAsDefined(forked.slice(0, size1)) }, sha256)).toBe(false)
      }),
      { numRuns: 60 },
    ))
})

describe('tiles', () => {
  test.each([1, 255, 256, 257, 700])('a tree of %i leaves is read from them as it is', async (size) => {
    const hashes = Array.from({ length: size }, (_, index) => leafOf(index))
    const files = new Map<string, Uint8Array>()
    for (let level = 0, at = hashes; at.length > 0; level++) {
      for (let index = 0; index * 256 < at.length; index++) {
        const part = at.slice(index * 256, (index + 1) * 256)
        files.set(tilePath({ level, index, width: part.length }), concatBytes(...part))
      }
      at = Array.from({ length: Math.floor(at.length / 256) }, (_, index) =>
        foldHashes(at.slice(index * 256, (index + 1) * 256), sha256),
      )
    }
    expect([...tilesOf(size)].map(tilePath)).toEqual([...files.keys()])
    const read = async (tile: Parameters<typeof tilePath>[0]): Promise<Uint8Array> =>
      files.get(tilePath(tile)) ?? new Uint8Array(0)
    const at = hashesOfTiles(size, read, sha256)
    const root = rootAsDefined(hashes)
    expect(await treeRoot(size, at, sha256)).toEqual(root)
    const index = Math.floor(size / 3)
    const proof = await inclusionProof(index, size, at, sha256)
    expect(isIncluded({ leafHash: leafOf(index), index, size, root, proof }, sha256)).toBe(true)
  })

  test('have the addresses that C2SP tlog-tiles gives them', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067')
    expect(tilePath({ level: 'entries', index: 273, width: 112 })).toBe('tile/entries/273.p/112')
    // A tree of 70,000: 273 full tiles and one of 112, one full and one of 17 above them, one of 1 on top.
    const widths = [...tilesOf(70_000)].map(({ level, width }) => `${level}:${width}`)
    expect(widths.slice(-5)).toEqual(['0:256', '0:112', '1:256', '1:17', '2:1'])
    expect(tileWidth(256, 1, 0)).toBe(1)
    for (const wrong of [
      'tile/0/1',
      'tile/0/000.p/256',
      'tile/0/x000/001',
      'tile/00/000',
      'tile/9/000',
      'tile/0/000/',
    ])
      expect(parseTilePath(wrong), wrong).toBeUndefined()
  })

  test('an entry bundle opens to the leaves that are in it, and is refused when it is cut', () => {
    const leaves = [utf8('a'), new Uint8Array(0), new Uint8Array(0xffff).fill(7)]
    const bytes = encodeBundle(leaves)
    expect(decodeBundle(bytes)).toEqual(leaves)
    for (const end of [1, 2, 4, bytes.length - 1])
      expect(() => decodeBundle(bytes.subarray(0, end))).toThrow(RangeError)
    expect(() => decodeBundle(new Uint8Array(2 * 257))).toThrow(RangeError)
    expect(hashesIn(new Uint8Array(70))).toHaveLength(2)
  })
})

describe('a leaf', () => {
  test('opens to what was put in, and no two are written alike', () => {
    const signature = new Uint8Array(64).fill(9)
    const leaf = encodeLeaf('farm-event', utf8('signed'), signature)
    expect(decodeLeaf(leaf)).toEqual({ kind: 'farm-event', signature, signed: utf8('signed') })
    expect(encodeLeaf('captured-event', utf8('signed'), signature)).not.toEqual(leaf)
    expect(decodeLeaf(leaf.with(0, 200)).kind).toBe('other')
  })

  test('takes as much as a bundle takes, and no signature of another length', () => {
    const signature = new Uint8Array(64)
    expect(encodeLeaf('farm-event', new Uint8Array(MAX_SIGNED_BYTES), signature)).toHaveLength(0xffff)
    expect(() => encodeLeaf('farm-event', new Uint8Array(MAX_SIGNED_BYTES + 1), signature)).toThrow(
      RangeError,
    )
    expect(() => encodeLeaf('farm-event', new Uint8Array(0), signature)).toThrow(RangeError)
    expect(() => encodeLeaf('farm-event', utf8('x'), new Uint8Array(63))).toThrow(RangeError)
    expect(() => decodeLeaf(new Uint8Array(65))).toThrow(RangeError)
  })
})

describe("the browser's own arithmetic", () => {
  test("hashes as the machine's does", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index * 31)
      expect(sha256InScript(bytes)).toEqual(sha256(bytes))
    }
  })

  test('verifies what Node signs, and nothing with one bit changed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(511),
        (seed, message, bit) => {
          const key = secretKeyFromSeed(seed)
          const signature = key.sign(message)
          expect(isEd25519Signed(key.publicRaw, message, signature)).toBe(true)
          expect(isEd25519Signed(key.publicRaw, message, flipped(signature, bit))).toBe(false)
          expect(isEd25519Signed(flipped(key.publicRaw, bit & 255), message, signature)).toBe(false)
        },
      ),
      { numRuns: 8 },
    )
    expect(isEd25519Signed(new Uint8Array(31), utf8(''), new Uint8Array(64))).toBe(false)
    expect(isEd25519Signed(new Uint8Array(32).fill(255), utf8(''), new Uint8Array(64))).toBe(false)
  })
})
