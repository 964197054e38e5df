import type { Clock } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import type { FieldAnswer } from '../page/field-answer.ts'
import { fieldDay } from './field-day.ts'
import { FieldDesk, type FieldJournal, type FieldOptions, type FieldReading } from './field-desk.ts'
import { Forecast, type ForecastLink } from './forecast.ts'
import type { FarmSetup, PlotSetup } from './plot-setup.ts'

/** The crop models of a farm with their forecast: what `agent.ts` starts, feeds and asks. */
export interface FieldRoomOptions {
  readonly journal: FieldJournal
  readonly clock: Clock
  readonly random: Random
  readonly farm: FarmSetup
  readonly plots: readonly PlotSetup[]
  readonly forecast: { readonly url?: string | undefined; readonly everyS: number; readonly maxAgeS: number }
  readonly utcOffsetH: number
  readonly dayFile: string
  readonly forecastFile: string
  readonly linkTo: (origin: string) => ForecastLink
  /** For a command beside the running agent: nothing is written, fetched or waited for. */
  readonly isReader?: boolean
  readonly onFault: (code: string, detail: string) => void
  readonly onDerived?: (device: string) => void
  readonly onInfection?: FieldOptions['onInfection']
}

export class FieldRoom {
  readonly #options: FieldRoomOptions
  readonly desk: FieldDesk
  readonly #forecast: Forecast
  #answered: { readonly revision: number; readonly minute: number; readonly answer: FieldAnswer } | undefined

  constructor(options: FieldRoomOptions) {
    this.#options = options
    this.desk = new FieldDesk(options)
    this.#forecast = new Forecast({
      url: options.forecast.url,
      everyMs: options.forecast.everyS * 1000,
      maxAgeMs: options.forecast.maxAgeS * 1000,
      file: options.forecastFile,
      clock: options.clock,
      random: options.random,
      now: () => options.journal.now(),
      linkTo: options.linkTo,
      onFault: options.onFault,
    })
  }

  /** Resolves when everything is up to date; never rejects. */
  async start(): Promise<void> {
    const { isReader = false } = this.#options
    this.#forecast.start({ isReader })
    await this.desk.start()
  }

  async stop(): Promise<void> {
    this.#forecast.stop()
    await this.desk.stop()
  }

  observe(readings: readonly FieldReading[]): void {
    this.desk.observe(readings)
  }

  /** The same answer for everybody who asks within a minute, unless something came in. */
  answer(): FieldAnswer {
    const { journal, utcOffsetH, farm } = this.#options
    const nowMs = journal.now()
    const minute = Math.floor(nowMs / 60_000)
    const { revision } = this.desk
    if (this.#answered?.revision !== revision || this.#answered.minute !== minute)
      this.#answered = {
        ...{ revision, minute },
        answer: fieldDay({
          ...{ nowMs, utcOffsetH, farm, desk: this.desk, forecast: this.#forecast },
          series: journal.series(),
        }),
      }
    return this.#answered.answer
  }
}
