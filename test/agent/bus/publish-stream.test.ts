import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { MAX_PAYLOAD_BYTES } from '../../../agent/bus/message-source.ts'
import type { MqttVersion } from '../../../agent/bus/mqtt-connection.ts'
import { PublishStream } from '../../../agent/bus/publish-stream.ts'

const OPTIONS = { clock: systemClock }

/** MQTT 3.1.1 §2.2: type and flags, how much follows, and that. */
function packet(first: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const length: number[] = []
  for (let left = body.length; length.length === 0 || left > 0; left = Math.floor(left / 128))
    length.push((left % 128) + (left >= 128 ? 128 : 0))
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

const word = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const name = (text: string): Buffer => Buffer.concat([word(Buffer.byteLength(text)), Buffer.from(text)])

const CONNACK = packet(0x20, Buffer.from([0, 0, 0]))
const PINGRESP = packet(0xd0)
// Message expiry, 60 s.
const EXPIRY = Buffer.from([5, 2, 0, 0, 0, 60])
const NONE = Buffer.from([0])
const SOIL = packet(0x32, name('vườn/soil'), word(7), EXPIRY, '{"moisture":31}')
const AGAIN_AND_RETAINED = packet(0x3b, name('farm/air'), word(515), NONE, '29.5')
const AT_QOS_0 = packet(0x30, name('farm/rain'), NONE)
const AT_QOS_2 = packet(0x34, name('farm/twice'), word(9), NONE, '2')
const LONG = packet(0x32, name('farm/long'), word(8), NONE, 'x'.repeat(20_000))

/** What comes out on either side when these pieces come in. */
function through(pieces: readonly Buffer[], version: MqttVersion = 5) {
  const broker = new PassThrough()
  const published: [string, string, number, number, boolean, boolean][] = []
  const stream = new PublishStream(
    broker,
    version,
    (publish) => {
      const { topic, payload, sizeBytes, messageId, isRetained, isSentAgain } = publish
      const text = Buffer.from(payload).toString()
      published.push([topic, text, sizeBytes, messageId, isRetained, isSentAgain])
    },
    OPTIONS,
  )
  // What comes in goes through within the same turn.
  for (const piece of pieces) broker.emit('data', piece)
  const passed: Buffer[] = []
  for (let bytes = stream.read(); bytes !== null; bytes = stream.read()) passed.push(bytes)
  return { published, passed: Buffer.concat(passed).toString('hex') }
}

const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

describe('PUBLISH packets are taken out of a stream', () => {
  it('with what they say, and the rest goes on in its order', () => {
    expect(through([CONNACK, SOIL, AGAIN_AND_RETAINED, AT_QOS_0, AT_QOS_2, PINGRESP])).toEqual({
      published: [
        ['vườn/soil', '{"moisture":31}', 15, 7, false, false],
        ['farm/air', '29.5', 4, 515, true, true],
        ['farm/rain', '', 0, 0, false, false],
      ],
      passed: Buffer.concat([CONNACK, AT_QOS_2, PINGRESP]).toString('hex'),
    })
  })

  it('in MQTT 3.1.1 too, which puts nothing between id and payload', () => {
    const plain = packet(0x32, name('farm/soil'), word(1), '31.2')
    expect(through([plain], 4).published).toEqual([['farm/soil', '31.2', 4, 1, false, false]])
  })

  it('wherever the network cuts it', () => {
    const whole = Buffer.concat([CONNACK, SOIL, LONG, PINGRESP, AT_QOS_2, AGAIN_AND_RETAINED, AT_QOS_0, SOIL])
    const expected = through([whole])
    expect(expected.published).toHaveLength(5)
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 30 }), (places) => {
        expect(through(cutAt(whole, places))).toEqual(expected)
      }),
      { numRuns: 200 },
    )
    const short = Buffer.concat([CONNACK, SOIL, PINGRESP, AT_QOS_2, AT_QOS_0])
    expect(through([...short].map((byte) => Buffer.from([byte])))).toEqual(through([short]))
  })

  it('and what is too large is told and passed over, without being held', () => {
    const huge = packet(0x32, name('farm/huge'), word(3), NONE, Buffer.alloc(MAX_PAYLOAD_BYTES + 200_000))
    const stream = Buffer.concat([SOIL, huge, SOIL])
    const pieces = Array.from({ length: Math.ceil(stream.length / 1000) }, (_, index) =>
      stream.subarray(index * 1000, (index + 1) * 1000),
    )
    expect(through(pieces).published.map(([topic, text, size, id]) => [topic, text, size, id])).toEqual([
      ['vườn/soil', '{"moisture":31}', 15, 7],
      // With the byte that says that MQTT 5 has nothing to add: what is not read whole is not taken apart.
      ['farm/huge', '', MAX_PAYLOAD_BYTES + 200_001, 3],
      ['vườn/soil', '{"moisture":31}', 15, 7],
    ])
  })

  it.each([
    ['a topic alias that nobody offered', packet(0x30, name(''), NONE, '1')],
    ['a topic that goes on after the end', packet(0x30, word(50), 'farm')],
    ['an id of zero', packet(0x32, name('farm/a'), word(0), NONE, '1')],
    ['no room for its id', packet(0x32, name('farm/a'), Buffer.from([1]))],
    ['properties that go on after the end', packet(0x30, name('farm/a'), Buffer.from([9]), '1')],
    ['a quality of service of three', packet(0x36, name('farm/a'), word(1), NONE, '1')],
  ])('but one with %s is left to mqtt.js, and the next is found', (_what, broken) => {
    expect(through([broken, AT_QOS_0])).toEqual({
      published: [['farm/rain', '', 0, 0, false, false]],
      passed: broken.toString('hex'),
    })
  })

  it('and noise makes it neither throw nor depend on how it is cut', () => {
    const noise = fc.uint8Array({ minLength: 1, maxLength: 400 })
    fc.assert(
      fc.property(noise, fc.array(fc.nat(400), { maxLength: 8 }), (bytes, places) => {
        const whole = Buffer.from(bytes)
        expect(through(cutAt(whole, places))).toEqual(through([whole]))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('messages that come one by one and often', () => {
  /** Writes one each few milliseconds; tells what came, and with how many looks. */
  async function trickle(count: number) {
    const broker = new PassThrough()
    const ids: number[] = []
    let looks = 0
    broker.prependListener('data', () => looks++)
    const stream = new PublishStream(broker, 5, ({ messageId }) => ids.push(messageId), OPTIONS)
    for (let id = 1; id <= count; id++) {
      broker.write(packet(0x32, name('farm/soil'), word(id), NONE, '31'))
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
    await vi.waitFor(() => expect(ids).toHaveLength(count), { timeout: 5000, interval: 10 })
    stream.destroy()
    return { ids, looks }
  }

  it('are taken together, each once and in their order', async () => {
    const { ids, looks } = await trickle(100)
    expect(ids).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect(looks).toBeLessThan(50)
  })

  it('wait for as long as they are held', async () => {
    let atHold = 0
    const seen: number[] = []
    const broker = new PassThrough()
    const stream = new PublishStream(broker, 5, ({ messageId }) => seen.push(messageId), OPTIONS)
    for (let id = 1; id <= 60; id++) {
      broker.write(packet(0x32, name('farm/soil'), word(id), NONE, '31'))
      if (id === 20) {
        stream.hold()
        atHold = seen.length
      }
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
    expect(seen).toHaveLength(atHold)
    stream.goOn()
    await vi.waitFor(() => expect(seen).toHaveLength(60), { timeout: 5000, interval: 10 })
    expect(seen).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
    stream.destroy()
  })
})
