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
