import sharp from 'sharp'
import type { HeatGrid, RgbImage } from './photo-model.ts'

// Magenta: neither leaf nor lesion has it, and people who confuse red and green see it.
const HEAT_COLOUR = [214, 0, 147] as const
const MOST_OPAQUE = 0.7

/** Writes the picture as a PNG with the heat map over it: the stronger, the likelier a lesion. */
export async function writeHeatOverlay(
  { rgb, widthPx, heightPx }: RgbImage,
  heat: HeatGrid,
  path: string,
): Promise<void> {
  const small = new Uint8Array(
    heat.values.flatMap((each) => [...HEAT_COLOUR, Math.round(each * MOST_OPAQUE)]),
  )
  const overlay = await sharp(small, { raw: { width: heat.columns, height: heat.rows, channels: 4 } })
    .resize(widthPx, heightPx, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
  await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .composite([{ input: overlay, raw: { width: widthPx, height: heightPx, channels: 4 } }])
    .png()
    .toFile(path)
}
