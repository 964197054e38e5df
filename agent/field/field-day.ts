import type { AdviceEvidence } from '../advice/advice.ts'
import { plotAdvice } from '../advice/plot-advice.ts'
import {
  FIELD_INPUTS,
  type FieldAnswer,
  type PlotField,
  type SensorUse,
  type WeatherDayPoint,
} from '../page/field-answer.ts'
import { plotDevice } from './derived-series.ts'
import type { FieldDesk } from './field-desk.ts'
import type { Forecast } from './forecast.ts'
import { harvestField, lightingField, warmthField } from './fruit-field.ts'
import type { BookDay } from './plot-book.ts'
import type { FarmSetup, KnownSeries } from './plot-setup.ts'
import type { PlotView } from './plot-view.ts'
import { risksField } from './risk-field.ts'
import { HOUR_MS, hourOf } from './series-hours.ts'
import { sprayField } from './spray-field.ts'
import { waterField } from './water-field.ts'
import { orNull } from './why.ts'

/** One answer for every screen: the plots with their advice, their charts and the reasons for both. */
export interface FieldDayParts {
  readonly nowMs: number
  readonly utcOffsetH: number
  readonly farm: FarmSetup
  readonly desk: FieldDesk
  readonly forecast: Forecast
  readonly series: readonly KnownSeries[]
}

const WEATHER_DAYS = 120

export function fieldDay(parts: FieldDayParts): FieldAnswer {
  const { nowMs, utcOffsetH, farm, desk, forecast } = parts
  const { latitude, longitude, elevationM } = farm
  return {
    nowMs,
    today: new Date(nowMs + utcOffsetH * HOUR_MS).toISOString().slice(0, 10),
    utcOffsetH,
    site:
      latitude === undefined || longitude === undefined
        ? null
        : { latDeg: latitude, lonDeg: longitude, elevM: elevationM },
    forecast: forecast.standing,
    plots: desk.plots.map((plot) => plotField(parts, plot)),
  }
}

function plotField(parts: FieldDayParts, { setup, book, sources }: FieldDesk['plots'][number]): PlotField {
  const { nowMs, desk, forecast, utcOffsetH } = parts
  const todayNo = book.dayNoOf(nowMs)
  const view: PlotView = {
    ...{ nowMs, todayNo, setup, book, sources, desk, forecast },
    today: book.dateOf(todayNo),
    ahead: forecast.hoursFrom((hourOf(nowMs) + 1) * HOUR_MS),
    latest: (no) => desk.latest(no),
    latestT: (no) => desk.latest(no)?.t,
  }
  const field = {
    spray: sprayField(view),
    water: waterField(view),
    risks: risksField(view),
    warmth: warmthField(view),
    lighting: lightingField(view),
    harvest: harvestField(view),
  }
  return {
    ...{ plot: setup.id, name: setup.name, crop: setup.crop, areaHa: setup.areaHa },
    sensors: FIELD_INPUTS.map((input) => sensorUse(view, input)),
    advice: plotAdvice({
      ...{ nowMs, today: view.today, utcOffsetH, crop: setup.crop, forecast: forecast.standing.state },
      ...field,
      evidence: (what) => evidenceOf(view, parts.series, what),
    }),
    ...field,
    weather: book.days().slice(-WEATHER_DAYS).map(weatherPoint),
  }
}

function sensorUse({ sources, desk }: PlotView, input: SensorUse['input']): SensorUse {
  const source = sources.get(input)
  if (!source) return { input, series: null, chosen: null, last: null }
  const { no, uuid, device, unit } = source.series
  const last = desk.latest(no)
  return {
    input,
    series: { no, uuid, device },
    chosen: source.chosen,
    last: last ? { value: last.value, unit, t: last.t } : null,
  }
}

const weatherPoint = ({ values }: BookDay): WeatherDayPoint => ({
  date: values.date,
  tminC: orNull(values.tminC),
  tmaxC: orNull(values.tmaxC),
  rainMm: orNull(values.rainMm),
  et0Mm: orNull(values.et0Mm),
  wetH: orNull(values.wetH),
  vpdMaxKpa: orNull(values.vpdMaxKpa),
})

/**
 * The newest value of something, with the series that has it: an input by its quantity, a derived figure by its quantity
 * and, where there are several, its channel (`infection-risk dragon-fruit-canker`).
 */
function evidenceOf(
  view: PlotView,
  series: readonly KnownSeries[],
  what: string,
): AdviceEvidence | undefined {
  const source = view.sources.get(what as SensorUse['input'])
  if (source) {
    const last = view.desk.latest(source.series.no)
    const { no, uuid, unit } = source.series
    return last && { what, seriesNo: no, uuid, value: last.value, unit, at: last.t }
  }
  const [quantity = '', channel] = what.split(' ')
  const derived = series.find(
    (each) =>
      each.device === plotDevice(view.setup.id) &&
      each.quantity === quantity &&
      (channel === undefined ? each.channel !== 'hour' || quantity === 'delta-t' : each.channel === channel),
  )
  const newest = derived && newestOf(view, quantity, channel)
  if (!derived || !newest) return undefined
  const { no, uuid, unit, origin } = derived
  return { what: quantity, seriesNo: no, uuid, model: origin.replace('derived ', ''), unit, ...newest }
}

/** From the days as they are now, which the series may be a minute behind. */
function newestOf(
  { book, todayNo }: PlotView,
  quantity: string,
  channel: string | undefined,
): { value: number; at: number } | undefined {
  const figureOf = ({ values, balance, risks, hours }: BookDay): number | undefined => {
    switch (quantity) {
      case 'soil-water-depletion':
        return balance?.state.trust === 'unknown' ? undefined : balance?.state.drMm
      case 'readily-available-water':
        return balance?.result.rawMm
      case 'reference-evapotranspiration':
        return values.et0Mm
      case 'rain-amount':
        return values.rainMm
      case 'degree-days':
        return values.degreeDays
      case 'infection-risk':
        return risks.get(channel ?? '')?.risk
      case 'delta-t':
        return hours.at(-1)?.deltaTC
      default:
        return undefined
    }
  }
  // Yesterday's is the last whole one; risk and delta-T are told of today, too.
  for (let no = todayNo; no >= todayNo - 2; no--) {
    const day = book.day(no)
    const value = day && figureOf(day)
    if (value !== undefined && Number.isFinite(value))
      return { value: Math.round(value * 1000) / 1000, at: book.startOf(no) }
  }
  return undefined
}
