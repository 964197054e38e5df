/**
 * The order of an edge node's messages by their seq, 0 to 255 and round again (Sparkplug 3.0 §6.4.3). What is
 * missing may still come late, until somebody calls `forget`.
 */
export class MessageOrder {
  #next: number
  /** Numbers that were skipped and may still come late. */
  readonly #missing = new Set<number>()

  /** `birthSeq` is the one of the NBIRTH. */
  constructor(birthSeq: number) {
    this.#next = following(birthSeq)
  }

  get isComplete(): boolean {
    return this.#missing.size === 0
  }

  /** `late`: one that was missing. `hole`: some are missing before it. `wrong`: no seq, or one that was there already. */
  take(seq: number | undefined): 'next' | 'late' | 'hole' | 'wrong' {
    if (seq === undefined || !Number.isInteger(seq) || seq < 0 || seq > LAST) return 'wrong'
    const skipped = (seq - this.#next + ROUND) % ROUND
    if (skipped !== 0 && this.#missing.delete(seq)) return 'late'
    this.#missing.delete(seq)
    // Sent twice.
    if (skipped === LAST) return 'wrong'
    // More than half a round ahead is rather back: the node counts anew without having said so.
    if (skipped > ROUND / 2) this.#missing.clear()
    else for (let each = this.#next; each !== seq; each = following(each)) this.#missing.add(each)
    this.#next = following(seq)
    return skipped === 0 ? 'next' : skipped > ROUND / 2 ? 'wrong' : 'hole'
  }

  /** Gives up waiting: what is missing is lost. */
  forget(): void {
    this.#missing.clear()
  }
}

const LAST = 255
const ROUND = 256
const following = (seq: number): number => (seq === LAST ? 0 : seq + 1)
