import type { ActivityTold } from '#contract/trace/activity-told.ts'
import type { ActivityType, LotShare } from '#contract/wire/farm-book.ts'
import type { LotEntry } from '#contract/wire/records.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'
import type { BookEntries, KeptActivity } from './book-entries.ts'
import type { Calendar } from './calendar.ts'
import type { Details } from './details.ts'
import type { FarmJournal, Signer } from './event-chain.ts'

export interface Plot {
  readonly id: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number
}

export interface FarmIdentity extends Signer {
  readonly boxCode: string
  /** Where consumers reach the lot pages. */
  readonly publicUrl: string
  readonly allocations: readonly Allocation[]
}

/** What the farm's configuration says about its book. */
export interface BookSettings {
  /** The markets that the farm sells to, such as CN; empty: the strictest interval on a label counts. */
  readonly markets: readonly string[]
  /** Extension digit and company prefix of pallet labels. */
  readonly ssccPrefix?: string | undefined
  readonly packingHouse?: { readonly code: string; readonly gln?: string | undefined } | undefined
}

/** Something that was done, as a person enters it. */
export interface ActivityInput {
  readonly type: ActivityType
  /** Empty for what is done in the shed. */
  readonly plot: string
  /** YYYY-MM-DD on the farm's own calendar. */
  readonly day: string
  /** HH:MM, where somebody knows it. */
  readonly time?: string | undefined
  /** Id of the person who enters it, never a name. */
  readonly person: string
  readonly details: Details
  /** Why an interval differs from its label, or why fruit was picked inside one. */
  readonly why?: string | undefined
  /** sha256 of photos that the box keeps, hex. */
  readonly photos?: readonly string[] | undefined
  /** Fruit taken: by packing, stacking, dispatch. */
  readonly inputs?: readonly LotShare[] | undefined
  /** Fruit given: what came in, or the one packed lot, whose number is still to be given. */
  readonly outputs?: readonly (Omit<LotShare, 'lot'> & { readonly lot?: string | undefined })[] | undefined
  /** A lot of the same plot, product and day that this pick goes into; a new one without it. */
  readonly intoLot?: string | undefined
  /** A person looked at the date and says it is right: then it may be signed although the clock is unknown. */
  readonly isDateConfirmed?: boolean | undefined
}

/** What a draft is made with. `standing` is without the entry that is being corrected. */
export interface DraftDesk {
  readonly calendar: Calendar
  readonly plots: readonly Plot[]
  readonly identity: FarmIdentity
  readonly settings: BookSettings
  readonly entries: BookEntries
  readonly standing: readonly KeptActivity[]
  readonly corrected: KeptActivity | undefined
  readonly journal: FarmJournal
  readonly isPhotoKept: (sha256: string) => boolean
  readonly findingModel: (findingId: string) => Promise<FindingModel | undefined>
  readonly activityId: string
}

export interface FindingModel {
  /** Null while no model looked at the photo. */
  readonly model: { readonly id: string; readonly version: string } | null
}

/** An entry that may be written, the lot that a harvest begins or adds to, and what its event tells beside it. */
export interface Draft {
  readonly activity: ActivityTold['activity']
  readonly lot?: Omit<LotEntry, 'kind' | 'activityId'>
  readonly told: Omit<ActivityTold, 'activity' | 'zoneOffset' | 'day'>
}

/** The growing area of a plot: that of its crop's products, where they all have one and the same. */
export function growingAreaOf(
  plots: readonly Plot[],
  allocations: readonly Allocation[],
  plot: string,
): LotEntry['growingArea'] {
  const crop = plots.find(({ id }) => id === plot)?.crop
  const areas = allocations
    .filter((each) => each.crop === crop)
    .flatMap(({ growingArea }) => growingArea ?? [])
  const [first] = areas
  if (!first || areas.some(({ gln, code }) => gln !== first.gln || code !== first.code)) return undefined
  return { gln: first.gln, code: first.code }
}
