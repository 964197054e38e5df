import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { photoIn } from '../../../agent/bus/camera-message.ts'
import { MAX_PAYLOAD_BYTES, MAX_PHOTO_MESSAGE_BYTES } from '../../../agent/bus/message-source.ts'
import { freePort, mosquitto } from '../../world/real-services.ts'
import { brokerClient, eventually, hasMosquitto } from './bus-room.ts'
import { CameraRoom } from './camera-room.ts'

const CAMERA = { name: 'camera-b', topic: 'farm/+/photo', plot: '', crop: 'mango', organ: 'leaf' } as const
// What a photo is starts with bytes that no text has; larger than any reading may be.
const PHOTO = Buffer.alloc(MAX_PAYLOAD_BYTES + 50_000, 0x5a)
PHOTO.set([0xff, 0xd8, 0xff, 0xe0])

async function mosquittoBus() {
  const broker = await mosquitto()
  onTestFinished(() => broker.stop())
  return { kind: 'mqtt', name: 'farm', url: broker.url, cameras: [CAMERA], broker }
}

async function ownBus() {
  const port = await freePort()
  return { kind: 'mqtt-broker', name: 'farm', host: '127.0.0.1', port, cameras: [CAMERA] }
}

const brokers = [
  { name: 'the broker in the box', open: ownBus, isHere: true },
  { name: 'mosquitto [needs mosquitto]', open: mosquittoBus, isHere: hasMosquitto },
]

describe.each(brokers.filter(({ isHere }) => isHere))('a camera at $name', ({ open }) => {
  async function started(room = new CameraRoom()) {
    const { broker, ...bus } = { broker: undefined, ...(await open()) } as Awaited<
      ReturnType<typeof mosquittoBus>
    >
    const inputs = await room.start([bus])
    await eventually('all are connected', () => inputs.states().every(({ isUp }) => isUp))
    const url = broker?.url ?? `mqtt://127.0.0.1:${(bus as unknown as { port: number }).port}`
    return { room, bus, url, broker }
  }

  /** A subscription is not there as soon as the connection is: asked until a small one comes through. */
  async function heard(room: CameraRoom, url: string) {
    const node = await brokerClient(url)
    const before = room.faults.length
    while (room.faults.length === before) {
      await node.publishAsync('farm/any/photo', 'hello', { qos: 1 })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    room.faults.length = 0
    return node
  }

  test('is heard in every form in which firmwares send, each byte as it was', async () => {
    const taken: Buffer[] = []
    const { room, url } = await started()
    room.take = async (camera, path) => {
      expect(camera).toMatchObject({ name: 'camera-b', crop: 'mango', organ: 'leaf' })
      taken.push(readFileSync(path))
      return 'kept'
    }
    const node = await heard(room, url)
    const base64 = PHOTO.toString('base64')
    for (const payload of [
      PHOTO,
      base64,
      `data:image/jpeg;base64,${base64}`,
      JSON.stringify({ device: 'máy ảnh 1', width: 640, image: base64 }),
    ])
      await node.publishAsync('farm/b/photo', payload, { qos: 1 })
    await eventually('all four were looked at', () => taken.length >= 4)
    expect(taken.map((each) => each.equals(PHOTO))).toEqual([true, true, true, true])
    expect(room.faults).toEqual([])
    await node.endAsync()
    await room.stop()
  })

  test('hears "got it" when its photo is on disk, not when somebody has time for it; a restart goes on with it', async () => {
    const first = new CameraRoom()
    first.take = () => Promise.reject(new VuonError('vision-busy', 'The box is hot.'))
    const { url } = await started(first)
    const node = await heard(first, url)
    await node.publishAsync('farm/b/photo', PHOTO, { qos: 1 })
    await eventually('it was tried', () => first.faults.some((each) => each.includes('not-kept')))
    await node.endAsync()
    await first.stop()
    const second = new CameraRoom()
    Object.assign(second, { folder: first.folder })
    const taken: Buffer[] = []
    second.take = async (_camera, path) => {
      taken.push(readFileSync(path))
      return 'kept'
    }
    await started(second)
    await eventually('it is looked at', () => taken.length > 0)
    expect(taken[0]?.equals(PHOTO)).toBe(true)
  })

  test('whose messages have no photo, or too much, is told why; readings go on beside it', async () => {
    const { room, url } = await started()
    const node = await heard(room, url)
    const bad = ['', 'no base64 at all', '{"image":"abc"}', '{"n":1}', '{"image":"', 'QUJD']
    for (const payload of bad) await node.publishAsync('farm/b/photo', payload, { qos: 1 })
    await node.publishAsync('farm/b/photo', Buffer.alloc(MAX_PHOTO_MESSAGE_BYTES + 1, 0xff), { qos: 1 })
    await node.publishAsync('zigbee2mqtt/soil', '{"temperature": 21}', { qos: 1 })
    await eventually('the reading came', () => room.readings.length > 0)
    await eventually('all are told', () => room.faults.length === bad.length + 1)
    expect(room.faults.filter((each) => each.startsWith('camera-b message-no-photo'))).toHaveLength(
      bad.length,
    )
    expect(room.faults.filter((each) => each.includes('message-too-large'))).toHaveLength(1)
  })

  test('is not acknowledged when no more may wait, and does not stall the readings', async () => {
    const room = new CameraRoom()
    room.take = () => Promise.reject(new VuonError('vision-busy', 'The box is hot.'))
    const { url } = await started(room)
    const node = await heard(room, url)
    const sensor = await brokerClient(url)
    const small = PHOTO.subarray(0, 2000)
    // Two more than may wait.
    for (let at = 0; at < 52; at++) node.publishAsync('farm/b/photo', small, { qos: 1 }).catch(() => {})
    const isRefused = (each: string) => /^farm not-stored/.test(each)
    await eventually('one was refused', () => room.faults.some(isRefused))
    for (let at = 0; at < 20; at++)
      await sensor.publishAsync(`zigbee2mqtt/soil-${at}`, '{"temperature": 21}', { qos: 1 })
    await eventually('the readings came', () => new Set(room.readings).size === 20)
    expect(room.faults.find(isRefused)).toContain('wait to be looked at')
  })
})

describe.skipIf(!hasMosquitto)('a photo that the broker kept [needs mosquitto]', () => {
  test('is left, for nobody knows when it was taken', async () => {
    const { broker, ...bus } = await mosquittoBus()
    const node = await brokerClient(broker.url)
    await node.publishAsync('farm/b/photo', PHOTO, { qos: 1, retain: true })
    const room = new CameraRoom()
    await room.start([bus])
    await eventually('it is told', () => room.faults.length > 0)
    expect(room.faults).toEqual(['camera-b photo-retained farm/b/photo'])
  })
})

test('bytes that are no text are a photo for the decoder to judge, whatever they are', () => {
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(200)])
  expect(photoIn(png)).toEqual({ photo: png })
  expect(photoIn(Buffer.concat([Buffer.from('{'), Buffer.from([0xff, 0xfe])]))).toMatchObject({
    fault: expect.any(String),
  })
})
