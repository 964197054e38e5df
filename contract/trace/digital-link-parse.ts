import { aiRule, couldBeAi, LINK_KEYS } from './ai-table.ts'
import { CANONICAL_BASE } from './digital-link.ts'
import { SHORT_NAMES } from './short-names.ts'

/**
 * A GS1 Digital Link of any key, taken apart and judged (URI syntax 1.6 with the AIs of the Syntax Dictionary):
 * `http(s)://host[/stem]/{key}/{value}[/{qualifier}/{value}..][?{attribute}={value}..][#fragment]`.
 */
export interface AiValue {
  readonly ai: string
  readonly value: string
}

export interface DigitalLink {
  /** Scheme, host and what stands before the key, without a slash at its end. */
  readonly stem: string
  /** The key, then its qualifiers in their order. */
  readonly path: readonly [AiValue, ...AiValue[]]
  readonly attributes: readonly AiValue[]
}

export type ParsedLink =
  | { readonly kind: 'link'; readonly link: DigitalLink }
  | { readonly kind: 'fault'; readonly fault: string }

export interface Leniency {
  /** GTIN-8, -12 and -13 are written with zeros before them to fourteen digits. */
  readonly withShortGtin?: boolean
  /** `gtin`, `lot`, `ser` and the other names of URI syntax 1.0 stand for their AIs. */
  readonly withShortNames?: boolean
  /** An attribute whose AI is not in the table but could be one. */
  readonly withUnknownAis?: boolean
  /** One slash at the end of the path, which browsers and people add. */
  readonly withSlash?: boolean
}

export const LENIENT: Leniency = {
  withShortGtin: true,
  withShortNames: true,
  withUnknownAis: true,
  withSlash: true,
}

// A label's link has under a hundred characters, all attributes of a pallet under a thousand.
export const MAX_LINK_CHARACTERS = 4096

export function parseDigitalLink(uri: string, leniency: Leniency = {}): ParsedLink {
  try {
    return { kind: 'link', link: linkOf(uri, leniency) }
  } catch (error) {
    if (error instanceof LinkFault) return { kind: 'fault', fault: error.message }
    throw error
  }
}

/**
 * The link of some AIs, at `stem`: the first key among them with its qualifiers is the path, the others go into the
 * query, those of fixed length first. An AI that is said twice is said once. Undefined when they make no link.
 */
export function buildDigitalLink(stem: string, ais: readonly AiValue[]): string | undefined {
  const named = new Map(ais.map(({ ai, value }) => [ai, value]))
  const key = ais.find(({ ai }) => Object.hasOwn(LINK_KEYS, ai))
  if (!key) return undefined
  for (const qualifiers of LINK_KEYS[key.ai] ?? []) {
    const inPath = [key.ai, ...qualifiers.filter((ai) => named.has(ai))]
    const rest = [...named.keys()].filter((ai) => !inPath.includes(ai))
    const inQuery = [
      ...rest.filter((ai) => aiRule(ai)?.isFixedLength),
      ...rest.filter((ai) => !aiRule(ai)?.isFixedLength),
    ]
    const path = inPath.map((ai) => `/${ai}/${escapePath(named.get(ai) ?? '')}`).join('')
    const query = inQuery.map((ai) => `${ai}=${escapeQuery(named.get(ai) ?? '')}`).join('&')
    const uri = `${stem.replace(/\/+$/, '')}${path}${query ? `?${query}` : ''}`
    if (parseDigitalLink(uri).kind === 'link') return uri
  }
  return undefined
}

/** The same key, qualifiers and attributes at GS1's own address. */
export const canonicalForm = ({ path, attributes }: DigitalLink): string =>
  CANONICAL_BASE +
  path.map(({ ai, value }) => `/${ai}/${escapePath(value)}`).join('') +
  (attributes.length > 0
    ? `?${attributes.map(({ ai, value }) => `${ai}=${escapeQuery(value)}`).join('&')}`
    : '')

/** RFC 3986 unreserved characters stay, all others become %XX. */
export const escapePath = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** The same, with + for a space. */
export const escapeQuery = (text: string): string => escapePath(text).replaceAll('%20', '+')

/** Each %XX is one character of that code; what is no escape stays as it is. */
export const unescapePath = (text: string): string =>
  text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

export const unescapeQuery = (text: string): string => unescapePath(text.replaceAll('+', ' '))

class LinkFault extends Error {}

function linkOf(uri: string, leniency: Leniency): DigitalLink {
  if (uri.length > MAX_LINK_CHARACTERS) throw new LinkFault(`has more than ${MAX_LINK_CHARACTERS} characters`)
  if (!/^[\w\-.~:/?#[\]@!$&'()*+,;=%]*$/.test(uri) || /[^ -~]/.test(uri))
    throw new LinkFault('holds a character that no URI has')
  const scheme = /^(?:https?|HTTPS?):\/\//.exec(uri)?.[0]
  if (!scheme) throw new LinkFault('does not begin with http:// or https://, all small or all capital')
  const [, host = '', path = '', , query = ''] =
    /^([^/?#]*)([^?#]*)(\?([^#]*))?/.exec(uri.slice(scheme.length)) ?? []
  if (host === '') throw new LinkFault('names no host')
  if (!/^[0-9A-Za-z\-.:[\]]+$/.test(host)) throw new LinkFault('has a host that is written wrongly')
  const found = pathAis(path, leniency)
  const attributes = queryAis(query, leniency)
  checkTogether(found.ais, attributes)
  for (const { ai, value } of [...found.ais, ...attributes]) {
    const fault = aiRule(ai)?.fault(value)
    if (fault !== undefined) throw new LinkFault(`(${ai}) ${fault}`)
  }
  return { stem: scheme + host + found.stem, path: found.ais, attributes }
}

/** The key is the last one of the path from which everything to the end is AIs and their values. */
function pathAis(
  path: string,
  leniency: Leniency,
): { readonly stem: string; readonly ais: DigitalLink['path'] } {
  const segments = (leniency.withSlash ? path.replace(/(?<=.)\/$/, '') : path).split('/')
  for (let at = segments.length - 2; at > 0; at -= 2) {
    const ai = aiOf(segments[at] ?? '', leniency)
    // What is no AI cannot stand between a key and the end.
    if (!aiRule(ai)) break
    const alternatives = Object.hasOwn(LINK_KEYS, ai) ? LINK_KEYS[ai] : undefined
    if (!alternatives) continue
    const ais: AiValue[] = []
    for (let each = at; each < segments.length; each += 2)
      ais.push(valued(aiOf(segments[each] ?? '', leniency), unescapePath(segments[each + 1] ?? ''), leniency))
    const qualifiers = ais.slice(1).map((each) => each.ai)
    if (!alternatives.some((order) => isInOrder(qualifiers, order)))
      throw new LinkFault(`(${ai}) is followed by what does not qualify it, or not in this order`)
    return { stem: segments.slice(0, at).join('/'), ais: ais as unknown as DigitalLink['path'] }
  }
  throw new LinkFault('has no GS1 key in its path')
}

function queryAis(query: string, leniency: Leniency): AiValue[] {
  const ais: AiValue[] = []
  for (const part of query.split('&')) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const name = part.slice(0, equals)
    const ai = leniency.withShortNames ? aiOf(name, leniency) : name
    // Other words are somebody else's parameters; only AIs are digits.
    if (!/^\d+$/.test(ai)) continue
    const rule = aiRule(ai)
    if (!rule && !(leniency.withUnknownAis && couldBeAi(ai)))
      throw new LinkFault(`has (${ai}) in its query, which is no AI`)
    if (rule && !rule.isAttribute) throw new LinkFault(`has (${ai}) in its query, where it may not stand`)
    ais.push(valued(ai, unescapeQuery(part.slice(equals + 1)), leniency))
  }
  return ais
}

function valued(ai: string, value: string, leniency: Leniency): AiValue {
  if (value === '') throw new LinkFault(`(${ai}) is empty`)
  const unprintable = /[^ -~]/.test(value)
  if (unprintable) throw new LinkFault(`(${ai}) holds a character that it may not`)
  const isShort = leniency.withShortGtin && ai === '01' && /^(?:\d{8}|\d{12,13})$/.test(value)
  return { ai, value: isShort ? value.padStart(14, '0') : value }
}

function checkTogether(path: DigitalLink['path'], attributes: readonly AiValue[]): void {
  const seen = new Set(path.map(({ ai }) => ai))
  const orders = LINK_KEYS[path[0].ai] ?? []
  const qualifiers = path.slice(1).map(({ ai }) => ai)
  for (const { ai } of attributes) {
    if (seen.has(ai)) throw new LinkFault(`says (${ai}) twice`)
    seen.add(ai)
    // What can qualify the key belongs into the path.
    const places = qualifiers.map((_, at) => qualifiers.toSpliced(at, 0, ai)).concat([[...qualifiers, ai]])
    if (orders.some((order) => places.some((each) => isInOrder(each, order))))
      throw new LinkFault(`has (${ai}) in its query, which belongs into the path`)
  }
}

/** Whether `some` are of `order` and stand in it, each once. */
function isInOrder(some: readonly string[], order: readonly string[]): boolean {
  const places = some.map((each) => order.indexOf(each))
  return places.every((place, at) => place >= 0 && (at === 0 || place > (places[at - 1] as number)))
}

const aiOf = (segment: string, { withShortNames }: Leniency): string =>
  withShortNames && Object.hasOwn(SHORT_NAMES, segment) ? (SHORT_NAMES[segment] as string) : segment
