// A body this small says what a request takes beside its bytes: the way there and back, the province, the answer.
const SMALL_BYTES = 1024
// One this large says how fast the line carries.
const TELLING_BYTES = 2048
// Lines and heads of a request, as `countedLink` counts them.
const HEAD_BYTES = 200
// 64 kbit/s, for what is small. Of a large one it is not guessed: were the line slower, two would share it.
const FIRST_MS_A_BYTE = 1 / 8

/** A body that is on its way. */
export interface PacedBody {
  readonly bytes: number
  readonly beganMs: number
  /** Another one was on its way too, so that its time says little of the line. */
  isShared: boolean
}

/**
 * When the line will have carried what it was given, learnt from when answers came. A socket does not tell: the kernel
 * takes a whole batch at once and drips it into the line for seconds. So the next body can begin when the last one is
 * through, while its answer is still on its way, and not sooner: an alarm would have to wait behind both.
 *
 *   body ├────────────────┤                answer
 *        began         through ~ ~ ~ ~ ~ ~ ►│
 *                      ├─ beside its bytes ─┤      next body ├──────── from `through` on
 */
export class LinePace {
  readonly #onWay: PacedBody[] = []
  #besideMs: number | null = null
  #msAByte = FIRST_MS_A_BYTE
  #isMeasured = false
  #throughMs = Number.NEGATIVE_INFINITY
  #smallBytes = 0

  /** What a request takes beside its bytes, by what is known; at least a trip there and back. */
  get besideMs(): number {
    return this.#besideMs ?? 0
  }

  begin(bytes: number, nowMs: number): PacedBody {
    const body = { bytes, beganMs: nowMs, isShared: this.#onWay.length > 0 }
    for (const other of this.#onWay) other.isShared = true
    if (!body.isShared) this.#smallBytes = 0
    this.#onWay.push(body)
    return body
  }

  /** Answers how long it had the line for itself: what it would have taken alone, ms. */
  answered(body: PacedBody, nowMs: number): number {
    this.#forget(body)
    const { bytes, beganMs, isShared } = body
    const sinceMs = Math.max(beganMs, this.#throughMs)
    if (bytes < TELLING_BYTES) {
      this.#smallBytes += bytes + HEAD_BYTES
      if (bytes <= SMALL_BYTES && !isShared) this.#learnBeside(nowMs - beganMs)
    } else {
      this.#throughMs = Math.max(sinceMs, nowMs - this.besideMs)
      this.#learnRate((this.#throughMs - sinceMs) / (bytes + HEAD_BYTES + this.#smallBytes))
      this.#smallBytes = 0
    }
    return nowMs - sinceMs
  }

  /** It was cut: what was known of the line may be of another mast. */
  lost(body: PacedBody): void {
    this.#forget(body)
    this.#msAByte = FIRST_MS_A_BYTE
    this.#isMeasured = false
  }

  /** By when everything is through that was begun; never, as far as is known, before a large one was answered. */
  get freeAtMs(): number {
    return this.#throughOf(this.#onWay)
  }

  /** By when the oldest of them is through. */
  get firstFreeAtMs(): number {
    return this.#throughOf(this.#onWay.slice(0, 1))
  }

  #throughOf(bodies: readonly PacedBody[]): number {
    return bodies.reduce(
      (freeMs, body) => Math.max(freeMs, body.beganMs) + this.#takesMs(body),
      this.#throughMs,
    )
  }

  #takesMs({ bytes }: PacedBody): number {
    const isGuess = !this.#isMeasured && bytes >= TELLING_BYTES
    return isGuess ? Number.POSITIVE_INFINITY : (bytes + HEAD_BYTES) * this.#msAByte
  }

  /** The least counts, for waits come on top of it; it rises slowly, for a line may become longer. */
  #learnBeside(tookMs: number): void {
    const known = this.#besideMs ?? tookMs
    this.#besideMs = tookMs < known ? tookMs : known + (tookMs - known) / 8
  }

  #learnRate(msAByte: number): void {
    this.#msAByte = this.#isMeasured ? (this.#msAByte + msAByte) / 2 : msAByte
    this.#isMeasured = true
  }

  #forget(body: PacedBody): void {
    const at = this.#onWay.indexOf(body)
    if (at >= 0) this.#onWay.splice(at, 1)
  }
}
