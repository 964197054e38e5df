/** Bytes without Buffer, so that the consumer's browser can run the same code. */

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** Throws a TypeError when the bytes are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => strictDecoder.decode(bytes)

export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Spaces are allowed, as in a datasheet's frames. Throws RangeError on anything else that is not hex. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, '')
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits))
    throw new RangeError('not an even run of hex digits')
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}

export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Throws RangeError when the text is not base64 (standard or URL alphabet, padding optional). */
export function fromBase64(text: string): Uint8Array {
  const standard = text.trim().replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(standard)) throw new RangeError('not base64')
  try {
    return Uint8Array.from(atob(standard), (char) => char.charCodeAt(0))
  } catch (cause) {
    throw new RangeError('not base64', { cause })
  }
}

export const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

// Crockford's alphabet without I, L, O, U: what a person reads aloud or types with wet hands.
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Crockford base32, upper case, no padding; the last character carries the left-over bits. */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32[(held >> bits) & 31]
    }
  }
  if (bits > 0) text += BASE32[(held << (5 - bits)) & 31]
  return text
}
