/**
 * `<box code, 4><yymmdd><counter, 2><check, 1>`: thirteen characters, unique off-line because the box code is.
 * All are Crockford base32 (no I, L, O, U: they are read aloud and typed by wet hands).
 *
 * The check character makes the sum of αⁱ × character, over the field of 32 elements, zero. Every place has a weight of
 * its own that is not zero, so every single wrong character and every swap of two (neighbours or not) is found.
 * ISO/IEC 7064 MOD 37,36 would miss one swap of neighbours in six hundred.
 */
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** How many lots one box can number on one day. */
export const LOTS_A_DAY = 32 * 32

/** `yymmdd` is the day of harvest, `counter` counts the lots of this box on that day from 0. Throws RangeError. */
export function newLotNumber(part: { boxCode: string; yymmdd: string; counter: number }): string {
  if (!isBoxCode(part.boxCode)) throw new RangeError(`not a box code: ${part.boxCode}`)
  if (!isDate(part.yymmdd)) throw new RangeError(`not a date: ${part.yymmdd}`)
  if (!Number.isInteger(part.counter) || part.counter < 0 || part.counter >= LOTS_A_DAY) {
    throw new RangeError(`more than ${LOTS_A_DAY} lots on one day`)
  }
  const counter = `${BASE32[part.counter >> 5]}${BASE32[part.counter & 31]}`
  const body = part.boxCode + part.yymmdd + counter
  return body + checkCharacter(body)
}

export function isLotNumber(text: string): boolean {
  if (!/^[0-9A-HJKMNP-TV-Z]{4}\d{6}[0-9A-HJKMNP-TV-Z]{3}$/.test(text)) return false
  return isDate(text.slice(4, 10)) && checkCharacter(text.slice(0, -1)) === text.at(-1)
}

export const boxCodeOf = (lot: string): string => lot.slice(0, 4)

export const isBoxCode = (text: string): boolean => /^[0-9A-HJKMNP-TV-Z]{4}$/.test(text)

/** The character that makes the weighted sum zero. `body` is in base32. */
export function checkCharacter(body: string): string {
  let sum = 0
  for (const char of body) sum = timesAlpha(sum) ^ BASE32.indexOf(char)
  return BASE32[timesAlpha(sum)] as string
}

/** In GF(2⁵) with x⁵ + x² + 1, whose root α has order 31: more than the thirteen places. */
const timesAlpha = (element: number): number => (element << 1) ^ (element & 16 ? 0b100101 : 0)

function isDate(yymmdd: string): boolean {
  if (!/^\d{6}$/.test(yymmdd)) return false
  const [year, month, day] = [yymmdd.slice(0, 2), yymmdd.slice(2, 4), yymmdd.slice(4, 6)].map(Number) as [
    number,
    number,
    number,
  ]
  const date = new Date(Date.UTC(2000 + year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
