import { type DecodeOptions, decode, encode, Tokenizer } from 'cborg'

/**
 * Deterministic CBOR (RFC 8949 §4.2) in plain bytes: under Node the library hands out Buffers, whose `slice` shares
 * memory where a Uint8Array's copies. A field that is undefined is not written; no reader would take it.
 */
export const encodeCbor = (value: unknown): Uint8Array =>
  new Uint8Array(encode(value, { ignoreUndefinedProperties: true }))

/**
 * CBOR of definite lengths, with no more than `atMostValues` values in it. An empty list is one byte on the wire
 * and forty in memory, an empty map two hundred, so the size of the input alone is no bound. Throws Error.
 */
export function decodeBounded(bytes: Uint8Array, atMostValues: number, options: DecodeOptions): unknown {
  const whole: DecodeOptions = {
    ...options,
    strict: true,
    allowIndefinite: false,
    rejectDuplicateMapKeys: true,
  }
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return decode(plain, { ...whole, tokenizer: new BoundedTokenizer(plain, whole, atMostValues) })
}

/**
 * The parts of a list of so many byte strings, in deterministic CBOR: a head of three bits for the kind and the shortest
 * length, then the bytes. Undefined when it is anything else; `decodeBounded` says what.
 */
export function byteStringsOf(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  if (count > 23 || bytes[0] !== LIST + count) return undefined
  const parts: Uint8Array[] = []
  let at = 1
  for (let index = 0; index < count; index++) {
    const short = (bytes[at] ?? 0) - BYTE_STRING
    const lengthBytes = LENGTH_BYTES[short - 24] ?? 0
    if (short < 0 || short > 26) return undefined
    let length = lengthBytes === 0 ? short : 0
    for (let byte = 1; byte <= lengthBytes; byte++) length = length * 256 + (bytes[at + byte] ?? 0)
    if (lengthBytes > 0 && length < (LEAST_LENGTH[short - 24] as number)) return undefined
    at += 1 + lengthBytes + length
    if (at > bytes.length) return undefined
    parts.push(bytes.subarray(at - length, at))
  }
  return at === bytes.length ? parts : undefined
}

const BYTE_STRING = 0x40
const LIST = 0x80
// A head of 24, 25 and 26 is followed by so many bytes of length, which would not fit into fewer.
const LENGTH_BYTES = [1, 2, 4]
const LEAST_LENGTH = [24, 256, 65_536]

class BoundedTokenizer extends Tokenizer {
  #left: number

  constructor(bytes: Uint8Array, options: DecodeOptions, atMostValues: number) {
    super(bytes, options)
    this.#left = atMostValues
  }

  override next(): ReturnType<Tokenizer['next']> {
    if (this.#left-- <= 0) throw new RangeError('more values than are allowed')
    return super.next()
  }
}
