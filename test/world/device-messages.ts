import { concatBytes, utf8 } from '#contract/ground/bytes.ts'
import { engUnit, metric, SparkplugNode } from './sparkplug-node.ts'

/** What devices of each kind say on a good day: for fuzzing, which breaks it, and for the benches, which count it. */
export interface DeviceMessages {
  /** Said once, before the rest: lists of devices, announcements, births. */
  readonly first: readonly Message[]
  /** Said again and again; each gives a reading. */
  readonly daily: readonly Message[]
  /** Fine too, and no reading comes of it. */
  readonly other?: readonly Message[]
  /** Gives a broken payload the check sum that it would have been sent with, where its kind has one. */
  readonly resealed?: (payload: Uint8Array) => Uint8Array
}

export interface Message {
  readonly topic: string
  readonly payload: Uint8Array
}

const said = (topic: string, payload: string | object): Message => ({
  topic,
  payload: utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)),
})

const zigbee2mqtt: DeviceMessages = {
  first: [
    said('zigbee2mqtt/bridge/devices', [
      {
        ieee_address: '0x1',
        friendly_name: 'a/b',
        definition: {
          exposes: [{ property: 'temperature', unit: '°C' }, { features: [{ property: 'state_l1' }] }],
        },
      },
      { friendly_name: 'pump' },
    ]),
    said('zigbee2mqtt/bridge/groups', [{ id: 1, friendly_name: 'lamps' }]),
  ],
  daily: [
    said(
      'zigbee2mqtt/a/b',
      '{"temperature":21.5,"humidity":null,"battery":97,"voltage":3025,"linkquality":120,"last_seen":"2026-02-02T09:40:00+07:00","update":{"state":"idle"}}',
    ),
    said('zigbee2mqtt/pump', { state_l1: 'ON', state_l2: 'OFF', power_l1: 12.5, soil_moisture: 31 }),
  ],
  other: [
    said('zigbee2mqtt/pump/state_l1', 'ON'),
    said('zigbee2mqtt/pump/temperature', '21.5'),
    said('zigbee2mqtt/bridge/state', { state: 'online' }),
    said('zigbee2mqtt/a/b/availability', { state: 'offline' }),
  ],
}

const tasmota: DeviceMessages = {
  first: [],
  daily: [
    said(
      'tele/shed/SENSOR',
      '{"Time":"2026-02-02T09:40:00","Epoch":1770000000,"AM2301":{"Temperature":27.4,"Humidity":66.1},"DS18B20-1":{"Id":"01131B6C3A5E","Temperature":24.1},"Switch1":"ON","TempUnit":"C","PressureUnit":"hPa"}',
    ),
    said('farm/meter/tele/SENSOR', {
      ENERGY: { Total: [2.8, 0.2], Power: [52, 5], Voltage: 235, BL09XX: { Temperature: 46.5 } },
    }),
    said('tele/wind/SENSOR', {
      TX23: { Speed: { Act: 18, Max: 36 }, Dir: { Deg: 247.5 } },
      SpeedUnit: 'km/h',
    }),
    said('tele/zb/SENSOR', {
      ZbReceived: {
        '0x2916': { Name: 'kho', Temperature: 26.27, Power: 1, Endpoint: 2, LinkQuality: 105 },
      },
    }),
    said('tele/n/STATE', { Vcc: 3.5, POWER1: 'ON', Wifi: { RSSI: 100, Signal: -48 } }),
    said('stat/n/STATUS8', { StatusSNS: { SI7021: { Humidity: 50 } } }),
    said('stat/n/RESULT', { POWER: 'OFF' }),
  ],
  other: [said('tele/n/LWT', 'Online')],
}

const esphome: DeviceMessages = {
  first: [
    said('homeassistant/sensor/shed/dht_temperature/config', {
      dev_cla: 'temperature',
      unit_of_meas: '°C',
      stat_cla: 'measurement',
      name: 'DHT Temperature',
      stat_t: 'shed/sensor/dht_temperature/state',
      avty_t: 'shed/status',
      uniq_id: 'ESPsensordht_temperature',
      dev: { ids: '24dcc3a1b2c4', name: 'shed', sw: '2026.1.0', mdl: 'esp32dev', mf: 'Espressif' },
    }),
  ],
  daily: [
    said('shed/sensor/dht_temperature/state', '29.4'),
    said('shed/sensor/soil_moisture/state', '31.5'),
    said('farm/north/sensor/air_humidity/state', '81.25'),
    said('shed/switch/pump/state', 'ON'),
    said('shed/light/lamp/state', { color_mode: 'brightness', state: 'ON', brightness: 128 }),
    said('shed/climate/dryer/current_temperature/state', '43.5'),
  ],
  other: [
    said('shed/status', 'online'),
    said('shed/debug', '\u001b[0;36m[D][sensor:093]: publishing'),
    said('shed/text_sensor/version/state', '2026.1.0'),
  ],
}

const announced = (component: string, id: string, more: object): Message =>
  said(`homeassistant/${component}/node7/${id}/config`, {
    '~': 'node7',
    name: id,
    uniq_id: `node7_${id}`,
    dev: { ids: ['node7'], name: 'Vườn 7' },
    avty: [{ topic: '~/online', val_tpl: '{{ value_json.state }}' }],
    ...more,
  })

const homeAssistant: DeviceMessages = {
  first: [
    announced('sensor', 'air', {
      dev_cla: 'temperature',
      unit_of_meas: '°F',
      stat_t: '~/state',
      val_tpl: '{{ value_json.air.t | float(0) | round(1) }}',
    }),
    announced('sensor', 'soil', {
      dev_cla: 'moisture',
      unit_of_meas: '%',
      stat_t: '~/state',
      val_tpl: "{{ (value_json['soil'][0] | int) / 10 }}",
    }),
    announced('binary_sensor', 'door', { dev_cla: 'door', stat_t: '~/door', pl_on: 'open', pl_off: 'shut' }),
    announced('sensor', 'battery', { dev_cla: 'battery', unit_of_meas: '%', stat_t: '~/battery' }),
    said('homeassistant/device/node8/config', {
      dev: { ids: 'node8', name: 'Kho' },
      o: { name: 'own' },
      stat_t: 'node8/all',
      cmps: {
        rh: { p: 'sensor', dev_cla: 'humidity', unit_of_meas: '%', val_tpl: '{{ value_json.rh }}' },
        lux: { p: 'sensor', dev_cla: 'illuminance', unit_of_meas: 'lx', val_tpl: '{{ value_json["lux"] }}' },
      },
    }),
  ],
  daily: [
    said('node7/state', { air: { t: 88.7 }, soil: [312], time: '2026-02-02T09:40:00Z' }),
    said('node7/door', 'open'),
    said('node7/battery', '87'),
    said('node8/all', { rh: 71.5, lux: 12_500 }),
  ],
  other: [said('node7/online', { state: 'online' }), said('homeassistant/sensor/node7/old/config', '')],
}

const EUI = '24e124136b502217'
const heard = [
  { gatewayId: '0016c001f153a14c', rssi: -97, snr: 7.2, time: '2026-02-02T02:40:00.1Z' },
  { gatewayId: '0016c001f153a14d', rssi: -112, snr: -3.5 },
]
const deviceInfo = {
  tenantName: 'farm',
  applicationId: 'a1',
  applicationName: 'vuon',
  deviceProfileName: 'EM500-SMTC',
  deviceName: 'luống 3',
  devEui: EUI,
}
const chirpstackTopic = (event: string) => `application/a1/device/${EUI}/event/${event}`

const chirpstack: DeviceMessages = {
  first: [],
  daily: [
    said(chirpstackTopic('up'), {
      deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
      time: '2026-02-02T02:40:00.123Z',
      deviceInfo,
      devAddr: '01020304',
      adr: true,
      dr: 5,
      fCnt: 1201,
      fPort: 85,
      data: 'AXVkA2f4AARoZA==',
      object: { battery: 97, temperature: 28.4, moisture: 31.5, conductivity: 420 },
      rxInfo: heard,
      txInfo: { frequency: 923200000, modulation: { lora: { bandwidth: 125000, spreadingFactor: 7 } } },
    }),
    said(chirpstackTopic('up'), {
      applicationID: '1',
      applicationName: 'vuon',
      deviceName: 'old',
      devEUI: 'JOEkE2tQIhc=',
      fPort: 2,
      objectJSON: '{"TempC_SHT":"27.91","Hum_SHT":66.1}',
      rxInfo: [{ rssi: -60, loRaSNR: 9.5, time: '2026-02-02T02:40:00Z' }],
    }),
    said(chirpstackTopic('status'), {
      deviceInfo,
      time: '2026-02-02T02:41:00Z',
      margin: 12,
      batteryLevel: 87.4,
    }),
  ],
  other: [
    said(chirpstackTopic('join'), { deviceInfo, devAddr: '01020304' }),
    said(chirpstackTopic('log'), {
      deviceInfo,
      level: 'ERROR',
      code: 'UPLINK_CODEC',
      description: 'no codec',
    }),
    said(chirpstackTopic('up'), { deviceInfo, fPort: 85, data: 'AXVkA2f4AARoZA==' }),
  ],
}

const endDevice = {
  device_id: 'luong-3',
  application_ids: { application_id: 'vuon' },
  dev_eui: EUI.toUpperCase(),
}

const ttn: DeviceMessages = {
  first: [],
  daily: [
    said('v3/vuon@ttn/devices/luong-3/up', {
      end_device_ids: endDevice,
      received_at: '2026-02-02T02:40:00.5Z',
      uplink_message: {
        f_port: 85,
        f_cnt: 12,
        frm_payload: 'AXVkA2f4AARoZA==',
        decoded_payload: { battery: 97, soilTemp: 27.5, humidity: 61.5 },
        normalized_payload: [
          {
            soil: { temperature: 27.5, moisture: 31.2, ec: 0.42 },
            air: { temperature: 29.1, relativeHumidity: 61.5 },
            battery: 3.6,
          },
        ],
        rx_metadata: [{ gateway_ids: { gateway_id: 'mast' }, rssi: -97, channel_rssi: -97, snr: 7.2 }],
        received_at: '2026-02-02T02:40:00.3Z',
        version_ids: { brand_id: 'milesight-iot', model_id: 'em500-smtc' },
      },
    }),
    said('v3/vuon@ttn/devices/luong-4/up', {
      end_device_ids: { ...endDevice, device_id: 'luong-4' },
      uplink_message: {
        f_port: 2,
        decoded_payload: { TempC_SHT: 27.91, Hum_SHT: 66.1, BatV: 3.04 },
        rx_metadata: [{ rssi: -60, snr: 9.5 }],
      },
    }),
  ],
  other: [said('v3/vuon@ttn/devices/luong-3/join', { end_device_ids: endDevice, join_accept: {} })],
}

const json: DeviceMessages = {
  first: [],
  daily: [
    said('farm/node1', { temperature: 28.5, humidity: 71, soil_moisture: 31.2, time: 1_770_000_000 }),
    said('farm/node2', { air: { temperature: '28.5', pressure_hpa: 1008.2 }, battery_v: 3.71 }),
  ],
  other: [said('farm/node3', '[]')],
}

/** 256 messages of data, so that the seq of the last is followed by that of the first. */
function sparkplugDay(): DeviceMessages {
  const node = new SparkplugNode('vuon', 'pack-shed')
  const timestamp = Date.UTC(2026, 1, 2, 5)
  const first = [
    node.birth([metric('Air/Temperature', 'Float', 28.5, { alias: 1, ...engUnit('°C') })]),
    node.deviceBirth('soil-1', [
      metric('Soil Moisture', 'Double', 31.25, { alias: 10, ...engUnit('%') }),
      metric('Temperature', 'Int16', 27, { alias: 11, ...engUnit('C') }),
      metric('Pump', 'Boolean', true, { alias: 12 }),
      metric('Note', 'String', 'dry', { alias: 13 }),
    ]),
  ]
  const value = (alias: number, content: object) => ({ alias, timestamp, ...content })
  const daily = Array.from({ length: 256 }, (_, index) =>
    index % 4 === 0
      ? node.data(undefined, [value(1, { floatValue: 28 + (index % 16) / 8 })])
      : node.data('soil-1', [
          value(10, { doubleValue: 31 + index / 256 }),
          value(11, { intValue: 27 + (index % 3) }),
          value(12, { booleanValue: index % 2 === 0 }),
        ]),
  )
  // A pen of its own, for these do not count on.
  const other = new SparkplugNode('vuon', 'other')
  return { first, daily, other: [other.birth(), other.deviceDeath('soil-1'), other.death()] }
}

/** A sentence with its checksum. */
function sentence(body: string): string {
  const sum = [...body].reduce((xor, char) => xor ^ char.charCodeAt(0), 0)
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}`
}

const nmea: DeviceMessages = {
  first: [],
  daily: [
    'WIMWV,214.8,R,3.6,K,A',
    'WIMWD,020.0,T,022.0,M,8.8,N,4.5,M',
    'WIMDA,29.4473,I,0.9972,B,17.2,C,16.1,C,40.2,9.1,12.1,C,19.3,T,20.1,M,13.1,N,6.7,M',
    'WIXDR,C,23.3,C,0,P,1.0095,B,0,H,61.0,P,0',
    'WIMTA,29.5,C',
  ].map((body) => said('mast', sentence(body))),
  resealed: (payload) => {
    const [body = ''] = new TextDecoder('latin1')
      .decode(payload)
      .replaceAll(/[^ -)+-~]/g, '')
      .split('*')
    return utf8(sentence(body.replace(/^\$/, '')))
  },
  other: [said('mast', sentence('GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,'))],
}

const rg15: DeviceMessages = {
  first: [],
  daily: [
    said('rain', 'Acc 0.001 in, EventAcc 0.010 in, TotalAcc 1.500 in, RInt 0.100 iph'),
    said('rain', 'Acc  0.20 mm, EventAcc  1.00 mm, TotalAcc 12.40 mm, RInt  6.00 mmph'),
  ],
  other: ['PwrDays 12', '; Hydreon RG-15', 'Reset N', 'LensBad, EmSat'].map((line) => said('rain', line)),
}

/** A LOOP packet of a Vantage Pro in which all that is not usual is dashed. */
function loopPacket(outsideTenthsF: number): Uint8Array {
  const packet = new Uint8Array(99)
  packet.set(utf8('LOO'))
  const usual: readonly (readonly [at: number, ...bytes: number[]])[] = [
    [7, 0xaf, 0x74],
    [9, 0x1b, 0x03],
    [11, 61],
    [12, outsideTenthsF & 0xff, outsideTenthsF >> 8],
    [14, 9, 7, 225, 0],
    [18, ...Array<number>(15).fill(255)],
    [33, 78],
    [34, ...Array<number>(7).fill(255)],
    [43, 255, 0xff, 0x7f],
    [62, ...Array<number>(8).fill(255)],
    [87, 0, 3],
    [95, 10, 13],
  ]
  for (const [at, ...bytes] of usual) packet.set(bytes, at)
  return sealedPacket(packet)
}

/** The packet with its CRC in the last two bytes. */
function sealedPacket(packet: Uint8Array): Uint8Array {
  let crc = 0
  for (const byte of packet.subarray(0, 97))
    for (let bit = 7; bit >= 0; bit--) {
      const carry = (crc >> 15) ^ ((byte >> bit) & 1)
      crc = ((crc << 1) & 0xffff) ^ (carry ? 0x1021 : 0)
    }
  packet.set([crc >> 8, crc & 0xff], 97)
  return packet
}

const davis: DeviceMessages = {
  first: [],
  daily: [
    { topic: 'davis', payload: loopPacket(864) },
    { topic: 'davis', payload: concatBytes(Uint8Array.of(6), loopPacket(871)) },
  ],
  resealed: (payload) => {
    const packet = new Uint8Array(99)
    packet.set(payload.subarray(0, 97))
    packet.set(utf8('LOO'))
    return sealedPacket(packet)
  },
}

/** By the kinds of `decode --as`. A kind that is missing here fails the test that reads this table. */
export const DEVICE_MESSAGES: Readonly<Record<string, DeviceMessages>> = {
  zigbee2mqtt,
  tasmota,
  esphome,
  'home-assistant': homeAssistant,
  chirpstack,
  ttn,
  json,
  sparkplug: sparkplugDay(),
  nmea,
  rg15,
  davis,
}
