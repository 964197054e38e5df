import { deflateRawSync } from 'node:zlib'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equalBytes, utf8 } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import {
  isBatchSignedBy,
  MAX_BATCH_BYTES,
  MAX_BODY_BYTES,
  MAX_SEQS,
  openBody,
  openEnvelope,
  sealBatch,
} from '#contract/wire/batch.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'
import { type BatchHeader, LANES } from '#contract/wire/records.ts'
import { peakGrowthBytes, readOrRefuse, wounded } from './mutations.ts'

const key = secretKeyFromSeed(new Uint8Array(32).fill(7))
const publicKey = publicKeyFromRaw(key.publicRaw)
const by = { key, sha256, compression }
const HEADER: Omit<BatchHeader, 'rawSize'> = {
  agent: agentIdOf(key.publicRaw, sha256),
  key: keyIdOf(key.publicRaw, sha256),
  epoch: '00112233445566ff',
  lane: 'record',
  from: 1,
  to: 3,
  prev: null,
  form: 'entries-1',
}
const BODY = utf8('một bao thanh long ruột đỏ '.repeat(9))
const sealed = sealBatch(HEADER, BODY, by)
const malformed = expect.objectContaining({ code: 'batch-malformed' })

const header: fc.Arbitrary<Omit<BatchHeader, 'rawSize'>> = fc
  .record({
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((id) => id.toString(16).padStart(16, '0')),
    lane: fc.constantFrom(...LANES),
    from: fc.oneof(
      fc.constant(1),
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.integer({ min: 2 ** 40, max: 2 ** 52 }),
    ),
    span: fc.nat(MAX_SEQS - 1),
    prev: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    form: fc.constantFrom('entries-1', 'columns-1', 'form-40', 'form-77'),
  })
  .map(({ from, span, prev, ...rest }) => ({
    ...HEADER,
    ...rest,
    from,
    to: from + span,
    prev: from === 1 ? null : prev,
  }))

/** A header's CBOR with some fields changed; the signature is right, so that only the reader's own rules are asked. */
function forged(change: readonly (readonly [number, unknown])[], body = BODY): Uint8Array {
  const fields = decode(openEnvelope(sealed.bytes).headerBytes, { useMaps: true }) as Map<number, unknown>
  for (const [field, value] of change) {
    if (value === undefined) fields.delete(field)
    else fields.set(field, value)
  }
  const headerBytes = encode(fields)
  const compressed = compression.deflate(body)
  const signature = key.sign(
    Uint8Array.from([...utf8('vuon/batch/1\0'), ...headerBytes, ...sha256(compressed)]),
  )
  return encode([headerBytes, compressed, signature])
}

describe('a sealed batch', () => {
  test('opens to what was sealed, and sealing again gives the same bytes', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 2000 }), (wanted, body) => {
        const batch = sealBatch(wanted, body, by)
        const envelope = openEnvelope(batch.bytes)
        expect(envelope.header).toEqual({ ...wanted, rawSize: body.length })
        expect(isBatchSignedBy(envelope, publicKey, sha256)).toBe(true)
        expect(openBody(envelope, compression)).toEqual(body)
        expect(sealBatch(wanted, body, by).bytes).toEqual(batch.bytes)
        expect(batch.hash).toEqual(sha256(batch.bytes))
      }),
    )
  })

  test('has an envelope of less than 180 bytes', () => {
    expect(sealed.bytes.length - compression.deflate(BODY).length).toBeLessThan(180)
  })

  test('is refused, or fails its signature, whichever single bit is flipped', () => {
    for (let at = 0; at < sealed.bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = sealed.bytes.slice()
        bytes[at] = (bytes[at] as number) ^ (1 << bit)
        const envelope = readOrRefuse(() => openEnvelope(bytes))
        if (envelope)
          expect(isBatchSignedBy(envelope, publicKey, sha256), `byte ${at}, bit ${bit}`).toBe(false)
      }
    }
  })

  test('is not another key’s', () => {
    const other = publicKeyFromRaw(secretKeyFromSeed(new Uint8Array(32).fill(8)).publicRaw)
    expect(isBatchSignedBy(openEnvelope(sealed.bytes), other, sha256)).toBe(false)
  })

  test('with wounds is refused as a batch, quickly, and never passes for signed', () => {
    const valid = [sealed.bytes, forged([[12, 'a field to come']])]
    fc.assert(
      fc.property(wounded(valid), (bytes) => {
        const envelope = readOrRefuse(() => openEnvelope(bytes))
        if (!envelope) return
        readOrRefuse(() => openBody(envelope, compression))
        if (isBatchSignedBy(envelope, publicKey, sha256))
          expect(valid.some((each) => equalBytes(each, bytes))).toBe(true)
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('only the one deterministic writing is taken', () => {
  const [headerBytes, compressed, signature] = decode(sealed.bytes) as Uint8Array[]
  const bytes = (length: number[], content: Uint8Array) => [...length, ...content]
  const longer = Uint8Array.from([
    0x83,
    ...bytes([0x59, 0, headerBytes?.length ?? 0], headerBytes as Uint8Array),
    ...bytes([0x59, 0, compressed?.length ?? 0], compressed as Uint8Array),
    ...bytes([0x58, 64], signature as Uint8Array),
  ])
  const fields = [...(decode(headerBytes as Uint8Array, { useMaps: true }) as Map<number, unknown>)]
  const backwards = Uint8Array.from([
    0xa0 + fields.length,
    ...fields.reverse().flatMap(([name, value]) => [...encode(name), ...encode(value)]),
  ])

  test.each([
    ['a length written longer than it need be', longer],
    ['an open-ended list', Uint8Array.from([0x9f, ...sealed.bytes.slice(1), 0xff])],
    ['something after the end', Uint8Array.from([...sealed.bytes, 0])],
    ['a header whose keys stand in another order', encode([backwards, compressed, signature])],
    ['a tag around it', Uint8Array.from([0xc0, ...sealed.bytes])],
  ])('not %s', (_, wrong) => {
    expect(() => openEnvelope(wrong)).toThrow(malformed)
  })
})

describe('a header', () => {
  const FROM = 5
  const TO = 6
  const PREV = 7
  const RAW_SIZE = 8
  const prev = new Uint8Array(32)

  test.each<[string, [number, unknown][]]>([
    ['with no agent', [[1, undefined]]],
    ['with an agent of nine bytes', [[1, new Uint8Array(9)]]],
    ['with an unknown lane', [[4, 9]]],
    ['from 0', [[FROM, 0]]],
    ['from a fraction', [[FROM, 1.5]]],
    [
      'that ends before it begins',
      [
        [FROM, 5],
        [TO, 4],
        [PREV, prev],
      ],
    ],
    [
      'beyond what a number holds',
      [
        [FROM, 2n ** 60n],
        [TO, 2n ** 60n],
        [PREV, prev],
      ],
    ],
    [
      'that begins a chain in the middle',
      [
        [FROM, 2],
        [TO, 2],
      ],
    ],
    ['that is the first and names a predecessor', [[PREV, prev]]],
    [
      'with a predecessor of the wrong size',
      [
        [FROM, 2],
        [PREV, new Uint8Array(31)],
      ],
    ],
    ['with a negative size', [[RAW_SIZE, -1]]],
    ['of no form', [[9, 0]]],
  ])('%s is refused', (_, change) => {
    expect(() => openEnvelope(forged(change))).toThrow(malformed)
  })

  test('that numbers the rest of its lane is refused, for the mark would run past what comes', () => {
    expect(openEnvelope(forged([[TO, MAX_SEQS]])).header.to).toBe(MAX_SEQS)
    expect(() => openEnvelope(forged([[TO, MAX_SEQS + 1]]))).toThrow(
      expect.objectContaining({ code: 'batch-too-large' }),
    )
  })

  test('may carry fields that this reader does not know', () => {
    const envelope = openEnvelope(forged([[12, 'của phiên bản sau']]))
    expect(isBatchSignedBy(envelope, publicKey, sha256)).toBe(true)
  })

  test('that states more than a body may unpack to is refused before anything is unpacked', () => {
    expect(() => openEnvelope(forged([[RAW_SIZE, MAX_BODY_BYTES + 1]]))).toThrow(
      expect.objectContaining({ code: 'batch-bomb' }),
    )
  })
})

describe('a body', () => {
  test('that unpacks to more than its header states is stopped there', () => {
    const envelope = openEnvelope(forged([[8, 10]]))
    expect(() => openBody(envelope, compression)).toThrow(expect.objectContaining({ code: 'batch-bomb' }))
  })

  test('that unpacks to less than its header states is refused', () => {
    expect(() => openBody(openEnvelope(forged([[8, BODY.length + 1]])), compression)).toThrow(malformed)
    expect(() => openBody(openEnvelope(forged([[8, 0]], utf8('x'))), compression)).toThrow(malformed)
  })

  test('of half a gigabyte in half a megabyte takes no more memory than its header states', () => {
    const bomb = new Uint8Array(deflateRawSync(Buffer.alloc(512 * 1024 * 1024)))
    const headerBytes = openEnvelope(forged([[8, 1000]])).headerBytes
    const bytes = encode([headerBytes, bomb, new Uint8Array(64)])
    expect(bytes.length).toBeLessThan(MAX_BATCH_BYTES)
    const grown = peakGrowthBytes(() =>
      expect(() => openBody(openEnvelope(bytes), compression)).toThrow(
        expect.objectContaining({ code: 'batch-bomb' }),
      ),
    )
    expect(grown).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('before any signature is checked', () => {
  test('a megabyte and a byte is too large', () => {
    expect(() => openEnvelope(new Uint8Array(MAX_BATCH_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'batch-too-large' }),
    )
  })

  test.each([
    [
      'a megabyte of empty maps',
      Uint8Array.from([0x9a, 0, 0x0f, 0xff, 0x00, ...new Uint8Array(0xfff00).fill(0xa0)]),
    ],
    ['lists in lists, a million deep', new Uint8Array(MAX_BATCH_BYTES).fill(0x81)],
    ['a list of 2^53 things', Uint8Array.from([0x9b, 0, 0x1f, 255, 255, 255, 255, 255, 255])],
    ['bytes of 2^32', Uint8Array.from([0x83, 0x5b, 0, 0, 0, 1, 0, 0, 0, 0])],
    ['an empty body', new Uint8Array()],
  ])('%s is refused with little memory', (_, bytes) => {
    const grown = peakGrowthBytes(() => expect(() => openEnvelope(bytes)).toThrow(malformed))
    expect(grown).toBeLessThan(32 * 1024 * 1024)
  })
})
