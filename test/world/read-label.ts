import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import sharp, { type Sharp } from 'sharp'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

// The package would fetch its binary from the network; it also ships it.
const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(readFileSync(wasm)).buffer } })

/** What a scanner reads from a label: the drawing as a 203 dpi printer would print it, then decoded. */
export const readLabel = (svg: string, dpi = 203): Promise<string[]> =>
  readCodes(sharp(Buffer.from(svg), { density: dpi }).flatten({ background: '#fff' }))

/** What a phone's camera reads from a picture of the screen, cut at the code's edge. */
export const readScreen = (picture: Uint8Array): Promise<string[]> =>
  readCodes(
    sharp(picture)
      .flatten({ background: '#fff' })
      .extend({ top: 20, bottom: 20, left: 20, right: 20, background: '#fff' }),
  )

/** What a scanner reads from dots on paper, 1 for black, row by row. */
export async function readDots(
  { width, height, dots }: { width: number; height: number; dots: Uint8Array },
  zoom = 1,
): Promise<string[]> {
  const raw = { width, height, channels: 1 as const }
  const grey = sharp(
    dots.map((dot) => (dot ? 0 : 255)),
    { raw },
  )
  return readCodes(zoom === 1 ? grey : grey.resize(Math.round(width * zoom)))
}

async function readCodes(picture: Sharp): Promise<string[]> {
  const { data, info } = await picture
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const image = {
    data: new Uint8ClampedArray(data),
    width: info.width,
    height: info.height,
    colorSpace: 'srgb' as const,
  }
  const found = await readBarcodes(image as ImageData, { formats: ['QRCode'], tryHarder: true })
  return found.map((code) => code.text)
}
