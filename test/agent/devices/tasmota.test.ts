import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { TasmotaDecoder } from '../../../agent/devices/tasmota/decoder.ts'
import { parseTasmotaTopic } from '../../../agent/devices/tasmota/topic.ts'

const decoder = new TasmotaDecoder()
const decode = (topic: string, payload: unknown, isRetained = false) =>
  decoder.decode({
    topic,
    payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    isRetained,
  })
const rows = (result: ReturnType<typeof decode>) =>
  result.readings.map(({ device, channel, quantity, value, unit }) => [
    device,
    channel,
    quantity,
    value,
    unit,
  ])
const sensor = (payload: object) => rows(decode('tele/node/SENSOR', payload)).map((row) => row.slice(1))

describe('sensors', () => {
  test('each sensor is a channel, each value has the unit of the table', () => {
    const result = decode('tele/shed/SENSOR', {
      Time: '2026-02-02T09:40:00',
      AM2301: { Temperature: 27.4, Humidity: 66.1, DewPoint: 20.5 },
      BME280: { Temperature: 27.9, Humidity: 64, Pressure: 1004.3, SeaPressure: 1012 },
      TempUnit: 'C',
      PressureUnit: 'hPa',
    })
    expect(rows(result)).toEqual([
      ['shed', 'AM2301', 'air-temperature', 27.4, 'Cel'],
      ['shed', 'AM2301', 'air-humidity', 66.1, '%'],
      ['shed', 'AM2301', 'dew-point', 20.5, 'Cel'],
      ['shed', 'BME280', 'air-temperature', 27.9, 'Cel'],
      ['shed', 'BME280', 'air-humidity', 64, '%'],
      ['shed', 'BME280', 'air-pressure', 1004.3, 'hPa'],
    ])
    expect(result).toMatchObject({ ignoredFields: 1, errors: [], ignored: false })
  })

  test('a Dallas probe is named by its own number, which stays when a neighbour fails', () => {
    const both = sensor({
      'DS18B20-1': { Id: '01131B6C3A5E', Temperature: 24.1 },
      'DS18B20-2': { Id: '0213A1C25DAA', Temperature: 26.3 },
    })
    const one = sensor({ DS18B20: { Id: '0213A1C25DAA', Temperature: 26.4 } })
    expect(both.map(([channel]) => channel)).toEqual(['DS18B20-01131B6C3A5E', 'DS18B20-0213A1C25DAA'])
    expect(one[0]?.[0]).toBe('DS18B20-0213A1C25DAA')
    expect(sensor({ 'AM2301-2': { Temperature: 1 } })[0]?.[0]).toBe('AM2301-2')
    expect(
      sensor({ DS18x20: { DS1: { Type: 'DS18B20', Address: '28FF4A5B6C7D8E9F', Temperature: 20 } } })[0]?.[0],
      'old versions nest them',
    ).toBe('DS18x20-DS1-28FF4A5B6C7D8E9F')
  })

  test.each([
    ['F', 'hPa', 77, 1004, 25, 1004],
    ['C', 'mmHg', 25, 753, 25, 1003.917576895],
    ['K', 'inHg', 298.15, 29.65, 25, 1004.0643385],
  ])('TempUnit %s and PressureUnit %s are converted', (TempUnit, PressureUnit, t, p, celsius, hPa) => {
    const found = sensor({ SHT3X: { Temperature: t }, BMP280: { Pressure: p }, TempUnit, PressureUnit })
    expect(found[0]?.[2]).toBeCloseTo(celsius, 6)
    expect(found[1]?.[2]).toBeCloseTo(hPa, 3)
  })

  test('a unit that nobody knows gives no value', () => {
    expect(
      decode('tele/n/SENSOR', { SI7021: { Temperature: 3, Humidity: 50 }, TempUnit: 'R' }),
    ).toMatchObject({
      readings: [{ quantity: 'air-humidity' }],
      errors: [{ code: 'unit-unknown', detail: 'SI7021 Temperature: "R"' }],
    })
  })

  test('a meter gives energy, power, voltage; with several outputs a channel each', () => {
    expect(
      sensor({
        ENERGY: {
          TotalStartTime: '2025-11-14T18:39:40',
          Total: [2.813, 0.254],
          Yesterday: 5.34,
          Today: 0.95,
          Power: [52, 5],
          ApparentPower: 57,
          ReactivePower: 282,
          Factor: 0.99,
          Voltage: 235,
          Current: [0.278, 0.044],
          Frequency: 50,
          BL09XX: { Temperature: 46.5 },
        },
      }).map(([channel, quantity, value]) => `${channel} ${quantity} ${value}`),
    ).toEqual([
      'ENERGY-1 energy 2.813',
      'ENERGY-2 energy 0.254',
      'ENERGY-1 power 52',
      'ENERGY-2 power 5',
      'ENERGY apparent-power 57',
      'ENERGY power-factor 0.99',
      'ENERGY voltage 235',
      'ENERGY-1 current 0.278',
      'ENERGY-2 current 0.044',
      'ENERGY frequency 50',
    ])
  })

  test("how hot a chip is says nothing of the farm's air", () => {
    expect(sensor({ ESP32: { Temperature: 53.3 }, AXP192: { Temperature: 40 } })).toEqual([])
  })

  test('flower sensors and soil probes speak of the soil', () => {
    expect(
      sensor({
        'Flora-6ab577': { Temperature: 21.7, Illuminance: 21, Humidity: 12, Fertility: 140 },
        'SeeSoil-36': { Temperature: 26, Moisture: 41 },
      }).map((row) => row.slice(1, 3)),
    ).toEqual([
      ['air-temperature', 21.7],
      ['light', 21],
      ['soil-moisture', 12],
      ['soil-conductivity', 140],
      ['soil-temperature', 26],
      ['soil-moisture', 41],
    ])
  })

  test('wind, rain, air quality', () => {
    expect(
      sensor({
        TX23: { Speed: { Act: '18.0', Avg: 8.5, Max: 36 }, Dir: { Card: 'WSW', Deg: 247.5 } },
        'RG-15': { Active: 0.1, Event: 0.5, Total: 23.2, FlowRate: 1.4 },
        SCD40: { CarbonDioxide: 618, eCO2: 623 },
        PMS5003: { 'PM2.5': 12, PM10: 20, PM1: 3 },
        SpeedUnit: 'km/h',
      }).map((row) => row.slice(1)),
    ).toEqual([
      ['wind-speed', 5, 'm/s'],
      ['wind-gust', 10, 'm/s'],
      ['wind-direction', 247.5, 'deg'],
      ['rain', 23.2, 'mm'],
      ['rain-rate', 1.4, 'mm/h'],
      ['carbon-dioxide', 618, '[ppm]'],
      ['fine-dust-2-5', 12, 'ug/m3'],
      ['fine-dust-10', 20, 'ug/m3'],
    ])
  })

  test('numbered fields and switches are channels', () => {
    expect(
      sensor({ ANALOG: { Temperature1: 20, Temperature2: 21, A0: 8 }, Switch1: 'OFF', Switch2: 'ON' }),
    ).toEqual([
      ['ANALOG-1', 'air-temperature', 20, 'Cel'],
      ['ANALOG-2', 'air-temperature', 21, 'Cel'],
      ['Switch1', 'switch', 0, '1'],
      ['Switch2', 'switch', 1, '1'],
    ])
  })

  test('a sensor that gives nothing, or what can not be a number, is an error beside the others', () => {
    const result = decode(
      'tele/n/SENSOR',
      '{"AM2301":{"Temperature":null,"Humidity":"n/a"},"BH1750":{"Illuminance":[1,"x"]},"SI7021":{"Humidity":"55.5"}}',
    )
    expect(rows(result).map((row) => row.slice(1, 4))).toEqual([
      ['BH1750-1', 'light', 1],
      ['SI7021', 'air-humidity', 55.5],
    ])
    expect(result.errors.map(({ code }) => code)).toEqual(['no-value', 'not-a-number', 'not-a-number'])
  })

  test.each([
    [{ Time: '2026-02-02T09:40:00' }, undefined],
    [{ Time: '2026-02-02T09:40:00+07:00' }, 1_770_000_000_000],
    [{ Time: '2026-02-02T09:40:00', Epoch: 1_770_000_000 }, 1_770_000_000_000],
    [{ Time: '1970-01-01T00:00:08Z' }, undefined],
  ])('time %j', (frame, expected) => {
    const result = decode('tele/n/SENSOR', { ...frame, SI7021: { Humidity: 50 } })
    expect(result.readings[0]?.sourceTimeMs).toBe(expected)
  })
})

describe('the other topics', () => {
  test('STATE gives relays, radio and supply; the radio in dBm, not the percentage', () => {
    const state = { Vcc: 3.504, POWER1: 'ON', POWER2: 'OFF', Dimmer: 3, Wifi: { RSSI: 100, Signal: -48 } }
    expect(rows(decode('tele/n/STATE', state)).map((row) => row.slice(1))).toEqual([
      ['Vcc', 'voltage', 3.504, 'V'],
      ['POWER1', 'switch', 1, '1'],
      ['POWER2', 'switch', 0, '1'],
      ['', 'signal-strength', -48, 'dBm'],
    ])
    expect(rows(decode('stat/n/STATUS11', { StatusSTS: state })).length).toBe(4)
    expect(decode('tele/n/STATE', { POWER: 'POWER' }).errors).toMatchObject([{ code: 'not-a-number' }])
  })

  test.each(['stat/n/STATUS8', 'stat/n/STATUS10', 'stat/n/STATUS'])('%s holds what SENSOR holds', (topic) => {
    expect(rows(decode(topic, { StatusSNS: { SI7021: { Humidity: 50 } } }))).toEqual([
      ['n', 'SI7021', 'air-humidity', 50, '%'],
    ])
  })

  test('RESULT gives relays; answers to other commands are ignored', () => {
    expect(rows(decode('stat/pump/RESULT', { POWER: 'ON' }))).toEqual([['pump', '', 'switch', 1, '1']])
    expect(decode('stat/pump/RESULT', { TelePeriod: 60, Humidity: 3 })).toMatchObject({
      readings: [],
      errors: [],
      ignored: true,
    })
  })

  test('LWT tells who is there', () => {
    expect(decode('tele/n/LWT', 'Online').deviceSeen).toEqual({ id: 'n', availability: 'online' })
    expect(decode('tele/n/LWT', 'Offline').deviceSeen).toEqual({ id: 'n', availability: 'offline' })
    expect(decode('tele/n/LWT', 'hm').errors).toMatchObject([{ code: 'unknown-availability' }])
  })

  test('Zigbee nodes behind a bridge are devices of their own', () => {
    const received = {
      ZbReceived: {
        '0x2916': {
          Name: 'kho',
          Temperature: 26.27,
          Voltage: 2.995,
          Battery: 98,
          Endpoint: 1,
          LinkQuality: 105,
        },
        Pump: { Device: '0x7120', Power: 1, ActivePower: 350, EnergyTotal: '0x00', Endpoint: 2 },
        '0xF72F': { Power: 2 },
      },
    }
    const result = decode('tele/zb/SENSOR', received)
    expect(rows(result)).toEqual([
      ['zb/kho', '', 'air-temperature', 26.27, 'Cel'],
      ['zb/kho', '', 'battery-voltage', 2.995, 'V'],
      ['zb/kho', '', 'battery', 98, '%'],
      ['zb/kho', '', 'link-quality', 105, '1'],
      ['zb/Pump', 'ep2', 'switch', 1, '1'],
      ['zb/Pump', 'ep2', 'power', 350, 'W'],
    ])
    expect(result.errors).toEqual([{ code: 'not-a-number', detail: 'EnergyTotal: "0x00"' }])
    expect(
      rows(decode('tele/zb/5ADF/SENSOR', { ZbReceived: { '0x5ADF': { Humidity: 50 } } }))[0]?.[0],
      'SetOption89 names the node in the topic',
    ).toBe('zb/5ADF')
  })

  test.each([
    ['tele/shed/SENSOR', 'shed'],
    ['tele/farm/lo-a/SENSOR', 'farm/lo-a'],
    ['shed/tele/SENSOR', 'shed'],
    ['farm/lo-a/shed/tele/SENSOR', 'farm/lo-a/shed'],
    ['iot/tele/pump-2/SENSOR', 'iot/pump-2'],
    ['farm/shed/SENSOR', 'farm/shed'],
  ])('FullTopic %s is the device %s', (topic, device) => {
    expect(parseTasmotaTopic(topic)?.device).toBe(device)
  })

  test.each(['cmnd/n/POWER', 'cmnd/n/STATE', 'tele/n/INFO1', 'stat/n/POWER', 'tele/n/UPTIME', 'n'])(
    '%s is ignored',
    (topic) => {
      expect(decode(topic, '{"POWER":"ON"}')).toMatchObject({ ignored: true, errors: [] })
    },
  )

  test('a retained message is marked as historical', () => {
    expect(decode('tele/n/SENSOR', { SI7021: { Humidity: 50 } }, true).readings[0]?.quality).toBe(
      QUALITY.historical,
    )
  })

  test.each([
    ['tele/n/SENSOR', '{"Time":"2018","X": "D0":0}', 'not-json'],
    ['tele/n/SENSOR', '[]', 'not-an-object'],
    ['SENSOR', '{"SI7021":{"Humidity":1}}', 'no-device'],
    ['tele/a\u0000b/SENSOR', '{}', 'device-name'],
  ])('%j %s is refused: %s', (topic, payload, code) => {
    expect(decode(topic, payload)).toMatchObject({ readings: [], ignored: false, errors: [{ code }] })
  })

  test('a message that names hundreds of sensors gives a bounded number of readings and says so', () => {
    const flood = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`S${at}x`, { Humidity: at }]))
    const result = decode('tele/n/SENSOR', flood)
    expect(result.readings.length).toBe(300)
    expect(result.errors.length).toBe(50)
    expect(result.errors[0]?.code).toBe('too-many-values')
  })
})
