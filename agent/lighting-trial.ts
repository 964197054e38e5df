import { centredFromH, coversCore, lightingPlan, NATURAL_DAY_H, practiceMinC } from './crop/lighting-plan.ts'
import type { DateSpread, FieldAnswer } from './page/field-answer.ts'
import type { LightingTrial, LightingWish } from './page/lighting-trial.ts'

const MEAN_DAYS = 14

/** What other lights would give from tonight, by the plot's last two weeks; null without a plot or its latitude. */
export function lightingTrial(field: FieldAnswer, plotId: string, wish: LightingWish): LightingTrial | null {
  const plot = field.plots.find(({ plot }) => plot === plotId)
  if (plot?.crop !== 'dragon-fruit' || !field.site) return null
  const { lights } = plot.lighting
  // As long as the farm lights, it lights from when it does.
  const fromH =
    lights && lights.hours === wish.hours && coversCore(lights.fromHour, lights.hours)
      ? lights.fromHour
      : centredFromH(wish.hours)
  if (!coversCore(fromH, wish.hours)) return null
  const days = plot.weather
    .filter(({ date }) => date < field.today)
    .slice(-MEAN_DAYS)
    .flatMap(({ tminC, tmaxC }) => (tminC === null || tmaxC === null ? [] : [{ tminC, tmaxC }]))
  const mean = (value: (day: { tminC: number; tmaxC: number }) => number): number =>
    days.reduce((sum, day) => sum + value(day), 0) / days.length
  const minC = days.length === 0 ? practiceMinC(field.today) : mean(({ tminC }) => tminC)
  const plan = lightingPlan({
    ...{ start: field.today, bulbs: wish.bulbs, watts: wish.watts, fromH, hours: wish.hours },
    ...{ nights: wish.nights, latDeg: field.site.latDeg, minC, batchesBefore: lights?.batchesBefore ?? 0 },
    price: { kind: 'one', vndPerKwh: wish.vndPerKwh },
    meanC: days.length === 0 ? minC + 5 : mean(({ tminC, tmaxC }) => (tminC + tmaxC) / 2),
    naturalDayH: NATURAL_DAY_H,
  })
  return {
    start: field.today,
    nights: plan.nights.map(({ date, kwh, vnd }) => ({ date, kwh, vnd: Math.round(vnd) })),
    ...{ kwh: plan.kwh, vnd: Math.round(plan.vnd), neededNights: plan.neededNights },
    ...{ bud: datesOf(plan.bud), anthesis: datesOf(plan.anthesis), harvest: datesOf(plan.harvest) },
    warnings: plan.warnings,
  }
}

const datesOf = (spread: {
  earliest?: string | undefined
  expected?: string | undefined
  latest?: string | undefined
}): DateSpread => ({
  earliest: spread.earliest ?? null,
  expected: spread.expected ?? null,
  latest: spread.latest ?? null,
})
