import type { TimeQuality } from '#contract/ground/clock.ts'
import type { Lane } from '#contract/wire/records.ts'

/** What the questions of this room answer with: the shapes that screens and the API are built on. Times are ms UTC. */

export interface SeriesCard {
  readonly uuid: string
  readonly device: string
  readonly channel: string
  readonly quantity: string
  readonly unit: string
  readonly resolution: number
  readonly place: string
  readonly origin: string
  readonly last: {
    readonly t: number
    readonly value: number
    readonly quality: number
    readonly clock: TimeQuality
  } | null
}

export interface AlarmCard {
  readonly alarmId: string
  readonly state: 'raised' | 'cleared'
  readonly severity: 'info' | 'warning' | 'critical'
  readonly rule: string
  readonly name: string
  readonly device: string
  readonly quantity: string
  readonly facts: Readonly<Record<string, string | number>>
  readonly raisedAt: number
  /** When somebody on the farm said that it was seen; null while nobody has. */
  readonly acknowledgedAt: number | null
  readonly clearedAt: number | null
}

export interface LotCard {
  readonly gtin: string
  readonly lot: string
  readonly crop: string
  readonly plot: string
  readonly harvestedAt: number
  readonly massKg: number
}

export interface BoxCard {
  readonly agent: string
  readonly boxCode: string
  /** When the gateway last took a batch or a cursor request of this box. */
  readonly lastSeenAt: number | null
}

export interface FarmCard {
  readonly farmId: string
  readonly name: string
  readonly commune: string
  readonly province: string
  readonly boxes: readonly BoxCard[]
  readonly seriesCount: number
  readonly openAlarms: number
  /** Numbers in the chains of its boxes' signed events that do not hold. */
  readonly chainFaults: number
  /** At most four numbers that say how the farm is doing. */
  readonly headline: readonly SeriesCard[]
}

/**
 * `forged`: an event that its box did not sign; `forked`: two events of one number; `broken`: an event that follows
 * another one than is held; `missing`: the event before it is not held. The worst first.
 */
export const CHAIN_FAULT_KINDS = ['forged', 'forked', 'broken', 'missing'] as const
export type ChainFaultKind = (typeof CHAIN_FAULT_KINDS)[number]

export interface ChainFaultCard {
  readonly kind: ChainFaultKind
  /** How many numbers are wrong. */
  readonly count: number
  /** The first of them, as runs. */
  readonly eventNos: readonly (readonly [first: number, last: number])[]
  /** Entries of the box are still on their way, and what is missing may be among them. */
  readonly mayStillCome: boolean
}

/** What the province has to know before it believes a box. */
export interface BoxTrust {
  /** Why the key that it speaks with was revoked; null while it stands. */
  readonly revokedFor: string | null
  /** Stored batches that were signed after a key's last trusted word: they count nowhere. */
  readonly untrustedBatches: number
  /** Batches by a key that has a successor: refused, kept as evidence. An old copy of the card, or a thief. */
  readonly oldKeyBatches: number
  /** Where its signed events do not follow one another. */
  readonly chainFaults: readonly ChainFaultCard[]
}

export interface FarmDetail {
  readonly farm: {
    readonly farmId: string
    readonly name: string
    readonly commune: string
    readonly province: string
  }
  readonly boxes: readonly (BoxCard & {
    readonly lanes: readonly {
      readonly lane: Lane
      readonly durableThrough: number
      readonly missing: number
    }[]
    readonly isSuspended: boolean
    readonly trust: BoxTrust
  })[]
  readonly series: readonly SeriesCard[]
  readonly alarms: readonly AlarmCard[]
  readonly lots: readonly LotCard[]
}

export interface HistoryBucket {
  readonly t: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly count: number
  /** The flags of QUALITY that any reading in the bucket had. */
  readonly quality: number
}

export interface SeriesHistory {
  readonly series: SeriesCard
  readonly farmId: string
  readonly fromMs: number
  readonly toMs: number
  readonly bucketMs: number
  /** Only buckets that hold readings: a missing one is a gap and is drawn as one. */
  readonly buckets: readonly HistoryBucket[]
  /** True when each bucket is one reading. */
  readonly isRaw: boolean
}

export interface LotHistory {
  readonly gtin: string
  readonly lot: string
  readonly productVi: string
  readonly productEn: string
  readonly crop: string
  readonly plot: string
  readonly harvestedAt: number
  readonly massKg: number
  readonly commune: string
  readonly province: string
  readonly growingArea: { readonly gln: string; readonly code: string } | null
  readonly boxCode: string
  readonly agent: string
  readonly receivedAt: number
  readonly events: readonly {
    readonly eventId: string
    readonly eventTime: string
    readonly bizStep: string
    readonly isSignatureValid: boolean
    /** False when it was signed after the last word of its key that the province trusts. */
    readonly isTrusted: boolean
    readonly key: string
    /** Hex sha256 of the exact bytes that the farm signed. */
    readonly signedSha256: string
  }[]
  /** The thirty days before the harvest, as measured at the farm. */
  readonly conditions: readonly {
    readonly quantity: string
    readonly unit: string
    readonly min: number
    readonly max: number
    readonly mean: number
    readonly fromMs: number
    readonly toMs: number
    readonly count: number
  }[]
}
