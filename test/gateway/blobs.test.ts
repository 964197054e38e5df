import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_BLOB_PART_BYTES } from '#contract/wire/sync-protocol.ts'
import type { Viewer } from '../../gateway/accounts/viewer.ts'
import { findingsOfFarm, photoFor } from '../../gateway/insight/findings.ts'
import { BlobStore } from '../../gateway/store/blob-store.ts'
import { temporaryFolder } from './province-store.ts'
import { EVERYTHING, expectProblem, FARM, RunningGateway } from './running-gateway.ts'
import { findingOf, findings, hashOf, photoBytes } from './sent-photo.ts'
import { DAY, SignedBox } from './signed-box.ts'

const PHOTO = photoBytes(5000)
const THUMBNAIL = photoBytes(800, 9, 'webp')

class Sender {
  readonly province: RunningGateway
  readonly box: SignedBox
  token = ''

  constructor(province: RunningGateway, box: SignedBox) {
    this.province = province
    this.box = box
  }

  static async open(
    config: Parameters<typeof RunningGateway.open>[0] = {},
    names = { photo: PHOTO, thumbnail: THUMBNAIL },
  ) {
    const province = await RunningGateway.open(config)
    await province.addFarm()
    const sender = await Sender.enrol(province, new SignedBox())
    await province.take(findings(sender.box, findingOf(names)))
    return sender
  }

  static async enrol(province: RunningGateway, box: SignedBox, farmId = FARM): Promise<Sender> {
    await province.enrol(box, farmId)
    const sender = new Sender(province, box)
    sender.token = await province.session(box)
    return sender
  }

  put(
    bytes: Uint8Array,
    offset: number,
    options: { whole?: Uint8Array; length?: number; token?: string } = {},
  ) {
    const whole = options.whole ?? PHOTO
    return this.province.app.inject({
      method: 'PUT',
      url: `/sync/v1/blobs/${hashOf(whole)}`,
      headers: {
        authorization: `Bearer ${options.token ?? this.token}`,
        'content-type': 'application/octet-stream',
        'upload-offset': String(offset),
        'upload-length': String(options.length ?? whole.length),
      },
      payload: Buffer.from(bytes),
    })
  }

  ask(method: 'HEAD' | 'GET', whole = PHOTO) {
    return this.province.app.inject({
      method,
      url: `/sync/v1/blobs/${hashOf(whole)}`,
      headers: { authorization: `Bearer ${this.token}` },
    })
  }
}

const whereOf = (answer: { headers: Record<string, unknown> }) => [
  answer.headers['upload-offset'],
  answer.headers['upload-complete'],
]

describe('a photo of a box', () => {
  test('is taken in parts, counts when its hash is checked, and is given back to the farm', async () => {
    const sender = await Sender.open()
    expect(whereOf(await sender.ask('HEAD'))).toEqual(['0', '?0'])
    const first = await sender.put(PHOTO.subarray(0, 2000), 0)
    expect([first.statusCode, ...whereOf(first)]).toEqual([200, '2000', '?0'])
    expect(whereOf(await sender.ask('HEAD'))).toEqual(['2000', '?0'])
    expectProblem(await sender.ask('GET'), 'not-found')
    expect(whereOf(await sender.put(PHOTO.subarray(2000), 2000))).toEqual(['5000', '?1'])
    expect(whereOf(await sender.ask('HEAD'))).toEqual(['5000', '?1'])
    const got = await sender.ask('GET')
    expect([got.headers['content-type'], hashOf(got.rawPayload)]).toEqual(['image/jpeg', hashOf(PHOTO)])
    // Sent once more (the answer was lost): nothing changes.
    expect(whereOf(await sender.put(PHOTO.subarray(2000), 2000))).toEqual(['5000', '?1'])
  })

  test('goes on where it ended, and says where that is', async () => {
    const sender = await Sender.open()
    await sender.put(PHOTO.subarray(0, 3000), 0)
    for (const offset of [0, 2999, 3001, 5000]) {
      const answer = await sender.put(PHOTO.subarray(0, 10), offset)
      expectProblem(answer, 'blob-offset-wrong')
      expect(whereOf(answer)).toEqual(['3000', '?0'])
    }
  })

  test('is not taken when no finding of this box names it', async () => {
    const sender = await Sender.open()
    const other = photoBytes(500, 3)
    expectProblem(await sender.put(other, 0, { whole: other }), 'not-found')
    expect((await sender.ask('HEAD', other)).statusCode).toBe(404)
    const neighbour = await Sender.enrol(sender.province, new SignedBox(2))
    expectProblem(await neighbour.put(PHOTO, 0), 'not-found')
  })

  test('needs a session of a box that is not suspended', async () => {
    const sender = await Sender.open()
    expectProblem(await sender.put(PHOTO, 0, { token: 'x' }), 'session-required')
    await sender.province.gateway.decide([{ kind: 'suspension', agent: sender.box.agent, reason: 'test' }])
    expectProblem(await sender.put(PHOTO, 0), 'agent-suspended')
  })

  test('is given to a box of the same farm, and to no other', async () => {
    const sender = await Sender.open()
    await sender.put(PHOTO, 0)
    const replacement = await Sender.enrol(sender.province, new SignedBox(2))
    expect((await replacement.ask('GET')).statusCode).toBe(200)
    await sender.province.addFarm('f-2', 'Vườn Chín')
    const stranger = await Sender.enrol(sender.province, new SignedBox(3), 'f-2')
    expectProblem(await stranger.ask('GET'), 'not-found')
    // Naming the hash in a finding of its own gets it nothing: it would have to have the bytes.
    await sender.province.take(findings(stranger.box, findingOf({ photo: PHOTO, thumbnail: THUMBNAIL })))
    expectProblem(await stranger.ask('GET'), 'not-found')
    expect(whereOf(await stranger.ask('HEAD'))).toEqual(['0', '?0'])
  })

  test('whose bytes are not what the hash says is dropped, and begins again', async () => {
    const sender = await Sender.open()
    const wrong = photoBytes(5000, 8)
    expectProblem(await sender.put(wrong, 0), 'blob-mismatch')
    expect(whereOf(await sender.ask('HEAD'))).toEqual(['0', '?0'])
    expect(whereOf(await sender.put(PHOTO, 0))).toEqual(['5000', '?1'])
  })

  test('is refused when it is no JPEG or WebP, as soon as its first bytes are here', async () => {
    const page = new TextEncoder().encode('<!doctype html><script>alert(1)</script>')
    const sender = await Sender.open({}, { photo: page, thumbnail: THUMBNAIL })
    expectProblem(await sender.put(page.subarray(0, 20), 0, { whole: page }), 'blob-mismatch')
    expect(whereOf(await sender.ask('HEAD', page))).toEqual(['0', '?0'])
  })

  test('has the size that its finding states, in parts of a bounded size', async () => {
    const large = photoBytes(MAX_BLOB_PART_BYTES * 2)
    const sender = await Sender.open({}, { photo: large, thumbnail: THUMBNAIL })
    expectProblem(
      await sender.put(large.subarray(0, MAX_BLOB_PART_BYTES + 1), 0, { whole: large }),
      'batch-too-large',
    )
    expectProblem(await sender.put(PHOTO, 0, { whole: large, length: PHOTO.length }), 'blob-mismatch')
    await sender.put(large.subarray(0, MAX_BLOB_PART_BYTES), 0, { whole: large })
    await sender.put(large.subarray(MAX_BLOB_PART_BYTES, -10), MAX_BLOB_PART_BYTES, { whole: large })
    expectProblem(
      await sender.put(large.subarray(0, 11), large.length - 10, { whole: large }),
      'blob-mismatch',
    )
    expect(whereOf(await sender.put(large.subarray(-10), large.length - 10, { whole: large }))[1]).toBe('?1')
  })

  test('waits for tomorrow when its box has sent as much as it may today', async () => {
    const big = photoBytes(200_000)
    const config = { photos: { perBoxPerDayMb: 1 } }
    const sender = await Sender.open({ config }, { photo: big, thumbnail: THUMBNAIL })
    for (let round = 0; round < 5; round++) {
      const answer = await sender.put(big.subarray(0, 199_999), 0, { whole: big })
      expect(answer.statusCode, answer.body).toBe(200)
      // Begins again, as a hostile box would: what came has come.
      new BlobStore(join(sender.province.gateway.config.dataDir, 'blobs'), () => 0).drop(
        sender.box.agent,
        hashOf(big),
      )
    }
    const refused = await sender.put(big.subarray(0, 199_999), 0, { whole: big })
    expect(refused.statusCode).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3600)
    const small = await sender.put(THUMBNAIL.subarray(0, 4), 0, { whole: THUMBNAIL })
    expect(small.statusCode).toBe(200)
    sender.province.advance(86_400_000)
    sender.token = await sender.province.session(sender.box)
    expect((await sender.put(big.subarray(0, 1000), 0, { whole: big })).statusCode).toBe(200)
  })

  test('erased: the finding stays, the photo is gone from every door and is not taken again', async () => {
    const sender = await Sender.open()
    await sender.put(PHOTO, 0)
    await sender.put(THUMBNAIL, 0, { whole: THUMBNAIL })
    const { gateway } = sender.province
    const before = await sender.province.rows('SELECT * FROM finding')
    expect(await gateway.erasePhoto(hashOf(THUMBNAIL))).toBe(2)
    expect(await sender.province.rows('SELECT * FROM finding')).toEqual(before)
    expectProblem(await sender.ask('GET'), 'blob-erased')
    expectProblem(await sender.put(PHOTO, 0), 'blob-erased')
    expect((await sender.ask('HEAD')).headers['upload-erased']).toBe('?1')
    const blobs = new BlobStore(join(gateway.config.dataDir, 'blobs'), () => 0)
    expect(await photoFor(gateway.db, blobs, EVERYTHING, hashOf(PHOTO))).toBe('erased')
    const [card] = (await findingsOfFarm(gateway.db, blobs, EVERYTHING, FARM, 10)) ?? []
    expect(card).toMatchObject({
      photo: { state: 'erased' },
      thumbnail: { state: 'erased' },
      abstained: 'uncertain',
    })
    await gateway.rebuild()
    expect(await sender.province.rows('SELECT * FROM finding')).toEqual(before)
    expectProblem(await sender.ask('GET'), 'blob-erased')
  })

  test('whatever parts come, in whatever order, how often: what counts is the photo, whole', async () => {
    const sender = await Sender.open()
    const part = fc.record({
      offset: fc.nat(5200),
      length: fc.integer({ min: 0, max: 3000 }),
      isDamaged: fc.boolean(),
    })
    const folder = join(sender.province.gateway.config.dataDir, 'blobs')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
        for (const { offset, length, isDamaged } of parts) {
          const bytes = PHOTO.slice(offset, offset + length)
          if (isDamaged && bytes.length > 0) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
          const answer = await sender.put(bytes, offset)
          expect([200, 409, 422]).toContain(answer.statusCode)
        }
        const got = await sender.ask('GET')
        if (got.statusCode === 200) expect(hashOf(got.rawPayload)).toBe(hashOf(PHOTO))
        for (let tries = 0; tries < 3; tries++) {
          const [offset, isComplete] = whereOf(await sender.ask('HEAD'))
          if (isComplete === '?1') break
          await sender.put(PHOTO.subarray(Number(offset)), Number(offset))
        }
        expect(whereOf(await sender.ask('HEAD'))).toEqual(['5000', '?1'])
        // And from the beginning for the next run.
        const store = new BlobStore(folder, () => 0)
        expect(hashOf(store.read(sender.box.agent, hashOf(PHOTO)) ?? new Uint8Array())).toBe(hashOf(PHOTO))
        rmSync(join(folder, sender.box.agent, hashOf(PHOTO)))
      }),
      { numRuns: 25 },
    )
  })
})

describe('the blob store', () => {
  test('sweeps a partial that nobody went on with for a week, and keeps few of one owner', () => {
    const folder = temporaryFolder()
    let nowMs = Date.now()
    const store = new BlobStore(folder, () => nowMs)
    store.open()
    const hash = (digit: number) => digit.toString(16).repeat(64)
    for (let digit = 1; digit <= 6; digit++) {
      store.append('box-1', hash(digit), 0, PHOTO)
      const at = nowMs / 1000 - 100 + digit
      utimesSync(join(folder, 'partial', `box-1.${hash(digit)}`), at, at)
    }
    store.append('box-2', hash(1), 0, PHOTO)
    expect(readdirSync(join(folder, 'partial'))).toHaveLength(5)
    expect(store.state('box-1', hash(1)).kind).toBe('absent')
    nowMs += 8 * 86_400_000
    new BlobStore(folder, () => nowMs).open()
    expect(readdirSync(join(folder, 'partial'))).toEqual([])
  })

  test('takes no name that leads out of its folder', () => {
    const store = new BlobStore(temporaryFolder(), () => 0)
    store.open()
    for (const owner of ['..', 'partial', 'a/b', '', '.'])
      expect(() => store.append(owner, 'a'.repeat(64), 0, PHOTO)).toThrow(RangeError)
    expect(() => store.state('box', '../../etc/passwd')).toThrow(RangeError)
    expect(existsSync('/etc/passwd.erased')).toBe(false)
  })
})

describe('findings', () => {
  const blobsOf = (province: RunningGateway) =>
    new BlobStore(join(province.gateway.config.dataDir, 'blobs'), () => 0)

  test('of a farm are shown to who may see it, newest first, with what of the photo is here', async () => {
    const sender = await Sender.open()
    const { province, box } = sender
    await province.take(
      findings(
        box,
        findingOf(
          { photo: photoBytes(900, 1), thumbnail: photoBytes(90, 2, 'webp') },
          { findingId: 'find-2', at: DAY + 5000, organ: 'leaf' },
        ),
      ),
    )
    await province.take(
      box.records({ kind: 'plot', plot: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1 }),
    )
    await sender.put(THUMBNAIL, 0, { whole: THUMBNAIL })
    const cards = await findingsOfFarm(province.gateway.db, blobsOf(province), EVERYTHING, FARM, 10)
    expect(
      cards?.map(({ findingId, plotName, photo, thumbnail }) => [
        findingId,
        plotName,
        photo.state,
        thumbnail.state,
      ]),
    ).toEqual([
      ['find-2', 'Lô A', 'coming', 'coming'],
      ['find-1', 'Lô A', 'coming', 'here'],
    ])
  })

  test('and photos of another farm do not exist for a viewer', async () => {
    const sender = await Sender.open()
    await sender.put(PHOTO, 0)
    const { gateway } = sender.province
    const other: Viewer = {
      kind: 'person',
      personId: 'p',
      name: 'x',
      role: 'agronomist',
      farmIds: ['f-2'],
      language: 'vi',
    }
    for (const viewer of [other, { kind: 'public' } as const]) {
      expect(await findingsOfFarm(gateway.db, blobsOf(sender.province), viewer, FARM, 10)).toBeNull()
      expect(await photoFor(gateway.db, blobsOf(sender.province), viewer, hashOf(PHOTO))).toBeNull()
    }
    const answer = await sender.province.app.inject(`/api/v1/photos/${hashOf(PHOTO)}`)
    expectProblem(answer, 'session-required')
    expectProblem(await sender.province.app.inject(`/api/v1/farms/${FARM}/findings`), 'session-required')
  })

  test('are the same from the live stream, from a rebuild, and in any order of arrival', async () => {
    const forwards = await Sender.open()
    const backwards = await Sender.open()
    const later = findingOf(
      { photo: PHOTO, thumbnail: THUMBNAIL },
      { verdict: 'stem_rot', abstained: null, labels: [{ label: 'stem_rot', probability: 0.9 }] },
    )
    const batches = (box: SignedBox) => [
      findings(box, {
        ...findingOf({ photo: PHOTO, thumbnail: THUMBNAIL }, { findingId: 'twice' }),
        t: DAY + 1,
      }),
      findings(box, { ...later, findingId: 'twice', t: DAY + 2 }),
    ]
    for (const batch of batches(forwards.box)) await forwards.province.take(batch)
    for (const batch of batches(backwards.box).reverse()) await backwards.province.take(batch)
    const rows = (sender: Sender) => sender.province.rows('SELECT * FROM finding ORDER BY finding_id')
    expect(await rows(backwards)).toEqual(await rows(forwards))
    expect((await rows(forwards)).map((row) => row['verdict'])).toEqual([null, 'stem_rot'])
    const live = await rows(forwards)
    await forwards.province.gateway.rebuild()
    expect(await rows(forwards)).toEqual(live)
  })

  test('that do not make sense are counted, kept in the log, and shown nowhere', async () => {
    const { province, box } = await Sender.open()
    const good = findingOf({ photo: PHOTO, thumbnail: THUMBNAIL }, { findingId: 'bad' })
    const bad = [
      { ...good, photo: { ...good.photo, sha256: new Uint8Array(31) } },
      { ...good, lesionShare: 7 },
      { ...good, at: 8.7e15 },
      { ...good, labels: 'many' },
      { ...good, findingId: '' },
      { kind: 'finding' },
    ]
    await province.take(findings(box, ...bad))
    expect(await province.rows(`SELECT count(*) AS n FROM unknown_entry WHERE lane = 'finding'`)).toEqual([
      { n: bad.length },
    ])
    expect(await province.rows(`SELECT finding_id FROM finding WHERE finding_id = 'bad'`)).toEqual([])
  })

  test('in the record lane are not findings, and records in the finding lane are not records', async () => {
    const { province, box } = await Sender.open()
    const entry = findingOf({ photo: PHOTO, thumbnail: THUMBNAIL }, { findingId: 'astray' })
    await province.take(box.records(entry as unknown as Record<string, unknown> & { kind: string }))
    await province.take(findings(box, { kind: 'plot', plot: 'astray', name: 'x', crop: 'x', areaHa: 1 }))
    expect(await province.rows(`SELECT 1 FROM finding WHERE finding_id = 'astray'`)).toEqual([])
    expect(await province.rows(`SELECT 1 FROM plot WHERE plot = 'astray'`)).toEqual([])
  })
})
