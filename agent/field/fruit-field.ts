import { addDays, dayOfYear } from '../crop/calendar.ts'
import type { DailyTemps } from '../crop/daily-temps.ts'
import { dragonFruitPhenology, type Seen, type Spread } from '../crop/dragon-fruit-phenology.ts'
import { earliestHarvest, ripeAfter, ripeHarvest } from '../crop/harvest-window.ts'
import { coversCore, lightingPlan, NATURAL_DAY_H, practiceMinC } from '../crop/lighting-plan.ts'
import { dayLengthH } from '../crop/sun.ts'
import type {
  DateSpread,
  HarvestField,
  LightingField,
  WarmthField,
  WarmthPoint,
} from '../page/field-answer.ts'
import type { PlotView } from './plot-view.ts'
import { orNull, whyOf } from './why.ts'

/** What the warmth has done so far and when fruit may come of it: degree days, lights, harvest. */

const MEAN_DAYS = 14

export function warmthField(view: PlotView): WarmthField {
  const { setup, book, todayNo } = view
  const { thresholds } = book.plan
  const { degreeDays } = setup
  const from = degreeDays.from ?? setup.bloomOn ?? setup.plantedOn ?? null
  const target = degreeDays.target ?? null
  const why = whyOf('degree-days', {
    ...view,
    needs: ['air-temperature'],
    missingSettings: [
      ...(thresholds ? [] : ['plots[].degreeDays.lowerC']),
      ...(from === null ? ['plots[].degreeDays.from'] : []),
      ...(target === null ? ['plots[].degreeDays.target'] : []),
    ],
  })
  const limits = {
    lowerC: thresholds?.lowerC ?? null,
    upperC: orNull(thresholds?.upperC),
  }
  const nothing = { ...limits, from, target, days: [], sum: null, expectedOn: null, guessedDays: 0, why }
  if (!thresholds || from === null) return nothing
  const days = book.days().filter(({ no, values }) => no < todayNo && values.date >= from)
  const known = days.flatMap(({ values }) => (Number.isNaN(values.degreeDays) ? [] : values.degreeDays))
  if (known.length === 0) return nothing
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  const first = days[0]?.values.date ?? from
  // Days before the box was there count as the others, and are told of.
  let sum = Math.max(0, daysFrom(from, first)) * mean
  const points: WarmthPoint[] = days.map(({ values }) => {
    sum += Number.isNaN(values.degreeDays) ? mean : values.degreeDays
    return { date: values.date, degreeDays: orNull(values.degreeDays), sum: orNull(sum) ?? 0 }
  })
  const recent = known.slice(-MEAN_DAYS)
  const pace = recent.reduce((total, value) => total + value, 0) / recent.length
  const left = target === null ? Number.NaN : target - sum
  const daysLeft = Math.ceil(left / pace)
  return {
    ...limits,
    ...{ from, target, days: points, sum: orNull(sum) },
    expectedOn: daysLeft > 0 && daysLeft < 1000 ? addDays(view.today, daysLeft - 1) : null,
    guessedDays: Math.max(0, daysFrom(from, first)) + days.length - known.length,
    why: { ...why, notes: first > from ? ['days-before-the-box'] : [] },
  }
}

const daysFrom = (earlier: string, later: string): number =>
  Math.round((Date.parse(`${later}T00:00:00Z`) - Date.parse(`${earlier}T00:00:00Z`)) / 86_400_000)

export function lightingField(view: PlotView): LightingField {
  const { setup, today, book } = view
  const { site } = book.plan
  const isDragonFruit = setup.crop === 'dragon-fruit'
  const { lighting } = setup
  const temps = recentTemps(view)
  const start = setup.lightsOn !== undefined && setup.lightsOn >= addDays(today, -60) ? setup.lightsOn : today
  const isCoreCovered = lighting !== undefined && coversCore(lighting.fromHour, lighting.hours)
  const why = whyOf('lighting-plan', {
    ...view,
    needs: ['air-temperature'],
    missingSettings: [
      ...(site ? [] : ['farm.latitude']),
      ...(isDragonFruit && !lighting ? ['plots[].lighting'] : []),
    ],
    notes: [
      ...(isDragonFruit ? [] : ['not-this-crop']),
      ...(temps ? [] : ['temperature-from-practice']),
      ...(lighting && !isCoreCovered ? ['core-of-night-not-lit'] : []),
    ],
  })
  const lights = isDragonFruit && lighting ? lighting : null
  const dayLength = site ? orNull(dayLengthH(site.latDeg, dayOfYear(today))) : null
  if (!isDragonFruit || !lighting || !site || !isCoreCovered)
    return { plan: null, lights, dayLengthH: dayLength, why }
  const minC = temps?.minC ?? practiceMinC(start)
  const plan = lightingPlan({
    ...{ start, bulbs: lighting.bulbs, watts: lighting.watts, fromH: lighting.fromHour },
    ...{ hours: lighting.hours, batchesBefore: lighting.batchesBefore, latDeg: site.latDeg },
    price: { kind: 'one', vndPerKwh: lighting.vndPerKwh },
    minC,
    meanC: temps?.meanC ?? minC + 5,
    naturalDayH: NATURAL_DAY_H,
  })
  return {
    plan: {
      start,
      isBegun: start === setup.lightsOn,
      nights: plan.nights.map(({ date, kwh, vnd, dayLengthH: lengthH }) => ({
        ...{ date, kwh: orNull(kwh) ?? 0, vnd: Math.round(vnd) },
        dayLengthH: orNull(lengthH) ?? 0,
      })),
      hoursANight: lighting.hours,
      ...{ kwh: orNull(plan.kwh) ?? 0, vnd: Math.round(plan.vnd), neededNights: plan.neededNights },
      ...{ bud: datesOf(plan.bud), anthesis: datesOf(plan.anthesis), harvest: datesOf(plan.harvest) },
      warnings: plan.warnings,
    },
    ...{ lights, dayLengthH: dayLength, why },
  }
}

export function harvestField(view: PlotView): HarvestField {
  const { setup, today, desk } = view
  const seen: Seen = { lightsOn: setup.lightsOn, bud: setup.budOn, anthesis: setup.bloomOn }
  const hasDate = seen.lightsOn !== undefined || seen.bud !== undefined || seen.anthesis !== undefined
  const isDragonFruit = setup.crop === 'dragon-fruit'
  const temps = dailyTemps(view)
  const phenology = isDragonFruit && hasDate && temps ? dragonFruitPhenology(temps, seen) : undefined
  const table = isDragonFruit && !phenology && seen.anthesis ? ripeAfter(seen.anthesis) : undefined
  const ripe: DateSpread | null = phenology
    ? datesOf(phenology.harvest)
    : table
      ? { earliest: table.from, expected: null, latest: table.to }
      : null
  const sprays = desk.diary.sprays(setup.id)
  const earliest = earliestHarvest(sprays, today)
  const stage = phenology?.days.find(({ date }) => date === today) ?? phenology?.days.at(-1)
  return {
    stage: stage?.stage ?? null,
    progressPct: orNull(stage?.progressPct),
    ripe,
    allowedFrom: earliest.date ?? null,
    isIntervalMissing: earliest.date === undefined,
    pickable:
      sprays.length > 0 && ripe?.earliest && ripe.latest
        ? [...ripeHarvest(sprays, { from: ripe.earliest, to: ripe.latest }).pickable]
        : [],
    why: whyOf(isDragonFruit ? 'dragon-fruit-phenology' : 'harvest-window', {
      ...view,
      needs: isDragonFruit ? ['air-temperature'] : [],
      missingSettings: isDragonFruit && !hasDate ? ['plots[].bloomOn'] : [],
      notes: [
        ...(isDragonFruit ? [] : ['no-ripening-model']),
        ...(table ? ['ripe-from-anthesis'] : []),
        ...(phenology?.restsOnMeans ? ['forecast-from-14-day-mean'] : []),
        ...(sprays.length === 0 ? ['no-spray-in-the-farm-book'] : []),
      ],
    }),
  }
}

const datesOf = ({ earliest, expected, latest }: Spread): DateSpread => ({
  earliest: earliest ?? null,
  expected: expected ?? null,
  latest: latest ?? null,
})

/** Undefined while no whole day was measured. */
function dailyTemps({ book, todayNo }: PlotView): DailyTemps | undefined {
  const days = book.days().filter(({ no }) => no < todayNo)
  const first = days[0]
  if (!first || !days.some(({ values }) => !Number.isNaN(values.tmeanC))) return undefined
  return {
    firstDate: first.values.date,
    meanC: Float64Array.from(days, ({ values }) => values.tmeanC),
    minC: Float64Array.from(days, ({ values }) => values.tminC),
  }
}

function recentTemps({ book, todayNo }: PlotView): { meanC: number; minC: number } | undefined {
  const days = book
    .days()
    .filter(({ no, values }) => no < todayNo && no >= todayNo - MEAN_DAYS && !Number.isNaN(values.tmeanC))
  if (days.length === 0) return undefined
  const mean = (key: 'tmeanC' | 'tminC') =>
    days.reduce((sum, { values }) => sum + values[key], 0) / days.length
  return { meanC: mean('tmeanC'), minC: mean('tminC') }
}
