import type { QuickJSWASMModule } from 'quickjs-emscripten-core'
import { CodecContext, CodecTrouble, type Way } from './codec-context.ts'
import type { Limits, SentAnswer, SentCodec, SentUplink } from './request.ts'

/** The devices' codecs that are ready, the one that was used longest ago first. */
export class CodecShelf {
  readonly #quickjs: QuickJSWASMModule
  readonly #memory: WebAssembly.Memory
  readonly #limits: Limits
  readonly #codecs = new Map<number, SentCodec>()
  readonly #ways = new Map<number, Way>()
  readonly #contexts = new Map<string, CodecContext>()
  /** Files that are no codecs: said once, known from then on. */
  readonly #refused = new Map<number, CodecTrouble>()
  #isBroken = false

  constructor(quickjs: QuickJSWASMModule, memory: WebAssembly.Memory, limits: Limits) {
    this.#quickjs = quickjs
    this.#memory = memory
    this.#limits = limits
  }

  /** True when a new thread would serve better: memory that the engine took never goes back otherwise. */
  get isSpent(): boolean {
    return this.#isBroken
  }

  add(codec: SentCodec): void {
    this.#codecs.set(codec.id, codec)
  }

  answer({ codec, device, ...uplink }: SentUplink): SentAnswer {
    const key = `${codec} ${device}`
    try {
      return this.#contextOf(key, codec).decode(uplink)
    } catch (error) {
      const context = this.#contexts.get(key)
      this.#contexts.delete(key)
      if (!(error instanceof CodecTrouble)) {
        // The engine itself gave up (its own stack, a trap): nothing in it can be trusted any more.
        this.#isBroken = true
        return {
          fault: 'codec-failed',
          detail: `broke the sandbox: ${(error as Error).message.slice(0, 200)}`,
        }
      }
      this.#close(context)
      if (error.fault === 'codec-memory' && this.#memory.buffer.byteLength > TOO_LARGE_BYTES)
        this.#isBroken = true
      return { fault: error.fault, detail: error.message }
    }
  }

  #contextOf(key: string, id: number): CodecContext {
    const ready = this.#contexts.get(key)
    if (ready) {
      // The last in the map is the one used last.
      this.#contexts.delete(key)
      this.#contexts.set(key, ready)
      return ready
    }
    const refusal = this.#refused.get(id)
    if (refusal) throw refusal
    const opened = this.#open(id)
    this.#ways.set(id, opened.way)
    this.#contexts.set(key, opened)
    for (const [oldest, context] of this.#contexts) {
      if (this.#contexts.size <= this.#limits.contexts) break
      this.#contexts.delete(oldest)
      this.#close(context)
    }
    return opened
  }

  #open(id: number): CodecContext {
    const codec = this.#codecs.get(id)
    if (!codec) throw new CodecTrouble('codec-failed', 'the codec was not sent')
    try {
      return CodecContext.open(this.#quickjs, codec, this.#limits, this.#ways.get(id))
    } catch (error) {
      if (error instanceof CodecTrouble && error.fault === 'codec-failed') this.#refused.set(id, error)
      throw error
    }
  }

  #close(context: CodecContext | undefined): void {
    try {
      context?.close()
    } catch {
      this.#isBroken = true
    }
  }
}

// Ordinary codecs of a hundred devices stay below half of this.
const TOO_LARGE_BYTES = 48 * 1024 * 1024
