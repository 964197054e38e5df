import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { shortDay } from './plot-parts.ts'
import { numberText } from './words.ts'

/**
 * A chart of days: what is past is solid, what is forecast is hatched or dashed behind an upright line. Drawn 1000 by
 * 300 and stretched to the page; its labels are text of the page, so that they stay legible at any width.
 */
export interface DayFrame {
  readonly language: Language
  /** Says what is seen, for those who don't see it. */
  readonly name: string
  /** Unique on the page: the hatching is found by it. */
  readonly id: string
  readonly dates: readonly string[]
  /** How many of the dates are past. */
  readonly past: number
  /** Values from the bottom of the chart to its top; for water the top is the wettest. */
  readonly ticks: readonly number[]
  readonly unit: string
  readonly keys: readonly (readonly [className: string, text: string])[]
}

export const CHART_HEIGHT = 300
const WIDTH = 1000
const round = (value: number): number => Math.round(value * 10) / 10

export interface DayScale {
  /** Left edge and width of a day's place. */
  x(day: number): number
  readonly step: number
  y(value: number): number
}

export function scaleOf({ dates, ticks }: Pick<DayFrame, 'dates' | 'ticks'>): DayScale {
  const [bottom = 0, top = 1] = [ticks[0], ticks.at(-1)]
  const step = WIDTH / Math.max(1, dates.length)
  return {
    step,
    x: (day) => round(day * step),
    y: (value) =>
      round(CHART_HEIGHT - (CHART_HEIGHT * (value - bottom)) / (top === bottom ? 1 : top - bottom)),
  }
}

export function dayChart(frame: DayFrame, drawing: Html): Html {
  const { language, dates, past, ticks, unit, name, id, keys } = frame
  const { x, y } = scaleOf(frame)
  const decimals = ticks.every((tick) => Number.isInteger(tick)) ? 0 : 1
  const marks = [...new Set([0, Math.floor((dates.length - 1) / 2), dates.length - 1])]
  return html`<div class="plot-axes"><div class="plot-y" aria-hidden="true">${ticks.toReversed().map((tick) => html`<span>${numberText(language, tick, decimals)}${unit && ` ${unit}`}</span>`)}</div>
<svg class="plot" viewBox="0 0 ${WIDTH} ${CHART_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${name}">
<defs><pattern id="${id}" width="14" height="14" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="stripe" width="7" height="14"/></pattern></defs>
${ticks.map((tick) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${y(tick)}" y2="${y(tick)}"/>`)}
${drawing}
${past > 0 && past < dates.length && html`<line class="now-line" x1="${x(past)}" x2="${x(past)}" y1="-8" y2="${CHART_HEIGHT}"/>`}</svg>
<div class="plot-x" aria-hidden="true">${marks.map((day) => html`<span>${shortDay(dates[day] ?? '')}</span>`)}</div></div>
<p class="keys quiet">${keys.map(([className, text]) => html`<span class="key ${className}">${text}</span>`)}</p>`
}

/** A bar of a day from the bottom; one that is forecast is hatched. */
export function dayBar(
  scale: DayScale,
  day: number,
  value: number,
  className: string,
  hatching: string | null,
): Html {
  const top = Math.min(scale.y(value), CHART_HEIGHT - 4)
  const box = html`x="${round(scale.x(day) + scale.step * 0.08)}" width="${round(scale.step * 0.84)}" y="${top}" height="${round(CHART_HEIGHT - top)}"`
  return html`<rect class="${className}" ${box}/>${hatching && html`<rect class="hatched" fill="url(#${hatching})" ${box}/>`}`
}

/** Neighbours that are known as lines from the middle of a day to the next; what is not known is a gap. */
export function dayLine(
  scale: DayScale,
  className: string,
  values: readonly (number | null)[],
  from = 0,
  to = values.length,
): Html {
  const runs: [number, number][][] = []
  let isOpen = false
  for (let day = from; day < to; day++) {
    const value = values[day] ?? null
    if (value !== null) {
      if (!isOpen) runs.push([])
      runs.at(-1)?.push([day, value])
    }
    isOpen = value !== null
  }
  if (runs.length === 0) return html``
  return html`<path class="${className}" d="${runs.map((run) => `M${run.map(([day, value]) => `${round(scale.x(day) + scale.step / 2)} ${scale.y(value)}`).join('L')}${run.length === 1 ? 'h6' : ''}`).join('')}"/>`
}
