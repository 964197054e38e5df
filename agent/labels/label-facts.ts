/** What a label says of a lot, as it is written there. */
export interface LabelFacts {
  readonly gtin: string
  readonly lot: string
  /** The Digital Link that the code carries. */
  readonly uri: string
  readonly productVi: string
  /** '' where nobody gave one. */
  readonly productEn: string
  /** DD/MM/YYYY, as people here write it: of the harvest, or of the packing where nobody here knows the harvest. */
  readonly day: string
  readonly isDayOf: 'harvest' | 'packing'
  readonly massKg: number
  /** Commune and province; '' while the box is not claimed. */
  readonly place: string
  /** Codes of the growing area and of the packing house; '' where there is none. */
  readonly growingArea: string
  readonly packingHouse: string
}

/** `china`: with the lines that its customs (GACC) want on a box. */
export const MARKETS = ['home', 'china'] as const
export type Market = (typeof MARKETS)[number]

/** One thing to say. What never goes stands on the label, or there is no label; the rest makes room where it must. */
export interface Statement {
  readonly text: string
  readonly isProduct: boolean
  /** A name may go over lines; a date or a code that is broken is read wrongly sooner. */
  readonly breaks: boolean
  readonly goes: 'never' | 'first' | 'second'
}

/** From top to bottom. */
export function statementsOf(facts: LabelFacts, market: Market): Statement[] {
  const { productVi, productEn, place, growingArea, packingHouse } = facts
  const kept = (text: string): Statement => ({ text, isProduct: false, breaks: false, goes: 'never' })
  const dayWords = DAY_WORDS[facts.isDayOf]
  const product: Statement = { ...kept(productVi), isProduct: true, breaks: true }
  const home: Statement[] = [
    product,
    { ...kept(productEn), breaks: true, goes: 'first' },
    { ...kept(place), breaks: true, goes: 'second' },
    kept(`${dayWords.vi} ${facts.day}`),
    kept(`${kilograms(facts.massKg)} kg`),
    kept(growingArea && `Vùng trồng ${growingArea}`),
    kept(packingHouse && `Đóng gói ${packingHouse}`),
  ]
  // What the protocols for fruit ask for on a box, in Chinese or English: fruit, country, orchard, packing house.
  const china: Statement[] = [
    product,
    { ...kept(productEn), breaks: true },
    kept('Product of Viet Nam'),
    kept(`Orchard: ${growingArea}`),
    kept(`Packing house: ${packingHouse}`),
    { ...kept("Exported to the People's Republic of China"), breaks: true },
    { ...kept(place), breaks: true, goes: 'first' },
    { ...kept(`${dayWords.vi} / ${dayWords.en} ${facts.day}`), breaks: true },
    kept(`${kilograms(facts.massKg)} kg`),
  ]
  return (market === 'china' ? china : home).filter(({ text }) => text !== '')
}

const DAY_WORDS = {
  harvest: { vi: 'Thu hoạch', en: 'harvested' },
  packing: { vi: 'Ngày đóng gói', en: 'packed' },
}

const kilograms = (massKg: number): string => massKg.toLocaleString('vi-VN', { maximumFractionDigits: 1 })
