import { fromBase64 } from '#contract/ground/bytes.ts'
import { isObject, type JsonObject } from '../bounded-json.ts'
import { numberOf } from '../number-of.ts'
import { type DecodeError, type DecodeResult, type Observation, observed } from '../observation.ts'
import { type ReadingsFound, readingsFromObject } from '../vocabulary/readings-from-object.ts'
import type { Vocabulary } from '../vocabulary/vocabulary.ts'
import type { CodecOf, LoraDevice } from './lora-device.ts'

/** One uplink as a network server hands it on, whichever server it is. */
export interface ServedUplink {
  readonly device: LoraDevice
  /** What our series call the device. */
  readonly name: string
  /** What the server's own codec made of the bytes; absent or empty when it has none. */
  readonly decoded: unknown
  /** Readings that the server already named, which go before `decoded`. */
  readonly named?: ReadingsFound
  /** The bytes in base64. */
  readonly data: unknown
  readonly fPort: unknown
  /** Who heard it: the best of them tells how good the radio is. */
  readonly heard: unknown
  readonly sourceTimeMs: number | undefined
  readonly quality: number
}

export async function uplinkReadings(
  uplink: ServedUplink,
  vocabulary: Vocabulary,
  codecOf: CodecOf | undefined,
): Promise<DecodeResult> {
  const { name, named, sourceTimeMs, quality } = uplink
  const more = { sourceTimeMs, quality }
  const errors: DecodeError[] = [...(named?.errors ?? [])]
  let object = uplink.decoded
  if (isEmpty(object) && (named?.readings.length ?? 0) === 0) {
    const answer = await ownDecoding(uplink, codecOf)
    errors.push(...answer.errors)
    object = answer.object
  }
  const found: ReadingsFound = isEmpty(object) ? NONE : readingsFromObject(object, name, vocabulary, more)
  errors.push(...found.errors)
  const readings = [...radioReadings(uplink.heard, name, more), ...(named?.readings ?? [])]
  let ignoredFields = found.ignoredFields + (named?.ignoredFields ?? 0)
  const isSaid = (each: Observation) =>
    readings.some(
      ({ quantity, channel }) =>
        quantity === each.quantity &&
        (channel === each.channel || named?.readings.some((n) => n.quantity === quantity)),
    )
  for (const each of found.readings) {
    if (isSaid(each)) ignoredFields++
    else readings.push(each)
  }
  return {
    readings,
    errors: errors.slice(0, MAX_ERRORS),
    ignoredFields,
    ignored: readings.length === 0 && errors.length === 0,
    deviceSeen: { id: name },
  }
}

const NONE: ReadingsFound = { readings: [], errors: [], ignoredFields: 0 }
const MAX_ERRORS = 50

// LoRaWAN carries at most 242 bytes (regional parameters RP002, DR5 of AS923 and EU868); 4 kB for joined fragments.
const MAX_DATA_CHARS = 6000

async function ownDecoding(
  { device, data, fPort, sourceTimeMs }: ServedUplink,
  codecOf: CodecOf | undefined,
): Promise<{ object?: unknown; errors: DecodeError[] }> {
  const wrong = (code: string, detail: string) => ({ errors: [{ code, detail: detail.slice(0, 200) }] })
  // An uplink without bytes only keeps the radio going.
  if (data === undefined || data === null || data === '') return { errors: [] }
  if (typeof data !== 'string' || data.length > MAX_DATA_CHARS)
    return wrong('not-base64', 'the data is not base64')
  let bytes: Uint8Array
  try {
    bytes = fromBase64(data)
  } catch {
    return wrong('not-base64', 'the data is not base64')
  }
  const port = numberOf(fPort ?? 0)
  if (port === undefined || !Number.isInteger(port) || port < 0 || port > 255)
    return wrong('no-port', 'fPort is not a number from 0 to 255')
  // Port 0 is the network's own (LoRaWAN 1.0.4 §4.3.2).
  if (port === 0 || bytes.length === 0) return { errors: [] }
  const codec = codecOf?.(device)
  if (!codec)
    return wrong(
      'no-codec',
      `${bytes.length} bytes on port ${port}: neither the network server nor the box has a codec for this device`,
    )
  const answer = await codec.decodeUplink({
    fPort: port,
    bytes: [...bytes],
    ...(sourceTimeMs === undefined ? {} : { recvTimeMs: sourceTimeMs }),
  })
  const errors = answer.errors.map((detail) => ({
    code: answer.fault ?? 'codec-error',
    detail: String(detail).slice(0, 200),
  }))
  return { object: answer.data, errors }
}

/** Strength and noise at the gateway that heard it best. */
function radioReadings(
  heard: unknown,
  name: string,
  more: { sourceTimeMs: number | undefined; quality: number },
): Observation[] {
  if (!Array.isArray(heard)) return []
  let best: { rssi: number; snr: number | undefined } | undefined
  for (const each of heard.slice(0, MAX_GATEWAYS)) {
    if (!isObject(each)) continue
    const rssi = numberOf(each['rssi'] ?? each['channel_rssi'])
    const snr = numberOf(each['snr'] ?? each['loRaSNR'])
    if (rssi !== undefined && (!best || rssi > best.rssi)) best = { rssi, snr }
  }
  if (!best) return []
  return [
    observed(name, '', 'signal-strength', best.rssi, more),
    ...(best.snr === undefined ? [] : [observed(name, '', 'signal-noise', best.snr, more)]),
  ]
}

const MAX_GATEWAYS = 200

const isEmpty = (object: unknown): boolean =>
  object === undefined || object === null || (isObject(object) && Object.keys(object).length === 0)

export const objectIn = (object: JsonObject, key: string): JsonObject => {
  const value = object[key]
  return isObject(value) ? value : {}
}

export const textIn = (object: JsonObject, ...keys: string[]): string => {
  for (const key of keys) {
    const value = object[key]
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}
