import type { DateSpread, LightingField } from './field-answer.ts'

/** What somebody would light, as typed; bounds are those of the config. */
export interface LightingWish {
  readonly bulbs: number
  readonly watts: number
  readonly hours: number
  readonly nights: number
  readonly vndPerKwh: number
}

export interface LightingTrial {
  readonly start: string
  readonly nights: readonly { readonly date: string; readonly kwh: number; readonly vnd: number }[]
  readonly kwh: number
  readonly vnd: number
  readonly neededNights: number
  readonly bud: DateSpread
  readonly anthesis: DateSpread
  readonly harvest: DateSpread
  readonly warnings: readonly string[]
}

/** From four hours on the lights cover 22:00 to 02:00. */
export const WISH_BOUNDS = {
  bulbs: [1, 1_000_000],
  watts: [1, 500],
  hours: [4, 14],
  nights: [1, 60],
  vndPerKwh: [1, 100_000],
} as const satisfies Record<keyof LightingWish, readonly [number, number]>
export type WishField = keyof LightingWish
export const WISH_FIELDS = Object.keys(WISH_BOUNDS) as WishField[]

/** Bulbs and nights are whole; a bulb of 7.5 W is not. */
const WHOLE: readonly WishField[] = ['bulbs', 'nights']
export const isWhole = (field: WishField): boolean => WHOLE.includes(field)

/** Where a farm has described no lights: those of a thousand posts. */
const USUAL: LightingWish = { bulbs: 1000, watts: 20, hours: 8, nights: 15, vndPerKwh: 1987 }

/** What the form shows at first: the plot's own lights for as many nights as its plan has. */
export function firstWish({ lights, plan }: LightingField): LightingWish {
  if (!lights) return USUAL
  const { bulbs, watts, vndPerKwh } = lights
  const hours = isWithin('hours', lights.hours) ? lights.hours : USUAL.hours
  const nights = plan?.nights.length ?? USUAL.nights
  return { bulbs, watts, hours, vndPerKwh, nights: isWithin('nights', nights) ? nights : USUAL.nights }
}

const isWithin = (field: WishField, value: number): boolean => {
  const [low, high] = WISH_BOUNDS[field]
  return value >= low && value <= high
}

export type ReadWish =
  | { readonly kind: 'none' }
  | { readonly kind: 'wrong'; readonly field: WishField }
  | { readonly kind: 'asked'; readonly wish: LightingWish }

/** Reads the query of the page; `text` gives '' for what is not there. */
export function readWish(text: (name: string) => string): ReadWish {
  if (WISH_FIELDS.every((name) => text(name) === '')) return { kind: 'none' }
  const wish: Record<string, number> = {}
  for (const name of WISH_FIELDS) {
    // 1.987 is how people here write one thousand nine hundred and eighty-seven.
    const typed = text(name)
      .trim()
      .replaceAll(/[.,\s](?=\d{3}(\D|$))/g, '')
    const written = isWhole(name) ? /^\d{1,7}$/ : /^\d{1,7}([.,]\d{1,2})?$/
    const value = written.test(typed) ? Number(typed.replace(',', '.')) : Number.NaN
    if (!isWithin(name, value)) return { kind: 'wrong', field: name }
    wish[name] = value
  }
  return { kind: 'asked', wish: wish as unknown as LightingWish }
}
