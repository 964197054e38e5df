import { isCset82, isGtin } from '#contract/trace/digital-link.ts'
import { boxCodeOf, isBoxCode, isLotNumber } from '#contract/trace/lot-number.ts'
import { type LotShare, MAX_LOT_SHARES } from '#contract/wire/farm-book.ts'
import type { KeptActivity } from './book-entries.ts'
import { Refusal } from './refusal.ts'

/** What the book knows of the fruit of one lot, kg. */
export interface LotStock {
  readonly gtin: string
  readonly lot: string
  /** Picked here, packed here, or received. */
  readonly givenKg: number
  readonly packedKg: number
  /** On pallets that the book knows, whether they have left or not. */
  readonly stackedKg: number
  /** Sent away without a pallet. */
  readonly sentKg: number
  readonly leftKg: number
  /** Activities that gave it, oldest first. */
  readonly givenBy: readonly string[]
}

export interface Pallet {
  readonly sscc: string
  readonly activityId: string
  readonly shares: readonly LotShare[]
  /** The dispatch by which it left. */
  readonly leftBy: string | null
}

// Scales of a packing shed agree within a per cent, and wet crates weigh differently: twice that, or half a kilogram.
const TOLERANCE_SHARE = 0.02
const TOLERANCE_KG = 0.5

/** How much more than a mass two scales may say it is, kg. */
export const toleranceKg = (massKg: number): number => Math.max(TOLERANCE_KG, massKg * TOLERANCE_SHARE)

export const rounded = (kg: number): number => Number(kg.toPrecision(12))

export const lotKey = ({ gtin, lot }: { readonly gtin: string; readonly lot: string }): string =>
  `${gtin} ${lot}`

/** By `lotKey`. */
export function stockOf(standing: readonly KeptActivity[]): Map<string, LotStock> {
  const stock = new Map<string, LotStock>()
  const add = (
    share: Pick<LotShare, 'gtin' | 'lot'>,
    change: Partial<Record<keyof LotStock, number>>,
    by?: string,
  ) => {
    const key = lotKey(share)
    const { gtin, lot } = share
    const before = stock.get(key) ?? {
      gtin,
      lot,
      givenKg: 0,
      packedKg: 0,
      stackedKg: 0,
      sentKg: 0,
      leftKg: 0,
      givenBy: [],
    }
    const sum = (name: 'givenKg' | 'packedKg' | 'stackedKg' | 'sentKg') =>
      rounded(before[name] + (change[name] ?? 0))
    const [givenKg, packedKg, stackedKg, sentKg] = [
      sum('givenKg'),
      sum('packedKg'),
      sum('stackedKg'),
      sum('sentKg'),
    ]
    stock.set(key, {
      ...{ gtin, lot, givenKg, packedKg, stackedKg, sentKg },
      leftKg: rounded(Math.max(0, givenKg - packedKg - stackedKg - sentKg)),
      givenBy: by === undefined ? before.givenBy : [by, ...before.givenBy],
    })
  }
  for (const { activity } of standing) {
    const { type, activityId, details, inputs = [], outputs = [] } = activity
    if (type === 'harvested') {
      const share = { gtin: String(details['gtin']), lot: String(details['lot']) }
      add(share, { givenKg: Number(details['massKg']) }, activityId)
    }
    if (type === 'packed' || type === 'received')
      for (const share of outputs) add(share, { givenKg: share.massKg }, activityId)
    if (type === 'packed') for (const share of inputs) add(share, { packedKg: share.massKg })
    if (type === 'aggregated') for (const share of inputs) add(share, { stackedKg: share.massKg })
    // What left on a pallet was counted when it was stacked.
    if (type === 'dispatched' && !isOnPallet(standing, details['sscc']))
      for (const share of inputs) add(share, { sentKg: share.massKg })
  }
  return stock
}

const isOnPallet = (standing: readonly KeptActivity[], sscc: string | number | undefined): boolean =>
  sscc !== undefined &&
  standing.some(({ activity }) => activity.type === 'aggregated' && activity.details['sscc'] === sscc)

export function palletOf(standing: readonly KeptActivity[], sscc: string): Pallet | undefined {
  const stacked = standing.find(
    ({ activity }) => activity.type === 'aggregated' && activity.details['sscc'] === sscc,
  )?.activity
  const left = standing.find(
    ({ activity }) => activity.type === 'dispatched' && activity.details['sscc'] === sscc,
  )?.activity
  return (
    stacked && {
      sscc,
      activityId: stacked.activityId,
      shares: stacked.inputs ?? [],
      leftBy: left?.activityId ?? null,
    }
  )
}

// A gram; a truck; the pieces on one.
const MIN_SHARE_KG = 0.001
const MAX_SHARE_KG = 30_000
const MAX_COUNT = 1_000_000

/**
 * Shares of lots that can be: keys with their check digits, one line a lot, masses within a truck. A number in Vuon's
 * own form has a check character, and one that this box would have given is known here.
 */
export function checkedShares(
  field: 'inputs' | 'outputs',
  shares: readonly LotShare[],
  options: {
    readonly stock: ReadonlyMap<string, LotStock>
    readonly boxCode: string
    readonly isGiving: boolean
  },
): LotShare[] {
  if (shares.length === 0) throw new Refusal(field, 'no-shares', 'Name at least one lot with its mass.')
  if (shares.length > MAX_LOT_SHARES)
    throw new Refusal(field, 'too-many', `More than ${MAX_LOT_SHARES} lots.`, { count: MAX_LOT_SHARES })
  const seen = new Set<string>()
  return shares.map(({ gtin, lot, massKg, count }) => {
    const facts = { lot: lot.slice(0, 20) }
    if (!isGtin(gtin))
      throw new Refusal(
        field,
        'wrong-gtin',
        'This is no GTIN of fourteen digits; look at the check digit.',
        facts,
      )
    if (!isCset82(lot, 20) || (looksLikeOurs(lot) && !isLotNumber(lot)))
      throw new Refusal(
        field,
        'wrong-lot',
        `${lot.slice(0, 20)} is no lot number; look at the label again.`,
        facts,
      )
    const key = lotKey({ gtin, lot })
    if (
      !options.isGiving &&
      isLotNumber(lot) &&
      boxCodeOf(lot) === options.boxCode &&
      !options.stock.has(key)
    )
      throw new Refusal(field, 'unknown-lot', `This box knows no lot ${lot} of this product.`, facts)
    if (seen.has(key)) throw new Refusal(field, 'twice', `Lot ${lot} stands there twice.`, facts)
    seen.add(key)
    checkMass(field, { massKg, count }, facts)
    return { gtin, lot, massKg, ...(count === undefined ? {} : { count }) }
  })
}

/** A mass within a truck and a whole count, of a lot or of what is packed. */
export function checkMass(
  field: 'inputs' | 'outputs',
  { massKg, count }: { readonly massKg: number; readonly count?: number | undefined },
  facts: Readonly<Record<string, string | number>> = {},
): void {
  if (!Number.isFinite(massKg) || massKg < MIN_SHARE_KG || massKg > MAX_SHARE_KG)
    throw new Refusal(
      field,
      'out-of-bounds',
      `The mass must be from ${MIN_SHARE_KG} to ${MAX_SHARE_KG} kg.`,
      {
        ...facts,
        ...{ low: MIN_SHARE_KG, high: MAX_SHARE_KG },
      },
    )
  if (count !== undefined && (!Number.isInteger(count) || count < 0 || count > MAX_COUNT))
    throw new Refusal(field, 'not-whole', 'The count is no whole number.', facts)
}

/** Four characters of a box, a date, three more: the form of Vuon's lot numbers, by whichever box. */
const looksLikeOurs = (lot: string): boolean =>
  lot.length === 13 &&
  isBoxCode(lot.slice(0, 4)) &&
  /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(lot.slice(4, 10))

/** Refuses to take more of a lot than there is. Of a lot that the book never saw come in, nobody here knows. */
export function checkAvailable(shares: readonly LotShare[], stock: ReadonlyMap<string, LotStock>): void {
  for (const { gtin, lot, massKg } of shares) {
    const known = stock.get(lotKey({ gtin, lot }))
    if (!known || known.givenBy.length === 0) continue
    const takenKg = known.packedKg + known.stackedKg + known.sentKg
    if (massKg + takenKg <= known.givenKg + toleranceKg(known.givenKg)) continue
    throw new Refusal(
      'inputs',
      'more-than-there-is',
      `Lot ${lot} has ${known.leftKg} kg left, not ${massKg} kg.`,
      {
        ...{ lot, leftKg: known.leftKg, massKg },
      },
    )
  }
}

/** Refuses a word by which more of a lot was passed on than it ever had. `after`: the stock with that word in force. */
export function checkStillCovered(
  lots: readonly { gtin: string; lot: string }[],
  after: ReadonlyMap<string, LotStock>,
): void {
  for (const each of lots) {
    const stock = after.get(lotKey(each))
    if (!stock) continue
    const takenKg = rounded(stock.packedKg + stock.stackedKg + stock.sentKg)
    if (takenKg <= stock.givenKg + toleranceKg(stock.givenKg)) continue
    throw new Refusal(
      '',
      'taken-already',
      `${takenKg} kg of lot ${each.lot} were packed or sent already; correct that first.`,
      { lot: each.lot, takenKg, givenKg: stock.givenKg },
    )
  }
}
