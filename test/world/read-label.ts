import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import sharp from 'sharp'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

// The package would fetch its binary from the network; it also ships it.
const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(readFileSync(wasm)).buffer } })

/** What a scanner reads from a label: the drawing as a 203 dpi printer would print it, then decoded. */
export async function readLabel(svg: string, dpi = 203): Promise<string[]> {
  const { data, info } = await sharp(Buffer.from(svg), { density: dpi })
    .flatten({ background: '#fff' })
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
