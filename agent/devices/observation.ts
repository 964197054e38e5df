import type { QuantityName, Unit } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'

/** One value that a device reported, in the unit of the quantities table, before calibration. */
export interface Observation {
  readonly device: string
  /** Tells two values of one device and quantity apart (`l1`, `DS18B20-2`); empty when there is one. */
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly value: number
  /** The step that the device itself measures in; the table's when it doesn't say. */
  readonly resolution?: number
  /** What the device says the time was, ms since 1970. Kept beside our own time, never instead of it. */
  readonly sourceTimeMs?: number
  /** Flags of QUALITY. */
  readonly quality: number
}

export interface DecodeError {
  readonly code: string
  readonly detail: string
}

export interface DecodeResult {
  readonly readings: readonly Observation[]
  /** True when the message holds nothing for us and nothing is wrong with it. */
  readonly ignored: boolean
  readonly errors: readonly DecodeError[]
  /** Fields that are fine but that nobody has mapped to a quantity. */
  readonly ignoredFields: number
  readonly deviceSeen?: { readonly id: string; readonly availability?: 'online' | 'offline' }
  /** Further devices that went offline with it. */
  readonly devicesGone?: readonly string[]
}

export const observed = (
  device: string,
  channel: string,
  quantity: QuantityName,
  value: number,
  { sourceTimeMs, quality = 0 }: { sourceTimeMs?: number | undefined; quality?: number } = {},
): Observation => {
  const { unit } = QUANTITIES[quantity]
  return sourceTimeMs === undefined
    ? { device, channel, quantity, unit, value, quality }
    : { device, channel, quantity, unit, value, sourceTimeMs, quality }
}

export const NOTHING: DecodeResult = { readings: [], ignored: true, errors: [], ignoredFields: 0 }

export const refused = (code: string, detail: string): DecodeResult => ({
  readings: [],
  ignored: false,
  errors: [{ code, detail: detail.slice(0, 200) }],
  ignoredFields: 0,
})
