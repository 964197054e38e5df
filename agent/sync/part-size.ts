// A part should take two to eight seconds: so long an alarm may have to share the line. 16 KiB are 2 s at 64 kbit/s.
const FIRST_BYTES = 16 * 1024
const LEAST_BYTES = 4096
const QUICK_MS = 2_000
const SLOW_MS = 8_000

/** How large the next part of a file may be, learnt from how long the last ones took. */
export class PartSize {
  readonly #mostBytes: number
  #bytes = FIRST_BYTES

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  took(ms: number): void {
    if (ms < QUICK_MS) this.#bytes = Math.min(this.#mostBytes, this.#bytes * 2)
    else if (ms > SLOW_MS) this.cut()
  }

  /** The line broke under it, or it took too long. */
  cut(): void {
    this.#bytes = Math.max(LEAST_BYTES, this.#bytes / 2)
  }
}
