import type { Sha256 } from '../ground/signing.ts'
import { type HashAt, nodeHash } from './merkle.ts'

/**
 * C2SP tlog-tiles: the tree cut into files that never change. A tile of level L holds up to 256 hashes, each over
 * 256^L leaves; an entry bundle holds the leaves of a tile of level 0. What lies between is hashed again.
 */
export const TILE_WIDTH = 256
export const HASH_BYTES = 32
// log256(2^53): a tree with more levels could not be counted.
const MAX_LEVEL = 6

export interface TileAddress {
  /** `entries` is the bundle of leaves beside the tile of level 0. */
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to 255 for a tile that is not full yet; 256 for a full one. */
  readonly width: number
}

/** `tile/<L>/<N>[.p/<W>]`, the number in groups of three digits: 1234067 is `x001/x234/067`. */
export function tilePath({ level, index, width }: TileAddress): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = padded.match(/\d{3}/g) as string[]
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`
}

const PATH = /^tile\/(entries|\d)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** Undefined for what is not exactly how a tile's address is written. */
export function parseTilePath(path: string): TileAddress | undefined {
  const match = PATH.exec(path)
  if (!match) return undefined
  const [, name, digits = '', partial] = match
  const level = name === 'entries' ? 'entries' : Number(name)
  const index = Number(digits.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? TILE_WIDTH : Number(partial)
  const address = { level, index, width } as const
  const isWritten = Number.isSafeInteger(index) && width <= TILE_WIDTH && tilePath(address) === path
  return isWritten && (level === 'entries' || level <= MAX_LEVEL) ? address : undefined
}

/** How many hashes of a tile a tree of `size` leaves has; 0 when it is not there. */
export function tileWidth(size: number, level: number, index: number): number {
  const atLevel = Math.floor(size / TILE_WIDTH ** level)
  return Math.max(0, Math.min(TILE_WIDTH, atLevel - index * TILE_WIDTH))
}

/** Every tile of a tree of `size` leaves, level by level. */
export function* tilesOf(size: number): Generator<TileAddress & { readonly level: number }> {
  for (let level = 0; tileWidth(size, level, 0) > 0; level++)
    for (let index = 0; ; index++) {
      const width = tileWidth(size, level, index)
      if (width === 0) break
      yield { level, index, width }
    }
}

/** Answers with the tile's hashes one after the other: exactly `width` of them, or more. */
export type ReadTile = (tile: TileAddress & { readonly level: number }) => Promise<Uint8Array>

/** The hashes of a tree of `size` leaves, read from its tiles. */
export function hashesOfTiles(size: number, read: ReadTile, sha256: Sha256): HashAt {
  return async (level, index) => {
    const [tileLevel, above] = [Math.floor(level / 8), level % 8]
    const first = index * 2 ** above
    const tileIndex = Math.floor(first / TILE_WIDTH)
    const tile = { level: tileLevel, index: tileIndex, width: tileWidth(size, tileLevel, tileIndex) }
    const hashes = hashesIn(await read(tile))
    const run = hashes.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + 2 ** above)
    if (run.length < 2 ** above) throw new RangeError(`${tilePath(tile)} is too short`)
    return foldHashes(run, sha256)
  }
}

/** The hash over a run of 1, 2, 4 .. 256 hashes. */
export function foldHashes(run: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  let hashes = run
  while (hashes.length > 1)
    hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
      nodeHash(hashes[2 * at] as Uint8Array, hashes[2 * at + 1] as Uint8Array, sha256),
    )
  return hashes[0] as Uint8Array
}

export const hashesIn = (tile: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.floor(tile.length / HASH_BYTES) }, (_, at) =>
    tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  )

/** Leaves one after the other, each behind its length in two bytes, big-endian. */
export function encodeBundle(leaves: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(leaves.reduce((sum, leaf) => sum + 2 + leaf.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const leaf of leaves) {
    view.setUint16(at, leaf.length)
    bytes.set(leaf, at + 2)
    at += 2 + leaf.length
  }
  return bytes
}

/** Throws RangeError when the bytes end inside a leaf or hold more than a bundle's. */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 <= bytes.length ? at + 2 + view.getUint16(at) : Number.POSITIVE_INFINITY
    if (end > bytes.length || leaves.length === TILE_WIDTH) throw new RangeError('no entry bundle')
    leaves.push(bytes.slice(at + 2, end))
    at = end
  }
  return leaves
}
