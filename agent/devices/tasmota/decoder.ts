import { isObject, type JsonObject, parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { shown } from '../number-of.ts'
import { type DecodeResult, NOTHING, refused } from '../observation.ts'
import { type Field, fieldOf, zigbeeFieldOf, zigbeeSwitchOf } from './fields.ts'
import { Found } from './found.ts'
import { parseTasmotaTopic, TASMOTA_FILTERS, type TasmotaTopic } from './topic.ts'

/**
 * Tasmota. The device is the topic without prefix and kind; each sensor on it is a channel (`AM2301`,
 * `DS18B20-01131B6C3A5E` by its own number where it says one, so that a failing neighbour doesn't rename it).
 *
 *   tele/NAME/SENSOR, stat/NAME/STATUS8, STATUS10  → sensors      tele/NAME/STATE, STATUS11 → relays, radio
 *   stat/NAME/RESULT                               → relays       tele/NAME/LWT             → seen
 *   ZbReceived in SENSOR or RESULT                 → the Zigbee nodes behind this one, as NAME/NODE
 */
export class TasmotaDecoder implements MessageDecoder {
  readonly kind = 'tasmota'
  readonly topicFilters = TASMOTA_FILTERS

  decode(message: IncomingMessage): DecodeResult {
    const topic = parseTasmotaTopic(message.topic)
    if (!topic || message.payload.length === 0) return NOTHING
    const problem = topic.device === '' ? undefined : nameProblem(topic.device)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    if (topic.kind === 'LWT') return availabilityOf(topic.device, message.payload)

    const parsed = parseBoundedJson(message.payload)
    if (parsed.kind === 'refused') return refused(parsed.code, parsed.detail)
    if (!isObject(parsed.value)) return refused('not-an-object', 'Tasmota sends an object')
    const found = new Found(topic.device, message.isRetained === true)
    read(topic.kind, parsed.value, found)
    return found.result()
  }
}

function read(kind: TasmotaTopic['kind'], payload: JsonObject, found: Found): void {
  const { StatusSNS: sensors, StatusSTS: state } = payload
  switch (kind) {
    case 'STATUS':
      if (isObject(sensors)) readSensors(sensors, found)
      if (isObject(state)) readState(state, found)
      break
    case 'SENSOR':
      readSensors(payload, found)
      break
    case 'STATE':
      readState(payload, found)
      break
    case 'RESULT':
      readResult(payload, found)
      break
    case 'LWT':
      break
  }
}

function readSensors(payload: JsonObject, found: Found): void {
  found.useFrame(payload)
  for (const [key, value] of Object.entries(payload)) {
    if (FRAME.has(key)) continue
    if (key === 'ZbReceived' && isObject(value)) readZigbee(value, found)
    else if (NOT_SENSORS.has(key)) found.leave()
    else if (isObject(value)) readSensor({ sensor: key, channel: channelOf(key, value) }, '', value, found, 0)
    else if (/^Switch\d{1,2}$/.test(key)) found.onOff('switch', key, value, key)
    else found.leave()
  }
}

function readState(payload: JsonObject, found: Found): void {
  found.useFrame(payload)
  for (const [key, value] of Object.entries(payload)) {
    if (FRAME.has(key)) continue
    if (RELAY.test(key)) found.relay(key, value)
    else if (key === 'Vcc') found.number({ quantity: 'voltage', unit: 'V' }, key, value, key, payload)
    else if (key === 'Wifi' && isObject(value)) {
      // `RSSI` beside it is a percentage that Tasmota makes of it.
      if (Object.hasOwn(value, 'Signal'))
        found.number(
          { quantity: 'signal-strength', unit: 'dBm' },
          '',
          value['Signal'],
          'Wifi.Signal',
          payload,
        )
    } else found.leave()
  }
}

/** Answers to commands, of everything there is; only relays and Zigbee nodes are measurements. */
function readResult(payload: JsonObject, found: Found): void {
  found.useFrame(payload)
  for (const [key, value] of Object.entries(payload)) {
    if (RELAY.test(key)) found.relay(key, value)
    else if (key === 'ZbReceived' && isObject(value)) readZigbee(value, found)
    else found.leave()
  }
}

interface Place {
  /** The name that decides what its fields mean. */
  readonly sensor: string
  readonly channel: string
}

function readSensor(place: Place, above: string, fields: JsonObject, found: Found, depth: number): void {
  for (const [name, value] of Object.entries(fields)) {
    const path = above === '' ? name : `${above}.${name}`
    if (isObject(value)) {
      if (depth >= MAX_NESTING) found.leave()
      else if (fieldsBelow(place.sensor, path, value)) readSensor(place, path, value, found, depth + 1)
      else {
        // A sensor within a sensor: `ENERGY.BL09XX`, or `DS1` under the `DS18x20` of old versions.
        const inner = { sensor: name, channel: `${place.channel}-${channelOf(name, value)}` }
        readSensor(inner, '', value, found, depth + 1)
      }
      continue
    }
    const mapped = fieldOf(place.sensor, path)
    if (!mapped) {
      found.leave()
      continue
    }
    const { field, index } = mapped
    const channel = index === '' ? place.channel : `${place.channel}-${index}`
    const where = `${place.channel} ${path}`
    // Meters with several phases or outputs list them.
    if (Array.isArray(value))
      value.forEach((each, at) => {
        found.number(field, `${channel}-${at + 1}`, each, where, fields)
      })
    else found.number(field, channel, value, where, fields)
  }
}

/** Whether this nested object belongs to the sensor itself (`Speed` and `Dir` of a wind sensor). */
const fieldsBelow = (sensor: string, path: string, value: JsonObject): boolean =>
  Object.keys(value).some((name) => fieldOf(sensor, `${path}.${name}`) !== undefined)

function readZigbee(nodes: JsonObject, found: Found): void {
  for (const [key, fields] of Object.entries(nodes)) {
    if (!isObject(fields)) {
      found.leave()
      continue
    }
    const name = typeof fields['Name'] === 'string' && fields['Name'] !== '' ? fields['Name'] : key
    const node = found.behind(name, key)
    const endpoint = fields['Endpoint']
    const channel = typeof endpoint === 'number' && endpoint > 1 ? `ep${endpoint}` : ''
    for (const [property, value] of Object.entries(fields)) {
      const onOff = zigbeeSwitchOf(property)
      const isBattery = Object.hasOwn(fields, 'Battery') || Object.hasOwn(fields, 'BatteryPercentage')
      const field: Field | undefined =
        property === 'Voltage'
          ? { quantity: isBattery ? 'battery-voltage' : 'voltage', unit: 'V' }
          : zigbeeFieldOf(property)
      if (onOff && !(onOff === 'switch' && value === TOGGLE)) node.onOff(onOff, channel, value, property)
      else if (field) node.number(field, channel, value, property, fields)
      else node.leave()
    }
  }
}

// A remote's "change over" is not a state.
const TOGGLE = 2
const RELAY = /^POWER\d{0,2}$/
const FRAME: ReadonlySet<string> = new Set(['Time', 'Epoch', 'TempUnit', 'PressureUnit', 'SpeedUnit'])
// Answers about the Zigbee and LoRa bridges themselves, old states, and codecs that write what they like.
const NOT_SENSORS: ReadonlySet<string> = new Set(['ZbInfo', 'ZbResponse', 'ZbState', 'LwReceived', 'LwInfo'])
const MAX_NESTING = 3

/** The sensor's own number (Dallas ROM code) rather than its place in the list, which shifts when one fails. */
function channelOf(key: string, fields: JsonObject): string {
  const id = fields['Id'] ?? fields['Address']
  if (typeof id !== 'string' || !/^[0-9A-Za-z]{6,32}$/.test(id)) return key
  return `${key.replace(/-\d{1,2}$/, '')}-${id}`
}

function availabilityOf(device: string, payload: Uint8Array): DecodeResult {
  if (device === '') return refused('no-device', 'the topic names no device')
  const stated = lenient.decode(payload.subarray(0, 64)).trim().toLowerCase()
  if (stated !== 'online' && stated !== 'offline') return refused('unknown-availability', shown(stated))
  return { ...NOTHING, deviceSeen: { id: device, availability: stated } }
}

const lenient = new TextDecoder()
