import { HandOn } from './hand-on.ts'
import { LineSplitter, type Piece } from './line-splitter.ts'
import type { LineFormat, LineTalker, TalkerOutside } from './line-talker.ts'

/** What makes a device speak that only answers. */
export interface Prompt {
  readonly bytes: Uint8Array
  readonly everyMs: number
  /** From the question to the first line that holds readings. */
  readonly timeoutMs: number
}

// No sketch waits this long between two fields of one line (a Dallas probe takes 0.75 s), and a board that starts
// again when its port is opened is ready after it. What comes after such a silence is the beginning of a line.
const LONGEST_PAUSE_MS = 2000

/**
 * Listens to a device that writes lines, and prompts it where it wants to be asked. The first line after the port
 * is opened may be the end of one ("2.5,60" of "22.5,60"), so it is dropped unless silence came before it.
 */
export class ListeningTalker implements LineTalker {
  readonly #device: string
  readonly #format: LineFormat
  readonly #outside: TalkerOutside
  readonly #prompt: Prompt | undefined
  readonly #longestPauseMs: number
  readonly #handOn: HandOn
  readonly #splitter: LineSplitter
  #isWanted = false
  #isLineUp = false
  #heardAt = 0
  #isAsked = false
  #cancelTimer = () => {}

  constructor(options: {
    device: string
    format: LineFormat
    outside: TalkerOutside
    maxLineBytes: number
    keepEveryMs: number
    prompt?: Prompt | undefined
    longestPauseMs?: number
  }) {
    this.#device = options.device
    this.#format = options.format
    this.#outside = options.outside
    this.#prompt = options.prompt
    this.#longestPauseMs = options.longestPauseMs ?? LONGEST_PAUSE_MS
    this.#handOn = new HandOn(options.outside, options.keepEveryMs)
    this.#splitter = new LineSplitter(options.maxLineBytes)
  }

  start(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    const { line, onFault } = this.#outside
    line.open({
      onBytes: (bytes) => this.#hear(bytes),
      onBack: () => this.#lineIsBack(),
      onLost: (reason) => {
        this.#isLineUp = false
        this.#cancelTimer()
        onFault(null, 'link-down', reason)
      },
    })
    if (line.state().isOpen) this.#lineIsBack()
  }

  async stop(): Promise<void> {
    this.#isWanted = false
    this.#isLineUp = false
    this.#cancelTimer()
    await this.#outside.line.close()
    await this.#handOn.settled()
  }

  #lineIsBack(): void {
    if (this.#isLineUp || !this.#isWanted) return
    this.#isLineUp = true
    this.#splitter.abandon()
    this.#format.forget?.()
    this.#heardAt = this.#outside.clock.monotonicMs()
    this.#splitter.dropUntilEnd()
    this.#isAsked = false
    if (this.#prompt) this.#later(this.#longestPauseMs, () => this.#ask())
  }

  #hear(bytes: Uint8Array): void {
    if (!this.#isWanted) return
    const now = this.#outside.clock.monotonicMs()
    if (now - this.#heardAt >= this.#longestPauseMs) this.#tell(this.#splitter.abandon())
    this.#heardAt = now
    for (const piece of this.#splitter.push(bytes)) {
      if (piece.kind === 'discarded') this.#tell(piece)
      else this.#read(piece.bytes)
    }
  }

  #read(bytes: Uint8Array): void {
    const result = this.#format.decode(bytes)
    if (result.readings.length > 0) this.#isAsked = false
    this.#handOn.take(this.#device, result)
  }

  #tell(piece: Piece | undefined): void {
    if (piece?.kind !== 'discarded') return
    const { count, why } = piece
    this.#outside.onFault(
      this.#device,
      why === 'too-long' ? 'line-too-long' : 'line-cut-short',
      why === 'too-long'
        ? `${count} bytes without the end of a line`
        : `${count} bytes of a line whose other part was not heard`,
    )
  }

  #ask(): void {
    const prompt = this.#prompt
    if (!prompt || !this.#isLineUp) return
    this.#isAsked = true
    const { line, onFault } = this.#outside
    line.write(prompt.bytes).catch((error: unknown) => {
      // A loss of the line is told once, by the line itself.
      if (this.#isLineUp) onFault(null, 'link-down', error instanceof Error ? error.message : String(error))
    })
    this.#later(prompt.timeoutMs, () => {
      if (this.#isAsked) onFault(this.#device, 'timeout', `no readings within ${prompt.timeoutMs} ms`)
      this.#isAsked = false
      this.#later(Math.max(0, prompt.everyMs - prompt.timeoutMs), () => this.#ask())
    })
  }

  #later(delayMs: number, run: () => void): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#outside.clock.after(delayMs, run)
  }
}
