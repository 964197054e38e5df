import { whenOf, writtenAt } from './farm-book/calendar.ts'
import { diaryCsv } from './farm-book/diary-csv.ts'
import { diaryTable } from './farm-book/diary-html.ts'
import type { FarmBook } from './farm-book/farm-book.ts'
import type { BookDoor } from './page/book-door.ts'

// A phone of the shed draws two thousand rows in a second or two; the files hold everything.
const MAX_LINES = 2000

/** What the box's page asks of the farm book. */
export function bookSource(
  book: FarmBook,
  zoneOffset: string,
  outside: {
    readonly now: () => number
    readonly farm: () => { readonly name: string; readonly commune: string; readonly province: string } | null
  },
): BookDoor {
  const written = (ms: number) => writtenAt(ms, zoneOffset)
  return {
    packingHouse: book.settings.packingHouse?.code ?? '',
    markets: book.settings.markets,
    canStack: book.settings.ssccPrefix !== undefined,
    dayOf: (ms) => book.dayOf(ms),
    writtenAt: written,
    whenOf: (ms) => whenOf(ms, zoneOffset),
    record: (entry) => book.recordActivity(entry),
    correct: (activityId, entry) => book.correct(activityId, entry),
    withdraw: (activityId, by) => book.withdraw(activityId, by),
    activities: () => book.activities(),
    products: () => book.productList(),
    saveProduct: (product) => book.saveProduct(product),
    retireProduct: (productId, isRetired) => book.retireProduct(productId, isRetired),
    interval: (product, plot) => book.intervalOn(product, plot),
    stock: () => book.stock(),
    preHarvest: (plot, day) => book.preHarvest(plot, day),
    diary: async (scope, language) => {
      const printedAt = written(outside.now())
      const lines = await book.diary(scope)
      const isCut = lines.length > MAX_LINES
      return diaryTable(language, lines.slice(-MAX_LINES), { farm: outside.farm(), scope, printedAt, isCut })
    },
    diaryFile: async (scope, format, language) => {
      const lines = await book.diary(scope)
      return format === 'csv'
        ? diaryCsv(language, lines)
        : `${JSON.stringify(await book.diaryEpcis(lines), null, 2)}\n`
    },
  }
}
