import { VuonError } from '#contract/ground/errors.ts'

/** Why the farm book does not take an entry: the page has a sentence for each. */
export const REFUSAL_REASONS = [
  'missing',
  'not-text',
  'too-long',
  'not-number',
  'not-whole',
  'out-of-bounds',
  'not-one-of',
  'unknown-detail',
  'too-many',
  'unknown-plot',
  'area-beyond-plot',
  'wrong-day',
  'future',
  'too-old',
  'wrong-time',
  'wrong-gtin',
  'foreign-gtin',
  'other-crop',
  'wrong-gln',
  'wrong-sscc',
  'wrong-lot',
  'unknown-lot',
  'other-lot',
  'other-day',
  'no-number-left',
  'no-shares',
  'shares-not-taken',
  'twice',
  'more-than-there-is',
  'more-out-than-in',
  'boxes-and-mass',
  'taken-already',
  'inside-interval',
  'interval-differs',
  'differs-from-product',
  'unknown-product',
  'retired-product',
  'known-product',
  'unknown-activity',
  'replaced-already',
  'withdrawn-already',
  'other-type',
  'other-product',
  'no-sscc-prefix',
  'pallet-left',
  'unknown-photo',
  'unknown-finding',
  'unknown-permission',
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** Bad input of a person, at a field, with the figures that show it. */
export class Refusal extends VuonError {
  readonly field: string
  readonly reason: RefusalReason
  readonly facts: Readonly<Record<string, string | number>>

  constructor(
    field: string,
    reason: RefusalReason,
    sentence: string,
    facts: Readonly<Record<string, string | number>> = {},
  ) {
    super('input-invalid', sentence, { hint: field })
    this.name = 'Refusal'
    this.field = field
    this.reason = reason
    this.facts = facts
  }
}
