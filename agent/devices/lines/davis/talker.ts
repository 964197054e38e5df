import { PollSchedule } from '../../modbus/poll-schedule.ts'
import { HandOn } from '../hand-on.ts'
import type { LineTalker, TalkerOutside } from '../line-talker.ts'
import { Wire } from '../wire.ts'
import { askConsole } from './console.ts'
import { LoopDecoder } from './loop-packet.ts'

/** Asks a Davis console for a LOOP packet every so often; less often while it does not answer. */
export class DavisTalker implements LineTalker {
  readonly #device: string
  readonly #outside: TalkerOutside
  readonly #everyMs: number
  readonly #wire: Wire
  readonly #decoder: LoopDecoder
  readonly #handOn: HandOn
  #schedule: PollSchedule
  #isWanted = false
  #isLineUp = false
  #cancelTimer = () => {}
  #asking: Promise<void> | undefined

  constructor(options: { device: string; rainClickMm: number; everyMs: number; outside: TalkerOutside }) {
    const { device, rainClickMm, everyMs, outside } = options
    this.#device = device
    this.#outside = outside
    this.#everyMs = everyMs
    this.#wire = new Wire(outside.line, outside.clock)
    this.#decoder = new LoopDecoder(device, rainClickMm)
    this.#handOn = new HandOn(outside, 0)
    this.#schedule = new PollSchedule(everyMs, 0)
  }

  start(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    const { line, clock, onFault } = this.#outside
    this.#schedule = new PollSchedule(this.#everyMs, clock.monotonicMs())
    line.open({
      onBytes: (bytes) => this.#wire.hear(bytes),
      onBack: () => this.#lineIsBack(),
      onLost: (reason) => {
        this.#isLineUp = false
        this.#cancelTimer()
        onFault(null, 'link-down', reason)
        this.#wire.interrupt(reason)
      },
    })
    if (line.state().isOpen) this.#lineIsBack()
  }

  async stop(): Promise<void> {
    this.#isWanted = false
    this.#isLineUp = false
    this.#cancelTimer()
    this.#wire.interrupt('stopped')
    await this.#asking
    await this.#outside.line.close()
    await this.#handOn.settled()
  }

  #lineIsBack(): void {
    if (this.#isLineUp || !this.#isWanted) return
    this.#isLineUp = true
    this.#wire.resume()
    this.#schedule.resume(this.#outside.clock.monotonicMs())
    this.#askWhenDue()
  }

  #askWhenDue(): void {
    this.#cancelTimer()
    if (!this.#isLineUp || this.#asking) return
    const { clock } = this.#outside
    this.#cancelTimer = clock.after(Math.max(0, this.#schedule.dueAt - clock.monotonicMs()), () => {
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined
        this.#askWhenDue()
      })
    })
  }

  async #ask(): Promise<void> {
    const { clock, onFault } = this.#outside
    const answer = await askConsole(this.#wire)
    if (answer.kind === 'line-gone') {
      // A loss is told once, by the line; a port that refused without being lost is told here.
      if (this.#isLineUp) {
        onFault(null, 'link-down', answer.reason)
        this.#schedule.failed(clock.monotonicMs())
      }
      return
    }
    for (const { code, detail } of answer.faults) onFault(this.#device, code, detail)
    if (answer.kind === 'failed') {
      this.#schedule.failed(clock.monotonicMs())
      return
    }
    this.#schedule.answered(clock.monotonicMs())
    this.#handOn.take(this.#device, this.#decoder.decode(answer.bytes))
  }
}
