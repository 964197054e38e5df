import {
  type OutlookEntry,
  type OutlookHour,
  type OutlookLighting,
  type OutlookRisk,
  type OutlookRiskDay,
  type OutlookSpray,
  type OutlookWater,
  type OutlookWaterDay,
  RISK_LEVELS,
  RISK_QUALITIES,
  SPRAY_VERDICTS,
  WATER_TRUSTS,
} from '#contract/wire/outlook.ts'
import type { OpenOutlook, Risk, RiskDay, SprayHour, WaterDay } from './plot-outlook-answer.ts'

/** From the rows of an entry to what a screen reads: figures in their units, days as dates, places in lists as words. */

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function openOutlook(entry: OutlookEntry): OpenOutlook {
  const { today, utcOffsetH, everyS, forecast, warmth, water, harvest } = entry
  const { need } = water
  return {
    ...{ today, utcOffsetH, everyS, forecast, harvest },
    spray: sprayOf(entry.spray),
    water: {
      days: [...water.past.map(waterDay(water, false)), ...water.ahead.map(waterDay(water, true))],
      need: need && {
        ...{ dueInDays: need.dueInDays, netMm: tenth(need.netTenthsMm), grossMm: tenth(need.grossTenthsMm) },
        ...{ litresPerPlant: tenth(need.litresPerPlantTenths), reasons: need.reasons },
      },
      ...{ method: water.method, why: water.why },
    },
    risks: entry.risks.map((risk) => riskOf(risk, utcOffsetH)),
    warmth: {
      ...{
        from: warmth.from,
        expectedOn: warmth.expectedOn,
        guessedDays: warmth.guessedDays,
        why: warmth.why,
      },
      ...{ lowerC: tenth(warmth.lowerTenthsC), upperC: tenth(warmth.upperTenthsC) },
      ...{ sum: tenth(warmth.sumTenths), target: tenth(warmth.targetTenths) },
      days: warmth.days.map(([day, degreeDays, sum]) => ({
        ...{ date: dateAfter(warmth.firstDay, day), degreeDays: tenth(degreeDays), sum: sum / 10 },
      })),
    },
    lighting: lightingOf(entry.lighting),
    advice: entry.advice.map((card) => ({
      ...card,
      evidence: card.evidence.map(([what, value, unit, at, series, model, untilMs]) => ({
        ...{ what, value, unit, at, untilMs, model },
        series: series === null ? null : (entry.series[series] ?? null),
      })),
    })),
  }
}

const tenth = (value: number | null): number | null => (value === null ? null : value / 10)

function dateAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

function sprayOf({ now, fromMs, past, ahead, windows, reasons, why }: OutlookSpray): OpenOutlook['spray'] {
  const reasonsAt = (places: readonly number[]): SprayHour['reasons'] =>
    places.flatMap((place) => {
      const reason = reasons[place]
      if (!reason) return []
      return [
        { code: reason.code, weight: reason.weight, limit: tenth(reason.limitTenths), unit: reason.unit },
      ]
    })
  const hourOf =
    (isForecast: boolean) =>
    ([hour, verdict, deltaT, windKmh, rain, places]: OutlookHour): SprayHour => ({
      t: fromMs + hour * HOUR_MS,
      verdict: SPRAY_VERDICTS[verdict] ?? 'unknown',
      ...{ deltaTC: tenth(deltaT), windKmh, rainMm: tenth(rain), reasons: reasonsAt(places), isForecast },
    })
  return {
    now: now && {
      ...{ t: now.t, verdict: SPRAY_VERDICTS[now.verdict] ?? 'unknown', deltaTC: tenth(now.deltaTTenthsC) },
      ...{ windKmh: now.windKmh, rainMm: tenth(now.rainTenthsMm), reasons: reasonsAt(now.reasons) },
      isForecast: false,
    },
    hours: [...past.map(hourOf(false)), ...ahead.map(hourOf(true))],
    windows: windows.map(([from, to, verdict]) => ({
      ...{ fromMs: from, toMs: to, verdict: SPRAY_VERDICTS[verdict] ?? 'unknown' },
    })),
    why,
  }
}

const waterDay =
  ({ from }: OutlookWater, isForecast: boolean) =>
  ([day, depletion, raw, taw, et0, etc, rain, irrigation, trust]: OutlookWaterDay): WaterDay => ({
    date: dateAfter(from, day),
    ...{ depletionMm: tenth(depletion), rawMm: tenth(raw), tawMm: tenth(taw), et0Mm: tenth(et0) },
    ...{ etcMm: tenth(etc), rainMm: tenth(rain), irrigationMm: irrigation / 10, isForecast },
    trust: WATER_TRUSTS[trust] ?? 'unknown',
  })

function riskOf(
  { pathogen, species, disease, from, past, ahead, why }: OutlookRisk,
  utcOffsetH: number,
): Risk {
  const midnightMs = Date.parse(`${from}T00:00:00Z`) - utcOffsetH * HOUR_MS
  const dayOf =
    (isForecast: boolean) =>
    ([day, risk, level, quality, periods]: OutlookRiskDay): RiskDay => ({
      date: dateAfter(from, day),
      risk: risk === null ? null : risk / 1000,
      ...{ level: RISK_LEVELS[level] ?? 'unknown', quality: RISK_QUALITIES[quality] ?? 'gap', isForecast },
      periods: periods.map(([fromH, toH, wetH, mean, needed, ratio, isAtLeast]) => ({
        ...{ fromMs: midnightMs + fromH * HOUR_MS, toMs: midnightMs + toH * HOUR_MS, wetH },
        ...{ meanTempC: tenth(mean), neededH: tenth(needed), ratio: ratio / 100, isAtLeast: isAtLeast === 1 },
      })),
    })
  return {
    ...{ pathogen, species, disease, why },
    past: past.map(dayOf(false)),
    ahead: ahead.map(dayOf(true)),
  }
}

function lightingOf({ plan, dayLengthTenthsH, why }: OutlookLighting): OpenOutlook['lighting'] {
  return {
    plan: plan && {
      ...{
        start: plan.start,
        isBegun: plan.isBegun,
        hoursANight: plan.hoursANight,
        kwh: plan.kwhTenths / 10,
      },
      ...{ vnd: plan.vnd, neededNights: plan.neededNights, warnings: plan.warnings },
      ...{ bud: plan.bud, anthesis: plan.anthesis, harvest: plan.harvest },
      nights: plan.nights.map(([night, kwhTenths, vnd]) => ({
        ...{ date: dateAfter(plan.start, night), kwh: kwhTenths / 10, vnd },
      })),
    },
    ...{ dayLengthH: tenth(dayLengthTenthsH), why },
  }
}
