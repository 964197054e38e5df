import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { roundTicks } from '#contract/ground/round-ticks.ts'
import type { SeriesHistory } from '../insight/answers.ts'
import { type Bucket, stretches } from './browser/gaps.ts'
import { decimalsOf, numberText, shortMomentText, unitSymbol } from './words.ts'

// Units of the drawing, stretched to the width of the page; lines keep their width (non-scaling-stroke).
const WIDTH = 1000
const HEIGHT = 300

/**
 * The chart as the server draws it, for browsers without script: a band from lowest to highest, a line for the
 * mean, and nothing where nothing was measured. Its labels are text of the page, so that they stay legible at any
 * width.
 */
export function seriesChart(language: Language, timeZone: string, history: SeriesHistory): Html {
  const { buckets, fromMs, toMs, bucketMs, isRaw, series } = history
  const { low, high, ticks } = scale(buckets)
  const x = (t: number): string => ((WIDTH * (t - fromMs)) / (toMs - fromMs)).toFixed(1)
  const y = (value: number): string => (HEIGHT - (HEIGHT * (value - low)) / (high - low)).toFixed(1)
  const runs = stretches(buckets, bucketMs, isRaw).map((run) => run.buckets)
  const decimals = Math.max(decimalsOf(series.quantity), decimalsBetween(ticks))
  const unit = series.unit === '[pH]' ? '' : unitSymbol(language, series.unit)
  return html`<div class="plot-axes" data-drawn="server">
<div class="plot-y" aria-hidden="true">${ticks.toReversed().map((tick) => html`<span>${numberText(language, tick, decimals)}${unit ? `\u00a0${unit}` : ''}</span>`)}</div>
<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">
${ticks.map((tick) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${y(tick)}" y2="${y(tick)}"/>`)}
${runs.map((run) =>
  run.length > 1 && !isRaw
    ? html`<path class="band" d="M${run.map(({ t, max }) => `${x(t)} ${y(max)}`).join('L')}L${run
        .toReversed()
        .map(({ t, min }) => `${x(t)} ${y(min)}`)
        .join('L')}Z"/>`
    : null,
)}
${runs.map((run) => html`<path class="mean" d="${lineOf(run, x, y)}"/>`)}
</svg>
<div class="plot-x" aria-hidden="true">${[fromMs, (fromMs + toMs) / 2, toMs].map((t) => html`<span>${shortMomentText(language, timeZone, t)}</span>`)}</div>
</div>`
}

/** A lone bucket is drawn as a short dash, or nobody would see it. */
function lineOf(run: readonly Bucket[], x: (t: number) => string, y: (value: number) => string): string {
  const [first] = run
  if (first && run.length === 1) return `M${x(first.t)} ${y(first.mean)}h4`
  return `M${run.map(({ t, mean }) => `${x(t)} ${y(mean)}`).join('L')}`
}

/** Round numbers around the values: a step of 1, 2 or 5 times a power of ten, three to six ticks. */
export function scale(buckets: readonly Bucket[]): { low: number; high: number; ticks: number[] } {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const bucket of buckets) {
    low = Math.min(low, bucket.min)
    high = Math.max(high, bucket.max)
  }
  if (!(low <= high)) return { low: 0, high: 1, ticks: [0, 1] }
  if (low === high) {
    const around = Math.abs(low) * 0.05 || 1
    low -= around
    high += around
  }
  const ticks = roundTicks(low, high)
  return { low: ticks[0] as number, high: ticks.at(-1) as number, ticks }
}

function decimalsBetween([first = 0, second = 1]: readonly number[]): number {
  const step = Math.abs(second - first)
  return step >= 1 || step === 0 ? 0 : Math.min(6, Math.ceil(-Math.log10(step) - 1e-9))
}
