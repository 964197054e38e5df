import { aiRule, couldBeAi, knownAis } from './ai-table.ts'
import type { AiValue, Leniency } from './digital-link-parse.ts'

/**
 * AIs as a barcode carries them: `^` for FNC1, which begins the whole and ends each value whose length is not fixed; and
 * as people read them, `(01)09521234567899(10)ABC`.
 */

/**
 * Undefined when it is not written so, names an AI that there is not (with `withUnknownAis` one that could not be), or
 * has a value whose length is fixed and another.
 */
export function bracketed(
  text: string,
  { withUnknownAis = false }: Pick<Leniency, 'withUnknownAis'> = {},
): AiValue[] | undefined {
  const ais: AiValue[] = []
  let through = 0
  for (const match of text.matchAll(/\((\d{2,4})\)((?:(?!\(\d{2,4}\)).)+)/g)) {
    const [whole, ai = '', value = ''] = match
    const rule = aiRule(ai)
    if (match.index !== through || !(rule || (withUnknownAis && couldBeAi(ai)))) return undefined
    if (rule?.isFixedLength && value.length !== fixedLength(ai)) return undefined
    through += whole.length
    ais.push({ ai, value })
  }
  return through === text.length && ais.length > 0 ? ais : undefined
}

export function elementString(ais: readonly AiValue[]): string {
  let text = ''
  let isEnded = false
  for (const { ai, value } of ais) {
    text += `${isEnded ? '' : '^'}${ai}${value}`
    isEnded = aiRule(ai)?.isFixedLength ?? false
  }
  return text
}

/** The AIs of an element string; undefined when it breaks a rule of GS1. */
export function parseElementString(text: string): AiValue[] | undefined {
  if (text === '') return []
  if (!text.startsWith('^')) return undefined
  const ais: AiValue[] = []
  let rest = text.slice(1)
  while (rest !== '' || ais.length === 0) {
    const ai = knownAis().find((each) => rest.startsWith(each))
    const rule = ai === undefined ? undefined : aiRule(ai)
    if (ai === undefined || !rule) return undefined
    const end = rest.indexOf('^')
    const upTo = end < 0 ? rest.slice(ai.length) : rest.slice(ai.length, end)
    // A value of fixed length ends by itself; an FNC1 after it is allowed.
    const value = rule.isFixedLength ? upTo.slice(0, fixedLength(ai)) : upTo
    if (rule.fault(value) !== undefined) return undefined
    ais.push({ ai, value })
    rest = rest.slice(ai.length + value.length)
    if (rest.startsWith('^')) {
      rest = rest.slice(1)
      if (rest === '') return undefined
    }
  }
  return ais
}

/** What is wrong with AIs on one thing: said twice with two values, never together, or not without another. */
export function togetherFault(ais: readonly AiValue[]): string | undefined {
  const named = new Map<string, string>()
  for (const { ai, value } of ais) {
    if (named.has(ai) && named.get(ai) !== value) return `(${ai}) is said twice and differs`
    named.set(ai, value)
  }
  const isThere = (pattern: string, but?: string): boolean => {
    const form = new RegExp(`^${pattern.replaceAll('n', '\\d')}$`)
    return [...named.keys()].some((each) => each !== but && form.test(each))
  }
  for (const ai of named.keys()) {
    const rule = aiRule(ai)
    if (!rule) continue
    const foe = rule.never.find((pattern) => isThere(pattern, ai))
    if (foe !== undefined) return `(${ai}) never stands beside (${foe})`
    if (rule.needs.length > 0 && !rule.needs.some((group) => group.every((each) => isThere(each))))
      return `(${ai}) needs ${rule.needs.map((group) => group.map((each) => `(${each})`).join('')).join(' or ')}`
  }
  return signatureFault(named)
}

// A digital signature (8030) signs one thing: a document, coupon or asset type needs its serial part.
const SERIAL_FROM: Readonly<Record<string, number>> = { '253': 13, '255': 13, '8003': 14 }

function signatureFault(named: ReadonlyMap<string, string>): string | undefined {
  if (!named.has('8030')) return undefined
  const bare = Object.entries(SERIAL_FROM).find(([ai, length]) => named.get(ai)?.length === length)
  return bare ? `(8030) needs the serial part of (${bare[0]})` : undefined
}

// Lengths of values that are not ended by FNC1 (General Specifications §7.8.5), by the AI's first two digits.
function fixedLength(ai: string): number {
  if (ai === '00') return 18
  if (/^0[123]$/.test(ai)) return 14
  if (ai === '20') return 2
  return ai.startsWith('41') ? 13 : 6
}
