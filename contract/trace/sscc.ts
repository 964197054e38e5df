import { checkDigit } from './digital-link.ts'

/**
 * Serial shipping container codes (GS1 General Specifications, AI (00)): eighteen digits, of which the first is the
 * extension digit, then the company prefix and a serial, and the last the check digit.
 */
const DIGITS = 17

/** Leaves a box room for at least ten thousand pallets, and a prefix is no shorter than GS1 gives them. */
export const isSsccPrefix = (text: string): boolean => /^\d{5,13}$/.test(text)

/** How many pallets one prefix numbers. */
export const palletsOf = (prefix: string): number => 10 ** (DIGITS - prefix.length)

/** `prefix` is the extension digit, the company prefix and, where boxes share it, the box's own digits. Throws RangeError. */
export function newSscc(prefix: string, serial: number): string {
  if (!isSsccPrefix(prefix)) throw new RangeError(`not the beginning of an SSCC: ${prefix}`)
  if (!Number.isSafeInteger(serial) || serial < 0 || serial >= palletsOf(prefix))
    throw new RangeError(`no serial of this prefix: ${serial}`)
  const digits = prefix + String(serial).padStart(DIGITS - prefix.length, '0')
  return digits + checkDigit(digits)
}

export const isSscc = (text: string): boolean =>
  /^\d{18}$/.test(text) && checkDigit(text.slice(0, -1)) === Number(text.at(-1))

export const ssccUri = (base: string, sscc: string): string => `${base.replace(/\/+$/, '')}/00/${sscc}`
