import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { JsonMappingDecoder } from '../../../agent/devices/json-mapping/decoder.ts'
import { parsePointer, pointedAt } from '../../../agent/devices/json-mapping/json-pointer.ts'
import { type Mapping, mappingProblem } from '../../../agent/devices/json-mapping/mapping.ts'

describe('a JSON pointer', () => {
  // The examples of RFC 6901, clause 5.
  const document = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  }
  test.each([
    ['', document],
    ['/foo', document.foo],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/foo/01', undefined],
    ['/foo/-', undefined],
    ['/foo/2', undefined],
    ['/toString', undefined],
    ['/foo/length', undefined],
  ])('%j', (pointer, expected) => {
    expect(pointedAt(document, parsePointer(pointer)!)).toEqual(expected)
  })

  test.each(['foo', '/a~2', '/a~'])('%j is none', (pointer) => expect(parsePointer(pointer)).toBeUndefined())
})

const decode = (mapping: Mapping, topic: string, payload: unknown) =>
  new JsonMappingDecoder({ mappings: [mapping] }).decode({
    topic,
    payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  })
const READINGS: Mapping['readings'] = [
  { pointer: '/air/t', quantity: 'air-temperature', unit: '°F' },
  { pointer: '/m/0', quantity: 'soil-moisture', channel: '10cm', scale: 0.1, offset: 1 },
  { pointer: '/pump', quantity: 'switch' },
]

describe('a mapping', () => {
  test('says what stands where, with unit, scale and time', () => {
    const mapping = { topic: 'farm/+/data', time: '/ts', readings: READINGS }
    const payload = { air: { t: '77' }, m: [300], pump: 'ON', ts: '1770000000' }
    expect(decode(mapping, 'farm/bed-1/data', payload).readings).toEqual(
      [
        ['air-temperature', '', 25, 'Cel'],
        ['soil-moisture', '10cm', 31, '%'],
        ['switch', '', 1, '1'],
      ].map(([quantity, channel, value, unit]) => ({
        device: 'bed-1',
        channel,
        quantity,
        value,
        unit,
        quality: 0,
        sourceTimeMs: 1_770_000_000_000,
      })),
    )
  })

  test.each<[string, Partial<Mapping>, string]>([
    ['what stands at the wildcards', { topic: 'farm/+/bed/#' }, 'a/b/c'],
    ['a level of the topic', { topic: 'farm/#', deviceLevel: 4 }, 'b'],
    ['always the same', { topic: 'farm/#', device: 'pump' }, 'pump'],
    ['a place in the payload', { topic: '#', devicePointer: '/id' }, '42'],
  ])('takes the device from %s', (_what, mapping, device) => {
    const answer = decode({ topic: '', readings: READINGS, ...mapping }, 'farm/a/bed/b/c', {
      id: 42,
      pump: 0,
    })
    expect(answer.readings.map((each) => each.device)).toEqual([device])
  })

  test('of a bare number points at the whole', () => {
    const mapping = {
      topic: 't/+',
      readings: [{ pointer: '', quantity: 'water-level', unit: 'cm' }],
    } as const
    expect(decode(mapping, 't/tank', '120').readings).toMatchObject([{ device: 'tank', value: 1.2 }])
  })

  test('without readings looks the names up', () => {
    expect(decode({ topic: 'n/+', readings: [] }, 'n/1', { soil_moisture: 31 }).readings).toMatchObject([
      { device: '1', quantity: 'soil-moisture', value: 31 },
    ])
  })

  test.each([
    ['null', { pump: null }, ['no-value']],
    ['words', { air: { t: 'warm' } }, ['not-a-number']],
    ['something else', { other: 1 }, ['not-in-mapping']],
    ['no JSON', '{', ['not-json']],
  ])('answers %s with a reason', (_what, payload, codes) => {
    const { readings, errors } = decode({ topic: '+', readings: READINGS }, 'x', payload)
    expect([readings, errors.map(({ code }) => code)]).toEqual([[], codes])
  })

  test('of another topic is not asked', () => {
    expect(decode({ topic: 'a/+', readings: READINGS }, 'b/c', {})).toMatchObject({
      ignored: true,
      errors: [],
    })
  })

  test.each<[Partial<Mapping>, RegExp]>([
    [{ topic: 'a/#/b' }, /not an MQTT filter/],
    [{ topic: 'a+' }, /not an MQTT filter/],
    [{ deviceLevel: 5 }, /no level 5/],
    [{ device: 'x', deviceLevel: 1 }, /give one/],
    [{ time: 'ts' }, /not a JSON pointer/],
    [
      { readings: [{ pointer: '/t', quantity: 'air-temperature', unit: 'kg' }] },
      /kg can not be turned into Cel/,
    ],
    [{ readings: [READINGS[2]!, READINGS[2]!] }, /stands twice/],
    [{}, /^$/],
  ])('%j: its mistake is said', (mapping, problem) => {
    expect(mappingProblem({ topic: 'a/+', readings: READINGS, ...mapping }) ?? '').toMatch(problem)
  })
})
