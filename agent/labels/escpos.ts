import type { Bitmap } from './bitmap.ts'

const [ESC, GS] = [0x1b, 0x1d]
// Cheap printers hold some 20 kB of a picture: 256 rows of 72 bytes. Bands follow one another without a seam.
const BAND_ROWS = 256

/** ESC/POS for receipt printers: GS v 0 raster, then feed and cut; those without a knife only feed. */
export function escposOf(bitmap: Bitmap, copies: number): Uint8Array {
  const { height, rowBytes, bytes } = bitmap
  const label: Uint8Array[] = []
  for (let y = 0; y < height; y += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - y)
    label.push(
      Uint8Array.of(GS, 0x76, 0x30, 0, rowBytes & 0xff, rowBytes >> 8, rows & 0xff, rows >> 8),
      bytes.subarray(y * rowBytes, (y + rows) * rowBytes),
    )
  }
  // GS V 66 0: feed to the knife and cut, all but a corner.
  label.push(Uint8Array.of(GS, 0x56, 66, 0))
  // ESC @ forgets what a job before left behind; ESC a 0 begins at the left edge.
  const start = Uint8Array.of(ESC, 0x40, ESC, 0x61, 0)
  return Buffer.concat([start, ...Array.from({ length: copies }, () => label).flat()])
}
