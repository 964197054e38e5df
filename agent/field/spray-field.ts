import { dayOfYearAt } from '../crop/calendar.ts'
import type { PlotHour, PlotSite } from '../crop/plot-hours.ts'
import { type SprayAnswer, type SprayConditions, sprayAnswer } from '../crop/spray-window.ts'
import { declinationRad, hourAngleRad, sunsetAngleRad } from '../crop/sun.ts'
import type { FieldInput, SprayField, SprayHour } from '../page/field-answer.ts'
import type { PlotView } from './plot-view.ts'
import { HOUR_MS, hourOf } from './series-hours.ts'
import { orNull, whyOf } from './why.ts'

/** Whether the air is fit for spraying: now by the newest readings, hour by hour before, and after by the forecast. */

// Older than this, a reading tells nothing of the wind that drift goes with.
export const NOW_WITHIN_MS = 45 * 60_000
const PAST_H = 24
const AHEAD_H = 48
// Most products are rainfast after four hours.
const DRY_H = 4
const NEEDS: readonly FieldInput[] = ['air-temperature', 'air-humidity', 'wind-speed']

export function sprayField(view: PlotView): SprayField {
  const { nowMs, book, ahead } = view
  const hour = hourOf(nowMs)
  const past: PlotHour[] = Array.from({ length: PAST_H }, (_, at) => hour - PAST_H + at).flatMap((no) => {
    const found = view.desk.hourAt(view.setup.id, no)
    return found && !Number.isNaN(found.tempC) ? [found] : []
  })
  const next = ahead.slice(0, AHEAD_H)
  const hours = [
    ...past.map((each) => hourCard(each, view, false, Number.NaN)),
    ...next.map((each, at) => hourCard(each, view, true, rainWithin(ahead, at + 1))),
  ]
  const { site } = book.plan
  return {
    now: nowCard(view),
    hours,
    windows: windowsOf(hours.filter(({ isForecast }) => isForecast)),
    why: whyOf('spray-window', {
      ...view,
      needs: NEEDS,
      missingSettings: site ? [] : ['farm.latitude', 'farm.longitude'],
      notes: ahead.length === 0 ? ['no-forecast'] : [],
    }),
  }
}

/** Null when no reading is new enough. */
function nowCard(view: PlotView): SprayHour | null {
  const { nowMs, sources, ahead } = view
  const found = NEEDS.concat('wind-gust').flatMap((input) => {
    const source = sources.get(input)
    const last = source && view.latest(source.series.no)
    return last && nowMs - last.t <= NOW_WITHIN_MS ? [{ input, ...last }] : []
  })
  if (!found.some(({ input }) => input !== 'wind-gust')) return null
  const value = (input: FieldInput) => found.find((each) => each.input === input)?.value ?? Number.NaN
  const rain = view.desk.hourAt(view.setup.id, hourOf(nowMs))?.rainMm ?? Number.NaN
  const conditions = {
    airTempC: value('air-temperature'),
    humidityPct: value('air-humidity'),
    windMs: value('wind-speed'),
    gustMs: value('wind-gust'),
    rainMm: rain,
    rainAheadMm: rainWithin(ahead, 0),
    hoursFromDark: hoursFromDark(nowMs, view.book.plan.site),
    elevM: view.book.plan.elevM,
  }
  return card(Math.min(...found.map(({ t }) => t)), conditions, false)
}

function hourCard(hour: PlotHour, view: PlotView, isForecast: boolean, rainAheadMm: number): SprayHour {
  const { site, elevM } = view.book.plan
  return card(
    hour.startMs,
    {
      ...{ airTempC: hour.tempC, humidityPct: hour.rhPct, windMs: hour.windMs, gustMs: hour.gustMs },
      ...{ rainMm: hour.rainMm, rainAheadMm, elevM },
      hoursFromDark: hoursFromDark(hour.startMs + HOUR_MS / 2, site),
    },
    isForecast,
  )
}

function card(t: number, conditions: SprayConditions, isForecast: boolean): SprayHour {
  const { verdict, reasons, deltaTC }: SprayAnswer = sprayAnswer(conditions)
  return {
    t,
    verdict,
    deltaTC: orNull(deltaTC),
    windKmh: orNull(conditions.windMs * 3.6),
    rainMm: orNull(conditions.rainMm),
    reasons: reasons.map(({ code, weight, value, limit, unit }) => ({
      ...{ code, weight, value: orNull(value), limit: orNull(limit), unit: unit ?? '' },
    })),
    isForecast,
  }
}

/** mm in the hours that a product has to dry, from `first` on; NaN when the forecast does not reach. */
function rainWithin(ahead: readonly PlotHour[], first: number): number {
  const hours = ahead.slice(first, first + DRY_H)
  if (hours.length === 0) return Number.NaN
  return hours.reduce((sum, { rainMm }) => sum + rainMm, 0)
}

/** Hours since sunrise or until sunset, whichever is less; below 0 at night. */
export function hoursFromDark(ms: number, site: PlotSite | undefined): number {
  if (!site) return Number.NaN
  const dayOfYear = dayOfYearAt(ms, site.utcOffsetH)
  const angle = hourAngleRad((ms % (24 * HOUR_MS)) / HOUR_MS, site.lonDeg, dayOfYear)
  return ((sunsetAngleRad(site.latDeg, declinationRad(dayOfYear)) - Math.abs(angle)) * 12) / Math.PI
}

function windowsOf(hours: readonly SprayHour[]): SprayField['windows'] {
  const kind = hours.some(({ verdict }) => verdict === 'good') ? 'good' : 'marginal'
  const windows: { fromMs: number; toMs: number; verdict: 'good' | 'marginal' }[] = []
  for (const { t, verdict } of hours) {
    if (verdict !== kind) continue
    const last = windows.at(-1)
    if (last?.toMs === t) last.toMs = t + HOUR_MS
    else windows.push({ fromMs: t, toMs: t + HOUR_MS, verdict: kind })
  }
  return windows
}
