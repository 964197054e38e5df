import type { LotCard } from './page-sources.ts'

/** What the page asks of the room that makes and prints labels; `agent.ts` hands it in. */
export interface LabelDoor {
  readonly sizes: readonly LabelSizeCard[]
  /** In the order of the config. */
  readonly printers: readonly PrinterCard[]
  readonly mostCopies: number
  /** A label as a file, or why there is none. */
  file(lot: LotCard, wish: LabelWish, format: LabelFormat): Promise<LabelFile | LabelRefused>
  /**
   * Prints each order once; the same order again gives the same answer, and with another wish `other-order`. A label
   * that can't be made is refused before anything is sent.
   */
  print(
    order: string,
    lot: LotCard,
    wish: LabelWish,
    printer: string,
    copies: number,
  ): Promise<PrintSaid | LabelRefused>
  /** What became of an order; undefined when nobody remembers. */
  outcomeOf(order: string): Promise<PrintSaid | undefined>
}

export interface LabelSizeCard {
  readonly name: string
  readonly widthMm: number
  /** Null for a roll. */
  readonly heightMm: number | null
}

export interface PrinterCard {
  readonly name: string
  readonly language: 'zpl' | 'tspl' | 'escpos'
  readonly dpi: number
  /** Names of what is in it, and of all that it could print. */
  readonly size: string
  readonly fits: readonly string[]
  readonly isOnNetwork: boolean
}

export const LABEL_FORMATS = ['svg', 'png', 'pdf', 'zpl', 'tspl', 'escpos'] as const
export type LabelFormat = (typeof LABEL_FORMATS)[number]

export interface LabelWish {
  readonly size: string
  readonly dpi: number
  readonly market: 'home' | 'china'
}

export interface LabelFile {
  readonly bytes: Uint8Array
  readonly type: string
  readonly ending: string
}

export interface LabelRefused {
  readonly refused: string
  readonly facts: Readonly<Record<string, string | number>>
}

export type PrintSaid =
  | { readonly kind: 'taken' }
  | { readonly kind: 'not-sent' | 'unsure'; readonly reason: string; readonly detail: string }
