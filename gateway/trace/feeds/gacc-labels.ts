import { csvOf, type FeedAdapter } from './feed-adapter.ts'
import type { FeedArea, FeedData, FeedLot } from './feed-data.ts'

/**
 * What a box of fruit for China says on its label, in Chinese or English: fruit, country, orchard name or number,
 * packing-house name or number, and that it goes to China (the pattern of the signed fruit protocols; dragon fruit has
 * none of its own). A row for each lot that was packed, or is sent as it was picked.
 */
interface GaccLabel {
  readonly fruitEn: string
  readonly fruitZh: string
  readonly country: string
  readonly countryZh: string
  readonly orchardCode: string
  readonly orchardName: string
  readonly packingHouseCode: string
  readonly packingHouseName: string
  readonly packedOn: string
  readonly gtin: string
  readonly lot: string
  readonly massKg: number
  readonly statement: string
  readonly link: string
  /** Whether orchard and packing house are registered for China here: `yes`, `no`, or `unknown` where nobody said. */
  readonly isRegisteredForChina: 'yes' | 'no' | 'unknown'
}

const CHINESE: Readonly<Record<string, string>> = {
  'dragon-fruit': '火龙果',
  durian: '榴莲',
  coffee: '咖啡',
  mango: '芒果',
  chilli: '辣椒',
}
const ENGLISH: Readonly<Record<string, string>> = {
  'dragon-fruit': 'Dragon fruit',
  durian: 'Durian',
  coffee: 'Coffee',
  mango: 'Mango',
  chilli: 'Chilli',
}

const COLUMNS: readonly (keyof GaccLabel)[] = [
  'fruitEn',
  'fruitZh',
  'country',
  'countryZh',
  'orchardCode',
  'orchardName',
  'packingHouseCode',
  'packingHouseName',
  'packedOn',
  'gtin',
  'lot',
  'massKg',
  'statement',
  'link',
  'isRegisteredForChina',
]

const purpose = 'box-label data for fruit to China: orchard, packing house, product, country (GACC)'

export const gaccCsv: FeedAdapter = {
  name: 'gacc-label-csv',
  purpose,
  mediaType: 'text/csv',
  ending: 'csv',
  write: (data) =>
    csvOf(
      COLUMNS,
      labelsOf(data).map((label) => ({ ...label })),
    ),
}

export const gaccJson: FeedAdapter = {
  name: 'gacc-label-json',
  purpose,
  mediaType: 'application/json',
  ending: 'json',
  write: (data) => `${JSON.stringify({ labels: labelsOf(data) }, null, 2)}\n`,
}

function labelsOf(data: FeedData): GaccLabel[] {
  return data.lots.filter(isLabelled).flatMap((lot) => {
    const packed = lot.steps.find(({ type }) => type === 'packed')
    const house = String(packed?.details['packingHouse'] ?? '')
    const orchards = unique(lot.parts.map(({ areaCode }) => areaCode ?? ''))
    // Boxes of two orchards are two labels; a lot whose orchard has no code has one that says so by its absence.
    return (orchards.length > 0 ? orchards : ['']).map((orchard): GaccLabel => {
      const [area, place] = [areaOf(data, orchard, 'growing-area'), areaOf(data, house, 'packing-house')]
      return {
        fruitEn: ENGLISH[lot.crop] ?? (lot.productEn || lot.crop),
        fruitZh: CHINESE[lot.crop] ?? '',
        country: 'Viet Nam',
        countryZh: '越南',
        orchardCode: orchard,
        orchardName: area?.commune ? `${orchard}, ${area.commune}` : lot.commune,
        packingHouseCode: house,
        packingHouseName: place?.commune ? `${house}, ${place.commune}` : house,
        packedOn: data.calendar.dayOf(packed?.at ?? lot.parts[0]?.harvestedAt ?? 0),
        gtin: lot.gtin,
        lot: lot.lot,
        massKg: lot.massKg,
        statement: "Exported to the People's Republic of China / 输往中华人民共和国",
        link: lot.link,
        isRegisteredForChina: registered([area, ...(house === '' ? [] : [place])]),
      }
    })
  })
}

/** A lot that went into another one has no box of its own; one that was sent elsewhere only is not for China. */
function isLabelled({ steps, parts, lot }: FeedLot): boolean {
  const isOfHarvest = parts.some((part) => part.lot === lot)
  if (isOfHarvest && steps.some(({ type }) => type === 'packed')) return false
  const markets = steps.filter(({ type }) => type === 'dispatched').map(({ details }) => details['market'])
  return markets.length === 0 || markets.some((market) => market === 'CN')
}

function registered(areas: readonly (FeedArea | undefined)[]): GaccLabel['isRegisteredForChina'] {
  const said = areas.map((area) =>
    area === undefined || area.markets.length === 0 ? 'unknown' : area.markets.includes('CN') ? 'yes' : 'no',
  )
  if (said.includes('no')) return 'no'
  return said.includes('unknown') ? 'unknown' : 'yes'
}

const areaOf = ({ areas }: FeedData, code: string, kind: string): FeedArea | undefined =>
  code === '' ? undefined : areas.find((area) => area.code === code && area.kind === kind)

const unique = (texts: readonly string[]): string[] => [...new Set(texts.filter(Boolean))]
