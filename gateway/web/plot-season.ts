import { type Html, html } from '#contract/ground/html.ts'
import { roundTicks } from '#contract/ground/round-ticks.ts'
import type { PlotOutlook } from '../insight/plot-outlook.ts'
import type { LightingPlan } from '../insight/plot-outlook-answer.ts'
import { dayChart, dayLine, scaleOf } from './plot-day-chart.ts'
import { sayOutlook } from './plot-outlook-messages.ts'
import {
  cell,
  dataTable,
  datesText,
  dayRow,
  dayText,
  figure,
  indexMark,
  lacking,
  type PlotView,
  whyNote,
  worded,
} from './plot-parts.ts'
import { numberText } from './words.ts'

/** What the season has brought and when fruit may come of it: degree days, lights, harvest. */

export function warmthSection(view: PlotView, { warmth }: PlotOutlook): Html {
  const { language } = view
  const { from, sum, target, lowerC, days } = warmth
  const unit = language === 'vi' ? '°C·ngày' : '°C·d'
  const share = sum === null || target === null || target <= 0 ? null : Math.round((sum / target) * 100)
  const reached =
    share !== null &&
    sayOutlook(language, 'warmth-target', { share, target: figure(language, target, unit, 0) })
  return html`<section aria-labelledby="warmth"><h2 id="warmth">${sayOutlook(language, 'warmth-title')}</h2><figure class="card chart">
${
  sum === null || from === null
    ? html`<p class="summary">${sayOutlook(language, 'warmth-none')}</p>`
    : html`<p class="summary">${sayOutlook(language, 'warmth-now', { from: dayText(language, from), sum: figure(language, sum, unit, 0) })} <strong>${reached}</strong> ${warmth.expectedOn !== null && sayOutlook(language, 'warmth-on', { date: dayText(language, warmth.expectedOn) })} ${warmth.guessedDays > 0 && sayOutlook(language, 'warmth-guessed', { days: warmth.guessedDays })} ${lowerC !== null && sayOutlook(language, 'warmth-limits', { lower: figure(language, lowerC, '°C') })}</p>
${share !== null && html`<progress max="100" value="${Math.max(0, Math.min(100, share))}" aria-label="${reached}">${share} %</progress>`}`
}${lacking(language, warmth.why)}
${days.length > 0 && sum !== null && warmthChart(view, warmth)}${
  days.length > 0 &&
  dataTable(
    language,
    sayOutlook(language, 'warmth-title'),
    [
      sayOutlook(language, 'date'),
      `${sayOutlook(language, 'day')} (${unit})`,
      `${sayOutlook(language, 'sum')} (${unit})`,
    ],
    days
      .toReversed()
      .map((day) =>
        dayRow(language, day.date, false, [cell(language, day.degreeDays), cell(language, day.sum, 0)]),
      ),
  )
}${whyNote(view, warmth.why)}</figure></section>`
}

function warmthChart({ language }: PlotView, { days, target }: PlotOutlook['warmth']): Html {
  const dates = days.map(({ date }) => date)
  const ticks = roundTicks(0, Math.max(1, target ?? 0, days.at(-1)?.sum ?? 0))
  const scale = scaleOf({ dates, ticks })
  return dayChart(
    {
      ...{ language, id: 'hatch-warmth', dates, past: dates.length, ticks, unit: '' },
      name: sayOutlook(language, 'warmth-chart'),
      keys: [
        ['line', sayOutlook(language, 'key-sum')],
        ...(target === null ? [] : [['raw-key', sayOutlook(language, 'key-target')] as const]),
      ],
    },
    html`${
      target !== null &&
      dayLine(
        scale,
        'raw',
        dates.map(() => target),
      )
    }${dayLine(
      scale,
      'mean',
      days.map(({ sum }) => sum),
    )}`,
  )
}

/** False for a plot whose lights nobody would plan. */
export function lightingSection(view: PlotView, { lighting, crop }: PlotOutlook): Html | false {
  const { language } = view
  const { plan, dayLengthH, why } = lighting
  if (plan === null && crop !== 'dragon-fruit') return false
  return html`<section aria-labelledby="lights"><h2 id="lights">${sayOutlook(language, 'lights-title')} ${indexMark(language, why)}</h2><div class="card">
${plan ? planFacts(view, plan) : html`<p>${sayOutlook(language, 'lights-none')}</p>`}${lacking(language, why)}
${dayLengthH !== null && html`<p class="quiet">${sayOutlook(language, 'day-length', { hours: figure(language, dayLengthH) })}</p>`}
${whyNote(view, why)}</div></section>`
}

function planFacts({ language }: PlotView, plan: LightingPlan): Html {
  const money = language === 'vi' ? 'đồng' : 'VND'
  const facts = [
    ['lights-energy', figure(language, plan.kwh, 'kWh', 0)],
    ['lights-cost', figure(language, plan.vnd, money, 0)],
    ['lights-needed', sayOutlook(language, 'lights-nights', { count: plan.neededNights })],
    ['bud', datesText(language, plan.bud)],
    ['anthesis', datesText(language, plan.anthesis)],
    ['ripe', datesText(language, plan.harvest)],
  ] as const
  const hours = numberText(language, plan.hoursANight, Number.isInteger(plan.hoursANight) ? 0 : 1)
  return html`<p class="summary"><strong>${sayOutlook(language, plan.isBegun ? 'lights-begun' : 'lights-from-tonight', { start: dayText(language, plan.start), nights: plan.nights.length, hours })}</strong></p>
${plan.warnings.map((each) => html`<p class="notice bad">${worded(language, `warn-${each}`, each)}</p>`)}
<dl class="facts">${facts.map(([key, value]) => html`<div><dt>${sayOutlook(language, key)}</dt><dd><strong>${value}</strong></dd></div>`)}</dl>
${dataTable(
  language,
  sayOutlook(language, 'lights-title'),
  [sayOutlook(language, 'night'), 'kWh', money],
  plan.nights.map(({ date, kwh, vnd }) =>
    dayRow(language, date, false, [cell(language, kwh), cell(language, vnd, 0)]),
  ),
)}`
}

export function harvestSection(view: PlotView, { harvest }: PlotOutlook): Html {
  const { language } = view
  const { ripe, stage, progressPct, pickable, why } = harvest
  return html`<section aria-labelledby="ripe"><h2 id="ripe">${sayOutlook(language, 'harvest-title')} ${indexMark(language, why)}</h2><div class="card">
<p class="summary"><strong>${ripe ? sayOutlook(language, 'harvest-ripe', { spread: datesText(language, ripe) }) : sayOutlook(language, 'harvest-no-date')}</strong> ${stage !== null && progressPct !== null && sayOutlook(language, 'harvest-stage', { stage: worded(language, `stage-${stage}`, stage), progress: numberText(language, progressPct, 0) })}</p>
<p>${pickingText(view, harvest)}</p>
${pickable.length > 0 && html`<h3>${sayOutlook(language, 'harvest-pickable')}</h3><ul>${pickable.map(([earliest, latest]) => html`<li>${datesText(language, { earliest, expected: null, latest })}</li>`)}</ul>`}${lacking(language, why)}${whyNote(view, why)}</div></section>`
}

/** An empty spray log allows nothing: it may be that nobody keeps it. */
function pickingText({ language }: PlotView, harvest: PlotOutlook['harvest']): string {
  const { why, isIntervalMissing, allowedFrom } = harvest
  if (why.notes.includes('no-spray-in-the-farm-book')) return sayOutlook(language, 'harvest-no-sprays')
  if (isIntervalMissing || allowedFrom === null) return sayOutlook(language, 'harvest-interval')
  return sayOutlook(language, 'harvest-allowed', { date: dayText(language, allowedFrom) })
}
