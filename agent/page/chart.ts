import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { roundTicks } from '#contract/ground/round-ticks.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { HistoryBucket } from './page-sources.ts'
import { dayAndMonth, timeOfDay, zoneOffsetAt } from './wording.ts'

export interface ChartInput {
  readonly buckets: readonly HistoryBucket[]
  readonly fromT: number
  readonly toT: number
  readonly bucketMs: number
  /** How often the device speaks, where that is known. */
  readonly everyMs: number | null
  readonly unit: string
  readonly name: string
  readonly language: Language
  readonly timeZone: string
  readonly width: number
  readonly height: number
  readonly className: string
}

const DOUBTFUL = QUALITY.outOfRange | QUALITY.spike | QUALITY.doubted
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 12, 24, 30]

/** A series as SVG: the band from lowest to highest, the line of means; where nothing was measured nothing is drawn. */
export function chart(input: ChartInput): Html {
  const { fromT, toT, width, height, language, timeZone } = input
  const [low, high, ticks] = valueAxis(input.buckets)
  const x = (t: number) => round(LEFT + ((t - fromT) / (toT - fromT)) * (width - LEFT - RIGHT))
  const y = (value: number) =>
    round(TOP + ((high - Math.min(high, Math.max(low, value))) / (high - low)) * (height - TOP - BOTTOM))
  const middle = (bucket: HistoryBucket) => x(Math.min(toT, bucket.t + input.bucketMs / 2))
  const sound = input.buckets.filter((bucket) => !isDoubtful(bucket))
  const runs = runsOf(sound, input.bucketMs, input.everyMs)
  const decimals = decimalsOf(ticks)
  return html`<svg class="chart ${input.className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${input.name}">
<g class="grid">${ticks.map((value) => html`<line x1="${LEFT}" x2="${width - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`)}</g>
<g class="axis"><text x="2" y="13">${input.unit}</text>${ticks.map(
    (value) =>
      html`<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value.toLocaleString(language === 'vi' ? 'vi-VN' : 'en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}</text>`,
  )}${timeTicks(fromT, toT, timeZone, width).map(
    ({ t, isDay }) =>
      html`<line class="tick" x1="${x(t)}" x2="${x(t)}" y1="${height - BOTTOM}" y2="${height - BOTTOM + 5}"/><text x="${x(t)}" y="${height - BOTTOM + 19}" text-anchor="middle">${isDay ? dayAndMonth(timeZone, t) : timeOfDay(timeZone, t)}</text>`,
  )}</g>
${runs.map((run) =>
  run.length === 1
    ? run.map(
        (bucket) =>
          html`<line class="alone-band" x1="${middle(bucket)}" x2="${middle(bucket)}" y1="${y(bucket.min)}" y2="${y(bucket.max)}"/><circle class="alone" cx="${middle(bucket)}" cy="${y(bucket.mean)}" r="2.5"/>`,
      )
    : html`<path class="band" d="M${run.map((each) => `${middle(each)} ${y(each.max)}`).join('L')}L${run
        .toReversed()
        .map((each) => `${middle(each)} ${y(each.min)}`)
        .join(
          'L',
        )}Z"/><path class="mean" d="M${run.map((each) => `${middle(each)} ${y(each.mean)}`).join('L')}"/>`,
)}
<g class="doubtful">${input.buckets.filter(isDoubtful).map((bucket) => {
    const [cx, cy] = [middle(bucket), y(bucket.mean)]
    return html`<path d="M${cx - 4} ${cy - 4}l8 8m0-8l-8 8"/>`
  })}</g>
</svg>`
}

export const isDoubtful = (bucket: HistoryBucket): boolean => (bucket.quality & DOUBTFUL) !== 0

/** Neighbours belong together unless a reading is missing between them: a gap stays a gap. */
export function runsOf(
  buckets: readonly HistoryBucket[],
  bucketMs: number,
  everyMs: number | null,
): HistoryBucket[][] {
  const spacing = everyMs ?? medianSpacing(buckets)
  // Two and a half periods: one lost round of a slow device is a gap, jitter is not.
  const atMostMs = Math.max(bucketMs, spacing) * 2.5
  const runs: HistoryBucket[][] = []
  for (const bucket of buckets) {
    const run = runs.at(-1)
    const before = run?.at(-1)
    if (run && before && bucket.t - before.t <= atMostMs) run.push(bucket)
    else runs.push([bucket])
  }
  return runs
}

function medianSpacing(buckets: readonly HistoryBucket[]): number {
  const spacings = buckets.slice(1).map((bucket, index) => bucket.t - (buckets[index] as HistoryBucket).t)
  return spacings.sort((a, b) => a - b)[Math.floor(spacings.length / 2)] ?? 0
}

/** Bounds and about four round ticks. Doubtful values don't stretch it: one −999 would flatten a week. */
function valueAxis(buckets: readonly HistoryBucket[]): [low: number, high: number, ticks: number[]] {
  const sound = buckets.filter((bucket) => !isDoubtful(bucket))
  const drawn = sound.length > 0 ? sound : buckets
  let low = Math.min(...drawn.map((bucket) => bucket.min))
  let high = Math.max(...drawn.map((bucket) => bucket.max))
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 1]
  // A constant still needs a height: a twentieth of itself, at least what a cheap probe resolves.
  if (high - low < 1e-9) {
    const half = Math.max(Math.abs(low) / 20, 0.5)
    ;[low, high] = [low - half, high + half]
  }
  const ticks = roundTicks(low, high)
  return [ticks[0] as number, ticks.at(-1) as number, ticks]
}

const decimalsOf = (ticks: readonly number[]): number =>
  Math.min(4, Math.max(...ticks.map((tick) => `${tick}`.split('.')[1]?.length ?? 0)))

/** Round hours of the farm's own clock; midnight carries the date. */
function timeTicks(
  fromT: number,
  toT: number,
  timeZone: string,
  width: number,
): { t: number; isDay: boolean }[] {
  const hour = 3_600_000
  const isDays = toT - fromT > 48 * hour
  const stepMs = isDays ? 24 * hour : (width < 500 ? 6 : 3) * hour
  const ticks: { t: number; isDay: boolean }[] = []
  let local = Math.ceil((fromT + zoneOffsetAt(timeZone, fromT)) / stepMs) * stepMs
  for (let count = 0; count < 50; count++, local += stepMs) {
    const t = local - zoneOffsetAt(timeZone, local - zoneOffsetAt(timeZone, local))
    if (t > toT) break
    // A label that the edge would cut off is left out.
    const share = (t - fromT) / (toT - fromT)
    if (share >= 0 && share < 0.97) ticks.push({ t, isDay: local % (24 * hour) === 0 })
  }
  return ticks
}

const round = (value: number): number => Math.round(value * 10) / 10
