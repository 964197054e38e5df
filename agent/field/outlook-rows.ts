import {
  OUTLOOK_BOUNDS,
  type OutlookHour,
  type OutlookReason,
  type OutlookRisk,
  type OutlookRiskDay,
  type OutlookSpray,
  type OutlookWarmth,
  type OutlookWater,
  type OutlookWaterDay,
  RISK_LEVELS,
  RISK_QUALITIES,
  SPRAY_VERDICTS,
  WATER_TRUSTS,
} from '#contract/wire/outlook.ts'
import type {
  FieldAnswer,
  RiskField,
  RiskPoint,
  SprayField,
  SprayHour,
  WarmthField,
  WaterField,
  WaterPoint,
} from '../page/field-answer.ts'
import { daysFrom, tenths, times, whole, whyOf, words } from './outlook-figures.ts'
import { HOUR_MS } from './series-hours.ts'

/** The parts of an outlook that have a row for each hour or day. */

const B = OUTLOOK_BOUNDS
const WATER_DAYS = 30
const WARMTH_DAYS = 30
// Wet nights of the last two weeks still matter: spots come 5 to 14 days after an infection.
const PERIOD_DAYS = 14

export function sprayOf({ now, hours, windows, why }: SprayField, nowMs: number): OutlookSpray {
  const reasons: OutlookReason[] = []
  // That rain to come was not known is no news of an hour that is over.
  const placesOf = (hour: SprayHour): number[] =>
    (hour === now || hour.isForecast ? hour.reasons : hour.reasons.filter(({ weight }) => weight !== 'note'))
      .slice(0, B.reasonsAnHour)
      .flatMap(({ code, weight, limit, unit }) => {
        const reason = { code, weight, limitTenths: tenths(limit), unit }
        const at = reasons.findIndex(
          (each) => each.code === code && each.weight === weight && each.limitTenths === reason.limitTenths,
        )
        if (at >= 0) return at
        return reasons.length < B.reasons ? reasons.push(reason) - 1 : []
      })
  const figures = (hour: SprayHour) => ({
    verdict: SPRAY_VERDICTS.indexOf(hour.verdict),
    deltaTTenthsC: tenths(hour.deltaTC),
    windKmh: whole(hour.windKmh),
    rainTenthsMm: tenths(hour.rainMm),
    reasons: placesOf(hour),
  })
  const fromMs = hours[0]?.t ?? Math.floor(nowMs / HOUR_MS) * HOUR_MS
  const rowOf = (hour: SprayHour): OutlookHour => {
    const { verdict, deltaTTenthsC, windKmh, rainTenthsMm, reasons: places } = figures(hour)
    return [
      Math.round((hour.t - fromMs) / HOUR_MS),
      ...([verdict, deltaTTenthsC, windKmh, rainTenthsMm, places] as const),
    ]
  }
  return {
    now: now && { t: Math.round(now.t), ...figures(now) },
    fromMs: Math.round(fromMs),
    past: hours
      .filter(({ isForecast }) => !isForecast)
      .slice(-B.hours)
      .map(rowOf),
    ahead: hours
      .filter(({ isForecast }) => isForecast)
      .slice(0, B.hours)
      .map(rowOf),
    windows: windows
      .slice(0, B.windows)
      .map((each) => [each.fromMs, each.toMs, SPRAY_VERDICTS.indexOf(each.verdict)] as const),
    reasons,
    why: whyOf(why),
  }
}

export function waterOf({ days, need, method, why }: WaterField, today: string): OutlookWater {
  const past = days.filter(({ isForecast }) => !isForecast).slice(-WATER_DAYS)
  const from = past[0]?.date ?? days[0]?.date ?? today
  const rowOf = (day: WaterPoint): OutlookWaterDay => [
    daysFrom(from, day.date),
    ...([tenths(day.drMm), tenths(day.rawMm), tenths(day.tawMm)] as const),
    ...([tenths(day.et0Mm), tenths(day.etcMm), tenths(day.rainMm)] as const),
    ...([tenths(day.irrigationMm) ?? 0, WATER_TRUSTS.indexOf(day.trust)] as const),
  ]
  return {
    from,
    past: past.map(rowOf),
    ahead: days
      .filter(({ isForecast }) => isForecast)
      .slice(0, B.aheadDays)
      .map(rowOf),
    need: need && {
      dueInDays: whole(need.dueInDays),
      netTenthsMm: tenths(need.netMm),
      grossTenthsMm: tenths(need.grossMm),
      litresPerPlantTenths: tenths(need.litresPerPlant),
      reasons: words(need.reasons),
    },
    method,
    why: whyOf(why),
  }
}

export function riskOf(risk: RiskField, { today, utcOffsetH }: FieldAnswer): OutlookRisk {
  const past = risk.past.slice(-B.pastDays)
  const from = past[0]?.date ?? risk.ahead[0]?.date ?? today
  const midnightMs = Date.parse(`${from}T00:00:00Z`) - utcOffsetH * HOUR_MS
  const hourOf = (ms: number) => Math.round((ms - midnightMs) / HOUR_MS)
  const rowOf = (point: RiskPoint, withPeriods: boolean): OutlookRiskDay => [
    daysFrom(from, point.date),
    times(1000)(point.risk),
    RISK_LEVELS.indexOf(point.level),
    RISK_QUALITIES.indexOf(point.quality),
    (withPeriods ? point.periods : [])
      .toSorted((a, b) => b.ratio - a.ratio)
      .slice(0, B.periodsADay)
      .toSorted((a, b) => a.startMs - b.startMs)
      .map((period) => [
        ...([hourOf(period.startMs), hourOf(period.endMs), Math.round(period.wetHours)] as const),
        ...([tenths(period.meanTempC), tenths(period.neededH)] as const),
        ...([Math.round(period.ratio * 100), period.isAtLeast ? 1 : 0] as const),
      ]),
  ]
  return {
    ...{ pathogen: risk.pathogen, species: risk.species, disease: risk.disease, from },
    past: past.map((point, at) => rowOf(point, at >= past.length - PERIOD_DAYS)),
    ahead: risk.ahead.slice(0, B.aheadDays).map((point) => rowOf(point, true)),
    why: whyOf(risk.why),
  }
}

export function warmthOf(warmth: WarmthField, today: string): OutlookWarmth {
  const days = warmth.days.slice(-WARMTH_DAYS)
  const firstDay = days[0]?.date ?? today
  return {
    ...{
      from: warmth.from,
      firstDay,
      lowerTenthsC: tenths(warmth.lowerC),
      upperTenthsC: tenths(warmth.upperC),
    },
    days: days.map(
      ({ date, degreeDays, sum }) =>
        [daysFrom(firstDay, date), tenths(degreeDays), tenths(sum) ?? 0] as const,
    ),
    sumTenths: tenths(warmth.sum),
    targetTenths: tenths(warmth.target),
    expectedOn: warmth.expectedOn,
    guessedDays: warmth.guessedDays,
    why: whyOf(warmth.why),
  }
}
