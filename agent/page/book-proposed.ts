import type { ActivityType } from '#contract/wire/farm-book.ts'
import type { BookDoor, BookLine } from './book-door.ts'
import { detailsOf, FORMS } from './book-forms.ts'
import type { BookTyped } from './book-typed.ts'
import type { FarmBookDoor, PlotCard } from './page-sources.ts'

/** What a new form proposes: the plot that was asked for or worked on last, today, and the values of last time there. */
export function proposedEntry(
  type: ActivityType,
  farm: Pick<FarmBookDoor, 'plots' | 'today'>,
  lines: readonly BookLine[],
  asked: {
    readonly typed: BookTyped
    readonly token: string
    readonly isClockUnknown: boolean
    readonly packingHouse: string
  },
): { typed: BookTyped; isProposed: boolean } {
  const shape = FORMS[type]
  const ofType = lines.filter(({ isStanding, activity }) => isStanding && activity.type === type)
  const wanted = asked.typed['plot']
  const known = (id: string | undefined): PlotCard | undefined => farm.plots.find((plot) => plot.id === id)
  const plot =
    shape.plot === 'needed'
      ? (known(wanted) ??
        known(ofType[0]?.activity.plot) ??
        (farm.plots.length === 1 ? farm.plots[0] : undefined))
      : known(wanted)
  const last = ofType.find(({ activity }) => shape.plot !== 'needed' || activity.plot === plot?.id)
  const proposed = last ? textsOf(last, shape.proposes) : {}
  // A product on the list says the rest itself.
  const fromList =
    proposed['productId'] === undefined ? {} : { product: '', activeSubstance: '', registrationNo: '' }
  return {
    typed: {
      ...(plot && detailsOf(type).includes('areaHa') ? { areaHa: written(plot.areaHa) } : {}),
      ...(asked.packingHouse !== '' && type === 'packed' ? { packingHouse: asked.packingHouse } : {}),
      ...proposed,
      ...fromList,
      ...asked.typed,
      plot: plot?.id ?? '',
      // A box that does not know the date proposes none: the person has to look at a calendar.
      day: asked.typed['day'] ?? (asked.isClockUnknown ? '' : farm.today()),
      token: asked.token,
    },
    isProposed: Object.keys(proposed).length > 0,
  }
}

/** An entry as its form would hold it: what a correction begins with. */
export function typedEntry({ activity }: BookLine, book: Pick<BookDoor, 'whenOf'>, token: string): BookTyped {
  const { type, plot, at, details, photos = [], outputs = [] } = activity
  const [day = '', time = ''] = book.whenOf(at).split(' ')
  const [given] = FORMS[type].givesLot ? outputs : []
  const came = FORMS[type].lots === 'comes' ? outputs : []
  // What the list says is not typed again; other days than its own were.
  const byList = [
    'product',
    'activeSubstance',
    'registrationNo',
    ...(details['phiMarket'] === undefined ? [] : ['phiDays']),
  ]
  const byName = details['productId'] === undefined ? [] : byList
  return {
    ...textsOf(
      { activity },
      Object.keys(details).filter((name) => !byName.includes(name)),
    ),
    ...{ plot, day, token, photoKept: photos.join(',') },
    ...(type === 'irrigated' || type === 'sprayed' ? { time } : {}),
    ...(given
      ? {
          givesGtin: given.gtin,
          givesKg: written(given.massKg),
          givesCount: given.count === undefined ? '' : `${given.count}`,
        }
      : {}),
    ...Object.fromEntries(
      came.flatMap(({ gtin, lot, massKg }, at) => [
        [`scan-${at}`, `${gtin} ${lot}`],
        [`scankg-${at}`, written(massKg)],
      ]),
    ),
  }
}

/** Masses that an entry took, at the lines of the lots that its form lists; the rest as lots of others. */
export function typedShares(line: BookLine, listed: readonly { gtin: string; lot: string }[]): BookTyped {
  const { details, inputs = [], type } = line.activity
  if (type === 'dispatched' && details['sscc'] !== undefined) return {}
  const typed: Record<string, string> = {}
  let other = 0
  for (const { gtin, lot, massKg } of inputs) {
    const at = listed.findIndex((each) => each.gtin === gtin && each.lot === lot)
    if (at >= 0) typed[`kg-${at}`] = written(massKg)
    else {
      typed[`scan-${other}`] = `${gtin} ${lot}`
      typed[`scankg-${other}`] = written(massKg)
      other++
    }
  }
  return typed
}

const textsOf = (
  { activity }: Pick<BookLine, 'activity'>,
  names: readonly string[],
): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = activity.details[name]
      return value === undefined ? [] : [[name, typeof value === 'number' ? written(value) : value]]
    }),
  )

/** A number that the form reads back as the same: at most two or more than three decimals are never a thousand. */
function written(value: number): string {
  const text = String(value)
  const [, decimals = ''] = text.split('.')
  return (decimals.length === 3 ? `${text}0` : text).replace('.', ',')
}
