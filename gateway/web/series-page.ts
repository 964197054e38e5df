import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { HistoryBucket, SeriesHistory } from '../insight/answers.ts'
import { theirs } from './app-frame.ts'
import { gapsOf, stretches } from './browser/gaps.ts'
import { age } from './farms-page.ts'
import { isStale } from './freshness.ts'
import { say } from './messages.ts'
import { markBadges, markLegend, marksOf } from './quality-marks.ts'
import { seriesChart } from './series-chart.ts'
import { RANGES, type RangeName, stepsFrom, type TimeRange } from './time-range.ts'
import {
  decimalsOf,
  momentText,
  numberText,
  seriesName,
  shortMomentText,
  spanText,
  unitSymbol,
  valueText,
  zoneText,
} from './words.ts'

interface View {
  readonly language: Language
  readonly timeZone: string
  readonly nowMs: number
  readonly range: TimeRange
}

/** One series: summary, chart and table of the same span, each usable without the others. */
export function seriesPage(view: View, chart: SeriesHistory, table: SeriesHistory): Html {
  const { language, nowMs, timeZone } = view
  const { series, farmId } = chart
  const marks = chart.buckets.flatMap(({ quality }) => (quality ? marksOf(quality) : []))
  const { last } = series
  return html`<nav class="crumbs"><a href="/farms/${encodeURIComponent(farmId)}">${say(language, 'backToFarm')}</a></nav>
<div class="head"><h1>${theirs(seriesName(language, series))}</h1>
<p class="quiet">${say(language, 'device')}: ${theirs(series.device)}${series.place ? html` · ${say(language, 'place')}: ${theirs(series.place)}` : null}</p></div>
${
  last
    ? html`<p class="latest ${isStale(last.t, nowMs) ? 'stale' : ''}"><span class="quiet">${say(language, 'latest')}</span> <span class="value">${valueText(language, { ...series, value: last.value })}</span> <span class="age">· ${age(language, last.t, nowMs)}</span> ${isStale(last.t, nowMs) ? html`<span class="mark">${say(language, 'stale')}</span>` : null}${markBadges(language, marksOf(last.quality, last.clock === 'unknown'))}</p>`
    : html`<p class="notice">${say(language, 'noReadingYet')}</p>`
}
${rangeLinks(view)}
<figure class="card chart" id="chart" role="group" aria-label="${chartLabel(view, chart)}"${chartData(view, chart)}>
<div id="canvas"></div>
${chart.buckets.length > 0 ? seriesChart(language, timeZone, chart) : null}
<figcaption><p class="summary">${summary(view, chart)}</p>
${chart.buckets.length > 0 ? html`<p class="keys quiet"><span class="key line">${say(language, chart.isRaw ? 'legendReading' : 'legendMean')}</span>${chart.isRaw ? null : html`<span class="key fill">${say(language, 'legendBand')}</span>`}<span class="key gap">${say(language, 'legendGap')}</span></p>` : null}
<p class="quiet">${say(language, 'zone', { zone: zoneText(timeZone, nowMs) })}<span id="drag-hint" hidden> · ${say(language, 'dragHint')}</span></p></figcaption>
</figure>
${steps(view)}
${table.buckets.length > 0 ? dataTable(view, table) : null}
${markLegend(language, marks)}`
}

const RANGE_NAME = { '24h': 'range24h', '7d': 'range7d', '30d': 'range30d', '1y': 'range1y' } as const

const rangeLinks = ({
  language,
  range,
}: View): Html => html`<nav class="ranges" aria-label="${say(language, 'rangeLabel')}">
${(Object.keys(RANGES) as RangeName[]).map(
  (name) =>
    html`<a href="?range=${name}"${name === range.name ? rawHtml(' aria-current="true"') : null}>${say(language, RANGE_NAME[name])}</a>`,
)}</nav>`

/** What dragging does, for fingers, keyboards and browsers without script. */
function steps({ language, range, nowMs }: View): Html {
  const to = stepsFrom(range, nowMs)
  return html`<nav class="ranges steps" aria-label="${say(language, 'moveLabel')}">${(
    ['earlier', 'zoomOut', 'zoomIn', 'later'] as const
  ).map((step) => {
    const next = to[step]
    return next
      ? html`<a href="?from=${next.fromMs}&amp;to=${next.toMs}">${say(language, step)}</a>`
      : html`<span class="off">${say(language, step)}</span>`
  })}</nav>`
}

const chartLabel = ({ language, timeZone }: View, { series, fromMs, toMs }: SeriesHistory): string =>
  say(language, 'chartLabel', {
    quantity: seriesName(language, series),
    device: series.device,
    from: momentText(language, timeZone, fromMs),
    to: momentText(language, timeZone, toMs),
  })

/** What the chart's script needs to know; it asks the API for the data. */
function chartData({ language, timeZone }: View, { series, fromMs, toMs, buckets }: SeriesHistory): Html {
  if (buckets.length === 0) return html``
  const unit = series.unit === '[pH]' ? '' : unitSymbol(language, series.unit)
  return html` data-uuid="${series.uuid}" data-from="${fromMs}" data-to="${toMs}" data-locale="${language === 'vi' ? 'vi-VN' : 'en-GB'}" data-zone="${timeZone}" data-unit="${unit}" data-decimals="${decimalsOf(series.quantity)}" data-time="${say(language, 'legendTime')}" data-reading="${say(language, 'legendReading')}" data-mean="${say(language, 'tableMean')}" data-low="${say(language, 'tableMin')}" data-high="${say(language, 'tableMax')}"`
}

/** One sentence that says what the chart shows. */
export function summary(
  { language, timeZone, nowMs }: Pick<View, 'language' | 'timeZone' | 'nowMs'>,
  history: SeriesHistory,
): string {
  const { buckets, fromMs, toMs, bucketMs, isRaw, series } = history
  const span = { from: momentText(language, timeZone, fromMs), to: momentText(language, timeZone, toMs) }
  if (buckets.length === 0) return say(language, 'summaryEmpty', span)
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  const mean = buckets.reduce((sum, bucket) => sum + bucket.mean * bucket.count, 0) / count
  const inUnit = (value: number): string => valueText(language, { ...series, value })
  const gaps = gapsOf(stretches(buckets, bucketMs, isRaw))
  const edges = emptyEdges(history, nowMs).map(([key, t]) =>
    say(language, key, { time: momentText(language, timeZone, t) }),
  )
  const longest = spanText(
    language,
    gaps.reduce((most, gap) => Math.max(most, gap), 0),
  )
  return say(language, 'summary', {
    ...span,
    min: inUnit(buckets.reduce((least, { min }) => Math.min(least, min), Number.POSITIVE_INFINITY)),
    max: inUnit(buckets.reduce((most, { max }) => Math.max(most, max), Number.NEGATIVE_INFINITY)),
    mean: inUnit(mean),
    count: numberText(language, count, 0),
    gaps: [
      say(
        language,
        gaps.length === 0 ? 'summaryNoGaps' : gaps.length === 1 ? 'summaryOneGap' : 'summaryGaps',
        {
          count: gaps.length,
          longest,
        },
      ),
      ...edges,
    ].join(' '),
  })
}

/** Whether the span begins before the first reading or goes on after the last, by more than a twentieth of it. */
function emptyEdges(
  { buckets, fromMs, toMs }: SeriesHistory,
  nowMs: number,
): ['summaryStarts' | 'summaryEnds', number][] {
  const [first, last] = [buckets[0]?.t ?? fromMs, buckets.at(-1)?.t ?? toMs]
  const muchMs = (toMs - fromMs) / 20
  const edges: ['summaryStarts' | 'summaryEnds', number][] = []
  if (first - fromMs > muchMs) edges.push(['summaryStarts', first])
  if (Math.min(toMs, nowMs) - last > muchMs) edges.push(['summaryEnds', last])
  return edges
}

function dataTable({ language, timeZone }: View, history: SeriesHistory): Html {
  const { series, fromMs, toMs, bucketMs, isRaw } = history
  // Roll-ups stand on whole hours and days: one may end where this span begins.
  const buckets = history.buckets.filter(({ t }) => t + bucketMs > fromMs)
  const unit = unitSymbol(language, series.unit)
  const caption = {
    quantity: seriesName(language, series),
    from: momentText(language, timeZone, fromMs),
    to: momentText(language, timeZone, toMs),
    unit,
  }
  const number = (value: number): string => numberText(language, value, decimalsOf(series.quantity))
  const row = (
    bucket: HistoryBucket,
  ): Html => html`<tr><th scope="row">${shortMomentText(language, timeZone, bucket.t)}</th>
<td class="number">${number(bucket.min)}</td><td class="number">${number(bucket.mean)}</td><td class="number">${number(bucket.max)}</td><td class="number">${numberText(language, bucket.count, 0)}</td><td>${markBadges(language, marksOf(bucket.quality))}</td></tr>`
  const gap = html`<tr class="gap"><td colspan="6">${say(language, 'tableGap')}</td></tr>`
  const t = (key: Parameters<typeof say>[1]): string => say(language, key)
  return html`<section aria-labelledby="table-title"><h2 id="table-title">${t('tableTitle')}</h2>
<div class="scroll" role="region" tabindex="0" aria-labelledby="table-title"><table>
<caption>${say(language, unit ? 'tableCaption' : 'tableCaptionBare', caption)}</caption>
<thead><tr><th scope="col">${t('tableTime')}</th><th scope="col" class="number">${t('tableMin')}</th><th scope="col" class="number">${t('tableMean')}</th><th scope="col" class="number">${t('tableMax')}</th><th scope="col" class="number">${t('tableCount')}</th><th scope="col">${t('tableMarks')}</th></tr></thead>
<tbody>${stretches(buckets, bucketMs, isRaw).map((run, index) => html`${index > 0 ? gap : null}${run.buckets.map(row)}`)}</tbody></table></div></section>`
}
