import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { HomeAssistantDecoder } from '../../../agent/devices/home-assistant/decoder.ts'
import { parseTemplate } from '../../../agent/devices/home-assistant/template.ts'

const send = (decoder: HomeAssistantDecoder, topic: string, payload: unknown) =>
  decoder.decode({ topic, payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)) })
const rows = ({ readings }: ReturnType<typeof send>) =>
  readings.map(({ device, channel, quantity, value, unit }) => [device, channel, quantity, value, unit])

/** What one announced sensor says to a payload. */
function heard(config: object, payload: unknown, component = 'sensor') {
  const decoder = new HomeAssistantDecoder()
  send(decoder, `homeassistant/${component}/node/s1/config`, {
    state_topic: 'a/b',
    device: { name: 'Shed' },
    ...config,
  })
  return send(decoder, 'a/b', payload)
}

describe('a template', () => {
  const evaluate = (text: string, value: string, json: unknown) => {
    const parsed = parseTemplate(text)
    if (parsed.kind === 'refused') throw new Error(parsed.reason)
    return parsed.evaluate(value, json)
  }
  const json = { a: { b: '21.45', 'c d': [1, 2, 3] }, n: 265, yes: true, x: null, '0x1': { T: 5 }, s: ' On ' }
  test.each<[string, unknown]>([
    ['{{ value_json.a.b }}', '21.45'],
    ["{{value_json['a']['b']|float}}", 21.45],
    ['{{ value_json["a"].b | float | round(1) }}', 21.4],
    ["{{ value_json.a['c d'][1] }}", 2],
    ["{{ value_json['0x1'].T }}", 5],
    ['{{- value_json.n / 10 -}}', 26.5],
    ['{{ (value_json.n | float - 32) * 5 / 9 | round(2) }}', 129.44444444444446],
    ['{{ value | int + 1 }}', 8],
    ['{{ float(value) * 2 }}', 14],
    ['{{ value_json.missing | default(3) }}', 3],
    ['{{ value_json.missing | float(0) }}', 0],
    ['{{ value_json.missing.deeper }}', undefined],
    ["{{ value_json.get('n', 0) }}", 265],
    ["{{ value_json.get('m', 7) }}", 7],
    ['{{ value_json.n | multiply(0.1) | round(1, default=0) }}', 26.5],
    ['{{ value_json.s | trim | lower }}', 'on'],
    ['{{ value_json.a.b | int }}', 21],
    ['{{ -value_json.n % 10 }}', 5],
    ['{{ 2.5 | round }}', 2],
    ['{{ value_json.__proto__ }}', undefined],
    ['{{ value_json.constructor }}', undefined],
  ])('%s is %j', (text, expected) => {
    expect(evaluate(text, '7', json)).toEqual(expected)
  })

  test.each([
    ['{% if value_json.a %}1{% endif %}', 'statement'],
    ['{{ value_json.a }} {{ value_json.b }}', 'more than one'],
    ['21', 'more than one'],
    ["{{ 'ON' if value_json.a else 'OFF' }}", '"if"'],
    ["{{ states('sensor.x') }}", 'states'],
    ['{{ value_json.a is defined }}', '"is"'],
    ['{{ value_json.a | from_json }}', 'from_json'],
    ['{{ value_json.a.split(",") }}', 'split'],
    ['{{ value_json.a | constructor }}', 'constructor'],
    ['{{ value_json[value] }}', 'number or a text'],
    ['{{ }}', 'too early'],
    ['{{ value_json.a', 'more than one'],
    [`{{ ${'('.repeat(400)}value }}`, 'nested'],
    [`{{ ${'1+'.repeat(400)}1 }}`, 'longer'],
    ['{{ value ~ 1 }}', '"~ 1'],
  ])('%s is refused with a reason', (text, reason) => {
    expect(parseTemplate(text)).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) })
  })
})

describe('an announced sensor', () => {
  test('speaks on the topic, in the unit and by the template that it announced, short names or long', () => {
    const decoder = new HomeAssistantDecoder()
    const told = send(decoder, 'homeassistant/sensor/shed/temp/config', {
      '~': 'farm/shed',
      name: 'Temperature',
      dev_cla: 'temperature',
      unit_of_meas: '°F',
      stat_t: '~/state',
      val_tpl: "{{ value_json.BME['t'] | float | round(1) }}",
      avty: [{ t: '~/lwt', pl_avail: 'up', pl_not_avail: 'gone' }],
      dev: { ids: ['a'], name: 'Shed' },
    })
    expect(told).toMatchObject({ readings: [], ignored: true, errors: [] })
    expect(decoder.takeNewTopics()).toEqual(['farm/shed/state', 'farm/shed/lwt'])
    expect(decoder.takeNewTopics()).toEqual([])
    expect(decoder.wants('farm/shed/state') && decoder.topicFilters.includes('farm/shed/state')).toBe(true)
    expect(rows(send(decoder, 'farm/shed/state', { BME: { t: 77.04 } }))).toEqual([
      ['Shed', '', 'air-temperature', 25, 'Cel'],
    ])
    expect(send(decoder, 'farm/shed/lwt', 'gone').deviceSeen).toEqual({ id: 'Shed', availability: 'offline' })
  })

  test.each<[object, unknown, unknown[]]>([
    [{ device_class: 'humidity', unit_of_measurement: '%' }, '60', ['Shed', '', 'air-humidity', 60, '%']],
    [
      { name: 'Soil temperature', device_class: 'temperature' },
      '24',
      ['Shed', '', 'soil-temperature', 24, 'Cel'],
    ],
    [
      { name: 'Shed Kho lạnh', device_class: 'temperature' },
      '4',
      ['Shed', 'kho-lạnh', 'air-temperature', 4, 'Cel'],
    ],
    [
      { name: 'Bed 3', device_class: 'moisture', unit_of_measurement: '%' },
      '31',
      ['Shed', 'bed-3', 'soil-moisture', 31, '%'],
    ],
    [{ name: 'Độ ẩm đất luống 2' }, '31', ['Shed', 'luong-2', 'soil-moisture', 31, '%']],
    [
      { device_class: 'atmospheric_pressure', unit_of_measurement: 'kPa' },
      '100.4',
      ['Shed', '', 'air-pressure', 1004, 'hPa'],
    ],
    [{ device_class: 'battery' }, '3', ['Shed', '', 'battery', 3, '%']],
    [
      { name: 'Battery voltage', device_class: 'voltage', unit_of_measurement: 'mV' },
      '3100',
      ['Shed', '', 'battery-voltage', 3.1, 'V'],
    ],
    [{ device_class: 'energy', unit_of_measurement: 'Wh' }, '1500', ['Shed', '', 'energy', 1.5, 'kW.h']],
    [
      { device_class: 'wind_speed', unit_of_measurement: 'km/h' },
      '36',
      ['Shed', '', 'wind-speed', 10, 'm/s'],
    ],
    [
      { value_template: '{{ value_json.soil_moisture }}' },
      { soil_moisture: 30 },
      ['Shed', '', 'soil-moisture', 30, '%'],
    ],
  ])('%j: %j', (config, payload, row) => {
    expect(rows(heard(config, payload))).toEqual([row])
  })

  test.each([
    [{ name: 'CPU temperature', device_class: 'temperature' }],
    [{ name: 'Target temperature', device_class: 'temperature' }],
    [{ device_class: 'timestamp' }],
    [{ device_class: 'duration', name: 'Temperature' }],
    [{ device_class: 'distance', unit_of_measurement: 'cm' }],
    [{ device_class: 'temperature', entity_category: 'config' }],
    [{ name: 'Uptime' }],
    [{ device_class: 'constructor' }],
  ])('%j is not kept', (config) => {
    expect(heard(config, '7')).toMatchObject({ readings: [], ignored: true, errors: [] })
  })

  test.each([
    [{ device_class: 'temperature' }, 'nan', 'no-value'],
    [{ device_class: 'temperature' }, 'unknown', 'no-value'],
    [{ device_class: 'temperature' }, 'warm', 'not-a-number'],
    [
      { device_class: 'temperature', value_template: '{{ value_json.t | float }}' },
      { t: 'warm' },
      'not-a-number',
    ],
    [{ device_class: 'temperature', unit_of_measurement: 'furlong' }, '7', 'unit-unknown'],
  ])('%j: %j is refused', (config, payload, code) => {
    const { readings, errors } = heard(config, payload)
    expect([readings, errors.map((each) => each.code)]).toEqual([[], [code]])
  })

  test('is not asked of a message without its field', () => {
    expect(
      heard({ device_class: 'temperature', value_template: '{{ value_json.t }}' }, { other: 1 }),
    ).toMatchObject({
      ignored: true,
      errors: [],
    })
  })

  test.each<[string, object, unknown, unknown[] | undefined]>([
    ['binary_sensor', { device_class: 'door' }, 'ON', ['contact', 0]],
    ['binary_sensor', { device_class: 'moisture' }, 'ON', ['water-leak', 1]],
    [
      'binary_sensor',
      { device_class: 'motion', payload_on: 'yes', payload_off: 'no' },
      'yes',
      ['occupancy', 1],
    ],
    ['binary_sensor', { device_class: 'battery' }, 'ON', undefined],
    ['switch', { name: 'Pump' }, 'OFF', ['switch', 0]],
    ['switch', { state_on: 'running', state_off: 'halted' }, 'running', ['switch', 1]],
    ['light', {}, { state: 'ON', brightness: 3 }, ['switch', 1]],
    ['climate', { current_temperature_topic: 'a/b' }, '20', undefined],
  ])('%s %j: %j', (component, config, payload, expected) => {
    expect(
      heard(config, payload, component).readings.map(({ quantity, value }) => [quantity, value]),
    ).toEqual(expected ? [expected] : [])
  })
})

describe('announcements', () => {
  const BED = {
    dev: { ids: 'b', name: 'Luống 3' },
    o: { name: 'x' },
    stat_t: 'bed/state',
    cmps: {
      m: { p: 'sensor', dev_cla: 'moisture', unit_of_meas: '%', val_tpl: '{{ value_json.m }}' },
      t: {
        p: 'sensor',
        dev_cla: 'temperature',
        unit_of_meas: '°C',
        val_tpl: '{{ value_json.t / 10 }}',
        name: 'Temperature',
      },
      gone: { p: 'sensor' },
    },
  }

  test('of a whole device', () => {
    const decoder = new HomeAssistantDecoder()
    expect(send(decoder, 'homeassistant/device/bed/config', BED).errors).toEqual([])
    expect(rows(send(decoder, 'bed/state', { m: 31, t: 265 }))).toEqual([
      ['Luống 3', '', 'soil-moisture', 31, '%'],
      ['Luống 3', '', 'soil-temperature', 26.5, 'Cel'],
    ])
  })

  test('are taken back by an empty one, one component by its platform alone', () => {
    const decoder = new HomeAssistantDecoder()
    send(decoder, 'homeassistant/device/bed/config', BED)
    send(decoder, 'homeassistant/device/bed/config', { ...BED, cmps: { ...BED.cmps, m: { p: 'sensor' } } })
    expect(rows(send(decoder, 'bed/state', { m: 31, t: 265 }))).toEqual([
      ['Luống 3', '', 'air-temperature', 26.5, 'Cel'],
    ])
    send(decoder, 'homeassistant/device/bed/config', '')
    expect(decoder.wants('bed/state')).toBe(false)
    expect(send(decoder, 'bed/state', { m: 31 })).toMatchObject({ ignored: true })
  })

  test('of two values that would be one series keep them apart by their ids', () => {
    const decoder = new HomeAssistantDecoder()
    for (const id of ['t1', 't2'])
      send(decoder, `homeassistant/sensor/n/${id}/config`, {
        stat_t: id,
        dev_cla: 'temperature',
        dev: { name: 'N' },
      })
    expect(
      [...rows(send(decoder, 't1', '1')), ...rows(send(decoder, 't2', '2'))].map(([, channel]) => channel),
    ).toEqual(['t1', 't2'])
  })

  test('a topic that many devices name as theirs is the bridge', () => {
    const decoder = new HomeAssistantDecoder()
    for (const id of ['a', 'b'])
      send(decoder, `homeassistant/sensor/${id}/t/config`, {
        stat_t: id,
        dev_cla: 'temperature',
        avty_t: 'bridge',
        dev: { name: id },
      })
    expect(send(decoder, 'bridge', 'offline').deviceSeen).toBeUndefined()
  })

  test.each([
    ['no JSON', '{', 'not-json'],
    ['a list', [], 'not-an-object'],
    ['no state topic', { name: 'x' }, 'state-topic'],
    ['a state topic of wildcards', { state_topic: 'a/#' }, 'state-topic'],
    ["the broker's own topic", { state_topic: '$SYS/uptime' }, 'state-topic'],
    [
      'a template that we do not evaluate',
      { state_topic: 'a', value_template: '{% set x = 1 %}' },
      'template-refused',
    ],
    ['a name of control characters', { state_topic: 'a', device: { name: 'a\u0007' } }, 'device-name'],
  ])('with %s are refused', (_what, payload, code) => {
    const decoder = new HomeAssistantDecoder()
    expect(send(decoder, 'homeassistant/sensor/n/x/config', payload).errors.map((each) => each.code)).toEqual(
      [code],
    )
    expect(decoder.takeNewTopics()).toEqual([])
  })

  test('without an end are refused', () => {
    const decoder = new HomeAssistantDecoder()
    const codes = new Set<string>()
    for (let at = 0; at < 3100; at++)
      for (const { code } of send(decoder, `homeassistant/sensor/n/x${at}/config`, {
        stat_t: `t${at}`,
        dev_cla: 'humidity',
      }).errors)
        codes.add(code)
    expect([...codes]).toEqual(['too-many-entities'])
  })
})
