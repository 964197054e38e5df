import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { canonicalJson } from '#contract/trace/canonical-json.ts'
import {
  type BundleIndex,
  compareModelVersions,
  looksLikeBundle,
  MAX_BUNDLE_BYTES,
  openModelBundle,
  sealModelBundle,
  trustIn,
} from '#contract/trace/model-bundle.ts'
import { readTar, type TarMember, writeTar } from '#contract/wire/tar.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'

const key = secretKeyFromSeed(new Uint8Array(32).fill(1))
const isTrusted = trustIn([
  publicKeyFromRaw(secretKeyFromSeed(new Uint8Array(32).fill(2)).publicRaw),
  publicKeyFromRaw(key.publicRaw),
])
const open = (bytes: Uint8Array) => openModelBundle(bytes, { sha256, isTrusted })
const members: TarMember[] = [
  { path: 'manifest.json', bytes: utf8('{"id":"leaf"}') },
  { path: 'model.onnx', bytes: new Uint8Array(700).map((_, at) => at) },
  { path: 'card.md', bytes: utf8('# Leaf') },
  { path: 'cases/green.json', bytes: utf8('{}') },
]
const seal = (of = members, id = 'leaf', version = '1.2.0') =>
  sealModelBundle({ id, version }, of, { key, sha256 })

/** A bundle with whatever index, signed by a key that is believed: what only the province could do. */
function signed(change: (index: BundleIndex & Record<string, unknown>) => void, of = members): Uint8Array {
  const [first] = readTar(seal(), 20)
  const index = JSON.parse(new TextDecoder().decode(first!.bytes))
  change(index)
  const bytes = utf8(canonicalJson(index))
  const signature = key.sign(concatBytes(utf8('vuon/model-bundle/1\0'), bytes))
  return writeTar([{ path: 'index.json', bytes }, { path: 'index.sig', bytes: signature }, ...of])
}

describe('a bundle', () => {
  test('opens to what was sealed, and sealing it again gives the same bytes', () => {
    const bundle = open(seal())
    expect(bundle.index).toMatchObject({ id: 'leaf', version: '1.2.0' })
    expect(bundle.members.map(({ path, bytes }) => [path, bytes])).toEqual(
      members.map(({ path, bytes }) => [path, bytes]),
    )
    expect(seal()).toEqual(seal())
    expect([looksLikeBundle(seal()), looksLikeBundle(utf8('\x08\x07onnx'))]).toEqual([true, false])
  })

  const seed = seedFromEnvironment()
  test(`with one byte changed, at a third of all places, is refused (VUON_SEED=${seed})`, () => {
    const random = seededRandom(seed)
    const bytes = seal()
    const taken: number[] = []
    for (let at = Math.floor(random() * 3); at < bytes.length; at += 3) {
      const changed = bytes.slice()
      changed[at]! ^= 1 + Math.floor(random() * 255)
      try {
        open(changed)
        taken.push(at)
      } catch (error) {
        if (!/^bundle-(malformed|untrusted)$/.test((error as { code: string }).code)) throw error
      }
    }
    expect(taken).toEqual([])
  })

  test(`cut anywhere, continued, or of random bytes is refused (VUON_SEED=${seed})`, () => {
    const random = seededRandom(seed)
    const bytes = seal()
    const cuts = Array.from({ length: 300 }, () => bytes.slice(0, Math.floor(random() * bytes.length)))
    const noise = Array.from({ length: 300 }, () =>
      new Uint8Array(Math.floor(random() * 3000)).map(() => random() * 256),
    )
    const longer = [1, 512, 1024].map((more) => concatBytes(bytes, new Uint8Array(more)))
    for (const each of [...cuts, ...noise, ...longer])
      expect(() => open(each)).toThrow(expect.objectContaining({ code: 'bundle-malformed' }))
  })

  test('of a key that is not believed, or signed for something else, is refused', () => {
    const strange = sealModelBundle({ id: 'leaf', version: '1.2.0' }, members, {
      ...{ sha256, key: secretKeyFromSeed(new Uint8Array(32).fill(3)) },
    })
    expect(() => open(strange)).toThrow(expect.objectContaining({ code: 'bundle-untrusted' }))
    const [index, , ...rest] = readTar(seal(), 20)
    const elsewhere = key.sign(concatBytes(utf8('vuon/downlink/1\0'), index!.bytes))
    expect(() => open(writeTar([index!, { path: 'index.sig', bytes: elsewhere }, ...rest]))).toThrow(
      expect.objectContaining({ code: 'bundle-untrusted' }),
    )
  })

  test.each<[string, Uint8Array, RegExp]>([
    ['other members than its index names', signed(() => {}, members.slice(0, 3)), /names other members/],
    ['a member in another place', signed(() => {}, members.toReversed()), /names other members/],
    [
      'a hash that is not of the member',
      signed(({ members: [first] }) => Object.assign(first!, { sha256: 'a'.repeat(64) })),
      /not what its index says/,
    ],
    [
      'a field that nobody reads',
      signed((index) => Object.assign(index, { more: 1 })),
      /no kind that is known/,
    ],
    [
      'a version that is none',
      signed((index) => Object.assign(index, { version: '1.2-beta' })),
      /numbers with dots/,
    ],
    ['an id that is a path', signed((index) => Object.assign(index, { id: '../leaf' })), /names no model/],
    [
      'a member outside',
      signed(({ members: [first] }) => Object.assign(first!, { path: 'keys/agent.key' })),
      /no model needs/,
    ],
    ['no cases', signed((index) => Object.assign(index, { members: index.members.slice(0, 3) })), /no cases/],
    [
      'two models',
      signed(({ members: all }) => Object.assign(all[2]!, { path: 'other.onnx' })),
      /card\.md is missing/,
    ],
    ['more than a box takes', new Uint8Array(MAX_BUNDLE_BYTES + 1), /at most/],
  ])('that has %s is refused, whoever signed it', (_what, bytes, why) => {
    expect(() => open(bytes)).toThrow(
      expect.objectContaining({ code: 'bundle-malformed', message: expect.stringMatching(why) }),
    )
  })

  test('that no box would take is not sealed', () => {
    expect(() => seal(members.slice(0, 2))).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    expect(() => seal(members, 'Leaf')).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    expect(() => seal(members, 'leaf', 'v2')).toThrow(expect.objectContaining({ code: 'input-invalid' }))
  })
})

describe('a tar', () => {
  /** A header as another program might write it. */
  const altered = (at: number, text: string): Uint8Array => {
    const tar = writeTar([{ path: 'card.md', bytes: utf8('# Leaf') }])
    tar.set(utf8(text), at)
    const sum = tar
      .subarray(0, 512)
      .reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
    tar.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
    return tar
  }

  test.each([
    ['a link', altered(156, '2')],
    ['a device', altered(156, '3')],
    ['a folder', altered(156, '5')],
    ['a name that climbs', altered(0, '../x.md')],
    ['a name from the root', altered(0, '/etc/md')],
    ['a hidden name', altered(0, '.ard.md')],
    ['a size that ends nowhere', altered(124, '77777777777')],
    ['an owner', altered(108, '0001750')],
    ['a prefix before its name', altered(345, 'etc')],
  ])('with %s is refused', (_what, tar) => {
    expect(() => readTar(tar, 10)).toThrow(RangeError)
  })

  test('with more members than are asked for, or one name twice, is refused', () => {
    const one = { path: 'a.md', bytes: utf8('a') }
    expect(() => readTar(writeTar([one, { ...one, path: 'b.md' }]), 1)).toThrow('more than 1')
    expect(() => writeTar([one, one])).toThrow(RangeError)
    const twice = writeTar([one, { ...one, path: 'b.md' }])
    twice.set(twice.subarray(0, 1024), 1024)
    expect(() => readTar(twice, 10)).toThrow('twice')
  })
})

test('versions are compared by their numbers', () => {
  expect(compareModelVersions('1.10.0', '1.9.9')).toBeGreaterThan(0)
  expect(compareModelVersions('1.2', '1.2.0')).toBe(0)
  expect(compareModelVersions('2.0', '10.0')).toBeLessThan(0)
  expect(compareModelVersions('nightly', '0.0')).toBeLessThan(0)
})
