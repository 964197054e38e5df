import { timeOf } from './epcis-facts.ts'
import { identifierMistake } from './gs1-identifier.ts'

/** Rules for single values of EPCIS JSON: each looks at a value, and notes what is wrong with it under its path. */
export interface EpcisMistake {
  /** Such as `epcisBody.eventList[1].readPoint.id`. */
  readonly path: string
  /** Half a sentence that goes on from the path: "is missing". */
  readonly rule: string
}

export type Json = Readonly<Record<string, unknown>>
export type Rule = (value: unknown, path: string, found: Mistakes) => void

// Whoever has that many mistakes mends the first ones and tries again.
const MAX_MISTAKES = 50

export class Mistakes {
  readonly list: EpcisMistake[] = []
  readonly isForCapture: boolean

  constructor(isForCapture: boolean) {
    this.isForCapture = isForCapture
  }

  add(path: string, rule: string): void {
    if (this.list.length < MAX_MISTAKES) this.list.push({ path, rule })
  }
}

export const time: Rule = (value, path, found) => {
  if (timeOf(value) === undefined || !/^[^ ]+$/.test(String(value)))
    found.add(path, 'is not a date and time with an offset, such as 2026-11-23T07:30:00+07:00')
}
export const uri: Rule = (value, path, found) => {
  if (typeof value !== 'string' || !isUri(value)) found.add(path, 'is not a URI')
}
/** A thing, class or place: a URI, and if it is GS1's then a right one. */
export const identifier: Rule = (value, path, found) => {
  if (typeof value !== 'string' || !isUri(value)) return found.add(path, 'is not a URI')
  const mistake = identifierMistake(value)
  if (mistake) found.add(path, mistake)
}
export const number: Rule = (value, path, found) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) found.add(path, 'is not a number')
}
export const matching =
  (pattern: RegExp, rule: string): Rule =>
  (value, path, found) => {
    if (typeof value !== 'string' || !pattern.test(value)) found.add(path, rule)
  }
export const ofType =
  (type: 'string' | 'boolean', rule: string): Rule =>
  (value, path, found) => {
    if (typeof value !== type) found.add(path, rule)
  }
/** A bare word of the standard, or a URI of one's own that is not the standard's in an older form. */
export const word =
  (words: ReadonlySet<string>, foreign: RegExp, isUriAllowed = true): Rule =>
  (value, path, found) => {
    if (typeof value === 'string' && words.has(value)) return
    if (isUriAllowed && typeof value === 'string' && isUri(value)) {
      if (foreign.test(value))
        found.add(path, `writes a word of the standard as ${value.slice(0, 80)}: use the bare word`)
      return
    }
    found.add(path, `is "${String(value).slice(0, 60)}", which is neither a word of the standard nor a URI`)
  }
export const CBV_FORM = /^(?:urn:epcglobal:cbv|https?:\/\/ns\.gs1\.org\/cbv\/)/
export const GS1_FORM = /^https?:\/\/(?:www\.)?gs1\.org\/voc\//
export const list =
  (rule: Rule, isUnique = false, atLeast = 0): Rule =>
  (value, path, found) => {
    if (!Array.isArray(value)) return found.add(path, 'is not a list')
    if (value.length < atLeast) found.add(path, 'is empty')
    for (const [index, each] of value.entries()) rule(each, `${path}[${index}]`, found)
    if (isUnique && new Set(value.map((each) => JSON.stringify(each))).size < value.length)
      found.add(path, 'has something twice')
  }
/** An object of these properties. `others`: whether fields with a namespace, any fields, or none may stand beside. */
export const record =
  (
    properties: Readonly<Record<string, Rule>>,
    required: readonly string[],
    others: 'named' | 'any' | 'none',
  ): Rule =>
  (value, path, found) => {
    if (!isObject(value)) return found.add(path, 'is not an object')
    for (const name of required) if (value[name] === undefined) found.add(at(path, name), 'is missing')
    checkProperties(value, path, properties, found)
    if (others === 'any') return
    const known = new Set(Object.keys(properties))
    if (others === 'named') return checkNames(value, path, known, found)
    for (const key of Object.keys(value)) if (!known.has(key)) found.add(at(path, key), 'is not allowed here')
  }

export function checkProperties(
  value: Json,
  path: string,
  rules: Readonly<Record<string, Rule>>,
  found: Mistakes,
): void {
  for (const [name, rule] of Object.entries(rules))
    if (value[name] !== undefined) rule(value[name], at(path, name), found)
}

/** What the standard does not know must have a namespace: `prefix:field`, or a whole address. */
export function checkNames(value: Json, path: string, known: ReadonlySet<string>, found: Mistakes): void {
  for (const key of Object.keys(value))
    if (!known.has(key) && !isUri(key))
      found.add(at(path, key), 'is not a field of the standard here, and has no namespace (prefix:field)')
}

export const at = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** RFC 3986 as far as a check without resolving goes: a scheme, and no character that would have to be escaped. */
export const isUri = (text: string): boolean =>
  text.length <= 2048 && /^[a-z][a-z0-9+.-]*:(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})+$/i.test(text)

export const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
