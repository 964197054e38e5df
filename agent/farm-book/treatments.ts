import { type PreHarvestAnswer, preHarvest, type Treatment } from '#contract/trace/pre-harvest.ts'
import type { ProductEntry } from '#contract/wire/farm-book.ts'
import type { KeptActivity } from './book-entries.ts'
import { dayAfter } from './calendar.ts'
import type { Details } from './details.ts'
import { intervalFor } from './products.ts'
import { Refusal } from './refusal.ts'

/**
 * What was sprayed on a plot, and what was spread whose label states an interval: a fertiliser without one keeps no
 * harvest waiting and is no treatment that the rule could miss.
 */
export function treatmentsOf(
  standing: readonly KeptActivity[],
  plot: string,
  dayOf: (ms: number) => string,
): Treatment[] {
  return standing.flatMap(({ activity: { activityId, type, plot: where, at, details } }) => {
    const phiDays = typeof details['phiDays'] === 'number' ? details['phiDays'] : undefined
    const counts = type === 'sprayed' || (type === 'fertilised' && phiDays !== undefined)
    if (!counts || where !== plot) return []
    return [{ activityId, appliedOn: dayOf(at), phiDays, product: String(details['product'] ?? '') }]
  })
}

/** Whether fruit of a plot may be picked on a day, by what the book says now. */
export const preHarvestOf = (
  standing: readonly KeptActivity[],
  plot: string,
  day: string,
  dayOf: (ms: number) => string,
): PreHarvestAnswer => preHarvest(treatmentsOf(standing, plot, dayOf), day)

/** First day on which fruit may be picked again after a treatment; undefined where it has no interval. */
export const phiUntil = (day: string, { phiDays }: Details): string | undefined =>
  typeof phiDays === 'number' ? dayAfter(day, phiDays) : undefined

/**
 * A treatment's details with what the product list says of its product. Other words than the label's are refused; other
 * days than its interval are taken with a reason only, and then no market is named.
 */
export function fromProductList(
  details: Details,
  products: readonly ProductEntry[],
  farm: {
    readonly crop: string
    readonly markets: readonly string[]
    readonly why: string
    readonly isNew: boolean
  },
): Details {
  const { productId } = details
  if (productId === undefined || productId === '') return details
  const product = products.find((each) => each.productId === productId)
  if (!product) throw new Refusal('productId', 'unknown-product', 'There is no such product in the list.')
  if (product.isRetired && farm.isNew)
    throw new Refusal('productId', 'retired-product', `${product.name} was taken off the list.`, {
      product: product.name,
    })
  const { name, activeSubstance, registrationNo } = product
  const label = { product: name, activeSubstance, registrationNo }
  for (const [field, says] of Object.entries(label)) {
    const typed = details[field]
    if (typed !== undefined && typed !== '' && typed !== says)
      throw new Refusal(field, 'differs-from-product', `The product list says “${says}”.`, { says })
  }
  const interval = intervalFor(product.intervals, farm.crop, farm.markets)
  const typedDays = details['phiDays']
  if (interval === null || (typedDays !== undefined && typedDays !== interval.days)) {
    if (interval !== null && farm.why === '')
      throw new Refusal(
        'phiDays',
        'interval-differs',
        `The label says ${interval.days} days; say why it was other.`,
        {
          days: interval.days,
          market: interval.market,
        },
      )
    const { phiMarket: _, ...rest } = details
    return { ...rest, ...label }
  }
  return { ...details, ...label, phiDays: interval.days, phiMarket: interval.market }
}
