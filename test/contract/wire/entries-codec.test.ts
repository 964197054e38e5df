import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEntries, decodeEntry, encodeEntries, encodeEntry } from '#contract/wire/entries-codec.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { peakGrowthBytes, readOrRefuse, wounded } from './mutations.ts'

const STAMP = { t: Date.UTC(2026, 10, 23), boot: '00000000000000b1', clock: 'synchronised' as const }
const malformed = expect.objectContaining({ code: 'batch-malformed' })

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('any'), { maxKeys: 4 }),
  ),
})).any

const entry = fc
  .record({
    kind: fc.string({ minLength: 1, maxLength: 20 }),
    t: fc.maxSafeInteger(),
    boot: fc.stringMatching(/^[0-9a-f]{16}$/),
    clock: fc.constantFrom('synchronised' as const, 'holdover' as const, 'unknown' as const),
    facts: value,
    note: fc.option(fc.string(), { nil: undefined }),
  })
  .map((whole) => whole as RecordEntry)

const withoutUndefined = (whole: RecordEntry): unknown =>
  Object.fromEntries(Object.entries(whole).filter(([, each]) => each !== undefined))

/** Dictionaries of fast-check have no prototype; what comes back has the ordinary one. */
const plain = (whole: unknown): unknown => structuredClone(whole)

describe('entries-1', () => {
  test('entries of any kind come back as they are, without the fields that are undefined', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 10 }), (entries) => {
        const body = encodeEntries(entries)
        expect(decodeEntries(body)).toEqual(entries.map(withoutUndefined).map(plain))
        expect(encodeEntries(decodeEntries(body))).toEqual(body)
        for (const one of entries) expect(decodeEntry(encodeEntry(one))).toEqual(plain(withoutUndefined(one)))
      }),
      { numRuns: 300 },
    )
  })

  test('the order in which a program sets its fields does not change the bytes', () => {
    const one = { kind: 'plot', ...STAMP, plot: 'a', name: 'Lô A' }
    const other = { name: 'Lô A', plot: 'a', ...STAMP, kind: 'plot' }
    expect(encodeEntries([one])).toEqual(encodeEntries([other]))
  })

  test('an event’s signed bytes come back as bytes', () => {
    const signed = Uint8Array.of(1, 2, 3)
    const [back] = decodeEntries(encodeEntries([{ kind: 'event', ...STAMP, signed, signature: signed }]))
    expect((back as { signed?: unknown }).signed).toEqual(signed)
  })

  test.each([
    ['no kind', { ...STAMP }],
    ['no time', { kind: 'plot', ...STAMP, t: undefined }],
    ['a time in fractions', { kind: 'plot', ...STAMP, t: 1.5 }],
    ['a boot that is none', { kind: 'plot', ...STAMP, boot: 'xyz' }],
    ['a clock that is none', { kind: 'plot', ...STAMP, clock: 'sundial' }],
    ['a kind without end', { kind: 'k'.repeat(65), ...STAMP }],
    ['nothing in it but a list', []],
    [
      'a stamp that only its prototype has',
      JSON.parse(`{"__proto__":${JSON.stringify({ kind: 'plot', ...STAMP })}}`),
    ],
  ])('an entry with %s is refused', (_, wrong) => {
    expect(() => decodeEntries(encode([wrong], { ignoreUndefinedProperties: true }))).toThrow(malformed)
  })

  test('what is not CBOR of ours is refused: open lists, repeated keys, undefined, numbers beyond 2^53', () => {
    for (const hex of [
      '9fff',
      'a0',
      'f7',
      '81',
      '8100',
      '81a2616101616102',
      '811b0020000000000001',
      '1817',
      '8080',
    ]) {
      expect(() => decodeEntries(Buffer.from(hex, 'hex')), hex).toThrow(malformed)
    }
  })

  test('a wounded body is refused or read, quickly', () => {
    const valid = fc
      .sample(fc.array(entry, { minLength: 1, maxLength: 3 }), { numRuns: 40, seed: 7 })
      .map((entries) => encodeEntries(entries))
    let taken = 0
    fc.assert(
      fc.property(wounded(valid), (bytes) => {
        const read = readOrRefuse(() => decodeEntries(bytes))
        if (read === undefined) return
        taken++
        expect(decodeEntries(encodeEntries(read))).toHaveLength(read.length)
      }),
      { numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  test.each([
    ['empty lists', 0x80],
    ['empty maps', 0xa0],
    ['lists in lists', 0x81],
    ['empty texts', 0x60],
  ])('eight megabytes of %s are refused with bounded memory', (_, byte) => {
    const body = new Uint8Array(8 * 1024 * 1024).fill(byte)
    body.set([0x9a, 0x00, 0x7f, 0xff, 0xfb])
    const grown = peakGrowthBytes(() => expect(() => decodeEntries(body)).toThrow(malformed))
    expect(grown).toBeLessThan(256 * 1024 * 1024)
  })
})
