import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import {
  type ByteLine,
  characterMs,
  type LineListener,
  type LineSettings,
  type LineState,
} from '../../agent/bus/byte-line.ts'
import type { PretendClock } from './pretend-clock.ts'
import type { PretendSlaves } from './pretend-slave.ts'

/** What a wet cable does to answers; each chance is from 0 to 1. */
export interface LineFaults {
  isPluggedIn: boolean
  /** The answer comes in pieces, with pauses. */
  split: number
  /** One byte is wrong. */
  corrupt: number
  /** No answer at all. */
  stall: number
  /** The answer comes after the agent has given up. */
  late: number
  /** The adapter hears what it sends. */
  echo: boolean
  /** Noise before the answer. */
  noise: number
}

export const GOOD_LINE: LineFaults = {
  isPluggedIn: true,
  split: 0,
  corrupt: 0,
  stall: 0,
  late: 0,
  echo: false,
  noise: 0,
}

/** A serial line in pretend time with slaves at its far end; characters take the time that the baud rate says. */
export class PretendLine implements ByteLine {
  faults: LineFaults
  readonly #clock: PretendClock
  readonly #random: Random
  readonly #slaves: PretendSlaves
  #settings: LineSettings
  #listener: LineListener | undefined
  #isOpen = false
  #since: number

  constructor(options: {
    clock: PretendClock
    random: Random
    slaves: PretendSlaves
    settings: LineSettings
    faults?: Partial<LineFaults>
  }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#slaves = options.slaves
    this.#settings = options.settings
    this.faults = { ...GOOD_LINE, ...options.faults }
    this.#since = options.clock.wallMs()
  }

  open(listener: LineListener): void {
    this.#listener = listener
    if (this.faults.isPluggedIn) this.plugIn()
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#listener = undefined
  }

  async use(settings: LineSettings): Promise<void> {
    this.#settings = settings
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw new VuonError('link-down', 'the pretend line is unplugged')
    if (this.faults.echo) this.#later(0, bytes)
    const answer = this.#slaves.answer(bytes)
    if (!answer || this.#happens(this.faults.stall)) return
    const heard = answer.slice()
    if (this.#happens(this.faults.corrupt)) {
      const at = Math.floor(this.#random() * heard.length)
      heard[at] = heard[at]! ^ (1 << Math.floor(this.#random() * 8))
    }
    const sendingMs = (bytes.length + heard.length) * characterMs(this.#settings)
    const delayMs = sendingMs + 5 + (this.#happens(this.faults.late) ? 3000 : this.#random() * 20)
    if (this.#happens(this.faults.noise)) this.#later(delayMs / 2, Uint8Array.of(0xff, 0x00, heard[0]!))
    if (!this.#happens(this.faults.split)) return this.#later(delayMs, heard)
    const at = 1 + Math.floor(this.#random() * (heard.length - 1))
    this.#later(delayMs, heard.slice(0, at))
    this.#later(delayMs + 15, heard.slice(at))
  }

  state(): LineState {
    return { isOpen: this.#isOpen, detail: 'pretend line', since: this.#since }
  }

  unplug(): void {
    this.faults.isPluggedIn = false
    this.#isOpen = false
    this.#since = this.#clock.wallMs()
    this.#listener?.onLost('unplugged')
  }

  plugIn(): void {
    this.faults.isPluggedIn = true
    this.#isOpen = true
    this.#since = this.#clock.wallMs()
    this.#listener?.onBack()
  }

  #later(delayMs: number, bytes: Uint8Array): void {
    this.#clock.after(delayMs, () => {
      if (this.#isOpen) this.#listener?.onBytes(bytes)
    })
  }

  #happens(chance: number): boolean {
    return this.#random() < chance
  }
}
