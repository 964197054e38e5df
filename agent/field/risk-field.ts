import type { RiskDay } from '../crop/disease/disease-risk.ts'
import type { WeatherHour } from '../crop/disease/infection-hours.ts'
import type { Pathogen } from '../crop/disease/pathogens.ts'
import { wetnessOf } from '../crop/plot-hours.ts'
import { LONGEST_LOOK_BACK_H, riskOfDays } from '../crop/risk-days.ts'
import type { FieldInput, RiskField, RiskPoint } from '../page/field-answer.ts'
import type { PlotView } from './plot-view.ts'
import { HOUR_MS } from './series-hours.ts'
import { orNull, whyOf } from './why.ts'

/** The risk of infection by each disease that the crop may get, day by day, with the wet periods behind it. */

const CHART_DAYS = 35
const AHEAD_DAYS = 5
const NEEDS: readonly FieldInput[] = ['air-temperature', 'air-humidity']

export const risksField = (view: PlotView): RiskField[] =>
  view.book.plan.pathogens.map((pathogen) => riskField(view, pathogen))

function riskField(view: PlotView, pathogen: Pathogen): RiskField {
  const { book, sources, todayNo } = view
  const days = book.days().filter(({ no }) => no > todayNo - CHART_DAYS)
  return {
    pathogen: pathogen.name,
    species: pathogen.species,
    disease: pathogen.disease,
    past: days.flatMap(({ risks }) => {
      const day = risks.get(pathogen.name)
      return day ? pointOf(day, false) : []
    }),
    ahead: ahead(view, pathogen),
    why: whyOf('magarey', {
      ...view,
      needs: NEEDS,
      notes: [
        ...(sources.has('leaf-wetness') ? [] : ['wetness-from-humidity']),
        ...(sources.has('rain') ? [] : ['rain-unknown']),
        ...(pathogen.status === 'prior' ? ['needs-are-a-guess'] : []),
      ],
      isIndex: true,
    }),
  }
}

/** From today on, today's hours as measured and the rest of it as forecast. */
function ahead(
  { book, todayNo, nowMs, desk, setup, ahead: hours }: PlotView,
  pathogen: Pathogen,
): RiskPoint[] {
  if (hours.length === 0) return []
  const { utcOffsetH } = book.plan
  const measured = book.weatherSince(todayNo - LONGEST_LOOK_BACK_H / 24)
  const startMs = book.startOf(todayNo)
  const running = desk.hourAt(setup.id, Math.floor(nowMs / HOUR_MS))
  const expected = [...(running ? [running] : []), ...hours].map(
    (hour): WeatherHour => ({ timeMs: hour.startMs, tempC: hour.tempC, wetH: wetnessOf(hour) }),
  )
  const before = measured.filter(({ timeMs }) => timeMs < startMs)
  const today = measured.filter(({ timeMs }) => timeMs >= startMs)
  const forecastFromMs = hours[0]?.startMs ?? nowMs
  const risk = riskOfDays(before, [...today, ...expected], pathogen, { utcOffsetH, forecastFromMs })
  return risk.days.slice(0, AHEAD_DAYS).map((day) => pointOf(day, true))
}

const pointOf = ({ date, risk, level, quality, periods }: RiskDay, isForecast: boolean): RiskPoint => ({
  date,
  risk: orNull(risk),
  ...{ level, quality, isForecast },
  periods: periods.map((period) => ({
    ...{ startMs: period.startMs, endMs: period.endMs, isAtLeast: period.isAtLeast },
    wetHours: period.wetHours,
    meanTempC: orNull(period.meanTempC),
    neededH: orNull(period.neededH),
    ratio: orNull(period.ratio) ?? 0,
  })),
})
