/** What came out of a stream of bytes: a line without its end, or bytes that can't belong to one. */
export type Piece =
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  | { readonly kind: 'discarded'; readonly count: number; readonly why: 'too-long' | 'cut-short' }

const CR = 0x0d
const LF = 0x0a

/**
 * Cuts bytes into lines, ended by CR, LF or both; empty ones are none. An incomplete line is kept for the bytes
 * that follow. One that grows beyond the bound is dropped up to its end, and told once.
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #held: Uint8Array
  #length = 0
  /** Bytes of a line that is being dropped. */
  #dropped = 0
  #why: 'too-long' | 'cut-short' | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#held = new Uint8Array(maxBytes)
  }

  /** True while a line has begun and not ended. */
  get isInside(): boolean {
    return this.#length > 0 || this.#why !== undefined
  }

  push(bytes: Uint8Array): Piece[] {
    const pieces: Piece[] = []
    for (const byte of bytes) {
      if (byte === CR || byte === LF) {
        const piece = this.#end()
        if (piece) pieces.push(piece)
      } else if (this.#why !== undefined) this.#dropped++
      else if (this.#length < this.#maxBytes) this.#held[this.#length++] = byte
      else {
        this.#why = 'too-long'
        this.#dropped = this.#length + 1
        this.#length = 0
      }
    }
    return pieces
  }

  /** What comes next may be the end of a line whose beginning nobody heard: it is dropped up to its end. */
  dropUntilEnd(): void {
    this.#why ??= 'cut-short'
  }

  /** Gives up the line that has begun, because its end will not come any more. */
  abandon(): Piece | undefined {
    const count = this.#dropped + this.#length
    const why = this.#why ?? 'cut-short'
    this.#clear()
    return count > 0 ? { kind: 'discarded', count, why } : undefined
  }

  #end(): Piece | undefined {
    const why = this.#why
    if (why !== undefined) {
      const count = this.#dropped
      this.#clear()
      return count > 0 ? { kind: 'discarded', count, why } : undefined
    }
    if (this.#length === 0) return undefined
    const bytes = this.#held.slice(0, this.#length)
    this.#length = 0
    return { kind: 'line', bytes }
  }

  #clear(): void {
    this.#length = 0
    this.#dropped = 0
    this.#why = undefined
  }
}
