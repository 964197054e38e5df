import type { Bitmap } from './bitmap.ts'

export interface Sticker {
  readonly widthMm: number
  readonly heightMm: number
  /** Between two stickers; 0 for paper without gaps. */
  readonly gapMm: number
}

/** TSPL and TSPL2, which most label printers sold in Viet Nam speak. In its BITMAP a dot is printed where the bit is 0. */
export function tsplOf(bitmap: Bitmap, { widthMm, heightMm, gapMm }: Sticker, copies: number): Uint8Array {
  const { height, rowBytes, bytes } = bitmap
  // What a row's last byte reaches beyond the picture is 0 there, and white here.
  const picture = bytes.map((byte) => ~byte & 0xff)
  const head = [
    '',
    `SIZE ${widthMm} mm,${heightMm} mm`,
    `GAP ${gapMm} mm,0 mm`,
    'DIRECTION 1',
    'REFERENCE 0,0',
    'CLS',
    `BITMAP 0,0,${rowBytes},${height},0,`,
  ]
  return Buffer.concat([
    Buffer.from(head.join('\r\n'), 'latin1'),
    picture,
    Buffer.from(`\r\nPRINT 1,${copies}\r\n`, 'latin1'),
  ])
}
