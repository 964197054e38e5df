import { type Html, html } from '#contract/ground/html.ts'
import type { PlotOutlook } from '../insight/plot-outlook.ts'
import type { Risk, RiskDay } from '../insight/plot-outlook-answer.ts'
import { theirs } from './app-frame.ts'
import { CHART_HEIGHT, dayBar, dayChart, scaleOf } from './plot-day-chart.ts'
import { type OutlookKey, sayOutlook } from './plot-outlook-messages.ts'
import {
  dataTable,
  dayRow,
  dayText,
  figure,
  indexMark,
  lacking,
  type PlotView,
  whyNote,
} from './plot-parts.ts'
import { clockText, numberText, shortMomentText } from './words.ts'

const TICKS = [0, 0.5, 1]

/** The risk of each disease, day by day, past and forecast apart, with the wet periods that drove it. */
export function riskSection(view: PlotView, { risks, forecast }: PlotOutlook): Html {
  const { language } = view
  return html`<section aria-labelledby="risk"><h2 id="risk">${sayOutlook(language, 'risk-title')}</h2>${
    risks.length === 0
      ? html`<p class="notice">${sayOutlook(language, 'risk-none')}</p>`
      : risks.map((risk, at) => disease(view, risk, `hatch-risk-${at}`, forecast.state === 'fresh'))
  }</section>`
}

function disease(view: PlotView, risk: Risk, id: string, hasForecast: boolean): Html {
  const { language } = view
  const name = risk.disease[language]
  const days = [...risk.past, ...risk.ahead]
  const isKnown = days.some((day) => day.risk !== null)
  return html`<figure class="card chart"><h3>${theirs(name)} <i lang="la">${risk.species}</i> ${indexMark(language, risk.why)}</h3>
<p class="summary">${said(
    view,
    'risk-last',
    risk.past.findLast((day) => day.risk !== null),
  )} ${said(view, 'risk-worst', worst(risk.past))} <strong>${said(view, 'risk-ahead', worst(risk.ahead))}</strong> ${!isKnown && sayOutlook(language, 'risk-unknown')} ${!hasForecast && sayOutlook(language, 'risk-no-forecast')}</p>${lacking(language, risk.why)}
${isKnown && chart(view, risk, id)}${isKnown && table(view, name, days)}${whyNote(view, risk.why)}</figure>`
}

/** The highest, and of equals the latest: it is the one that spots may still come of. */
const worst = (days: readonly RiskDay[]): RiskDay | undefined =>
  days.reduce<RiskDay | undefined>(
    (found, day) => (day.risk !== null && day.risk >= (found?.risk ?? 0) ? day : found),
    undefined,
  )

function said({ language }: PlotView, key: OutlookKey, day: RiskDay | undefined): string | false {
  if (!day) return false
  return sayOutlook(language, key, {
    date: dayText(language, day.date),
    risk: figure(language, day.risk, '', 2),
    level: sayOutlook(language, `level-${day.level}`),
  })
}

function chart({ language }: PlotView, { disease: names, past, ahead }: Risk, id: string): Html {
  const days = [...past, ...ahead]
  const dates = days.map(({ date }) => date)
  const scale = scaleOf({ dates, ticks: TICKS })
  const levels = [...new Set(days.flatMap(({ risk, level }) => (risk === null ? [] : [level])))]
  const hasGap = days.some(({ risk }) => risk === null)
  return dayChart(
    {
      ...{ language, id, dates, past: past.length, ticks: TICKS, unit: '' },
      name: sayOutlook(language, 'risk-chart', { disease: names[language] }),
      keys: [
        ...(['low', 'moderate', 'high'] as const)
          .filter((level) => levels.includes(level))
          .map((level) => [`fill risk-${level}`, sayOutlook(language, `level-${level}`)] as const),
        ...(ahead.length > 0 ? [['fill ahead', sayOutlook(language, 'key-ahead')] as const] : []),
        ...(hasGap ? [['gap', sayOutlook(language, 'key-gap')] as const] : []),
      ],
    },
    html`${days.map(({ risk, level, isForecast }, day) =>
      risk === null
        ? html`<rect class="no-data" x="${scale.x(day) + scale.step * 0.2}" width="${scale.step * 0.6}" y="${CHART_HEIGHT - 24}" height="24"/>`
        : dayBar(scale, day, risk, `risk-bar risk-${level}`, isForecast ? id : null),
    )}`,
  )
}

function table({ language, timeZone }: PlotView, name: string, days: readonly RiskDay[]): Html {
  return dataTable(
    language,
    name,
    [
      sayOutlook(language, 'date'),
      sayOutlook(language, 'risk'),
      sayOutlook(language, 'level'),
      { words: sayOutlook(language, 'wet') },
    ],
    days
      .toReversed()
      .map((day) =>
        dayRow(language, day.date, day.isForecast, [
          figure(language, day.risk, '', 2),
          html`${sayOutlook(language, `level-${day.level}`)}${day.quality === 'partial' && html` <span class="mark calm">${sayOutlook(language, 'quality-partial')}</span>`}`,
          html`<div class="words">${day.periods.map((period) => html`${sayOutlook(language, period.isAtLeast ? 'period-at-least' : 'period', { from: shortMomentText(language, timeZone, period.fromMs), to: clockText(language, timeZone, period.toMs), wet: numberText(language, period.wetH, 0), temp: figure(language, period.meanTempC, '°C'), needed: figure(language, period.neededH) })}<br>`)}</div>`,
        ]),
      ),
  )
}
