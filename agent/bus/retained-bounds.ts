// aedes keeps retained messages in memory: 1,000 device states and lists of 1 kB are 1 MB.
const MAX_RETAINED_TOPICS = 1000
const MAX_RETAINED_BYTES = 8 * 1024 * 1024

/** How much the broker inside the agent may be made to keep. */
export class RetainedBounds {
  readonly #sizes = new Map<string, number>()
  #total = 0

  /** Whether it may be kept; it is counted then. */
  mayRetain(topic: string, sizeBytes: number): boolean {
    const old = this.#sizes.get(topic)
    const total = this.#total - (old ?? 0) + sizeBytes
    // An empty retained message deletes the one before it (MQTT 3.1.1 §3.3.1.3).
    if (sizeBytes === 0) this.#sizes.delete(topic)
    else if (total > MAX_RETAINED_BYTES || (old === undefined && this.#sizes.size >= MAX_RETAINED_TOPICS))
      return false
    else this.#sizes.set(topic, sizeBytes)
    this.#total = total
    return true
  }
}
