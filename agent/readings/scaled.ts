import { MAX_SCALED } from '#contract/wire/columns-codec.ts'

/** The whole number of `resolution` steps nearest to a value; null for what is no measurement (NaN, infinite, absurd). */
export function toScaled(value: number, resolution: number): number | null {
  const scaled = Math.round(value / resolution)
  // Adding 0 turns −0 into 0, which a varint could not tell apart after a round trip.
  return Math.abs(scaled) <= MAX_SCALED ? scaled + 0 : null
}
