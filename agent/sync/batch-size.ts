import type { Lane } from '#contract/wire/records.ts'

// 16 KiB are 2 s at 64 kbit/s, 14 s on GPRS: so long an alarm of now may have to wait for what is on its way.
const FIRST_BYTES = 16 * 1024
// Below this the heads of HTTP and the envelope would be a quarter of what travels.
const LEAST_BYTES = 4 * 1024
const MOST_BYTES = 32 * 1024
// An alarm and today's readings stay within ten seconds on 64 kbit/s only if no batch takes longer than a few.
const QUICK_MS = 3_000
const SLOW_MS = 8_000

// 24,000 readings in memory are about 3 MB, and 20 series take 20 hours for them at one a minute.
const MOST_ENTRIES: Readonly<Record<Lane, number>> = { record: 500, finding: 500, reading: 24_000 }
// Until some have been sealed. Readings take 0.6 to 1.3 bytes with a step of 1 s, 3 with milliseconds.
const FIRST_BYTES_AN_ENTRY: Readonly<Record<Lane, number>> = { record: 300, finding: 400, reading: 1 }
// A handful says more about the envelope than about its entries, unless they are large.
const TELLING_ENTRIES = 50
const TELLING_BYTES = 2048

/**
 * How large the next batch may be, learnt from how the last ones went: smaller after a cut or a slow one, larger after
 * quick ones. It decides how much is sealed next; what is sealed keeps its size for ever.
 */
export class BatchSize {
  #targetBytes = FIRST_BYTES
  #isCut = false
  readonly #bytesAnEntry: Record<Lane, number> = { ...FIRST_BYTES_AN_ENTRY }

  get targetBytes(): number {
    return this.#targetBytes
  }

  atMost(lane: Lane): number {
    const count = Math.floor(this.#targetBytes / this.#bytesAnEntry[lane])
    return Math.max(1, Math.min(MOST_ENTRIES[lane], count))
  }

  /** Half as much again is let pass: to cut it once more would cost more than it saves. */
  isTooLarge(bytes: number): boolean {
    return bytes > this.#targetBytes * 1.5
  }

  sealed(lane: Lane, count: number, bytes: number): void {
    if (count < TELLING_ENTRIES && bytes < TELLING_BYTES) return
    this.#bytesAnEntry[lane] = (this.#bytesAnEntry[lane] * 3 + bytes / count) / 4
  }

  delivered(bytes: number, tookMs: number): void {
    this.#isCut = false
    if (tookMs > SLOW_MS) this.#become(this.#targetBytes / 2)
    // Only one that was nearly as large as may be shows that a larger one would do.
    else if (tookMs < QUICK_MS && bytes > this.#targetBytes / 2) this.#become(this.#targetBytes * 1.5)
  }

  /** The link broke under a batch. An outage is one cut, however often it is knocked at: it says nothing more. */
  cut(): void {
    if (this.#isCut) return
    this.#isCut = true
    this.#become(this.#targetBytes / 2)
  }

  #become(bytes: number): void {
    this.#targetBytes = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.round(bytes)))
  }
}
