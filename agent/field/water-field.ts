import { irrigationNeed } from '../crop/irrigation-need.ts'
import { balanceDay } from '../crop/plot-balance.ts'
import { type DayValues, dayValues, hourValues } from '../crop/plot-hours.ts'
import type { FieldInput, WaterField, WaterPoint } from '../page/field-answer.ts'
import { efficiencyOf } from './field-desk.ts'
import type { BookDay } from './plot-book.ts'
import type { PlotView } from './plot-view.ts'
import { HOUR_MS } from './series-hours.ts'
import { orNull, whyOf } from './why.ts'

/** The water in the root zone with the line at which to irrigate, and what to give. */

const CHART_DAYS = 120
// ETc of the days to come where no forecast says: the mean of so many days.
const MEAN_DAYS = 7
const NEEDS: readonly FieldInput[] = ['air-temperature', 'air-humidity', 'rain']

export function waterField(view: PlotView): WaterField {
  const { setup, book, todayNo } = view
  const { balance: plan, site } = book.plan
  const days = book.days().filter(({ no }) => no < todayNo)
  const yesterday = days.at(-1)
  const last = yesterday?.no === todayNo - 1 ? yesterday.balance : undefined
  const expected = daysAhead(view)
  const recentEtcMm = days
    .slice(-MEAN_DAYS)
    .flatMap(({ balance }) => (balance && balance.result.etcMm >= 0 ? balance.result.etcMm : []))
  const meanEtcMm =
    recentEtcMm.length === 0 ? Number.NaN : recentEtcMm.reduce((sum, mm) => sum + mm, 0) / recentEtcMm.length
  const etcMm = expected.map(({ date, et0Mm }) =>
    plan && !Number.isNaN(et0Mm) ? plan.kcOn(date) * et0Mm : meanEtcMm,
  )
  const isKnown = last !== undefined && last.state.trust !== 'unknown'
  const need =
    plan && last
      ? irrigationNeed({
          drMm: isKnown ? last.state.drMm : undefined,
          ...{ rawMm: last.result.rawMm, tawMm: last.result.tawMm },
          // The mean stands for the days after the forecast's.
          etcMm: [...etcMm, meanEtcMm],
          ...(expected.length > 0 ? { rainMm: expected.map(({ rainMm }) => rainMm) } : {}),
          efficiency: efficiencyOf(setup),
          ...(setup.plantsPerHa === undefined ? {} : { plantsPerHa: setup.plantsPerHa }),
        })
      : undefined
  const past = days.slice(-CHART_DAYS).map(pointOf)
  return {
    days: [...past, ...(isKnown ? pointsAhead(view, expected, meanEtcMm) : [])],
    need: need
      ? {
          dueInDays: orNull(need.dueInDays),
          netMm: orNull(need.netMm),
          grossMm: orNull(need.grossMm),
          litresPerPlant: orNull(need.litresPerPlant),
          reasons: need.reasons,
        }
      : null,
    method: setup.irrigation?.method ?? null,
    why: whyOf('water-balance', {
      ...view,
      needs: NEEDS,
      missingSettings: [
        ...(site ? [] : ['farm.latitude', 'farm.longitude']),
        ...(setup.soil === undefined ? ['plots[].soil'] : []),
        ...(setup.irrigation === undefined ? ['plots[].irrigation'] : []),
        ...(setup.plantsPerHa === undefined ? ['plots[].plantsPerHa'] : []),
      ],
      notes: [
        ...(plan?.notes ?? []),
        ...(yesterday?.values.et0Notes ?? []),
        ...(last ? [`balance-${last.state.trust}`] : ['balance-not-begun']),
        ...(expected.length === 0 ? ['no-forecast'] : []),
      ],
    }),
  }
}

const pointOf = ({ values, balance }: BookDay): WaterPoint => {
  const isKnown = balance !== undefined && balance.state.trust !== 'unknown'
  return {
    date: values.date,
    drMm: isKnown ? orNull(balance.state.drMm) : null,
    rawMm: orNull(balance?.result.rawMm),
    tawMm: orNull(balance?.result.tawMm),
    et0Mm: orNull(values.et0Mm),
    etcMm: orNull(balance?.result.etcMm),
    rainMm: orNull(values.rainMm),
    irrigationMm: balance?.irrigationMm ?? 0,
    trust: balance?.state.trust ?? 'unknown',
    isForecast: false,
  }
}

/** Today, with what was measured of it, and the days that the forecast has whole. */
export function daysAhead(view: PlotView): DayValues[] {
  const { book, todayNo, ahead } = view
  const { site, elevM, thresholds } = book.plan
  if (ahead.length === 0) return []
  const today = book.day(todayNo)?.plotHours ?? []
  const running = view.desk.hourAt(view.setup.id, Math.floor(view.nowMs / HOUR_MS))
  const hours = [...today, ...(running ? [running] : []), ...ahead]
  // The forecast's wind is that of 2 m already.
  const place = site && { ...site, windHeightM: 2 }
  const days: DayValues[] = []
  for (let no = todayNo; ; no++) {
    const [startMs, endMs] = [book.startOf(no), book.startOf(no + 1)]
    const own = hours.filter((hour) => hour.startMs >= startMs && hour.startMs < endMs)
    if (own.length < 24) break
    days.push(dayValues(book.dateOf(no), own, hourValues(own, [], place, elevM), place, thresholds))
  }
  return days
}

function pointsAhead(view: PlotView, expected: readonly DayValues[], meanEtcMm: number): WaterPoint[] {
  const { book, todayNo, setup } = view
  const { balance: plan } = book.plan
  let before = book.day(todayNo - 1)?.balance
  if (!plan || !before) return []
  const points: WaterPoint[] = []
  for (const { date, et0Mm, rainMm } of expected) {
    // An evening without ET0 counts as the days before; rain that nobody forecasts, as none.
    const stand = Number.isNaN(et0Mm) ? meanEtcMm / plan.kcOn(date) : et0Mm
    const irrigationMm = view.desk.diary.irrigationMm(setup.id, date)
    const input = { date, et0Mm: stand, rainMm: rainMm || 0, irrigationMm, theta: Number.NaN }
    const day = balanceDay(plan, before.state, input)
    before = day
    points.push({
      date,
      drMm: orNull(day.state.drMm),
      rawMm: orNull(day.result.rawMm),
      tawMm: orNull(day.result.tawMm),
      et0Mm: orNull(et0Mm),
      etcMm: orNull(day.result.etcMm),
      rainMm: orNull(rainMm),
      irrigationMm,
      trust: day.state.trust,
      isForecast: true,
    })
  }
  return points
}
