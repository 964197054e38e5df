import sharp, { type Sharp } from 'sharp'
import type { RgbImage } from './photo-model.ts'
import { type GreyImage, MEASURED_SIDE_PX } from './quality-gate.ts'

/**
 * The grey copy that the gate measures, from the picture that was decoded for the model: a second decode of twelve
 * megapixels would cost more than the model. `longSidePx` is that of the photo as it came: one that was enlarged for the
 * model is measured as small as it was.
 */
export async function greyOf(picture: RgbImage, longSidePx: number): Promise<GreyImage> {
  const { rgb, widthPx, heightPx } = picture
  const long = Math.max(widthPx, heightPx)
  const wanted = Math.min(MEASURED_SIDE_PX, longSidePx)
  if (long <= wanted) return greyAsItIs(picture)
  if (long === 2 * wanted) return greyHalved(picture)
  const raw = { width: widthPx, height: heightPx, channels: 3 as const }
  return greyDrawn(sharp(rgb, { raw }).resize(wanted, wanted, { fit: 'inside' }))
}

/** Of a file that no model wants: decoded as small as it is measured. */
export const greyOfFile = (picture: Sharp): Promise<GreyImage> =>
  greyDrawn(
    picture
      .resize(MEASURED_SIDE_PX, MEASURED_SIDE_PX, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'white' })
      .toColourspace('srgb'),
  )

async function greyDrawn(picture: Sharp): Promise<GreyImage> {
  const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return greyAsItIs({ rgb: data, widthPx: info.width, heightPx: info.height })
}

// Luma of sRGB (IEC 61966-2-1): linear light weighted by Rec. 709, and back through the gamma curve. By tables: a power
// a pixel would take as long as the decoder.
const STEPS = 4095
const linear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
const gamma = (value: number): number =>
  value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055
const weighted = (weight: number): Float32Array =>
  Float32Array.from({ length: 256 }, (_, value) => weight * STEPS * linear(value / 255))
const [RED, GREEN, BLUE] = [weighted(0.2126), weighted(0.7152), weighted(0.0722)]
const LUMA = Uint8Array.from({ length: STEPS + 2 }, (_, light) =>
  Math.round(255 * gamma(Math.min(1, light / STEPS))),
)

function greyAsItIs({ rgb, widthPx, heightPx }: RgbImage): GreyImage {
  const luma = new Uint8Array(widthPx * heightPx)
  for (let at = 0, from = 0; at < luma.length; at++, from += 3)
    luma[at] = lumaOf(rgb[from] as number, rgb[from + 1] as number, rgb[from + 2] as number)
  return { widthPx, heightPx, luma }
}

/** Four pixels become one: what a photo of a whole stem, 1,280 px wide, needs. */
function greyHalved({ rgb, widthPx, heightPx }: RgbImage): GreyImage {
  const [columns, rows] = [widthPx >> 1, heightPx >> 1]
  const luma = new Uint8Array(columns * rows)
  const below = widthPx * 3
  const mean = (at: number): number =>
    ((rgb[at] as number) +
      (rgb[at + 3] as number) +
      (rgb[at + below] as number) +
      (rgb[at + below + 3] as number)) >>
    2
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0, from = 2 * row * below; column < columns; column++, at++, from += 6)
      luma[at] = lumaOf(mean(from), mean(from + 1), mean(from + 2))
  return { widthPx: columns, heightPx: rows, luma }
}

const lumaOf = (red: number, green: number, blue: number): number =>
  LUMA[((RED[red] as number) + (GREEN[green] as number) + (BLUE[blue] as number) + 0.5) | 0] as number
