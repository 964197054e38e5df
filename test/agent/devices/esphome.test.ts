import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { topicMatches } from '../../../agent/bus/topic-filter.ts'
import { EspHomeDecoder } from '../../../agent/devices/esphome/decoder.ts'

const decode = (topic: string, payload: unknown, decoder = new EspHomeDecoder(), isRetained = false) =>
  decoder.decode({
    topic,
    payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    isRetained,
  })
const rows = (result: ReturnType<typeof decode>) =>
  result.readings.map(({ device, channel, quantity, value }) => [device, channel, quantity, value])

describe('a state', () => {
  test.each([
    ['greenhouse/sensor/temperature/state', '23.4', ['greenhouse', '', 'air-temperature', 23.4]],
    ['farm/shed/sensor/soil_moisture_1/state', '31', ['farm/shed', '1', 'soil-moisture', 31]],
    ['n/sensor/bed_3_soil_moisture/state', '31.5', ['n', 'bed-3', 'soil-moisture', 31.5]],
    ['n/sensor/bme280_pressure/state', '1004.3', ['n', 'bme280', 'air-pressure', 1004.3]],
    ['n/sensor/wifi_signal/state', '-61', ['n', '', 'signal-strength', -61]],
    ['n/sensor/tank_water_level_cm/state', '120', ['n', 'tank', 'water-level', 1.2]],
    ['n/binary_sensor/front_door/state', 'ON', ['n', 'front', 'contact', 0]],
    ['n/binary_sensor/water_leak/state', 'OFF', ['n', '', 'water-leak', 0]],
    ['n/binary_sensor/pir/state', 'ON', ['n', '', 'occupancy', 1]],
    ['n/switch/pump/state', 'OFF', ['n', 'pump', 'switch', 0]],
    ['n/light/grow/state', '{"state":"ON","brightness":255}', ['n', 'grow', 'switch', 1]],
    ['n/climate/store/current_temperature/state', '4.5', ['n', 'store', 'air-temperature', 4.5]],
  ])('%s %s', (topic, payload, row) => {
    expect(rows(decode(topic, payload))).toEqual([row])
    expect(new EspHomeDecoder().topicFilters.some((filter) => topicMatches(filter, topic))).toBe(true)
  })

  test.each([
    'n/sensor/uptime/state',
    'n/sensor/esp_internal_temperature/state',
    'n/sensor/cpu_temperature/state',
    'n/text_sensor/ip_address/state',
    'n/number/target_temperature/state',
    'n/climate/store/mode/state',
    'n/switch/pump/command',
    'n/debug',
  ])('%s says nothing of a farm', (topic) => {
    expect(decode(topic, '7')).toMatchObject({ readings: [], ignored: true, errors: [] })
  })

  test.each([
    ['nan', 'no-value'],
    ['', undefined],
    ['unavailable', 'no-value'],
    ['warm', 'not-a-number'],
    ['{"a":', 'not-a-number'],
  ])('%j is no temperature', (payload, code) => {
    const { readings, errors } = decode('n/sensor/temperature/state', payload)
    expect([readings, errors.map((each) => each.code)]).toEqual([[], code === undefined ? [] : [code]])
  })

  test('that the broker had kept is historical', () => {
    const { readings } = decode('n/sensor/humidity/state', '50', undefined, true)
    expect(readings[0]?.quality).toBe(QUALITY.historical)
  })

  test('status tells whether the node is there', () => {
    expect(decode('farm/shed/status', 'offline').deviceSeen).toEqual({
      id: 'farm/shed',
      availability: 'offline',
    })
    expect(decode('n/status', 'maybe').errors).toMatchObject([{ code: 'unknown-availability' }])
    expect(decode('n/status', '{"other":"program"}')).toMatchObject({ ignored: true, errors: [] })
  })
})

describe('discovery', () => {
  const announce = (decoder: EspHomeDecoder, id: string, config: object) =>
    decode(
      `homeassistant/sensor/shed/${id}/config`,
      { stat_t: `shed/sensor/${id}/state`, ...config },
      decoder,
    )

  test('gives unit and class to an id that says neither', () => {
    const decoder = new EspHomeDecoder()
    expect(rows(decode('shed/sensor/probe_1/state', '68', decoder))).toEqual([])
    announce(decoder, 'probe_1', {
      name: 'Kho lạnh',
      dev_cla: 'temperature',
      unit_of_meas: '°F',
      dev: { name: 'Shed' },
    })
    expect(rows(decode('shed/sensor/probe_1/state', '68', decoder))).toEqual([
      ['shed', 'probe-1', 'air-temperature', 20],
    ])
  })

  test('a conductivity is that of the soil where the node announced moisture too', () => {
    const decoder = new EspHomeDecoder()
    announce(decoder, 'conductivity', {
      dev_cla: 'conductivity',
      unit_of_meas: 'µS/cm',
      dev: { name: 'Shed' },
    })
    announce(decoder, 'moisture', { dev_cla: 'moisture', unit_of_meas: '%', dev: { name: 'Shed' } })
    expect(rows(decode('shed/sensor/conductivity/state', '350', decoder))).toEqual([
      ['shed', '', 'soil-conductivity', 350],
    ])
  })

  test('of other programs is left to whoever reads those', () => {
    expect(
      decode('homeassistant/sensor/z/t/config', { state_topic: 'z2m/x', value_template: '{% if %}' }),
    ).toMatchObject({
      ignored: true,
      errors: [],
    })
  })
})
