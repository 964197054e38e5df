import { type Html, html } from '#contract/ground/html.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'

// Below a quarter a cell is more likely clean than not, and all photos would be speckled.
const SHOWN_FROM = 64
const STEPS = 6
const MOST_OPAQUE = 0.6

/**
 * The photo with the places of suspicion over it, as SVG; null where there is none. Neighbouring cells of one step are
 * one rectangle, and the edges are blurred: a cell is where the model looked, not the outline of a lesion.
 */
export function photoHeat({ heat, photo }: FindingEntry, src: string, caption: string): Html | null {
  if (!heat || heat.values.length !== heat.rows * heat.columns) return null
  const { rows, columns, values } = heat
  if (!values.some((each) => each >= SHOWN_FROM)) return null
  const [cellX, cellY] = [photo.widthPx / columns, photo.heightPx / rows]
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
  return html`<figure><svg class="photo" viewBox="0 0 ${photo.widthPx} ${photo.heightPx}" role="img" aria-label="${caption}">
<filter id="soft"><feGaussianBlur stdDeviation="${round(cellX / 2)}"/></filter>
<image href="${src}" width="${photo.widthPx}" height="${photo.heightPx}"/><g fill="#d60093" filter="url(#soft)">${bars}</g></svg>
<figcaption>${caption}</figcaption></figure>`
}

const round = (px: number): string => px.toFixed(1)
