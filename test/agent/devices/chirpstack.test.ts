import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { ChirpStackDecoder } from '../../../agent/devices/chirpstack/decoder.ts'
import type { CodecOf, LoraDevice } from '../../../agent/devices/lorawan/lora-device.ts'
import { noAnswer, type Uplink } from '../../../agent/devices/lorawan/uplink.ts'

const EUI = '0101010101010101'
const info = { applicationName: 'Vườn', deviceProfileName: 'LSE01', deviceName: 'Luống 1', devEui: EUI }
const uplink = {
  time: '2026-02-02T09:40:00.775023242+00:00',
  deviceInfo: info,
  fPort: 2,
  data: 'AQI=',
  rxInfo: [
    { rssi: -90, snr: 3 },
    { rssi: -47, snr: 8.5 },
  ],
}
const decode = (event: string, payload: unknown, decoder = new ChirpStackDecoder(), isRetained = false) =>
  decoder.decode({
    topic: `application/a1/device/${EUI}/event/${event}`,
    payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    isRetained,
  })
const rows = ({ readings }: Awaited<ReturnType<typeof decode>>) =>
  readings.map(({ device, quantity, value }) => [device, quantity, value])

describe('an uplink', () => {
  test("gives what the server's codec decoded, the radio at the best gateway, and the server's time", async () => {
    const result = await decode('up', { ...uplink, object: { temp_SOIL: '24.5', Bat: 3.4 } })
    expect(rows(result)).toEqual([
      ['Luống 1', 'signal-strength', -47],
      ['Luống 1', 'signal-noise', 8.5],
      ['Luống 1', 'soil-temperature', 24.5],
      ['Luống 1', 'battery-voltage', 3.4],
    ])
    expect(result.readings[2]?.sourceTimeMs).toBe(Date.parse('2026-02-02T09:40:00.775Z'))
    expect(result.deviceSeen).toEqual({ id: 'Luống 1' })
  })

  test('that nobody can decode keeps the radio and says so', async () => {
    const { readings, errors } = await decode('up', uplink)
    expect(readings.map(({ quantity }) => quantity)).toEqual(['signal-strength', 'signal-noise'])
    expect(errors).toMatchObject([{ code: 'no-codec' }])
  })

  test('goes through a codec of the box where the server has none', async () => {
    const asked: [LoraDevice, Uplink][] = []
    const codecOf: CodecOf = (device) => ({
      decodeUplink: async (bytes) => {
        asked.push([device, bytes])
        return { data: { moisture: bytes.bytes[0] }, warnings: [], errors: [] }
      },
    })
    const result = await decode('up', { ...uplink, object: null }, new ChirpStackDecoder({ codecOf }))
    expect(rows(result)).toContainEqual(['Luống 1', 'soil-moisture', 1])
    expect(asked).toEqual([
      [
        { devEui: EUI, name: 'Luống 1', application: 'Vườn', profile: 'LSE01' },
        { fPort: 2, bytes: [1, 2], recvTimeMs: Date.parse('2026-02-02T09:40:00.775Z') },
      ],
    ])
  })

  test('whose codec fails is an error, not a silence', async () => {
    const codecOf: CodecOf = () => ({ decodeUplink: async () => noAnswer('codec-timeout', 'took too long') })
    const { errors } = await decode('up', uplink, new ChirpStackDecoder({ codecOf }))
    expect(errors).toEqual([{ code: 'codec-timeout', detail: 'took too long' }])
  })

  test('without bytes, or on port 0, is only a sign of life', async () => {
    for (const empty of [{ data: '' }, { data: null }, { fPort: 0 }]) {
      const { errors, readings } = await decode('up', { ...uplink, ...empty })
      expect([errors, readings.length]).toEqual([[], 2])
    }
  })

  test('of a device without a name is kept under its EUI; so are all, where the config says so', async () => {
    const nameless = { ...uplink, deviceInfo: {}, object: { temperature: 1 } }
    expect((await decode('up', nameless)).readings.at(-1)?.device).toBe(EUI)
    const byEui = new ChirpStackDecoder({ naming: 'eui' })
    expect((await decode('up', { ...uplink, object: { temperature: 1 } }, byEui)).readings[0]?.device).toBe(
      EUI,
    )
  })

  test('of version 3 is read by its own names', async () => {
    const old = {
      deviceName: 'cũ',
      rxInfo: [{ rssi: -50, loRaSNR: 7, time: '2026-02-02T09:40:00Z' }],
      objectJSON: '{"humidity":60}',
    }
    const result = await decode('up', old)
    expect(rows(result)).toEqual([
      ['cũ', 'signal-strength', -50],
      ['cũ', 'signal-noise', 7],
      ['cũ', 'air-humidity', 60],
    ])
    expect(result.readings[0]?.sourceTimeMs).toBe(Date.parse('2026-02-02T09:40:00Z'))
  })

  test('that the broker had kept is historical', async () => {
    const { readings } = await decode('up', { ...uplink, object: { humidity: 1 } }, undefined, true)
    expect(readings.every(({ quality }) => quality === QUALITY.historical)).toBe(true)
  })

  test.each([
    ['protobuf', '\u0000\u0001x', 'not-json'],
    ['a list', '[]', 'not-an-object'],
    ['bytes that are no base64', { ...uplink, data: '%%%' }, 'not-base64'],
    ['a port that is none', { ...uplink, fPort: 999 }, 'no-port'],
    ['a name of control characters', { deviceInfo: { deviceName: 'a\u0000b' } }, 'device-name'],
  ])('that is %s is refused', async (_what, payload, code) => {
    expect((await decode('up', payload)).errors.map((each) => each.code)).toEqual([code])
  })
})

describe('other events', () => {
  test('status gives the battery, unless there is none or nobody knows', async () => {
    expect(rows(await decode('status', { deviceInfo: info, batteryLevel: 75.3, margin: 9 }))).toEqual([
      ['Luống 1', 'battery', 75.3],
    ])
    for (const none of [{ externalPowerSource: true }, { batteryLevelUnavailable: true }, {}])
      expect(
        await decode('status', {
          deviceInfo: info,
          ...(Object.keys(none).length ? { batteryLevel: 0 } : {}),
          ...none,
        }),
      ).toMatchObject({
        ignored: true,
        deviceSeen: { id: 'Luống 1' },
      })
  })

  test('join and ack show that the device is there', async () => {
    for (const event of ['join', 'ack', 'txack'])
      expect(await decode(event, { deviceInfo: info })).toMatchObject({
        ignored: true,
        deviceSeen: { id: 'Luống 1' },
      })
  })

  test("the server's errors are said, its notes are not", async () => {
    const log = { deviceInfo: info, level: 'ERROR', code: 'UPLINK_CODEC', description: 'x is not defined' }
    expect((await decode('log', log)).errors).toEqual([
      { code: 'network-server', detail: 'UPLINK_CODEC: x is not defined' },
    ])
    expect(await decode('log', { ...log, level: 'INFO' })).toMatchObject({ ignored: true, errors: [] })
  })

  test('location, commands and other topics are not ours', async () => {
    expect(await decode('location', {})).toMatchObject({ ignored: true })
    const topic = `application/a/device/${EUI}/command/down`
    expect(await new ChirpStackDecoder().decode({ topic, payload: utf8('{}') })).toMatchObject({
      ignored: true,
    })
  })
})
