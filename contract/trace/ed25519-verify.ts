import { concatBytes, equalBytes } from '../ground/bytes.ts'

/**
 * Verification of Ed25519 (RFC 8032 §5.1.7) for browsers whose WebCrypto has none. It keeps no secret, so that it need
 * not run in constant time; a signature takes some milliseconds. It answers as strictly as OpenSSL does: the signature's
 * number has to be reduced, and R is compared as it is written.
 */
export function isEd25519Signed(publicRaw: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicRaw.length !== 32 || signature.length !== 64) return false
  const key = decodePoint(publicRaw)
  const r = signature.subarray(0, 32)
  const s = numberOf(signature.subarray(32))
  if (!key || s >= ORDER) return false
  const k = numberOf(sha512(concatBytes(r, publicRaw, message))) % ORDER
  // R = [s]B - [k]A
  return equalBytes(encodePoint(add(multiply(BASE, s), multiply(negated(key), k))), r)
}

const P = 2n ** 255n - 19n
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const modulo = (value: bigint): bigint => ((value % P) + P) % P

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, modulo(base)]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

const inverse = (value: bigint): bigint => power(value, P - 2n)
const D = modulo(-121665n * inverse(121666n))
const SQRT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n)

/** Extended coordinates (RFC 8032 §5.1.4): x = X/Z, y = Y/Z, x·y = T/Z. */
interface Point {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
  readonly t: bigint
}

const pointAt = (x: bigint, y: bigint): Point => ({ x, y, z: 1n, t: (x * y) % P })
const negated = ({ x, y, z, t }: Point): Point => ({ x: modulo(-x), y, z, t: modulo(-t) })

function add(one: Point, other: Point): Point {
  const a = modulo((one.y - one.x) * (other.y - other.x))
  const b = modulo((one.y + one.x) * (other.y + other.x))
  const c = modulo(2n * one.t * other.t * D)
  const d = modulo(2n * one.z * other.z)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return { x: modulo(e * f), y: modulo(g * h), z: modulo(f * g), t: modulo(e * h) }
}

function multiply(point: Point, by: bigint): Point {
  let result = pointAt(0n, 1n)
  let doubled = point
  for (let rest = by; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, doubled)
    doubled = add(doubled, doubled)
  }
  return result
}

/** RFC 8032 §5.1.3; undefined for bytes that are no point of the curve, or are not how a point is written. */
function decodePoint(bytes: Uint8Array): Point | undefined {
  const value = numberOf(bytes)
  const sign = value >> 255n
  const y = value & (2n ** 255n - 1n)
  if (y >= P) return undefined
  const [u, v] = [modulo(y * y - 1n), modulo(D * y * y + 1n)]
  let x = modulo(u * v ** 3n * power(u * v ** 7n, (P - 5n) / 8n))
  if (modulo(v * x * x) === modulo(-u)) x = modulo(x * SQRT_OF_MINUS_ONE)
  if (modulo(v * x * x) !== u || (x === 0n && sign === 1n)) return undefined
  return pointAt((x & 1n) === sign ? x : P - x, y)
}

function encodePoint({ x, y, z }: Point): Uint8Array {
  const scale = inverse(z)
  const [affineX, affineY] = [modulo(x * scale), modulo(y * scale)]
  let rest = affineY | ((affineX & 1n) << 255n)
  return Uint8Array.from({ length: 32 }, () => {
    const byte = Number(rest & 255n)
    rest >>= 8n
    return byte
  })
}

/** Little-endian. */
function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

// RFC 8032 §5.1: the base point has y = 4/5 and an even x.
const BASE = ((): Point => {
  const y = modulo(4n * inverse(5n))
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => Number((y >> BigInt(8 * index)) & 255n))
  return decodePoint(bytes) as Point
})()

const MASK = 2n ** 64n - 1n
const turn = (word: bigint, by: bigint): bigint => ((word >> by) | (word << (64n - by))) & MASK

/** The whole part of the root of a number: where Newton's steps from above end. */
function wholeRoot(value: bigint, degree: bigint): bigint {
  for (let root = 2n ** 80n; ; ) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree
    if (next >= root) return root
    root = next
  }
}

/** The first 64 bits of the fractions of the roots of the first primes (FIPS 180-4 §4.2.3, §5.3.5). */
const PRIMES = Array.from({ length: 410 }, (_, index) => index + 2)
  .filter((n) => ![2, 3, 5, 7, 11, 13, 17, 19].some((each) => each < n && n % each === 0))
  .slice(0, 80)
  .map(BigInt)
const ROUND = PRIMES.map((prime) => wholeRoot(prime << 192n, 3n) & MASK)
const INITIAL = PRIMES.slice(0, 8).map((prime) => wholeRoot(prime << 128n, 2n) & MASK)

function sha512(bytes: Uint8Array): Uint8Array {
  const blocks = new Uint8Array((((bytes.length + 16) >> 7) + 1) << 7)
  blocks.set(bytes)
  blocks[bytes.length] = 0x80
  const view = new DataView(blocks.buffer)
  view.setBigUint64(blocks.length - 8, BigInt(bytes.length) * 8n)
  let state = INITIAL
  for (let at = 0; at < blocks.length; at += 128) state = compress(state, view, at)
  const hash = new Uint8Array(64)
  const out = new DataView(hash.buffer)
  for (const [index, word] of state.entries()) out.setBigUint64(8 * index, word)
  return hash
}

function compress(state: readonly bigint[], view: DataView, at: number): bigint[] {
  const w = Array.from({ length: 16 }, (_, t) => view.getBigUint64(at + 8 * t))
  for (let t = 16; t < 80; t++) {
    const [x, y] = [w[t - 15] as bigint, w[t - 2] as bigint]
    const small0 = turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n)
    const small1 = turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n)
    w.push(((w[t - 16] as bigint) + small0 + (w[t - 7] as bigint) + small1) & MASK)
  }
  let [a, b, c, d, e, f, g, h] = state as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]
  for (let t = 0; t < 80; t++) {
    const big1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)
    const one = h + big1 + ((e & f) ^ ((e ^ MASK) & g)) + (ROUND[t] as bigint) + (w[t] as bigint)
    const big0 = turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)
    const two = big0 + ((a & b) ^ (a & c) ^ (b & c))
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & MASK, c, b, a, (one + two) & MASK]
  }
  return [a, b, c, d, e, f, g, h].map((value, index) => (value + (state[index] as bigint)) & MASK)
}
