import { concatBytes, toHex } from '#contract/ground/bytes.ts'
import {
  type Failure,
  type Framing,
  type Question,
  type ReadRequest,
  type Reply,
  wordsOf,
} from './framing.ts'

/**
 * Modbus TCP: a seven-byte header (transaction, protocol 0, length, unit) instead of a CRC ("MODBUS Messaging
 * on TCP/IP" V1.0b, §3.1.3). A late answer is told by its transaction number.
 */
export class TcpFraming implements Framing {
  readonly numbersQuestions = true
  #transaction = 0

  ask(request: ReadRequest): Question {
    this.#transaction = (this.#transaction + 1) & 0xffff
    return new TcpQuestion(request, this.#transaction)
  }
}

const HEADER_BYTES = 7
// Unit, function and at most 252 more bytes.
const MAX_LENGTH_FIELD = 254

class TcpQuestion implements Question {
  readonly bytes: Uint8Array
  readonly #request: ReadRequest
  readonly #transaction: number
  #held: Uint8Array = new Uint8Array()
  #stray = 0
  #lastStray = ''

  constructor(request: ReadRequest, transaction: number) {
    this.#request = request
    this.#transaction = transaction
    const { unit, address, count } = request
    const words = [transaction, 0, 6, (unit << 8) | request.function, address, count]
    this.bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))
  }

  push(bytes: Uint8Array): Reply | undefined {
    this.#held = concatBytes(this.#held, bytes)
    while (this.#held.length >= HEADER_BYTES + 1) {
      const [transaction = 0, protocol = 0, length = 0] = wordsOf(this.#held, 0, 6)
      if (protocol !== 0 || length < 3 || length > MAX_LENGTH_FIELD) {
        // Out of step; there is nothing to find the next header by.
        this.#discard(this.#held.length)
        return undefined
      }
      const size = 6 + length
      if (this.#held.length < size) return undefined
      const frame = this.#held.slice(0, size)
      const reply = transaction === this.#transaction ? this.#replyOf(frame) : undefined
      if (reply) {
        this.#held = this.#held.slice(size)
        return { ...reply, strayBytes: this.#stray + this.#held.length }
      }
      this.#discard(size)
    }
    return undefined
  }

  giveUp(): Failure {
    const strayBytes = this.#stray + this.#held.length
    if (strayBytes === 0) return { kind: 'failure', code: 'timeout', detail: 'no answer', strayBytes }
    const shown = this.#lastStray || toHex(this.#held.slice(0, 40))
    return { kind: 'failure', code: 'wrong-reply', detail: `not an answer to this: ${shown}`, strayBytes }
  }

  #replyOf(frame: Uint8Array): Reply | undefined {
    const { unit, count } = this.#request
    if (frame[6] !== unit) return undefined
    if (frame[7] === (this.#request.function | 0x80) && frame.length === 9)
      return { kind: 'exception', code: frame[8]!, strayBytes: 0 }
    const isWhole = frame[8] === count * 2 && frame.length === 9 + count * 2
    if (frame[7] !== this.#request.function || !isWhole) return undefined
    return { kind: 'registers', words: wordsOf(frame, 9, frame.length), strayBytes: 0 }
  }

  #discard(size: number): void {
    this.#lastStray = toHex(this.#held.slice(0, Math.min(size, 40)))
    this.#stray += size
    this.#held = this.#held.slice(size)
  }
}
