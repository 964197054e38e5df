import type { TimeQuality } from '#contract/ground/clock.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { BookDoor } from './book-door.ts'
import type { FieldAnswer } from './field-answer.ts'
import type { LabelDoor } from './label-door.ts'
import type { LightingTrial, LightingWish } from './lighting-trial.ts'
import type { PhotoDoor } from './photo-door.ts'

/**
 * What the box's page asks of the rest of the agent; `agent.ts` hands it in. Times are ms UTC on the journal's
 * clock (`nowMs`), so that an age is right even while the wall clock is wrong.
 */
export interface PageSources {
  nowMs(): number
  overview(): Promise<BoxOverview>
  /** Buckets that hold readings, oldest first; a missing one is a gap. Values in the unit of the series. */
  history(seriesNo: number, fromT: number, toT: number, buckets: number): Promise<readonly HistoryBucket[]>
  readonly farmBook: FarmBookDoor
  /** Everything of the farm book beside harvests; absent where nobody keeps one. */
  readonly book?: BookDoor
  /** Absent where no labels are made. */
  readonly labels?: LabelDoor
  /** What the crop models say of every plot; absent where none run. */
  field?(): FieldAnswer
  /** What other lights would give from tonight; null where it can't be told. */
  tryLighting?(field: FieldAnswer, plot: string, wish: LightingWish): LightingTrial | null
  /** A person has seen an alarm; on disk when it resolves. `unknown`: it is not open (any more). */
  acknowledgeAlarm?(alarmId: string, person: string): Promise<'acknowledged' | 'unknown'>
  /** Absent where the box takes no photos. */
  readonly photos?: PhotoDoor
}

export interface BoxOverview {
  /** Null while the box is not claimed. */
  readonly farm: { readonly name: string; readonly commune: string; readonly province: string } | null
  readonly boxCode: string | null
  readonly clock: TimeQuality
  /** Sorted by place, then name. */
  readonly devices: readonly DeviceCard[]
  readonly buses: readonly BusCard[]
  /** Open alarms, newest first. */
  readonly alarms: readonly AlarmCard[]
  readonly journal: JournalCard
  /** Null while the box is not claimed. */
  readonly uplink: UplinkCard | null
  readonly downlink?: DownlinkCard
  readonly models?: readonly ModelCard[]
  readonly channels?: readonly ChannelCard[]
  /** When somebody last tried whether the page shows what it is told; absent where nobody did. */
  readonly testedAt?: number | null
}

/** A disease model, and what it is on this box since when. */
export interface ModelCard {
  readonly id: string
  readonly version: string
  readonly state: 'active' | 'shadow' | 'previous'
  readonly since: number
  readonly isRejected: boolean
}

/** What the province told the box. */
export interface DownlinkCard {
  /** Null while the box is not claimed. */
  readonly messages: {
    readonly through: number
    readonly waiting: number
    readonly notUnderstood: number
    readonly lastError: { readonly code: string; readonly sentence: string } | null
  } | null
  readonly config: {
    /** The message whose settings are in force; null for the box's own file alone. */
    readonly no: number | null
    readonly isOnTrial: boolean
    readonly changes: readonly { readonly key: string; readonly value: unknown; readonly local: unknown }[]
    readonly rolledBack: { readonly no: number; readonly reason: string } | null
  }
  readonly models: readonly {
    readonly model: string
    readonly version: string
    readonly sizeBytes: number
    readonly state: 'offered' | 'stored' | 'installed' | 'refused'
  }[]
}

export interface FaultCount {
  /** Such as crc, timeout, not-json, sentinel: the page has a sentence for each. */
  readonly code: string
  readonly detail: string
  readonly count: number
  readonly lastAt: number
}

export interface DeviceCard {
  readonly name: string
  readonly place: string
  readonly bus: string
  /** How often it is expected to speak; null while nobody knows. */
  readonly everyMs: number | null
  readonly lastHeardAt: number | null
  readonly status: 'fresh' | 'late' | 'silent' | 'never'
  readonly faults: readonly FaultCount[]
  readonly readings: readonly ReadingCard[]
}

export interface ReadingCard {
  readonly seriesNo: number
  readonly channel: string
  readonly quantity: string
  /** UCUM code; contract/wire/quantities.ts has the symbol. */
  readonly unit: string
  readonly value: number
  readonly t: number
  /** Flags of QUALITY. */
  readonly quality: number
  readonly origin: string
}

export interface BusCard {
  readonly name: string
  readonly kind: string
  readonly isUp: boolean
  readonly detail: string
  readonly since: number
  readonly faults: readonly FaultCount[]
}

export interface AlarmCard {
  readonly alarmId: string
  readonly severity: 'info' | 'warning' | 'critical'
  /** above, below, silent, .. */
  readonly rule: string
  readonly name: string
  readonly device: string
  readonly quantity: string
  readonly facts: Readonly<Record<string, string | number>>
  readonly raisedAt: number
  /** Who has seen it, by id, and when; absent or null while nobody has. */
  readonly acknowledged?: { readonly at: number; readonly person: string } | null
}

/** Somebody who is told of alarms beside the page. */
export interface ChannelCard {
  readonly name: string
  readonly kind: 'page' | 'mqtt' | 'webhook'
  readonly waiting: number
  readonly delivered: number
  readonly lastDeliveredAt: number | null
  readonly lastError: { readonly at: number; readonly detail: string } | null
  readonly failures: number
  readonly dropped: number
}

export interface JournalCard {
  readonly readings: number
  readonly sizeBytes: number
  readonly quotaBytes: number
  readonly lossWindowMs: number
  readonly lastCommitMs: number
  /** Where a damaged journal was set aside, when there was one. */
  readonly setAside: string | null
  readonly lanes: readonly {
    readonly lane: 'record' | 'finding' | 'reading'
    readonly lastSeq: number
    readonly durableThrough: number
    readonly oldestUnsentT: number | null
  }[]
}

export interface UplinkCard {
  readonly gateway: string
  readonly phase: 'starting' | 'sending' | 'idle' | 'waiting' | 'refused' | 'suspended' | 'stopped'
  readonly lastOkAt: number | null
  readonly lastError: {
    readonly code: string
    readonly sentence: string
    readonly hint: string
    readonly at: number
  } | null
  readonly failures: number
  readonly sentBatches: number
  readonly sentBytes: number
  readonly budget?: BudgetCard
}

/** What the line may cost and has cost, by the farm's day. */
export interface BudgetCard {
  readonly dayBytes: number
  readonly dayLimitBytes: number | null
  readonly hourBytes: number
  readonly hourLimitBytes: number | null
  /** What keeps readings (photos) from being sent, and until when. */
  readonly readings: HoldbackCard | null
  readonly photos: HoldbackCard | null
}

export interface HoldbackCard {
  readonly reason: 'day' | 'hour' | 'quiet'
  readonly until: number
}

export interface HistoryBucket {
  readonly t: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly count: number
  readonly quality: number
}

export interface FarmBookDoor {
  readonly plots: readonly PlotCard[]
  /** What this farm may mark its fruit with, each for one crop; empty while the box is not claimed. */
  readonly products: readonly ProductCard[]
  /** YYYY-MM-DD on the farm's calendar. */
  today(): string
  /** Resolves when it is on disk. Throws VuonError `input-invalid` (hint = the field), `not-claimed`, `clock-unknown`. */
  recordHarvest(input: {
    plot: string
    gtin: string
    massKg: number
    harvestedOn: string
    person: string
    /** A lot of the same plot, product and day that it goes into. */
    intoLot?: string
    /** Why fruit is picked inside an interval. */
    why?: string
    isDateConfirmed?: boolean
  }): Promise<LotCard>
  /** Newest first. */
  lots(limit?: number): Promise<readonly LotCard[]>
  lot(number: string): Promise<LotCard | undefined>
}

export interface PlotCard {
  readonly id: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number
}

export interface ProductCard {
  readonly gtin: string
  readonly crop: string
  readonly productVi: string
  readonly productEn: string
}

export interface LotCard {
  readonly gtin: string
  readonly lot: string
  readonly plot: string
  readonly crop: string
  readonly productVi: string
  readonly productEn: string
  readonly harvestedAt: number
  readonly massKg: number
  /** The Digital Link that the label carries. */
  readonly uri: string
}

/** How the page is served. */
export interface PageOptions {
  readonly host: string
  readonly port: number
  readonly language: Language
  readonly timeZone: string
  /** Further names by which phones reach this page, beside IP addresses, localhost and *.local. */
  readonly hostNames: readonly string[]
  readonly readingNeedsPin: boolean
  /** Folder where PINs are kept (as scrypt hashes). */
  readonly dataDir: string
}
