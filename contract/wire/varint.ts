import { VuonError } from '../ground/errors.ts'

/** The largest unsigned number; with zigzag, signed ones reach half of it either way. */
export const MAX_UNSIGNED = 2 ** 53
export const MAX_SIGNED = 2 ** 52

/** The bit that says that a number goes on in the next byte. */
const MORE = 0x80

/**
 * Variable-length whole numbers (LEB128, and zigzag for signed ones) up to 2^53: beyond 31 bits JavaScript's
 * bit operators would lose the top, so the long path divides. Throws RangeError for what is no such number.
 */
export class VarintWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  bytes(values: Uint8Array): void {
    this.#room(values.length)
    this.#bytes.set(values, this.#length)
    this.#length += values.length
  }

  unsigned(value: number): void {
    if (!(value >= 0 && value <= MAX_UNSIGNED && Number.isInteger(value)))
      throw new RangeError(`no unsigned varint holds ${value}`)
    this.#room(8)
    let rest = value
    while (rest >= 0x80000000) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  signed(value: number): void {
    if (!(Math.abs(value) <= MAX_SIGNED)) throw new RangeError(`no signed varint holds ${value}`)
    this.unsigned(value >= 0 ? value * 2 : value * -2 - 1)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

export class VarintReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw malformed('ends in the middle')
    this.#at++
    return value
  }

  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw malformed('ends in the middle')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  unsigned(): number {
    // Nearly all are of one byte or two: a difference of a sensor's neighbouring values.
    const first = this.#bytes[this.#at] ?? MORE
    if (first < MORE) {
      this.#at++
      return first
    }
    const second = this.#bytes[this.#at + 1] ?? MORE
    if (second > 0 && second < MORE) {
      this.#at += 2
      return (first & 0x7f) | (second << 7)
    }
    return this.#longUnsigned()
  }

  #longUnsigned(): number {
    let value = 0
    let scale = 1
    // 8 × 7 bits hold 2^53.
    for (let index = 0; index < 8; index++) {
      const byte = this.byte()
      const part = (byte & 0x7f) * scale
      // Asked before adding: 2^53 + 1 would round to 2^53.
      if (part > MAX_UNSIGNED - value) break
      value += part
      if (byte < 0x80) {
        // One number has one writing: no empty groups at its end.
        if (byte === 0 && index > 0) throw malformed('pads a number')
        return value
      }
      scale *= 128
    }
    throw malformed('holds a number that is too large')
  }

  signed(): number {
    const value = this.unsigned()
    if (value < 2 ** 31) return (value >>> 1) ^ -(value & 1)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** So many signed numbers as the column has places, one after the other: what `signed` gives, in one loop. */
  fillSigned(column: Float64Array): void {
    const bytes = this.#bytes
    let at = this.#at
    for (let index = 0; index < column.length; index++) {
      const first = bytes[at] ?? MORE
      const second = first < MORE ? 0 : (bytes[at + 1] ?? MORE)
      if (first < MORE) {
        at++
        column[index] = (first >>> 1) ^ -(first & 1)
      } else if (second > 0 && second < MORE) {
        at += 2
        const value = (first & 0x7f) | (second << 7)
        column[index] = (value >>> 1) ^ -(value & 1)
      } else {
        this.#at = at
        column[index] = this.signed()
        at = this.#at
      }
    }
    this.#at = at
  }

  /** Passes over so many numbers, of which only the ends are looked at. */
  skip(count: number): void {
    let at = this.#at
    for (let left = count; left > 0; at++) {
      const byte = this.#bytes[at]
      if (byte === undefined) throw malformed('ends in the middle')
      if (byte < MORE) left--
    }
    this.#at = at
  }

  /** A count of things that take at least `leastBytes` each: checked against what is left, before any memory is taken. */
  count(leastBytes: number): number {
    const value = this.unsigned()
    if (value * leastBytes > this.remaining) throw malformed('promises more than it holds')
    return value
  }
}

export const malformed = (what: string): VuonError => new VuonError('batch-malformed', `The body ${what}.`)
