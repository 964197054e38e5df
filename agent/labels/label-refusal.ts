import { VuonError } from '#contract/ground/errors.ts'

/** Why there is no label: the page has a sentence for each. */
export type LabelReason =
  | 'too-small'
  | 'letters'
  | 'link'
  | 'lacks-english'
  | 'lacks-area'
  | 'lacks-house'
  | 'withdrawn'
  | 'copies'
  | 'other-printer'

export class LabelRefusal extends VuonError {
  readonly reason: LabelReason
  readonly facts: Readonly<Record<string, string | number>>

  constructor(
    reason: LabelReason,
    detail: string,
    options: { hint: string; facts?: Readonly<Record<string, string | number>>; cause?: unknown },
  ) {
    super('input-invalid', detail, options)
    this.reason = reason
    this.facts = options.facts ?? {}
  }
}
