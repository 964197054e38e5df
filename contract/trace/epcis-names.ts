import { canonicalLink } from './canonical-link.ts'
import { addressOf, addressOfWord, type Vocabulary } from './cbv-words.ts'
import { CANONICAL_BASE } from './digital-link.ts'

/**
 * How things, places and words are compared: one name for one thing, whoever wrote it and however. An EPC URN and a
 * Digital Link of the same thing are the path of its canonical Digital Link (`/01/09521234567899/10/ABC`); a word of
 * CBV is the bare word; anything else is what was written.
 */
export function nameOf(uri: string): string {
  const link = canonicalLink(uri)
  return link === undefined ? uri : link.slice(CANONICAL_BASE.length)
}

/** The URI of a name: what `nameOf` made short, long again. */
export const uriOfName = (name: string): string => (name.startsWith('/') ? CANONICAL_BASE + name : name)

/** `shipping` for the bare word, its CBV 1.2 URN, its address and its short `cbv:` name. */
export function bareWord(vocabulary: Vocabulary, text: string): string {
  const address = addressOfWord(vocabulary, text)
  const prefix = addressOfWord(vocabulary, '')
  return address.startsWith(prefix) && address.length > prefix.length ? address.slice(prefix.length) : address
}

/** A reason of an error declaration has a vocabulary of its own, which no hash needs. */
export function bareReason(text: string): string {
  const prefix = 'https://ref.gs1.org/cbv/ER-'
  const address = addressOf(text)
  return address.startsWith(prefix) ? address.slice(prefix.length) : text
}

/** What a MATCH parameter looks for: one name, or every name from `from` on and before `before` that has `part` in it. */
export type NamePattern =
  | { readonly name: string }
  | { readonly from: string; readonly before: string; readonly part: string }

/**
 * A pattern of a MATCH parameter (EPCIS 2.0 §8.2.7.1.1, TDS §12): a URI of one thing; a `urn:epc:idpat:` whose last
 * fields are `*`; or a Digital Link that ends in `/*`. A class pattern without its serial, such as
 * `urn:epc:idpat:sgtin:0614141.107346.*`, is all serials where things are meant and the class itself where classes are.
 */
export function patternsOf(uri: string, isOfClass: boolean): NamePattern[] {
  if (/^https?:\/\/.*\/\*$/.test(uri)) {
    // A made-up last part makes it a whole link, so that the part before is checked and made canonical like any other.
    const whole = nameOf(`${uri.slice(0, -1)}1`)
    return [range(whole.endsWith('/1') ? whole.slice(0, -1) : uri.slice(0, -1), '')]
  }
  const match = /^urn:epc:(?:idpat|class):([a-z]+):(.+)$/.exec(uri)
  if (!match?.[2]?.endsWith('*')) return [{ name: nameOf(uri) }]
  const [, scheme = '', tail = ''] = match
  const fields = tail.split('.')
  const stars = fields.length - fields.indexOf('*')
  if (stars === 1 && fields.length > 2) {
    if (isOfClass && scheme !== 'lgtin') return [{ name: nameOf(uri) }]
    // The name of one made-up serial, without that serial, begins the names of all.
    const one = nameOf(`urn:epc:${scheme === 'lgtin' ? 'class' : 'id'}:${scheme}:${tail.slice(0, -1)}1`)
    if (!one.startsWith('/')) return [{ name: uri }]
    const all = range(one.slice(0, -1), '')
    // A place without an extension is one of its GLN too.
    return scheme === 'sgln' ? [{ name: one.slice(0, one.indexOf('/254/')) }, all] : [all]
  }
  const shape = SHAPES[scheme]
  const prefix = fields[0] ?? ''
  if (!shape || !/^\d{6,12}$/.test(prefix)) return [{ name: uri }]
  const part = isOfClass ? (scheme === 'lgtin' ? '/10/' : '') : (SERIALS[scheme] ?? '')
  // The first digit of the reference stands before the prefix in these keys, and is not known.
  if (shape.isFirstMoved)
    return Array.from({ length: 10 }, (_, digit) => range(`/${shape.ai}/${digit}${prefix}`, part))
  return [range(`/${shape.ai}/${shape.lead ?? ''}${prefix}`, part)]
}

const SHAPES: Readonly<Record<string, { ai: string; isFirstMoved?: true; lead?: string }>> = {
  sgtin: { ai: '01', isFirstMoved: true },
  lgtin: { ai: '01', isFirstMoved: true },
  upui: { ai: '01', isFirstMoved: true },
  itip: { ai: '8006', isFirstMoved: true },
  sscc: { ai: '00', isFirstMoved: true },
  sgln: { ai: '414' },
  pgln: { ai: '417' },
  grai: { ai: '8003', lead: '0' },
  gdti: { ai: '253' },
  sgcn: { ai: '255' },
  gsrn: { ai: '8018' },
  gsrnp: { ai: '8017' },
  giai: { ai: '8004' },
  cpi: { ai: '8010' },
}

/** What stands between a class and its serial, where the serial is not a part of the key. */
const SERIALS: Readonly<Record<string, string>> = {
  sgtin: '/21/',
  lgtin: '/10/',
  upui: '/235/',
  itip: '/21/',
  cpi: '/8011/',
}

const range = (from: string, part: string): NamePattern => ({ from, before: following(from), part })

/** The first text after every text that begins so, in the order of code points. */
export const following = (prefix: string): string => `${prefix}\u{10FFFF}`

/** What all lots or all serials of one GTIN begin with, of a name that is one of them or is that beginning itself. */
export const familyOf = (name: string): string | undefined => /^\/01\/\d{14}\/(?:10|21)\//.exec(name)?.[0]

/** The place that a place lies in, as far as its name tells: a growing area, `/414/x/254/y`, lies in its GLN, `/414/x`. */
export const placeAround = (name: string): string | undefined => /^(\/414\/\d{13})\/254\//.exec(name)?.[1]
