import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '#contract/trace/canonical-json.ts'

describe('canonical JSON', () => {
  test('says the same as JSON, and has one writing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = canonicalJson(value)
        const read: unknown = JSON.parse(written)
        expect(read).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(read)).toBe(written)
      }),
      { numRuns: 1000 },
    )
  })

  test('does not depend on the order in which keys were set; keys go by UTF-16 unit', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.integer()), (value) => {
        const backwards = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(backwards)).toBe(canonicalJson(value))
      }),
    )
    expect(canonicalJson({ '\uFB33': 1, '\u{1F600}': 2, a: 3 })).toBe('{"a":3,"\u{1F600}":2,"\uFB33":1}')
  })

  test('leaves out what is undefined in an object', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}')
  })

  test.each([
    ['not a number', Number.NaN],
    ['an infinity', Number.NEGATIVE_INFINITY],
    ['undefined', undefined],
    ['a list with undefined in it', [undefined]],
    ['a list with a hole', Array(1)],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a lone surrogate', '\uD800'],
    ['a lone surrogate as a key', { '\uDC00': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map([[1, 2]])],
    ['bytes', new Uint8Array(2)],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
    expect(() => canonicalJson([value])).toThrow(TypeError)
  })
})
