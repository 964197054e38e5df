import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { roundTicks } from '#contract/ground/round-ticks.ts'
import type { RiskPoint, SprayHour, WarmthPoint, WaterPoint } from './field-answer.ts'
import { sayOrchard } from './orchard-messages.ts'
import { number } from './wording.ts'

/**
 * Charts of days and hours as SVG: what is past is solid, what is forecast is hatched or dashed behind an upright line.
 * Each has a sentence beside it and a table below it that say the same.
 */
interface Frame {
  readonly language: Language
  readonly name: string
  /** Unique on the page: a pattern is found by it. */
  readonly id: string
  readonly width: number
  readonly className: 'narrow' | 'wide'
}

const [LEFT, RIGHT, TOP, BOTTOM] = [38, 10, 20, 26]
const HEIGHT = 190
const round = (value: number): number => Math.round(value * 10) / 10

/** One drawing for a phone, one for a desk; the stylesheet shows one of them. */
export const twice = (draw: (size: Pick<Frame, 'width' | 'className'>) => Html): Html =>
  html`${draw({ width: 340, className: 'narrow' })}${draw({ width: 760, className: 'wide' })}`

export function riskChart(frame: Frame, past: readonly RiskPoint[], ahead: readonly RiskPoint[]): Html {
  const points = [...past, ...ahead]
  const step = (frame.width - LEFT - RIGHT) / Math.max(1, points.length)
  const y = (risk: number) => round(TOP + (1 - Math.min(1, Math.max(0, risk))) * (HEIGHT - TOP - BOTTOM))
  return framed(
    frame,
    [0, 0.5, 1].map((value) => ({ y: y(value), text: number(frame.language, value, value === 0.5 ? 1 : 0) })),
    dayMarks(points, step),
    html`${points.map((point, at) => {
      const x = round(LEFT + at * step)
      const width = round(Math.max(1.5, step - 1.2))
      if (point.risk === null)
        return html`<text class="gap" x="${round(x + step / 2)}" y="${HEIGHT - BOTTOM - 3}" text-anchor="middle">?</text>`
      const top = Math.min(y(point.risk), HEIGHT - BOTTOM - 1.5)
      return html`<rect class="risk ${point.level}" x="${x}" width="${width}" y="${top}" height="${round(HEIGHT - BOTTOM - top)}"/>${point.isForecast && html`<rect fill="url(#${frame.id})" class="hatched" x="${x}" width="${width}" y="${top}" height="${round(HEIGHT - BOTTOM - top)}"/>`}`
    })}${ahead.length > 0 && border(frame, LEFT + past.length * step)}`,
  )
}

/** Full at the top; the line sinks as the soil dries. */
export function waterChart(frame: Frame, days: readonly WaterPoint[]): Html {
  const known = days.flatMap(({ drMm, rawMm }) => [drMm ?? 0, rawMm ?? 0])
  const most = Math.max(10, ...known) * 1.1
  const step = (frame.width - LEFT - RIGHT) / Math.max(1, days.length)
  const x = (at: number) => round(LEFT + (at + 0.5) * step)
  const y = (mm: number) => round(TOP + (mm / most) * (HEIGHT - TOP - BOTTOM))
  const past = days.filter(({ isForecast }) => !isForecast).length
  const line = (from: number, to: number, value: (day: WaterPoint) => number | null) =>
    runs(days, from, to, value).map(
      (run) => html`M${run.map(([at, mm]) => `${x(at)} ${y(mm)}`).join('L')}${run.length === 1 && 'h2'}`,
    )
  const ticks = roundTicks(0, most).filter((mm) => mm <= most)
  const raws = days.flatMap(({ rawMm }) => rawMm ?? [])
  // Above the line wherever it is.
  const raw = raws.length > 0 ? Math.min(...raws) : null
  const rainMost = Math.max(20, ...days.map(({ rainMm }) => rainMm ?? 0))
  return framed(
    frame,
    ticks.map((mm) => ({ y: y(mm), text: number(frame.language, mm) })),
    dayMarks(days, step),
    html`${days.map(
      ({ rainMm, irrigationMm, isForecast }, at) =>
        html`${(rainMm ?? 0) > 0 && html`<rect class="rain${isForecast && ' expected'}" x="${round(x(at) - step * 0.4)}" width="${round(step * 0.8)}" y="${TOP}" height="${round(((rainMm ?? 0) / rainMost) * 50)}"/>`}${irrigationMm > 0 && html`<path class="irrigated" d="M${x(at)} ${HEIGHT - BOTTOM - 9}l5 8h-10Z"/>`}`,
    )}
<path class="raw" d="${line(0, days.length, ({ rawMm }) => rawMm)}"/>
<path class="mean" d="${line(0, past, ({ drMm }) => drMm)}"/><path class="mean expected" d="${line(Math.max(0, past - 1), days.length, ({ drMm }) => drMm)}"/>
${raw !== null && html`<text class="raw-name" x="${LEFT + 4}" y="${round(y(raw) - 4)}">${sayOrchard(frame.language, 'raw')}</text>`}${past < days.length && border(frame, LEFT + past * step)}`,
    'mm',
  )
}

export function warmthChart(frame: Frame, days: readonly WarmthPoint[], target: number | null): Html {
  const most = Math.max(1, target ?? 0, days.at(-1)?.sum ?? 0) * 1.05
  const step = (frame.width - LEFT - RIGHT) / Math.max(1, days.length)
  const y = (sum: number) => round(TOP + (1 - sum / most) * (HEIGHT - TOP - BOTTOM))
  const ticks = roundTicks(0, most).filter((sum) => sum <= most)
  const at = (index: number) => round(LEFT + (index + 0.5) * step)
  return framed(
    frame,
    ticks.map((sum) => ({ y: y(sum), text: number(frame.language, sum) })),
    dayMarks(days, step),
    html`<path class="mean" d="M${days.map(({ sum }, index) => `${at(index)} ${y(sum)}`).join('L')}${days.length === 1 && 'h3'}"/>
${target !== null && html`<line class="raw" x1="${LEFT}" x2="${frame.width - RIGHT}" y1="${y(target)}" y2="${y(target)}"/><text class="raw-name" x="${LEFT + 4}" y="${round(y(target) + 14)}">${sayOrchard(frame.language, 'target')} ${number(frame.language, target)}</text>`}`,
    '°C·d',
  )
}

const SIGNS = { good: '✓', marginal: '~', avoid: '×', unknown: '?' } as const
const ROW = 30

/** A row a day, a box an hour; a sign in each, for those who see no colours. `dayOf` gives date and hour on the farm. */
export function sprayStrip(
  frame: Frame,
  hours: readonly SprayHour[],
  dayOf: (t: number) => { date: string; hour: number },
): Html {
  const days = [...new Set(hours.map(({ t }) => dayOf(t).date))]
  const left = 44
  const step = (frame.width - left - 4) / 24
  const height = 18 + days.length * ROW
  return html`<svg class="chart ${frame.className}" viewBox="0 0 ${frame.width} ${height}" role="img" aria-label="${frame.name}">
${hatch(frame.id)}
${[0, 6, 12, 18].map((hour) => html`<text x="${round(left + hour * step)}" y="12">${hour}h</text>`)}
${days.map((date, row) => html`<text x="2" y="${18 + row * ROW + 19}">${shortDay(date)}</text>`)}
${hours.map(({ t, verdict, isForecast }) => {
  const { date, hour } = dayOf(t)
  const x = round(left + hour * step)
  const y = 18 + days.indexOf(date) * ROW
  const box = { width: round(step - 1), height: ROW - 4 }
  return html`<rect class="spray ${verdict}" x="${x}" y="${y}" width="${box.width}" height="${box.height}"/>${isForecast && html`<rect class="hatched" fill="url(#${frame.id})" x="${x}" y="${y}" width="${box.width}" height="${box.height}"/>`}<text class="sign" x="${round(x + step / 2)}" y="${y + 18}" text-anchor="middle">${SIGNS[verdict]}</text>`
})}
</svg>`
}

function framed(
  frame: Frame,
  ticks: readonly { y: number; text: string }[],
  days: readonly { x: number; text: string }[],
  drawing: Html,
  unit = '',
): Html {
  return html`<svg class="chart ${frame.className}" viewBox="0 0 ${frame.width} ${HEIGHT}" role="img" aria-label="${frame.name}">
${hatch(frame.id)}
<g class="grid">${ticks.map(({ y }) => html`<line x1="${LEFT}" x2="${frame.width - RIGHT}" y1="${y}" y2="${y}"/>`)}</g>
${unit !== '' && html`<text x="2" y="12">${unit}</text>`}${ticks.map(({ y, text }) => html`<text x="${LEFT - 5}" y="${y + 4}" text-anchor="end">${text}</text>`)}
${drawing}
${days.map(({ x, text }) => html`<text x="${x}" y="${HEIGHT - 8}" text-anchor="middle">${text}</text>`)}
</svg>`
}

const hatch = (id: string): Html =>
  html`<defs><pattern id="${id}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="stripe" width="2.5" height="5"/></pattern></defs>`

const border = ({ language, width }: Frame, x: number): Html =>
  html`<line class="border" x1="${round(x)}" x2="${round(x)}" y1="4" y2="${HEIGHT - BOTTOM}"/>${x < width - 62 ? html`<text x="${round(x + 4)}" y="12">${sayOrchard(language, 'forecast')}</text>` : html`<text x="${round(x - 4)}" y="12" text-anchor="end">${sayOrchard(language, 'forecast')} →</text>`}`

/** About five dates, none cut off by an edge. */
function dayMarks(days: readonly { date: string }[], step: number): { x: number; text: string }[] {
  const every = Math.max(1, Math.ceil(days.length / (step * days.length < 400 ? 5 : 10)))
  return days.flatMap(({ date }, at) =>
    at % every === Math.floor(every / 2)
      ? [{ x: round(LEFT + (at + 0.5) * step), text: shortDay(date) }]
      : [],
  )
}

export const shortDay = (date: string): string => `${date.slice(8)}/${date.slice(5, 7)}`

/** Neighbours that are known, as lines; what is not known is a gap. */
function runs<T>(
  days: readonly T[],
  from: number,
  to: number,
  value: (day: T) => number | null,
): [number, number][][] {
  const found: [number, number][][] = []
  let isOpen = false
  for (let at = from; at < to; at++) {
    const known = value(days[at] as T)
    if (known !== null) {
      if (!isOpen) found.push([])
      found.at(-1)?.push([at, known])
    }
    isOpen = known !== null
  }
  return found
}
