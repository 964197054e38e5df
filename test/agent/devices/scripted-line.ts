import { VuonError } from '#contract/ground/errors.ts'
import type { ByteLine, LineListener, LineSettings, LineState } from '../../../agent/bus/byte-line.ts'
import type { PretendClock } from '../../world/pretend-clock.ts'

/** Bytes that the far end sends, so many ms after the question. */
export interface Piece {
  readonly afterMs: number
  readonly bytes: Uint8Array
}

/**
 * A line whose far end is a function of the question, so that a test decides to the byte and the ms what comes;
 * the pretend world's line decides by chance. It remembers what was asked, when, and with which settings.
 */
export class ScriptedLine implements ByteLine {
  readonly asked: { at: number; bytes: Uint8Array; settings: LineSettings }[] = []
  answer: (question: Uint8Array) => readonly Piece[]
  /** When true, a write is neither taken nor refused. */
  isStalled = false
  readonly #clock: PretendClock
  #listener: LineListener | undefined
  #settings: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }
  #state: LineState

  constructor(clock: PretendClock, answer: (question: Uint8Array) => readonly Piece[]) {
    this.#clock = clock
    this.answer = answer
    this.#state = { isOpen: false, detail: 'scripted line', since: clock.wallMs() }
  }

  open(listener: LineListener): void {
    this.#listener = listener
    this.back()
  }

  async close(): Promise<void> {
    this.#state = { ...this.#state, isOpen: false }
    this.#listener = undefined
  }

  async use(settings: LineSettings): Promise<void> {
    this.#settings = settings
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#state.isOpen) throw new VuonError('link-down', this.#state.detail)
    if (this.isStalled) return new Promise(() => {})
    this.asked.push({ at: this.#clock.monotonicMs(), bytes, settings: this.#settings })
    for (const piece of this.answer(bytes)) this.send(piece.bytes, piece.afterMs)
  }

  state(): LineState {
    return this.#state
  }

  send(bytes: Uint8Array, afterMs = 0): void {
    this.#clock.after(afterMs, () => this.#listener?.onBytes(bytes))
  }

  lose(reason = 'unplugged'): void {
    this.#state = { isOpen: false, detail: reason, since: this.#clock.wallMs() }
    this.#listener?.onLost(reason)
  }

  back(): void {
    this.#state = { isOpen: true, detail: 'scripted line', since: this.#clock.wallMs() }
    this.#listener?.onBack()
  }
}
