/**
 * What was seen on a photo, or why nothing is said of it. The photo itself is never in an entry: it is named by its
 * sha256, travels later as a blob of its own, and can be erased without touching what was signed.
 */
export interface FindingEntry {
  readonly kind: 'finding'
  readonly findingId: string
  readonly photo: PhotoRef
  /** As a model's manifest names it, such as `dragon-fruit`; empty where nobody said. */
  readonly crop: string
  readonly organ: Organ
  /** Id of the plot; empty where nobody said. */
  readonly plot: string
  /** What a person sent at once is of one plant and shares this id; absent from a camera. */
  readonly plant?: string
  /** When the box took the photo in, ms on the clock of this entry's boot. */
  readonly at: number
  /** Id of the person who took it, never a name; empty for a camera. */
  readonly person: string
  /** Null while there is no model for this crop and organ. */
  readonly model: { readonly id: string; readonly version: string; readonly sha256: Uint8Array } | null
  /** The label that the model stands for; null whenever it abstains. */
  readonly verdict: string | null
  readonly abstained: AbstainReason | null
  /** Calibrated probabilities in 0..1, likeliest first. */
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
  /** Share of the plant's surface on the photo that the model calls lesion, 0..1. */
  readonly lesionShare: number | null
  /** Where the lesions are; absent where the model sees the photo as a whole, or abstains before it looked. */
  readonly heat?: FindingHeat
  readonly quality: PhotoQuality
}

/** A coarse grid over the whole photo, row by row, a byte a cell: 0 is no lesion (or no plant), 255 surely one. */
export interface FindingHeat {
  readonly rows: number
  readonly columns: number
  readonly values: Uint8Array
}

/** The photo as it is kept: turned upright, without EXIF, GPS or anything else that is not picture. */
export interface PhotoRef {
  readonly sha256: Uint8Array
  readonly sizeBytes: number
  readonly widthPx: number
  readonly heightPx: number
  /** When the camera says that it was taken, ms UTC; absent where it names no offset from UTC. */
  readonly takenAt?: number
  /** A small WebP of the same photo, a blob of its own that travels first. */
  readonly thumbnail: {
    readonly sha256: Uint8Array
    readonly sizeBytes: number
    readonly widthPx: number
    readonly heightPx: number
  }
}

/** Measured on a grey copy of at most 640 px on its longer side; luma is 0 (black) to 1 (white), gamma-coded as in sRGB. */
export interface PhotoQuality {
  /** Variance of the Laplacian (luma × 255, 4-neighbour kernel) of the sharpest tenth of 8 × 8 tiles. No unit. */
  readonly sharpness: number
  /** Mean luma. */
  readonly brightness: number
  /** Luma below which the darkest twentieth lies: high when nothing on the photo is dark. */
  readonly darkest: number
  /** Luma above which the brightest twentieth lies: low when nothing on the photo is lit. */
  readonly brightest: number
  /** Share of the pixels that are burnt out (luma of 0.98 or more), 0..1. */
  readonly blownShare: number
  /** Shorter side of the photo as it came, px. */
  readonly shortSidePx: number
}

export type Organ = 'stem' | 'leaf' | 'fruit' | ''
export const ORGANS: readonly Organ[] = ['stem', 'leaf', 'fruit', '']

export type AbstainReason = (typeof ABSTAIN_REASONS)[number]
export const ABSTAIN_REASONS = [
  'not-this-plant',
  'uncertain',
  'blurred',
  'too-dark',
  'too-bright',
  'too-far',
  'too-small',
  'unreadable',
  'unsupported-format',
  'too-large',
] as const

/** The largest file that is taken for a photo: a 50-megapixel phone writes 8 to 16 MB. */
export const MAX_PHOTO_BYTES = 20 * 1024 * 1024
