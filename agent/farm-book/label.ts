import bwip from 'bwip-js/node'
import { escapeHtml } from '#contract/ground/html.ts'
import type { Lot } from './farm-book.ts'

export interface LabelSize {
  readonly widthMm: number
  readonly heightMm: number
}

export const LABEL_SIZES: readonly LabelSize[] = [
  { widthMm: 50, heightMm: 30 },
  { widthMm: 60, heightMm: 40 },
]

/** What stands on a label beside the code. */
export interface LabelText {
  readonly place: string
  /** DD/MM/YYYY, as people here write it. */
  readonly harvestedOn: string
}

// At 203 dpi a module of four dots is 0.5 mm: above the 0.396 mm that shops ask for, and sharp on any printer.
const MODULE_MM = 0.5
const QUIET_MODULES = 4

/**
 * A label as SVG, one unit a millimetre: the GS1 Digital Link as a QR code, GTIN and lot in letters, what the fruit
 * is and where it comes from. Nothing is scaled: a module is a whole number of printer dots at 203 dpi.
 */
export function labelSvg(lot: Lot, text: LabelText, size: LabelSize = LABEL_SIZES[0] as LabelSize): string {
  const code = qrModules(lot.uri)
  const side = (code.length + QUIET_MODULES * 2) * MODULE_MM
  const { widthMm, heightMm } = size
  const left = side + 0.5
  const room = widthMm - left - 1.5
  const lines = [
    ...wrapped(lot.productVi || lot.crop, room, 2.9).map((line) => ({ line, mm: 2.9, weight: 700 })),
    ...[lot.productEn, text.place, `Thu hoạch ${text.harvestedOn}`, `${formatKg(lot.massKg)} kg`]
      .flatMap((part) => wrapped(part, room, 2.1))
      .map((line) => ({ line, mm: 2.1, weight: 400 })),
  ]
  let y = 4.3
  const drawn = lines.map(({ line, mm, weight }) => {
    const element = `<text x="${left}" y="${y.toFixed(2)}" font-size="${mm}" font-weight="${weight}">${escapeHtml(line)}</text>`
    y += mm + 0.75
    return element
  })
  const human = [`(01) ${lot.gtin}`, `(10) ${lot.lot}`].map(
    (line, index) =>
      `<text x="2" y="${(heightMm - 4 + index * 2.7).toFixed(2)}" font-size="2.3" font-family="monospace">${escapeHtml(line)}</text>`,
  )
  const squares = code.flatMap((row, rowIndex) =>
    row.flatMap((isDark, column) => (isDark ? [`M${column} ${rowIndex}h1v1h-1z`] : [])),
  )
  const origin = QUIET_MODULES * MODULE_MM
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthMm}mm" height="${heightMm}mm" viewBox="0 0 ${widthMm} ${heightMm}" role="img" ` +
    `aria-label="${escapeHtml(`${lot.productVi} ${lot.lot}`)}"><rect width="${widthMm}" height="${heightMm}" fill="#fff"/>` +
    `<path transform="translate(${origin} ${origin}) scale(${MODULE_MM})" d="${squares.join('')}" fill="#000" shape-rendering="crispEdges"/>` +
    `<g font-family="'Noto Sans', 'DejaVu Sans', Arial, sans-serif" fill="#000">${drawn.join('')}${human.join('')}</g></svg>`
  )
}

/** The code's modules, row by row. bwip-js also checks the AIs: a wrong check digit does not get on a label. */
export function qrModules(uri: string): boolean[][] {
  const [drawn] = bwip.raw({ bcid: 'gs1dlqrcode', text: uri, eclevel: 'M' } as never) as unknown as [
    { pixs: number[]; pixx: number; pixy: number },
  ]
  return Array.from({ length: drawn.pixy }, (_, row) =>
    Array.from({ length: drawn.pixx }, (_, column) => drawn.pixs[row * drawn.pixx + column] === 1),
  )
}

/** Words on lines that fit; two at most, for the code must not be pushed off the label. */
function wrapped(text: string, roomMm: number, mm: number): string[] {
  // Vietnamese in DejaVu Sans is 0.62 em wide on average.
  const atMost = Math.max(4, Math.floor(roomMm / (mm * 0.62)))
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= atMost) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word.slice(0, atMost))
  }
  return lines.length <= 2 ? lines : [lines[0] as string, `${(lines[1] as string).slice(0, atMost - 1)}…`]
}

const formatKg = (massKg: number): string => massKg.toLocaleString('vi-VN', { maximumFractionDigits: 1 })
