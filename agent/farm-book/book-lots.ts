import { lotUri } from '#contract/trace/digital-link.ts'
import type { LotShare } from '#contract/wire/farm-book.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'
import type { Plot } from './activity-input.ts'
import type { KeptActivity } from './book-entries.ts'
import { lotKey, rounded } from './stock.ts'

export interface Lot {
  readonly gtin: string
  readonly lot: string
  /** Empty for fruit of several plots, or of other farms. */
  readonly plot: string
  readonly crop: string
  readonly productVi: string
  readonly productEn: string
  /** Of packed fruit the earliest harvest that the book knows; when it was packed where it knows none. */
  readonly harvestedAt: number
  /** Of all picks that stand; 0 where each of them was withdrawn. */
  readonly massKg: number
  readonly uri: string
  /** Of a harvest that of its product; of packed fruit the one that all of it has. */
  readonly growingArea?: { readonly gln: string; readonly code: string }
}

export interface LotFarm {
  readonly publicUrl: string
  readonly allocations: readonly Allocation[]
  readonly plots: readonly Plot[]
}

/** Picked and packed here, newest first. Picks into one lot are added up; what was corrected counts as it stands. */
export function lotsOf(activities: readonly KeptActivity[], farm: LotFarm): Lot[] {
  const lots = new Map<string, Lot>()
  // Oldest first: what was packed is known by what was picked before.
  for (const { activity, isStanding } of activities.toReversed()) {
    const { type, plot, at, details, inputs = [], outputs = [] } = activity
    if (activity.isWithdrawn) continue
    if (type === 'harvested') {
      const share = {
        gtin: String(details['gtin']),
        lot: String(details['lot']),
        massKg: Number(details['massKg']),
      }
      const area = farm.allocations.find(({ gtin }) => gtin === share.gtin)?.growingArea
      add(lots, farm, share, { plot, at, isStanding, area })
    }
    if (type === 'packed')
      for (const share of outputs) add(lots, farm, share, { ...sourcesOf(inputs, lots, at), isStanding })
  }
  return [...lots.values()].reverse()
}

function add(
  lots: Map<string, Lot>,
  { publicUrl, allocations, plots }: LotFarm,
  { gtin, lot, massKg }: LotShare,
  from: {
    readonly plot: string
    readonly at: number
    readonly isStanding: boolean
    readonly area: Lot['growingArea']
  },
): void {
  const key = lotKey({ gtin, lot })
  const before = lots.get(key)
  const product = allocations.find((each) => each.gtin === gtin)
  // Where nothing stands yet, the newer word says when and where.
  const isFirst = before === undefined || before.massKg === 0
  lots.set(key, {
    ...{ gtin, lot, plot: isFirst ? from.plot : before.plot },
    crop: product?.crop ?? plots.find(({ id }) => id === from.plot)?.crop ?? '',
    productVi: product?.productVi ?? '',
    productEn: product?.productEn ?? '',
    harvestedAt: isFirst
      ? from.at
      : Math.min(before.harvestedAt, from.isStanding ? from.at : before.harvestedAt),
    massKg: rounded((before?.massKg ?? 0) + (from.isStanding ? massKg : 0)),
    uri: lotUri(publicUrl, { gtin, lot }),
    ...(from.area ? { growingArea: { gln: from.area.gln, code: from.area.code } } : {}),
  })
}

/** Where packed fruit grew and when it was picked, as far as the book knows its lots. */
export function sourcesOf(
  inputs: readonly LotShare[],
  lots: ReadonlyMap<string, Lot>,
  packedAt: number,
): {
  plot: string
  at: number
  harvestedAt: number | undefined
  crops: string[]
  area: Lot['growingArea']
} {
  const known = inputs.flatMap((share) => lots.get(lotKey(share)) ?? [])
  const plots = new Set(known.map(({ plot }) => plot))
  const isWhole = known.length === inputs.length
  const isOfOnePlot = isWhole && plots.size === 1
  const areas = new Set(known.map(({ growingArea }) => `${growingArea?.gln} ${growingArea?.code}`))
  const area = isWhole && areas.size === 1 ? known[0]?.growingArea : undefined
  const harvestedAt = known.length === 0 ? undefined : Math.min(...known.map((lot) => lot.harvestedAt))
  return {
    plot: isOfOnePlot ? (known[0]?.plot ?? '') : '',
    at: harvestedAt ?? packedAt,
    harvestedAt,
    crops: [...new Set(known.map(({ crop }) => crop))],
    area,
  }
}
