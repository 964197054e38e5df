import type { Html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { PreHarvestAnswer } from '#contract/trace/pre-harvest.ts'
import type {
  ActivityType,
  LotShare,
  PreHarvestInterval,
  ProductEntry,
  ProductKind,
} from '#contract/wire/farm-book.ts'
import type { ActivityEntry } from '#contract/wire/records.ts'
import type { LotCard } from './page-sources.ts'

/** What the page asks of the farm book beyond harvests; `agent.ts` hands it in. Refusals are thrown, see `refusalIn`. */
export interface BookDoor {
  /** Code of the farm's own packing house; empty where it has none. */
  readonly packingHouse: string
  /** Markets that the farm sells to. */
  readonly markets: readonly string[]
  /** Whether the box may number pallets. */
  readonly canStack: boolean
  /** YYYY-MM-DD and YYYY-MM-DD HH:MM on the farm's clock. */
  dayOf(ms: number): string
  writtenAt(ms: number): string
  /** The same for something that was done: without an hour where nobody said one. */
  whenOf(ms: number): string
  /** Resolves when it is on disk. */
  record(entry: BookEntry): Promise<BookSaved>
  correct(activityId: string, entry: BookEntry): Promise<BookSaved>
  withdraw(
    activityId: string,
    by: { person: string; why: string; isDateConfirmed: boolean },
  ): Promise<BookSaved>
  /** Everything that was ever entered, newest first. */
  activities(): Promise<readonly BookLine[]>
  products(): Promise<readonly ProductEntry[]>
  saveProduct(product: ProductWords): Promise<ProductEntry>
  retireProduct(productId: string, isRetired: boolean): Promise<void>
  /** What a label says for the crop of a plot; null when it says nothing. */
  interval(product: ProductEntry, plot: string): IntervalCard | null
  stock(): Promise<readonly StockCard[]>
  /** Whether fruit may be picked on a day, by what the book says now. */
  preHarvest(plot: string, day: string): Promise<PreHarvestAnswer>
  diary(scope: DiaryScope, language: Language): Promise<Html>
  diaryFile(scope: DiaryScope, format: 'csv' | 'epcis', language: Language): Promise<string>
}

export interface BookEntry {
  readonly type: ActivityType
  readonly plot: string
  readonly day: string
  readonly time?: string | undefined
  readonly person: string
  readonly details: Readonly<Record<string, string | number>>
  readonly why?: string | undefined
  readonly photos?: readonly string[] | undefined
  readonly inputs?: readonly LotShare[] | undefined
  readonly outputs?: readonly (Omit<LotShare, 'lot'> & { readonly lot?: string | undefined })[] | undefined
  readonly isDateConfirmed?: boolean | undefined
}

export interface BookSaved {
  readonly activityId: string
  readonly lot?: LotCard
  readonly sscc?: string
}

export interface BookLine {
  readonly activity: Omit<ActivityEntry, 'type'> & { readonly type: ActivityType }
  readonly statedAt: number
  readonly replacedBy: {
    readonly activityId: string
    readonly isWithdrawal: boolean
    readonly why: string
  } | null
  readonly isStanding: boolean
}

export interface ProductWords {
  readonly productId?: string | undefined
  readonly name: string
  readonly productKind: ProductKind
  readonly activeSubstance: string
  readonly registrationNo: string
  readonly intervals: readonly PreHarvestInterval[]
}

export interface IntervalCard {
  readonly days: number
  readonly market: string
  readonly unknownFor: readonly string[]
}

export interface StockCard {
  readonly gtin: string
  readonly lot: string
  readonly leftKg: number
  readonly givenBy: readonly string[]
}

export interface DiaryScope {
  readonly plot?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Why the book did not take an entry, at its own name of the field. */
export interface BookRefusal {
  readonly field: string
  readonly reason: string
  readonly facts: Readonly<Record<string, string | number>>
}

/** The refusal that an error is; undefined for a failure. */
export function refusalIn(error: unknown): BookRefusal | undefined {
  if (!(error instanceof Error) || !('reason' in error) || !('field' in error)) return undefined
  const { field, reason, facts } = error as Error & Partial<BookRefusal>
  return typeof field === 'string' && typeof reason === 'string'
    ? { field, reason, facts: facts ?? {} }
    : undefined
}
