import bwip from 'bwip-js/node'
import { VuonError } from '#contract/ground/errors.ts'
import { escapeHtml } from '#contract/ground/html.ts'
import type { Lot } from './farm-book.ts'
import { textWidth, wrapText } from './label-text.ts'

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

// Label printers have 203 dots an inch. A module of four is 0.5 mm: above the 0.396 mm that shops ask for, and sharp.
const DOT_MM = 25.4 / 203
const MODULE_MM = 4 * DOT_MM
const QUIET_MODULES = 4

const MARGIN_MM = 1.5
// GTIN and lot stand on two lines below the code.
const HUMAN_MM = 2.3
const HUMAN_TOP_FROM_BOTTOM_MM = 6
const LINE_GAP_MM = 0.75

/**
 * A label as SVG, one unit a millimetre: the GS1 Digital Link as a QR code, GTIN and lot in letters, what the fruit
 * is and where it comes from. Nothing is scaled: a module is a whole number of printer dots at 203 dpi.
 * Throws `input-invalid` when the link is too long for a code of this size.
 */
export function labelSvg(lot: Lot, text: LabelText, size: LabelSize = LABEL_SIZES[0] as LabelSize): string {
  const { widthMm, heightMm } = size
  const code = codeThatFits(lot.uri, heightMm - HUMAN_TOP_FROM_BOTTOM_MM)
  const side = (code.length + QUIET_MODULES * 2) * MODULE_MM
  const left = side
  const lines = linesThatFit(lot, text, widthMm - left - MARGIN_MM, heightMm - HUMAN_TOP_FROM_BOTTOM_MM)
  const drawn = lines.map(
    ({ line, mm, isBold, y }) =>
      `<text x="${left.toFixed(2)}" y="${y.toFixed(2)}" font-size="${mm}"${isBold ? ' font-weight="700"' : ''}>${escapeHtml(line)}</text>`,
  )
  const human = [`(01) ${lot.gtin}`, `(10) ${lot.lot}`].map(
    (line, index) =>
      `<text x="2" y="${(heightMm - 4 + index * 2.7).toFixed(2)}" font-size="${HUMAN_MM}" font-family="'DejaVu Sans Mono', monospace">${escapeHtml(line)}</text>`,
  )
  const squares = code.flatMap((row, rowIndex) =>
    row.flatMap((isDark, column) => (isDark ? [`M${column} ${rowIndex}h1v1h-1z`] : [])),
  )
  const origin = (QUIET_MODULES * MODULE_MM).toFixed(5)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthMm}mm" height="${heightMm}mm" viewBox="0 0 ${widthMm} ${heightMm}" role="img" ` +
    `aria-label="${escapeHtml(`${lot.productVi} ${lot.lot}`.trim())}"><rect width="${widthMm}" height="${heightMm}" fill="#fff"/>` +
    `<path transform="translate(${origin} ${origin}) scale(${MODULE_MM.toFixed(5)})" d="${squares.join('')}" fill="#000" shape-rendering="crispEdges"/>` +
    `<g font-family="'Noto Sans', 'DejaVu Sans', Arial, sans-serif" fill="#000">${drawn.join('')}${human.join('')}</g></svg>`
  )
}

/** The code's modules, row by row. bwip-js also checks the AIs: a wrong check digit does not get on a label. */
export function qrModules(uri: string, correction: 'M' | 'L' = 'M'): boolean[][] {
  const [drawn] = bwip.raw({ bcid: 'gs1dlqrcode', text: uri, eclevel: correction } as never) as unknown as [
    { pixs: number[]; pixx: number; pixy: number },
  ]
  return Array.from({ length: drawn.pixy }, (_, row) =>
    Array.from({ length: drawn.pixx }, (_, column) => drawn.pixs[row * drawn.pixx + column] === 1),
  )
}

/** With error correction M where there is room, with L where the province's address is long. */
function codeThatFits(uri: string, roomMm: number): boolean[][] {
  for (const correction of ['M', 'L'] as const) {
    const code = qrModules(uri, correction)
    if ((code.length + QUIET_MODULES * 2) * MODULE_MM <= roomMm) return code
  }
  throw new VuonError('input-invalid', `The link of ${uri.length} characters does not fit this label.`, {
    hint: 'Take the larger label, or a shorter public address at the province.',
  })
}

interface Line {
  readonly line: string
  readonly mm: number
  readonly isBold: boolean
  readonly y: number
}

/** From top to bottom; where the label is too small, the English name goes first, then the place is shortened. */
function linesThatFit(lot: Lot, text: LabelText, roomMm: number, heightMm: number): Line[] {
  const part = (content: string, mm: number, atMost: number, isBold = false) =>
    wrapText(content, roomMm, mm, atMost, isBold).map((line) => ({ line, mm, isBold }))
  const harvested = `Thu hoạch ${text.harvestedOn}`
  const date =
    textWidth(harvested, 2.1) <= roomMm
      ? part(harvested, 2.1, 1)
      : [...part('Thu hoạch', 2.1, 1), ...part(text.harvestedOn, 2.1, 1)]
  const build = (englishLines: number, placeLines: number) => [
    ...part(lot.productVi || lot.crop, 2.9, 2, true),
    ...(englishLines > 0 ? part(lot.productEn, 2.1, englishLines) : []),
    ...part(text.place, 2.1, placeLines),
    ...date,
    ...part(`${formatKg(lot.massKg)} kg`, 2.1, 1),
  ]
  for (const [english, place] of [
    [2, 3],
    [2, 2],
    [1, 2],
    [0, 2],
  ] as const) {
    const placed = downward(build(english, place))
    if ((placed.at(-1)?.y ?? 0) <= heightMm) return placed
  }
  return downward(build(0, 1)).filter(({ y }) => y <= heightMm)
}

function downward(lines: readonly Omit<Line, 'y'>[]): Line[] {
  let y = MARGIN_MM
  return lines.map((line) => {
    y += line.mm
    const placed = { ...line, y }
    y += LINE_GAP_MM
    return placed
  })
}

const formatKg = (massKg: number): string => massKg.toLocaleString('vi-VN', { maximumFractionDigits: 1 })
