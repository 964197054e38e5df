import { type Html, html } from '#contract/ground/html.ts'
import type { PlotOutlook } from '../insight/plot-outlook.ts'
import type { SprayHour } from '../insight/plot-outlook-answer.ts'
import { age } from './farms-page.ts'
import { sayOutlook } from './plot-outlook-messages.ts'
import { cell, dataTable, figure, lacking, type PlotView, shortDay, whyNote, worded } from './plot-parts.ts'
import { clockText, momentText, numberText, shortMomentText } from './words.ts'

const HOUR_MS = 3_600_000
// Wind and sun turn within the hour: what was said before it is history.
const NOW_MS = HOUR_MS

/** Whether the air is fit for spraying, by the hour: as it was, and by the forecast from the hour that runs. */
export function spraySection(view: PlotView, outlook: PlotOutlook): Html {
  const { language, nowMs, timeZone } = view
  const { spray, forecast } = outlook
  const { now, hours } = spray
  const isOver = now !== null && nowMs - now.t > NOW_MS
  const windows = spray.windows.filter(({ toMs }) => toMs > nowMs)
  return html`<section aria-labelledby="spray"><h2 id="spray">${sayOutlook(language, 'spray-title')}</h2><div class="card chart">
${
  now &&
  html`<p class="summary"><strong>${sayOutlook(language, isOver ? 'spray-now-over' : 'spray-now', { time: shortMomentText(language, timeZone, now.t), verdict: sayOutlook(language, `verdict-${now.verdict}`) })}</strong>
· delta\u2011T ${figure(language, now.deltaTC, '°C')} · ${sayOutlook(language, 'wind')} ${figure(language, now.windKmh, 'km/h', 0)} · ${age(language, now.t, nowMs)}${now.reasons.length > 0 && html`<br><span class="quiet">${sayOutlook(language, 'reasons')}: ${reasonsText(view, now)}</span>`}</p>`
}${lacking(language, spray.why)}
${windows.length > 0 && html`<h3 class="apart">${sayOutlook(language, 'spray-windows')}</h3><ul class="windows">${windows.map((window) => html`<li><span class="sign ${window.verdict}" aria-hidden="true">${SIGNS[window.verdict]}</span> ${spanText(view, window.fromMs, window.toMs)} · ${sayOutlook(language, `verdict-${window.verdict}`)}</li>`)}</ul>`}
${windows.length === 0 && html`<p>${sayOutlook(language, forecast.state === 'fresh' ? 'no-window' : 'windows-need-forecast')}</p>`}
${hours.length === 0 ? html`<p class="notice">${sayOutlook(language, 'spray-none')}</p>` : html`${strip(view, outlook)}${table(view, hours)}`}
${whyNote(view, spray.why)}</div></section>`
}

const SIGNS = { good: '✓', marginal: '~', avoid: '×', unknown: '?' } as const

const spanText = ({ language, timeZone }: PlotView, fromMs: number, toMs: number): string =>
  sayOutlook(language, 'spread', {
    from: shortMomentText(language, timeZone, fromMs),
    to:
      toMs - fromMs < 12 * HOUR_MS
        ? clockText(language, timeZone, toMs)
        : shortMomentText(language, timeZone, toMs),
  })

function reasonsText({ language }: PlotView, { reasons }: SprayHour): string {
  return reasons
    .map(({ code, limit, unit }) => {
      const reason = worded(language, `reason-${code}`, code)
      if (limit === null) return reason
      const decimals = Number.isInteger(limit) ? 0 : 1
      return sayOutlook(language, 'limit', {
        reason,
        limit: `${numberText(language, limit, decimals)} ${unit}`,
      })
    })
    .join('; ')
}

/** A row a day, a box an hour; a sign in each, for those who see no colours. */
function strip({ language, timeZone, nowMs }: PlotView, { spray, utcOffsetH }: PlotOutlook): Html {
  const { hours } = spray
  const local = (t: number) => new Date(t + utcOffsetH * HOUR_MS).toISOString()
  const days = Map.groupBy(hours, ({ t }) => local(t).slice(0, 10))
  const name = sayOutlook(language, 'spray-chart', {
    from: momentText(language, timeZone, hours[0]?.t ?? 0),
    to: momentText(language, timeZone, (hours.at(-1)?.t ?? 0) + HOUR_MS),
  })
  return html`<div class="hours" role="img" aria-label="${name}"><div class="hour-row"><span></span>${[0, 6, 12, 18].map((hour) => html`<span class="hour-mark">${hour}</span>`)}</div>
${[...days].map(([date, ofDay]) => {
  const at = new Map(ofDay.map((hour) => [Number(local(hour.t).slice(11, 13)), hour]))
  return html`<div class="hour-row"><span>${shortDay(date)}</span>${Array.from({ length: 24 }, (_, hour) => {
    const said = at.get(hour)
    if (!said) return html`<span></span>`
    const isRunning = said.t <= nowMs && nowMs < said.t + HOUR_MS
    return html`<span class="sign ${said.verdict}${said.isForecast && ' ahead'}${isRunning && ' running'}">${SIGNS[said.verdict]}</span>`
  })}</div>`
})}</div>
<p class="quiet">${sayOutlook(language, 'spray-key')} ${hours.some(({ isForecast }) => isForecast) && sayOutlook(language, 'spray-key-ahead')}</p>`
}

function table(view: PlotView, hours: readonly SprayHour[]): Html {
  const { language, timeZone, nowMs } = view
  const kindOf = ({ isForecast, t }: SprayHour) =>
    !isForecast ? 'measured' : t + HOUR_MS <= nowMs ? 'over' : 'forecast'
  return dataTable(
    language,
    sayOutlook(language, 'spray-title'),
    [
      sayOutlook(language, 'hour'),
      sayOutlook(language, 'verdict'),
      'delta-T (°C)',
      `${sayOutlook(language, 'wind')} (km/h)`,
      `${sayOutlook(language, 'rain')} (mm)`,
      { words: sayOutlook(language, 'reasons') },
    ],
    hours.map(
      (hour) =>
        html`<tr><th scope="row">${shortMomentText(language, timeZone, hour.t)}${kindOf(hour) !== 'measured' && html` <span class="mark calm">${sayOutlook(language, kindOf(hour) === 'over' ? 'over' : 'forecast')}</span>`}</th><td class="number">${sayOutlook(language, `verdict-${hour.verdict}`)}</td><td class="number">${cell(language, hour.deltaTC)}</td><td class="number">${cell(language, hour.windKmh, 0)}</td><td class="number">${cell(language, hour.rainMm)}</td><td><div class="words">${reasonsText(view, hour)}</div></td></tr>`,
    ),
  )
}
