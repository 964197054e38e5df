import type { AlarmSeverity } from '#contract/wire/records.ts'

/**
 * What a person set in the config for one quantity of one device, or of any: a bound for the value (`above`, `below`),
 * or for how fast it changes (`risesPerHour`, `fallsPerHour`). Exactly one of the four is given.
 */
export interface WatchRule {
  readonly name: string
  /** A device's name, or * for any. */
  readonly device: string
  readonly quantity: string
  readonly above?: number | undefined
  readonly below?: number | undefined
  /** In the quantity's unit per hour, both as positive numbers. */
  readonly risesPerHour?: number | undefined
  readonly fallsPerHour?: number | undefined
  /** Over how long a change is looked at; half an hour if not given. */
  readonly overS?: number | undefined
  /** In the unit of the bound. */
  readonly hysteresis: number
  readonly forS: number
  readonly severity: AlarmSeverity
  /** What the bound stands for; without it the value itself is what is told. */
  readonly stress?: 'heat-stress' | 'vpd-stress' | undefined
  /** Whose stress it is, as plots name their crop. */
  readonly crop?: string | undefined
}

export type WatchKind = 'above' | 'below' | 'rising' | 'falling' | 'heat-stress' | 'vpd-stress'

export const kindOf = (rule: WatchRule): WatchKind =>
  rule.stress ??
  (rule.above !== undefined
    ? 'above'
    : rule.below !== undefined
      ? 'below'
      : rule.risesPerHour !== undefined
        ? 'rising'
        : 'falling')

export const boundOf = (rule: WatchRule): number =>
  rule.above ?? rule.below ?? rule.risesPerHour ?? rule.fallsPerHour ?? Number.NaN

export const isOfRate = (rule: WatchRule): boolean =>
  rule.risesPerHour !== undefined || rule.fallsPerHour !== undefined

/** How far a value (or a rate, per hour) is beyond the rule's bound; negative while it is within. */
export function beyondBy(rule: WatchRule, measured: number): number {
  if (rule.above !== undefined) return measured - rule.above
  if (rule.below !== undefined) return rule.below - measured
  if (rule.risesPerHour !== undefined) return measured - rule.risesPerHour
  return -measured - (rule.fallsPerHour ?? Number.NaN)
}

export const DEFAULT_RATE_OVER_S = 1800
