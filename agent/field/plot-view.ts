import type { PlotHour } from '../crop/plot-hours.ts'
import type { FieldDesk, LatestValue } from './field-desk.ts'
import type { Forecast } from './forecast.ts'
import type { PlotBook } from './plot-book.ts'
import type { PlotSetup, Sources } from './plot-setup.ts'

/** One plot at one moment, as every part of the answer looks at it. */
export interface PlotView {
  readonly nowMs: number
  readonly today: string
  readonly todayNo: number
  readonly setup: PlotSetup
  readonly book: PlotBook
  readonly sources: Sources
  readonly desk: FieldDesk
  /** Hours after the one that runs; none without a fresh forecast. */
  readonly ahead: readonly PlotHour[]
  readonly forecast: Forecast
  latestT(seriesNo: number): number | undefined
  latest(seriesNo: number): LatestValue | undefined
}
