import { QUANTITIES, type QuantityName, type Unit } from '#contract/wire/quantities.ts'
import { MODEL_OF, type ModelName } from './model-names.ts'
import type { BookDay, PlotBook } from './plot-book.ts'
import { HOUR_MS } from './series-hours.ts'

/**
 * What the models say, as readings of series of their own. The time of such a reading is where the hour or the day
 * begins that it is of; one that was corrected has the same time and comes later, and of two the later counts.
 */
export interface DerivedSeries {
  readonly device: string
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly resolution: number
  readonly timeStepMs: number
  readonly place: string
  /** `derived MODEL-VERSION`. */
  readonly origin: string
}

export interface DerivedReading {
  /** Quantity and channel, unique within a plot. */
  readonly key: string
  readonly quantity: QuantityName
  readonly channel: string
  readonly model: ModelName
  readonly t: number
  readonly value: number
  /** Something stood in for what was not measured, or it is an index. */
  readonly isEstimate: boolean
  /** The hours that it was computed from: what was measured in them changes it, and nothing else. */
  readonly window: { readonly fromMs: number; readonly toMs: number }
}

/** The device under which the readings of a plot stand. */
export const plotDevice = (plot: string): string => `plot/${plot}`

export const seriesOf = (
  plot: { id: string; name: string },
  { quantity, channel, model }: DerivedReading,
): DerivedSeries => ({
  device: plotDevice(plot.id),
  channel,
  quantity,
  unit: QUANTITIES[quantity].unit,
  resolution: QUANTITIES[quantity].resolution,
  timeStepMs: 1000,
  place: plot.name,
  origin: MODEL_OF[model].origin,
})

/** Everything that is known of a day: its hours that are over, and the day itself once it is. Gaps are not among it. */
export function* readingsOfDay(
  book: PlotBook,
  day: BookDay,
  nowMs: number,
): Generator<DerivedReading, void, undefined> {
  const startMs = book.startOf(day.no)
  const endMs = startMs + 24 * HOUR_MS
  const dayBefore = startMs - 24 * HOUR_MS
  for (const [at, hour] of day.hours.entries()) {
    const t = hour.startMs
    const own = { fromMs: t, toMs: t + HOUR_MS }
    const of = (quantity: QuantityName, model: ModelName, value: number, fromMs = t) =>
      reading({ quantity, channel: 'hour', model, t, value, isEstimate: false, window: { ...own, fromMs } })
    yield* of('dew-point', 'dew-point', hour.dewPointC)
    yield* of('delta-t', 'delta-t', hour.deltaTC)
    yield* of('reference-evapotranspiration', 'et0-hourly', hour.et0Mm, dayBefore)
    yield* of('rain-amount', 'rain-sum', day.plotHours[at]?.rainMm ?? Number.NaN)
  }
  if (endMs > nowMs) return
  const { values, balance } = day
  const own = { fromMs: startMs, toMs: endMs }
  const of = (
    quantity: QuantityName,
    model: ModelName,
    value: number,
    more: { channel?: string; isEstimate?: boolean; fromMs?: number } = {},
  ) =>
    reading({
      ...{ quantity, model, t: startMs, value },
      channel: more.channel ?? 'day',
      isEstimate: more.isEstimate ?? false,
      window: { ...own, fromMs: more.fromMs ?? startMs },
    })
  // A day of which nothing was measured has no daylight to tell of either.
  if (!Number.isNaN(values.tmaxC)) yield* of('day-length', 'day-length', values.dayLengthH)
  yield* of('reference-evapotranspiration', 'et0-daily', values.et0Mm, {
    isEstimate: values.et0Notes.length > 0,
  })
  yield* of('rain-amount', 'rain-sum', values.rainMm)
  yield* of('leaf-wet-hours', 'leaf-wetness', values.wetH)
  yield* of('degree-days', 'degree-days', values.degreeDays)
  if (balance && balance.state.trust !== 'unknown') {
    const season = { isEstimate: balance.state.trust === 'assumed', fromMs: Number.NEGATIVE_INFINITY }
    yield* of('soil-water-depletion', 'water-balance', balance.result.drMm, season)
    yield* of('readily-available-water', 'water-balance', balance.result.rawMm, season)
  }
  for (const [pathogen, risk] of day.risks)
    yield* of('infection-risk', 'magarey', risk.risk, {
      channel: pathogen,
      isEstimate: true,
      fromMs: Math.min(startMs, ...risk.periods.map((period) => period.startMs)),
    })
}

function* reading(each: Omit<DerivedReading, 'key'>): Generator<DerivedReading, void, undefined> {
  if (Number.isFinite(each.value)) yield { ...each, key: `${each.quantity} ${each.channel}` }
}
