import { CANONICAL_BASE } from './digital-link.ts'
import { linkOfEpcUrn } from './epc-urn.ts'
import { SHORT_NAMES } from './short-names.ts'

/**
 * One name for one thing: an EPC URN, or a Digital Link on anybody's domain, as the constrained canonical Digital
 * Link of CBV 2.0 §8.9.2 (https://id.gs1.org, the finest level only, no query). Undefined for what is neither.
 * It names, it does not judge: check digits are those of whoever wrote them.
 */
export function canonicalLink(uri: string): string | undefined {
  return linkOfEpcUrn(uri) ?? linkOfWebUri(uri)
}

interface Key {
  readonly value: RegExp
  /** Qualifiers that a thing's name goes on with, and what they may hold. */
  readonly qualifiers: Readonly<Record<string, RegExp>>
}

// Character set 82 as it stands in a path: what a path reserves is escaped.
const text = (atMost: number): RegExp =>
  new RegExp(`^(?:%[2-7][0-9A-Fa-f]|[!"'()*+,\\-.0-9:;<=>?A-Z_a-z]){1,${atMost}}$`)
const digitsAndText = (digits: number, atMost: number): RegExp =>
  new RegExp(`^\\d{${digits}}(?:%[2-7][0-9A-Fa-f]|[!"'()*+,\\-.0-9:;<=>?A-Z_a-z]){0,${atMost}}$`)

const TRADE_ITEM = { '22': text(20), '10': text(20), '21': text(20) }

/** Primary keys (GS1 syntax dictionary, `dlpkey`). */
const KEYS: Readonly<Record<string, Key>> = {
  '00': { value: /^\d{18}$/, qualifiers: {} },
  // GTIN-8, -12 and -13 are written with leading zeros to fourteen digits.
  '01': { value: /^(?:\d{8}|\d{12,14})$/, qualifiers: { ...TRADE_ITEM, '235': text(28) } },
  '253': { value: digitsAndText(13, 17), qualifiers: {} },
  '255': { value: /^\d{13,25}$/, qualifiers: {} },
  '401': { value: text(30), qualifiers: {} },
  '402': { value: /^\d{17}$/, qualifiers: {} },
  '414': { value: /^\d{13}$/, qualifiers: { '254': text(20) } },
  '417': { value: /^\d{13}$/, qualifiers: {} },
  '8003': { value: digitsAndText(14, 16), qualifiers: {} },
  '8004': { value: text(30), qualifiers: {} },
  '8006': { value: /^\d{18}$/, qualifiers: TRADE_ITEM },
  '8010': { value: /^(?:%23|%2F|[#\-0-9A-Z]){1,30}$/i, qualifiers: { '8011': /^\d{1,12}$/ } },
  '8017': { value: /^\d{18}$/, qualifiers: {} },
  '8018': { value: /^\d{18}$/, qualifiers: {} },
}

function linkOfWebUri(uri: string): string | undefined {
  const path = /^https?:\/\/[^/?#\s]+(\/[^?#\s]*)/i.exec(uri)?.[1]
  if (path === undefined) return undefined
  const segments = path.split('/').slice(1)
  // A resolver may stand below any path of its host, so the key is the first segment from which all the rest parses.
  for (let at = 0; at < segments.length - 1; at++) {
    const link = linkFrom(segments.slice(at))
    if (link !== undefined) return link
  }
  return undefined
}

function linkFrom(segments: readonly string[]): string | undefined {
  const ai = aiOf(segments[0] ?? '')
  const value = segments[1] ?? ''
  const key = Object.hasOwn(KEYS, ai) ? KEYS[ai] : undefined
  if (!key || segments.length % 2 !== 0 || !key.value.test(value)) return undefined
  const named = new Map<string, string>()
  for (let at = 2; at < segments.length; at += 2) {
    const qualifier = aiOf(segments[at] ?? '')
    const held = segments[at + 1] ?? ''
    const form = Object.hasOwn(key.qualifiers, qualifier) ? key.qualifiers[qualifier] : undefined
    if (!form?.test(held) || named.has(qualifier)) return undefined
    named.set(qualifier, held)
  }
  // A consumer variant (22) names no thing of its own, and a serial is finer than its lot.
  named.delete('22')
  if (named.has('21')) named.delete('10')
  const whole = ai === '01' ? value.padStart(14, '0') : value
  return [`${CANONICAL_BASE}/${ai}/${whole}`, ...[...named].map(([name, held]) => `${name}/${held}`)].join(
    '/',
  )
}

const aiOf = (segment: string): string =>
  Object.hasOwn(SHORT_NAMES, segment) ? (SHORT_NAMES[segment] as string) : segment
