import { OUTLOOK_BOUNDS, type OutlookWhy } from '#contract/wire/outlook.ts'
import type { Why } from '../page/field-answer.ts'
import { HOUR_MS } from './series-hours.ts'

/** Figures and words as an outlook has them: whole numbers of a stated unit, lists and texts no longer than its bounds. */

const B = OUTLOOK_BOUNDS

export const whole = (value: number | null): number | null => (value === null ? null : Math.round(value))
export const times = (factor: number) => (value: number | null) =>
  value === null || !Number.isFinite(value) ? null : Math.round(value * factor)
export const tenths = times(10)
export const words = (list: readonly string[]): string[] =>
  list.slice(0, B.notes).map((word) => word.slice(0, B.text))

export const whyOf = (why: Why): OutlookWhy => ({
  ...{ model: why.model, standing: why.standing, source: why.source.slice(0, B.text) },
  notes: words(why.notes),
  missingSensors: words(why.missingSensors),
  missingSettings: words(why.missingSettings),
  inputsThroughMs: whole(why.inputsThroughMs),
})

/** Between two dates of the farm's calendar. */
export const daysFrom = (earlier: string, later: string): number =>
  Math.round((Date.parse(`${later}T00:00:00Z`) - Date.parse(`${earlier}T00:00:00Z`)) / (24 * HOUR_MS))
