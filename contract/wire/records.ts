import type { TimeQuality } from '../ground/clock.ts'
import type { DownlinkEntry, DownlinkMessageEntry } from './downlink.ts'
import type { LotShare, PermissionEntry, ProductEntry } from './farm-book.ts'
import type { FindingEntry } from './finding.ts'
import type { KeyRotationEntry, RevocationEntry } from './key-rotation.ts'
import type { ModelChangeEntry, ShadowLookEntry } from './model-life.ts'
import type { ModelEntry } from './model-words.ts'
import type { OutlookEntry } from './outlook.ts'
import type {
  CertificateEntry,
  ConsentEntry,
  FindingReviewEntry,
  GrowingAreaEntry,
  HolderEntry,
  PhotoRequestEntry,
  RecallEntry,
} from './province-decisions.ts'
import type { QuantityName, Unit } from './quantities.ts'

/** Each lane of an epoch has its own seq from 1 and its own hash chain. */
export type Lane = 'record' | 'finding' | 'reading'
export const LANES: readonly Lane[] = ['record', 'finding', 'reading']

/** Where an entry of this kind goes: what is seen on photos waits for no alarm, and no alarm for it. */
export const laneOf = (kind: string): 'record' | 'finding' => (kind === 'finding' ? 'finding' : 'record')

/** Flags of a reading's quality; 0 is good. A marked reading is kept, never removed. */
export const QUALITY = {
  good: 0,
  /** Outside what the quantity or the probe can physically be. */
  outOfRange: 1,
  /** The probe or its manual says that this register is an estimate (NPK of cheap probes). */
  estimated: 2,
  /** A retained or late message: true when it was measured, not live. */
  historical: 4,
  /** Computed from a reading that is itself marked. */
  fromMarked: 8,
  /** Jumped faster than the quantity can. */
  spike: 16,
  /** Has not changed for suspiciously long. */
  stuck: 32,
  /** The source itself says that its value is bad. */
  doubted: 64,
} as const

/** Sixteen hex digits, random, new at each start of the program: the boot whose monotonic clock stamped an entry. */
export type BootId = string

/** One value of one series as the journal holds it. `scaled` × the series' resolution is the value. */
export interface Reading {
  readonly seriesNo: number
  /** bootWallMs + monotonic, ms: never steps within a boot. */
  readonly t: number
  readonly scaled: number
  readonly quality: number
  /** What the source itself said the time was, ms, where it said one. */
  readonly sourceT?: number
}

/** What every entry of the record and finding lanes begins with. */
export interface EntryStamp {
  readonly t: number
  readonly boot: BootId
  readonly clock: TimeQuality
}

/** Declares a series before its first reading. `no` is per epoch and never reused; `uuid` lasts. */
export interface SeriesEntry {
  readonly kind: 'series'
  readonly no: number
  readonly uuid: string
  readonly device: string
  /** Tells two series of one device and quantity apart (probe depth, sensor index); empty when there is one. */
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly resolution: number
  readonly timeStepMs: number
  /** Where it is: a plot or a place on the farm, as the config says. */
  readonly place: string
  /** `measured` by a device or `derived` by the agent (model name and version beside it). */
  readonly origin: string
  /** uuid of the series that this one goes on from after a change of unit, resolution, place or probe. */
  readonly continues?: string
}

export type AlarmSeverity = 'info' | 'warning' | 'critical'

/**
 * An alarm is raised once and cleared once, with the same `alarmId`; between the two a person may acknowledge it, and
 * then `facts.person` is that person's id. Readable in any language by `rule` and `facts`.
 */
export interface AlarmEntry {
  readonly kind: 'alarm'
  readonly alarmId: string
  readonly state: 'raised' | 'acknowledged' | 'cleared'
  readonly severity: AlarmSeverity
  /**
   * `above`, `below`, `heat-stress`, `vpd-stress`: a threshold; `rising`, `falling`: how fast; `silent`: a device that
   * stopped talking; `infection`, `finding`: what a model found; `clock`, `journal`, ..: the box itself.
   */
  readonly rule: string
  /** The name of the rule in the config, or the device for `silent`. */
  readonly name: string
  readonly device: string
  readonly quantity: string
  readonly facts: Readonly<Record<string, string | number>>
}

/** The true time of a boot, learnt later: wall = t + offsetMs for entries of `boot` (views apply it, nothing is rewritten). */
export interface ClockEntry {
  readonly kind: 'clock'
  readonly ofBoot: BootId
  readonly offsetMs: number
  readonly plusMinusMs: number
  readonly source: 'ntp' | 'province' | 'person'
}

/** A range of a lane that was dropped or lost, with the reason, so that chain and mark move past it. */
export interface LossEntry {
  readonly kind: 'loss'
  readonly lane: Lane
  readonly from: number
  readonly to: number
  readonly count: number
  readonly reason: 'quota' | 'damage' | 'unreadable'
  readonly fromT?: number
  readonly toT?: number
  readonly seriesNo?: number
  readonly batchHash?: Uint8Array
}

export interface ConfigEntry {
  readonly kind: 'config'
  /** sha256 of the effective configuration with its secrets masked. */
  readonly hash: Uint8Array
  readonly program: string
}

/** Something done on the farm. `person` is an id, never a name. `farm-book.ts` has the types and their details. */
export interface ActivityEntry {
  readonly kind: 'activity'
  readonly activityId: string
  readonly type: string
  readonly plot: string
  readonly at: number
  readonly person: string
  readonly details: Readonly<Record<string, string | number>>
  /** The activity that this one replaces: nothing is rewritten. */
  readonly corrects?: string
  /** It never happened: with `corrects`, and instead of it stands nothing. */
  readonly isWithdrawn?: boolean
  /** Why it was corrected, or why fruit was picked inside an interval all the same. */
  readonly why?: string
  /** sha256 of each photo, hex: the label of a product, a receipt. */
  readonly photos?: readonly string[]
  /** Fruit taken and given: packing, stacking on a pallet, dispatch. */
  readonly inputs?: readonly LotShare[]
  readonly outputs?: readonly LotShare[]
}

/** Fruit with one history: always GTIN + lot number. */
export interface LotEntry {
  readonly kind: 'lot'
  readonly gtin: string
  readonly lot: string
  readonly activityId: string
  readonly crop: string
  readonly plot: string
  readonly harvestedAt: number
  readonly massKg: number
  readonly growingArea?: { readonly gln: string; readonly code: string }
}

/** An EPCIS event signed by the farm: exactly the bytes that were signed (RFC 8785 JSON) and the signature. */
export interface EventEntry {
  readonly kind: 'event'
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** A plot as the farm registers it. */
export interface PlotEntry {
  readonly kind: 'plot'
  readonly plot: string
  readonly name: string
  readonly crop: string
  readonly areaHa: number
}

/** Decided at the province: a farm exists. */
export interface FarmEntry {
  readonly kind: 'farm'
  readonly farmId: string
  readonly name: string
  readonly commune: string
  readonly province: string
}

/** Decided at the province: this key speaks for this farm. */
export interface EnrolmentEntry {
  readonly kind: 'enrolment'
  readonly agent: string
  readonly publicKey: Uint8Array
  readonly boxCode: string
  readonly farmId: string
}

/** Decided at the province: this key may not speak any longer; entries after `lastTrusted` do not count. */
export interface SuspensionEntry {
  readonly kind: 'suspension'
  readonly agent: string
  readonly reason: string
}

/** Decided at the province: a farm may mark this crop, grade and pack with this GTIN and growing area. */
export interface AllocationEntry {
  readonly kind: 'allocation'
  readonly farmId: string
  readonly gtin: string
  readonly crop: string
  readonly productVi: string
  readonly productEn: string
  readonly growingArea?: { readonly gln: string; readonly code: string; readonly validTo?: string }
}

/** Decided at the province: an event that an integrator captured. `bytes` is its JSON, `by` whose token it was. */
export interface CapturedEventEntry {
  readonly kind: 'captured-event'
  readonly bytes: Uint8Array
  readonly by: string
}

export type { FindingEntry } from './finding.ts'
export type { KeyRotationEntry, RevocationEntry } from './key-rotation.ts'

export type RecordBody =
  | SeriesEntry
  | AlarmEntry
  | ClockEntry
  | LossEntry
  | ConfigEntry
  | ActivityEntry
  | ProductEntry
  | PermissionEntry
  | LotEntry
  | EventEntry
  | PlotEntry
  | FindingEntry
  | ModelEntry
  | ModelChangeEntry
  | ShadowLookEntry
  | OutlookEntry
  | FarmEntry
  | EnrolmentEntry
  | SuspensionEntry
  | AllocationEntry
  | GrowingAreaEntry
  | CertificateEntry
  | RecallEntry
  | HolderEntry
  | ConsentEntry
  | FindingReviewEntry
  | PhotoRequestEntry
  | KeyRotationEntry
  | RevocationEntry
  | DownlinkEntry
  | DownlinkMessageEntry
  | CapturedEventEntry

/** One line of the record lane. A kind that this program does not know is kept as it is and counted. */
export type RecordEntry = EntryStamp &
  (RecordBody | { readonly kind: string; readonly [field: string]: unknown })

/** Who sealed a batch and which seqs it holds. */
export interface BatchHeader {
  readonly agent: string
  /** First 8 bytes of the sha256 of the public key, hex. */
  readonly key: string
  /** Sixteen hex digits. */
  readonly epoch: string
  readonly lane: Lane
  readonly from: number
  readonly to: number
  /** sha256 of the whole previous batch of this lane; null for the first of an epoch. */
  readonly prev: Uint8Array | null
  /** Size of the body before compression: the bound of the inflater. */
  readonly rawSize: number
  /** How the body is written: `entries-1` (CBOR) or `columns-1`. A reader that does not know it keeps the batch. */
  readonly form: string
}

/** Readings of one boot, as a batch of the reading lane holds them. */
export interface ReadingSegment {
  readonly boot: BootId
  readonly clock: TimeQuality
  /** In order of (series number, order of arrival): that order numbers the seqs. */
  readonly readings: readonly Reading[]
}
