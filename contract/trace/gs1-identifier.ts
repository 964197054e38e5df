import { canonicalLink } from './canonical-link.ts'
import { CANONICAL_BASE, checkDigit } from './digital-link.ts'
import { isEpcScheme } from './epc-urn.ts'

/** How many digits of a key lead up to its check digit, that one included (GS1 General Specifications §3). */
const CHECKED_DIGITS: Readonly<Record<string, number>> = {
  '00': 18,
  '01': 14,
  '253': 13,
  '255': 13,
  '402': 17,
  '414': 13,
  '417': 13,
  '8003': 14,
  '8006': 14,
  '8017': 18,
  '8018': 18,
}

/** EPCs that are no keys of GS1's, and have no Digital Link (EPC Tag Data Standard 2.0 §6.3). */
const OTHER_SCHEMES: readonly string[] = ['gid', 'usdod', 'adi', 'bic', 'imovn']

/** What is wrong with a GS1 identifier, as half a sentence; undefined when it is right or no identifier of GS1's. */
export function identifierMistake(uri: string): string | undefined {
  const link = canonicalLink(uri)
  if (link === undefined) {
    const scheme = /^urn:epc:(?:id|class|idpat):([a-z]+):/i.exec(uri)?.[1]
    if (scheme !== undefined && isEpcScheme(scheme.toLowerCase()))
      return `is not an EPC URN of the scheme ${scheme}: count its digits, and check its characters`
    if (scheme !== undefined && !OTHER_SCHEMES.includes(scheme.toLowerCase()))
      return `has the scheme ${scheme.slice(0, 20)}, which no EPC has`
    if (/^https?:\/\/id\.gs1\.org\/(?:00|01|253|255|40[12]|41[47]|80\d\d)(?:\/|$)/i.test(uri))
      return 'is not a GS1 Digital Link: count its digits, and check its characters'
    return undefined
  }
  const [, ai = '', key = ''] = link.slice(CANONICAL_BASE.length).split('/')
  const length = CHECKED_DIGITS[ai]
  if (length === undefined) return undefined
  const digits = key.slice(0, length)
  const right = checkDigit(digits.slice(0, -1))
  if (Number(digits.at(-1)) === right) return undefined
  return `has the check digit ${digits.at(-1)} in (${ai}) ${digits} where ${right} belongs`
}
