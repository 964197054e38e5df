import { z } from 'zod'
import { readSmallFile, replaceSmallFile } from './small-file.ts'
import type { SpentBook, SpentStore } from './sync/budget.ts'

/**
 * What was spent of the day's budget, in one small file, so that a box that starts again does not begin the day anew.
 * Each writing reserves a hundredth of the day ahead: after a power cut at most that much is counted that was not
 * spent, and nothing that was spent is forgotten. Written off the event loop, at most about a hundred times a day.
 */
export class BudgetFile implements SpentStore {
  readonly #path: string
  readonly #onFault: (code: string, detail: string) => void
  #newest: SpentBook | undefined
  #writing: Promise<void> | undefined

  constructor(path: string, onFault: (code: string, detail: string) => void) {
    this.#path = path
    this.#onFault = onFault
  }

  /** Null when there is none; one that is damaged is set aside and told, and the day begins anew. */
  load(): SpentBook | null {
    return readSmallFile(
      this.#path,
      (text) => book.parse(JSON.parse(text)),
      (aside) => this.#onFault('budget-damaged', `set aside as ${aside}; today's budget begins anew`),
    )
  }

  keep(newest: SpentBook): void {
    this.#newest = newest
    this.#writing ??= this.#write()
  }

  /** Resolves when the newest book is on disk, or could not be written and was told. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    try {
      while (this.#newest) {
        const newest = this.#newest
        this.#newest = undefined
        await replaceSmallFile(this.#path, JSON.stringify(newest))
      }
    } catch (error) {
      this.#onFault('not-stored', `spent budget: ${(error as Error).message}`)
    } finally {
      this.#writing = undefined
    }
  }
}

const bytes = z.number().min(0).max(1e15)
const book = z.object({
  day: z.string().regex(/^\d{4,6}-\d{2}-\d{2}$/),
  hour: z.int().min(0).max(23),
  dayBytes: bytes,
  hourBytes: bytes,
  reservedBytes: bytes,
})
