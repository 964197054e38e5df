/**
 * What a farm book's entries say beyond the activity itself: which details each kind of activity has, products with
 * their pre-harvest intervals, and a holder's word on who may use his growing-area code.
 */

/** Fruit that an activity takes or gives: part of a lot, by mass. */
export interface LotShare {
  readonly gtin: string
  readonly lot: string
  readonly massKg: number
  /** Boxes or pieces, where they were counted. */
  readonly count?: number
}

// A packing run that takes more lots than this is entered as several.
export const MAX_LOT_SHARES = 100
// Label, leaf and receipt of one activity; more is an album.
export const MAX_ACTIVITY_PHOTOS = 8

export const ACTIVITY_TYPES = [
  'planted',
  'sprayed',
  'fertilised',
  'irrigated',
  'lit',
  'pruned',
  'scouted',
  'tested',
  'harvested',
  'packed',
  'aggregated',
  'dispatched',
  'received',
  'other',
] as const
export type ActivityType = (typeof ACTIVITY_TYPES)[number]

export interface DetailShape {
  readonly is: 'text' | 'number'
  /** Of a number. */
  readonly unit?: string
  /** Without it the entry says too little for what the rules ask (see knowledge of each market); it may still be kept. */
  readonly isNeeded?: boolean
  /** Of a text: one of these. */
  readonly of?: readonly string[]
}

const text = (isNeeded = false): DetailShape => ({ is: 'text', isNeeded })
const number = (unit: string, isNeeded = false): DetailShape => ({ is: 'number', unit, isNeeded })
const oneOf = (of: readonly string[], isNeeded = false): DetailShape => ({ is: 'text', of, isNeeded })

/**
 * The words of `details`, by type: what a diary of Vietnamese growing areas asks (plot and area code stand beside it).
 * Masses in kg, areas in ha, days as whole numbers, dates YYYY-MM-DD. A detail that is not listed is kept and shown as
 * it is.
 */
export const ACTIVITY_DETAILS: Readonly<Record<ActivityType, Readonly<Record<string, DetailShape>>>> = {
  planted: { variety: text(true), plants: number('1'), areaHa: number('ha'), source: text() },
  sprayed: {
    productId: text(),
    product: text(true),
    activeSubstance: text(true),
    registrationNo: text(true),
    dose: number('', true),
    doseUnit: oneOf(['ml/l', 'g/l', 'l/ha', 'kg/ha', 'ml/plant', 'g/plant'], true),
    waterLitres: number('l'),
    areaHa: number('ha', true),
    reason: text(true),
    phiDays: number('d', true),
    // The market whose interval that is; the longest of those that the farm sells to, or `any`.
    phiMarket: text(),
    note: text(),
  },
  fertilised: {
    productId: text(),
    product: text(true),
    registrationNo: text(),
    amount: number('', true),
    amountUnit: oneOf(['kg', 'l', 'g/plant', 'kg/ha', 'l/ha'], true),
    areaHa: number('ha', true),
    reason: text(),
    phiDays: number('d'),
    note: text(),
  },
  irrigated: {
    mm: number('mm'),
    litres: number('l'),
    m3: number('m³'),
    minutes: number('min'),
    source: oneOf(['well', 'river', 'canal', 'pond', 'tap', 'rain'], true),
    note: text(),
  },
  lit: { hours: number('h', true), lamps: number('1'), kwh: number('kWh'), note: text() },
  pruned: { what: text(), note: text() },
  scouted: {
    what: text(true),
    severityPct: number('%'),
    // The finding that a person confirmed here, when it was one of a photo.
    findingId: text(),
    organism: text(),
    note: text(),
  },
  tested: {
    what: oneOf(['water', 'soil', 'residue', 'leaf'], true),
    lab: text(true),
    reportNo: text(true),
    result: oneOf(['pass', 'fail', 'reported'], true),
    gtin: text(),
    lot: text(),
    note: text(),
  },
  harvested: {
    massKg: number('kg', true),
    gtin: text(true),
    lot: text(true),
    // What the pre-harvest rule said when it was entered; the province computes it again.
    phiVerdict: oneOf(['clear', 'inside', 'unknown', 'unlogged']),
    phiUntil: text(),
    team: text(),
    note: text(),
  },
  packed: {
    packingHouse: text(true),
    grade: text(),
    netKgEach: number('kg'),
    lossKg: number('kg'),
    treatment: text(),
    note: text(),
  },
  aggregated: { sscc: text(true), boxes: number('1'), note: text() },
  dispatched: {
    // A company's name or GLN, or a code of the farm's own: never a person's name.
    consignee: text(true),
    consigneeGln: text(),
    market: text(true),
    sscc: text(),
    phytosanitaryNo: text(),
    note: text(),
  },
  received: { from: text(true), fromGln: text(), note: text() },
  other: { what: text(true), note: text() },
}

export const isActivityType = (type: string): type is ActivityType =>
  ACTIVITY_TYPES.some((each) => each === type)

/** How many days fruit of a crop may not be picked after this product, for one market or `any`. */
export interface PreHarvestInterval {
  readonly crop: string
  readonly market: string
  readonly days: number
}

export const PRODUCT_KINDS = ['pesticide', 'fertiliser', 'other'] as const
export type ProductKind = (typeof PRODUCT_KINDS)[number]

/** A product that the farm uses, as its label says it. The newest word stands; a retired one is no longer offered. */
export interface ProductEntry {
  readonly kind: 'product'
  readonly productId: string
  readonly name: string
  readonly productKind: ProductKind
  readonly activeSubstance: string
  readonly registrationNo: string
  readonly intervals: readonly PreHarvestInterval[]
  readonly isRetired: boolean
}

// Crops × markets of one farm.
export const MAX_INTERVALS = 40

/**
 * The holder of a growing-area code lets another use it. `signed` is the statement of `contract/trace/code-permission.ts`,
 * signed by the holder's box.
 */
export interface PermissionEntry {
  readonly kind: 'permission'
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}
