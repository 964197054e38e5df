import { describe, expect, test } from 'vitest'
import { createDecoder, decodeAs } from '../../../agent/devices/decode-as.ts'
import { DECODE_KINDS } from '../../../agent/devices/decode-kinds.ts'
import { decodeProbe } from '../../../agent/devices/modbus/decode-probe.ts'
import { loadProfile, type Profile } from '../../../agent/devices/modbus/profile.ts'

const AIR = loadProfile('xy-md02')
const SOIL = loadProfile('cwt-soil-7in1')

describe('decode --as', () => {
  test('a Zigbee2MQTT message, with its own time as ISO 8601', async () => {
    const payload = JSON.stringify({ temperature_l1: 21.5, last_seen: 1_770_000_000_000, action: null })
    expect(await decodeAs('zigbee2mqtt', { topic: 'zigbee2mqtt/shed', payload, encoding: 'utf8' })).toEqual({
      readings: [
        {
          device: 'shed',
          channel: 'l1',
          quantity: 'air-temperature',
          value: 21.5,
          unit: 'Cel',
          observedAt: '2026-02-02T02:40:00.000Z',
        },
      ],
      ignored: false,
      errors: [],
    })
  })

  test('a payload in base64 is the same message', async () => {
    const payload = Buffer.from('{"SI7021":{"Humidity":55}}').toString('base64')
    expect(await decodeAs('tasmota', { topic: 'tele/n/SENSOR', payload, encoding: 'base64' })).toEqual({
      readings: [{ device: 'n', channel: 'SI7021', quantity: 'air-humidity', value: 55, unit: '%' }],
      ignored: false,
      errors: [],
    })
  })

  test('one decoder for a stream remembers the device list', async () => {
    const decoder = createDecoder('zigbee2mqtt', { zigbee2mqttBase: 'z' })
    const definition = { exposes: [{ property: 'temperature', unit: '°F' }] }
    const list = JSON.stringify([{ friendly_name: 'a/b', definition }])
    const listed = await decodeAs('zigbee2mqtt', { topic: 'z/bridge/devices', payload: list }, decoder)
    expect(listed.ignored).toBe(true)
    const answer = await decodeAs('zigbee2mqtt', { topic: 'z/a/b', payload: '{"temperature":50}' }, decoder)
    expect(answer.readings).toMatchObject([{ device: 'a/b', value: 10, unit: 'Cel' }])
  })

  test.each([
    [{}, '`topic` must be text'],
    [{ topic: 'a' }, '`payload` must be text'],
    [{ topic: 'a', payload: '%%', encoding: 'base64' }, 'the payload is not base64'],
    [{ topic: 'a', payload: 'x', encoding: 'latin1' }, '`encoding` must be utf8 or base64'],
  ])('%j is answered with what is wrong', async (message, detail) => {
    for (const kind of DECODE_KINDS)
      expect(await decodeAs(kind, message)).toEqual({
        readings: [],
        ignored: false,
        errors: [{ code: 'input-invalid', detail }],
      })
  })
})

describe('probe decode', () => {
  const codes = (profile: Profile, response: unknown, request?: unknown) =>
    decodeProbe(profile, { request, response }).errors.map(({ code }) => code)
  const values = (profile: Profile, response: string, request?: string) =>
    decodeProbe(profile, { request, response }).readings.map(({ quantity, value }) => `${quantity} ${value}`)

  test('without the request, function and length tell which read it answers', () => {
    expect(values(AIR, `01 04 04 FF B5 03 73 ${crcOf('010404FFB50373')}`)).toEqual([
      'air-temperature -7.5',
      'air-humidity 88.3',
    ])
    expect(values(SOIL, `010306012A010F015E${crcOf('010306012A010F015E')}`)).toEqual([
      'soil-moisture 29.8',
      'soil-temperature 27.1',
      'soil-conductivity 350',
    ])
  })

  test('a shorter answer is taken for the beginning of the read', () => {
    expect(values(AIR, `0B04020142${crcOf('0B04020142')}`)).toEqual(['air-temperature 32.2'])
  })

  test('with the request a single register in the middle is found', () => {
    const request = `010300010001${crcOf('010300010001')}`
    expect(values(SOIL, `010302FFF6${crcOf('010302FFF6')}`, request)).toEqual(['soil-temperature -1'])
  })

  test('two reads that fit equally are not guessed between', () => {
    const reads = [AIR.reads[0]!, { ...AIR.reads[0]!, address: 10 }]
    const twice: Profile = {
      ...AIR,
      reads,
      values: [...AIR.values, { ...AIR.values[0]!, channel: 'b', address: 10 }],
    }
    expect(codes(twice, `01040400010002${crcOf('01040400010002')}`)).toEqual(['ambiguous'])
  })

  const asked = `010400010002${crcOf('010400010002')}`
  test.each([
    ['not hex', 'zz', undefined, 'not-hex'],
    ['no text', 7, undefined, 'not-hex'],
    ['nothing', '', undefined, 'timeout'],
    ['a wrong check sum', '01040401420260FFFF', undefined, 'crc'],
    ['a wrong check sum, with the request', '01040401420260FFFF', asked, 'crc'],
    ['another unit', `02040401420260${crcOf('02040401420260')}`, asked, 'wrong-reply'],
    ['another function', `01030401420260${crcOf('01030401420260')}`, asked, 'wrong-reply'],
    [
      'another function, without the request',
      `01030401420260${crcOf('01030401420260')}`,
      undefined,
      'wrong-reply',
    ],
    ['another length', `0104020142${crcOf('0104020142')}`, asked, 'wrong-reply'],
    ['an exception', `018402${crcOf('018402')}`, asked, 'exception'],
    ['an exception, without the request', `018402${crcOf('018402')}`, undefined, 'exception'],
    ['the echo of a question', asked, undefined, 'wrong-reply'],
    ['only the echo of this question', asked, asked, 'timeout'],
    ['a write', `010600010002${crcOf('010600010002')}`, undefined, 'wrong-reply'],
    ['a cut frame', '0104040142', undefined, 'crc'],
    ['a request with a wrong check sum', '00', '0104000100020000', 'crc'],
    ['a request that is a write', '00', `010600010002${crcOf('010600010002')}`, 'bad-request'],
    ['a request that is not hex', '00', 'xy', 'not-hex'],
    [
      'a read of something else',
      `0104020142${crcOf('0104020142')}`,
      `010400090001${crcOf('010400090001')}`,
      'not-in-profile',
    ],
  ])('%s is an error, not a reading', (_what, response, request, code) => {
    expect(codes(AIR, response, request)).toEqual([code])
    expect(decodeProbe(AIR, { request, response }).readings).toEqual([])
  })

  test('an exception 02 of a probe with a smaller variant says what to ask', () => {
    const request = `010300000007${crcOf('010300000007')}`
    const { errors } = decodeProbe(SOIL, { request, response: `018302${crcOf('018302')}` })
    expect(errors[0]?.detail).toContain('3 registers')
  })
})

/** Bit by bit, from the specification, and not the agent's. */
function crcOf(hex: string): string {
  let crc = 0xffff
  for (const byte of Buffer.from(hex, 'hex')) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1
  }
  return Buffer.from([crc & 0xff, crc >> 8]).toString('hex')
}
