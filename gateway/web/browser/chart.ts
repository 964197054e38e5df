import type UPlot from 'uplot'
import { type Bucket, stretches } from './gaps.ts'

/**
 * Draws over the server's drawing what /api/v1 answers for the same span, as fine as this screen can show. A span
 * that is dragged becomes the page's address, so that summary and table always speak of what the chart shows.
 */
declare const uPlot: typeof UPlot

interface Answer {
  readonly bucketMs: number
  readonly isRaw: boolean
  readonly buckets: readonly Bucket[]
}

type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]]

const figure = document.getElementById('chart')
const canvas = document.getElementById('canvas')
const { uuid, from, to } = figure?.dataset ?? {}

if (figure && canvas && uuid && from && to && typeof uPlot === 'function') {
  const buckets = Math.min(2000, Math.max(200, Math.round(figure.clientWidth)))
  fetch(`/api/v1/series/${encodeURIComponent(uuid)}/history?from=${from}&to=${to}&buckets=${buckets}`)
    .then((answer) => (answer.ok ? (answer.json() as Promise<Answer>) : Promise.reject(answer.status)))
    .then((answer) => draw(figure, canvas, answer))
    .catch(() => {
      // The server's drawing stays.
    })
}

/** Seconds and values, with a hole of null in each gap. */
function columns({ buckets, bucketMs, isRaw }: Answer): Columns {
  const [t, low, high, mean]: Columns = [[], [], [], []]
  for (const run of stretches(buckets, bucketMs, isRaw)) {
    const last = t.at(-1)
    const first = run.buckets[0]
    if (last !== undefined && first) {
      t.push((last + first.t / 1000) / 2)
      for (const column of [low, high, mean]) column.push(null)
    }
    for (const bucket of run.buckets) {
      t.push(bucket.t / 1000)
      low.push(bucket.min)
      high.push(bucket.max)
      mean.push(bucket.mean)
    }
  }
  return [t, low, high, mean]
}

function draw(figure: HTMLElement, canvas: HTMLElement, answer: Answer): void {
  const { isRaw } = answer
  const { locale, zone, unit, decimals, from, to, time = '', low = '', high = '' } = figure.dataset
  const { mean = '', reading = '' } = figure.dataset
  const style = getComputedStyle(figure)
  const color = (name: string): string => style.getPropertyValue(name).trim()
  const places = Number(decimals)
  const inUnit = (value: number | null): string =>
    value === null
      ? '–'
      : `${value.toLocaleString(locale, { minimumFractionDigits: places, maximumFractionDigits: places })}${unit ? `\u00a0${unit}` : ''}`
  const shown = (_plot: UPlot, value: number | null): string => inUnit(value)
  const moment = (s: number, options: Intl.DateTimeFormatOptions): string =>
    new Date(s * 1000)
      .toLocaleString(locale, {
        ...options,
        ...(zone ? { timeZone: zone } : {}),
        hourCycle: 'h23',
      })
      .replace('-', '/')
  const day = { day: '2-digit', month: '2-digit' } as const
  const hour = { hour: '2-digit', minute: '2-digit' } as const
  const height = (): number => (canvas.clientWidth < 600 ? 240 : 340)
  const axis = {
    stroke: color('--text-quiet'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: '13px system-ui, sans-serif',
  }
  const bound = { stroke: 'transparent', width: 0, points: { show: false } }
  const [t, lows, highs, means] = columns(answer)
  const options: UPlot.Options = {
    width: canvas.clientWidth,
    height: height(),
    tzDate: (s) => uPlot.tzDate(new Date(s * 1000), zone ?? 'UTC'),
    ms: 1e-3,
    scales: { x: { time: true, range: [Number(from) / 1000, Number(to) / 1000] } },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
    series: [
      {
        label: time,
        value: (_plot, s) => (s === null ? '–' : moment(s, { ...day, ...hour, year: 'numeric' })),
      },
      // One reading a bucket has no lowest and highest to show.
      ...(isRaw ? [] : [low, high].map((label) => ({ ...bound, label, value: shown }))),
      { label: isRaw ? reading : mean, value: shown, stroke: color('--plot'), width: 2, spanGaps: false },
    ],
    bands: isRaw ? [] : [{ series: [2, 1], fill: color('--plot-band') }],
    axes: [
      {
        ...axis,
        space: 70,
        // Under a day apart the hour matters, and the day where it changes.
        values: (_plot, splits, _axis, _space, step) =>
          splits.map((s, index) => {
            if (step >= 86_400) return moment(s, day)
            const text = moment(s, hour)
            const before = splits[index - 1]
            const isNewDay = before === undefined || moment(before, day) !== moment(s, day)
            return isNewDay ? `${text}\n${moment(s, day)}` : text
          }),
      },
      {
        ...axis,
        size: (plot, values) => {
          plot.ctx.font = axis.font
          const widest = (values ?? []).reduce(
            (most, text) => Math.max(most, plot.ctx.measureText(text).width),
            0,
          )
          return Math.ceil(widest / devicePixelRatio) + 16
        },
        values: (_plot, splits) =>
          splits.map(
            (value) => value.toLocaleString(locale, { maximumFractionDigits: 6 }) + (unit ? ` ${unit}` : ''),
          ),
      },
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 8) return
          const ms = (px: number): number => Math.round(plot.posToVal(px, 'x') * 1000)
          location.assign(`?from=${ms(left)}&to=${ms(left + width)}`)
        },
      ],
    },
  }
  const plot = new uPlot(options, isRaw ? [t, means] : [t, lows, highs, means], canvas)
  figure.dataset['drawn'] = 'page'
  if (isRaw) figure.dataset['raw'] = ''
  const line = figure.querySelector('.key.line')
  if (line) line.textContent = isRaw ? reading : mean
  const hint = document.getElementById('drag-hint')
  if (hint && matchMedia('(pointer: fine)').matches) hint.hidden = false
  new ResizeObserver(() => {
    if (canvas.clientWidth > 0 && canvas.clientWidth !== plot.width)
      plot.setSize({ width: canvas.clientWidth, height: height() })
  }).observe(canvas)
  // Colours are read once; another scheme needs another drawing.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => location.reload())
}
