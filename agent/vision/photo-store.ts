import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { VuonError } from '#contract/ground/errors.ts'
import { syncFolder } from '#contract/ground/node/sync-folder.ts'

/**
 * The photos of the box, each named by the sha256 of its bytes:
 *
 *   photos/incoming/   what is arriving or being decoded; swept at start
 *   photos/<sha256>.jpg, .webp     whole, synced before their name appears
 *   photos/held/<sha256>           the province holds it: it may be evicted
 *
 * A mark that is lost with the power costs one question to the province, a photo never.
 */
export interface PhotoStoreOptions {
  readonly folder: string
  /** What the photos may take; past it, those that the province holds go, oldest first. */
  readonly quotaBytes: number
  readonly quotaCount?: number
  readonly nowMs: () => number
}

export type PhotoKind = 'photo' | 'thumbnail'

export interface StoredPhoto {
  /** Hex. */
  readonly sha256: string
  readonly kind: PhotoKind
  readonly sizeBytes: number
  readonly storedAt: number
  readonly isHeld: boolean
}

export interface PhotoStoreState {
  readonly count: number
  readonly sizeBytes: number
  readonly quotaBytes: number
  readonly waiting: number
  /** Since the start. */
  readonly evicted: number
}

// Twenty photos a day for a year, each with its thumbnail; a folder of this size is still read in milliseconds.
const QUOTA_COUNT = 15_000
const EXTENSIONS: Record<PhotoKind, string> = { photo: 'jpg', thumbnail: 'webp' }
const NAME = /^([0-9a-f]{64})\.(jpg|webp)$/

export class PhotoStore {
  readonly #folder: string
  readonly #quotaBytes: number
  readonly #quotaCount: number
  readonly #nowMs: () => number
  readonly #photos = new Map<string, StoredPhoto>()
  #sizeBytes = 0
  #evicted = 0
  #lastNumber = 0

  constructor(options: PhotoStoreOptions) {
    this.#folder = options.folder
    this.#quotaBytes = options.quotaBytes
    this.#quotaCount = options.quotaCount ?? QUOTA_COUNT
    this.#nowMs = options.nowMs
  }

  /** Reads what is there and sweeps what a power cut left half done. */
  open(): void {
    rmSync(this.#incoming, { recursive: true, force: true })
    for (const folder of [this.#folder, this.#incoming, this.#held]) mkdirSync(folder, { recursive: true })
    const held = new Set(readdirSync(this.#held))
    for (const name of readdirSync(this.#folder)) {
      const [, sha256, extension] = NAME.exec(name) ?? []
      if (!sha256) continue
      const { size, mtimeMs } = statSync(join(this.#folder, name))
      this.#note({
        sha256,
        kind: extension === 'jpg' ? 'photo' : 'thumbnail',
        sizeBytes: size,
        storedAt: Math.round(mtimeMs),
        isHeld: held.has(sha256),
      })
    }
    for (const sha256 of held)
      if (!this.#photos.has(sha256)) rmSync(join(this.#held, sha256), { force: true })
  }

  get state(): PhotoStoreState {
    return {
      count: this.#photos.size,
      sizeBytes: this.#sizeBytes,
      quotaBytes: this.#quotaBytes,
      waiting: this.#photos
        .values()
        .filter((photo) => !photo.isHeld)
        .toArray().length,
      evicted: this.#evicted,
    }
  }

  /** A path for a file that is arriving; whoever asked removes it. */
  newIncoming(): string {
    return join(this.#incoming, `${++this.#lastNumber}`)
  }

  /** Removes an arriving file and what was drawn from it. */
  removeIncoming(path: string): void {
    for (const end of ['', '.kept.jpg', '.thumbnail.webp']) rmSync(path + end, { force: true })
  }

  /**
   * Takes a finished file of `incoming` in: synced, renamed to its hash, the folder synced. Returns the hash, hex,
   * and whether it was new.
   * Throws `disk-full` when there is no room and nothing may be evicted; the file is then still where it was.
   */
  adopt(path: string, kind: PhotoKind): { readonly sha256: string; readonly isNew: boolean } {
    const { sha256, sizeBytes } = hashAndSync(path)
    if (this.#photos.has(sha256)) {
      rmSync(path, { force: true })
      return { sha256, isNew: false }
    }
    this.#makeRoom(sizeBytes)
    const at = this.#nowMs()
    utimesSync(path, at / 1000, at / 1000)
    renameSync(path, this.#pathOf(sha256, kind))
    syncFolder(this.#folder)
    this.#note({ sha256, kind, sizeBytes, storedAt: at, isHeld: false })
    return { sha256, isNew: true }
  }

  /** Takes back what was just adopted, because no finding will name it after all. */
  discard(sha256: string): void {
    const photo = this.#photos.get(sha256)
    if (photo) this.#remove(photo)
  }

  find(sha256: string): StoredPhoto | undefined {
    return this.#photos.get(sha256)
  }

  /** The bytes; undefined when there is no such photo here (any more). */
  read(sha256: string): Uint8Array | undefined {
    const photo = this.#photos.get(sha256)
    if (!photo) return undefined
    try {
      return new Uint8Array(readFileSync(this.#pathOf(sha256, photo.kind)))
    } catch {
      return undefined
    }
  }

  /** At most `length` bytes from `offset`. */
  readPart(sha256: string, offset: number, length: number): Uint8Array | undefined {
    const photo = this.#photos.get(sha256)
    if (!photo) return undefined
    let file: number
    try {
      file = openSync(this.#pathOf(sha256, photo.kind), 'r')
    } catch {
      return undefined
    }
    try {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, photo.sizeBytes - offset)))
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset))
    } finally {
      closeSync(file)
    }
  }

  /** What the province lacks: thumbnails first, then photos, each oldest first. */
  waiting(): StoredPhoto[] {
    return [...this.#photos.values()]
      .filter((photo) => !photo.isHeld)
      .sort(
        (a, b) =>
          Number(a.kind === 'photo') - Number(b.kind === 'photo') ||
          a.storedAt - b.storedAt ||
          a.sha256.localeCompare(b.sha256),
      )
  }

  /** The province holds it durably (or has erased it and wants it no more): from now on it may be evicted. */
  markHeld(sha256: string): void {
    const photo = this.#photos.get(sha256)
    if (!photo || photo.isHeld) return
    writeFileSync(join(this.#held, sha256), '')
    this.#photos.set(sha256, { ...photo, isHeld: true })
  }

  /** Full photos go before thumbnails: the box's page goes on showing what was seen. */
  #makeRoom(sizeBytes: number): void {
    const evictable = [...this.#photos.values()]
      .filter((photo) => photo.isHeld)
      .sort(
        (a, b) => Number(a.kind === 'thumbnail') - Number(b.kind === 'thumbnail') || a.storedAt - b.storedAt,
      )
    const going: StoredPhoto[] = []
    let [freeBytes, freeCount] = [this.#quotaBytes - this.#sizeBytes, this.#quotaCount - this.#photos.size]
    while (freeBytes < sizeBytes || freeCount < 1) {
      const next = evictable[going.length]
      if (!next)
        throw new VuonError('disk-full', 'The photos of the box fill their share of the disk.', {
          hint: 'Connect the box to the network, so that the province takes them; or raise photos.quotaMb.',
        })
      going.push(next)
      freeBytes += next.sizeBytes
      freeCount++
    }
    for (const photo of going) this.#remove(photo)
    this.#evicted += going.length
  }

  #remove(photo: StoredPhoto): void {
    // The photo before its mark: a mark without a photo is swept, a photo without a mark is asked about.
    rmSync(this.#pathOf(photo.sha256, photo.kind), { force: true })
    rmSync(join(this.#held, photo.sha256), { force: true })
    this.#photos.delete(photo.sha256)
    this.#sizeBytes -= photo.sizeBytes
  }

  #note(photo: StoredPhoto): void {
    this.#photos.set(photo.sha256, photo)
    this.#sizeBytes += photo.sizeBytes
  }

  get #incoming(): string {
    return join(this.#folder, 'incoming')
  }

  get #held(): string {
    return join(this.#folder, 'held')
  }

  #pathOf(sha256: string, kind: PhotoKind): string {
    return join(this.#folder, `${sha256}.${EXTENSIONS[kind]}`)
  }
}

function hashAndSync(path: string): { sha256: string; sizeBytes: number } {
  const file = openSync(path, 'r+')
  try {
    const hash = createHash('sha256')
    const part = new Uint8Array(64 * 1024)
    let sizeBytes = 0
    for (;;) {
      const length = readSync(file, part, 0, part.length, sizeBytes)
      if (length === 0) break
      hash.update(part.subarray(0, length))
      sizeBytes += length
    }
    fsyncSync(file)
    return { sha256: hash.digest('hex'), sizeBytes }
  } finally {
    closeSync(file)
  }
}
