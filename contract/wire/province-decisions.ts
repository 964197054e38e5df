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
