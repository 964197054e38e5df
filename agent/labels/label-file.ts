import { utf8 } from '#contract/ground/bytes.ts'
import { Bitmap } from './bitmap.ts'
import { escposOf } from './escpos.ts'
import { drawOn, type LabelDrawing } from './label-drawing.ts'
import { LabelRefusal } from './label-refusal.ts'
import { type Dpi, isPrintable, type LabelSize, type PrinterLanguage } from './label-sizes.ts'
import { pdfOf } from './pdf.ts'
import { pngOf } from './png.ts'
import { svgOf } from './svg.ts'
import { tsplOf } from './tspl.ts'
import { zplOf } from './zpl.ts'

export const LABEL_FORMATS = ['svg', 'png', 'pdf', 'zpl', 'tspl', 'escpos'] as const
export type LabelFormat = (typeof LABEL_FORMATS)[number]

// A roll holds some hundreds; a slip of the finger must not print one empty.
export const MOST_COPIES = 100

export interface FileWish {
  readonly size: LabelSize
  readonly dpi: Dpi
  readonly copies: number
  /** Between two stickers. */
  readonly gapMm: number
}

export interface LabelFile {
  readonly bytes: Uint8Array
  /** Media type. */
  readonly type: string
  /** Of a file's name. */
  readonly ending: string
}

/** A label in any format. Throws LabelRefusal for what no such printer prints. */
export function labelFile(drawing: LabelDrawing, format: LabelFormat, wish: FileWish): LabelFile {
  if (format === 'svg')
    return { bytes: utf8(svgOf(drawing)), type: 'image/svg+xml; charset=utf-8', ending: 'svg' }
  if (format === 'pdf') return { bytes: pdfOf(drawing), type: 'application/pdf', ending: 'pdf' }
  if (format !== 'png') checkPrintable(format, wish)
  const bitmap = new Bitmap(drawing.widthDots, drawing.heightDots)
  drawOn(bitmap, drawing)
  if (format === 'png') return { bytes: pngOf(bitmap, drawing.dotMm), type: 'image/png', ending: 'png' }
  const bytes = printerBytes(bitmap, format, wish)
  return {
    bytes,
    type: 'application/octet-stream',
    ending: { zpl: 'zpl', tspl: 'prn', escpos: 'bin' }[format],
  }
}

function printerBytes(
  bitmap: Bitmap,
  language: PrinterLanguage,
  { size, gapMm, copies }: FileWish,
): Uint8Array {
  if (language === 'zpl') return zplOf(bitmap, copies)
  if (language === 'escpos') return escposOf(bitmap, copies)
  return tsplOf(bitmap, { widthMm: size.widthMm, heightMm: size.heightMm ?? 0, gapMm }, copies)
}

function checkPrintable(language: PrinterLanguage, { size, dpi, copies }: FileWish): void {
  if (!Number.isInteger(copies) || copies < 1 || copies > MOST_COPIES)
    throw new LabelRefusal('copies', `${copies} copies are not printed at once.`, {
      hint: `From 1 to ${MOST_COPIES}.`,
      facts: { most: MOST_COPIES },
    })
  if (isPrintable(language, size, dpi)) return
  throw new LabelRefusal('other-printer', `No ${language} printer prints ${size.name} at ${dpi} dpi.`, {
    hint:
      language === 'escpos'
        ? 'Receipt printers (escpos) print roll58 and roll80 at 180 or 203 dpi.'
        : 'Label printers (zpl, tspl) print 50x30 to 100x150 at 203, 300 or 600 dpi.',
    facts: { size: size.name },
  })
}
