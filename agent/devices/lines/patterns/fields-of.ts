import { utf8 } from '#contract/ground/bytes.ts'
import { isObject, parseBoundedJson } from '../../bounded-json.ts'
import type { Pattern, Place } from './pattern.ts'

/** The fields of one line: asked by place, and counted. */
export interface Fields {
  /** Undefined when the line has no such field. */
  at(place: Place): unknown
  readonly count: number
}

export type FieldsOfLine = ({ kind: 'fields' } & Fields) | { kind: 'refused'; code: string; why: string }

// A logger's line has some tens of columns; more is two hundred lines in one.
const MAX_FIELDS = 256

export function columnsOf(line: string, separator: string | undefined): string[] {
  const columns = separator === ' ' ? line.trim().split(/[ \t]+/) : line.split(separator ?? ',')
  return columns.slice(0, MAX_FIELDS).map(unquoted)
}

/** `titles` are those of the line of titles, when one was heard. */
export function csvFields(columns: readonly string[], titles: readonly string[] | undefined): FieldsOfLine {
  return {
    kind: 'fields',
    count: columns.length,
    at: (place) => {
      const index = typeof place === 'number' ? place - 1 : (titles?.indexOf(place) ?? -1)
      return columns[index]
    },
  }
}

export function pairFields(line: string, { separator, assign }: Pattern): FieldsOfLine {
  const pairs = new Map<string, string>()
  const put = (key: string, value: string): void => {
    // Of a key that is there twice the first counts, so that two lines run together do not mix.
    if (key !== '' && pairs.size < MAX_FIELDS && !pairs.has(key)) pairs.set(key, unquoted(value))
  }
  if (separator === undefined) {
    // "Humidity: 55.0 %  Temperature: 24.0 *C": what stands before the sign is the key, whatever divides the pairs.
    const sign = assign === undefined ? '[=:]' : escaped(assign)
    for (const [, key = '', value = ''] of line.matchAll(
      new RegExp(`([^\\s,;|=:{}]{1,64})[ \\t]{0,8}${sign}[ \\t]{0,8}([^\\s,;|=:{}]{0,64})`, 'gu'),
    ))
      put(key, value)
  } else {
    for (const part of line.split(separator).slice(0, MAX_FIELDS)) {
      const at = assign === undefined ? part.search(/[=:]/) : part.indexOf(assign)
      if (at >= 0) put(unquoted(part.slice(0, at)), part.slice(at + (assign?.length ?? 1)))
    }
  }
  if (pairs.size === 0) return { kind: 'refused', code: 'line-format', why: 'no key with a value' }
  return { kind: 'fields', count: pairs.size, at: (place) => pairs.get(String(place)) }
}

export function jsonFields(line: string): FieldsOfLine {
  const parsed = parseBoundedJson(utf8(line))
  if (parsed.kind === 'refused')
    return { kind: 'refused', code: parsed.code, why: parsed.detail.slice(0, 80) }
  const { value } = parsed
  if (!isObject(value) && !Array.isArray(value))
    return { kind: 'refused', code: 'not-an-object', why: 'neither an object nor a list' }
  return { kind: 'fields', count: leavesOf(value), at: (place) => valueAt(value, place) }
}

function valueAt(root: unknown, place: Place): unknown {
  const path =
    typeof place === 'string' && place.startsWith('/') ? place.slice(1).split('/') : [String(place)]
  let value: unknown = root
  for (const step of path) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(value)) value = /^\d{1,4}$/.test(key) ? value[Number(key)] : undefined
    else value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}

/** Its depth is bounded by parseBoundedJson. */
function leavesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, each) => sum + leavesOf(each), 0)
}

function unquoted(text: string): string {
  const bare = text.trim()
  return bare.length >= 2 && bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1).trim() : bare
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
