import type { AbstainReason, Organ } from '#contract/wire/finding.ts'

/** What a disease model promises. It gets the upright picture, and may decline as often as it is not sure. */
export interface PhotoModel {
  readonly id: string
  readonly version: string
  /** Hex sha256 of the model's file. */
  readonly sha256: string
  look(picture: RgbImage): Promise<Look>
}

/** Three bytes a pixel (sRGB), row by row. */
export interface RgbImage {
  readonly widthPx: number
  readonly heightPx: number
  readonly rgb: Uint8Array
}

export interface Look {
  readonly verdict: string | null
  readonly abstained: AbstainReason | null
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
  readonly lesionShare: number | null
}

/** The model for a crop and organ; undefined where there is none, and then nobody guesses. */
export type ModelShelf = (crop: string, organ: Organ) => Promise<PhotoModel | undefined>
