import type { ValueType } from './profile.ts'
import { registersOf } from './profile-mistakes.ts'

/** What stands in one or two registers. */
export interface RegisterContent {
  /** As one unsigned number: what sentinels are written as. */
  readonly bits: number
  /** After its sign, or as a float; may be NaN or infinite for f32. */
  readonly raw: number
}

const view = new DataView(new ArrayBuffer(4))

/** `at` counts words; the caller sees to it that they are there. */
export function contentOf(
  where: { readonly type: ValueType; readonly wordOrder: 'big' | 'little' },
  words: readonly number[],
  at: number,
): RegisterContent {
  const first = words[at]!
  if (registersOf(where.type) === 1) {
    const isNegative = where.type === 's16' && first >= 0x8000
    return { bits: first, raw: isNegative ? first - 0x10000 : first }
  }
  const second = words[at + 1]!
  const [high, low] = where.wordOrder === 'big' ? [first, second] : [second, first]
  const bits = high * 0x10000 + low
  if (where.type === 'u32') return { bits, raw: bits }
  if (where.type === 's32') return { bits, raw: bits | 0 }
  view.setUint32(0, bits)
  // A 32-bit float holds seven digits; the rest is dust (23.4 arrives as 23.399999618530273).
  return { bits, raw: Number(view.getFloat32(0).toPrecision(7)) }
}

export const hexOf = (bits: number): string => `0x${bits.toString(16).toUpperCase().padStart(4, '0')}`
