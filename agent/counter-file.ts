import { z } from 'zod'
import type { CounterState, CounterStore } from './devices/modbus/running-total.ts'
import { readSmallFile, replaceSmallFile } from './small-file.ts'

/**
 * The running totals of the probes' counters, in one small file beside the journal, so that a total goes on where it
 * was when the agent starts again. It is written when something was counted, off the event loop, one write at a time
 * for all totals: in a dry week never. A power cut may cost the last write; a counter that the probe itself keeps makes
 * up for it at the next read.
 */
export class CounterFile implements CounterStore {
  readonly #path: string
  readonly #onFault: (code: string, detail: string) => void
  readonly #states: Map<string, CounterState>
  #isChanged = false
  #writing: Promise<void> | undefined

  /** Reads the file. One that is damaged is set aside and told through `onFault`; the totals then begin anew. */
  constructor(path: string, onFault: (code: string, detail: string) => void) {
    this.#path = path
    this.#onFault = onFault
    this.#states = this.#load()
  }

  recall(key: string): CounterState | undefined {
    return this.#states.get(key)
  }

  keep(key: string, state: CounterState): void {
    const before = this.#states.get(key)
    if (before?.raw === state.raw && before.total === state.total) return
    if (!before && this.#states.size >= MAX_TOTALS)
      this.#states.delete(this.#states.keys().next().value ?? '')
    this.#states.set(key, state)
    this.#isChanged = true
    this.#writing ??= this.#write()
  }

  /** Resolves when what was kept is on disk, or could not be written and was told. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    try {
      while (this.#isChanged) {
        this.#isChanged = false
        await replaceSmallFile(
          this.#path,
          JSON.stringify({ version: 1, totals: Object.fromEntries(this.#states) }),
        )
      }
    } catch (error) {
      this.#onFault('not-stored', `running totals: ${(error as Error).message}`)
    } finally {
      this.#writing = undefined
    }
  }

  #load(): Map<string, CounterState> {
    const read = readSmallFile(
      this.#path,
      (text) => new Map(Object.entries(fileSchema.parse(JSON.parse(text)).totals)),
      (aside) => this.#onFault('counters-damaged', `set aside as ${aside}; running totals begin anew`),
    )
    return read ?? new Map()
  }
}

// 247 probes on a line, a few lines, one or two counters each; a probe that left the config keeps its place till then.
const MAX_TOTALS = 1000

const fileSchema = z.object({
  version: z.literal(1),
  totals: z.record(z.string().max(300), z.object({ raw: z.number().min(0), total: z.number().min(0) })),
})
