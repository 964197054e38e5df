/** btoa, atob, TextEncoder, TextDecoder for a codec. Its text is run inside of the sandbox: nothing from this file. */
export function installText() {
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })

  define('btoa', (stated: unknown) => {
    const text = String(stated)
    let base64 = ''
    for (let at = 0; at < text.length; at += 3) {
      const [a = 0, b = 0, c = 0] = [0, 1, 2].map((step) => text.charCodeAt(at + step) || 0)
      if (a > 255 || b > 255 || c > 255) throw new RangeError('btoa: a character above 255')
      const bits = (a << 16) | (b << 8) | c
      for (const shift of [18, 12, 6, 0]) base64 += ALPHABET[(bits >> shift) & 63]
    }
    const padding = (3 - (text.length % 3)) % 3
    return padding ? base64.slice(0, -padding) + '='.repeat(padding) : base64
  })

  define('atob', (stated: unknown) => {
    const text = String(stated)
      .replace(/[\t\n\f\r ]/g, '')
      .replace(/={1,2}$/, '')
    let binary = ''
    let bits = 0
    let held = 0
    for (const char of text) {
      const value = ALPHABET.indexOf(char)
      if (value < 0) throw new RangeError('atob: not base64')
      bits = ((bits << 6) | value) & 0xffff
      held += 6
      if (held < 8) continue
      held -= 8
      binary += String.fromCharCode((bits >> held) & 255)
    }
    return binary
  })

  class Encoder {
    readonly encoding = 'utf-8'
    encode(stated: unknown = ''): Uint8Array {
      const bytes: number[] = []
      for (const char of String(stated)) {
        let code = char.codePointAt(0) ?? 0
        if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd
        if (code < 0x80) bytes.push(code)
        else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
        else if (code < 0x10000)
          bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
        else
          bytes.push(
            0xf0 | (code >> 18),
            0x80 | ((code >> 12) & 63),
            0x80 | ((code >> 6) & 63),
            0x80 | (code & 63),
          )
      }
      return Uint8Array.from(bytes)
    }
  }

  class Decoder {
    readonly encoding: string
    readonly fatal: boolean
    constructor(encoding: unknown = 'utf-8', options: { fatal?: boolean } = {}) {
      const label = String(encoding).trim().toLowerCase()
      this.encoding = /^(ascii|us-ascii|latin1|iso-?8859-?1|windows-1252)$/.test(label)
        ? 'windows-1252'
        : /^utf-?16(le)?$/.test(label)
          ? 'utf-16le'
          : 'utf-8'
      this.fatal = options.fatal === true
    }

    decode(stated: ArrayLike<number> | ArrayBuffer | DataView = []): string {
      const bytes: ArrayLike<number> =
        stated instanceof ArrayBuffer
          ? new Uint8Array(stated)
          : stated instanceof DataView
            ? new Uint8Array(stated.buffer, stated.byteOffset, stated.byteLength)
            : stated
      let text = ''
      if (this.encoding === 'windows-1252') {
        for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at] ?? 0)
        return text
      }
      if (this.encoding === 'utf-16le') {
        for (let at = 0; at + 1 < bytes.length; at += 2)
          text += String.fromCharCode((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8))
        return text
      }
      const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
      for (let at = start; at < bytes.length; ) {
        const { code, length } = codePointAt(bytes, at)
        if (code < 0 && this.fatal) throw new TypeError('the bytes are not UTF-8')
        text += code < 0 ? '\ufffd' : String.fromCodePoint(code)
        at += length
      }
      return text
    }
  }

  /** A code point and its length in bytes; -1 for a run of bytes that is none (the longest that began like one). */
  function codePointAt(bytes: ArrayLike<number>, at: number): { code: number; length: number } {
    const first = bytes[at] ?? 0
    if (first < 0x80) return { code: first, length: 1 }
    const more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 ? 3 : 0
    if (more === 0 || first > 0xf4) return { code: -1, length: 1 }
    let code = first & (0x3f >> more)
    for (let step = 1; step <= more; step++) {
      const next = bytes[at + step] ?? 0
      // Too long a form, a surrogate, or beyond the last code point shows in the second byte.
      const low = step > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
      const high = step > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
      if (next < low || next > high) return { code: -1, length: step }
      code = (code << 6) | (next & 63)
    }
    return { code, length: more + 1 }
  }

  define('TextEncoder', Encoder)
  define('TextDecoder', Decoder)
}
