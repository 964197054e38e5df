import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_SIGNED, MAX_UNSIGNED, VarintReader, VarintWriter } from '#contract/wire/varint.ts'
import { readOrRefuse, wounded } from './mutations.ts'

const written = (write: (out: VarintWriter) => void): Uint8Array => {
  const out = new VarintWriter()
  write(out)
  return out.finish()
}

// Around every power of two, where a group or a sign bit begins, and anywhere up to the largest.
const edge = fc
  .tuple(fc.integer({ min: 0, max: 53 }), fc.integer({ min: -2, max: 2 }))
  .map(([power, off]) => Math.min(MAX_UNSIGNED, Math.max(0, 2 ** power + off)))
const unsigned = fc.oneof(edge, fc.maxSafeNat(), fc.nat(300))
const signed = fc
  .tuple(unsigned, fc.boolean())
  .map(([size, isNegative]) => Math.min(size, MAX_SIGNED) * (isNegative ? -1 : 1) + 0)

describe('varints', () => {
  test('unsigned and signed numbers come back, up to 2^53 and ±2^52', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(unsigned, signed), { maxLength: 50 }), (numbers) => {
        const input = new VarintReader(
          written((out) => {
            for (const [whole, either] of numbers) {
              out.unsigned(whole)
              out.signed(either)
            }
          }),
        )
        for (const [whole, either] of numbers) {
          expect(input.unsigned()).toBe(whole)
          expect(input.signed()).toBe(either)
        }
        expect(input.remaining).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  test('2^53 takes eight bytes, and small numbers one', () => {
    expect(written((out) => out.unsigned(2 ** 53))).toHaveLength(8)
    expect(written((out) => out.unsigned(127))).toHaveLength(1)
    expect(written((out) => out.unsigned(128))).toEqual(Uint8Array.of(0x80, 0x01))
    expect(written((out) => out.signed(-64))).toHaveLength(1)
  })

  test('what is no such number is never written', () => {
    for (const value of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53 + 2])
      expect(() => written((out) => out.unsigned(value))).toThrow(RangeError)
    for (const value of [Number.NaN, 0.25, -(2 ** 53)])
      expect(() => written((out) => out.signed(value))).toThrow(RangeError)
  })

  test('a number has one writing, whatever a sender tries', () => {
    fc.assert(
      fc.property(wounded([written((out) => out.unsigned(2 ** 53)), Uint8Array.of(0x80, 0x00)]), (bytes) => {
        const input = new VarintReader(bytes)
        const value = readOrRefuse(() => input.unsigned())
        if (value === undefined) return
        expect(written((out) => out.unsigned(value))).toEqual(
          bytes.subarray(0, bytes.length - input.remaining),
        )
      }),
      { numRuns: 20_000 },
    )
  })

  test('a count that promises more than is left is refused before any memory is taken', () => {
    const promise = written((out) => out.unsigned(2 ** 40))
    expect(() => new VarintReader(promise).count(1)).toThrow(
      expect.objectContaining({ code: 'batch-malformed' }),
    )
  })
})
