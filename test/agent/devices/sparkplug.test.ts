import { describe, expect, test } from 'vitest'
import { toBase64 } from '#contract/ground/bytes.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { decodeAs } from '../../../agent/devices/decode-as.ts'
import type { DecodeResult } from '../../../agent/devices/observation.ts'
import { SparkplugDecoder } from '../../../agent/devices/sparkplug/decoder.ts'
import { hostPresence } from '../../../agent/devices/sparkplug/host-state.ts'
import { readPayload } from '../../../agent/devices/sparkplug/wire-payload.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import {
  DATATYPE,
  engUnit,
  metric,
  NOON_MS,
  payloadBytes,
  quality,
  SparkplugNode,
} from '../../world/sparkplug-node.ts'

const said = ({ readings }: DecodeResult) =>
  readings.map(({ device, channel, quantity, value, unit }) => [device, channel, quantity, value, unit])
const codes = ({ errors }: DecodeResult) => errors.map(({ code }) => code)

/** A decoder that may ask, and what it asked. */
function asking({ reorderMs = 0 } = {}) {
  const clock = new PretendClock(NOON_MS)
  const asked: { topic: string; payload: Uint8Array }[] = []
  const publish = (topic: string, payload: Uint8Array) => void asked.push({ topic, payload })
  return { clock, asked, decoder: new SparkplugDecoder({ rebirth: { clock, publish, reorderMs } }) }
}

describe('births and data', () => {
  test('names, aliases and units of a birth explain the data that follow', () => {
    const node = new SparkplugNode('orchard', 'shed')
    const decoder = new SparkplugDecoder()
    const born = decoder.decode(
      node.birth([metric('Supply Voltage', 'Float', 12.3, { alias: 1, timestamp: NOON_MS })]),
    )
    expect(said(born)).toEqual([['shed', '', 'voltage', 12.3, 'V']])
    expect(born.deviceSeen).toEqual({ id: 'shed', availability: 'online' })
    const device = decoder.decode(
      node.deviceBirth('bed-1', [
        metric('Soil/Moisture', 'Double', 31.5, { alias: 2 }),
        metric('Soil/Temperature', 'Int16', -4, { alias: 3, ...engUnit('°C') }),
        metric('Air Temperature', 'Float', 86, { alias: 4, ...engUnit('°F') }),
        metric('Pump/Running', 'Boolean', true, { alias: 5 }),
      ]),
    )
    expect(said(device)).toEqual([
      ['shed/bed-1', '', 'soil-moisture', 31.5, '%'],
      ['shed/bed-1', '', 'soil-temperature', -4, 'Cel'],
      ['shed/bed-1', '', 'air-temperature', 30, 'Cel'],
      ['shed/bed-1', 'running', 'switch', 1, '1'],
    ])
    const data = decoder.decode(
      node.data('bed-1', [
        { alias: 4, floatValue: 59, timestamp: NOON_MS + 1000 },
        { alias: 3, intValue: 2 ** 32 - 7 },
        { name: 'Soil/Moisture', doubleValue: 30.25 },
      ]),
    )
    expect(said(data)).toEqual([
      ['shed/bed-1', '', 'air-temperature', 15, 'Cel'],
      ['shed/bed-1', '', 'soil-temperature', -7, 'Cel'],
      ['shed/bed-1', '', 'soil-moisture', 30.25, '%'],
    ])
    expect(data.readings.map(({ sourceTimeMs }) => sourceTimeMs)).toEqual([NOON_MS + 1000, NOON_MS, NOON_MS])
    expect(data.errors).toEqual([])
  })

  test.each([
    ['Int8', 0xffffff_80, -128],
    ['Int8', 0x80, -128],
    ['Int8', 127, 127],
    ['Int16', 0xffff8000, -32768],
    ['Int16', 0xffff, -1],
    ['Int32', 0xffffffff, -1],
    ['UInt8', 255, 255],
    ['UInt16', 65535, 65535],
    ['UInt32', 4294967295, 4294967295],
  ] as const)('%s %i is %i', (datatype, intValue, expected) => {
    expect(powerOf({ datatype: DATATYPE[datatype], intValue })).toEqual([expected])
  })

  test.each([
    ['Int64', '18446744073709551615', -1],
    ['Int64', '5', 5],
    ['Int32', '18446744073709551611', -5],
    ['UInt32', '4000000000', 4e9],
    ['UInt64', '9007199254740991', 9007199254740991],
  ] as const)('%s %s in the long field is %d', (datatype, longValue, expected) => {
    expect(powerOf({ datatype: DATATYPE[datatype], longValue })).toEqual([expected])
  })

  test.each([
    ['a whole number in the long field', { datatype: 1, longValue: '300' }],
    ['a number that does not fit', { datatype: 5, intValue: 256 }],
    ['a float where a whole number belongs', { datatype: 3, floatValue: 1.5 }],
    ['a whole number where a float belongs', { datatype: 9, intValue: 1 }],
    ['not a number', { datatype: 10, doubleValue: 'NaN' }],
    ['infinity', { datatype: 9, floatValue: 'Infinity' }],
    ['a whole number without datatype', { intValue: 7 }],
    ['a datatype that there is not', { datatype: 99, intValue: 7 }],
    ['neither value nor null', { datatype: 9 }],
  ])('%s is an error and no reading', (_what, content) => {
    const result = new SparkplugDecoder().decode(new SparkplugNode().birth([{ name: 'Power', ...content }]))
    expect(result.readings).toEqual([])
    expect(codes(result)).toEqual(['not-a-number'])
  })

  test('what is null, a text, a data set, a template or nothing of a farm is passed over and counted', () => {
    const result = new SparkplugDecoder().decode(
      new SparkplugNode().birth([
        { name: 'Temperature', datatype: 9, isNull: true },
        { name: 'Humidity', datatype: 16, datasetValue: { numOfColumns: '1', columns: ['a'], types: [3] } },
        { name: 'Light', datatype: 19, templateValue: { isDefinition: true, metrics: [{ name: 'x' }] } },
        { name: 'Power', datatype: 17, bytesValue: 'AAEC' },
        metric('Properties/OS', 'String', 'Linux'),
        metric('Inputs/A', 'Boolean', true),
      ]),
    )
    // And bdSeq and the node's command.
    expect(result).toMatchObject({ readings: [], errors: [], ignored: true, ignoredFields: 8 })
  })

  test('32-bit floats are what was meant, not what binary makes of them', () => {
    for (const value of [21.4, 0.1, -273.15, 1013.25, 16777216])
      expect(powerOf({ datatype: 9, floatValue: value })).toEqual([value])
  })

  test('a historical value is marked, and so is one that a rebirth repeats', () => {
    const node = new SparkplugNode()
    const decoder = new SparkplugDecoder()
    const power = (timestamp: number) => metric('Power', 'Float', 5, { alias: 1, timestamp })
    decoder.decode(node.birth([power(NOON_MS)]))
    const data = decoder.decode(
      node.data(undefined, [
        { alias: 1, floatValue: 4, timestamp: NOON_MS - 60_000, isHistorical: true },
        { alias: 1, floatValue: 6, timestamp: NOON_MS + 60_000 },
      ]),
    )
    expect(data.readings.map(({ value, quality: flags }) => [value, flags])).toEqual([
      [4, QUALITY.historical],
      [6, QUALITY.good],
    ])
    const again = decoder.decode(node.birth([power(NOON_MS + 60_000)]))
    expect(again.readings.map(({ quality: flags }) => flags)).toEqual([QUALITY.historical])
  })

  test.each([
    [192, QUALITY.good],
    [0, QUALITY.doubted],
    [500, QUALITY.historical],
    [64, QUALITY.doubted],
  ])('quality %i marks with %i', (code, flags) => {
    const { readings } = new SparkplugDecoder().decode(
      new SparkplugNode().birth([metric('Power', 'Float', 5, quality(code))]),
    )
    expect(readings.map((each) => each.quality)).toEqual([flags])
  })

  test('keys and values of different number say nothing', () => {
    const properties = { keys: ['Quality', 'engUnit'], values: [{ type: 3, intValue: 0 }] }
    const { readings } = new SparkplugDecoder().decode(
      new SparkplugNode().birth([metric('Power', 'Float', 5, { properties })]),
    )
    expect(readings).toMatchObject([{ value: 5, quality: QUALITY.good }])
  })

  test('a unit that nobody knows is no reading', () => {
    const result = new SparkplugDecoder().decode(
      new SparkplugNode().birth([metric('Power', 'Float', 5, engUnit('furlong'))]),
    )
    expect(result.readings).toEqual([])
    expect(codes(result)).toEqual(['unit-unknown'])
  })

  test('metrics of one kind in several places are told apart', () => {
    const result = new SparkplugDecoder().decode(
      new SparkplugNode().birth([
        metric('Greenhouse A/Temperature', 'Float', 30),
        metric('Greenhouse B/Temperature', 'Float', 31),
        metric('Temperature', 'Float', 32),
        metric('Temperature Setpoint', 'Float', 25),
      ]),
    )
    expect(said(result)).toEqual([
      ['edge', 'greenhouse-a', 'air-temperature', 30, 'Cel'],
      ['edge', 'greenhouse-b', 'air-temperature', 31, 'Cel'],
      ['edge', '', 'air-temperature', 32, 'Cel'],
    ])
  })

  test('what the first number decided about a unit stays so', () => {
    const node = new SparkplugNode()
    const decoder = new SparkplugDecoder()
    decoder.decode(node.birth([metric('Battery', 'Float', 3.3, { alias: 1 })]))
    expect(said(decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 4 }])))).toEqual([
      ['edge', '', 'battery-voltage', 4, 'V'],
    ])
  })

  test('aliases that count anew in each device are understood, and told of', () => {
    const node = new SparkplugNode()
    const decoder = new SparkplugDecoder()
    decoder.decode(node.birth())
    decoder.decode(node.deviceBirth('a', [metric('Power', 'Float', 1, { alias: 1 })]))
    const second = decoder.decode(node.deviceBirth('b', [metric('Humidity', 'Float', 70, { alias: 1 })]))
    expect(codes(second)).toEqual(['birth-incomplete'])
    expect(said(decoder.decode(node.data('a', [{ alias: 1, floatValue: 3 }])))).toEqual([
      ['edge/a', '', 'power', 3, 'W'],
    ])
    expect(said(decoder.decode(node.data('b', [{ alias: 1, floatValue: 4 }])))).toEqual([
      ['edge/b', '', 'air-humidity', 4, '%'],
    ])
  })
})

describe('sessions', () => {
  test('data before a birth is refused, and the births are asked for', () => {
    const { decoder, asked } = asking()
    const node = new SparkplugNode('orchard', 'shed')
    const result = decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 3 }]))
    expect(result.readings).toEqual([])
    expect(codes(result)).toEqual(['before-birth'])
    expect(asked.map(({ topic }) => topic)).toEqual(['spBv1.0/orchard/NCMD/shed'])
    const { seq, metrics, timestamp } = readPayload(asked[0]!.payload)
    expect({ seq, timestamp }).toEqual({ seq: undefined, timestamp: NOON_MS })
    expect(metrics).toMatchObject([
      { name: 'Node Control/Rebirth', datatype: 11, value: { kind: 'boolean', value: true } },
    ])
  })

  test('a device without birth, a metric without declaration, a lost message: each asks', () => {
    for (const upset of [
      (node: SparkplugNode) => node.data('ghost', [{ alias: 1, floatValue: 1 }]),
      (node: SparkplugNode) => node.data(undefined, [{ alias: 77, floatValue: 1 }]),
      (node: SparkplugNode) => {
        node.next()
        return node.data(undefined, [])
      },
    ]) {
      const { decoder, asked } = asking()
      const node = new SparkplugNode()
      decoder.decode(node.birth())
      decoder.decode(upset(node))
      expect(asked).toHaveLength(1)
    }
  })

  test('values that follow a lost message are kept', () => {
    const { decoder, asked } = asking()
    const node = new SparkplugNode()
    decoder.decode(node.birth([metric('Power', 'Float', 1, { alias: 1 })]))
    node.next()
    const result = decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 8 }]))
    expect(said(result)).toEqual([['edge', '', 'power', 8, 'W']])
    expect(codes(result)).toEqual(['seq-gap'])
    expect(asked).toHaveLength(1)
  })

  test('seq goes round from 255 to 0', () => {
    const { decoder, asked } = asking()
    const node = new SparkplugNode()
    decoder.decode(node.birth([metric('Power', 'Float', 1, { alias: 1 })]))
    for (let times = 0; times < 600; times++)
      expect(codes(decoder.decode(node.data(undefined, [{ alias: 1, floatValue: times }])))).toEqual([])
    expect(asked).toEqual([])
  })

  test('asking is damped: at once, then in growing waits, and not more than so many in a minute', async () => {
    const { decoder, asked, clock } = asking()
    const node = new SparkplugNode()
    for (let second = 0; second < 200; second++) {
      decoder.decode(node.data(undefined, []))
      await clock.advance(1000)
    }
    // At 0, 10, 30, 70, 150 s.
    expect(asked).toHaveLength(5)
    for (let index = 0; index < 500; index++)
      decoder.decode(new SparkplugNode('farm', `stranger-${index}`).data(undefined, []))
    expect(asked.length).toBeLessThanOrEqual(5 + 60)
  })

  test('with a window for late messages, one that comes late is no loss; one that does not come is', async () => {
    const { decoder, asked, clock } = asking({ reorderMs: 2000 })
    const node = new SparkplugNode()
    decoder.decode(node.birth([metric('Power', 'Float', 1, { alias: 1 })]))
    const late = node.data(undefined, [{ alias: 1, floatValue: 2 }])
    expect(codes(decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 3 }])))).toEqual([])
    await clock.advance(1000)
    expect(said(decoder.decode(late))).toHaveLength(1)
    await clock.advance(5000)
    expect(asked).toEqual([])

    node.next()
    decoder.decode(node.data(undefined, []))
    await clock.advance(3000)
    expect(asked).toHaveLength(1)
    expect(codes(decoder.decode(node.data(undefined, [])))).toEqual(['seq-gap'])
    expect(codes(decoder.decode(node.data(undefined, [])))).toEqual([])
  })

  test('a death takes node and devices offline, and what comes then is refused', () => {
    const node = new SparkplugNode()
    const decoder = new SparkplugDecoder()
    decoder.decode(node.birth([metric('Power', 'Float', 1, { alias: 1 })]))
    decoder.decode(node.deviceBirth('a', [metric('Power', 'Float', 1, { alias: 2 })]))
    const dead = decoder.decode(node.death())
    expect(dead).toMatchObject({
      ignored: true,
      deviceSeen: { id: 'edge', availability: 'offline' },
      devicesGone: ['edge/a'],
    })
    for (const message of [
      node.data(undefined, [{ alias: 1, floatValue: 2 }]),
      node.data('a', [{ alias: 2, floatValue: 2 }]),
    ])
      expect(codes(decoder.decode(message))).toEqual(['before-birth'])
  })

  test('the death of an earlier connection that comes late kills nothing', () => {
    const node = new SparkplugNode('farm', 'edge', 7)
    const decoder = new SparkplugDecoder()
    decoder.decode(node.birth([metric('Power', 'Float', 1, { alias: 1 })]))
    expect(decoder.decode(node.death(6))).toMatchObject({ ignored: true, deviceSeen: { id: 'edge' } })
    expect(said(decoder.decode(node.data(undefined, [{ alias: 1, floatValue: 2 }])))).toHaveLength(1)
  })

  test('the death of a device is its own only', () => {
    const node = new SparkplugNode()
    const decoder = new SparkplugDecoder()
    decoder.decode(node.birth())
    for (const device of ['a', 'b'])
      decoder.decode(
        node.deviceBirth(device, [metric('Power', 'Float', 1, { alias: device === 'a' ? 1 : 2 })]),
      )
    expect(decoder.decode(node.deviceDeath('a')).deviceSeen).toEqual({
      id: 'edge/a',
      availability: 'offline',
    })
    expect(said(decoder.decode(node.data('b', [{ alias: 2, floatValue: 2 }])))).toHaveLength(1)
    expect(codes(decoder.decode(node.data('a', [{ alias: 1, floatValue: 2 }])))).toEqual(['before-birth'])
  })

  test('two groups with an edge node of one name need withGroup', () => {
    const [one, other] = [new SparkplugNode('north', 'edge'), new SparkplugNode('south', 'edge')]
    const plain = new SparkplugDecoder()
    plain.decode(one.birth())
    expect(codes(plain.decode(other.birth()))).toEqual(['edge-name-twice'])
    const grouped = new SparkplugDecoder({ withGroup: true })
    for (const node of [one, other]) grouped.decode(node.birth())
    expect(grouped.decode(other.data(undefined, [])).deviceSeen).toEqual({ id: 'south/edge' })
  })

  test('edge nodes and metrics without end are refused, those that are there go on', () => {
    const decoder = new SparkplugDecoder()
    const first = new SparkplugNode('farm', 'first')
    decoder.decode(first.birth([metric('Power', 'Float', 1, { alias: 1 })]))
    let refusals = 0
    for (let index = 0; index < 300; index++)
      if (codes(decoder.decode(new SparkplugNode('farm', `n${index}`).birth())).includes('too-many-nodes'))
        refusals++
    expect(refusals).toBe(101)
    expect(said(decoder.decode(first.data(undefined, [{ alias: 1, floatValue: 2 }])))).toHaveLength(1)
    const huge = Array.from({ length: 4000 }, (_, index) => ({ name: `m${index}` }))
    const codesOf = Array.from({ length: 14 }, (_, index) =>
      codes(decoder.decode(first.deviceBirth(`d${index}`, huge))),
    )
    expect(codesOf.flat()).toContain('too-many-nodes')
  })
})

describe('at the door', () => {
  test.each([
    ['spBv1.0/g/NBIRTH', 'no-device'],
    ['spBv1.0/g/NBIRTH/e/d', 'no-device'],
    ['spBv1.0/g/DDATA/e', 'no-device'],
    ['spBv1.0/g/DDATA/e/d/x', 'no-device'],
    ['spAv1.0/g/NDATA/e', 'no-device'],
    ['spBv1.0/g/XDATA/e', 'no-device'],
    ['spBv1.0//NDATA/e', 'no-device'],
    ['spBv1.0/g/NDATA/+', 'no-device'],
    [`spBv1.0/g/NDATA/${'e'.repeat(200)}`, 'no-device'],
    ['spBv1.0/g/NDATA/e', 'before-birth'],
  ])('%s: %s', (topic, code) => {
    const payload = payloadBytes({ seq: 0 })
    expect(codes(new SparkplugDecoder().decode({ topic, payload }))).toEqual([code])
  })

  test.each(['spBv1.0/g/NCMD/e', 'spBv1.0/g/DCMD/e/d', 'spBv1.0/STATE/host'])('%s is for others', (topic) => {
    expect(new SparkplugDecoder().decode({ topic, payload: payloadBytes({}) }).ignored).toBe(true)
  })

  test('what is no payload is refused', () => {
    const { topic } = new SparkplugNode().birth()
    for (const bytes of [[0xff], [0x12, 0x05, 1], [0x0a, 1, 0], [0x08], [0x12, 2, 0x08, 1]])
      expect(codes(new SparkplugDecoder().decode({ topic, payload: Uint8Array.from(bytes) }))).toEqual([
        'not-sparkplug',
      ])
  })

  test('more metrics than anybody has are refused before they are in memory', () => {
    const payload = new Uint8Array(200_000)
    for (let at = 0; at < payload.length; at += 2) payload[at] = 0x12
    const { topic } = new SparkplugNode().birth()
    expect(codes(new SparkplugDecoder().decode({ topic, payload }))).toEqual(['too-many-values'])
  })

  test('a retained message is refused: it may be of a session whose aliases meant something else', () => {
    const result = new SparkplugDecoder().decode({ ...new SparkplugNode().birth(), isRetained: true })
    expect(codes(result)).toEqual(['retained-session'])
  })

  test('decode --as sparkplug takes base64', async () => {
    const node = new SparkplugNode()
    const decoder = new SparkplugDecoder()
    const say = ({ topic, payload }: { topic: string; payload: Uint8Array }) =>
      decodeAs('sparkplug', { topic, payload: toBase64(payload), encoding: 'base64' }, decoder)
    await say(node.birth([metric('Temperature', 'Float', 27.5, { alias: 9 })]))
    expect(await say(node.data(undefined, [{ alias: 9, floatValue: 28, timestamp: NOON_MS }]))).toEqual({
      readings: [
        {
          device: 'edge',
          quantity: 'air-temperature',
          value: 28,
          unit: 'Cel',
          observedAt: '2026-02-02T05:00:00.000Z',
        },
      ],
      ignored: false,
      errors: [],
    })
  })

  test('a payload written byte by byte', () => {
    // timestamp [1] = 1000; metric [2]: name [1] "Temperature", datatype [4] 9, float [12] 21.5; seq [3] = 0.
    const name = [...new TextEncoder().encode('Temperature')]
    const content = [0x0a, name.length, ...name, 0x20, 9, 0x65, 0, 0, 0xac, 0x41]
    const payload = Uint8Array.from([0x08, 0xe8, 0x07, 0x12, content.length, ...content, 0x18, 0])
    expect(said(new SparkplugDecoder().decode({ topic: 'spBv1.0/g/NBIRTH/e', payload }))).toEqual([
      ['e', '', 'air-temperature', 21.5, 'Cel'],
    ])
  })

  test('a host says with a time that it is there, and knows an old word that it is gone', () => {
    const { topic, payload, saysOffline } = hostPresence('vuon')
    expect(topic).toBe('spBv1.0/STATE/vuon')
    expect(JSON.parse(new TextDecoder().decode(payload(true, NOON_MS)))).toEqual({
      online: true,
      timestamp: NOON_MS,
    })
    expect([payload(true, 1), payload(false, 1), Uint8Array.of(1)].map(saysOffline)).toEqual([
      false,
      true,
      false,
    ])
  })
})

/** The readings of one birth whose metric is `Power` with this content. */
function powerOf(content: Record<string, string | number>): number[] {
  const result = new SparkplugDecoder().decode(new SparkplugNode().birth([{ name: 'Power', ...content }]))
  expect(result.errors).toEqual([])
  return result.readings.map(({ value }) => value)
}
