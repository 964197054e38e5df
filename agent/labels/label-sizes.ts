/** What labels are printed on: stickers of a fixed size, and rolls of paper that are cut where the label ends. */
export interface LabelSize {
  readonly name: string
  readonly widthMm: number
  /** Null for a roll. */
  readonly heightMm: number | null
}

/** The first is the one that the box proposes where no printer is set up. */
export const LABEL_SIZES: readonly LabelSize[] = [
  { name: '50x30', widthMm: 50, heightMm: 30 },
  { name: '60x40', widthMm: 60, heightMm: 40 },
  { name: '70x50', widthMm: 70, heightMm: 50 },
  { name: '100x70', widthMm: 100, heightMm: 70 },
  { name: '100x150', widthMm: 100, heightMm: 150 },
  // Receipt rolls of 58 and 80 mm; the heads of their printers are 48 and 72 mm wide.
  { name: 'roll58', widthMm: 48, heightMm: null },
  { name: 'roll80', widthMm: 72, heightMm: null },
]

export const isRoll = (size: LabelSize): boolean => size.heightMm === null

export const PRINTER_LANGUAGES = ['zpl', 'tspl', 'escpos'] as const
export type PrinterLanguage = (typeof PRINTER_LANGUAGES)[number]

/** What heads there are for each language. Heads called 203 dpi have 8 dots a millimetre, which is 203.2. */
export const DPIS = [180, 203, 300, 600] as const
export type Dpi = (typeof DPIS)[number]

export const dotMmOf = (dpi: Dpi): number => (dpi === 203 ? 1 / 8 : 25.4 / dpi)

/** Receipt printers cut rolls and have coarse heads; label printers take stickers. */
export const isPrintable = (language: PrinterLanguage, size: LabelSize, dpi: Dpi): boolean =>
  language === 'escpos' ? isRoll(size) && dpi <= 203 : !isRoll(size) && dpi >= 203
