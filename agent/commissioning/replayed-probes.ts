import { equalBytes, toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { ByteLine, LineListener, LineState } from '../bus/byte-line.ts'
import { askProbe } from '../devices/modbus/ask-probe.ts'
import { Conversation } from '../devices/modbus/conversation.ts'
import type { Framing } from '../devices/modbus/framing.ts'
import type { PolledProbe, ProbeAnswer } from '../devices/modbus/polled-probe.ts'
import { ProbeMemory } from '../devices/modbus/probe-memory.ts'
import { CounterMemory } from '../devices/modbus/running-total.ts'
import { type ReplayClock, settled } from './replay-clock.ts'

/**
 * A recorded line of Modbus probes, asked again by the agent's own turns: the recording says when a question left and
 * what was heard after it, the turn says what is asked and what the answer means. Where the two differ (a recording
 * that began in the middle of a turn, another profile) it says so and goes on with the next question.
 *
 *   sent ─► a turn is waiting to ask? let it ask : begin the turn of that unit ─► same bytes? ─► heard ─► conversation
 */
export interface ReplayedProbesOptions {
  readonly bus: string
  readonly probes: readonly PolledProbe[]
  readonly framing: Framing
  readonly protocol: 'rtu' | 'ascii' | 'tcp'
  readonly clock: ReplayClock
  readonly onAnswer: (answer: ProbeAnswer) => void
  /** `subject` is a probe's name, or the bus's. */
  readonly onFault: (subject: string, code: string, detail: string) => void
}

interface PlayedProbe {
  readonly probe: PolledProbe
  readonly memory: ProbeMemory
}

export class ReplayedProbes {
  readonly #options: ReplayedProbesOptions
  readonly #line: ReplayedLine
  readonly #conversation: Conversation
  readonly #counters = new CounterMemory()
  readonly #probes: ReadonlyMap<number, PlayedProbe>
  #turn: Promise<void> | undefined

  constructor(options: ReplayedProbesOptions) {
    this.#options = options
    this.#line = new ReplayedLine(options.protocol === 'tcp' ? 2 : 0)
    this.#probes = new Map(options.probes.map((probe) => [probe.unit, { probe, memory: new ProbeMemory() }]))
    this.#conversation = new Conversation({
      line: this.#line,
      framing: options.framing,
      clock: options.clock,
      onStray: (count) =>
        options.onFault(options.bus, 'stray-bytes', `${count} bytes came while nothing was being asked`),
    })
  }

  async sent(bytes: Uint8Array): Promise<void> {
    const { bus, onFault, clock } = this.#options
    this.#line.next(bytes)
    await this.#rest()
    if (this.#line.isTaken) return
    // The turn before wanted something else, or there is none.
    await this.#abandon()
    const unit = unitOf(bytes, this.#options.protocol)
    const played = unit === undefined ? undefined : this.#probes.get(unit)
    if (!played) return onFault(bus, 'unknown-probe', `no probe of the config was asked with ${toHex(bytes)}`)
    this.#line.next(bytes)
    this.#turn = this.#run(played, clock.monotonicMs())
    await this.#rest()
    if (this.#line.isTaken) return
    onFault(played.probe.name, 'not-its-question', `${toHex(bytes)} is not what is asked here now`)
    await this.#abandon()
  }

  async heard(bytes: Uint8Array): Promise<void> {
    this.#conversation.hear(this.#line.asHeard(bytes))
    await settled()
  }

  async down(reason: string): Promise<void> {
    this.#options.onFault(this.#options.bus, 'link-down', reason)
    this.#conversation.interrupt(reason)
    await this.#abandon()
  }

  up(): void {
    for (const { memory } of this.#probes.values()) memory.forget()
  }

  /** Nothing more comes: what is under way runs into its time limit, as it did when it was recorded. */
  async end(): Promise<void> {
    await this.#options.clock.moveTo(this.#options.clock.monotonicMs() + LONGEST_TIMEOUT_MS)
    await this.#abandon()
  }

  /** Timers of no delay (the silence before a question) run; recorded time stands. */
  async #rest(): Promise<void> {
    const { clock } = this.#options
    for (let turn = 0; turn < 3; turn++) await clock.moveTo(clock.monotonicMs())
  }

  async #run({ probe, memory }: PlayedProbe, now: number): Promise<void> {
    const answer = await askProbe(this.#conversation, probe, memory, {
      gapMs: 0,
      now,
      counters: this.#counters,
    })
    if (!answer.isAnswered) memory.forget()
    const faults = answer.faults.filter(({ code }) => code !== 'link-down')
    if (answer.readings.length > 0 || faults.length > 0) this.#options.onAnswer({ ...answer, faults })
    this.#turn = undefined
  }

  async #abandon(): Promise<void> {
    this.#line.refuse()
    this.#conversation.interrupt('the recording goes on with something else')
    await this.#rest()
    await this.#turn
    this.#line.accept()
  }
}

// The longest that a config may give a probe.
const LONGEST_TIMEOUT_MS = 10_000

/** Holds the turn back until the recording comes to a question, and compares the two. */
class ReplayedLine implements ByteLine {
  /** Bytes at the start that number the question (the transaction of Modbus TCP): another number is the same question. */
  readonly #numberBytes: number
  #recorded: Uint8Array | undefined
  #asked: Uint8Array | undefined
  #isRefusing = false
  #go: () => void = () => {}
  isTaken = false

  constructor(numberBytes: number) {
    this.#numberBytes = numberBytes
  }

  next(recorded: Uint8Array): void {
    this.#recorded = recorded
    this.isTaken = false
    this.#go()
  }

  refuse(): void {
    this.#isRefusing = true
    this.#recorded = undefined
    this.#go()
  }

  accept(): void {
    this.#isRefusing = false
  }

  /** What was heard, under the number that this turn gave its question. */
  asHeard(bytes: Uint8Array): Uint8Array {
    const [recorded, asked] = [this.#lastRecorded, this.#asked]
    const length = this.#numberBytes
    if (length === 0 || !recorded || !asked || !equalBytes(bytes.slice(0, length), recorded.slice(0, length)))
      return bytes
    const renamed = bytes.slice()
    renamed.set(asked.slice(0, length))
    return renamed
  }

  async use(): Promise<void> {
    if (this.#recorded === undefined && !this.#isRefusing)
      await new Promise<void>((resolve) => {
        this.#go = resolve
      })
    this.#go = () => {}
    if (this.#isRefusing) throw new VuonError('link-down', 'not in the recording')
  }

  async write(bytes: Uint8Array): Promise<void> {
    const recorded = this.#recorded
    const from = this.#numberBytes
    if (!recorded || !equalBytes(recorded.slice(from), bytes.slice(from)))
      throw new VuonError('link-down', 'not in the recording')
    this.#recorded = undefined
    this.#lastRecorded = recorded
    this.#asked = bytes
    this.isTaken = true
  }

  #lastRecorded: Uint8Array | undefined

  open(_listener: LineListener): void {}

  async close(): Promise<void> {}

  state(): LineState {
    return { isOpen: true, detail: 'recording', since: 0 }
  }
}

/** Whom a question is for. */
function unitOf(bytes: Uint8Array, protocol: ReplayedProbesOptions['protocol']): number | undefined {
  switch (protocol) {
    case 'rtu':
      return bytes[0]
    case 'tcp':
      return bytes[6]
    case 'ascii': {
      // ":" and two hex digits (Modbus over Serial Line V1.02, §2.5.2.1).
      const unit = Number.parseInt(String.fromCharCode(bytes[1] ?? 0, bytes[2] ?? 0), 16)
      return Number.isNaN(unit) ? undefined : unit
    }
  }
}
