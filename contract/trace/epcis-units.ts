/**
 * Units of measure by their UN/ECE Recommendation 20 code: what is measured in one is found by a question in another.
 * A figure of a unit that is not here is compared with figures in the very same unit only.
 */
interface Unit {
  /** The unit that this one is turned into: the same for everything that can be compared. */
  readonly base: string
  readonly factor: number
  /** Added before the factor: degrees count from another zero. */
  readonly offset?: number
}

const unitsOf = (base: string, units: Readonly<Record<string, number>>): [string, Unit][] => [
  [base, { base, factor: 1 }],
  ...Object.entries(units).map(([code, factor]): [string, Unit] => [code, { base, factor }]),
]

const UNITS: ReadonlyMap<string, Unit> = new Map<string, Unit>([
  ['KEL', { base: 'KEL', factor: 1 }],
  ['CEL', { base: 'KEL', factor: 1, offset: 273.15 }],
  ['FAH', { base: 'KEL', factor: 5 / 9, offset: 459.67 }],
  ...unitsOf('KGM', {
    GRM: 1e-3,
    MGM: 1e-6,
    MC: 1e-9,
    TNE: 1e3,
    DTN: 100,
    LBR: 0.45359237,
    ONZ: 0.028349523125,
  }),
  ...unitsOf('MTR', {
    MMT: 1e-3,
    CMT: 1e-2,
    DMT: 0.1,
    KMT: 1e3,
    '4H': 1e-6,
    INH: 0.0254,
    FOT: 0.3048,
    YRD: 0.9144,
    SMI: 1609.344,
  }),
  ...unitsOf('MTK', {
    CMK: 1e-4,
    DMK: 1e-2,
    MMK: 1e-6,
    HAR: 1e4,
    KMK: 1e6,
    ACR: 4046.8564224,
    FTK: 0.09290304,
  }),
  ...unitsOf('MTQ', {
    LTR: 1e-3,
    MLT: 1e-6,
    CMQ: 1e-6,
    DMQ: 1e-3,
    HLT: 0.1,
    DLT: 1e-4,
    CLT: 1e-5,
    GLL: 0.003785411784,
    FTQ: 0.028316846592,
  }),
  ...unitsOf('SEC', { MIN: 60, HUR: 3600, DAY: 86_400, WEE: 604_800, C26: 1e-3, B98: 1e-6 }),
  ...unitsOf('PAL', {
    HPA: 100,
    KPA: 1e3,
    MPA: 1e6,
    BAR: 1e5,
    MBR: 100,
    ATM: 101_325,
    HN: 133.322387415,
    PS: 6894.757293168,
  }),
  ...unitsOf('MTS', { KMH: 1 / 3.6, HM: 0.44704, KNT: 1852 / 3600, C16: 1e-3, '2M': 1e-2 }),
  ...unitsOf('JOU', { KJO: 1e3, WHR: 3600, KWH: 3.6e6, '3B': 1e6, D70: 4.1868, E14: 4186.8 }),
  ...unitsOf('WTT', { KWT: 1e3, MAW: 1e6, C31: 1e-3 }),
  ...unitsOf('VLT', { '2Z': 1e-3, KVT: 1e3, D82: 1e-6 }),
  ...unitsOf('AMP', { '4K': 1e-3, B84: 1e-6 }),
  ...unitsOf('OHM', { B49: 1e3, E45: 1e-3, B75: 1e6 }),
  ...unitsOf('HTZ', { KHZ: 1e3, MHZ: 1e6, A86: 1e9 }),
  ...unitsOf('LUX', { KLX: 1e3 }),
  // Shares: one, per cent, per mille, parts per million and per billion.
  ...unitsOf('C62', { P1: 0.01, NX: 1e-3, '59': 1e-6, '61': 1e-9, EA: 1, H87: 1, PCE: 1 }),
  ...unitsOf('KMQ', { GP: 1e-6, '23': 1e3, GL: 1, M1: 1e-3 }),
  ...unitsOf('DD', { C81: 180 / Math.PI }),
])

/** A figure in the unit that everything comparable is turned into, and that unit's code. */
export function inBaseUnit(value: number, uom: string): { readonly value: number; readonly base: string } {
  const unit = UNITS.get(uom)
  if (!unit) return { value, base: uom }
  return { value: rounded((value + (unit.offset ?? 0)) * unit.factor), base: unit.base }
}

/** A difference of two figures, such as a standard deviation, has no zero that could be another. */
export function differenceInBaseUnit(
  value: number,
  uom: string,
): { readonly value: number; readonly base: string } {
  const unit = UNITS.get(uom)
  return unit ? { value: rounded(value * unit.factor), base: unit.base } : { value, base: uom }
}

// 50 °F and 10 °C come out some 10⁻¹⁴ apart; no probe has twelve true digits.
const rounded = (value: number): number => Number(value.toPrecision(12))
