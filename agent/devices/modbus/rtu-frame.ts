import { concatBytes, equalBytes, toHex } from '#contract/ground/bytes.ts'
import { hasRightCrc, withCrc } from './crc.ts'
import {
  type Failure,
  type Framing,
  type Question,
  type ReadRequest,
  type Reply,
  wordsOf,
} from './framing.ts'

/**
 * Modbus RTU. A half-duplex farm line carries more than the answer: the adapter's echo of the request, noise
 * before the first byte, the late answer of a probe that was given up. So the answer is looked for at every
 * offset, by unit, function, length and CRC together; what stood before it is counted, never taken for data.
 *
 *   came in:  [echo of the request] [noise] [late reply of unit 4] [unit 2, function, length, words, CRC]
 *                                                                  └─ the only thing that fits
 */
export const rtuFraming: Framing = { ask: (request) => new RtuQuestion(request) }

// The longest RTU frame is 256 bytes; a few of them in a row are noise, and more is only memory.
const MAX_HELD_BYTES = 1024
const EXCEPTION_FRAME_BYTES = 5

export function encodeRtuRequest(request: ReadRequest): Uint8Array {
  const { unit, address, count } = request
  return withCrc(
    Uint8Array.of(unit, request.function, address >> 8, address & 0xff, count >> 8, count & 0xff),
  )
}

/** Undefined when the bytes are not one whole read request with a right CRC. */
export function decodeRtuRequest(bytes: Uint8Array): ReadRequest | undefined {
  const code = bytes[1]
  if (bytes.length !== 8 || !hasRightCrc(bytes) || (code !== 3 && code !== 4)) return undefined
  const [address = 0, count = 0] = wordsOf(bytes, 2, 6)
  return { unit: bytes[0]!, function: code, address, count }
}

class RtuQuestion implements Question {
  readonly bytes: Uint8Array
  readonly #request: ReadRequest
  readonly #longestAnswer: number
  #held: Uint8Array = new Uint8Array()
  #dropped = 0
  /** Before this offset nothing can become the answer any more. */
  #searchedTo = 0

  constructor(request: ReadRequest) {
    this.#request = request
    this.bytes = encodeRtuRequest(request)
    this.#longestAnswer = Math.max(EXCEPTION_FRAME_BYTES, request.count * 2 + 5)
  }

  push(bytes: Uint8Array): Reply | undefined {
    this.#held = concatBytes(this.#held, bytes)
    const reply = this.#find()
    if (reply) return reply
    // An answer that begins earlier would be whole by now, so each byte is looked at a bounded number of times.
    this.#searchedTo = Math.max(0, this.#held.length - this.#longestAnswer + 1)
    const excess = this.#held.length - MAX_HELD_BYTES
    if (excess > 0) {
      this.#dropped += excess
      this.#held = this.#held.slice(excess)
      this.#searchedTo = Math.max(0, this.#searchedTo - excess)
    }
    return undefined
  }

  giveUp(): Failure {
    const held = this.#withoutEcho(this.#held)
    const strayBytes = this.#dropped + held.length
    const fail = (code: Failure['code'], detail: string): Failure => ({
      kind: 'failure',
      code,
      detail,
      strayBytes,
    })
    if (strayBytes === 0) {
      return fail(
        'timeout',
        held.length < this.#held.length ? 'only the echo of the request came' : 'no answer',
      )
    }
    const shown = `${toHex(held.slice(0, 40))}${held.length > 40 ? '…' : ''}`
    const { unit, count } = this.#request
    for (let at = 0; at + 1 < held.length; at++) {
      const isOurs = held[at] === unit && (held[at + 1]! & 0x7f) === this.#request.function
      if (isOurs && held[at + 2] === count * 2 && at + 5 + count * 2 <= held.length)
        return fail('crc', `the check sum is wrong: ${shown}`)
    }
    if (isWholeFrame(held)) return fail('wrong-reply', `an answer to something else: ${shown}`)
    return fail('garbage', `not an answer: ${shown}`)
  }

  #find(): Reply | undefined {
    const held = this.#held
    const wanted = this.#request
    const registerBytes = wanted.count * 2
    for (let at = this.#searchedTo; at + EXCEPTION_FRAME_BYTES <= held.length; at++) {
      if (held[at] !== wanted.unit) continue
      const strayWhen = (frameEnd: number) =>
        this.#dropped + this.#withoutEcho(held.slice(0, at)).length + (held.length - frameEnd)
      const end = at + 3 + registerBytes + 2
      if (held[at + 1] === wanted.function && held[at + 2] === registerBytes && end <= held.length) {
        if (hasRightCrc(held, at, end))
          return { kind: 'registers', words: wordsOf(held, at + 3, end - 2), strayBytes: strayWhen(end) }
      }
      const isException = held[at + 1] === (wanted.function | 0x80)
      const exceptionEnd = at + EXCEPTION_FRAME_BYTES
      if (isException && hasRightCrc(held, at, exceptionEnd))
        return { kind: 'exception', code: held[at + 2]!, strayBytes: strayWhen(exceptionEnd) }
    }
    return undefined
  }

  /** Many two-wire adapters hear what they send. An echo is normal and not counted as stray. */
  #withoutEcho(bytes: Uint8Array): Uint8Array {
    const isEcho =
      bytes.length >= this.bytes.length && equalBytes(bytes.slice(0, this.bytes.length), this.bytes)
    return isEcho ? bytes.slice(this.bytes.length) : bytes
  }
}

/** Whether the bytes are one whole read reply or exception of any unit. */
function isWholeFrame(bytes: Uint8Array): boolean {
  if (!hasRightCrc(bytes)) return false
  return bytes[1]! & 0x80 ? bytes.length === EXCEPTION_FRAME_BYTES : bytes.length === bytes[2]! + 5
}
