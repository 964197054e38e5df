import { inflateSync } from 'node:zlib'
import sharp from 'sharp'

/** What a printer prints: 1 is black, row by row. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly dots: Uint8Array
}

/** Interpreters of what is sent to printers, each as its manual tells, none sharing a line with what writes it. */

/** Every label in a ZPL job, as often as ^PQ says. */
export function zplPrints(job: Uint8Array): Pixels[] {
  const text = Buffer.from(job).toString('latin1')
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  const [width, height] = [number(/\^PW(\d+)/), number(/\^LL(\d+)/)]
  const [, left, top, total, size, rowBytes, data = ''] =
    /\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),([^^]*)\^FS/.exec(text) ?? []
  if (total !== size) throw new Error('the two sizes of ^GFA differ')
  const digitsARow = Number(rowBytes) * 2
  const rows: string[] = []
  let row = ''
  let times = 0
  const end = (filler: string): void => {
    rows.push(row.padEnd(digitsARow, filler))
    row = ''
  }
  for (const sign of data.replaceAll(/\s/g, '')) {
    if (sign === ',') end('0')
    else if (sign === '!') end('F')
    else if (sign === ':') rows.push(rows.at(-1) ?? '')
    else if (/[G-Y]/.test(sign)) times += sign.charCodeAt(0) - 'G'.charCodeAt(0) + 1
    else if (/[g-z]/.test(sign)) times += 20 * (sign.charCodeAt(0) - 'g'.charCodeAt(0) + 1)
    else {
      row += sign.repeat(Math.max(1, times))
      times = 0
      if (row.length > digitsARow) throw new Error('a row of ^GFA is too long')
      if (row.length === digitsARow) end('0')
    }
  }
  if (rows.length * Number(rowBytes) !== Number(size)) throw new Error(`^GFA has ${rows.length} rows`)
  const sheet = blank(width, height)
  for (const [y, digits] of rows.entries())
    putBits(sheet, Buffer.from(digits, 'hex'), Number(left), Number(top) + y)
  if (!text.trim().startsWith('^XA') || !text.trim().endsWith('^XZ')) throw new Error('no ^XA .. ^XZ')
  return Array.from({ length: number(/\^PQ(\d+)/) }, () => sheet)
}

export function tsplPrints(job: Uint8Array, dotsAMm: number): Pixels[] {
  const prints: Pixels[] = []
  let sheet = blank(0, 0)
  let at = 0
  while (at < job.length) {
    // BITMAP's picture begins right behind its fifth comma.
    const bitmap = /^BITMAP (\d+),(\d+),(\d+),(\d+),0,/.exec(
      Buffer.from(job.subarray(at, at + 60)).toString('latin1'),
    )
    if (bitmap) {
      const [head, left, top, rowBytes = 0, rows = 0] = bitmap.map((part, index) =>
        index === 0 ? part.length : Number(part),
      )
      at += head as number
      for (let y = 0; y < Number(rows); y++, at += Number(rowBytes))
        putBits(
          sheet,
          job.subarray(at, at + Number(rowBytes)).map((byte) => ~byte & 0xff),
          Number(left),
          Number(top) + y,
        )
    }
    const end = job.indexOf(0x0a, at)
    const line = Buffer.from(job.subarray(at, end < 0 ? job.length : end))
      .toString('latin1')
      .trim()
    at = end < 0 ? job.length : end + 1
    const [, command = '', rest = ''] = /^(\w*)\s*(.*)$/.exec(line) ?? []
    if (command === 'SIZE') {
      const [width = 0, height = 0] = [...rest.matchAll(/([\d.]+) mm/g)].map(([, mm]) =>
        Math.floor(Number(mm) * dotsAMm + 1e-6),
      )
      sheet = blank(width, height)
    } else if (command === 'CLS') sheet = blank(sheet.width, sheet.height)
    else if (command === 'PRINT') {
      const [sets = 1, copies = 1] = rest.split(',').map(Number)
      prints.push(...Array.from({ length: sets * copies }, () => sheet))
    } else if (!['', 'GAP', 'DIRECTION', 'REFERENCE'].includes(command))
      throw new Error(`TSPL does not know ${command}`)
  }
  return prints
}

/** One for each cut of the paper. */
export function escposPrints(job: Uint8Array): Pixels[] {
  const prints: Pixels[] = []
  let rows: Uint8Array[] = []
  let width = 0
  for (let at = 0; at < job.length; ) {
    const [a, b, c, d] = job.subarray(at, at + 4)
    if (a === 0x1b && b === 0x40) at += 2
    else if (a === 0x1b && b === 0x61) at += 3
    else if (a === 0x1d && b === 0x76 && c === 0x30 && d === 0) {
      const [xl = 0, xh = 0, yl = 0, yh = 0] = job.subarray(at + 4, at + 8)
      const [rowBytes, height] = [xl + 256 * xh, yl + 256 * yh]
      at += 8
      width = Math.max(width, rowBytes * 8)
      for (let y = 0; y < height; y++, at += rowBytes) rows.push(job.subarray(at, at + rowBytes))
    } else if (a === 0x1d && b === 0x56 && c === 66) {
      const sheet = blank(width, rows.length)
      for (const [y, bits] of rows.entries()) putBits(sheet, bits, 0, y)
      prints.push(sheet)
      rows = []
      at += 4
    } else throw new Error(`ESC/POS does not know ${a} ${b} at ${at}`)
  }
  if (rows.length > 0) throw new Error('the paper is not cut')
  return prints
}

/** A page as a printer with square dots of `dotMm` draws its vectors; and the size of the page in millimetres. */
export function pdfPage(
  file: Uint8Array,
  dotMm: number,
): Pixels & { widthMm: number; heightMm: number; title: string } {
  const text = Buffer.from(file).toString('latin1')
  // The table of objects leads to each of them.
  const table = Number(/startxref\n(\d+)\n%%EOF/.exec(text)?.[1])
  const offsets = [...text.slice(table).matchAll(/(\d{10}) 00000 n /g)].map(([, at]) => Number(at))
  offsets.forEach((at, index) => {
    if (!text.startsWith(`${index + 1} 0 obj\n`, at))
      throw new Error(`object ${index + 1} is not where xref says`)
  })
  const [, w, h] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(text) ?? []
  const [widthMm, heightMm] = [(Number(w) / 72) * 25.4, (Number(h) / 72) * 25.4]
  const [, length, filter] = /<< \/Length (\d+) \/Filter \/(\w+) >>\nstream\n/.exec(text) ?? []
  const start = text.indexOf('stream\n') + 'stream\n'.length
  if (filter !== 'FlateDecode') throw new Error(`filter ${filter}`)
  const content = inflateSync(file.subarray(start, start + Number(length))).toString('latin1')
  const page = blank(Math.round(widthMm / dotMm), Math.round(heightMm / dotMm))
  const [a = 1, , , d = 1, , f = 0] = (/^([-\d. ]+) cm/.exec(content)?.[1] ?? '').split(' ').map(Number)
  // From the space of the drawing to dots of this printer, by way of points.
  const scale = 25.4 / 72 / dotMm
  const place = (x: number, y: number): [number, number] => [a * x * scale, page.height - (d * y + f) * scale]
  let pen = 1
  let at: [number, number] = [0, 0]
  for (const line of content.split('\n').slice(1)) {
    const parts = line.split(' ')
    const command = parts.pop()
    const [x = 0, y = 0, width = 0, height = 0] = parts.map(Number)
    if (command === 're') fill(page, place(x, y), place(x + width, y + height))
    else if (command === 'w') pen = x * a * scale
    else if (command === 'm') at = place(x, y)
    else if (command === 'l') {
      stroke(page, at, place(x, y), pen)
      at = place(x, y)
    }
  }
  const hex = /\/Title <FEFF([0-9a-f]+)>/i.exec(text)?.[1] ?? ''
  const title = Buffer.from(hex, 'hex').swap16().toString('utf16le')
  return { ...page, widthMm, heightMm, title }
}

export async function picturePixels(file: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(file).greyscale().raw().toBuffer({ resolveWithObject: true })
  return {
    width: info.width,
    height: info.height,
    dots: new Uint8Array(data).map((grey) => (grey < 128 ? 1 : 0)),
  }
}

/** What a scanner is held over: the code and the white around it. */
export function cutOut(pixels: Pixels, left: number, top: number, side: number): Pixels {
  const dots = new Uint8Array(side * side)
  for (let y = 0; y < side; y++) {
    const from = (top + y) * pixels.width + left
    dots.set(pixels.dots.subarray(from, from + side), y * side)
  }
  return { width: side, height: side, dots }
}

/** An SVG as a printer draws it whose dots are the units of its viewBox. */
export const svgPixels = (svg: string): Promise<Pixels> =>
  picturePixels(
    Buffer.from(
      svg.replace(/ width="[\d.]+mm" height="[\d.]+mm" viewBox="0 0 (\d+) (\d+)"/, ' width="$1" height="$2"'),
    ),
  )

const blank = (width: number, height: number): Pixels => ({
  width,
  height,
  dots: new Uint8Array(width * height),
})

function putBits({ width, height, dots }: Pixels, bits: Uint8Array, left: number, y: number): void {
  if (y >= height) throw new Error(`row ${y} is below the label`)
  for (const [at, byte] of bits.entries()) {
    // Most of a label is white.
    if (byte === 0) continue
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (0x80 >> bit)) === 0) continue
      if (left + at * 8 + bit >= width) throw new Error(`dot ${left + at * 8 + bit} is beyond the label`)
      dots[y * width + left + at * 8 + bit] = 1
    }
  }
}

function fill({ width, dots }: Pixels, [x0, y0]: [number, number], [x1, y1]: [number, number]): void {
  for (let y = Math.round(y0); y < Math.round(y1); y++)
    dots.fill(1, y * width + Math.round(x0), y * width + Math.round(x1))
}

function stroke(
  { width, height, dots }: Pixels,
  [x0, y0]: [number, number],
  [x1, y1]: [number, number],
  pen: number,
): void {
  const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0))
  for (let step = 0; step <= steps; step++) {
    const [x, y] = steps === 0 ? [x0, y0] : [x0 + ((x1 - x0) * step) / steps, y0 + ((y1 - y0) * step) / steps]
    for (let py = Math.floor(y - pen / 2); py <= y + pen / 2; py++)
      for (let px = Math.floor(x - pen / 2); px <= x + pen / 2; px++)
        if (
          Math.hypot(px + 0.5 - x, py + 0.5 - y) < pen / 2 &&
          px >= 0 &&
          py >= 0 &&
          px < width &&
          py < height
        )
          dots[py * width + px] = 1
  }
}
