import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { lineGone, type PolledProbe, type ProbeAnswer } from './polled-probe.ts'

export interface SingleReading {
  readonly probe: PolledProbe
  readonly resolve: (answer: ProbeAnswer) => void
}

// People asking for single readings; more than this in a row is a script gone wrong.
const MAX_WAITING = 16
const WAIT_FOR_LINE_MS = 5000

/** Single readings that people asked for and that wait for their turn on the line. */
export class SingleReadings {
  readonly #clock: Clock
  /** Why the line is not there; undefined while it is. */
  readonly #whyNoLine: () => string | undefined
  #waiting: SingleReading[] = []

  constructor(options: { clock: Clock; whyNoLine: () => string | undefined }) {
    this.#clock = options.clock
    this.#whyNoLine = options.whyNoLine
  }

  get waiting(): readonly SingleReading[] {
    return this.#waiting
  }

  /** Throws `too-many-requests` when sixteen wait already. While the line is lost it waits 5 s for it. */
  ask(probe: PolledProbe): Promise<ProbeAnswer> {
    if (this.#waiting.length >= MAX_WAITING)
      throw new VuonError('too-many-requests', `${MAX_WAITING} single readings wait already.`)
    return new Promise((resolve) => {
      const asked: SingleReading = {
        probe,
        resolve: (answer) => {
          cancel()
          resolve(answer)
        },
      }
      const cancel = this.#clock.after(WAIT_FOR_LINE_MS, () => {
        const why = this.#whyNoLine()
        if (why !== undefined && this.#waiting.includes(asked)) this.done(asked, lineGone(probe, why))
      })
      this.#waiting.push(asked)
    })
  }

  done(reading: SingleReading, answer: ProbeAnswer): void {
    this.#waiting = this.#waiting.filter((each) => each !== reading)
    reading.resolve(answer)
  }

  stop(): void {
    for (const { probe, resolve } of this.#waiting.splice(0)) resolve(lineGone(probe, 'stopped'))
  }
}
