import { QUALITY } from '#contract/wire/records.ts'
import type { WireMetric } from './wire-payload.ts'

/** What the properties of a metric say of its value. */

// Ignition writes engUnit, others write it out. The standard names none.
const UNIT_KEYS = ['engunit', 'engunits', 'engineeringunit', 'engineeringunits', 'unit', 'units', 'uom']
const MAX_UNIT_CHARS = 32

/** The unit as the edge node spells it; undefined where it states none. */
export function unitOf({ properties }: WireMetric): string | undefined {
  for (const [key, value] of properties) {
    if (value.kind !== 'string' || !UNIT_KEYS.includes(key.toLowerCase().replaceAll(/[^a-z]/g, ''))) continue
    const unit = value.value.trim()
    if (unit !== '' && unit.length <= MAX_UNIT_CHARS) return unit
  }
  return undefined
}

/** Flags of QUALITY by the property Quality: 0 is bad, 192 good, 500 stale (Sparkplug 3.0 §6.4.9). */
export function qualityOf({ properties }: WireMetric): number {
  const stated = properties.get('Quality') ?? properties.get('quality')
  if (stated?.kind !== 'int' && stated?.kind !== 'long') return QUALITY.good
  const code = Number(stated.value)
  if (code === 500) return QUALITY.historical
  // OPC keeps reasons in the low bits of its codes: 192 to 255 all are good.
  return code >= 192 && code <= 255 ? QUALITY.good : QUALITY.doubted
}
