import type { Unit } from '#contract/wire/quantities.ts'

/** Units as devices spell them → the units of the quantities table. */

type Conversion = (value: number) => number

const same: Conversion = (value) => value
const times =
  (factor: number): Conversion =>
  (value) =>
    value * factor

const CONVERSIONS: Partial<Record<Unit, Readonly<Record<string, Conversion>>>> = {
  Cel: {
    '°C': same,
    C: same,
    '°F': (fahrenheit) => ((fahrenheit - 32) * 5) / 9,
    F: (fahrenheit) => ((fahrenheit - 32) * 5) / 9,
    K: (kelvin) => kelvin - 273.15,
  },
  '%': { '%': same, '%RH': same, '%VWC': same, '% VWC': same, 'm³/m³': times(100), fraction: times(100) },
  kPa: { kPa: same, hPa: times(0.1), mbar: times(0.1), Pa: times(0.001) },
  hPa: {
    hPa: same,
    mbar: same,
    bar: times(1000),
    kPa: times(10),
    Pa: times(0.01),
    // 1 mmHg = 133.322387415 Pa, 1 inHg = 3386.389 Pa (NIST SP 811, appendix B).
    mmHg: times(1.33322387415),
    inHg: times(33.86389),
  },
  lx: { lx: same, lux: same, klx: times(1000) },
  'uS/cm': { 'uS/cm': same, 'µS/cm': same, 'μS/cm': same, 'mS/cm': times(1000), 'dS/m': times(1000) },
  'mg/kg': { 'mg/kg': same },
  '[pH]': { pH: same, '': same },
  mm: { mm: same, in: times(25.4) },
  'mm/h': { 'mm/h': same, 'in/h': times(25.4) },
  m: { m: same, cm: times(0.01), mm: times(0.001) },
  'W/m2': { 'W/m²': same, 'W/m2': same },
  'umol/(m2.s)': { 'µmol/m²/s': same, 'μmol/m²/s': same },
  'mg/L': { 'mg/L': same, 'mg/l': same },
  // 1 mile an hour = 0.44704 m/s and 1 knot = 0.514444 m/s, both by definition.
  'm/s': { 'm/s': same, 'km/h': times(1 / 3.6), mph: times(0.44704), kn: times(0.514444) },
  deg: { '°': same, deg: same },
  V: { V: same, mV: times(0.001) },
  A: { A: same, mA: times(0.001) },
  W: { W: same, kW: times(1000) },
  VA: { VA: same, kVA: times(1000) },
  'kW.h': { kWh: same, Wh: times(0.001), MWh: times(1000) },
  Hz: { Hz: same },
  '[ppm]': { ppm: same },
  'ug/m3': { 'µg/m³': same, 'μg/m³': same, 'ug/m3': same, 'µg/m3': same, 'mg/m³': times(1000) },
  dB: { dB: same, dBA: same },
  dBm: { dBm: same },
  L: { L: same, l: same, 'm³': times(1000) },
  'L/min': { 'L/min': same, 'L/h': times(1 / 60), 'm³/h': times(1000 / 60) },
  '1': { '': same, lqi: same, '%': times(0.01) },
}

/** Undefined when the device's unit can't be turned into the table's: no value is better than a wrong one. */
export function toTableUnit(value: number, from: string, unit: Unit): number | undefined {
  if (from === unit) return value
  const convert = CONVERSIONS[unit]?.[from]
  if (!convert) return undefined
  if (convert === same) return value
  const converted = withoutFloatDust(convert(value))
  // 1e308 mS/cm are more µS/cm than there are numbers.
  return Number.isFinite(converted) ? converted : undefined
}

/** Every spelling that becomes this unit: what a config may say. */
export const spellingsOf = (unit: Unit): readonly string[] => [
  ...new Set([unit, ...Object.keys(CONVERSIONS[unit] ?? {})]),
]

/** 359 × 0.1 is 35.900000000000006 in binary; twelve digits are more than any probe means. */
export const withoutFloatDust = (value: number): number => Number(value.toPrecision(12))
