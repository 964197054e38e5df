/**
 * RFC 8785 (JCS): the one way to write a JSON value, so that what is signed can be written again by anybody.
 * Numbers and strings are what ECMAScript's own JSON writes (RFC 8785 §3.2.2); keys are sorted by UTF-16 unit.
 * Throws TypeError for what has no canonical form: NaN, infinities, undefined in a list, functions, dates, lone
 * surrogates. A property that is undefined is not there, as in JSON.stringify.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number without a JSON form')
    return JSON.stringify(value)
  }
  if (typeof value === 'string') return canonicalString(value)
  // Array.from visits holes too: a hole is undefined, and that is refused.
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value)
    // A Date, a Map or bytes would be written as {} and signed as nothing.
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError('only plain objects have a JSON form')
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${entries.map(([key, item]) => `${canonicalString(key)}:${canonicalJson(item)}`).join(',')}}`
  }
  throw new TypeError(`a ${typeof value} has no JSON form`)
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no UTF-8 form')
  return JSON.stringify(text)
}
