/**
 * GS1 Digital Link (URI syntax 1.6) for the keys that Vuon writes: a lot `/01/{gtin}/10/{lot}` and a growing
 * area `/414/{gln}/254/{code}`.
 */
export interface LotPath {
  readonly gtin: string
  readonly lot: string
}

/** GS1's own domain: the canonical form that events and hashes use. */
export const CANONICAL_BASE = 'https://id.gs1.org'

export const lotUri = (base: string, { gtin, lot }: LotPath): string =>
  `${withoutSlash(base)}/01/${gtin}/10/${inPath(lot)}`

export const growingAreaUri = (base: string, area: { gln: string; code: string }): string =>
  `${withoutSlash(base)}/414/${area.gln}/254/${inPath(area.code)}`

/** The lot that two path segments name, or undefined when they break GS1's rules. */
export function parseLotPath(gtin: string, lot: string): LotPath | undefined {
  return isGtin(gtin) && isCset82(lot, 20) ? { gtin, lot } : undefined
}

/** AI (01): fourteen digits whose last is the check digit. */
export const isGtin = (text: string): boolean => /^\d{14}$/.test(text) && hasCheckDigit(text)

/** AI (414): thirteen digits whose last is the check digit. */
export const isGln = (text: string): boolean => /^\d{13}$/.test(text) && hasCheckDigit(text)

/** GS1 General Specifications §7.9: weights 3, 1, 3, .. from the right of the digits before the check digit. */
export function checkDigit(digits: string): number {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    sum += Number(digits[digits.length - 1 - index]) * (index % 2 === 0 ? 3 : 1)
  }
  return (10 - (sum % 10)) % 10
}

/** GS1 AI encodable character set 82 (General Specifications §7.11), which batch and lot numbers are written in. */
export const isCset82 = (text: string, atMost: number): boolean =>
  text.length >= 1 && text.length <= atMost && /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+$/.test(text)

/** GS1 URI syntax 1.6 §7.1 escapes in a path what encodeURIComponent leaves as it is. */
const inPath = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const hasCheckDigit = (digits: string): boolean => checkDigit(digits.slice(0, -1)) === Number(digits.at(-1))

const withoutSlash = (base: string): string => base.replace(/\/+$/, '')
