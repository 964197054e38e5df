import type { QuantityName } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'

/** From a check against a reference instrument: true value = reported × scale + offset, in the quantity's unit. */
export interface Calibration {
  readonly scale: number
  readonly offset: number
}

/**
 * Calibrates a value and marks it when it lies outside what is physically possible on a farm (the `range` of
 * contract/wire/quantities.ts). It never removes anything: a marked reading is kept and shown as marked.
 */
export function markObservation<
  T extends { readonly quantity: QuantityName; readonly value: number; readonly quality: number },
>(observation: T, calibration?: Calibration): T {
  const value = calibration
    ? withoutFloatDust(observation.value * calibration.scale + calibration.offset)
    : observation.value
  const [low, high] = QUANTITIES[observation.quantity].range
  const isPossible = value >= low && value <= high
  if (isPossible && value === observation.value) return observation
  const quality = isPossible ? observation.quality : observation.quality | QUALITY.outOfRange
  return { ...observation, value, quality }
}

// 0.1 + 0.2 is 0.30000000000000004 in binary; twelve digits are more than any probe means.
const withoutFloatDust = (value: number): number =>
  Number.isFinite(value) ? Number(value.toPrecision(12)) : value
