import type { AbstainReason, Organ } from '#contract/wire/finding.ts'

/** What a disease model promises. It gets the upright picture, and may decline as often as it is not sure. */
export interface PhotoModel {
  readonly id: string
  readonly version: string
  /** Hex sha256 of the model's file. */
  readonly sha256: string
  /** The size to which an upright photo is decoded for it, once. */
  sizeOf(photo: PhotoSize): DecodeSize
  /** The picture as `look` takes it without drawing it again: done beside the gate, which measures meanwhile. */
  draw?(picture: RgbImage): Promise<RgbImage>
  /** Gives its memory back; it takes a moment to begin again. */
  rest?(): Promise<void>
  /** Rejects when the model can't be run; nothing is then said of the photo. */
  look(picture: RgbImage): Promise<Look>
}

export interface PhotoSize {
  readonly widthPx: number
  readonly heightPx: number
}

export interface DecodeSize extends PhotoSize {
  /** Small enough for the decoder to do what is quick (JPEGs at a half to an eighth) rather than what is exact. */
  readonly isMuchReduced?: boolean
}

/** Three bytes a pixel (sRGB), row by row. */
export interface RgbImage extends PhotoSize {
  readonly rgb: Uint8Array
}

export interface Look {
  readonly verdict: string | null
  readonly abstained: AbstainReason | null
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
  readonly lesionShare: number | null
  /** Where the lesions are, or where a model looked that judges the whole photo; null for one that can't say. */
  readonly heat: HeatGrid | null
}

/** A grid over the whole photo, row by row: 0 is no lesion (or no plant), 255 surely one. */
export interface HeatGrid {
  readonly rows: number
  readonly columns: number
  readonly values: readonly number[]
}

/** The model for a crop (empty: nobody knows) and organ; undefined where there is none, and then nobody guesses. */
export type ModelShelf = (crop: string, organ: Organ) => Promise<PhotoModel | undefined>
