import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { quantityOf } from '#contract/wire/quantities.ts'
import { chart, isDoubtful } from './chart.ts'
import { marksExplained, marksOf, readingName } from './home.ts'
import { note } from './layout.ts'
import { say } from './messages.ts'
import type { DeviceCard, HistoryBucket, PageSources, ReadingCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { ago, dayAndTime, number, timeOfDay, unitSymbol, valueWithUnit, zoneOffsetAt } from './wording.ts'

const HOUR = 3_600_000
/** Points of the chart: about as many as a cheap phone has pixels for; rows of the table: what a thumb scrolls. */
const RANGES = {
  '24h': { ms: 24 * HOUR, points: 144, rows: 24 },
  '7d': { ms: 168 * HOUR, points: 168, rows: 28 },
} as const
export type Range = keyof typeof RANGES

export const rangeOf = (asked: string): Range => (asked === '7d' ? '7d' : '24h')

/** One series: chart, a sentence that says the same, and the figures. */
export async function seriesContent(
  visit: Visit,
  sources: PageSources,
  device: DeviceCard,
  reading: ReadingCard,
  range: Range,
): Promise<Html> {
  const { language, timeZone, nowMs } = visit
  const { ms, points, rows } = RANGES[range]
  const bucketMs = ms / points
  const toT = nextMark(timeZone, nowMs, bucketMs)
  const fromT = toT - ms
  const [buckets, table] = await Promise.all([
    sources.history(reading.seriesNo, fromT, toT, points),
    tableBuckets(sources, reading.seriesNo, nextMark(timeZone, nowMs, ms / rows), ms / rows, rows),
  ])
  const name = readingName(language, reading)
  const rangeName = say(language, `range-${range}`)
  const common = {
    buckets,
    fromT,
    toT,
    bucketMs,
    everyMs: device.everyMs,
    unit: unitSymbol(language, reading.unit),
    name: say(language, 'chart-name', { quantity: name, range: rangeName }),
    language,
    timeZone,
  }
  return html`<p class="now"><span class="faint">${device.place && `${device.place} · `}${device.name}</span><br>
${say(language, 'now-value')}: <strong>${valueWithUnit(language, reading.quantity, reading.value, reading.unit)}</strong> <span class="faint">${ago(language, nowMs - reading.t)}</span>${marksOf(reading.quality).map((mark) => html` <span class="tag doubt">${say(language, `mark-${mark}`)}</span>`)}
${reading.origin !== 'measured' && html`<br><span class="faint">${say(language, 'derived-from', { origin: reading.origin.replace(/^derived /, '') })}</span>`}</p>
<nav class="choice" aria-label="${say(language, 'range-label')}">${(Object.keys(RANGES) as Range[]).map(
    (each) =>
      html`<a href="?range=${each}"${each === range && html` aria-current="true"`}>${say(language, `range-${each}`)}</a>`,
  )}</nav>
${
  buckets.length === 0
    ? note('info', say(language, 'series-none'), say(language, 'series-none-more'))
    : html`<p>${summary(visit, reading, buckets)}</p>
<figure>${chart({ ...common, width: 340, height: 230, className: 'narrow' })}${chart({ ...common, width: 760, height: 300, className: 'wide' })}
<figcaption class="faint">${say(language, 'chart-key')}</figcaption></figure>
${figures(visit, reading, table, ms / rows)}`
}
${marksExplained(language, [{ ...device, readings: [reading] }])}`
}

/** Buckets stand on round times of the farm's own clock: 6, 12, 18 h; and the picture does not crawl with each look. */
function nextMark(timeZone: string, nowMs: number, stepMs: number): number {
  const offset = zoneOffsetAt(timeZone, nowMs)
  return (Math.floor((nowMs + offset) / stepMs) + 1) * stepMs - offset
}

function tableBuckets(
  sources: PageSources,
  seriesNo: number,
  toT: number,
  rowMs: number,
  rows: number,
): Promise<readonly HistoryBucket[]> {
  return sources.history(seriesNo, toT - rowMs * rows, toT, rows)
}

function summary(visit: Visit, reading: ReadingCard, all: readonly HistoryBucket[]): string {
  const { language, timeZone } = visit
  const sound = all.filter((bucket) => !isDoubtful(bucket))
  const buckets = sound.length > 0 ? sound : all
  const lowest = buckets.reduce((a, b) => (b.min < a.min ? b : a))
  const highest = buckets.reduce((a, b) => (b.max > a.max ? b : a))
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  const mean = buckets.reduce((sum, bucket) => sum + bucket.mean * bucket.count, 0) / Math.max(1, count)
  const written = (value: number) => valueWithUnit(language, reading.quantity, value, reading.unit)
  return say(language, 'series-summary', {
    low: written(lowest.min),
    lowAt: dayAndTime(timeZone, lowest.t),
    high: written(highest.max),
    highAt: dayAndTime(timeZone, highest.t),
    mean: written(mean),
    count: number(language, count),
  })
}

function figures(visit: Visit, reading: ReadingCard, buckets: readonly HistoryBucket[], rowMs: number): Html {
  const { language, timeZone } = visit
  const decimals = quantityOf(reading.quantity)?.decimals ?? 2
  const cell = (value: number) => html`<td>${number(language, value, decimals)}</td>`
  const symbol = unitSymbol(language, reading.unit)
  const when = (t: number) => (rowMs > HOUR ? dayAndTime(timeZone, t) : timeOfDay(timeZone, t))
  return html`<h2 id="figures">${say(language, 'table-title')}${symbol && ` (${symbol})`}</h2>
<div class="scroll" role="region" tabindex="0" aria-label="${tableLabel(language)}"><table><thead><tr>${(['col-time', 'col-low', 'col-mean', 'col-high', 'col-count'] as const).map((key) => html`<th scope="col">${say(language, key)}</th>`)}</tr></thead>
<tbody>${buckets
    .toReversed()
    .map(
      (bucket) =>
        html`<tr><th scope="row">${when(bucket.t)}${isDoubtful(bucket) && html` <span class="tag doubt">×</span>`}</th>${cell(bucket.min)}${cell(bucket.mean)}${cell(bucket.max)}<td>${number(language, bucket.count)}</td></tr>`,
    )}</tbody></table></div>`
}

const tableLabel = (language: Language): string => say(language, 'table-scroll')
