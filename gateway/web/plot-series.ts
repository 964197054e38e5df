import { type Html, html } from '#contract/ground/html.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { FigureSeries } from '../insight/plot-figures.ts'
import { theirs } from './app-frame.ts'
import { age } from './farms-page.ts'
import { plotWords, sayPlot } from './plot-messages.ts'
import type { PlotView } from './plot-parts.ts'
import { scale } from './series-chart.ts'
import { dateText, decimalsOf, momentText, numberText, quantityName, valueText } from './words.ts'

const DAY_MS = 86_400_000
const TABLE_ROWS = 35

/** One view of a plot from the series of its models: the days that are over. */
export function seriesSection(
  view: PlotView,
  name: 'risk' | 'water' | 'warmth' | 'et0' | 'spray',
  series: readonly FigureSeries[],
  line: FigureSeries | undefined,
  isBeside: boolean,
): Html {
  const { language } = view
  // The outlook's own sections have the plain names.
  const id = isBeside ? `past-${name}` : name
  const known = series.filter(({ points }) => points.length > 0)
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${sayPlot(language, name)}</h2>${
    known.length === 0
      ? html`<p class="notice">${sayPlot(language, 'none')}</p>`
      : known.map((each) => figure(view, each, line))
  }</section>`
}

function figure(view: PlotView, series: FigureSeries, line: FigureSeries | undefined): Html {
  const { language, timeZone, nowMs } = view
  const isHourly = series.channel === 'hour'
  const points = isHourly ? series.points.filter(({ t }) => t > nowMs - 3 * DAY_MS) : series.points
  const isRisk = series.quantity === 'infection-risk'
  const name = isRisk
    ? plotWords(language, series.channel, series.channel)
    : quantityName(language, series.quantity)
  const last = series.points.at(-1)
  const [before = '', after = ''] = last
    ? sayPlot(language, 'newest', {
        value: valueText(language, { ...series, value: last.value }),
        date: isHourly ? momentText(language, timeZone, last.t) : dateText(language, timeZone, last.t),
      }).split('{age}')
    : []
  const sum = points.reduce((total, { value }) => total + value, 0)
  const isSummed = series.quantity === 'degree-days' || series.quantity === 'reference-evapotranspiration'
  const lineAt = new Map(line?.points.map(({ t, value }) => [t, value]))
  const written = (value: number) => numberText(language, value, decimalsOf(series.quantity))
  return html`<figure class="card chart"><h3>${theirs(name)} ${isRisk && html`<span class="mark">${sayPlot(language, 'index')}</span>`}</h3>
${last && html`<p class="summary">${before}${age(language, last.t, nowMs)}${after} ${isSummed && sayPlot(language, 'sum', { days: points.length, sum: valueText(language, { ...series, value: sum }) })}</p>`}
${last && nowMs - last.t > 2 * DAY_MS + (isHourly ? 0 : DAY_MS) && html`<p class="notice bad">${sayPlot(language, 'stale')}</p>`}
${points.length > 0 && dayChart(view, series, points, line?.points ?? [], sayPlot(language, isHourly ? 'chartHour' : 'chart', { name }))}
<details><summary>${sayPlot(language, 'why', { model: series.model })}</summary><p>${plotWords(language, `why-${series.model.replace(/-\d+$/, '')}`, sayPlot(language, 'why-other'))} <a href="/series/${encodeURIComponent(series.uuid)}">${theirs(name)}</a></p></details>
<details><summary>${sayPlot(language, 'table')}: ${theirs(name)}</summary><div class="scroll" role="region" tabindex="0" aria-label="${sayPlot(language, 'table')}: ${name}"><table><thead><tr><th scope="col">${sayPlot(language, 'date')}</th><th scope="col" class="number">${name}</th>${line && html`<th scope="col" class="number">RAW</th>`}</tr></thead><tbody>${points
    .toReversed()
    .slice(0, isHourly ? 72 : TABLE_ROWS)
    .map(
      ({ t, value, quality }) =>
        html`<tr><th scope="row">${isHourly ? momentText(language, timeZone, t) : dateText(language, timeZone, t)}</th><td class="number">${written(value)}${!isRisk && (quality & QUALITY.estimated) !== 0 && html` <span class="mark">${sayPlot(language, 'estimate')}</span>`}</td>${line && html`<td class="number">${lineAt.has(t) ? written(lineAt.get(t) as number) : '–'}</td>`}</tr>`,
    )}</tbody></table></div></details></figure>`
}

/** Bars for what belongs to a day, a line for what stands at its end; days that are not known stay empty. */
function dayChart(
  { language, timeZone }: PlotView,
  series: FigureSeries,
  points: FigureSeries['points'],
  line: FigureSeries['points'],
  name: string,
): Html {
  const spanMs = series.channel === 'hour' ? DAY_MS / 24 : DAY_MS
  const fromMs = points[0]?.t ?? 0
  const toMs = (points.at(-1)?.t ?? 0) + spanMs
  const all = [0, ...points.map(({ value }) => value), ...line.map(({ value }) => value)]
  const top = series.quantity === 'infection-risk' ? 1 : Math.max(...all)
  const { low, high, ticks } = scale([{ t: 0, min: Math.min(...all), max: top, mean: 0 }])
  const x = (t: number) => ((1000 * (t - fromMs)) / (toMs - fromMs)).toFixed(1)
  const y = (value: number) => 300 - (300 * (value - low)) / (high - low)
  const width = (1000 * spanMs * 0.85) / (toMs - fromMs)
  const shown = line.filter(({ t }) => t >= fromMs)
  const mark = series.channel === 'hour' ? momentText : dateText
  return html`<div class="plot-axes"><div class="plot-y" aria-hidden="true">${ticks.toReversed().map((tick) => html`<span>${numberText(language, tick, Number.isInteger(tick) ? 0 : 1)}</span>`)}</div>
<svg class="plot" viewBox="0 0 1000 300" preserveAspectRatio="none" role="img" aria-label="${name}">${ticks.map((tick) => html`<line class="grid" x1="0" x2="1000" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>`)}
${points.map(({ t, value }) => html`<rect class="day-bar" x="${x(t)}" width="${width.toFixed(1)}" y="${Math.min(298, y(value)).toFixed(1)}" height="${Math.max(2, y(Math.max(0, low)) - y(value)).toFixed(1)}"/>`)}
${shown.length > 0 && html`<path class="raw" d="M${shown.map(({ t, value }) => `${x(t + spanMs / 2)} ${y(value).toFixed(1)}`).join('L')}${shown.length === 1 && 'h20'}"/>`}</svg>
<div class="plot-x" aria-hidden="true"><span>${mark(language, timeZone, fromMs)}</span><span>${mark(language, timeZone, toMs - spanMs)}</span></div></div>
${shown.length > 0 && html`<p class="keys quiet"><span class="key raw-key">RAW</span></p>`}`
}
