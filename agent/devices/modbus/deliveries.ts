import type { Observation } from '../observation.ts'

// 247 probes on the fullest line, and a journal that is a few commits behind: more means that the card hangs.
const MAX_UNSTORED = 300

/** Readings on their way to the disk; the line does not wait for them, but their number is bounded. */
export class Deliveries {
  readonly #store: (device: string, readings: readonly Observation[]) => Promise<void>
  readonly #onRefused: (device: string, detail: string) => void
  readonly #unstored = new Set<Promise<void>>()

  constructor(options: {
    store: (device: string, readings: readonly Observation[]) => Promise<void>
    onRefused: (device: string, detail: string) => void
  }) {
    this.#store = options.store
    this.#onRefused = options.onRefused
  }

  get isFull(): boolean {
    return this.#unstored.size >= MAX_UNSTORED
  }

  get count(): number {
    return this.#unstored.size
  }

  send(device: string, readings: readonly Observation[]): void {
    const stored = (async () => this.#store(device, readings))().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      this.#onRefused(device, `${readings.length} readings: ${reason}`)
    })
    this.#unstored.add(stored)
    stored.finally(() => this.#unstored.delete(stored))
  }

  /** Resolves when everything that was sent is stored or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#unstored)
  }
}
