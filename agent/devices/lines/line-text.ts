import { fromUtf8 } from '#contract/ground/bytes.ts'
import { type DecodeResult, refused } from '../observation.ts'

const latin1 = new TextDecoder('latin1')
// A degree sign or two of an old sketch; with the wrong speed nearly every byte is above 127 or a control character.
const MOST_HIGH_BYTES = 0.25

/** A line as text; undefined when it is noise, mostly the wrong line speed. Sketches write ° in UTF-8 or Latin-1. */
export function textOf(line: Uint8Array): string | undefined {
  let high = 0
  for (const byte of line) {
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return undefined
    if (byte > 0x7f) high++
  }
  try {
    return fromUtf8(line)
  } catch {
    return high > line.length * MOST_HIGH_BYTES ? undefined : latin1.decode(line)
  }
}

/** The start of a line for a fault's detail, noise as hex. */
export function shownLine(line: Uint8Array): string {
  const text = textOf(line)
  if (text !== undefined) return text.length > 80 ? `${text.slice(0, 80)}…` : text
  const hex = [...line.subarray(0, 24)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return line.length > 24 ? `${hex} …` : hex
}

/** What a line that makes no sense is refused with, so that each format says it alike. */
export const refusedLine = (code: string, why: string, line: Uint8Array): DecodeResult =>
  refused(code, `${why}: ${shownLine(line)}`)

/** Noise is refused the same way by every format. */
export const refusedNoise = (line: Uint8Array): DecodeResult => refusedLine('garbage', 'not text', line)
