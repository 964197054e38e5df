import { type EventStatement, openSignedEvent } from '#contract/trace/signed-event.ts'
import { type ActivityType, isActivityType, type ProductEntry } from '#contract/wire/farm-book.ts'
import type { ActivityEntry, EventEntry, LotEntry, RecordEntry } from '#contract/wire/records.ts'
import { replacements } from '#contract/wire/standing-activities.ts'

/** What reads the book: the agent itself, or a command beside it. */
export interface EntryReader {
  /** Newest first. */
  records(kind: string, options: { limit: number }): Promise<{ seq: number; entry: RecordEntry }[]>
}

/** One line of the book with what became of it. */
export interface KeptActivity {
  readonly activity: Omit<ActivityEntry, 'type'> & { readonly type: ActivityType }
  /** When it was written down, ms on the box's clock. */
  readonly statedAt: number
  /** The entry that replaces it: another word, or that it never happened. */
  readonly replacedBy: {
    readonly activityId: string
    readonly isWithdrawal: boolean
    readonly why: string
  } | null
  /** False for what was replaced, and for the word that something never happened. */
  readonly isStanding: boolean
}

// Ten years of a large farm: thirty activities a day.
const MAX_ENTRIES = 100_000
// One farm's shelf of products, each with all the changes that it ever had.
const MAX_PRODUCT_ENTRIES = 5_000

/**
 * The farm book's entries, read from the journal and kept as long as nothing was added to it: a page asks for the same
 * season a dozen times.
 */
export class BookEntries {
  readonly #reader: EntryReader
  readonly #kept = new Map<string, { readonly newest: string; readonly entries: readonly RecordEntry[] }>()

  constructor(reader: EntryReader) {
    this.#reader = reader
  }

  /** Newest first. Entries whose type this program does not know are not the book's to judge; they stay in the journal. */
  async activities(): Promise<KeptActivity[]> {
    const entries = (await this.#all('activity', MAX_ENTRIES)) as (ActivityEntry & RecordEntry)[]
    const replaced = replacements([...entries].reverse())
    return entries.flatMap((entry) => {
      const { type, activityId, isWithdrawn = false } = entry
      if (!isActivityType(type)) return []
      const by = replaced.get(activityId)
      const replacedBy = by
        ? { activityId: by.activityId, isWithdrawal: by.isWithdrawn ?? false, why: by.why ?? '' }
        : null
      return [
        {
          activity: { ...entry, type },
          statedAt: entry.t,
          replacedBy,
          isStanding: !isWithdrawn && replacedBy === null,
        },
      ]
    })
  }

  async standing(): Promise<KeptActivity[]> {
    return (await this.activities()).filter(({ isStanding }) => isStanding)
  }

  /** What was picked, with the growing area that it had then; newest first. What was packed is told by its activity. */
  async lots(): Promise<LotEntry[]> {
    return (await this.#all('lot', MAX_ENTRIES)) as (LotEntry & RecordEntry)[]
  }

  /** The newest word on each product, by name. */
  async products(): Promise<ProductEntry[]> {
    const products = new Map<string, ProductEntry>()
    for (const entry of (await this.#all('product', MAX_PRODUCT_ENTRIES)) as (ProductEntry & RecordEntry)[])
      if (!products.has(entry.productId)) products.set(entry.productId, entry)
    return [...products.values()].sort((a, b) => a.name.localeCompare(b.name, 'vi'))
  }

  /** Newest first. */
  async events(): Promise<EventStatement[]> {
    const entries = (await this.#all('event', MAX_ENTRIES)) as (EventEntry & RecordEntry)[]
    return entries.map(({ signed }) => openSignedEvent(signed))
  }

  async #all(kind: string, limit: number): Promise<readonly RecordEntry[]> {
    const [newest] = await this.#reader.records(kind, { limit: 1 })
    if (!newest) return []
    const kept = this.#kept.get(kind)
    if (kept?.newest === nameOf(newest)) return kept.entries
    const rows = await this.#reader.records(kind, { limit })
    const entries = rows.map(({ entry }) => entry)
    // Signed events are large and asked for by corrections and exports only.
    if (kind !== 'event') this.#kept.set(kind, { newest: nameOf(rows[0] ?? newest), entries })
    return entries
  }
}

/** A seq begins anew with each epoch; a moment does not come again. */
const nameOf = ({ seq, entry }: { seq: number; entry: RecordEntry }): string => `${seq} ${entry.t}`
