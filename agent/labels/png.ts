import { crc32, deflateSync } from 'node:zlib'
import type { Bitmap } from './bitmap.ts'

/** PNG with one bit a dot and the dots' size, so that a print dialog at 100 % prints dot for dot. */
export function pngOf(bitmap: Bitmap, dotMm: number): Uint8Array {
  const { width, height, rowBytes, bytes } = bitmap
  // Each row is preceded by its filter, here none; in PNG 1 is white.
  const rows = new Uint8Array((rowBytes + 1) * height)
  for (let y = 0; y < height; y++)
    for (let at = 0; at < rowBytes; at++)
      rows[y * (rowBytes + 1) + 1 + at] = ~(bytes[y * rowBytes + at] ?? 0) & 0xff
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // One bit, greyscale, deflate, the only filter method, not interlaced.
  header.set([1, 0, 0, 0, 0], 8)
  const dots = Buffer.alloc(9)
  dots.writeUInt32BE(Math.round(1000 / dotMm), 0)
  dots.writeUInt32BE(Math.round(1000 / dotMm), 4)
  // Dots a metre.
  dots[8] = 1
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('pHYs', dots),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(named, 4)
  framed.writeUInt32BE(crc32(named), named.length + 4)
  return framed
}
