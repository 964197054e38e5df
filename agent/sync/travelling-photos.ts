import type { BlobSource } from './blob-upload.ts'

/** Which photos travel by themselves: what is asked for is sent too, except with `none`. */
export type PhotoChoice = 'all' | 'thumbnails' | 'none'

// Whoever asks for more photos of one box than this at a time asks again.
const MAX_WANTED = 1000

/** The photos of the box that may be sent: on a line that is paid by the megabyte, small pictures and what was asked for. */
export class TravellingPhotos implements BlobSource {
  readonly #source: BlobSource
  readonly #choice: PhotoChoice
  readonly #wanted = new Set<string>()

  constructor(source: BlobSource, choice: PhotoChoice) {
    this.#source = source
    this.#choice = choice
  }

  /** Somebody at the province wants to see it whole. Not kept through a restart: whoever asked sees that it did not come. */
  want(sha256: string): void {
    if (this.#wanted.size >= MAX_WANTED) this.#wanted.delete(this.#wanted.values().next().value ?? '')
    this.#wanted.add(sha256)
  }

  waiting(): ReturnType<BlobSource['waiting']> {
    if (this.#choice === 'none') return []
    const all = this.#source.waiting()
    if (this.#choice === 'all' && this.#wanted.size === 0) return all
    const isWanted = ({ sha256 }: { sha256: string }) => this.#wanted.has(sha256)
    const rest = all.filter(
      (photo) => !isWanted(photo) && (this.#choice === 'all' || photo.kind === 'thumbnail'),
    )
    return [...all.filter(isWanted), ...rest]
  }

  readPart(sha256: string, offset: number, length: number): Uint8Array | undefined {
    return this.#source.readPart(sha256, offset, length)
  }

  markHeld(sha256: string): void {
    this.#wanted.delete(sha256)
    this.#source.markHeld(sha256)
  }
}
