import { isAscii } from 'node:buffer'
import { fromUtf8 } from '#contract/ground/bytes.ts'

/** JSON from strangers, with bounds on size, depth and number of keys, checked before it is parsed. */
export type ParsedJson =
  | { kind: 'parsed'; value: unknown }
  | { kind: 'refused'; code: string; detail: string }

export const MAX_JSON_BYTES = 256 * 1024
const MAX_DEPTH = 24
// A Zigbee device list with eighty devices has some 20,000.
const MAX_MEMBERS = 50_000

export function parseBoundedJson(payload: Uint8Array): ParsedJson {
  if (payload.length > MAX_JSON_BYTES)
    return refusal('too-large', `${payload.length} bytes, more than ${MAX_JSON_BYTES}`)
  let text: string
  try {
    text = textOf(payload)
  } catch {
    return refusal('not-utf8', 'the payload is not UTF-8 text')
  }
  return parseBoundedText(text)
}

/** Throws when it is no UTF-8. Nearly all of it is ASCII, for which each byte is a character. */
function textOf(payload: Uint8Array): string {
  if (!isAscii(payload)) return fromUtf8(payload)
  const { buffer, byteOffset, length } = payload
  return (Buffer.isBuffer(payload) ? payload : Buffer.from(buffer, byteOffset, length)).toString('latin1')
}

/** The same for text whose size somebody has looked at. */
export function parseBoundedText(text: string): ParsedJson {
  const excess = excessOf(text)
  if (excess) return refusal('too-complex', excess)
  try {
    return { kind: 'parsed', value: JSON.parse(text) }
  } catch (error) {
    return refusal('not-json', error instanceof Error ? error.message : String(error))
  }
}

const refusal = (code: string, detail: string): ParsedJson => ({ kind: 'refused', code, detail })

/** Counts brackets and separators outside of strings, where there are enough of them for an excess at all. */
function excessOf(text: string): string | undefined {
  if (text.length <= MAX_MEMBERS && count(text, '{') + count(text, '[') <= MAX_DEPTH) return undefined
  let depth = 0
  let members = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (isInString) {
      if (char === 0x5c) at++
      else if (char === 0x22) isInString = false
      continue
    }
    if (char === 0x22) isInString = true
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`
    } else if (char === 0x7d || char === 0x5d) depth--
    else if (char === 0x2c && ++members > MAX_MEMBERS) return `more than ${MAX_MEMBERS} members`
  }
  return undefined
}

function count(text: string, char: string): number {
  let found = 0
  for (let at = text.indexOf(char); at >= 0 && found <= MAX_DEPTH; at = text.indexOf(char, at + 1)) found++
  return found
}

export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
