import type { Bitmap } from './bitmap.ts'

/**
 * ZPL II: the whole label as one picture (^GF), for a printer holds no font with Vietnamese letters. Lines that repeat
 * are abbreviated as the manual's "alternative data compression" says, or a large label at 600 dpi would be 2 MB.
 */
export function zplOf(bitmap: Bitmap, copies: number): Uint8Array {
  const { width, height, rowBytes } = bitmap
  const total = rowBytes * height
  return Buffer.from(
    [
      '^XA',
      // Where the label begins and ends, whatever the printer was told before.
      `^PW${width}^LL${height}^LH0,0^LT0^LS0`,
      `^FO0,0^GFA,${total},${total},${rowBytes},${compressed(bitmap)}^FS`,
      `^PQ${copies},0,1,N`,
      '^XZ',
      '',
    ].join('\n'),
    'latin1',
  )
}

function compressed({ bytes, rowBytes, height }: Bitmap): string {
  const rows: string[] = []
  let before = ''
  for (let y = 0; y < height; y++) {
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset + y * rowBytes, rowBytes)
      .toString('hex')
      .toUpperCase()
    rows.push(hex === before ? ':' : shortened(hex))
    before = hex
  }
  return rows.join('')
}

/** Runs of a digit as a count and the digit; "," for zeros and "!" for Fs up to the end of the line. */
function shortened(hex: string): string {
  const end = /(0+|F+)$/.exec(hex)?.[0] ?? ''
  const rest = hex.slice(0, hex.length - end.length)
  return (
    rest.replaceAll(/(.)\1{2,}/g, (run, digit: string) => count(run.length) + digit) +
    (end.startsWith('0') ? ',' : end && '!')
  )
}

/** G to Y are 1 to 19, g to z are 20 to 400 by twenties; they add up. */
function count(times: number): string {
  if (times > 400) return `z${count(times - 400)}`
  const [twenties, ones] = [Math.floor(times / 20), times % 20]
  return (
    (twenties > 0 ? String.fromCharCode(102 + twenties) : '') +
    (ones > 0 ? String.fromCharCode(70 + ones) : '')
  )
}
