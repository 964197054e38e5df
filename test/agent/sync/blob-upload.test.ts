import { request as httpRequest } from 'node:http'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { MAX_BLOB_PART_BYTES } from '#contract/wire/sync-protocol.ts'
import { type BlobSource, BlobUpload, type BlobUploadOptions } from '../../../agent/sync/blob-upload.ts'
import { FetchLink } from '../../../agent/sync/fetch-link.ts'
import type { Link, LinkAnswer, LinkRequest } from '../../../agent/sync/link.ts'
import { RunningGateway } from '../../gateway/running-gateway.ts'
import { findingOf, findings, hashOf, photoBytes } from '../../gateway/sent-photo.ts'
import type { SignedBox } from '../../gateway/signed-box.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { seededRandom } from '../../world/seeded.ts'

const PHOTO = photoBytes(300_000, 5)
const THUMBNAIL = photoBytes(20_000, 6, 'webp')

/** The photos of a box, thumbnail first. */
class Photos implements BlobSource {
  readonly held: string[] = []
  readonly photos: Map<string, Uint8Array>
  reads: number[] = []
  constructor(...photos: Uint8Array[]) {
    this.photos = new Map(photos.map((bytes) => [hashOf(bytes), bytes]))
  }
  waiting() {
    return [...this.photos]
      .filter(([sha256]) => !this.held.includes(sha256))
      .map(([sha256, { length }]) => ({ sha256, sizeBytes: length }))
  }
  readPart(sha256: string, offset: number, length: number) {
    this.reads.push(length)
    return this.photos.get(sha256)?.subarray(offset, offset + length)
  }
  markHeld(sha256: string) {
    this.held.push(sha256)
  }
}

interface Room {
  readonly province: RunningGateway
  readonly box: SignedBox
  readonly clock: PretendClock
  readonly source: Photos
  readonly direct: (request: LinkRequest) => Promise<LinkAnswer>
  begin(link: Link, change?: Partial<BlobUploadOptions>): BlobUpload
}

async function openRoom(source = new Photos(THUMBNAIL, PHOTO)): Promise<Room> {
  const { province, box } = await RunningGateway.withBox()
  await province.take(findings(box, findingOf({ photo: PHOTO, thumbnail: THUMBNAIL })))
  const clock = new PretendClock(province.nowMs)
  const direct = async ({ method, path, headers, body }: LinkRequest): Promise<LinkAnswer> => {
    const answer = await province.app.inject({
      method,
      url: path,
      ...(headers ? { headers } : {}),
      ...(body ? { payload: Buffer.from(body) } : {}),
    })
    const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(told),
      body: new Uint8Array(answer.rawPayload),
    }
  }
  return {
    ...{ province, box, clock, source, direct },
    begin(link, change = {}) {
      const upload = new BlobUpload({
        ...{ agent: box.agent, key: box.key, link, source, clock, random: seededRandom(1) },
        ...{ isIdle: () => true, retryLongestMs: 60_000 },
        ...change,
      })
      upload.start()
      onTestFinished(async () => {
        const stopped = upload.stop()
        await clock.advance(1)
        await stopped
      })
      return upload
    },
  }
}

const isHeldThere = async ({ direct, province, box }: Room, bytes: Uint8Array): Promise<boolean> => {
  const authorization = `Bearer ${await province.session(box)}`
  const answer = await direct({
    method: 'GET',
    path: `/sync/v1/blobs/${hashOf(bytes)}`,
    headers: { authorization },
  })
  return answer.status === 200 && hashOf(answer.body) === hashOf(bytes)
}

describe('the upload of photos', () => {
  test('sends the thumbnail, then the photo, in parts, and marks each held only when it is there', async () => {
    const room = await openRoom()
    const upload = room.begin({ request: (request) => room.clock.hold(room.direct(request)) })
    await room.clock.advance(10_000)
    expect(room.source.held).toEqual([hashOf(THUMBNAIL), hashOf(PHOTO)])
    expect([await isHeldThere(room, THUMBNAIL), await isHeldThere(room, PHOTO)]).toEqual([true, true])
    expect(Math.max(...room.source.reads)).toBeLessThanOrEqual(MAX_BLOB_PART_BYTES)
    expect(upload.state).toMatchObject({ phase: 'idle', sentBlobs: 2, sentBytes: 320_000, lastError: null })
  })

  test('waits while the line has something better to do, between any two parts', async () => {
    const room = await openRoom()
    let isIdle = false
    let parts = 0
    const request = async (asked: LinkRequest) => {
      if (asked.method === 'PUT' && ++parts === 2) isIdle = false
      return room.clock.hold(room.direct(asked))
    }
    const upload = room.begin({ request }, { isIdle: () => isIdle })
    await room.clock.advance(30_000)
    expect([parts, upload.state.phase]).toEqual([0, 'waiting'])
    isIdle = true
    await room.clock.advance(30_000)
    expect(parts).toBe(2)
    isIdle = true
    await room.clock.advance(30_000)
    expect(room.source.held).toHaveLength(2)
  })

  test('makes its parts small on a slow line, so that an alarm waits seconds and not minutes', async () => {
    const room = await openRoom()
    const slow = async (asked: LinkRequest): Promise<LinkAnswer> => {
      const bits = 8 * (asked.body?.length ?? 100)
      await new Promise<void>((resolve) => room.clock.after((bits / 32_000) * 1000, resolve))
      return room.clock.hold(room.direct(asked))
    }
    room.begin({ request: slow })
    await room.clock.advance(600_000)
    expect(room.source.held).toHaveLength(2)
    expect(Math.max(...room.source.reads)).toBeLessThanOrEqual(32 * 1024)
  })

  test('asks again later for a photo whose finding the province has not read yet', async () => {
    const unnamed = photoBytes(4000, 1)
    const room = await openRoom(new Photos(unnamed, THUMBNAIL))
    room.begin({ request: (request) => room.clock.hold(room.direct(request)) })
    await room.clock.advance(10_000)
    expect(room.source.held).toEqual([hashOf(THUMBNAIL)])
    await room.province.take(
      findings(room.box, findingOf({ photo: unnamed, thumbnail: THUMBNAIL }, { findingId: 'later' })),
    )
    await room.clock.advance(130_000)
    expect(room.source.held).toEqual([hashOf(THUMBNAIL), hashOf(unnamed)])
  })

  test('gives up for a day on a photo that is damaged here, and goes on with the others', async () => {
    const source = new Photos(THUMBNAIL, PHOTO)
    source.photos.set(hashOf(THUMBNAIL), photoBytes(20_000, 99, 'webp'))
    const room = await openRoom(source)
    const upload = room.begin({ request: (request) => room.clock.hold(room.direct(request)) })
    await room.clock.advance(600_000)
    expect(source.held).toEqual([hashOf(PHOTO)])
    expect(upload.state.sentBytes).toBeLessThan(400_000)
  })

  test('lets go of a photo that was erased at the province', async () => {
    const room = await openRoom()
    await room.province.gateway.erasePhoto(hashOf(PHOTO))
    const upload = room.begin({ request: (request) => room.clock.hold(room.direct(request)) })
    await room.clock.advance(10_000)
    expect([room.source.held.length, upload.state.sentBlobs]).toEqual([2, 0])
  })

  test.each([200, 204, 302, 403, 404, 409, 410, 422, 429, 500, 503])(
    'believes no sign-in page of the network that answers %i',
    async (status) => {
      const room = await openRoom()
      const page = new TextEncoder().encode('<html>Wi-Fi: sign in</html>')
      const request = async (asked: LinkRequest): Promise<LinkAnswer> =>
        asked.path.includes('/blobs/')
          ? { status, headers: { 'content-type': 'text/html' }, body: page }
          : room.clock.hold(room.direct(asked))
      room.begin({ request })
      await room.clock.advance(600_000)
      expect(room.source.held).toEqual([])
    },
  )

  test('opens a new session when the province no longer knows the old one', async () => {
    const room = await openRoom()
    let refusals = 0
    const request = async (asked: LinkRequest): Promise<LinkAnswer> => {
      if (asked.method === 'PUT' && refusals++ === 0)
        return room.clock.hold(
          room.direct({ ...asked, headers: { ...asked.headers, authorization: 'Bearer old' } }),
        )
      return room.clock.hold(room.direct(asked))
    }
    room.begin({ request })
    await room.clock.advance(10_000)
    expect(room.source.held).toHaveLength(2)
  })

  test('whatever the link loses, cuts, repeats or takes down: every photo arrives whole, and once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const room = await openRoom()
        const random = seededRandom(seed)
        let [tries, lost] = [0, 0]
        const request = async (asked: LinkRequest): Promise<LinkAnswer> => {
          const fate = ++tries > 300 ? 1 : random()
          await new Promise<void>((resolve) => room.clock.after(20 + random() * 3000, resolve))
          if (fate < 0.2) throw new VuonError('link-down', `the request was lost (${++lost})`)
          const cut =
            fate < 0.4 && asked.body
              ? asked.body.slice(0, Math.floor(random() * asked.body.length))
              : asked.body
          const sent = { ...asked, ...(cut ? { body: cut } : {}) }
          if (fate < 0.5) await room.clock.hold(room.direct(sent))
          const answer = await room.clock.hold(room.direct(sent))
          if (fate > 0.5 && fate < 0.7) throw new VuonError('link-down', `the answer was lost (${++lost})`)
          return answer
        }
        const upload = room.begin({ request })
        for (let minute = 0; minute < 240 && room.source.held.length < 2; minute++)
          await room.clock.advance(60_000)
        expect(room.source.held).toEqual([hashOf(THUMBNAIL), hashOf(PHOTO)])
        expect([await isHeldThere(room, THUMBNAIL), await isHeldThere(room, PHOTO)]).toEqual([true, true])
        expect(upload.state.sentBlobs).toBe(2)
      }),
      { numRuns: 6 },
    )
  })
})

describe('over a real connection', () => {
  test('what arrived of a part that was cut in the middle need not travel again', async () => {
    const room = await openRoom()
    const address = new URL(await room.province.app.listen({ host: '127.0.0.1', port: 0 }))
    const authorization = `Bearer ${await room.province.session(room.box)}`
    await new Promise<void>((resolve) => {
      const cut = httpRequest({
        ...{ host: address.hostname, port: address.port, method: 'PUT' },
        path: `/sync/v1/blobs/${hashOf(PHOTO)}`,
        headers: {
          ...{ authorization, 'content-type': 'application/octet-stream', 'content-length': 100_000 },
          ...{ 'upload-offset': 0, 'upload-length': PHOTO.length },
        },
      })
      cut.on('error', () => {})
      cut.on('close', () => resolve())
      cut.write(PHOTO.subarray(0, 40_000), () => setTimeout(() => cut.destroy(), 100))
    })
    const where = async () => {
      const path = `/sync/v1/blobs/${hashOf(PHOTO)}`
      const answer = await room.direct({ method: 'HEAD', path, headers: { authorization } })
      return Number(answer.headers['upload-offset'])
    }
    let arrived = await where()
    for (let tries = 0; tries < 100 && arrived === 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      arrived = await where()
    }
    expect(arrived).toBeGreaterThan(0)
    expect(arrived).toBeLessThanOrEqual(40_000)
    room.source.held.push(hashOf(THUMBNAIL))
    const upload = new BlobUpload({
      ...{
        agent: room.box.agent,
        key: room.box.key,
        link: new FetchLink(address.origin),
        source: room.source,
      },
      ...{ clock: systemClock, random: Math.random, isIdle: () => true, retryLongestMs: 1000 },
    })
    upload.start()
    while (!room.source.held.includes(hashOf(PHOTO))) await new Promise((resolve) => setTimeout(resolve, 20))
    await upload.stop()
    expect(upload.state.sentBytes).toBe(PHOTO.length - arrived)
    expect(await isHeldThere(room, PHOTO)).toBe(true)
  })
})
