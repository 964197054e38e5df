/**
 * The part of node's Buffer that codecs use; ChirpStack has it too. Needs installText. Its text is run inside of the
 * sandbox: nothing from this file.
 */
export function installBuffer() {
  type Bytes = ArrayLike<number> | ArrayBuffer
  type Method = (this: ByteBuffer, ...values: never[]) => unknown

  function bytesOfText(text: string, encoding: unknown): ArrayLike<number> {
    switch (String(encoding ?? 'utf8').toLowerCase()) {
      case 'hex':
        return (/^([0-9a-f]{2})*/i.exec(text)?.[0].match(/../g) ?? []).map((pair) =>
          Number.parseInt(pair, 16),
        )
      case 'base64':
      case 'base64url':
        return Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0))
      case 'latin1':
      case 'binary':
      case 'ascii':
        return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at) & 255)
      case 'utf16le':
      case 'ucs2':
        return Array.from(
          { length: text.length * 2 },
          (_, at) => (text.charCodeAt(at >> 1) >> ((at & 1) * 8)) & 255,
        )
      default:
        return new TextEncoder().encode(text)
    }
  }

  const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

  class ByteBuffer extends Uint8Array {
    constructor(value: string | number | Bytes, second?: unknown, third?: number) {
      if (typeof value === 'string') super(bytesOfText(value, second) as unknown as ArrayBuffer)
      else if (second === undefined) super(value as ArrayBuffer)
      else super(value as ArrayBuffer, second as number, third)
    }

    static override from(value: unknown, second?: unknown, third?: unknown): ByteBuffer {
      if (typeof value === 'string' || value instanceof ArrayBuffer)
        return new ByteBuffer(value, second, third as number)
      const { type, data } = value as { type?: unknown; data?: Bytes }
      if (type === 'Buffer' && Array.isArray(data)) return new ByteBuffer(data)
      return new ByteBuffer(Array.from(value as ArrayLike<number>, (byte) => Number(byte) & 255))
    }

    static alloc(length: number, filling?: number | string, encoding?: unknown): ByteBuffer {
      const made = new ByteBuffer(length)
      return filling === undefined ? made : made.fill(filling as number, encoding as number)
    }

    static allocUnsafe(length: number): ByteBuffer {
      return new ByteBuffer(length)
    }

    static isBuffer(value: unknown): boolean {
      return value instanceof ByteBuffer
    }

    static byteLength(value: string | ArrayBuffer, encoding?: unknown): number {
      return typeof value === 'string' ? bytesOfText(value, encoding).length : value.byteLength
    }

    static concat(parts: readonly Uint8Array[], length?: number): ByteBuffer {
      const whole = new ByteBuffer(length ?? parts.reduce((sum, part) => sum + part.length, 0))
      let at = 0
      for (const part of parts) {
        whole.set(part.subarray(0, Math.max(0, whole.length - at)), at)
        at += part.length
      }
      return whole
    }

    /** Shares the bytes, as node's does. */
    override slice(start?: number, end?: number): ByteBuffer & Uint8Array<ArrayBuffer> {
      return this.subarray(start, end) as ByteBuffer & Uint8Array<ArrayBuffer>
    }

    override toString(encoding?: unknown, start = 0, end = this.length): string {
      const part = this.subarray(start, end)
      const latin1 = () => Array.from(part, (byte) => String.fromCharCode(byte)).join('')
      switch (String(encoding ?? 'utf8').toLowerCase()) {
        case 'hex':
          return Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')
        case 'base64':
          return btoa(latin1())
        case 'base64url':
          return btoa(latin1()).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
        case 'latin1':
        case 'binary':
          return latin1()
        case 'ascii':
          return Array.from(part, (byte) => String.fromCharCode(byte & 127)).join('')
        case 'utf16le':
        case 'ucs2':
          return new TextDecoder('utf-16le').decode(part)
        default:
          return new TextDecoder().decode(part)
      }
    }

    override fill(value: number | string, start?: number | string, end?: number): this {
      if (typeof value !== 'string') return super.fill(value, start as number, end)
      const bytes = bytesOfText(value, typeof start === 'string' ? start : undefined)
      for (let at = 0; at < this.length && bytes.length > 0; at++) this[at] = bytes[at % bytes.length] ?? 0
      return this
    }

    write(text: string, offset: number | string = 0, length?: number | string, encoding?: string): number {
      const named = [offset, length, encoding].find((each) => typeof each === 'string')
      const at = typeof offset === 'number' ? offset : 0
      const room = Math.min(typeof length === 'number' ? length : this.length, this.length - at)
      const bytes = Array.from(bytesOfText(text, named)).slice(0, Math.max(0, room))
      this.set(bytes, at)
      return bytes.length
    }

    equals(other: Uint8Array): boolean {
      return this.length === other.length && this.every((byte, at) => byte === other[at])
    }

    copy(target: Uint8Array, at = 0, start = 0, end = this.length): number {
      const part = this.subarray(start, Math.min(end, start + target.length - at))
      target.set(part, at)
      return part.length
    }

    readUIntBE(offset: number, length: number): number {
      let value = 0
      for (let at = offset; at < offset + length; at++) value = value * 256 + byteAt(this, at)
      return value
    }

    readUIntLE(offset: number, length: number): number {
      let value = 0
      for (let at = offset + length - 1; at >= offset; at--) value = value * 256 + byteAt(this, at)
      return value
    }

    readIntBE(offset: number, length: number): number {
      return signed(this.readUIntBE(offset, length), length)
    }

    readIntLE(offset: number, length: number): number {
      return signed(this.readUIntLE(offset, length), length)
    }

    toJSON(): { type: 'Buffer'; data: number[] } {
      return { type: 'Buffer', data: Array.from(this) }
    }
  }

  function byteAt(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]
    if (byte === undefined) throw new RangeError(`there is no byte ${at}: only ${bytes.length}`)
    return byte
  }

  const signed = (value: number, length: number): number =>
    value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value

  // Name in Buffer → name in DataView; one-byte kinds have no end.
  const kinds: Record<string, string> = {
    UInt8: 'Uint8',
    Int8: 'Int8',
    UInt16: 'Uint16',
    Int16: 'Int16',
    UInt32: 'Uint32',
    Int32: 'Int32',
    Float: 'Float32',
    Double: 'Float64',
    BigInt64: 'BigInt64',
    BigUInt64: 'BigUint64',
  }
  const sizes: Record<string, number> = {
    UInt8: 1,
    Int8: 1,
    UInt16: 2,
    Int16: 2,
    UInt32: 4,
    Int32: 4,
    Float: 4,
  }
  const add = (name: string, method: Method) =>
    Object.defineProperty(ByteBuffer.prototype, name, { value: method, writable: true, configurable: true })
  for (const [kind, inView] of Object.entries(kinds)) {
    const size = sizes[kind] ?? 8
    for (const end of size === 1 ? [''] : ['LE', 'BE']) {
      const view = (bytes: ByteBuffer) =>
        viewOf(bytes) as unknown as Record<string, (at: number, ...rest: unknown[]) => unknown>
      const read: Method = function (this: ByteBuffer, at = 0) {
        return view(this)[`get${inView}`]?.(at, end === 'LE')
      }
      const write: Method = function (this: ByteBuffer, value: unknown, at = 0) {
        view(this)[`set${inView}`]?.(at, value, end === 'LE')
        return at + size
      }
      for (const name of new Set([kind, kind.replace('UInt', 'Uint')])) {
        add(`read${name}${end}`, read)
        add(`write${name}${end}`, write)
      }
    }
  }
  Object.defineProperty(ByteBuffer, 'name', { value: 'Buffer' })
  Object.defineProperty(globalThis, 'Buffer', { value: ByteBuffer, writable: true, configurable: true })
}
