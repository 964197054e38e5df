import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'

/** Files of models that boxes were offered, each named by the sha256 of its bytes. They are never changed. */
export class ModelStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes a copy of a file in; a second time changes nothing. */
  take(file: string): { readonly sha256: string; readonly sizeBytes: number } {
    const bytes = readFileSync(file)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    mkdirSync(this.#folder, { recursive: true })
    if (!existsSync(this.#pathOf(sha256))) writeFileAtomically(this.#pathOf(sha256), bytes)
    return { sha256, sizeBytes: bytes.length }
  }

  /** From `offset` on, at most `length` bytes; undefined when the file is not here. */
  readPart(
    sha256: string,
    offset: number,
    length: number,
  ): { readonly part: Uint8Array; readonly sizeBytes: number } | undefined {
    if (!existsSync(this.#pathOf(sha256))) return undefined
    const file = openSync(this.#pathOf(sha256), 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
      return { part: bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset)), sizeBytes: size }
    } finally {
      closeSync(file)
    }
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, sha256)
  }
}
