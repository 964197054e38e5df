import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { isObject, type JsonObject, parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { numberOf, onOffOf, shown } from '../number-of.ts'
import {
  type DecodeError,
  type DecodeResult,
  NOTHING,
  type Observation,
  observed,
  refused,
} from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { toTableUnit } from '../units.ts'
import { type KnownDevice, parseDeviceList, parseGroupList } from './device-list.ts'
import { type Field, type FoundField, fieldOf, META_FIELDS } from './fields.ts'

/**
 * Zigbee2MQTT. A device is named as in its topic, and its name may hold slashes, so `base/a/b` is the device
 * `a/b`, or the attribute or endpoint `b` of the device `a`: the retained device list tells which. Without the
 * list an object is taken for a device's state, a bare value under a known property for an attribute.
 *
 *   base/bridge/devices, groups → what we know      base/bridge/state → the bridge itself
 *   base/NAME                   → readings          base/NAME/availability → seen
 *   base/NAME/PROPERTY          → one reading       base/NAME/set, get → other people's commands
 */
export class Zigbee2MqttDecoder implements MessageDecoder {
  readonly kind = 'zigbee2mqtt'
  readonly topicFilters: readonly string[]
  readonly #base: string
  readonly #prefix: string
  #devices = new Map<string, KnownDevice>()
  #groups = new Set<string>()
  /** Devices that send whole objects: their attribute topics would say the same a second time. */
  readonly #sendsObjects = new Set<string>()
  readonly #isInSoil = new Set<string>()
  /** By device: what its last message was made of. */
  readonly #shapes = new Map<string, Shape>()

  constructor(options: { base?: string } = {}) {
    this.#base = options.base ?? 'zigbee2mqtt'
    this.#prefix = `${this.#base}/`
    this.topicFilters = [`${this.#base}/#`]
  }

  wants(topic: string): boolean {
    return topic.startsWith(this.#prefix)
  }

  decode(message: IncomingMessage): DecodeResult {
    const { topic, payload } = message
    if (!topic.startsWith(this.#prefix)) return NOTHING
    const rest = topic.slice(this.#prefix.length)
    // A name that has sent an object before is none of what follows.
    if (this.#sendsObjects.has(rest) && payload.length > 0) return this.#device(rest, message)
    if (rest === '' || COMMAND.test(rest)) return NOTHING
    if (rest === 'bridge' || rest.startsWith('bridge/')) return this.#bridge(rest.slice(7), payload)
    // An empty retained message is how a topic is taken back.
    if (payload.length === 0) return NOTHING
    if (rest.endsWith('/availability')) return availabilityOf(rest.slice(0, -'/availability'.length), payload)
    return this.#device(rest, message)
  }

  #device(rest: string, message: IncomingMessage): DecodeResult {
    const { payload } = message
    const parsed = parseBoundedJson(payload)
    if (parsed.kind === 'parsed' && isObject(parsed.value)) return this.#state(rest, parsed.value, message)
    const attribute = this.#attributeOf(rest)
    if (parsed.kind === 'refused' && !(parsed.code === 'not-json' && attribute && !looksLikeJson(payload)))
      return refused(parsed.code, parsed.detail)
    if (!attribute || Array.isArray(parsed.kind === 'parsed' ? parsed.value : undefined))
      return refused('not-an-object', 'a device sends an object')
    const value = parsed.kind === 'parsed' ? parsed.value : textOf(payload)
    const problem = nameProblem(attribute.device)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    if (this.#sendsObjects.has(attribute.device)) return { ...NOTHING, deviceSeen: { id: attribute.device } }
    return this.#values(attribute.device, { [attribute.property]: value }, message)
  }

  #bridge(rest: string, payload: Uint8Array): DecodeResult {
    if (rest === 'state') return this.#bridgeState(payload)
    if (rest !== 'devices' && rest !== 'groups') return NOTHING
    if (payload.length === 0) return NOTHING
    const parsed = parseBoundedJson(payload)
    if (parsed.kind === 'refused') return refused(parsed.code, `bridge/${rest}: ${parsed.detail}`)
    if (rest === 'devices') {
      const devices = parseDeviceList(parsed.value)
      if (!devices) return refused('not-a-list', 'bridge/devices is not a list')
      this.#devices = devices
      this.#shapes.clear()
    } else {
      const groups = parseGroupList(parsed.value)
      if (!groups) return refused('not-a-list', 'bridge/groups is not a list')
      this.#groups = groups
    }
    return NOTHING
  }

  /** A bridge that is well is no device; one that went away is worth a word. */
  #bridgeState(payload: Uint8Array): DecodeResult {
    if (payload.length === 0) return NOTHING
    const stated = availabilityOf(`${this.#base}/bridge`, payload)
    return stated.deviceSeen?.availability === 'online' ? NOTHING : stated
  }

  #state(name: string, payload: JsonObject, message: IncomingMessage): DecodeResult {
    const problem = this.#sendsObjects.has(name) ? undefined : nameProblem(name)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    // A group only repeats what its members say, and an endpoint's topic what the device's says.
    if (this.#groups.has(name) || (!this.#devices.has(name) && this.#knownOwnerOf(name))) return NOTHING
    remember(this.#sendsObjects, name)
    return this.#values(name, payload, message)
  }

  #values(device: string, payload: JsonObject, message: IncomingMessage): DecodeResult {
    const readings: Observation[] = []
    const errors: DecodeError[] = []
    const { steps, ignored, hasTwins } = this.#shapeOf(device, payload)
    let ignoredFields = ignored
    const sourceTimeMs = sourceTimeOf(payload['last_seen'])
    const quality = message.isRetained ? QUALITY.historical : QUALITY.good
    const seen = hasTwins ? new Set<string>() : undefined
    for (const step of steps) {
      const { property } = step
      const stated = payload[property]
      // Null: the device has the property and has not said it yet.
      if (stated === null) continue
      const found = step.dependsOnValue ? this.#fieldFor(device, property, step.named, payload) : step.found
      if (!found) {
        ignoredFields++
        continue
      }
      const value = statedValue(found.field, stated)
      if (value === 'other-state') {
        ignoredFields++
        continue
      }
      if (value === undefined) {
        if (errors.length < MAX_ERRORS)
          errors.push({ code: 'not-a-number', detail: `${property}: ${shown(stated)}` })
        continue
      }
      const { quantity } = found.field
      const converted =
        found.field.unit === 'boolean'
          ? value
          : toTableUnit(value, found.field.unit, QUANTITIES[quantity].unit)
      if (converted === undefined) {
        errors.push({ code: 'unit-unknown', detail: `${property}: "${found.field.unit}"` })
        continue
      }
      if (seen) {
        const key = keyOf(found)
        if (seen.has(key)) {
          ignoredFields++
          continue
        }
        seen.add(key)
      }
      if (readings.length >= MAX_READINGS) {
        errors.push({ code: 'too-many-values', detail: `more than ${MAX_READINGS} values` })
        break
      }
      readings.push(observed(device, found.endpoint, quantity, converted, { sourceTimeMs, quality }))
    }
    return {
      readings,
      errors,
      ignoredFields,
      ignored: readings.length === 0 && errors.length === 0,
      deviceSeen: { id: device },
    }
  }

  /** A device sends the same properties for years: what each means is looked up when they change. */
  #shapeOf(device: string, payload: JsonObject): Shape {
    const known = this.#shapes.get(device)
    if (known && hasKeys(payload, known.keys)) return known
    const keys = Object.keys(payload)
    const steps: Step[] = []
    let ignored = 0
    for (const property of keys) {
      if (META_FIELDS.has(property)) continue
      const named = fieldOf(property)
      if (!named) {
        ignored++
        continue
      }
      const found = this.#fieldFor(device, property, named, payload)
      steps.push({ property, named, found, dependsOnValue: named.name === 'voltage' })
    }
    const quantities = steps.map(({ found }) => found && keyOf(found))
    const hasTwins = new Set(quantities).size < steps.length || steps.some((step) => step.dependsOnValue)
    const shape = { keys, steps, ignored, hasTwins }
    if (keys.length <= MAX_READINGS && (known || this.#shapes.size < MAX_REMEMBERED))
      this.#shapes.set(device, shape)
    return shape
  }

  /** The table's field, corrected by what the device and its other properties say. */
  #fieldFor(
    device: string,
    property: string,
    found: FoundField,
    payload: JsonObject,
  ): MeantField | undefined {
    const { name, endpoint } = found
    const known = this.#devices.get(device)
    const has = (other: string) => known?.properties.has(other) || Object.hasOwn(payload, other)
    const unit = known?.units.get(property) ?? found.field.unit
    switch (name) {
      case 'temperature': {
        // A probe in the soil calls its temperature just that.
        if ((has('soil_moisture') || has('soil_humidity')) && !has('humidity'))
          remember(this.#isInSoil, device)
        const quantity = this.#isInSoil.has(device) ? 'soil-temperature' : 'air-temperature'
        return { field: { quantity, unit }, endpoint }
      }
      case 'ph':
      case 'ec':
        if (has('soil_moisture') || has('soil_humidity'))
          return {
            field: { quantity: name === 'ph' ? 'soil-ph' : 'soil-conductivity', unit },
            endpoint,
          }
        return { field: { quantity: found.field.quantity, unit }, endpoint }
      case 'voltage':
        return { field: voltageOf(payload[property], known?.units.get(property), has), endpoint }
      case 'illuminance':
        // Beside `illuminance_lux` it is the raw logarithm that Zigbee itself sends.
        return has('illuminance_lux') ? undefined : { field: { quantity: 'light', unit }, endpoint }
      case 'tds':
        // Parts per million of water by weight are milligrams per litre.
        return { field: { quantity: 'dissolved-solids', unit: unit === 'ppm' ? 'mg/L' : unit }, endpoint }
      default:
        if (found.field.unit === 'boolean' || found.field.unit === unit) return found
        return { field: { quantity: found.field.quantity, unit }, endpoint }
    }
  }

  #attributeOf(rest: string): { device: string; property: string } | undefined {
    if (this.#devices.has(rest)) return undefined
    const at = rest.lastIndexOf('/')
    if (at <= 0) return undefined
    const device = rest.slice(0, at)
    const property = rest.slice(at + 1)
    return this.#devices.has(device) || fieldOf(property) || META_FIELDS.has(property)
      ? { device, property }
      : undefined
  }

  /** The known device that `name` is an endpoint or attribute of. */
  #knownOwnerOf(name: string): boolean {
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1))
      if (this.#devices.has(name.slice(0, at))) return true
    return false
  }
}

// `set`, `NAME/set`, `NAME/ENDPOINT/set`, `NAME/set/PROPERTY`, and the same with get.
const COMMAND = /(?:^|\/)(?:set|get|write)(?:\/[^/]+)?$/

// A device has some thirty properties; more is not one.
const MAX_READINGS = 200
const MAX_ERRORS = 50
// A coordinator holds at most some 300 devices.
const MAX_REMEMBERED = 1000

/** The properties of a message in their order, and what each means. */
interface Shape {
  readonly keys: readonly string[]
  readonly steps: readonly Step[]
  /** Properties that nobody mapped. */
  readonly ignored: number
  /** Two of them may be one value: `presence` and `occupancy`. */
  readonly hasTwins: boolean
}

interface Step {
  readonly property: string
  readonly named: FoundField
  readonly found: MeantField | undefined
  /** A voltage of thousands is one of millivolts. */
  readonly dependsOnValue: boolean
}

interface MeantField {
  readonly field: Field
  readonly endpoint: string
}

const keyOf = ({ field, endpoint }: MeantField): string =>
  endpoint === '' ? field.quantity : `${field.quantity}/${endpoint}`

function hasKeys(payload: JsonObject, keys: readonly string[]): boolean {
  let index = 0
  for (const key in payload) if (keys[index++] !== key) return false
  return index === keys.length
}

function remember(set: Set<string>, name: string): void {
  if (set.size < MAX_REMEMBERED) set.add(name)
}

/** Undefined when it can't be a value; `other-state` for OPEN, LOCK and the like, which are no switch. */
function statedValue(field: Field, stated: unknown): number | undefined | 'other-state' {
  if (field.unit !== 'boolean') return numberOf(stated)
  const value = onOffOf(stated)
  if (value !== undefined) return value
  return field.quantity === 'switch' && typeof stated === 'string' ? 'other-state' : undefined
}

/** A battery states millivolts, a socket volts, and both call it `voltage`. */
function voltageOf(
  stated: unknown,
  knownUnit: string | undefined,
  has: (property: string) => boolean | undefined,
): Field {
  const volts = numberOf(stated) ?? 0
  const isMains = has('power') || has('current') || has('energy')
  const isBattery = !isMains && (has('battery') || has('battery_low'))
  // No line on a farm has more than 1000 V, and no battery of a node more than 60 V.
  const unit = knownUnit ?? (volts > (isBattery ? 60 : 1000) ? 'mV' : 'V')
  const quantity = isBattery || (!isMains && unit === 'mV') ? 'battery-voltage' : 'voltage'
  return { quantity, unit }
}

/** Old bridges send `online` as text, new ones as an object. */
function availabilityOf(name: string, payload: Uint8Array): DecodeResult {
  const problem = nameProblem(name)
  if (problem) return refused('device-name', `the device's name ${problem}`)
  const parsed = parseBoundedJson(payload)
  const stated =
    parsed.kind === 'parsed'
      ? isObject(parsed.value)
        ? parsed.value['state']
        : parsed.value
      : textOf(payload).trim()
  if (stated !== 'online' && stated !== 'offline') return refused('unknown-availability', shown(stated))
  return { ...NOTHING, deviceSeen: { id: name, availability: stated } }
}

const looksLikeJson = (payload: Uint8Array): boolean => /^\s*[[{"]/.test(textOf(payload.subarray(0, 64)))

const lenient = new TextDecoder()
const textOf = (payload: Uint8Array): string => lenient.decode(payload)
