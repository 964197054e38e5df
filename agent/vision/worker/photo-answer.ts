import type { AbstainReason, Organ, PhotoQuality } from '#contract/wire/finding.ts'
import type { HeatGrid } from './photo-model.ts'

/** One request, one answer: what goes over the worker's channel, as JSON. */
export interface PhotoRequest {
  readonly path: string
  readonly crop: string
  readonly organ: Organ
  /** Write the cleaned photo and its thumbnail beside the file; their paths are in the answer. */
  readonly keep: boolean
  /** Why the model is not to be asked this time: it broke the process on this photo. */
  readonly withoutModel?: string
  /** Where to write a PNG of the photo with the heat map over it. */
  readonly heatmap?: string
  /** Ask the model in the shadow instead of the one that answers. */
  readonly isForShadow?: boolean
}

/** Open the model of this folder and have it answer its own cases. */
export interface CheckRequest {
  readonly check: string
}

export interface CheckAnswer {
  readonly kind: 'checked'
  /** That were answered as they should be. */
  readonly cases: number
  /** Null where nothing is wrong. */
  readonly fault: string | null
  readonly ms: number
}

export interface Diagnosis {
  /** `sha256` is hex. */
  readonly model: { readonly id: string; readonly version: string; readonly sha256: string } | null
  readonly verdict: string | null
  readonly abstained: AbstainReason | null
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
  readonly lesionShare: number | null
  readonly heat: HeatGrid | null
  /** Why the model that is installed for this crop could not be run. */
  readonly fault?: string
}

export interface WrittenImage {
  readonly path: string
  readonly sizeBytes: number
  readonly widthPx: number
  readonly heightPx: number
}

export interface SpentMs {
  readonly decode: number
  readonly infer: number
  readonly total: number
}

export type PhotoAnswer =
  /** A picture came out of the file. */
  | {
      readonly kind: 'photo'
      /** Of the upright picture as it came. */
      readonly widthPx: number
      readonly heightPx: number
      readonly takenAt?: number
      readonly quality: PhotoQuality
      readonly diagnosis: Diagnosis
      readonly kept?: WrittenImage
      readonly thumbnail?: WrittenImage
      readonly ms: SpentMs
    }
  /** No picture came out of it: there is nothing to keep. */
  | {
      readonly kind: 'no-photo'
      readonly reason: NoPhotoReason
      readonly detail: string
      readonly ms: SpentMs
    }

export type NoPhotoReason = Extract<AbstainReason, 'unreadable' | 'unsupported-format' | 'too-large'>
