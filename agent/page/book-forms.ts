import {
  ACTIVITY_DETAILS,
  type ActivityType,
  type DetailShape,
  type ProductKind,
} from '#contract/wire/farm-book.ts'

/** One short form: what everybody fills in, and what stands folded away below. */
export interface FormShape {
  /** `needed`: a plot's own work; `free`: may belong to a plot; `none`: done in the shed. */
  readonly plot: 'needed' | 'free' | 'none'
  readonly main: readonly string[]
  readonly more: readonly string[]
  /** Kind of product that is chosen from the list. */
  readonly product?: ProductKind
  /** Lots that it takes, or that come in. */
  readonly lots?: 'takes' | 'comes'
  readonly givesLot?: true
  readonly hasPallet?: true
  /** Details that are the same as last time as a rule. */
  readonly proposes: readonly string[]
}

/** A harvest has a page of its own; this form corrects one. */
export const FORMS: Readonly<Record<ActivityType, FormShape>> = {
  sprayed: {
    plot: 'needed',
    product: 'pesticide',
    main: ['dose', 'doseUnit', 'areaHa', 'reason'],
    more: ['phiDays', 'waterLitres', 'note'],
    proposes: [
      'productId',
      'product',
      'activeSubstance',
      'registrationNo',
      'dose',
      'doseUnit',
      'areaHa',
      'reason',
    ],
  },
  fertilised: {
    plot: 'needed',
    product: 'fertiliser',
    main: ['amount', 'amountUnit', 'areaHa'],
    more: ['reason', 'phiDays', 'note'],
    proposes: ['productId', 'product', 'registrationNo', 'amount', 'amountUnit', 'areaHa'],
  },
  irrigated: {
    plot: 'needed',
    main: ['m3', 'minutes', 'source'],
    more: ['litres', 'mm', 'note'],
    proposes: ['m3', 'minutes', 'source'],
  },
  harvested: { plot: 'needed', main: ['massKg'], more: ['team', 'note'], proposes: [] },
  packed: {
    plot: 'none',
    lots: 'takes',
    givesLot: true,
    main: ['lossKg', 'grade'],
    more: ['netKgEach', 'packingHouse', 'treatment', 'note'],
    proposes: ['grade', 'netKgEach', 'packingHouse', 'treatment'],
  },
  aggregated: { plot: 'none', lots: 'takes', main: ['boxes'], more: ['note'], proposes: [] },
  dispatched: {
    plot: 'none',
    lots: 'takes',
    hasPallet: true,
    main: ['consignee', 'market'],
    more: ['consigneeGln', 'phytosanitaryNo', 'note'],
    proposes: ['consignee', 'market', 'consigneeGln'],
  },
  received: {
    plot: 'none',
    lots: 'comes',
    main: ['from'],
    more: ['fromGln', 'note'],
    proposes: ['from', 'fromGln'],
  },
  planted: { plot: 'needed', main: ['variety', 'plants', 'areaHa'], more: ['source'], proposes: [] },
  lit: { plot: 'needed', main: ['hours', 'lamps'], more: ['kwh', 'note'], proposes: ['hours', 'lamps'] },
  pruned: { plot: 'needed', main: ['what'], more: ['note'], proposes: ['what'] },
  scouted: {
    plot: 'needed',
    main: ['what', 'severityPct', 'findingId'],
    more: ['organism', 'note'],
    proposes: [],
  },
  tested: {
    plot: 'free',
    main: ['what', 'lab', 'reportNo', 'result'],
    more: ['gtin', 'lot', 'note'],
    proposes: ['what', 'lab'],
  },
  other: { plot: 'free', main: ['what'], more: ['note'], proposes: [] },
}

/** What is typed by hand of a product that is not in the list. */
export const PRODUCT_DETAILS: readonly string[] = ['product', 'activeSubstance', 'registrationNo']

/** The page's buttons: what is done every week, then the rest. */
export const OFTEN: readonly ActivityType[] = [
  'sprayed',
  'fertilised',
  'irrigated',
  'harvested',
  'packed',
  'dispatched',
]
export const SELDOM: readonly ActivityType[] = [
  'scouted',
  'pruned',
  'lit',
  'aggregated',
  'received',
  'tested',
  'planted',
  'other',
]

export const shapeOf = (type: ActivityType, name: string): DetailShape =>
  ACTIVITY_DETAILS[type][name] ?? { is: 'text' }

/** Every detail that a form of this type may carry. */
export function detailsOf(type: ActivityType): readonly string[] {
  const { product, main, more } = FORMS[type]
  const typed = product === undefined ? [] : PRODUCT_DETAILS.filter((name) => name in ACTIVITY_DETAILS[type])
  return [...(product === undefined ? [] : ['productId']), ...typed, ...main, ...more]
}
