/** What a file is by its first bytes; its name and the type that a phone states count for nothing. */
export type PhotoFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'heic'

/** As many bytes as the longest signature needs. */
export const SIGNATURE_BYTES = 32

/** Null for everything that is not a photo: GIF, SVG, TIFF, PDF, ZIP, video, text. */
export function formatOf(head: Uint8Array): PhotoFormat | null {
  // ITU T.81 B.1.1.3: SOI, then the first byte of the next marker.
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg'
  // PNG (ISO/IEC 15948) 5.2.
  if (ascii(head, 1, 4) === 'PNG' && head[0] === 0x89 && head[4] === 0x0d && head[5] === 0x0a) return 'png'
  // RFC 9649: "RIFF", four bytes of size, "WEBP".
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP') return 'webp'
  // ISO/IEC 14496-12 4.3: a box "ftyp" with the major brand and those that it is compatible with.
  if (ascii(head, 4, 8) !== 'ftyp') return null
  const brands = [8, 16, 20, 24, 28].map((at) => ascii(head, at, at + 4))
  if (brands.includes('avif')) return 'avif'
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? 'heic' : null
}

// ISO/IEC 23008-12: HEVC pictures. The decoder that we ship has no HEVC (patents); phones can be set to JPEG.
const HEIC_BRANDS: ReadonlySet<string> = new Set(['heic', 'heix', 'heim', 'heis', 'mif1', 'msf1'])

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to))
