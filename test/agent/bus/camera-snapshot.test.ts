import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  CameraSnapshot,
  type CameraSnapshotOptions,
  takingTurns,
} from '../../../agent/bus/camera-snapshot.ts'
import { authorizationFor } from '../../../agent/bus/http-sign-in.ts'
import { mistakesIn } from '../../world/config-said.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { freePort } from '../../world/real-services.ts'
import { aWhile, eventually } from './bus-room.ts'
import { CameraRoom } from './camera-room.ts'

const PHOTO = Buffer.alloc(300_000, 0x5a)
PHOTO.set([0xff, 0xd8, 0xff, 0xe0])
const ACCOUNT = { username: 'vuon', password: 'pa"ss\\word' }

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A camera on the network of the farm. */
async function camera(answer: Answer): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/capture?user=vuon&pwd=secret`
}

const answersPhoto: Answer = (_request, response) =>
  response.writeHead(200, { 'content-type': 'image/jpeg' }).end(PHOTO)

function open(url: string, options: Partial<CameraSnapshotOptions> = {}) {
  const clock = new PretendClock(Date.UTC(2026, 10, 23))
  const kept: Uint8Array[] = []
  const faults: string[] = []
  const told = Promise.withResolvers<void>()
  let due = (): void => {}
  const snapshot = new CameraSnapshot({
    ...{ url, timeoutMs: 5000, maxBytes: 1_000_000, clock, turn: takingTurns(), newNonce: () => 'c0ffee' },
    schedule: (run) => {
      due = run
      return () => {}
    },
    keep: async (photo) => {
      kept.push(photo)
      told.resolve()
    },
    onFault: (code, detail) => {
      faults.push(`${code} ${detail}`)
      told.resolve()
    },
    ...options,
  })
  onTestFinished(() => snapshot.stop())
  /** It is time for a photo; resolves when it is kept, or there is a fault. */
  const take = async () => {
    await snapshot.start()
    due()
    await told.promise
    return { kept, faults }
  }
  return { snapshot, clock, kept, faults, take, due: () => due() }
}

/** A camera that lets in who answers its challenge, as RFC 7616 has it. */
function withDigest(algorithm: 'MD5' | 'SHA-256', qop: string | undefined): Answer {
  const hash = (text: string) =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')
  return (request, response) => {
    const said = request.headers.authorization ?? ''
    const field = (name: string) => new RegExp(`${name}="?((?:[^"\\\\,]|\\\\.)*)`).exec(said)?.[1] ?? ''
    const [a1, a2] = [hash(`${ACCOUNT.username}:cam:${ACCOUNT.password}`), hash(`GET:${request.url}`)]
    const middle = qop ? `n1:${field('nc')}:${field('cnonce')}:auth` : 'n1'
    if (said.startsWith('Digest ') && field('response') === hash(`${a1}:${middle}:${a2}`)) {
      answersPhoto(request, response)
      return
    }
    const asks = `Basic realm="cam", Digest realm="cam", nonce="n1", ${qop ? `qop="${qop}", ` : ''}algorithm=${algorithm}, opaque="o"`
    response.writeHead(401, { 'www-authenticate': asks }).end('who are you?')
  }
}

describe('a camera that is asked for a photo', () => {
  test('gives it, each byte as it was', async () => {
    const { kept, faults } = await open(await camera(answersPhoto)).take()
    expect([kept.map((each) => PHOTO.equals(each)), faults]).toEqual([[true], []])
  })

  test.each([
    ['MD5', 'auth'],
    ['MD5', 'auth-int, auth'],
    ['MD5', undefined],
    ['SHA-256', 'auth'],
  ] as const)(
    'is signed in at by Digest (%s, qop %s), never sending the password',
    async (algorithm, qop) => {
      const seen: string[] = []
      const answer = withDigest(algorithm, qop)
      const url = await camera((request, response) => {
        seen.push(request.headers.authorization ?? '')
        answer(request, response)
      })
      const { kept } = await open(url, { account: ACCOUNT }).take()
      expect(kept).toHaveLength(1)
      expect(seen.join()).not.toMatch(/Basic|pa.{0,2}ss/)
    },
  )

  test('is signed in at by Basic where it knows nothing else', async () => {
    const expected = `Basic ${Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString('base64')}`
    const url = await camera((request, response) =>
      request.headers.authorization === expected
        ? answersPhoto(request, response)
        : response.writeHead(401, { 'www-authenticate': 'Basic realm="cam"' }).end(),
    )
    expect((await open(url, { account: ACCOUNT }).take()).kept).toHaveLength(1)
  })

  test('by another way to sign in is told, and nothing is guessed', () => {
    const asked = { method: 'GET', uri: '/', cnonce: 'c' }
    for (const challenge of [
      '',
      'Bearer realm="x"',
      'Digest realm="x", nonce="n", algorithm=SHA-512-256',
      '"""=,,= =',
    ])
      expect(authorizationFor(ACCOUNT, { ...asked, challenge })).toBeUndefined()
  })

  test.each<[string, string, Answer, Partial<CameraSnapshotOptions>?]>([
    ['snapshot-denied', 'name and a password', (_request, response) => response.writeHead(401).end()],
    [
      'snapshot-denied',
      'does not take',
      (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="cam"' }).end(),
      { account: ACCOUNT },
    ],
    ['snapshot-refused', '500', (_request, response) => response.writeHead(500).end()],
    [
      'snapshot-refused',
      '302',
      (_request, response) => response.writeHead(302, { location: 'http://elsewhere.example/' }).end(),
    ],
    [
      'snapshot-no-photo',
      'text/html',
      (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>camera</h1>'),
    ],
    [
      'snapshot-no-photo',
      'stream',
      (_request, response) =>
        response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=x' }).write('--x'),
    ],
    ['snapshot-no-photo', 'nothing', (_request, response) => response.writeHead(200).end()],
    [
      'snapshot-too-large',
      '2000000 bytes',
      (_request, response) => response.writeHead(200, { 'content-length': 2_000_000 }).write('x'),
    ],
    [
      'snapshot-too-large',
      'more than',
      (_request, response) => {
        const more = () =>
          void (response.write(Buffer.alloc(60_000)) ? setImmediate(more) : response.once('drain', more))
        response.writeHead(200)
        more()
      },
    ],
    ['snapshot-unreachable', '', (request) => request.socket.destroy()],
  ])('is told as %s: %s', async (code, detail, answer, options) => {
    const { kept, faults } = await open(await camera(answer), options).take()
    expect(kept).toEqual([])
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(new RegExp(`^${code} .*${detail}`))
    // Cameras take passwords in their address.
    expect(faults[0]).not.toContain('secret')
  })

  test('that is not there is told', async () => {
    const { faults } = await open(`http://127.0.0.1:${await freePort()}/capture`).take()
    expect(faults[0]).toMatch(/^snapshot-unreachable .*ECONNREFUSED/)
  })

  test.each([
    ['says nothing', () => {}],
    [
      'stops in the middle',
      (_request: IncomingMessage, response: ServerResponse) =>
        void response.writeHead(200).write(PHOTO.subarray(0, 999)),
    ],
  ])('and %s is given up in time, its connection closed', async (_what, answer) => {
    const [asked, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const url = await camera((request, response) => {
      request.socket.once('close', () => closed.resolve())
      answer(request, response)
      asked.resolve()
    })
    const opened = open(url)
    const taken = opened.take()
    await asked.promise
    await opened.clock.advance(6000)
    expect((await taken).faults[0]).toMatch(/^snapshot-slow .*5 s/)
    await closed.promise
  })

  test('is left alone while its last photo is on its way, and the one that is left out is told', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    const opened = open(await camera((_request, response) => asked.resolve(response)), { timeoutMs: 120_000 })
    await opened.snapshot.start()
    opened.due()
    const response = await asked.promise
    await opened.clock.advance(60_000)
    opened.due()
    expect(opened.faults).toEqual([expect.stringMatching(/^snapshot-missed/)])
    response.writeHead(200).end(PHOTO)
    await eventually('the first one is kept', () => opened.kept.length === 1)
  })

  test('is asked once, however often a clock that was set makes it due', async () => {
    let count = 0
    const url = await camera((request, response) => {
      count++
      answersPhoto(request, response)
    })
    const opened = open(url)
    await opened.take()
    await eventually('it rests', () => opened.snapshot.state().isUp)
    for (let at = 0; at < 50; at++) opened.due()
    await aWhile(50)
    expect([count, opened.faults]).toEqual([1, []])
    await opened.clock.advance(60_000)
    opened.due()
    await eventually('it is asked again', () => count === 2)
  })

  test('takes turns with the others: one photo at a time on the line', async () => {
    const turn = takingTurns()
    let [now, most] = [0, 0]
    const slow: Answer = (request, response) => {
      most = Math.max(most, ++now)
      setTimeout(() => {
        now--
        answersPhoto(request, response)
      }, 30)
    }
    const cameras = await Promise.all([1, 2, 3].map(async () => open(await camera(slow), { turn })))
    const all = await Promise.all(cameras.map((each) => each.take()))
    expect([most, all.map(({ kept }) => kept.length)]).toEqual([1, [1, 1, 1]])
  })
})

describe('in the configuration', () => {
  const said = (keys: string) => mistakesIn(`buses: [{ kind: camera-http, name: c, ${keys} }]\n`)

  test('a camera is asked at the times of its schedule, in its zone, and its photo waits on disk to be looked at', async () => {
    const room = new CameraRoom()
    const taken: Buffer[] = []
    room.take = async (view, path) => {
      expect(view).toMatchObject({ name: 'camera c', organ: 'stem' })
      taken.push(readFileSync(path))
      return 'kept'
    }
    const url = await camera(answersPhoto)
    const inputs = await room.start([
      { kind: 'camera-http', name: 'camera c', url, schedule: '*/30 6-17 * * *', organ: 'stem' },
    ])
    expect([...room.due.keys()]).toEqual(['*/30 6-17 * * * Asia/Ho_Chi_Minh'])
    room.due.get('*/30 6-17 * * * Asia/Ho_Chi_Minh')?.()
    await eventually('it is looked at', () => taken.length === 1)
    expect(taken[0]?.equals(PHOTO)).toBe(true)
    expect(inputs.states()).toMatchObject([{ name: 'camera c', kind: 'camera-http', isUp: true }])
    expect(JSON.stringify(inputs.states())).not.toContain('secret')
    await room.stop()
    expect(room.due.size).toBe(0)
  })

  test('mistakes are named with what would be right', () => {
    expect(said('url: http://10.0.0.7/capture')).toEqual([])
    expect(said('url: http://admin:pw@10.0.0.7/capture')[0]?.key).toBe('buses[0].url')
    expect(said('url: rtsp://10.0.0.7/1')[0]?.key).toBe('buses[0].url')
    expect(said('url: http://10.0.0.7/c, schedule: often')[0]?.remedy).toContain('five fields')
    expect(said('url: http://10.0.0.7/c, timeZone: Hanoi')[0]?.remedy).toContain('Asia/Ho_Chi_Minh')
    expect(said('url: http://10.0.0.7/c, username: a')[0]).toMatchObject({ key: 'buses[0].username' })
    expect(said('url: http://10.0.0.7/c, plot: nowhere')[0]?.key).toBe('buses[0].plot')
  })

  test('cameras of a broker need names of their own and topics that are some', () => {
    const cameras = (list: string) =>
      mistakesIn(`buses: [{ kind: mqtt-broker, name: b, cameras: [${list}] }]\n`)
    expect(cameras('{ name: a, topic: x/a }, { name: c, topic: x/+ }')).toEqual([])
    expect(cameras('{ name: b, topic: x/a }')[0]?.key).toBe('buses[0].cameras[0].name')
    expect(cameras('{ name: a, topic: x/#/a }')[0]?.key).toBe('buses[0].cameras[0].topic')
    expect(cameras('{ name: a, topic: x, plot: p }')[0]?.key).toBe('buses[0].cameras[0].plot')
  })
})
