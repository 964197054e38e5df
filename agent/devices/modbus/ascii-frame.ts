import { concatBytes, equalBytes, toHex, utf8 } from '#contract/ground/bytes.ts'
import {
  type Failure,
  type Framing,
  type Question,
  type ReadRequest,
  type Reply,
  wordsOf,
} from './framing.ts'
import { lrc } from './lrc.ts'

/**
 * Modbus ASCII ("Modbus over Serial Line" V1.02, §2.5.2): a colon, two hex digits a byte, a check sum of one byte, CR
 * LF. Old weather stations and data loggers speak it, mostly at 7E1. A colon always begins a frame, whatever was
 * before it, so that half a frame costs itself only.
 *
 *   :010304013102642C\r\n = unit 1, function 3, 4 bytes, two registers, check sum
 */
export const asciiFraming: Framing = { ask: (request) => new AsciiQuestion(request) }

const COLON = 0x3a
const CR = 0x0d
const LF = 0x0a
// A colon, 253 bytes and their check sum as two digits each, CR, LF (§2.5.2.1).
const MAX_FRAME_CHARS = 513
const EXCEPTION_BYTES = 3

/** The bytes of a frame, without colon and line end, from those that are checked. */
export function encodeAscii(body: Uint8Array): Uint8Array {
  return utf8(`:${toHex(concatBytes(body, Uint8Array.of(lrc(body)))).toUpperCase()}\r\n`)
}

/** What a line between colon and CR LF holds, without its check sum; undefined when it is no whole frame. */
export function decodeAscii(characters: Uint8Array): Uint8Array | undefined {
  // Unit, function and check sum at least.
  if (characters.length < 6 || characters.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(characters.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const [high, low] = [digitOf(characters[at * 2]!), digitOf(characters[at * 2 + 1]!)]
    if (high < 0 || low < 0) return undefined
    bytes[at] = high * 16 + low
  }
  return lrc(bytes, 0, bytes.length - 1) === bytes.at(-1) ? bytes.slice(0, -1) : undefined
}

/** The standard wants capitals; some probes send small letters. */
function digitOf(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  const letter = character & 0xdf
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x37 : -1
}

class AsciiQuestion implements Question {
  readonly bytes: Uint8Array
  readonly #request: ReadRequest
  /** The frame that is coming in, after its colon; undefined between frames. */
  #frame: number[] | undefined
  /** Bytes that are neither the answer nor our echo. */
  #stray = 0
  #echoes = 0
  #lastFrame: Uint8Array | undefined
  #lastStray: number[] = []

  constructor(request: ReadRequest) {
    this.#request = request
    const { unit, function: code, address, count } = request
    this.bytes = encodeAscii(
      Uint8Array.of(unit, code, address >> 8, address & 0xff, count >> 8, count & 0xff),
    )
  }

  push(bytes: Uint8Array): Reply | undefined {
    for (let at = 0; at < bytes.length; at++) {
      const reply = this.#take(bytes[at]!)
      if (reply) return { ...reply, strayBytes: this.#stray + (bytes.length - at - 1) }
    }
    return undefined
  }

  giveUp(): Failure {
    const strayBytes = this.#stray + (this.#frame ? this.#frame.length + 1 : 0)
    const fail = (code: Failure['code'], detail: string): Failure => ({
      kind: 'failure',
      code,
      detail,
      strayBytes,
    })
    if (strayBytes === 0)
      return fail('timeout', this.#echoes > 0 ? 'only the echo of the request came' : 'no answer')
    if (this.#lastFrame) {
      const text = printable(this.#lastFrame)
      return decodeAscii(this.#lastFrame)
        ? fail('wrong-reply', `an answer to something else: ${text}`)
        : fail('crc', `the check sum is wrong: ${text}`)
    }
    if (this.#frame) return fail('garbage', `an answer that was cut off: ${printable(this.#frame)}`)
    return fail('garbage', `not an answer: ${toHex(Uint8Array.from(this.#lastStray))}`)
  }

  #take(character: number): Reply | undefined {
    if (character === COLON) {
      if (this.#frame) this.#drop(this.#frame.length + 1)
      this.#frame = []
      return undefined
    }
    if (!this.#frame) {
      this.#drop(1)
      if (this.#lastStray.length < 40) this.#lastStray.push(character)
      return undefined
    }
    if (character !== LF) {
      this.#frame.push(character)
      if (this.#frame.length < MAX_FRAME_CHARS) return undefined
      this.#drop(this.#frame.length + 1)
      this.#frame = undefined
      return undefined
    }
    const frame = this.#frame
    this.#frame = undefined
    // Some probes end the line with LF alone.
    const characters = Uint8Array.from(frame.at(-1) === CR ? frame.slice(0, -1) : frame)
    const reply = this.#replyOf(characters)
    if (reply) return reply
    if (this.#isEcho(characters)) {
      this.#echoes++
      return undefined
    }
    this.#lastFrame = characters
    this.#drop(frame.length + 2)
    return undefined
  }

  #replyOf(characters: Uint8Array): Reply | undefined {
    const body = decodeAscii(characters)
    const { unit, function: code, count } = this.#request
    if (!body || body[0] !== unit) return undefined
    if (body[1] === (code | 0x80) && body.length === EXCEPTION_BYTES)
      return { kind: 'exception', code: body[2]!, strayBytes: 0 }
    const isWhole = body[1] === code && body[2] === count * 2 && body.length === 3 + count * 2
    return isWhole ? { kind: 'registers', words: wordsOf(body, 3, body.length), strayBytes: 0 } : undefined
  }

  #isEcho(characters: Uint8Array): boolean {
    return this.#echoes === 0 && equalBytes(characters, this.bytes.slice(1, -2))
  }

  #drop(count: number): void {
    this.#stray += count
  }
}

/** At most 80 characters, what can't be printed as a dot. */
const printable = (characters: ArrayLike<number>): string =>
  Array.from(characters)
    .slice(0, 80)
    .map((each) => (each >= 0x20 && each < 0x7f ? String.fromCharCode(each) : '.'))
    .join('')
