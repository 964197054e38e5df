import { numberOf, onOffOf } from '../number-of.ts'

/** A field's content as a number, and the unit that stands behind the number in a text (`25.3 °C`). */
export type FieldValue =
  | { kind: 'number'; value: number; unit?: string }
  | { kind: 'nothing' }
  | { kind: 'other' }

export function fieldValueOf(stated: unknown): FieldValue {
  if (stated === null || stated === undefined) return { kind: 'nothing' }
  if (typeof stated === 'number')
    return Number.isFinite(stated) ? { kind: 'number', value: stated } : { kind: 'nothing' }
  if (typeof stated !== 'string' || stated.length > MAX_CHARS) return { kind: 'other' }
  const text = stated.trim()
  if (NOTHING_SAID.test(text)) return { kind: 'nothing' }
  const plain = numberOf(text)
  if (plain !== undefined) return { kind: 'number', value: plain }
  const [, digits, unit] = WITH_UNIT.exec(text) ?? []
  const value = numberOf(digits)
  return value === undefined || unit === undefined ? { kind: 'other' } : { kind: 'number', value, unit }
}

// A number and a unit, such as `1013.25 hPa`.
const MAX_CHARS = 48
const WITH_UNIT = /^([+-]?\d{1,12}(?:\.\d{1,12})?)\s{0,2}([^\d\s.,:;/-][^,:;]{0,15})$/
const NOTHING_SAID =
  /^(?:|-+|nan|[+-]?inf(?:inity)?|null|none|n\/?a|unknown|unavailable|undefined|invalid|error|err|no[ _-]?sensor|not[ _-]?connected|disconnected|no[ _-]?data)$/i

const POINTS = [
  'N',
  'NNE',
  'NE',
  'ENE',
  'E',
  'ESE',
  'SE',
  'SSE',
  'S',
  'SSW',
  'SW',
  'WSW',
  'W',
  'WNW',
  'NW',
  'NNW',
]

/** A point of the compass as the direction that the wind comes from, in degrees. */
export function compassDegOf(stated: unknown): number | undefined {
  const at = typeof stated === 'string' ? POINTS.indexOf(stated.trim().toUpperCase()) : -1
  return at < 0 ? undefined : at * 22.5
}

/** How nodes say on and off, beside ON/OFF, true/false and 1/0. A contact is on when it is closed. */
const WORDS: Readonly<Record<string, 0 | 1>> = {
  closed: 1,
  close: 1,
  open: 0,
  opened: 0,
  wet: 1,
  leak: 1,
  leaking: 1,
  dry: 0,
  'no leak': 0,
  noleak: 0,
  y: 1,
  n: 0,
  detected: 1,
  'not detected': 0,
  clear: 0,
  occupied: 1,
  vacant: 0,
  unoccupied: 0,
  free: 0,
  motion: 1,
  'no motion': 0,
  yes: 1,
  no: 0,
  normal: 0,
}

/** Undefined when it says neither; `isWord` when it said open, wet and the like itself rather than on. */
export function onOffValueOf(stated: unknown): { value: 0 | 1; isWord: boolean } | undefined {
  const plain = onOffOf(stated)
  if (plain !== undefined) return { value: plain, isWord: false }
  if (typeof stated !== 'string' || stated.length > MAX_CHARS) return undefined
  const word = stated.trim().toLowerCase().replaceAll(/[_-]/g, ' ')
  const value = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
  return value === undefined ? undefined : { value, isWord: true }
}
