import { MAX_PHI_DAYS } from '#contract/trace/pre-harvest.ts'
import {
  MAX_INTERVALS,
  PRODUCT_KINDS,
  type PreHarvestInterval,
  type ProductEntry,
  type ProductKind,
} from '#contract/wire/farm-book.ts'
import { checkedText } from './details.ts'
import { Refusal } from './refusal.ts'

/** A product as a person reads it from its label. Without `productId` it is a new one. */
export interface ProductInput {
  readonly productId?: string | undefined
  readonly name: string
  readonly productKind: ProductKind
  readonly activeSubstance: string
  readonly registrationNo: string
  readonly intervals: readonly PreHarvestInterval[]
}

/** A market that stands for every one that has no interval of its own. */
export const ANY_MARKET = 'any'

const isMarket = (text: string): boolean => text === ANY_MARKET || /^[A-Z]{2,3}$/.test(text)

/** The entry of a product, checked against the list that there is. Throws Refusal with the field. */
export function productEntry(
  input: ProductInput,
  products: readonly ProductEntry[],
  newId: () => string,
): ProductEntry {
  const { productKind } = input
  if (!PRODUCT_KINDS.includes(productKind))
    throw new Refusal('productKind', 'not-one-of', 'This is no kind of product.', {
      choices: PRODUCT_KINDS.join(', '),
    })
  const text = (name: 'name' | 'activeSubstance' | 'registrationNo'): string => checkedText(name, input[name])
  const [name, activeSubstance, registrationNo] = [
    text('name'),
    text('activeSubstance'),
    text('registrationNo'),
  ]
  // What a spray has to say is on the label of every pesticide.
  const needed = productKind === 'pesticide' ? { name, activeSubstance, registrationNo } : { name }
  for (const [field, value] of Object.entries(needed))
    if (value === '') throw new Refusal(field, 'missing', `${field} is missing; it stands on the label.`)
  const known = input.productId === undefined ? undefined : found(input.productId, products)
  const twin = products.find(
    (each) =>
      !each.isRetired &&
      each.productId !== known?.productId &&
      each.name.toLocaleLowerCase('vi') === name.toLocaleLowerCase('vi') &&
      each.registrationNo === registrationNo,
  )
  if (twin) throw new Refusal('name', 'known-product', `${name} is in the list already.`, { product: name })
  return {
    kind: 'product',
    productId: known?.productId ?? newId(),
    ...{ name, productKind, activeSubstance, registrationNo },
    intervals: checkedIntervals(input.intervals),
    isRetired: false,
  }
}

/** The same product, no longer offered, or offered again. Throws Refusal. */
export function retiredEntry(
  productId: string,
  products: readonly ProductEntry[],
  isRetired: boolean,
): ProductEntry {
  const { name, productKind, activeSubstance, registrationNo, intervals } = found(productId, products)
  return {
    kind: 'product',
    productId,
    name,
    productKind,
    activeSubstance,
    registrationNo,
    intervals,
    isRetired,
  }
}

function found(productId: string, products: readonly ProductEntry[]): ProductEntry {
  const product = products.find((each) => each.productId === productId)
  if (!product) throw new Refusal('productId', 'unknown-product', 'There is no such product in the list.')
  return product
}

function checkedIntervals(intervals: readonly PreHarvestInterval[]): PreHarvestInterval[] {
  if (intervals.length > MAX_INTERVALS)
    throw new Refusal('intervals', 'too-many', `More than ${MAX_INTERVALS} intervals.`, {
      count: MAX_INTERVALS,
    })
  const seen = new Set<string>()
  return intervals.map(({ crop, market, days }) => {
    if (!/^[a-z][a-z0-9-]{0,40}$/.test(crop))
      throw new Refusal('intervals', 'other-crop', 'This is no name of a crop.', { crop: crop.slice(0, 40) })
    if (!isMarket(market))
      throw new Refusal('intervals', 'not-one-of', 'A market is two or three capital letters, or any.', {
        choices: 'CN, US, EU, JP, KR, any',
      })
    if (!Number.isInteger(days) || days < 0 || days > MAX_PHI_DAYS)
      throw new Refusal('intervals', 'out-of-bounds', `Days are a whole number from 0 to ${MAX_PHI_DAYS}.`, {
        low: 0,
        high: MAX_PHI_DAYS,
      })
    const key = `${crop} ${market}`
    if (seen.has(key)) throw new Refusal('intervals', 'twice', `${crop} for ${market} stands there twice.`)
    seen.add(key)
    return { crop, market, days }
  })
}

/** The interval that holds for a crop on this farm. */
export interface IntervalAnswer {
  readonly days: number
  /** Whose it is; `any` where the label makes no difference. */
  readonly market: string
  /** Markets that the farm sells to and of which the label says nothing. */
  readonly unknownFor: readonly string[]
}

/**
 * The strictest interval of the markets that the farm sells to; of all markets on the label where it names none. A
 * market without an interval of its own has that of `any`. Null when the label says nothing for this crop.
 */
export function intervalFor(
  intervals: readonly PreHarvestInterval[],
  crop: string,
  markets: readonly string[],
): IntervalAnswer | null {
  const ofCrop = intervals.filter((each) => each.crop === crop)
  const general = ofCrop.find(({ market }) => market === ANY_MARKET)
  const own = (wanted: string) => ofCrop.find(({ market }) => market === wanted) ?? general
  const holding = markets.length === 0 ? ofCrop : markets.flatMap((market) => own(market) ?? [])
  const strictest = holding.reduce<PreHarvestInterval | undefined>(
    (longest, each) => (longest === undefined || each.days > longest.days ? each : longest),
    undefined,
  )
  if (!strictest) return null
  const { days, market } = strictest
  return { days, market, unknownFor: markets.filter((each) => own(each) === undefined) }
}
