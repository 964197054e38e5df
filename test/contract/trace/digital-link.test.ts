import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalLink } from '#contract/trace/canonical-link.ts'
import {
  CANONICAL_BASE,
  checkDigit,
  growingAreaUri,
  isCset82,
  isGln,
  isGtin,
  lotUri,
  parseLotPath,
} from '#contract/trace/digital-link.ts'

const gtin = fc.stringMatching(/^[0-9]{13}$/).map((digits) => digits + checkDigit(digits))
const gln = fc.stringMatching(/^[0-9]{12}$/).map((digits) => digits + checkDigit(digits))
const text = fc.stringMatching(/^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/)

/** What a browser or a resolver makes of the last segments of a path. */
const segmentsOf = (uri: string): string[] =>
  new URL(uri).pathname.split('/').slice(-4).map(decodeURIComponent)

describe('a lot’s Digital Link', () => {
  test('comes back from its path, whatever the lot is called', () => {
    fc.assert(
      fc.property(
        gtin,
        text,
        fc.constantFrom('https://vuon.example', 'https://vuon.example/x/', 'http://10.0.0.1:8080'),
        (item, lot, base) => {
          fc.pre(lot !== '.' && lot !== '..')
          const [, gtinBack = '', , lotBack = ''] = segmentsOf(lotUri(base, { gtin: item, lot }))
          expect(parseLotPath(gtinBack, lotBack)).toEqual({ gtin: item, lot })
        },
      ),
      { numRuns: 500 },
    )
  })

  test('names the same thing on any domain', () => {
    fc.assert(
      fc.property(gtin, text, gln, (item, lot, place) => {
        const canonical = lotUri(CANONICAL_BASE, { gtin: item, lot })
        expect(canonicalLink(lotUri('https://vuon.example/qr', { gtin: item, lot }))).toBe(canonical)
        expect(canonicalLink(canonical)).toBe(canonical)
        const area = growingAreaUri(CANONICAL_BASE, { gln: place, code: lot })
        expect(canonicalLink(area)).toBe(area)
      }),
      { numRuns: 500 },
    )
  })

  test('says the same as the URN of the same lot', () => {
    fc.assert(
      fc.property(
        gtin,
        fc.integer({ min: 6, max: 12 }),
        fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
        (item, prefixLength, lot) => {
          const prefix = item.slice(1, 1 + prefixLength)
          const reference = `${item[0]}${item.slice(1 + prefixLength, 13)}`
          expect(canonicalLink(`urn:epc:class:lgtin:${prefix}.${reference}.${lot}`)).toBe(
            lotUri(CANONICAL_BASE, { gtin: item, lot }),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is refused with a wrong check digit, a lot too long, or characters that no lot has', () => {
    fc.assert(
      fc.property(gtin, fc.nat(13), fc.integer({ min: 1, max: 9 }), (item, at, add) => {
        const wrong = [...item].with(at, String((Number(item[at]) + add) % 10)).join('')
        expect(isGtin(wrong)).toBe(false)
      }),
    )
    const good = '09521234543213'
    expect(isGtin(good)).toBe(true)
    for (const lot of ['', 'x'.repeat(21), 'có dấu', 'a b', 'a\n', 'a#b'])
      expect(parseLotPath(good, lot)).toBeUndefined()
    for (const wrong of ['', '9521234543213', `${good}\n`, '٠٩٥٢١٢٣٤٥٤٣٢١٣'])
      expect(isGtin(wrong)).toBe(false)
    expect(isGln('9521234500018')).toBe(checkDigit('952123450001') === 8)
    expect(isCset82('a', 0)).toBe(false)
  })

  test('is never made of what is something else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string(), fc.string({ unit: 'binary' })), (uri) => {
        const link = canonicalLink(uri)
        if (link !== undefined) expect(canonicalLink(link)).toBe(link)
      }),
      { numRuns: 2000 },
    )
  })
})
