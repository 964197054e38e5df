import { escapeHtml } from '#contract/ground/html.ts'
import { type LabelDrawing, penStrokes, runsOf } from './label-drawing.ts'

/** The label in millimetres, one unit a dot of the printer; letters are lines, so that no font is asked for. */
export function svgOf(drawing: LabelDrawing): string {
  const { widthDots, heightDots, dotMm, code, lines, title } = drawing
  const mm = (dots: number): number => Number((dots * dotMm).toFixed(3))
  const { x, y, moduleDots } = code
  const runs = [...runsOf(code)].map(({ column, row, length }) => `M${column} ${row}h${length}v1h-${length}z`)
  const pens = new Map<number, string[]>()
  for (const { widthDots: pen, way } of penStrokes(lines)) {
    if (!pens.has(pen)) pens.set(pen, [])
    pens.get(pen)?.push(pathOf(way))
  }
  const letters = [...pens].map(([pen, ways]) => `<path stroke-width="${pen}" d="${ways.join('')}"/>`)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${mm(widthDots)}mm" height="${mm(heightDots)}mm" viewBox="0 0 ${widthDots} ${heightDots}" role="img" ` +
    `aria-label="${escapeHtml(title)}"><rect width="${widthDots}" height="${heightDots}" fill="#fff"/>` +
    `<path transform="translate(${x} ${y}) scale(${moduleDots})" d="${runs.join('')}" fill="#000" shape-rendering="crispEdges"/>` +
    `<g fill="none" stroke="#000" stroke-linecap="round" stroke-linejoin="round">${letters.join('')}</g></svg>`
  )
}

/** In tenths of a dot and relative to the point before: a third of the size. */
function pathOf(way: readonly number[]): string {
  let [x, y] = [tenths(way[0] ?? 0), tenths(way[1] ?? 0)]
  let path = `M${x / 10} ${y / 10}`
  // A dot is a line of no length, which round ends make visible.
  if (way.length === 2) return `${path}h0`
  for (let at = 2; at < way.length; at += 2) {
    const [nextX, nextY] = [tenths(way[at] ?? 0), tenths(way[at + 1] ?? 0)]
    path += `l${(nextX - x) / 10} ${(nextY - y) / 10}`
    x = nextX
    y = nextY
  }
  return path
}

const tenths = (value: number): number => Math.round(value * 10)
