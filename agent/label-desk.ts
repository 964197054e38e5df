import type { Clock } from '#contract/ground/clock.ts'
import type { BookEntries } from './farm-book/book-entries.ts'
import type { FarmBook, Lot } from './farm-book/farm-book.ts'
import { originOf } from './label-origin.ts'
import type { LabelFacts } from './labels/label-facts.ts'
import { type FileWish, LABEL_FORMATS, labelFile, MOST_COPIES } from './labels/label-file.ts'
import { layoutLabel } from './labels/label-layout.ts'
import { LabelRefusal } from './labels/label-refusal.ts'
import { isPrintable, LABEL_SIZES, type LabelSize } from './labels/label-sizes.ts'
import { DevicePrinter } from './labels/printing/device-printer.ts'
import { PrintDesk } from './labels/printing/print-desk.ts'
import type { PrinterPort } from './labels/printing/printer-port.ts'
import { TcpPrinter } from './labels/printing/tcp-printer.ts'
import { dayOnLabel } from './local-time.ts'
import type {
  LabelDoor,
  LabelFile,
  LabelFormat,
  LabelRefused,
  LabelWish,
  PrintSaid,
} from './page/label-door.ts'
import { cropName } from './page/wording.ts'
import { dpiOf, type PrinterConfig, tcpAddressOf } from './printer-config.ts'

export interface LabelDeskOptions {
  readonly printers: readonly PrinterConfig[]
  readonly timeZone: string
  readonly clock: Clock
  /** What was done, with what still stands. */
  readonly book: Pick<FarmBook, 'activities'>
  /** The lots as they were written down. */
  readonly entries: Pick<BookEntries, 'lots'>
  /** Where the farm lies; null while the box is not claimed. */
  readonly farm: () => { readonly commune: string; readonly province: string } | null
}

// What a sticker's gap is, for files that a person sends to a printer by other ways.
const COMMON_GAP_MM = 2

/** From a lot of the farm book to a label, as a file or on paper. */
export class LabelDesk implements LabelDoor {
  readonly #options: LabelDeskOptions
  readonly #desk = new PrintDesk()
  readonly sizes = LABEL_SIZES
  readonly mostCopies = MOST_COPIES

  constructor(options: LabelDeskOptions) {
    this.#options = options
  }

  get printers(): LabelDoor['printers'] {
    return this.#options.printers.map(({ name, language, dpi, size, address }) => ({
      ...{ name, language, dpi, size, isOnNetwork: address !== undefined },
      fits: LABEL_SIZES.filter((each) => isPrintable(language, each, dpi)).map((each) => each.name),
    }))
  }

  async file(lot: Lot, wish: LabelWish, format: LabelFormat): Promise<LabelFile | LabelRefused> {
    return orRefused(async () => this.make(lot, wish, format, { copies: 1, gapMm: COMMON_GAP_MM }))
  }

  /** Throws LabelRefusal. */
  async make(
    lot: Lot,
    { size: asked, dpi: dots, market }: LabelWish,
    format: LabelFormat,
    more: Pick<FileWish, 'copies' | 'gapMm'>,
  ): Promise<LabelFile> {
    const [size, dpi] = [sizeNamed(asked), dpiOf(String(dots))]
    if (!size || !dpi || !LABEL_FORMATS.includes(format))
      throw new LabelRefusal('other-printer', `There is no label ${asked} at ${dots} dpi as ${format}.`, {
        hint: `Sizes: ${LABEL_SIZES.map(({ name }) => name).join(', ')}; dpi: 180, 203, 300, 600; formats: ${LABEL_FORMATS.join(', ')}.`,
        facts: { size: asked },
      })
    const drawing = layoutLabel(await this.#factsOf(lot), { size, dpi, market })
    return labelFile(drawing, format, { size, dpi, ...more })
  }

  async print(
    order: string,
    lot: Lot,
    wish: LabelWish,
    printerName: string,
    copies: number,
  ): Promise<PrintSaid | LabelRefused> {
    return orRefused(() => this.send(order, lot, wish, printerName, copies))
  }

  /** Throws LabelRefusal. */
  async send(
    order: string,
    lot: Lot,
    wish: LabelWish,
    printerName: string,
    copies: number,
  ): Promise<PrintSaid> {
    const printer = this.#options.printers.find(({ name }) => name === printerName)
    if (!printer)
      throw new LabelRefusal('other-printer', `There is no printer "${printerName}".`, {
        hint: `One of ${this.#options.printers.map(({ name }) => name).join(', ') || 'those under printers in the config: there is none'}.`,
        facts: { size: wish.size },
      })
    const { language, dpi, gapMm } = printer
    const { bytes } = await this.make(lot, { ...wish, dpi }, language, { copies, gapMm })
    const content = JSON.stringify([lot.gtin, lot.lot, wish.size, wish.market, printerName, copies])
    const outcome = await this.#desk.print(
      order,
      content,
      { name: printer.name, port: this.#portOf(printer) },
      bytes,
    )
    return outcome ?? { kind: 'not-sent', reason: 'other-order', detail: 'the form was used for another job' }
  }

  async outcomeOf(order: string): Promise<PrintSaid | undefined> {
    return this.#desk.outcomeOf(order)
  }

  /** What the lot's own entries say: where it grew, and where it was packed, if it was. */
  async #factsOf({
    gtin,
    lot,
    uri,
    crop,
    productVi,
    productEn,
    harvestedAt,
    massKg,
  }: Lot): Promise<LabelFacts> {
    if (massKg <= 0)
      throw new LabelRefusal('withdrawn', `Lot ${lot} was withdrawn: there is no fruit to label.`, {
        hint: 'Look it up in the farm book.',
      })
    const { entries, book, farm, timeZone } = this.#options
    const origin = originOf({ gtin, lot }, await book.activities(), await entries.lots())
    const where = farm()
    return {
      ...{ gtin, lot, uri, productEn, massKg },
      productVi: productVi || cropName('vi', crop),
      day: dayOnLabel(harvestedAt, timeZone),
      isDayOf: origin.isHarvestKnown ? 'harvest' : 'packing',
      place: where && origin.isOurs ? `${where.commune}, ${where.province}` : '',
      growingArea: origin.growingArea,
      packingHouse: origin.packingHouse,
    }
  }

  #portOf({ address, device = '' }: PrinterConfig): PrinterPort {
    const { clock } = this.#options
    return address === undefined
      ? new DevicePrinter(device, clock)
      : new TcpPrinter(tcpAddressOf(address), clock)
  }
}

const sizeNamed = (name: string): LabelSize | undefined => LABEL_SIZES.find((size) => size.name === name)

async function orRefused<Result>(run: () => Promise<Result>): Promise<Result | LabelRefused> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof LabelRefusal)) throw error
    return { refused: error.reason, facts: error.facts }
  }
}
