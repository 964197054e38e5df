import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64, toBase64, toBase64Url } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { checkBundle } from '#contract/trace/check-bundle.ts'
import { checkpointText } from '#contract/trace/checkpoint.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { type KeyList, signKeyList } from '#contract/trace/key-list.ts'
import { encodeLeaf } from '#contract/trace/log-leaf.ts'
import { inclusionProof, leafHash, treeRoot } from '#contract/trace/merkle.ts'
import { type BundledEvent, openBundle, PROVES_NOT, type ProofBundle } from '#contract/trace/proof-bundle.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { noteKey, noteKeyText, signNote } from '#contract/trace/signed-note.ts'
import { foldHashes } from '#contract/trace/tiles.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'

const ORIGIN = 'vuon.example/log'
const EPOCH = '00000000000000e1'
const province = secretKeyFromSeed(new Uint8Array(32).fill(1))
const box = secretKeyFromSeed(new Uint8Array(32).fill(2))
const thief = secretKeyFromSeed(new Uint8Array(32).fill(3))
const agent = agentIdOf(box.publicRaw, sha256)

interface Made {
  readonly massKg?: number
  readonly eventNo?: number
  readonly prev?: string
  readonly by?: typeof box
  readonly key?: string
}

function signed({
  massKg = 100,
  eventNo = 1,
  prev = '',
  by = box,
  key = keyIdOf(box.publicRaw, sha256),
}: Made) {
  const harvest = harvestEvent({
    gtin: '09521234567899',
    lot: 'B0X1261123001',
    massKg,
    harvestedAt: Date.UTC(2026, 10, 23),
    harvestedOn: '2026-11-23',
    zoneOffset: '+07:00',
    isFirstPick: eventNo === 1,
  })
  const event = { ...harvest, eventID: eventHash(harvest, sha256) }
  const statement = {
    agent,
    key,
    epoch: EPOCH,
    eventNo,
    prev,
    capturedAt: '2026-11-23T00:30:00.000Z',
    clock: 'synchronised' as const,
    event,
  }
  return { ...signEvent(statement, by, sha256), eventId: event.eventID }
}

const keyList = (change: Partial<KeyList['boxes'][number]['keys'][number]> = {}): KeyList => ({
  format: 'vuon/keys/1',
  origin: ORIGIN,
  issuedAt: '2026-11-27T00:00:00.000Z',
  boxes: [
    {
      agent,
      epochs: [EPOCH],
      keys: [
        {
          key: keyIdOf(box.publicRaw, sha256),
          publicKey: toBase64Url(box.publicRaw),
          begins: null,
          revoked: null,
          ...change,
        },
      ],
    },
  ],
})

/** A log of these events and the proof of all of them. */
async function bundleOf(
  events: readonly ReturnType<typeof signed>[],
  { list = keyList(), by = province }: { list?: KeyList; by?: typeof province } = {},
): Promise<ProofBundle> {
  const hashes = events.map((event) =>
    leafHash(encodeLeaf('farm-event', event.signed, event.signature), sha256),
  )
  const at = (level: number, index: number) =>
    foldHashes(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level), sha256)
  const root = await treeRoot(events.length, at, sha256)
  const bundled = events.map(
    async (event, index): Promise<BundledEvent> => ({
      eventId: event.eventId,
      agent,
      epoch: EPOCH,
      seq: index + 1,
      signed: toBase64Url(event.signed),
      signature: toBase64Url(event.signature),
      previous: index === 0 ? 'none' : 'held',
      leaf: {
        kind: 'farm-event',
        index,
        proof: (await inclusionProof(index, events.length, at, sha256)).map(toBase64),
      },
    }),
  )
  return {
    format: 'vuon/proof/1',
    about: 'a lot',
    log: { origin: ORIGIN, key: noteKeyText(noteKey(ORIGIN, 'plain', by.publicRaw, sha256)) },
    cosigners: [],
    checkpoint: signNote(checkpointText({ origin: ORIGIN, size: events.length, root }), ORIGIN, by, sha256),
    keys: signKeyList(list, by),
    events: await Promise.all(bundled),
    provesNot: PROVES_NOT,
  }
}

const first = signed({})
const second = signed({ massKg: 50, eventNo: 2, prev: first.hash })
const third = signed({ massKg: 20, eventNo: 3, prev: second.hash })
const honest = await bundleOf([first, second, third])

async function failuresOf(bundle: unknown, pinned = province.publicRaw): Promise<string[]> {
  const { checks } = await checkBundle(openBundle(JSON.parse(JSON.stringify(bundle))), {
    sha256,
    verify: (raw, message, signature) =>
      raw.length === 32 && publicKeyFromRaw(raw).verify(message, signature),
    eventHash,
    pinned: { provinceRaw: pinned },
  })
  return [...new Set(checks.filter(({ ok }) => !ok).map(({ check }) => check))]
}

const withEvent = (change: Partial<BundledEvent>, at = 1): ProofBundle => ({
  ...honest,
  events: honest.events.map((event, index) => (index === at ? { ...event, ...change } : event)),
})

const moved = (index: number) => ({ ...(honest.events[1]?.leaf as NonNullable<BundledEvent['leaf']>), index })

describe('a proof', () => {
  test('of honest events holds', async () => expect(await failuresOf(honest)).toEqual([]))

  test.each<[string, () => Promise<unknown> | unknown, string[]]>([
    [
      'an edited event',
      () => withEvent({ signed: toBase64Url(signed({ massKg: 51, eventNo: 2, prev: first.hash }).signed) }),
      ['signature', 'event-id', 'inclusion', 'chain'],
    ],
    ['an event that somebody else signed', async () => bundleOf([signed({ by: thief })]), ['signature']],
    [
      'an event under a key that the box never had',
      async () => bundleOf([signed({ by: thief, key: keyIdOf(thief.publicRaw, sha256) })]),
      ['key'],
    ],
    ["another province's own log", async () => bundleOf([first], { by: thief }), ['province-key']],
    [
      'a key list of its own',
      () => ({ ...honest, keys: signKeyList(keyList({ publicKey: toBase64Url(thief.publicRaw) }), thief) }),
      ['key-list'],
    ],
    [
      'an event left out of the middle',
      async () => bundleOf([first, third, signed({ eventNo: 2, prev: 'aa' })]),
      ['chain'],
    ],
    ['two events of one number', async () => bundleOf([first, signed({ massKg: 7 }), second]), ['chain']],
    ['an event that calls itself the first', async () => bundleOf([signed({ eventNo: 4 })]), ['chain']],
    ['the place of another event', () => withEvent({ leaf: moved(2) }), ['inclusion']],
    ['no checkpoint', () => ({ ...honest, checkpoint: null }), ['inclusion']],
    [
      'a checkpoint of a larger log than was signed',
      () => ({ ...honest, checkpoint: honest.checkpoint?.replace('\n3\n', '\n4\n') }),
      ['checkpoint', 'inclusion'],
    ],
    ['another name for an event', () => withEvent({ eventId: 'ni:///sha-256;00?ver=CBV2.0' }), ['event-id']],
    ['another box', () => withEvent({ agent: 'abcdefgh12345678' }), ['key']],
    ['nothing in it', () => ({ ...honest, events: [] }), ['signature']],
    [
      'events of a key after its last trusted word',
      async () =>
        bundleOf([first, second], {
          list: keyList({
            revoked: {
              reason: 'stolen',
              decidedAt: '2026-11-24T00:00:00.000Z',
              epoch: EPOCH,
              lastTrusted: { record: 1, finding: 0, reading: 0 },
              lastTrustedEventNo: 1,
            },
          }),
        }),
      ['key'],
    ],
    ['a cosigner whose key cannot be read', () => ({ ...honest, cosigners: ['x'] }), ['cosignature']],
  ])('with %s does not hold', async (_, make, expected) => {
    expect(await failuresOf(await make())).toEqual(expected)
  })

  test('does not hold with any bit changed in what is signed, in the signatures or on the way up', async () => {
    const flip = (text: string, pick: number): string => {
      const bytes = fromBase64(text)
      const bit = pick % (bytes.length * 8)
      return toBase64(bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7))))
    }
    const event = honest.events[1] as BundledEvent
    const leaf = event.leaf as NonNullable<BundledEvent['leaf']>
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom('signed', 'signature', 'proof', 'keys'),
        async (pick, where) => {
          const changed =
            where === 'keys'
              ? { ...honest, keys: { ...honest.keys, signature: flip(honest.keys.signature, pick) } }
              : where === 'proof'
                ? withEvent({
                    leaf: { ...leaf, proof: [flip(leaf.proof[0] as string, pick), ...leaf.proof.slice(1)] },
                  })
                : withEvent({ [where]: flip(event[where as 'signed'], pick) })
          expect(await failuresOf(changed)).not.toEqual([])
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each([
    ['null', null],
    ['a list', []],
    ['another format', { ...honest, format: 'vuon/proof/2' }],
    ['a number for a text', { ...honest, about: 7 }],
    ['no list of events', { ...honest, events: {} }],
    ['2001 events', { ...honest, events: Array.from({ length: 2001 }, () => honest.events[0]) }],
    ['an event that is none', { ...honest, events: [null] }],
    ['a place that is no count', withEvent({ seq: -1 })],
    ['a leaf of another kind', withEvent({ leaf: { ...moved(1), kind: 'other' as 'farm-event' } })],
    [
      'a proof without end',
      withEvent({ leaf: { ...moved(1), proof: Array.from({ length: 54 }, () => 'AAAA') } }),
    ],
    ['bytes that are not base64', withEvent({ signed: '*' })],
    ['keys that are none', { ...honest, keys: { list: null, signature: '' } }],
  ])('is not opened when it is %s', (_, value) => {
    expect(() => openBundle(value)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
  })
})
