import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { Zigbee2MqttDecoder } from '../../../agent/devices/zigbee2mqtt/decoder.ts'

const decoder = () => new Zigbee2MqttDecoder()
const message = (topic: string, payload: unknown, isRetained = false) => ({
  topic,
  payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  isRetained,
})
const decode = (topic: string, payload: unknown, by = decoder()) => by.decode(message(topic, payload))
/** device, channel, quantity, value, unit */
const rows = (result: ReturnType<typeof decode>) =>
  result.readings.map(({ device, channel, quantity, value, unit }) => [
    device,
    channel,
    quantity,
    value,
    unit,
  ])

const DEVICES = [
  { ieee_address: '0x00124b0000000001', type: 'Coordinator', friendly_name: 'Coordinator', definition: null },
  {
    ieee_address: '0x00158d0001a2b3c4',
    type: 'EndDevice',
    friendly_name: 'Lô A/đất 1',
    definition: {
      exposes: [
        { property: 'soil_moisture', unit: '%', type: 'numeric' },
        { property: 'temperature', unit: '°F', type: 'numeric' },
        { property: 'battery', unit: '%', type: 'numeric' },
        { property: 'voltage', unit: 'mV', type: 'numeric' },
      ],
    },
  },
  {
    ieee_address: '0x00158d0001a2b3c5',
    type: 'Router',
    friendly_name: 'pump',
    definition: {
      exposes: [
        { type: 'switch', features: [{ property: 'state_l1' }, { property: 'state_l2' }] },
        { property: 'power', unit: 'kW' },
        { property: 'voltage', unit: 'V' },
      ],
    },
  },
]
const withDevices = () => {
  const by = decoder()
  by.decode(message('zigbee2mqtt/bridge/devices', DEVICES, true))
  by.decode(message('zigbee2mqtt/bridge/groups', [{ id: 1, friendly_name: 'lamps' }], true))
  return by
}

describe('what a device sends', () => {
  test('each mapped property is a reading with the unit of the table; the rest is counted', () => {
    const result = decode('zigbee2mqtt/shed', {
      temperature: 27.41,
      humidity: 66.2,
      pressure: 1004,
      battery: 97,
      voltage: 3025,
      linkquality: 120,
      update: { state: 'idle' },
      power_outage_count: 4,
    })
    expect(rows(result)).toEqual([
      ['shed', '', 'air-temperature', 27.41, 'Cel'],
      ['shed', '', 'air-humidity', 66.2, '%'],
      ['shed', '', 'air-pressure', 1004, 'hPa'],
      ['shed', '', 'battery', 97, '%'],
      ['shed', '', 'battery-voltage', 3.025, 'V'],
      ['shed', '', 'link-quality', 120, '1'],
    ])
    expect(result).toMatchObject({ ignored: false, errors: [], ignoredFields: 2, deviceSeen: { id: 'shed' } })
  })

  test('null is not said yet: no reading, no error', () => {
    const result = decode('zigbee2mqtt/shed', { temperature: -0.85, humidity: null, linkquality: null })
    expect(rows(result)).toEqual([['shed', '', 'air-temperature', -0.85, 'Cel']])
    expect(result).toMatchObject({ errors: [], ignoredFields: 0 })
  })

  test('what can not be a number is an error beside the readings that can', () => {
    const result = decode(
      'zigbee2mqtt/shed',
      '{"temperature":"warm","humidity":{"value":1},"pressure":1e999,"co2":true,"battery":"97"}',
    )
    expect(rows(result)).toEqual([['shed', '', 'battery', 97, '%']])
    expect(result.errors.map(({ code, detail }) => `${code} ${detail}`)).toEqual([
      'not-a-number temperature: "warm"',
      'not-a-number humidity: {"value":1}',
      'not-a-number pressure: Infinity',
      'not-a-number co2: true',
    ])
  })

  test('two endpoints are two channels of one quantity', () => {
    const result = decode('zigbee2mqtt/pump', {
      temperature_l1: 20,
      temperature_l2: 21,
      state_left: 'ON',
      state_top_right: 'OFF',
      power_2: 40,
      temperature_unit: 'celsius',
      humidity_max: 90,
      humidity_calibration: 0,
    })
    expect(rows(result).map((row) => row.slice(1, 4))).toEqual([
      ['l1', 'air-temperature', 20],
      ['l2', 'air-temperature', 21],
      ['left', 'switch', 1],
      ['top_right', 'switch', 0],
      ['2', 'power', 40],
    ])
    expect(result.ignoredFields).toBe(3)
  })

  test('a cover that is OPEN or a lock that is LOCKed is no switch and no fault', () => {
    const result = decode('zigbee2mqtt/roof', { state: 'OPEN', position: 10 })
    expect(result).toMatchObject({ readings: [], errors: [], ignored: true, ignoredFields: 2 })
  })

  test('temperature beside soil moisture is that of the soil, also in a later message without it', () => {
    const by = decoder()
    expect(rows(decode('zigbee2mqtt/s', { soil_moisture: 31, temperature: 26 }, by))[1]).toEqual([
      's',
      '',
      'soil-temperature',
      26,
      'Cel',
    ])
    expect(rows(decode('zigbee2mqtt/s', { temperature: 26 }, by))[0]?.[2]).toBe('soil-temperature')
    expect(
      rows(decode('zigbee2mqtt/t', { soil_moisture: 31, temperature: 26, humidity: 60 }, by))[1]?.[2],
    ).toBe('air-temperature')
  })

  test('voltage is the battery’s or the mains’, by what stands beside it', () => {
    const voltage = (payload: object) => {
      const reading = decode('zigbee2mqtt/d', payload).readings.find(({ unit }) => unit === 'V')
      return [reading?.quantity, reading?.value]
    }
    expect(voltage({ voltage: 2995, battery: 90 })).toEqual(['battery-voltage', 2.995])
    expect(voltage({ voltage: 2.9, battery: 90 })).toEqual(['battery-voltage', 2.9])
    expect(voltage({ voltage: 3100 })).toEqual(['battery-voltage', 3.1])
    expect(voltage({ voltage: 231, power: 40 })).toEqual(['voltage', 231])
    expect(voltage({ voltage: 231 })).toEqual(['voltage', 231])
  })

  test('raw illuminance beside illuminance_lux is left alone', () => {
    expect(rows(decode('zigbee2mqtt/l', { illuminance: 31462, illuminance_lux: 1400 }))).toEqual([
      ['l', '', 'light', 1400, 'lx'],
    ])
  })

  test.each([
    ['epoch', 1_770_000_000_000, 1_770_000_000_000],
    ['ISO 8601 in UTC', '2026-02-02T02:40:00.000Z', 1_770_000_000_000],
    ['ISO 8601 with an offset', '2026-02-02T09:40:00+07:00', 1_770_000_000_000],
    ['no zone', '2026-02-02T09:40:00', undefined],
    ['no clock yet', 1000, undefined],
    ['nonsense', { a: 1 }, undefined],
  ])('last_seen as %s is the source time of every reading', (_form, stated, expected) => {
    const [reading] = decode('zigbee2mqtt/shed', { temperature: 1, last_seen: stated }).readings
    expect(reading?.sourceTimeMs).toBe(expected)
  })

  test('a retained message is marked as historical', () => {
    const [reading] = decoder().decode(message('zigbee2mqtt/shed', { temperature: 1 }, true)).readings
    expect(reading?.quality).toBe(QUALITY.historical)
  })
})

describe('names and topics', () => {
  test('a friendly name keeps its slashes, with and without the device list', () => {
    expect(rows(decode('zigbee2mqtt/Lô A/đất 1', { temperature: 20 }))[0]?.[0]).toBe('Lô A/đất 1')
    const [moisture, temperature] = rows(
      decode('zigbee2mqtt/Lô A/đất 1', { soil_moisture: 30, temperature: 77 }, withDevices()),
    )
    expect(moisture).toEqual(['Lô A/đất 1', '', 'soil-moisture', 30, '%'])
    expect(temperature, 'in the unit that the list states').toEqual([
      'Lô A/đất 1',
      '',
      'soil-temperature',
      25,
      'Cel',
    ])
  })

  test('units of the device list are converted', () => {
    expect(rows(decode('zigbee2mqtt/pump', { power: 1.2, voltage: 228 }, withDevices()))).toEqual([
      ['pump', '', 'power', 1200, 'W'],
      ['pump', '', 'voltage', 228, 'V'],
    ])
  })

  test('a unit that nobody knows gives no value', () => {
    const by = decoder()
    const exposes = [{ property: 'pressure', unit: 'furlong' }]
    by.decode(message('zigbee2mqtt/bridge/devices', [{ friendly_name: 'x', definition: { exposes } }]))
    expect(decode('zigbee2mqtt/x', { pressure: 3 }, by)).toMatchObject({
      readings: [],
      errors: [{ code: 'unit-unknown', detail: 'pressure: "furlong"' }],
    })
  })

  test('attribute topics give one reading each, JSON or not', () => {
    expect(rows(decode('zigbee2mqtt/a/b/temperature', '21.5'))).toEqual([
      ['a/b', '', 'air-temperature', 21.5, 'Cel'],
    ])
    expect(rows(decode('zigbee2mqtt/pump/state_l1', 'ON', withDevices()))).toEqual([
      ['pump', 'l1', 'switch', 1, '1'],
    ])
    expect(decode('zigbee2mqtt/a/temperature', 'warm').errors).toMatchObject([{ code: 'not-a-number' }])
    expect(decode('zigbee2mqtt/pump/update', 'idle', withDevices())).toMatchObject({
      ignored: true,
      ignoredFields: 1,
    })
  })

  test('a device that sends objects is not counted twice by its attribute and endpoint topics', () => {
    const by = withDevices()
    decode('zigbee2mqtt/pump', { state_l1: 'ON' }, by)
    expect(decode('zigbee2mqtt/pump/state_l1', 'ON', by)).toMatchObject({ readings: [], ignored: true })
    expect(decode('zigbee2mqtt/pump/l1', { state: 'ON' }, by)).toMatchObject({ readings: [], ignored: true })
  })

  test('a group repeats its members and is no device', () => {
    expect(decode('zigbee2mqtt/lamps', { state: 'ON' }, withDevices())).toMatchObject({
      readings: [],
      ignored: true,
    })
  })

  test.each([
    'set',
    'pump/set',
    'pump/l1/set',
    'a/b/get',
    'pump/set/state',
    'bridge/request/device/remove',
    'bridge/info',
  ])('zigbee2mqtt/%s is not a measurement', (rest) => {
    expect(decode(`zigbee2mqtt/${rest}`, { state: 'ON', temperature: 3 })).toMatchObject({
      readings: [],
      errors: [],
      ignored: true,
    })
  })

  test.each([
    ['online', 'online'],
    [{ state: 'offline' }, 'offline'],
    ['"online"', 'online'],
  ])('availability %j', (payload, availability) => {
    expect(decode('zigbee2mqtt/Lô A/đất 1/availability', payload)).toMatchObject({
      deviceSeen: { id: 'Lô A/đất 1', availability },
      errors: [],
    })
  })

  test('a bridge that went away is told, one that is well is not a device', () => {
    expect(decode('zigbee2mqtt/bridge/state', 'offline').deviceSeen).toEqual({
      id: 'zigbee2mqtt/bridge',
      availability: 'offline',
    })
    expect(decode('zigbee2mqtt/bridge/state', { state: 'online' }).deviceSeen).toBeUndefined()
  })

  test('the base topic is an option', () => {
    const by = new Zigbee2MqttDecoder({ base: 'farm/z2m' })
    expect(by.topicFilters).toEqual(['farm/z2m/#'])
    expect(rows(decode('farm/z2m/shed', { temperature: 1 }, by))[0]?.[0]).toBe('shed')
    expect(decode('zigbee2mqtt/shed', { temperature: 1 }, by).ignored).toBe(true)
  })
})

describe('what is refused', () => {
  test.each([
    ['zigbee2mqtt/shed', '{"temperature":', 'not-json'],
    ['zigbee2mqtt/shed/temperature', '{"temperature":', 'not-json'],
    ['zigbee2mqtt/shed', '[1,2]', 'not-an-object'],
    ['zigbee2mqtt/shed', '12', 'not-an-object'],
    ['zigbee2mqtt/shed', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'too-complex'],
    [`zigbee2mqtt/${'x'.repeat(129)}`, '{"temperature":1}', 'device-name'],
    ['zigbee2mqtt/a\nb', '{"temperature":1}', 'device-name'],
    ['zigbee2mqtt/shed/availability', 'maybe', 'unknown-availability'],
    ['zigbee2mqtt/bridge/devices', '{}', 'not-a-list'],
  ])('%s %s: %s', (topic, payload, code) => {
    expect(decode(topic, payload)).toMatchObject({ readings: [], ignored: false, errors: [{ code }] })
  })

  test('an emptied retained topic is how Zigbee2MQTT forgets a device, not a fault', () => {
    expect(decode('zigbee2mqtt/shed', '')).toMatchObject({ ignored: true, errors: [] })
  })
})
