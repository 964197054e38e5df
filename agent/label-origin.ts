import type { LotEntry } from '#contract/wire/records.ts'
import type { KeptActivity } from './farm-book/book-entries.ts'

interface Share {
  readonly gtin: string
  readonly lot: string
}

/** What a label may say of where fruit comes from: only what the book's own entries say. */
export interface LotOrigin {
  /** Code of the growing area that all of it is from; '' where it is of several, or of one that nobody here knows. */
  readonly growingArea: string
  /** Where it was packed; '' where it was not, or nobody said. */
  readonly packingHouse: string
  /** False for fruit that was bought and packed here: the book has no day of harvest. */
  readonly isHarvestKnown: boolean
  /** Whether all of it grew on this farm. */
  readonly isOurs: boolean
}

/** Follows a lot back through its packings to the harvests, whose entries hold the code that was in force then. */
export function originOf(
  share: Share,
  activities: readonly KeptActivity[],
  lots: readonly LotEntry[],
): LotOrigin {
  const standing = activities.filter(({ isStanding }) => isStanding).map(({ activity }) => activity)
  const packingOf = (of: Share) =>
    standing.find(({ type, outputs }) => type === 'packed' && outputs?.some(isSame(of)))
  const areas = new Set<string>()
  let [picks, strangers] = [0, 0]
  const [waiting, seen] = [[share], new Set<string>()]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const key = `${next.gtin} ${next.lot}`
    if (seen.has(key)) continue
    seen.add(key)
    const packing = packingOf(next)
    const picked = packing ? undefined : lots.find(isSame(next))
    if (packing) {
      waiting.push(...(packing.inputs ?? []))
      continue
    }
    areas.add(picked?.growingArea?.code ?? '')
    if (picked) picks++
    else strangers++
  }
  const [only = ''] = areas
  return {
    growingArea: areas.size === 1 ? only : '',
    packingHouse: String(packingOf(share)?.details['packingHouse'] ?? ''),
    isHarvestKnown: picks > 0,
    isOurs: strangers === 0,
  }
}

const isSame =
  ({ gtin, lot }: Share) =>
  (other: Share): boolean =>
    other.gtin === gtin && other.lot === lot
