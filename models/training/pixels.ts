import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { PackPhoto } from './photo-pack.ts'

/**
 * The photo as the box's vision process will see it: upright, sRGB without alpha, drawn to `widthPx` × `heightPx`
 * without keeping the proportions. Three bytes a pixel, row by row. Training and evaluation both read through here, so
 * that no other decoder's rounding stands between a figure and the farm.
 */
export async function squareOf(path: string, widthPx: number, heightPx = widthPx): Promise<Uint8Array> {
  const { data } = await sharp(path, { failOn: 'error', pages: 1 })
    .autoOrient()
    .resize(widthPx, heightPx, {
      fit: 'fill',
      kernel: 'cubic',
      fastShrinkOnLoad: false,
    })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return new Uint8Array(data)
}

/** `name.bin` (one square after the other) and `name.json` (a row each), for Python's memory map. */
export async function writeSquares(
  folder: string,
  name: string,
  photos: readonly PackPhoto[],
  sidePx: number,
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const rows = JSON.stringify({ sidePx, photos })
  const done = join(folder, `${name}.json`)
  if (existsSync(done)) return
  const file = openSync(join(folder, `${name}.bin`), 'w')
  try {
    // Sharp decodes several at once; sixteen keep both cores busy and hold 16 × 0.3 MB.
    for (let at = 0; at < photos.length; at += 16) {
      const squares = await Promise.all(photos.slice(at, at + 16).map(({ path }) => squareOf(path, sidePx)))
      for (const square of squares) writeSync(file, square)
    }
  } finally {
    closeSync(file)
  }
  writeFileSync(done, rows)
}
