import { canonicalLink } from './canonical-link.ts'
import { addressOf } from './cbv-words.ts'

/** How single values stand in the text that the CBV 2.0 event hash is made of (CBV §8.9.2). */

/** Values have no types here, for XML has none: "012.50" and 12.5 are the same. */
export function canonicalValue(value: unknown): string {
  const text = addressOf(String(value).trim())
  return canonicalNumber(text) ?? canonicalLink(text) ?? text
}

function canonicalNumber(text: string): string | undefined {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  if (!Number.isFinite(value)) return undefined
  if (Number.isInteger(value)) return BigInt(value).toString()
  // The published hashes were made with shortest round-trip digits and an exponent below 10⁻⁴: 5e-05.
  return Math.abs(value) < 1e-4 ? value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(value)
}

/** UTC with three decimals; the fourth rounds half up. What is no date and time stays as it is. */
export function canonicalTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text.trim())
  const ms = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN
  if (!match || !Number.isFinite(ms)) return text
  const fraction = (match[2] ?? '').padEnd(4, '0')
  const rounded = Number(fraction.slice(0, 3)) + (Number(fraction[3]) >= 5 ? 1 : 0)
  return new Date(ms + rounded).toISOString()
}

/** Joined in order of code points, which is not the order of UTF-16 units that sort() has. */
export function sorted(parts: readonly string[]): string {
  return [...parts].sort(byCodePoint).join('')
}

function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
