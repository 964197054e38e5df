import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownAis, LINK_KEYS } from '#contract/trace/ai-table.ts'
import { checkDigit } from '#contract/trace/digital-link.ts'
import {
  type AiValue,
  buildDigitalLink,
  canonicalForm,
  LENIENT,
  MAX_LINK_CHARACTERS,
  parseDigitalLink,
} from '#contract/trace/digital-link-parse.ts'
import {
  bracketed,
  elementString,
  parseElementString,
  togetherFault,
} from '#contract/trace/element-string.ts'

const faultOf = (uri: string, leniency = {}): string | undefined => {
  const parsed = parseDigitalLink(uri, leniency)
  return parsed.kind === 'fault' ? parsed.fault : undefined
}

const SET_82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
const set82 = (most: number) => fc.string({ unit: fc.constantFrom(...SET_82), minLength: 1, maxLength: most })
const keyed = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789'), minLength: digits - 1, maxLength: digits - 1 })
    .map((body) => body + checkDigit(body))
const said = (ai: string, value: fc.Arbitrary<string>) => value.map((each): AiValue => ({ ai, value: each }))
const perhaps = (ai: string, value: fc.Arbitrary<string>) =>
  fc.option(said(ai, value), { nil: undefined }).map((each) => (each ? [each] : []))

const anyItem = fc
  .tuple(
    said('01', keyed(14)),
    perhaps('22', set82(20)),
    perhaps('10', set82(20)),
    perhaps('21', set82(20)),
    perhaps('99', set82(90)),
    perhaps('7007', fc.constantFrom('261122', '261122261125')),
    perhaps('422', fc.constantFrom('704', '156')),
  )
  .map(([key, ...rest]) => ({ path: [key, ...rest.slice(0, 3).flat()], query: rest.slice(3).flat() }))
const anyPlace = fc
  .tuple(said('414', keyed(13)), perhaps('254', set82(20)))
  .map(([key, rest]) => ({ path: [key, ...rest], query: [] }))

describe('a Digital Link', () => {
  it('gives back what it was built of, whatever the lot number is written with', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyItem, anyPlace),
        fc.constantFrom('', '/a', '/01/faux'),
        ({ path, query }, stem) => {
          const uri = buildDigitalLink(`https://trace.example${stem}`, [...path, ...query])
          const parsed = parseDigitalLink(uri ?? '')
          expect(parsed).toMatchObject({
            kind: 'link',
            link: { stem: `https://trace.example${stem}`, path },
          })
          if (parsed.kind !== 'link') return
          expect(new Set(parsed.link.attributes.map(({ ai, value }) => ai + value))).toEqual(
            new Set(query.map(({ ai, value }) => ai + value)),
          )
          const again = parseDigitalLink(canonicalForm(parsed.link))
          expect(again).toMatchObject({ kind: 'link', link: { path, attributes: parsed.link.attributes } })
        },
      ),
      { numRuns: 150 },
    )
  })

  it.each([
    ['Http://a/01/09521234567899', 'all small or all capital'],
    ['https:///01/09521234567899', 'names no host'],
    ['https://user@a/01/09521234567899', 'host'],
    ['https://a/01/09521234567890', 'wrong check digit'],
    ['https://a/01/09521234567899/10/A/22/B', 'not in this order'],
    ['https://a/01/09521234567899/235/A/10/B', 'does not qualify'],
    ['https://a/01/09521234567899?21=A', 'may not stand'],
    ['https://a/01/09521234567899?10=A', 'belongs into the path'],
    ['https://a/01/09521234567899/10/A?99=B&99=B', 'twice'],
    ['https://a/01/09521234567899/10/A%20B', 'may not'],
    ['https://a/01/09521234567899/10/A%FF', 'may not'],
    ['https://a/01/09521234567899/10/thanh-lòng', 'no URI has'],
    ['https://a/01/09521234567899?422=705', undefined],
    ['https://a/01/09521234567899?422=001', 'ISO 3166'],
    ['https://a/01/09521234567899?17=261301', 'month'],
    ['https://a/01/09521234567899?17=260230', 'day'],
    ['https://a/01/09521234567899?7007=261100', 'day'],
    [`https://a/01/09521234567899?x=${'y'.repeat(MAX_LINK_CHARACTERS)}`, 'more than'],
    ['https://a/8013/1987654Ad4X4bL5ttr2310c2K', undefined],
    ['https://a/8013/1987654Ad4X4bL5ttr2310c2L', 'check characters'],
  ])('%s: %s', (uri, fault) => {
    if (fault === undefined) expect(faultOf(uri)).toBeUndefined()
    else expect(faultOf(uri)).toContain(fault)
  })

  it('is read as people and older labels write it only when that is asked for', () => {
    const older = 'https://a/gtin/9521234567899/lot/ABC/'
    expect(faultOf(older)).toBeDefined()
    const parsed = parseDigitalLink(older, LENIENT)
    expect(parsed.kind === 'link' && canonicalForm(parsed.link)).toBe(
      'https://id.gs1.org/01/09521234567899/10/ABC',
    )
    expect(faultOf('https://a/01/09521234567899/', LENIENT)).toBeUndefined()
    expect(faultOf('https://a/01/09521234567899//', LENIENT)).toBeDefined()
    // A wrong check digit is not leniency's to forgive.
    expect(faultOf('https://a/01/9521234567890', LENIENT)).toContain('check digit')
    expect(faultOf('https://a/01/09521234567899?89=X', LENIENT)).toBeUndefined()
    expect(faultOf('https://a/01/09521234567899?999=X', LENIENT)).toContain('no AI')
  })

  it('never throws, whatever it is given', () => {
    const odd = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .string({ unit: fc.constantFrom(...'/01234%?&=#ABhtps:'), maxLength: 60 })
        .map((text) => `https://a/${text}`),
    )
    fc.assert(
      fc.property(odd, (uri) => {
        for (const leniency of [{}, LENIENT])
          expect(['link', 'fault']).toContain(parseDigitalLink(uri, leniency).kind)
        bracketed(uri)
        parseElementString(`^${uri}`)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the table of AIs', () => {
  it('knows every qualifier that a key names, and no AI twice', () => {
    const known = knownAis()
    expect(new Set(known).size).toBe(known.length)
    expect(Object.entries(LINK_KEYS).flatMap(([key, rows]) => [key, ...rows.flat()])).toSatisfy(
      (ais: string[]) => ais.every((ai) => known.includes(ai)),
    )
  })

  it('says what a thing needs beside it, and what never stands there', () => {
    const judge = (text: string) => togetherFault(bracketed(text) ?? [])
    expect(judge('(01)09521234567899(10)A(7007)261122')).toBeUndefined()
    expect(judge('(10)A')).toContain('needs')
    expect(judge('(01)09521234567899(02)09521234567899(37)4')).toContain('never')
    expect(judge('(01)09521234567899(10)A(10)B')).toContain('twice')
  })

  it('goes into a barcode and comes out of it as it was', () => {
    const ais = bracketed('(01)09521234567899(10)A/1(3103)000195(21)X') ?? []
    expect(elementString(ais)).toBe('^010952123456789910A/1^310300019521X')
    expect(parseElementString(elementString(ais))).toEqual(ais)
  })
})
