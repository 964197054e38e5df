/** One NMEA 0183 sentence, taken apart: `$WIMWV,214.8,R,0.1,K,A*28`. */
export interface Sentence {
  /** Who talks (WI = weather instrument, II = integrated); empty for a maker's own sentence. */
  readonly talker: string
  /** MWV, MDA, …; of a maker's own sentence everything between P and the first comma. */
  readonly type: string
  readonly fields: readonly string[]
}

export type ParsedSentence =
  | { readonly kind: 'sentence'; readonly sentence: Sentence }
  | { readonly kind: 'refused'; readonly code: 'checksum' | 'line-format'; readonly why: string }

const SHAPE = /^([$!])([A-Z0-9]{3,15})((?:,[^*$!]*)?)(?:\*([0-9A-Fa-f]{2}))?$/
// NMEA 0183 V4 §7: a tag block (time, source) between backslashes may stand before the sentence.
const TAG_BLOCK = /^\\[^\\]{0,120}\\/
// The standard allows 82 characters; weather stations' XDR run to twice that.
const MAX_FIELDS = 128

/** `needsChecksum`: whether a sentence without one is refused. A wrong one always is. */
export function parseSentence(text: string, needsChecksum: boolean): ParsedSentence {
  const bare = text.trim().replace(TAG_BLOCK, '')
  const [, start, address = '', rest = '', stated] = SHAPE.exec(bare) ?? []
  if (start === undefined) return refusal('line-format', 'not a sentence')
  if (stated === undefined && needsChecksum) return refusal('checksum', 'no checksum')
  if (stated !== undefined) {
    const right = checksumOf(address + rest)
    if (Number.parseInt(stated, 16) !== right)
      return refusal('checksum', `checksum ${stated}, should be ${hexByte(right)}`)
  }
  const fields = rest === '' ? [] : rest.slice(1).split(',')
  if (fields.length > MAX_FIELDS) return refusal('line-format', `${fields.length} fields`)
  const isMakers = address.startsWith('P')
  const at = isMakers ? 1 : 2
  if (!isMakers && address.length !== 5) return refusal('line-format', `address ${address}`)
  return {
    kind: 'sentence',
    sentence: {
      talker: isMakers ? '' : address.slice(0, at),
      type: address.slice(at),
      fields: fields.map((field) => field.trim()),
    },
  }
}

/** XOR of the characters between `$` and `*`. */
export function checksumOf(text: string): number {
  let sum = 0
  for (let at = 0; at < text.length; at++) sum ^= text.charCodeAt(at) & 0xff
  return sum
}

const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0')

const refusal = (code: 'checksum' | 'line-format', why: string): ParsedSentence => ({
  kind: 'refused',
  code,
  why,
})
