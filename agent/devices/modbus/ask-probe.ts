import { toHex } from '#contract/ground/bytes.ts'
import type { Observation } from '../observation.ts'
import type { Conversation, Exchange } from './conversation.ts'
import { exceptionText, type ReadRequest } from './framing.ts'
import type { PolledProbe, PollFault, PollFaultCode, ProbeAnswer } from './polled-probe.ts'
import { readStatus, readUnitSwitch } from './probe-condition.ts'
import type { ProbeMemory } from './probe-memory.ts'
import type { ProfileRead } from './profile.ts'
import { registersOf } from './profile-mistakes.ts'
import { readingsOf } from './registers.ts'
import type { CounterStore } from './running-total.ts'

const ILLEGAL_ADDRESS = 2

export interface AskOptions {
  readonly gapMs: number
  /** Monotonic ms. */
  readonly now: number
  /** Null when a person only looks: counters are shown as the probe has them, and nothing is read that reading clears. */
  readonly counters: CounterStore | null
}

/**
 * One turn with a probe: its unit switch once, its status, then every read of the profile. What costs the whole
 * waiting time ends the turn: a dead probe with five reads takes one timeout from the others, not five. Never rejects.
 */
export async function askProbe(
  conversation: Conversation,
  probe: PolledProbe,
  memory: ProbeMemory,
  options: AskOptions,
): Promise<ProbeAnswer> {
  const turn = new ProbeTurn(conversation, probe, memory, options)
  await turn.run()
  return turn.answer()
}

/** Whether the turn goes on after a question. */
type GoOn = boolean

class ProbeTurn {
  readonly #conversation: Conversation
  readonly #probe: PolledProbe
  readonly #memory: ProbeMemory
  readonly #options: AskOptions
  readonly #readings: Observation[] = []
  readonly #faults: PollFault[] = []
  readonly #exchanges: ProbeAnswer['exchanges'][number][] = []
  #isAnswered = true
  #isLineGone = false

  constructor(conversation: Conversation, probe: PolledProbe, memory: ProbeMemory, options: AskOptions) {
    this.#conversation = conversation
    this.#probe = probe
    this.#memory = memory
    this.#options = options
  }

  answer(): ProbeAnswer {
    return {
      device: this.#probe.name,
      readings: this.#readings,
      faults: this.#faults,
      exchanges: this.#exchanges,
      isAnswered: this.#isAnswered && !this.#isLineGone,
      isLineGone: this.#isLineGone,
    }
  }

  async run(): Promise<void> {
    if (!(await this.#learnUnit()) || !(await this.#isReady())) return
    for (const read of this.#probe.profile.reads) if (!(await this.#read(read))) return
  }

  async #learnUnit(): Promise<GoOn> {
    const { unitSwitch } = this.#probe.profile
    if (!unitSwitch || this.#memory.temperatureUnit !== undefined) return true
    const outcome = await this.#ask({ function: unitSwitch.function, address: unitSwitch.address, count: 1 })
    switch (outcome.kind) {
      case 'registers': {
        const { speaks, fault } = readUnitSwitch(unitSwitch, outcome.words)
        this.#memory.temperatureUnit = speaks
        if (fault) this.#faults.push(fault)
        return true
      }
      case 'exception':
        // A probe without the register can't have been switched.
        this.#memory.temperatureUnit = 'celsius'
        this.#refuse(outcome.code, `the unit switch at ${unitSwitch.address}`)
        return true
      default:
        return this.#fail(outcome)
    }
  }

  async #isReady(): Promise<GoOn> {
    const { status } = this.#probe.profile
    if (!status) return true
    const { function: code, address, type } = status
    const outcome = await this.#ask({ function: code, address, count: registersOf(type) })
    switch (outcome.kind) {
      case 'registers': {
        const fault = readStatus(status, outcome.words)
        if (fault) this.#faults.push(fault)
        return fault === undefined
      }
      case 'exception':
        this.#refuse(outcome.code, `its status at ${address}`)
        // A register that only the family is known to have may be missing; one from the manual may not.
        if (status.unverified) return true
        this.#isAnswered = false
        return false
      default:
        return this.#fail(outcome)
    }
  }

  async #read(read: ProfileRead): Promise<GoOn> {
    const { now, counters } = this.#options
    const { everyMs } = this.#probe
    if (read.destructive) {
      if (counters === null || !this.#memory.mayClear(read, everyMs, now)) return true
      // Noted before it is asked: whatever comes of it, it is not asked again in this period.
      this.#memory.cleared(read, now)
    }
    const count = this.#memory.countFor(read, now)
    let outcome = await this.#ask({ function: read.function, address: read.address, count })
    const { fallbackCount } = read
    const isRefused = outcome.kind === 'exception' && outcome.code === ILLEGAL_ADDRESS
    if (isRefused && fallbackCount !== undefined && count !== fallbackCount) {
      this.#memory.refused(read, now)
      this.#fault(
        'exception',
        `${exceptionText(ILLEGAL_ADDRESS)} to ${count} registers from ${read.address}; reads ${fallbackCount} instead`,
      )
      outcome = await this.#ask({ function: read.function, address: read.address, count: fallbackCount })
    }
    switch (outcome.kind) {
      case 'registers':
        this.#take(read, outcome.words)
        return true
      case 'exception':
        this.#isAnswered = false
        this.#refuse(outcome.code, `registers from ${read.address}`)
        return true
      default:
        if (read.destructive)
          this.#fault(
            'maybe-lost',
            `reading ${read.address} clears it, and no answer came: what it held may be lost`,
          )
        return this.#fail(outcome)
    }
  }

  #take(read: ProfileRead, words: readonly number[]): void {
    const { counters } = this.#options
    const { temperatureUnit } = this.#memory
    const found = readingsOf(this.#probe.profile, this.#probe.name, read, words, {
      ...(temperatureUnit === undefined ? {} : { temperatureUnit }),
      ...(counters === null ? {} : { counters }),
    })
    this.#readings.push(...found.readings)
    this.#faults.push(...found.faults)
  }

  async #ask(registers: Omit<ReadRequest, 'unit'>): Promise<Exchange['outcome']> {
    const { unit, settings, timeoutMs } = this.#probe
    const exchange = await this.#conversation.ask({ unit, ...registers }, settings, {
      gapMs: this.#options.gapMs,
      timeoutMs,
    })
    const { outcome } = exchange
    this.#exchanges.push({
      request: toHex(exchange.request),
      response: toHex(exchange.response),
      roundTripMs: exchange.roundTripMs,
    })
    // What a failed question heard is named by the failure itself.
    if ((outcome.kind === 'registers' || outcome.kind === 'exception') && outcome.strayBytes > 0)
      this.#fault('stray-bytes', `${outcome.strayBytes} bytes around the answer`)
    return outcome
  }

  #fail(outcome: Extract<Exchange['outcome'], { kind: 'failure' | 'line-gone' }>): GoOn {
    this.#isAnswered = false
    if (outcome.kind === 'failure') this.#fault(outcome.code, outcome.detail)
    else {
      this.#isLineGone = true
      this.#fault('link-down', outcome.reason)
    }
    return false
  }

  #refuse(code: number, what: string): void {
    this.#fault('exception', `${exceptionText(code)} to ${what}`)
  }

  #fault(code: PollFaultCode, detail: string): void {
    this.#faults.push({ code, detail })
  }
}
