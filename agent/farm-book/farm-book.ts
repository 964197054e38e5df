import type { TimeQuality } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Sha256 } from '#contract/ground/signing.ts'
import type { PermissionStatement } from '#contract/trace/code-permission.ts'
import type { GrowingCondition } from '#contract/trace/condition-elements.ts'
import type { PreHarvestAnswer } from '#contract/trace/pre-harvest.ts'
import type { ProductEntry } from '#contract/wire/farm-book.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'
import type { ActivityInput, BookSettings, FarmIdentity, FindingModel, Plot } from './activity-input.ts'
import { BookEntries, type KeptActivity } from './book-entries.ts'
import { type Lot, lotsOf } from './book-lots.ts'
import { BookWriter, type Recorded } from './book-writer.ts'
import { Calendar } from './calendar.ts'
import { type DiaryLine, type DiaryScope, diaryEpcis, diaryLines } from './diary.ts'
import { EventChain, type FarmJournal } from './event-chain.ts'
import { type PermissionInput, permissionEntry, permissionsOf, withdrawnPermission } from './permissions.ts'
import {
  type IntervalAnswer,
  intervalFor,
  type ProductInput,
  productEntry,
  retiredEntry,
} from './products.ts'
import { type LotStock, stockOf } from './stock.ts'
import { preHarvestOf } from './treatments.ts'

export type { FarmIdentity, Plot } from './activity-input.ts'
export type { Lot } from './book-lots.ts'
export type { FarmJournal } from './event-chain.ts'

export interface HarvestInput {
  readonly plot: string
  readonly gtin: string
  readonly massKg: number
  /** Day of the harvest, YYYY-MM-DD, on the farm's own calendar. */
  readonly harvestedOn: string
  /** Id of the person who enters it, never a name. */
  readonly person: string
  /** A lot of the same plot, product and day that it goes into. */
  readonly intoLot?: string | undefined
  /** Why fruit is picked inside an interval. */
  readonly why?: string | undefined
  /** A person looked at the date and says it is right: then it may be signed although the clock is unknown. */
  readonly isDateConfirmed?: boolean | undefined
}

export interface FarmBookOptions {
  readonly journal: FarmJournal
  readonly plots: readonly Plot[]
  readonly identity: () => FarmIdentity | null
  readonly timeQuality: () => TimeQuality
  readonly zoneOffset: string
  readonly sha256: Sha256
  readonly newId: () => string
  readonly settings?: BookSettings
  /** What the plot's probes measured in a span of time; nothing where no probe stands. */
  readonly conditions?: (plot: string, fromMs: number, toMs: number) => Promise<readonly GrowingCondition[]>
  readonly isPhotoKept?: (sha256: string) => boolean
  /** Undefined when the box has no such finding. */
  readonly findingModel?: (findingId: string) => Promise<FindingModel | undefined>
}

/**
 *   a person ─► checked against lists, stock and intervals ─► entry (+ lot) ─► signed EPCIS event ─► journal
 *
 * What was done on the farm, entered at the box, signed here; works with no uplink. Nothing is rewritten: a correction
 * is an entry of its own.
 */
export class FarmBook {
  readonly #options: FarmBookOptions
  readonly #calendar: Calendar
  readonly #entries: BookEntries
  readonly #writer: BookWriter
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: FarmBookOptions) {
    const { journal, zoneOffset, timeQuality, sha256 } = options
    this.#options = options
    this.#calendar = new Calendar({ zoneOffset, now: () => journal.now(), timeQuality })
    this.#entries = new BookEntries(journal)
    this.#writer = new BookWriter(options, {
      calendar: this.#calendar,
      entries: this.#entries,
      chain: new EventChain(journal, sha256),
    })
  }

  get plots(): readonly Plot[] {
    return this.#options.plots
  }

  /** What this farm may mark its fruit with. */
  get products(): readonly Allocation[] {
    return this.#options.identity()?.allocations ?? []
  }

  get settings(): BookSettings {
    return this.#options.settings ?? { markets: [] }
  }

  /** Today on the farm's calendar. */
  today(): string {
    return this.#calendar.today()
  }

  dayOf(ms: number): string {
    return this.#calendar.dayOf(ms)
  }

  // --- writing: one after the other, so that the chain of events has no two ends ---

  /** Throws Refusal (`input-invalid` at a field), `not-claimed` or `clock-unknown`; nothing was written then. */
  recordActivity(input: ActivityInput): Promise<Recorded> {
    return this.#inTurn(() => this.#writer.record(input))
  }

  /** Another word on an entry that stands, of the same type. Throws like `recordActivity`. */
  correct(activityId: string, input: ActivityInput): Promise<Recorded> {
    return this.#inTurn(() => this.#writer.correct(activityId, input))
  }

  /** An entry that stands never happened. Throws like `recordActivity`. */
  withdraw(
    activityId: string,
    by: { readonly person: string; readonly why: string; readonly isDateConfirmed?: boolean | undefined },
  ): Promise<Recorded> {
    return this.#inTurn(() => this.#writer.withdraw(activityId, by))
  }

  async recordHarvest(input: HarvestInput): Promise<Lot> {
    const { plot, gtin, massKg, harvestedOn: day, person, intoLot, why, isDateConfirmed } = input
    const details = { gtin, massKg }
    const { lot } = await this.recordActivity({
      ...{ type: 'harvested', plot, day, person, details, intoLot, why, isDateConfirmed },
    })
    if (!lot) throw new Error('a harvest without a lot')
    return lot
  }

  /** Throws Refusal. */
  saveProduct(input: ProductInput): Promise<ProductEntry> {
    return this.#inTurn(async () => {
      const entry = productEntry(input, await this.#entries.products(), this.#options.newId)
      await this.#options.journal.appendRecords([entry])
      return entry
    })
  }

  /** Takes a product off the list, or puts it back. Throws Refusal. */
  retireProduct(productId: string, isRetired: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const entry = retiredEntry(productId, await this.#entries.products(), isRetired)
      await this.#options.journal.appendRecords([entry])
    })
  }

  /** The holder lets another use a growing-area code. Throws Refusal, `not-claimed`, `clock-unknown`. */
  permit(input: PermissionInput): Promise<string> {
    return this.#inTurn(async () => {
      const permissionId = this.#options.newId()
      const entry = permissionEntry(input, { ...this.#signedNow(), permissionId })
      await this.#options.journal.appendRecords([entry])
      return permissionId
    })
  }

  /** From today on. Throws Refusal, `not-claimed`, `clock-unknown`. */
  withdrawPermission(permissionId: string): Promise<void> {
    return this.#inTurn(async () => {
      const { journal } = this.#options
      const entry = await withdrawnPermission(journal, permissionId, this.today(), this.#signedNow())
      await journal.appendRecords([entry])
    })
  }

  // --- reading ---

  /** Everything that was ever entered, newest first, with what became of it. */
  activities(): Promise<KeptActivity[]> {
    return this.#entries.activities()
  }

  /** Newest first. Picks into one lot are added up. */
  async lots(limit = 200): Promise<Lot[]> {
    const publicUrl = this.#options.identity()?.publicUrl ?? ''
    const farm = { publicUrl, allocations: this.products, plots: this.plots }
    return lotsOf(await this.#entries.activities(), farm).slice(0, limit)
  }

  async lot(number: string): Promise<Lot | undefined> {
    return (await this.lots(Number.POSITIVE_INFINITY)).find((each) => each.lot === number)
  }

  /** Fruit that the book knows, with what is left of it. */
  async stock(): Promise<LotStock[]> {
    return [...stockOf(await this.#entries.standing()).values()]
  }

  /** Whether fruit of a plot may be picked on a day, by what the book says now. */
  async preHarvest(plot: string, day: string): Promise<PreHarvestAnswer> {
    return preHarvestOf(await this.#entries.standing(), plot, day, (ms) => this.dayOf(ms))
  }

  /** The products that the farm uses, by name; those that were taken off the list too. */
  productList(): Promise<ProductEntry[]> {
    return this.#entries.products()
  }

  /** What a product's label says for the crop of a plot; null when it says nothing. */
  intervalOn(product: ProductEntry, plot: string): IntervalAnswer | null {
    const crop = this.plots.find(({ id }) => id === plot)?.crop ?? ''
    return intervalFor(product.intervals, crop, this.settings.markets)
  }

  /** Oldest first. Throws Refusal for a scope that is none. */
  diary(scope: DiaryScope): Promise<DiaryLine[]> {
    const { plots, zoneOffset } = this.#options
    return diaryLines(this.#entries, { plots, allocations: this.products, zoneOffset }, scope)
  }

  diaryEpcis(lines: readonly DiaryLine[]): Promise<Record<string, unknown>> {
    return diaryEpcis(this.#entries, lines, new Date(this.#calendar.now()).toISOString())
  }

  permissions(): Promise<PermissionStatement[]> {
    return permissionsOf(this.#options.journal)
  }

  #signedNow() {
    const signer = this.#options.identity()
    if (!signer) throw new VuonError('not-claimed')
    this.#calendar.vouchedBy(false)
    return { signer, issuedAt: new Date(this.#calendar.now()).toISOString() }
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => undefined)
    return result
  }
}
