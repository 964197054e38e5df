import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { encodeCbor } from '#contract/wire/cbor.ts'
import {
  type DownlinkMessage,
  MAX_DOWNLINK_BYTES,
  openDownlink,
  sealDownlink,
  taskOf,
} from '#contract/wire/downlink.ts'
import { agentIdOf } from '#contract/wire/identity.ts'
import { wounded } from './mutations.ts'

const key = secretKeyFromSeed(new Uint8Array(32).fill(0xee))
const province = publicKeyFromRaw(key.publicRaw)
const stranger = publicKeyFromRaw(secretKeyFromSeed(new Uint8Array(32).fill(2)).publicRaw)
const agent = agentIdOf(new Uint8Array(32).fill(1), sha256)
const HASH = 'ab'.repeat(32)

const message = (change: Partial<DownlinkMessage> = {}): DownlinkMessage => ({
  no: 1,
  agent,
  issuedAt: Date.UTC(2026, 10, 27),
  prev: null,
  kind: 'config',
  body: { settings: { sync: { batchEveryS: 300, budget: { quietHours: ['18:00-21:00'], mbPerDay: 2.5 } } } },
  ...change,
})
const seal = (change: Partial<DownlinkMessage> = {}) => sealDownlink(message(change), { key, sha256 })
const refusal = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(VuonError)
    return (error as VuonError).code
  }
  return 'taken'
}

describe('a message of the province', () => {
  const messages = [
    message(),
    message({ no: 7, prev: sha256(new Uint8Array(3)), validUntil: Date.UTC(2026, 11, 1) }),
    message({ kind: 'command', body: { command: 'photo-upload', sha256: HASH } }),
    message({ kind: 'of-the-future', body: { số: [1, -2.5, 'ba', null, true, { sâu: [] }] } }),
  ]

  test.each(messages)('comes back as it was sealed ($kind)', (sent) => {
    const { bytes, hash } = sealDownlink(sent, { key, sha256 })
    const { message: read, isSignedBy } = openDownlink(bytes)
    expect(read).toEqual(sent)
    expect(hash).toEqual(sha256(bytes))
    expect(isSignedBy(province)).toBe(true)
    expect(isSignedBy(stranger)).toBe(false)
  })

  test('is the same bytes each time, so that it has one hash', () => {
    const { body } = message()
    expect(seal({ body: { ...body } }).bytes).toEqual(seal().bytes)
  })

  test('of 64 KiB is taken, of a byte more it is not sealed, and larger bytes are not read', () => {
    const filled = (length: number) => ({ settings: { filling: 'x'.repeat(length) } })
    const emptyBytes = seal({ body: filled(60_000) }).bytes.length - 60_000
    const most = MAX_DOWNLINK_BYTES - emptyBytes
    expect(seal({ body: filled(most) }).bytes).toHaveLength(MAX_DOWNLINK_BYTES)
    expect(refusal(() => seal({ body: filled(most + 1) }))).toBe('input-invalid')
    expect(refusal(() => openDownlink(new Uint8Array(MAX_DOWNLINK_BYTES + 1)))).toBe('downlink-malformed')
  })

  test.each([
    ['a number that is none', { no: 0 }],
    ['a broken number', { no: 1.5 }],
    ['a first one that has one before it', { prev: new Uint8Array(32) }],
    ['a second one that has none', { no: 2 }],
    ['a short hash before it', { no: 2, prev: new Uint8Array(31) }],
    ['another name than that of an agent', { agent: 'box' }],
    ['no kind', { kind: '' }],
    ['an endless kind', { kind: 'k'.repeat(65) }],
    ['a body that is a list', { body: [] as never }],
    ['an end that is no time', { validUntil: -1 }],
    ['a further field', { also: 1 } as object],
  ])('with %s is not sealed', (_, change) => {
    expect(refusal(() => seal(change))).toBe('downlink-malformed')
  })

  test('with more values than any config has is refused before it fills the memory', () => {
    const bytes = encodeCbor([
      encodeCbor({ ...message(), body: { a: new Array(60_000).fill([]) } }),
      new Uint8Array(64),
    ])
    expect(refusal(() => openDownlink(bytes))).toBe('downlink-malformed')
  })

  test('that was changed on the way is refused or not signed, whatever was changed', () => {
    const valid = messages.map((each) => sealDownlink(each, { key, sha256 }).bytes)
    const isValid = (bytes: Uint8Array) => valid.some((each) => Buffer.from(each).equals(bytes))
    fc.assert(
      fc.property(wounded(valid), (bytes) => {
        let opened: ReturnType<typeof openDownlink>
        try {
          opened = openDownlink(bytes)
        } catch (error) {
          return error instanceof VuonError && error.code === 'downlink-malformed'
        }
        return isValid(bytes) || !opened.isSignedBy(province)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('what a message asks for', () => {
  test('is read by its kind; a kind to come is unknown and no mistake', () => {
    expect(taskOf(message())).toMatchObject({ kind: 'config', settings: { sync: { batchEveryS: 300 } } })
    expect(taskOf({ kind: 'command', body: { command: 'send-now' } })).toEqual({
      kind: 'command',
      command: { name: 'send-now' },
    })
    expect(taskOf({ kind: 'command', body: { command: 'dance', steps: 3 } })).toEqual({
      kind: 'command',
      command: { name: 'unknown', said: 'dance' },
    })
    expect(taskOf({ kind: 'weather', body: {} })).toEqual({ kind: 'unknown' })
    const offer = { model: 'dragon-fruit-stem', version: '1.2.0', sha256: HASH, sizeBytes: 9_000_000 }
    const path = `/sync/v1/models/${HASH}`
    expect(taskOf({ kind: 'model-offer', body: { ...offer, path } })).toEqual({
      kind: 'model-offer',
      offer: { ...offer, path },
    })
  })

  const offer = { model: 'm', version: '1', sha256: HASH, sizeBytes: 1, path: '/a' }
  test.each([
    ['config', {}],
    ['config', { settings: [] }],
    ['config', { settings: {}, also: 1 }],
    ['command', {}],
    ['command', { command: 'send-now', loudly: true }],
    ['command', { command: 'photo-upload', sha256: 'short' }],
    ['command', { command: 'photo-upload', sha256: HASH.toUpperCase() }],
    ['model-offer', { ...offer, sizeBytes: 1e12 }],
    ['model-offer', { ...offer, model: '../../etc' }],
    ['model-offer', { ...offer, path: 'https://elsewhere.example/m' }],
    ['model-offer', { ...offer, path: '//elsewhere.example/m' }],
    ['model-offer', { ...offer, path: '/../keys' }],
  ])('of kind %s with %j is refused', (kind, body) => {
    expect(refusal(() => taskOf({ kind, body }))).toBe('downlink-malformed')
  })
})
