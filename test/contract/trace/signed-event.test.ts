import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { canonicalJson } from '#contract/trace/canonical-json.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import {
  type EventStatement,
  isEventSignedBy,
  openSignedEvent,
  signEvent,
} from '#contract/trace/signed-event.ts'
import { readOrRefuse, wounded } from '../wire/mutations.ts'

const key = secretKeyFromSeed(new Uint8Array(32).fill(3))
const publicKey = publicKeyFromRaw(key.publicRaw)
const statement: EventStatement = {
  agent: 'abcdefgh12345678',
  key: '0011223344556677',
  epoch: '00000000000000e1',
  eventNo: 1,
  prev: '',
  capturedAt: '2026-11-23T00:30:00.000Z',
  clock: 'synchronised',
  event: harvestEvent({
    gtin: '09521234543213',
    lot: 'B0X1261123001',
    massKg: 412.5,
    harvestedAt: Date.UTC(2026, 10, 23),
    harvestedOn: '2026-11-23',
    zoneOffset: '+07:00',
    isFirstPick: true,
  }),
}
const event = signEvent(statement, key, sha256)
const malformed = expect.objectContaining({ code: 'batch-malformed' })

describe('a signed event', () => {
  test('opens to what was stated, and holds under its key only', () => {
    expect(openSignedEvent(event.signed)).toEqual(statement)
    expect(isEventSignedBy(event, publicKey)).toBe(true)
    const other = publicKeyFromRaw(secretKeyFromSeed(new Uint8Array(32).fill(4)).publicRaw)
    expect(isEventSignedBy(event, other)).toBe(false)
  })

  test('fails its signature whichever byte is changed', () => {
    for (let at = 0; at < event.signed.length; at++) {
      const signed = event.signed.with(at, (event.signed[at] as number) ^ 1)
      expect(isEventSignedBy({ ...event, signed }, publicKey)).toBe(false)
    }
  })

  test('is not taken for a batch: the same bytes signed as something else do not hold', () => {
    expect(isEventSignedBy({ signed: event.signed, signature: key.sign(event.signed) }, publicKey)).toBe(
      false,
    )
  })

  test.each([
    ['not JSON', utf8('{')],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['JSON with a space', utf8(` ${canonicalJson(statement)}`)],
    ['keys in another order', utf8(JSON.stringify(statement))],
    ['null', utf8('null')],
    ['no event', utf8(canonicalJson({ ...statement, event: null }))],
    ['no number', utf8(canonicalJson({ ...statement, eventNo: 0 }))],
    ['no predecessor stated', utf8(canonicalJson({ ...statement, prev: undefined }))],
    ['no epoch', utf8(canonicalJson({ ...statement, epoch: 7 }))],
    ['more than 64 KiB', utf8(canonicalJson({ ...statement, agent: 'a'.repeat(65_536) }))],
    ['lists in lists, as deep as they fit', utf8('['.repeat(30_000) + ']'.repeat(30_000))],
  ])('is refused when its bytes are %s', (_, signed) => {
    expect(() => openSignedEvent(signed)).toThrow(malformed)
  })

  test('with wounds is refused or opens to what was written, quickly', () => {
    fc.assert(
      fc.property(wounded([event.signed]), (signed) => {
        const opened = readOrRefuse(() => openSignedEvent(signed))
        if (opened) expect(utf8(canonicalJson(opened))).toEqual(signed)
      }),
      { numRuns: 20_000 },
    )
  })
})
