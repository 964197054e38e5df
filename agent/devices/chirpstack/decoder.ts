import { QUALITY } from '#contract/wire/records.ts'
import { isObject, type JsonObject, parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import { type CodecOf, type LoraDevice, type LoraNaming, nameOf } from '../lorawan/lora-device.ts'
import { objectIn, textIn, uplinkReadings } from '../lorawan/uplink-readings.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { numberOf } from '../number-of.ts'
import { type DecodeResult, NOTHING, observed, refused } from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { standardVocabulary, type Vocabulary } from '../vocabulary/vocabulary.ts'

/**
 * ChirpStack v4 in JSON (v3 with its other names too). What its own codec decoded is read by our vocabulary; bytes
 * that it did not decode go through a codec of the box, where there is one.
 *
 *   application/ID/device/EUI/event/up     → readings, radio      …/event/join, ack, txack → seen
 *   application/ID/device/EUI/event/status → battery              …/event/log              → the server's errors
 */
export class ChirpStackDecoder implements MessageDecoder {
  readonly kind = 'chirpstack'
  readonly topicFilters = ['application/+/device/+/event/+']
  readonly #vocabulary: Vocabulary
  readonly #naming: LoraNaming
  readonly #codecOf: CodecOf | undefined

  constructor(
    options: {
      vocabulary?: Vocabulary | undefined
      naming?: LoraNaming | undefined
      codecOf?: CodecOf | undefined
    } = {},
  ) {
    this.#vocabulary = options.vocabulary ?? standardVocabulary()
    this.#naming = options.naming ?? 'name'
    this.#codecOf = options.codecOf
  }

  async decode(message: IncomingMessage): Promise<DecodeResult> {
    const [, application, devEui, event] = TOPIC.exec(message.topic) ?? []
    if (application === undefined || devEui === undefined || event === undefined) return NOTHING
    if (!EVENTS.has(event) || message.payload.length === 0) return NOTHING
    const parsed = parseBoundedJson(message.payload)
    if (parsed.kind === 'refused')
      return refused(
        parsed.code,
        `${parsed.detail}${parsed.code === 'too-large' ? '' : '; the integration must be set to JSON, not protobuf'}`,
      )
    if (!isObject(parsed.value)) return refused('not-an-object', 'ChirpStack sends an object')
    const payload = parsed.value
    const device = deviceOf(payload, application, devEui)
    const name = nameOf(device, this.#naming)
    const problem = nameProblem(name)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    const sourceTimeMs = timeOf(payload)
    const quality = message.isRetained ? QUALITY.historical : QUALITY.good
    switch (event) {
      case 'up':
        return uplinkReadings(
          {
            device,
            name,
            decoded: decodedOf(payload),
            data: payload['data'],
            fPort: payload['fPort'],
            heard: payload['rxInfo'],
            sourceTimeMs,
            quality,
          },
          this.#vocabulary,
          this.#codecOf,
        )
      case 'status':
        return statusOf(payload, name, { sourceTimeMs, quality })
      case 'log':
      case 'error':
        return logOf(payload, name)
      default:
        return { ...NOTHING, deviceSeen: { id: name } }
    }
  }
}

const TOPIC = /(?:^|\/)application\/([^/]{1,64})\/device\/([^/]{1,64})\/event\/([a-z]{1,16})$/
// `location` and `integration` measure nothing; `error` is v3's `log`.
const EVENTS: ReadonlySet<string> = new Set(['up', 'join', 'ack', 'txack', 'status', 'log', 'error'])

function deviceOf(payload: JsonObject, application: string, devEui: string): LoraDevice {
  const info = objectIn(payload, 'deviceInfo')
  return {
    devEui: textIn(info, 'devEui') || devEui,
    name: textIn(info, 'deviceName') || textIn(payload, 'deviceName'),
    application: textIn(info, 'applicationName') || textIn(payload, 'applicationName') || application,
    profile: textIn(info, 'deviceProfileName') || textIn(payload, 'deviceProfileName'),
  }
}

/** v3 writes the object as text in `objectJSON`. */
function decodedOf(payload: JsonObject): unknown {
  const { object, objectJSON } = payload
  if (object !== undefined || typeof objectJSON !== 'string') return object
  const parsed = parseBoundedJson(new TextEncoder().encode(objectJSON))
  return parsed.kind === 'parsed' ? parsed.value : undefined
}

/** When the server took it in; before that field there was only what each gateway said. */
function timeOf(payload: JsonObject): number | undefined {
  const own = sourceTimeOf(payload['time'] ?? payload['publishedAt'])
  if (own !== undefined) return own
  const heard = payload['rxInfo']
  if (!Array.isArray(heard)) return undefined
  for (const each of heard.slice(0, 20)) {
    if (!isObject(each)) continue
    const time = sourceTimeOf(each['nsTime']) ?? sourceTimeOf(each['gwTime']) ?? sourceTimeOf(each['time'])
    if (time !== undefined) return time
  }
  return undefined
}

/** DevStatusAns: a battery from 1 to 254 that the server turned into per cent. */
function statusOf(
  payload: JsonObject,
  name: string,
  more: { sourceTimeMs: number | undefined; quality: number },
): DecodeResult {
  const seen = { ...NOTHING, deviceSeen: { id: name } }
  if (payload['externalPowerSource'] === true || payload['batteryLevelUnavailable'] === true) return seen
  const stated = payload['batteryLevel']
  if (stated === undefined || stated === null) return seen
  const level = numberOf(stated)
  if (level === undefined) return refused('not-a-number', 'batteryLevel is not a number')
  const readings = [observed(name, '', 'battery', level, more)]
  return { readings, errors: [], ignored: false, ignoredFields: 1, deviceSeen: { id: name } }
}

/** The server's own trouble with a device (no codec, wrong key) is worth a word; its notes are not. */
function logOf(payload: JsonObject, name: string): DecodeResult {
  const level = textIn(payload, 'level')
  const what = textIn(payload, 'code', 'type') || 'error'
  const detail = textIn(payload, 'description', 'error')
  if (level !== '' && level !== 'ERROR') return { ...NOTHING, deviceSeen: { id: name } }
  return { ...refused('network-server', `${what}: ${detail}`), deviceSeen: { id: name } }
}
