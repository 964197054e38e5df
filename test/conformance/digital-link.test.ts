import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalLink } from '#contract/trace/canonical-link.ts'
import {
  type AiValue,
  buildDigitalLink,
  escapePath,
  escapeQuery,
  type Leniency,
  parseDigitalLink,
  unescapePath,
  unescapeQuery,
} from '#contract/trace/digital-link-parse.ts'
import {
  bracketed,
  elementString,
  parseElementString,
  togetherFault,
} from '#contract/trace/element-string.ts'
import { jsonOf, vectors } from './vectors.ts'

describe('canonical Digital Link of an EPC URN or a Digital Link', () => {
  const folder = vectors('gs1', 35)
  if (!folder) return
  const { cases } = jsonOf(join(folder, 'digital-link-normaliser.json')) as {
    cases: { group: string; in: string; canonicalDigitalLink: string | null }[]
  }

  test.each(cases)('$in', ({ in: uri, canonicalDigitalLink }) => {
    expect(canonicalLink(uri) ?? null).toBe(canonicalDigitalLink)
  })
})

interface Case {
  readonly ok: boolean
  readonly uri: string
  readonly ai: string
  readonly stem: string | null
  readonly elementString: string
  readonly opts?: Readonly<Record<string, string>>
}

interface EscapeCase {
  readonly in: string
  readonly path: string
  readonly query: string
}

const leniencyOf = ({ opts = {} }: Case): Leniency => ({
  withShortGtin: opts['permitZeroSuppressedGTIN'] === 'true',
  withShortNames: opts['permitConvenienceAlphas'] === 'true',
  withUnknownAis: opts['permitUnknownAIs'] === 'true',
})

const inBarcode = (ais: readonly AiValue[] | undefined): string => (ais ? elementString(ais) : '')

/**
 * C's "\x01B" is one character of code 1B, not 01 and a B: three of the published answers were read out of their source
 * with its letter swallowed.
 */
const withLetter = (text: string): string => text.replace('\u001b', '\u0001B').replace('\u0ffb', '\u00ffB')

describe('Digital Links and AIs as the GS1 syntax engine judges them', () => {
  const folder = vectors('gs1', 180)
  if (!folder) return
  const all = jsonOf(join(folder, 'digital-link-and-ai.json')) as Record<string, Case[]> & {
    uriEscape: EscapeCase[]
    uriUnescape: EscapeCase[]
  }

  test.each(all['parseDLuri'] ?? [])('takes apart $uri $opts', (each) => {
    const parsed = parseDigitalLink(each.uri, leniencyOf(each))
    const ais = parsed.kind === 'link' ? [...parsed.link.path, ...parsed.link.attributes] : undefined
    expect([parsed.kind === 'link', inBarcode(ais)]).toEqual([each.ok, each.elementString])
  })

  test.each(all['generateDLuri'] ?? [])('makes a link of $ai', ({ ai, stem, uri }) => {
    const ais = bracketed(ai)
    expect((ais && buildDigitalLink(stem ?? 'https://id.gs1.org', ais)) ?? '').toBe(uri)
  })

  test('escapes and unescapes as the path and the query want it', () => {
    for (const { in: text, path, query } of all.uriEscape)
      expect([escapePath(text), escapeQuery(text)]).toEqual([path, query])
    for (const { in: text, path, query } of all.uriUnescape)
      expect([unescapePath(text), unescapeQuery(text)]).toEqual([path, query].map(withLetter))
  })

  test.each(all['parseAIdata'] ?? [])('reads $ai', ({ ai, elementString: expected }) => {
    expect(inBarcode(bracketed(ai))).toBe(expected)
  })

  test.each(all['processAIdata'] ?? [])('judges the element string $elementString', (each) => {
    expect(parseElementString(each.elementString) !== undefined).toBe(each.ok)
  })

  test.each(all['validateAIs'] ?? [])('judges what stands together in $ai', ({ ai, ok }) => {
    const ais = bracketed(ai, { withUnknownAis: true })
    expect(ais && togetherFault(ais) === undefined).toBe(ok)
  })
})
