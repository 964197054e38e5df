/**
 * SHA-256 (FIPS 180-4) for where neither Node nor a synchronous WebCrypto is: a consumer's browser, which hashes a few
 * kilobytes. Everywhere else the machine's own is faster and comes in as an argument.
 */
export function sha256InScript(bytes: Uint8Array): Uint8Array {
  const state = Uint32Array.from(INITIAL)
  const words = new Uint32Array(64)
  // The message, a bit that is set, zeros, and its length in bits as 64 of them.
  const blocks = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6)
  blocks.set(bytes)
  blocks[bytes.length] = 0x80
  const view = new DataView(blocks.buffer)
  view.setUint32(blocks.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(blocks.length - 4, bytes.length << 3)
  for (let at = 0; at < blocks.length; at += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getUint32(at + 4 * t)
    compress(state, words)
  }
  const hash = new Uint8Array(32)
  const out = new DataView(hash.buffer)
  for (let index = 0; index < 8; index++) out.setUint32(4 * index, state[index] as number)
  return hash
}

function compress(state: Uint32Array, words: Uint32Array): void {
  const w = words as unknown as number[]
  for (let t = 16; t < 64; t++) {
    const [x, y] = [w[t - 15]!, w[t - 2]!]
    w[t] =
      (w[t - 16]! +
        (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
        w[t - 7]! +
        (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) |
      0
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let t = 0; t < 64; t++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[t]! + w[t]!) | 0
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0]
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) state[index] = state[index]! + value
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** The first 32 bits of the fractions of the square and cube roots of the first primes (FIPS 180-4 §4.2.2, §5.3.3). */
const PRIMES = Array.from({ length: 310 }, (_, index) => index + 2)
  .filter((n) => ![2, 3, 5, 7, 11, 13, 17].some((each) => each < n && n % each === 0))
  .slice(0, 64)
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) >>> 0
const ROUND = PRIMES.map((prime) => fraction(Math.cbrt(prime)))
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
