/** What the agent's thread and the codecs' thread say to each other. */
export interface Batch {
  /** Codecs that this thread has not seen yet. */
  readonly codecs: readonly SentCodec[]
  readonly uplinks: readonly SentUplink[]
}

export interface SentCodec {
  readonly id: number
  readonly name: string
  readonly source: string
}

export interface SentUplink {
  readonly codec: number
  /** Globals are kept between the uplinks of one device and never seen by another. */
  readonly device: string
  /** A JSON list: a short text is the cheapest way into the engine. */
  readonly bytes: string
  readonly fPort: number | undefined
  readonly recvTimeMs: number | undefined
  /** As JSON; undefined when there are none. */
  readonly variables: string | undefined
}

/** The codec's answer as JSON text, or why there is none. */
export type SentAnswer = string | { readonly fault: Trouble; readonly detail: string }
export type Trouble = 'codec-failed' | 'codec-timeout' | 'codec-memory'

export interface BatchAnswer {
  /** In order; fewer than the uplinks when the thread is spent. */
  readonly answers: readonly SentAnswer[]
  /** True when the thread should be replaced: its memory has grown, or the engine broke. */
  readonly isSpent: boolean
}

export interface WorkerSettings {
  readonly limits: Limits
  /** [0]: which uplink of the batch is at work, from 1. [1]: grows with each uplink begun, and at the start. */
  readonly progress: Int32Array
}

export interface Limits {
  /** For one uplink. */
  readonly decodeMs: number
  /** For running the file itself, once a device. */
  readonly loadMs: number
  /** What one device's codec may hold. */
  readonly memoryBytes: number
  /** How many devices are kept ready; the one that spoke longest ago makes room. */
  readonly contexts: number
}
