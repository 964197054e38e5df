import type { PackPhoto } from './photo-pack.ts'
import type { Python } from './python.ts'

/** What both models are made from, and how long. The shipped weights took the defaults of train.ts. */
export interface Plan {
  readonly python: Python
  readonly photos: readonly PackPhoto[]
  /** Decoded photos, views and features of this run; several gigabytes. */
  readonly folder: string
  /** Where the models' folders are written: `models/` of the repository. */
  readonly out: string
  readonly backbone: string
  /** A second one of which nothing is trained but the heads; the leaf model's only. */
  readonly second: string
  /** The last layer that stays as it is. */
  readonly after: string
  readonly seed: number
  readonly epochs: number
  readonly views: number
  readonly tell: (line: string) => void
}

/** Tiles are squares of 320 px at half of the camera's resolution, drawn at 160: as they lie in a photo of 1,280 px. */
export const TILE_PX = 160
export const PHOTO_SIDE_PX = 1280
/** A cell of the network's last layer. */
export const STRIDE_PX = 32
export const LEAF_SIDE_PX = 224
