import { type Html, html } from '../ground/html.ts'
import type { FindingHeat } from './finding.ts'

export interface HeatPicture {
  readonly heat: FindingHeat
  /** Of the picture at `src`, or in its proportions. */
  readonly widthPx: number
  readonly heightPx: number
  readonly src: string
  readonly caption: string
  /** Unique on the page: letters, digits and hyphens. */
  readonly id: string
  readonly className: string
}

// Below a quarter a cell is more likely clean than not, and all photos would be speckled.
const SHOWN_FROM = 64
const STEPS = 6
const MOST_OPAQUE = 0.6

/**
 * A photo with the places of suspicion over it, as SVG that needs no style of its own; null where there is none.
 * Neighbouring cells of one step are one rectangle, and the edges are blurred: a cell is where the model looked, not the
 * outline of a lesion.
 */
export function heatPicture({
  heat,
  widthPx,
  heightPx,
  src,
  caption,
  id,
  className,
}: HeatPicture): Html | null {
  const { rows, columns, values } = heat
  if (values.length !== rows * columns || !values.some((each) => each >= SHOWN_FROM)) return null
  const [cellX, cellY] = [widthPx / columns, heightPx / rows]
  const step = (value: number): number => (value < SHOWN_FROM ? 0 : Math.ceil((value / 255) * STEPS))
  const bars: Html[] = []
  for (let row = 0; row < rows; row++)
    for (let from = 0, to = 0; from < columns; from = to) {
      const level = step(values[row * columns + from] as number)
      for (to = from + 1; to < columns && step(values[row * columns + to] as number) === level; ) to++
      if (level > 0)
        bars.push(
          html`<rect x="${round(from * cellX)}" y="${round(row * cellY)}" width="${round((to - from) * cellX)}" height="${round(cellY)}" fill-opacity="${((level / STEPS) * MOST_OPAQUE).toFixed(2)}"/>`,
        )
    }
  return html`<svg class="${className}" viewBox="0 0 ${widthPx} ${heightPx}" role="img" aria-label="${caption}"><filter id="${id}"><feGaussianBlur stdDeviation="${round(cellX / 2)}"/></filter>
<image href="${src}" width="${widthPx}" height="${heightPx}"/><g fill="#d60093" filter="url(#${id})">${bars}</g></svg>`
}

const round = (px: number): string => px.toFixed(1)
