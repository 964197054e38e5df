/** One sentence for the farmer with what it rests on. The same in both languages; `code` names the rule that spoke. */
export interface Advice {
  readonly code: string
  readonly severity: AdviceSeverity
  readonly vi: string
  readonly en: string
  readonly evidence: readonly AdviceEvidence[]
}

/** `act` today; `watch`; `info` for the record; `missing`: a sensor, a setting or data without which nothing can be said. */
export type AdviceSeverity = 'act' | 'watch' | 'info' | 'missing'
const WEIGHTS: readonly AdviceSeverity[] = ['act', 'watch', 'info', 'missing']

export interface AdviceEvidence {
  readonly what: string
  readonly seriesNo?: number
  readonly uuid?: string
  readonly model?: string
  readonly value: number
  readonly unit: string
  readonly at: number
  readonly untilMs?: number
}

/** Stable: of one weight they keep their order. */
export const weightiestFirst = (advice: readonly Advice[]): Advice[] =>
  advice.toSorted((a, b) => WEIGHTS.indexOf(a.severity) - WEIGHTS.indexOf(b.severity))
