import { isObject, type JsonObject } from '../bounded-json.ts'

/** What `bridge/devices` and `bridge/groups` say: which names there are, and each property's unit. */
export interface KnownDevice {
  readonly ieeeAddress: string
  /** Property as it stands in payloads → the unit that the device states. */
  readonly units: ReadonlyMap<string, string>
  /** Every property that the device may send. */
  readonly properties: ReadonlySet<string>
}

/** Undefined when it is not a device list. The coordinator is in it and sends nothing of its own. */
export function parseDeviceList(value: unknown): Map<string, KnownDevice> | undefined {
  if (!Array.isArray(value)) return undefined
  const devices = new Map<string, KnownDevice>()
  for (const item of value) {
    if (!isObject(item) || typeof item['friendly_name'] !== 'string') continue
    const units = new Map<string, string>()
    const properties = new Set<string>()
    const definition = item['definition']
    if (isObject(definition)) collect(definition['exposes'], units, properties, 0)
    const ieeeAddress = typeof item['ieee_address'] === 'string' ? item['ieee_address'] : ''
    devices.set(item['friendly_name'], { ieeeAddress, units, properties })
  }
  return devices
}

/** Undefined when it is not a group list. */
export function parseGroupList(value: unknown): Set<string> | undefined {
  if (!Array.isArray(value)) return undefined
  const names = value
    .filter((item): item is JsonObject => isObject(item))
    .map((item) => item['friendly_name'])
    .filter((name) => typeof name === 'string')
  return new Set(names)
}

// Exposes hold features (a switch, a climate), which hold features; three levels are all there are.
const MAX_DEPTH = 4

function collect(exposes: unknown, units: Map<string, string>, properties: Set<string>, depth: number): void {
  if (!Array.isArray(exposes) || depth > MAX_DEPTH) return
  for (const each of exposes) {
    if (!isObject(each)) continue
    const { property, unit, features } = each
    if (typeof property === 'string') {
      properties.add(property)
      if (typeof unit === 'string') units.set(property, unit)
    }
    collect(features, units, properties, depth + 1)
  }
}
