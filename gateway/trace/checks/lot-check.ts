/**
 * What the province checks of a lot beside its signatures: each shown as pass, fail or "can't tell" with the evidence.
 * A check never takes an absence for innocence.
 */
export const CHECK_CODES = [
  'event-chain',
  'pre-harvest',
  'back-dating',
  'mass-balance-area',
  'mass-balance-packing',
  'code-permission',
  'diary-copy',
  'completeness',
  'passport',
] as const
export type CheckCode = (typeof CHECK_CODES)[number]

export type CheckVerdict = 'pass' | 'fail' | 'cant-tell'

/** One thing that speaks for a verdict: a code for which screens have a sentence, and what stands in it. */
export interface CheckEvidence {
  readonly code: string
  readonly facts: Readonly<Record<string, string | number>>
}

export interface LotCheck {
  readonly code: CheckCode
  readonly verdict: CheckVerdict
  readonly evidence: readonly CheckEvidence[]
}

const WEIGHT: Readonly<Record<CheckVerdict, number>> = { pass: 0, 'cant-tell': 1, fail: 2 }

/** The worst of several: one failing part fails the lot, and one that nobody can judge keeps it from passing. */
export const worst = (verdicts: readonly CheckVerdict[]): CheckVerdict =>
  verdicts.reduce<CheckVerdict>((bad, each) => (WEIGHT[each] > WEIGHT[bad] ? each : bad), 'pass')
