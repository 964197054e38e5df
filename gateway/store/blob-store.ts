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
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { syncFolder } from '#contract/ground/node/sync-folder.ts'

/**
 * Photos on disk, by who sent them and the sha256 of their bytes:
 *
 *   blobs/<owner>/<sha256>           whole, hash checked, synced before its name appears
 *   blobs/<owner>/<sha256>.erased    was here and was erased: never taken again
 *   blobs/partial/<owner>.<sha256>   arriving; forgotten after a week without a byte
 *
 * By owner, so that who names another farm's hash gets nothing by it, and one farm's photos can be removed as one.
 */
export type BlobState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'partial'; readonly sizeBytes: number }
  | { readonly kind: 'whole'; readonly sizeBytes: number }
  | { readonly kind: 'erased' }

// A box that was off for a week begins its photo again: at most 20 MB once more.
const PARTIAL_KEPT_MS = 7 * 86_400_000
// A box sends one photo at a time; a second and third are left over from a restart.
const MAX_PARTIALS_OF_OWNER = 4
const SWEEP_EVERY_MS = 3_600_000

export class BlobStore {
  readonly #folder: string
  readonly #nowMs: () => number
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(folder: string, nowMs: () => number) {
    this.#folder = folder
    this.#nowMs = nowMs
  }

  /** Makes the folders and sweeps what nobody went on with. */
  open(): void {
    mkdirSync(this.#partials, { recursive: true })
    this.#sweep()
  }

  state(owner: string, sha256: string): BlobState {
    const whole = sizeOf(this.#wholeOf(owner, sha256))
    if (whole !== undefined) return { kind: 'whole', sizeBytes: whole }
    if (sizeOf(this.#tombOf(owner, sha256)) !== undefined) return { kind: 'erased' }
    const partial = sizeOf(this.#partialOf(owner, sha256))
    return partial === undefined ? { kind: 'absent' } : { kind: 'partial', sizeBytes: partial }
  }

  /** Writes at `offset`, which must be where the partial ends; returns where it ends now. */
  append(owner: string, sha256: string, offset: number, bytes: Uint8Array): number {
    if (offset === 0) this.#makeRoom(owner, sha256)
    const path = this.#partialOf(owner, sha256)
    const file = openSync(path, offset === 0 ? 'w' : 'r+')
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, offset + at)
    } finally {
      closeSync(file)
    }
    return offset + bytes.length
  }

  /** The first bytes of what has arrived so far. */
  head(owner: string, sha256: string, length: number): Uint8Array {
    const file = openSync(this.#partialOf(owner, sha256), 'r')
    try {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, 0))
    } finally {
      closeSync(file)
    }
  }

  /** Checks the hash, syncs, and gives it its name. False when it is something else: the bytes are then gone. */
  finish(owner: string, sha256: string): boolean {
    const path = this.#partialOf(owner, sha256)
    const file = openSync(path, 'r+')
    try {
      // At most 20 MB: less than a second, once a photo.
      if (createHash('sha256').update(readFileSync(file)).digest('hex') !== sha256) {
        rmSync(path, { force: true })
        return false
      }
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    mkdirSync(this.#ownerFolder(owner), { recursive: true })
    renameSync(path, this.#wholeOf(owner, sha256))
    syncFolder(this.#ownerFolder(owner))
    syncFolder(this.#folder)
    return true
  }

  drop(owner: string, sha256: string): void {
    rmSync(this.#partialOf(owner, sha256), { force: true })
  }

  /** The bytes of a whole blob; undefined when it is not here. */
  read(owner: string, sha256: string): Uint8Array | undefined {
    try {
      return new Uint8Array(readFileSync(this.#wholeOf(owner, sha256)))
    } catch {
      return undefined
    }
  }

  /** Removes a photo for good. What was signed about it stays, and names a hash that nobody can look at any more. */
  erase(owner: string, sha256: string): void {
    mkdirSync(this.#ownerFolder(owner), { recursive: true })
    const tomb = openSync(this.#tombOf(owner, sha256), 'w')
    fsyncSync(tomb)
    closeSync(tomb)
    rmSync(this.#wholeOf(owner, sha256), { force: true })
    this.drop(owner, sha256)
    syncFolder(this.#ownerFolder(owner))
  }

  #makeRoom(owner: string, sha256: string): void {
    if (this.#nowMs() - this.#sweptAt > SWEEP_EVERY_MS) this.#sweep()
    const others = this.#partialsOf((name) => name.startsWith(`${owner}.`) && !name.endsWith(sha256))
    for (const { path } of others.slice(0, Math.max(0, others.length - MAX_PARTIALS_OF_OWNER + 1)))
      rmSync(path, { force: true })
  }

  #sweep(): void {
    this.#sweptAt = this.#nowMs()
    for (const { path, mtimeMs } of this.#partialsOf(() => true))
      if (this.#sweptAt - mtimeMs > PARTIAL_KEPT_MS) rmSync(path, { force: true })
  }

  /** Oldest first. */
  #partialsOf(isWanted: (name: string) => boolean): { path: string; mtimeMs: number }[] {
    return readdirSync(this.#partials)
      .filter(isWanted)
      .flatMap((name) => {
        const path = join(this.#partials, name)
        const stat = statSync(path, { throwIfNoEntry: false })
        return stat ? [{ path, mtimeMs: stat.mtimeMs }] : []
      })
      .sort((a, b) => a.mtimeMs - b.mtimeMs)
  }

  get #partials(): string {
    return join(this.#folder, 'partial')
  }

  #ownerFolder(owner: string): string {
    return join(this.#folder, checked(owner, OWNER))
  }

  #wholeOf(owner: string, sha256: string): string {
    return join(this.#ownerFolder(owner), checked(sha256, SHA256))
  }

  #tombOf(owner: string, sha256: string): string {
    return `${this.#wholeOf(owner, sha256)}.erased`
  }

  #partialOf(owner: string, sha256: string): string {
    return join(this.#partials, `${checked(owner, OWNER)}.${checked(sha256, SHA256)}`)
  }
}

const SHA256 = /^[0-9a-f]{64}$/
// What names a folder is an agent's id: never "partial", a dot or a slash.
const OWNER = /^(?!partial$)[A-Za-z0-9_-]{1,100}$/

function checked(name: string, shape: RegExp): string {
  if (!shape.test(name)) throw new RangeError('not the name of a blob')
  return name
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size
