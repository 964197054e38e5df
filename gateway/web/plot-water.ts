import { type Html, html } from '#contract/ground/html.ts'
import { roundTicks } from '#contract/ground/round-ticks.ts'
import type { PlotOutlook } from '../insight/plot-outlook.ts'
import type { WaterDay } from '../insight/plot-outlook-answer.ts'
import { CHART_HEIGHT, dayChart, dayLine, scaleOf } from './plot-day-chart.ts'
import { sayOutlook } from './plot-outlook-messages.ts'
import { cell, dataTable, dayRow, dayText, figure, lacking, type PlotView, whyNote } from './plot-parts.ts'

const DAY_MS = 86_400_000

/** What the soil lacks against the line at which to irrigate, with the days of the forecast. */
export function waterSection(view: PlotView, { water, today }: PlotOutlook): Html {
  const { language } = view
  const { days, need, method } = water
  const last = days.findLast(({ isForecast, depletionMm }) => !isForecast && depletionMm !== null)
  const dueOn =
    need === null || need.dueInDays === null
      ? null
      : new Date(Date.parse(`${today}T00:00:00Z`) + need.dueInDays * DAY_MS).toISOString().slice(0, 10)
  const gross = figure(language, need?.grossMm ?? null, 'mm')
  return html`<section aria-labelledby="water"><h2 id="water">${sayOutlook(language, 'water-title')}</h2><figure class="card chart">
<p class="summary">${
    last
      ? sayOutlook(language, 'water-now', {
          date: dayText(language, last.date),
          depletion: figure(language, last.depletionMm, 'mm'),
          raw: figure(language, last.rawMm, 'mm'),
        })
      : sayOutlook(language, 'water-none')
  } ${last?.trust === 'assumed' && sayOutlook(language, 'water-assumed')}</p>
${need && last && html`<p><strong>${dueOn === null ? sayOutlook(language, 'water-not-due') : sayOutlook(language, need.dueInDays === 0 ? 'water-due-today' : 'water-due', { date: dayText(language, dueOn), gross })}</strong> ${dueOn !== null && need.litresPerPlant !== null && sayOutlook(language, 'water-plant', { litres: figure(language, need.litresPerPlant, '', 0) })} ${method && sayOutlook(language, `method-${method}`)}</p>`}${lacking(language, water.why)}
${last && chart(view, days)}${days.length > 0 && table(view, days)}${whyNote(view, water.why)}</figure></section>`
}

/** Full at the top; the line sinks as the soil dries. */
function chart({ language }: PlotView, days: readonly WaterDay[]): Html {
  const dates = days.map(({ date }) => date)
  const most = Math.max(10, ...days.flatMap(({ depletionMm, rawMm }) => [depletionMm ?? 0, rawMm ?? 0]))
  const ticks = roundTicks(0, most * 1.05).toReversed()
  const scale = scaleOf({ dates, ticks })
  const past = days.filter(({ isForecast }) => !isForecast).length
  const depletion = days.map(({ depletionMm }) => depletionMm)
  const raining = days.some(({ rainMm }) => (rainMm ?? 0) > 0)
  const irrigated = days.some(({ irrigationMm }) => irrigationMm > 0)
  // A cloudburst fills a quarter of the chart, 20 mm do where it rains less.
  const rainMost = Math.max(20, ...days.map(({ rainMm }) => rainMm ?? 0))
  return dayChart(
    {
      ...{ language, id: 'hatch-water', dates, past, ticks, unit: 'mm' },
      name: sayOutlook(language, 'water-chart'),
      keys: [
        ['line', sayOutlook(language, 'key-depletion')],
        ...(past < days.length ? [['line-ahead', sayOutlook(language, 'key-depletion-ahead')] as const] : []),
        ['raw-key', sayOutlook(language, 'key-raw')],
        ...(raining ? [['fill rain-key', sayOutlook(language, 'key-rain')] as const] : []),
        ...(irrigated ? [['irrigation-key', sayOutlook(language, 'key-irrigation')] as const] : []),
      ],
    },
    html`${days.map(
      ({ rainMm, irrigationMm, isForecast }, day) =>
        html`${(rainMm ?? 0) > 0 && html`<rect class="rain-bar${isForecast && ' ahead'}" x="${scale.x(day) + scale.step * 0.15}" width="${scale.step * 0.7}" y="0" height="${Math.round(((rainMm ?? 0) / rainMost) * (CHART_HEIGHT / 4))}"/>`}${irrigationMm > 0 && html`<rect class="irrigation-bar" x="${scale.x(day) + scale.step * 0.3}" width="${scale.step * 0.4}" y="${CHART_HEIGHT - 16}" height="16"/>`}`,
    )}${dayLine(
      scale,
      'raw',
      days.map(({ rawMm }) => rawMm),
    )}${dayLine(scale, 'mean', depletion, 0, past)}${dayLine(scale, 'mean ahead', depletion, Math.max(0, past - 1))}`,
  )
}

function table({ language }: PlotView, days: readonly WaterDay[]): Html {
  return html`<p class="quiet">${sayOutlook(language, 'water-down')}</p>${dataTable(
    language,
    sayOutlook(language, 'water-title'),
    [
      sayOutlook(language, 'date'),
      `${sayOutlook(language, 'depletion')} (mm)`,
      'RAW (mm)',
      'ET0 (mm)',
      'ETc (mm)',
      `${sayOutlook(language, 'rain')} (mm)`,
      `${sayOutlook(language, 'irrigation')} (mm)`,
    ],
    days.toReversed().map((day) =>
      dayRow(
        language,
        day.date,
        day.isForecast,
        [day.depletionMm, day.rawMm, day.et0Mm, day.etcMm, day.rainMm, day.irrigationMm].map((mm) =>
          cell(language, mm),
        ),
      ),
    ),
  )}`
}
