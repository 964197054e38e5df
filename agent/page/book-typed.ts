import type { Language } from '#contract/ground/messages.ts'
import { isCset82, isGtin } from '#contract/trace/digital-link.ts'
import type { ActivityType, LotShare } from '#contract/wire/farm-book.ts'
import { detailName } from '#contract/wire/farm-book-words.ts'
import type { BookEntry } from './book-door.ts'
import { detailsOf, FORMS, shapeOf } from './book-forms.ts'
import { sayBook } from './book-messages.ts'
import type { FieldError } from './layout.ts'
import { typedMass } from './typed-mass.ts'
import { kilograms } from './wording.ts'

/** What stands in a form, exactly as it was typed, by the name of its field. */
export type BookTyped = Readonly<Record<string, string>>

// Lots with fruit left that a form lists, and lines for those of other farms: a phone scrolls no further.
export const LOTS_LISTED = 30
export const OTHER_LOTS = 12
// The longest is a pasted link with all its attributes.
const MAX_TYPED = 400
const MAX_FIELDS = 160

/** Every field of a body that is a text, cut to what a field holds. */
export function typedOf(body: unknown): BookTyped {
  if (typeof body !== 'object' || body === null) return {}
  const fields = Object.entries(body).slice(0, MAX_FIELDS)
  return Object.fromEntries(
    fields.flatMap(([name, value]) => {
      const last = Array.isArray(value) ? value.at(-1) : value
      return typeof last === 'string' && /^[A-Za-z0-9-]{1,60}$/.test(name)
        ? [[name, last.slice(0, MAX_TYPED)]]
        : []
    }),
  )
}

/** The entry that a form means, and what of it is no number or no lot; the book itself judges the rest. */
export function entryOf(
  language: Language,
  type: ActivityType,
  typed: BookTyped,
  by: { readonly person: string; readonly isClockUnknown: boolean },
): { entry: BookEntry; errors: FieldError[] } {
  const errors: FieldError[] = []
  const text = (name: string): string => (typed[name] ?? '').trim()
  const number = (name: string, label: string, field = name): number | undefined => {
    if (text(name) === '') return undefined
    const value = typedMass(text(name))
    if ('kg' in value) return value.kg
    errors.push({ field, sentence: numberSentence(language, label, text(name), value) })
    return undefined
  }
  const details: Record<string, string | number> = {}
  for (const name of detailsOf(type)) {
    const value =
      shapeOf(type, name).is === 'number' ? number(name, detailName(language, name)) : text(name) || undefined
    if (value !== undefined) details[name] = value
  }
  // What is on the list is said by the list: a hand-written rest of an earlier choice does not contradict it.
  if (details['productId'] !== undefined)
    for (const name of ['product', 'activeSubstance', 'registrationNo']) delete details[name]
  if (FORMS[type].hasPallet && text('sscc') !== '') details['sscc'] = text('sscc')
  if (type === 'harvested' || type === 'tested')
    for (const name of ['gtin', 'lot']) keep(details, name, text(name))
  const shares = [...listedShares(typed, number), ...otherShares(language, typed, number, errors)]
  const massKg = number('givesKg', sayBook(language, 'gives-kg'), 'givesKg')
  const count = number('givesCount', sayBook(language, 'gives-count'), 'givesCount')
  const given = { gtin: text('givesGtin'), massKg: massKg ?? 0, ...(count === undefined ? {} : { count }) }
  const photos = text('photoKept').split(',').filter(Boolean)
  const { lots, givesLot } = FORMS[type]
  return {
    entry: {
      ...{ type, plot: text('plot'), day: text('day'), person: by.person, details, photos },
      time: text('time') || undefined,
      why: text('why') || undefined,
      isDateConfirmed: by.isClockUnknown && text('confirm') === '1',
      ...(lots === 'takes' ? { inputs: shares } : {}),
      ...(lots === 'comes' ? { outputs: shares } : {}),
      ...(givesLot ? { outputs: [given] } : {}),
    },
    errors,
  }
}

type ReadNumber = (name: string, label: string, field?: string) => number | undefined

/** Lots of the list: `lot-0` says which, `kg-0` how much; an empty mass takes nothing. */
function listedShares(typed: BookTyped, number: ReadNumber): LotShare[] {
  return Array.from({ length: LOTS_LISTED }, (_, at) => at).flatMap((at) => {
    const [gtin = '', lot = ''] = (typed[`lot-${at}`] ?? '').split(' ')
    const massKg = lot === '' ? undefined : number(`kg-${at}`, lot)
    return massKg === undefined ? [] : [{ gtin, lot, massKg }]
  })
}

function otherShares(
  language: Language,
  typed: BookTyped,
  number: ReadNumber,
  errors: FieldError[],
): LotShare[] {
  return Array.from({ length: OTHER_LOTS }, (_, at) => at).flatMap((at) => {
    const scanned = (typed[`scan-${at}`] ?? '').trim()
    const massKg = number(`scankg-${at}`, sayBook(language, 'other-kg', { no: at + 1 }))
    if (scanned === '' && massKg === undefined) return []
    const lot = scannedLot(scanned)
    if (!lot) {
      const sentence = sayBook(language, 'wrong-scan', { typed: scanned.slice(0, 40) })
      errors.push({ field: `scan-${at}`, sentence })
      return []
    }
    // Without a mass the book says at its own bound that one is missing.
    return [{ ...lot, massKg: massKg ?? 0 }]
  })
}

/**
 * A lot as a camera, a scanner or a person gives it: a Digital Link at any address, the text under a barcode
 * `(01)..(10)..`, or GTIN and lot with a space between. A GTIN of 8, 12 or 13 digits is the one of 14 with zeros before.
 */
export function scannedLot(text: string): { gtin: string; lot: string } | undefined {
  const link = /^https?:\/\/[^?#]*\/01\/(\d{8}|\d{12,14})\/(?:22\/[^/?#]+\/)?10\/([^/?#]+)/i.exec(text)
  const written =
    /^\(01\)\s*(\d{14})\s*\(10\)\s*([^\s(]+)/.exec(text) ?? /^(\d{8}|\d{12,14})\s+(\S+)$/.exec(text)
  const [, digits = '', number = ''] = link ?? written ?? []
  const [gtin, lot] = [digits.padStart(14, '0'), link ? unescaped(number) : number]
  return isGtin(gtin) && lot !== undefined && isCset82(lot, 20) ? { gtin, lot } : undefined
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function numberSentence(
  language: Language,
  name: string,
  typed: string,
  mass: Exclude<ReturnType<typeof typedMass>, { kg: number }>,
): string {
  if (mass.wrong !== 'ambiguous')
    return sayBook(language, 'wrong-number', { name, typed: typed.slice(0, 20) })
  const decimal = kilograms(language, mass.decimal).replace(' kg', '')
  return sayBook(language, 'wrong-ambiguous', { name, typed: typed.slice(0, 20), whole: mass.whole, decimal })
}

function keep(details: Record<string, string | number>, name: string, value: string): void {
  if (value !== '') details[name] = value
}
