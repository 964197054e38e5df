import type { DecodeResult } from './observation.ts'

/** Tells what a message means. Whatever bytes come, it answers; it never throws, and a promise never rejects. */
export interface MessageDecoder {
  readonly kind: string
  /** What to subscribe to. */
  readonly topicFilters: readonly string[]
  /** Asked instead of the filters where these are many: whether this topic is one that it reads. */
  wants?(topic: string): boolean
  /** What else to subscribe to since it was last asked: messages may name topics of their own. */
  takeNewTopics?(): readonly string[]
  decode(message: IncomingMessage): DecodeResult | Promise<DecodeResult>
  /** Lets go of what it holds (a worker); what comes after is refused. */
  stop?(): Promise<void>
}

export interface IncomingMessage {
  readonly topic: string
  readonly payload: Uint8Array
  /** True when a broker had kept it: its values are marked historical. */
  readonly isRetained?: boolean
}
