import type { Clock } from '#contract/ground/clock.ts'
import type { ByteLine, LineSettings } from '../../bus/byte-line.ts'
import type { Observation } from '../observation.ts'
import { askProbe } from './ask-probe.ts'
import { Conversation, interFrameGapMs } from './conversation.ts'
import { Deliveries } from './deliveries.ts'
import type { Framing } from './framing.ts'
import { PollSchedule } from './poll-schedule.ts'
import { lineGone, type PolledProbe, type PollFaultCode, type ProbeAnswer } from './polled-probe.ts'
import { ProbeMemory } from './probe-memory.ts'
import { CounterMemory, type CounterStore } from './running-total.ts'
import { type SingleReading, SingleReadings } from './single-readings.ts'
import { nextTurn } from './turn-order.ts'

/** What the poller knows of a probe, for `doctor` and the box's page. */
export interface ProbeState {
  readonly device: string
  /** True while it is asked less often because it does not answer. */
  readonly isOpenCircuit: boolean
  readonly consecutiveFailures: number
  /** Wall time in ms. */
  readonly lastAnswerAt: number | null
  readonly lastRoundTripMs: number | null
  /** Turns that fell out because the line was too busy, or the journal too slow. */
  readonly missedPolls: number
}

interface Turn extends Omit<ProbeState, 'device' | 'isOpenCircuit' | 'consecutiveFailures' | 'missedPolls'> {
  readonly probe: PolledProbe
  readonly schedule: PollSchedule
  readonly memory: ProbeMemory
  lastAnswerAt: number | null
  lastRoundTripMs: number | null
}

/**
 * Owns one line and asks its probes, one question at a time, the longest due first. What goes wrong is counted
 * through `onFault` and never stops the others: a dead probe costs the line its own waiting time and no more.
 */
export class ModbusPoller {
  readonly #line: ByteLine
  readonly #clock: Clock
  readonly #probes: readonly PolledProbe[]
  readonly #onFault: (device: string | null, code: PollFaultCode, detail: string) => void
  readonly #onLine: (isUp: boolean, detail: string) => void
  readonly #conversation: Conversation
  readonly #counters: CounterStore
  readonly #once: SingleReadings
  // Slaves of every speed listen on the line, so the silence is that of the slowest.
  readonly #gapMs: number
  readonly #lastAskedAt = new Map<number, number>()
  readonly #deliveries: Deliveries
  #turns: Turn[] = []
  /** As the line was set for the question before. */
  #settings: LineSettings | undefined
  #isLineUp = false
  #isWanted = false
  #running: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(options: {
    line: ByteLine
    framing: Framing
    probes: readonly PolledProbe[]
    clock: Clock
    /** Readings of one probe; the line does not wait for it. A rejection is counted as `not-stored`. */
    onReadings: (device: string, observations: readonly Observation[]) => Promise<void>
    /** `device` is null for what concerns the whole line. */
    onFault: (device: string | null, code: PollFaultCode, detail: string) => void
    onLine?: (isUp: boolean, detail: string) => void
    /** Where running totals go on; without it they end with this poller. */
    counters?: CounterStore
  }) {
    this.#line = options.line
    this.#clock = options.clock
    this.#probes = options.probes
    this.#onFault = options.onFault
    this.#onLine = options.onLine ?? (() => {})
    this.#deliveries = new Deliveries({
      store: options.onReadings,
      onRefused: (device, detail) => this.#onFault(device, 'not-stored', detail),
    })
    this.#counters = options.counters ?? new CounterMemory()
    this.#once = new SingleReadings({
      clock: options.clock,
      whyNoLine: () => (this.#isLineUp ? undefined : this.#line.state().detail),
    })
    this.#gapMs = Math.max(0, ...options.probes.map((probe) => interFrameGapMs(probe.settings)))
    this.#conversation = new Conversation({
      line: options.line,
      framing: options.framing,
      clock: options.clock,
      onStray: (count) =>
        this.#onFault(null, 'stray-bytes', `${count} bytes came while nothing was being asked`),
    })
  }

  /** Opens the line and begins to ask as soon as it is there. */
  start(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    const now = this.#clock.monotonicMs()
    this.#turns = this.#probes.map((probe) => ({
      probe,
      schedule: new PollSchedule(Math.max(probe.everyMs, floorMsOf(probe)), now),
      memory: new ProbeMemory(),
      lastAnswerAt: null,
      lastRoundTripMs: null,
    }))
    this.#running = this.#run()
    this.#line.open({
      onBytes: (bytes) => this.#conversation.hear(bytes),
      onBack: () => this.#lineIsBack(),
      onLost: (reason) => this.#lineIsLost(reason),
    })
    if (this.#line.state().isOpen) this.#lineIsBack()
  }

  /** Resolves when the line is free and everything that was read is with `onReadings`. */
  async stop(): Promise<void> {
    this.#isWanted = false
    this.#conversation.interrupt('stopped')
    this.#wake()
    await this.#running
    this.#isLineUp = false
    this.#once.stop()
    await this.#deliveries.settled()
    await this.#line.close()
  }

  state(): ProbeState[] {
    return this.#turns.map(({ probe, schedule, lastAnswerAt, lastRoundTripMs }) => ({
      device: probe.name,
      isOpenCircuit: schedule.isOpenCircuit,
      consecutiveFailures: schedule.failures,
      lastAnswerAt,
      lastRoundTripMs,
      missedPolls: schedule.missed,
    }))
  }

  /**
   * Asks a probe once, between the others, for a person who wants to see what comes; its readings and faults
   * are in the answer and go nowhere else, counters are shown as the probe has them, and registers that reading
   * clears are left alone. While the line is lost it waits 5 s for it, then says so as a fault. Throws
   * `too-many-requests` when sixteen wait already. The probe need not be one of `probes`.
   */
  async readOnce(probe: PolledProbe): Promise<ProbeAnswer> {
    if (!this.#isWanted) return lineGone(probe, 'the line is not in use: start it first')
    const answer = this.#once.ask(probe)
    this.#wake()
    return answer
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      if (!this.#isLineUp) {
        await this.#pause()
        continue
      }
      const now = this.#clock.monotonicMs()
      const once = this.#once.waiting.find(({ probe }) => this.#earliestFor(probe) <= now)
      const turn = nextTurn(this.#turns, this.#settings, now)
      if (once) await this.#askOnce(once)
      else if (turn && turn.schedule.dueAt <= now) await this.#take(turn)
      else {
        const next = Math.min(
          turn?.schedule.dueAt ?? Infinity,
          ...this.#once.waiting.map(({ probe }) => this.#earliestFor(probe)),
        )
        await this.#pause(next - now)
      }
    }
  }

  async #take(turn: Turn): Promise<void> {
    const { probe, schedule } = turn
    // Late turns and single readings in between must not come closer than the probe bears.
    const earliest = this.#earliestFor(probe)
    if (earliest > this.#clock.monotonicMs()) {
      schedule.notBefore(earliest)
      return
    }
    if (this.#deliveries.isFull) {
      this.#onFault(
        probe.name,
        'not-stored',
        `not asked: ${this.#deliveries.count} earlier readings of this line are not on disk yet`,
      )
      schedule.skipped(this.#clock.monotonicMs())
      return
    }
    const answer = await this.#ask(probe, turn.memory, this.#counters)
    const now = this.#clock.monotonicMs()
    if (answer.exchanges.length === 0) {
      // All that it has is cleared by reading, and that was done in this period.
      schedule.skipped(now)
      return
    }
    for (const { code, detail } of answer.faults) {
      // A loss of the line is told once, by the line itself.
      if (code !== 'link-down') this.#onFault(probe.name, code, detail)
    }
    if (answer.readings.length > 0) this.#deliveries.send(probe.name, answer.readings)
    if (answer.isLineGone) {
      if (!this.#isWanted) return
      // The port refused without being lost (a driver that hangs): the probe is asked again later.
      if (this.#isLineUp) {
        for (const { code, detail } of answer.faults)
          if (code === 'link-down') this.#onFault(null, code, detail)
        schedule.failed(now, mayRetry(probe))
      }
      return
    }
    if (answer.isAnswered) {
      schedule.answered(now)
      turn.lastAnswerAt = this.#clock.wallMs()
      turn.lastRoundTripMs = answer.exchanges.at(-1)?.roundTripMs ?? null
    } else {
      schedule.failed(now, mayRetry(probe))
      turn.memory.forget()
    }
  }

  async #askOnce(once: SingleReading): Promise<void> {
    const memory = this.#turns.find((turn) => turn.probe === once.probe)?.memory ?? new ProbeMemory()
    this.#once.done(once, await this.#ask(once.probe, memory, null))
  }

  #ask(probe: PolledProbe, memory: ProbeMemory, counters: CounterStore | null): Promise<ProbeAnswer> {
    const now = this.#clock.monotonicMs()
    this.#lastAskedAt.set(probe.unit, now)
    this.#settings = probe.settings
    const gapMs = Math.max(this.#gapMs, interFrameGapMs(probe.settings))
    return askProbe(this.#conversation, probe, memory, { gapMs, now, counters })
  }

  #lineIsBack(): void {
    if (this.#isLineUp || !this.#isWanted) return
    this.#isLineUp = true
    const now = this.#clock.monotonicMs()
    for (const { schedule, memory } of this.#turns) {
      memory.forget()
      schedule.resume(now)
    }
    this.#onLine(true, this.#line.state().detail)
    this.#wake()
  }

  #lineIsLost(reason: string): void {
    this.#isLineUp = false
    this.#onFault(null, 'link-down', reason)
    this.#onLine(false, reason)
    this.#conversation.interrupt(reason)
  }

  #earliestFor(probe: PolledProbe): number {
    return (this.#lastAskedAt.get(probe.unit) ?? -Infinity) + floorMsOf(probe)
  }

  /** Until something happens, or at most `delayMs`. */
  #pause(delayMs = Infinity): Promise<void> {
    return new Promise((resolve) => {
      const cancel =
        delayMs === Infinity ? () => {} : this.#clock.after(Math.max(0, delayMs), () => this.#wake())
      this.#wake = () => {
        cancel()
        this.#wake = () => {}
        resolve()
      }
      if (!this.#isWanted) this.#wake()
    })
  }
}

const floorMsOf = (probe: PolledProbe): number => probe.profile.pollFloorS * 1000

/** A probe that loses what it counted by being asked is not asked again before its period. */
const mayRetry = ({ profile }: PolledProbe): boolean => profile.reads.some((read) => !read.destructive)
