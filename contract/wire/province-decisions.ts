/** What the province decides about codes, certificates, recalls and names. Dates are YYYY-MM-DD, empty where not known. */

/** A growing area or packing house as its issuer registered it. Codes are opaque: who issued them may be merged or renamed. */
export interface GrowingAreaEntry {
  readonly kind: 'growing-area'
  readonly gln: string
  readonly code: string
  readonly areaKind: 'growing-area' | 'packing-house'
  readonly issuer: string
  /** The farm that holds the code; empty while nobody of this province's farms does. */
  readonly holderFarmId: string
  readonly crop: string
  readonly variety: string
  readonly areaHa: number
  /** What a hectare of it gives in a season at the most, kg, as registered; 0 when nobody said. */
  readonly yieldKgPerHa: number
  readonly seasonsPerYear: number
  /** Such as `VN,CN,US`: for which markets it is registered. */
  readonly markets: string
  readonly commune: string
  readonly validFrom: string
  readonly validTo: string
  readonly isWithdrawn: boolean
}

export interface CertificateEntry {
  readonly kind: 'certificate'
  readonly certificateNo: string
  readonly body: string
  /** VietGAP, GlobalG.A.P., organic, .. */
  readonly scheme: string
  readonly farmId: string
  readonly crop: string
  readonly validFrom: string
  readonly validTo: string
  readonly isWithdrawn: boolean
}

/** A lot is called back, or no longer. The newest word on a recall stands. */
export interface RecallEntry {
  readonly kind: 'recall'
  readonly recallId: string
  readonly gtin: string
  readonly lot: string
  readonly reasonVi: string
  readonly reasonEn: string
  readonly state: 'recalled' | 'lifted'
  /** Also every lot that was made from it. */
  readonly isForward: boolean
}

export const PERSONAL_FIELDS = ['name', 'address', 'phone'] as const
export type PersonalField = (typeof PERSONAL_FIELDS)[number]

/**
 * Somebody's name, address or number is on file with the province: only a commitment, sha256 over `salt ‖ 0x00 ‖ value`.
 * The value and its salt lie outside the log and can be erased; then nothing here says any longer what it was.
 */
export interface HolderEntry {
  readonly kind: 'holder'
  readonly farmId: string
  readonly field: PersonalField
  readonly commitment: Uint8Array
}

/** What a person agreed to, or took back: shown to the public only while it is given. */
export interface ConsentEntry {
  readonly kind: 'consent'
  readonly farmId: string
  readonly purpose: 'public-name' | 'public-address' | 'public-phone'
  readonly state: 'given' | 'withdrawn'
  /** How it was given: `paper`, `app`, `spoken before two`, ..; no names. */
  readonly form: string
}

export const REVIEW_DECISIONS = ['confirmed', 'corrected', 'other', 'not-usable'] as const
export type ReviewDecision = (typeof REVIEW_DECISIONS)[number]

/**
 * What a person of the province says of a finding, with everything that he had before his eyes: it is understood without
 * the model, and when the model is long gone. The newest word on a finding stands; the earlier ones stay.
 */
export interface FindingReviewEntry {
  readonly kind: 'finding-review'
  readonly reviewId: string
  readonly agent: string
  readonly findingId: string
  /** sha256 of the photo that was looked at. */
  readonly photo: Uint8Array
  /** sha256 of the model whose answer was looked at; null where none had answered. */
  readonly model: Uint8Array | null
  /**
   * `confirmed`: what the model said; `corrected`: another label of a model's table; `other`: none of them, in words;
   * `not-usable`: nothing can be learned from this photo.
   */
  readonly decision: ReviewDecision
  /** Of the label, as a model's table names it: not always the crop that the finding was sent with. */
  readonly crop: string
  /** Key of the label; empty for `other` and `not-usable`. */
  readonly label: string
  /** What the label is called; of `other` the person's own words. */
  readonly vi: string
  readonly en: string
  /** URI of the organism; empty where nobody named one. */
  readonly organism: string
  /** Empty, or what the next one who looks should know. No names: it stays for ever. */
  readonly note: string
  readonly regions: readonly PhotoRegion[]
  /** Id of the person, never a name. */
  readonly person: string
  readonly role: string
  /** eventID of the EPCIS event in which it went on record; empty where it did not. */
  readonly eventId: string
}

/** A place on a photo. Coordinates are shares of its width and height, 0..1 from the top left, to four decimals. */
export interface PhotoRegion {
  /** Two opposite corners of a box, or the corners of a polygon in their order, at least three. */
  readonly shape: 'box' | 'polygon'
  readonly points: readonly (readonly [x: number, y: number])[]
}

// A person draws a handful of places, each in some dozens of strokes.
export const MAX_REGIONS = 20
export const MAX_REGION_POINTS = 400

/** The full photo was asked for: message `no` to the box says so. */
export interface PhotoRequestEntry {
  readonly kind: 'photo-request'
  readonly agent: string
  /** sha256 of the photo. */
  readonly photo: Uint8Array
  readonly no: number
  readonly person: string
  readonly role: string
}
