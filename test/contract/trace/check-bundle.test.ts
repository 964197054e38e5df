import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, fromBase64, toBase64, toBase64Url, utf8 } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { caveatsOf } from '#contract/trace/bundle-caveats.ts'
import { checkBundle } from '#contract/trace/check-bundle.ts'
import { checkpointText } from '#contract/trace/checkpoint.ts'
import { type EpcisEvent, harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { type KeyList, signKeyList } from '#contract/trace/key-list.ts'
import { capturedMessage, encodeLeaf } from '#contract/trace/log-leaf.ts'
import { inclusionProof, leafHash, treeRoot } from '#contract/trace/merkle.ts'
import {
  type BundledFarmEvent,
  openBundle,
  PROVES_NOT,
  type ProofBundle,
} from '#contract/trace/proof-bundle.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { noteKey, noteKeyText, signNote, type VerifySignature } from '#contract/trace/signed-note.ts'
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
    async (event, index): Promise<BundledFarmEvent> => ({
      kind: 'farm-event',
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

/** An integrator's event at the end of the honest log, as `log prove` writes it. */
async function capturedBundle({
  event = CAPTURED as Record<string, unknown>,
  by = province,
  message = capturedMessage,
} = {}): Promise<ProofBundle> {
  const bytes = utf8(JSON.stringify(event))
  const signature = by.sign(message(bytes))
  const hashes = [
    leafHash(encodeLeaf('farm-event', first.signed, first.signature), sha256),
    leafHash(encodeLeaf('captured-event', bytes, signature), sha256),
  ]
  const at = (level: number, index: number) =>
    foldHashes(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level), sha256)
  const root = await treeRoot(2, at, sha256)
  const proof = (await inclusionProof(1, 2, at, sha256)).map(toBase64)
  return {
    ...honest,
    checkpoint: signNote(checkpointText({ origin: ORIGIN, size: 2, root }), ORIGIN, province, sha256),
    events: [
      {
        kind: 'captured-event',
        eventId: String(event['eventID']),
        signed: toBase64Url(bytes),
        signature: toBase64Url(signature),
        leaf: { kind: 'captured-event', index: 1, proof },
      },
    ],
  }
}

// A prefix of its author's own, which the hash needs the @context for.
const UNNAMED = {
  '@context': [
    'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld',
    { htx: 'https://htx.example/ns/' },
  ],
  type: 'ObjectEvent',
  eventTime: '2026-11-24T08:00:00+07:00',
  eventTimeZoneOffset: '+07:00',
  action: 'OBSERVE',
  bizStep: 'receiving',
  epcList: [],
  'htx:temperature': '12',
}
const CAPTURED = { ...UNNAMED, eventID: eventHash(UNNAMED as unknown as EpcisEvent, sha256) }

const verify: VerifySignature = (raw, message, signature) =>
  raw.length === 32 && publicKeyFromRaw(raw).verify(message, signature)

async function failuresOf(bundle: unknown, pinned = province.publicRaw): Promise<string[]> {
  const { checks } = await checkBundle(openBundle(JSON.parse(JSON.stringify(bundle))), {
    sha256,
    verify,
    eventHash,
    pinned: { provinceRaw: pinned },
  })
  return [...new Set(checks.filter(({ ok }) => !ok).map(({ check }) => check))]
}

const withEvent = (change: Partial<BundledFarmEvent>, at = 1): ProofBundle => ({
  ...honest,
  events: honest.events.map((event, index) =>
    index === at ? ({ ...event, ...change } as BundledFarmEvent) : event,
  ),
})

const moved = (index: number) => ({
  ...(honest.events[1]?.leaf as NonNullable<BundledFarmEvent['leaf']>),
  index,
})

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
    const event = honest.events[1] as BundledFarmEvent
    const leaf = event.leaf as NonNullable<BundledFarmEvent['leaf']>
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

describe('a proof of a captured event', () => {
  const changed = async (change: object): Promise<unknown> => {
    const bundle = await capturedBundle()
    return { ...bundle, events: bundle.events.map((event) => ({ ...event, ...change })) }
  }
  const edited = toBase64Url(utf8(JSON.stringify({ ...CAPTURED, bizStep: 'shipping' })))

  test('holds, and says that no farm signed it', async () => {
    const bundle = await capturedBundle()
    expect(await failuresOf(bundle)).toEqual([])
    const report = await checkBundle(bundle, { sha256, verify, eventHash })
    expect(report.state).toBe('verified')
    expect(caveatsOf(bundle, report, {})).toEqual(['unpinned', 'alone', 'captured'])
    expect(caveatsOf(honest, report, { provinceRaw: province.publicRaw })).toEqual(['alone'])
    const cosigned = { ...report, cosigners: ['w'] }
    expect(caveatsOf(honest, cosigned, {})).toEqual(['unpinned', 'named'])
    expect(caveatsOf(honest, cosigned, { cosigners: [] })).toEqual(['unpinned'])
  })

  test.each<[string, () => Promise<unknown>, string[]]>([
    ['edited', () => changed({ signed: edited }), ['signature', 'event-id', 'inclusion']],
    ['signed by a box', () => capturedBundle({ by: box }), ['signature']],
    [
      "under the province's signature of something else",
      () => capturedBundle({ message: (bytes) => concatBytes(utf8('vuon/event/1\0'), bytes) }),
      ['signature'],
    ],
    ['under another name', () => changed({ eventId: 'urn:uuid:1' }), ['event-id']],
    [
      'named by a hash that is not its own',
      () => capturedBundle({ event: { ...CAPTURED, action: 'ADD' } }),
      ['event-id'],
    ],
    ['that is no event', () => capturedBundle({ event: { eventID: 'x' } }), ['event-id']],
    [
      "told as a farm's",
      () =>
        changed({
          ...{ kind: 'farm-event', agent, epoch: EPOCH, seq: 1, previous: 'none' },
          leaf: { kind: 'farm-event', index: 1, proof: [] },
        }),
      ['signature'],
    ],
  ])('%s does not hold', async (_, make, expected) => {
    expect(await failuresOf(await make())).toEqual(expected)
  })

  test("of a farm's event that is told as captured does not hold", async () => {
    const [event] = honest.events
    const leaf = { ...event?.leaf, kind: 'captured-event' }
    const told = { ...honest, events: [{ ...event, kind: 'captured-event', leaf }] }
    expect(await failuresOf(told)).toEqual(['signature', 'event-id', 'inclusion'])
  })

  test('does not hold with any bit changed', async () => {
    const bundle = await capturedBundle()
    const [event] = bundle.events as unknown as [Record<'signed' | 'signature', string>]
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom('signed' as const, 'signature' as const),
        async (pick, where) => {
          const bytes = fromBase64(event[where])
          const bit = pick % (bytes.length * 8)
          const flipped = toBase64(bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7))))
          expect(await failuresOf(await changed({ [where]: flipped }))).not.toEqual([])
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each([
    ['a kind that nobody knows', { kind: 'photo' }],
    ['a leaf of the other kind', { leaf: { kind: 'farm-event', index: 1, proof: [] } }],
    ['no signature', { signature: undefined }],
  ])('is not opened with %s', async (_, change) => {
    const bundle = await changed(change)
    expect(() => openBundle(bundle)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
  })

  test('of before kinds were written is opened as of farms', async () => {
    const old = { ...honest, events: honest.events.map(({ kind: _, ...event }) => event) }
    expect(await failuresOf(old)).toEqual([])
  })
})
