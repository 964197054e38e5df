/** What becomes of a box's disease models: which one answers, which one runs in its shadow, and why that was changed. */

/** Hash and version of a model; the id stands beside it. */
export interface ModelName {
  readonly id: string
  readonly version: string
  readonly sha256: Uint8Array
}

export const MODEL_CHANGES = [
  /** Came from a bundle and runs in the shadow of the one that answers. */
  'shadowing',
  /** Answers from now on. */
  'active',
  /** Answered, and was taken back; `now` answers again. */
  'rolled-back',
  /** Ran in the shadow and does so no longer. */
  'dropped',
] as const

/** Written once by a box for each change of its models. */
export interface ModelChangeEntry {
  readonly kind: 'model-change'
  readonly model: ModelName
  readonly change: (typeof MODEL_CHANGES)[number]
  /** `person` at the box, `province` by a message, `figures` by the rule, `failure`, `program` with a new release. */
  readonly by: 'person' | 'province' | 'figures' | 'failure' | 'program'
  /** What answers after it; null where nothing does. */
  readonly now: ModelName | null
  /** Empty where there is nothing to add. */
  readonly reason: string
  /** When it was decided, ms UTC as the box knew it. */
  readonly at: number
  /** What the shadow had shown until then; absent where it had run none. */
  readonly figures?: ShadowFigures
}

/** What a model in the shadow said of a photo, beside what was shown. Never shown itself. */
export interface ShadowLookEntry {
  readonly kind: 'shadow-look'
  readonly findingId: string
  readonly model: ModelName
  /** As in a finding; both null where it failed. */
  readonly verdict: string | null
  readonly abstained: string | null
  /** Of the verdict or the likeliest label, 0..1; null where it looked at nothing. */
  readonly probability: number | null
  /** Of the inference alone. */
  readonly ms: number
  /** Why it could not be run; empty where it could. */
  readonly failure: string
  /** The one that answered. */
  readonly beside: {
    readonly model: ModelName | null
    readonly verdict: string | null
    readonly abstained: string | null
    readonly ms: number
  }
}

/** Counted over the looks of one model in the shadow of one other. */
export interface ShadowFigures {
  /** Photos that the shadow was asked about. */
  readonly photos: number
  /** Of these, where it could not be run; and how many of the last ones in a row. */
  readonly failures: number
  readonly failuresInARow: number
  /** Where a model could judge at all: the quality gate let the photo through. */
  readonly judged: number
  readonly answered: number
  readonly activeAnswered: number
  /** Said "not this plant". */
  readonly refused: number
  readonly activeRefused: number
  /** Both named something; and the same. */
  readonly bothAnswered: number
  readonly agreed: number
  /** Medians of the inference, ms; null without a photo. */
  readonly ms: number | null
  readonly activeMs: number | null
  /** What a person on the farm confirmed of the shown answer; and how often the shadow had said the same. */
  readonly confirmed: number
  readonly confirmedAgreed: number
}
