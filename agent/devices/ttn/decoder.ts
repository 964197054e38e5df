import { QUALITY } from '#contract/wire/records.ts'
import { isObject, type JsonObject, parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import { type CodecOf, type LoraDevice, type LoraNaming, nameOf } from '../lorawan/lora-device.ts'
import { objectIn, textIn, uplinkReadings } from '../lorawan/uplink-readings.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { type DecodeResult, NOTHING, refused } from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { standardVocabulary, type Vocabulary } from '../vocabulary/vocabulary.ts'
import { normalizedReadings } from './normalized.ts'

/** Which of a device's two payloads goes first where both name a quantity. */
export type TtnPayload = 'normalized' | 'decoded'

/**
 * The Things Stack v3 (The Things Network). The normalized payload names its quantities and units itself; what only
 * the decoded one has is read by our vocabulary, and bytes that neither has by a codec of the box.
 *
 *   v3/APP@TENANT/devices/DEVICE/up → readings, radio      …/join → seen      …/down/…, service/data → nothing
 */
export class TtnDecoder implements MessageDecoder {
  readonly kind = 'ttn'
  readonly topicFilters = ['v3/+/devices/+/up', 'v3/+/devices/+/join']
  readonly #vocabulary: Vocabulary
  readonly #naming: LoraNaming
  readonly #prefers: TtnPayload
  readonly #codecOf: CodecOf | undefined

  constructor(
    options: {
      vocabulary?: Vocabulary | undefined
      naming?: LoraNaming | undefined
      prefers?: TtnPayload | undefined
      codecOf?: CodecOf | undefined
    } = {},
  ) {
    this.#vocabulary = options.vocabulary ?? standardVocabulary()
    this.#naming = options.naming ?? 'name'
    this.#prefers = options.prefers ?? 'normalized'
    this.#codecOf = options.codecOf
  }

  async decode(message: IncomingMessage): Promise<DecodeResult> {
    const [, application, deviceId, kind] = TOPIC.exec(message.topic) ?? []
    if (application === undefined || deviceId === undefined || message.payload.length === 0) return NOTHING
    const parsed = parseBoundedJson(message.payload)
    if (parsed.kind === 'refused') return refused(parsed.code, parsed.detail)
    if (!isObject(parsed.value)) return refused('not-an-object', 'The Things Stack sends an object')
    const uplink = objectIn(parsed.value, 'uplink_message')
    const device = deviceOf(parsed.value, uplink, application, deviceId)
    const name = nameOf(device, this.#naming)
    const problem = nameProblem(name)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    if (kind === 'join') return { ...NOTHING, deviceSeen: { id: name } }
    if (!isObject(parsed.value['uplink_message'])) return refused('no-uplink', 'there is no uplink_message')

    const sourceTimeMs = sourceTimeOf(uplink['received_at']) ?? sourceTimeOf(parsed.value['received_at'])
    const quality =
      (message.isRetained ? QUALITY.historical : QUALITY.good) |
      // Typed in at the console by a person who tries something out.
      (parsed.value['simulated'] === true ? QUALITY.estimated : 0)
    const normalized = normalizedReadings(uplink['normalized_payload'], name, { sourceTimeMs, quality })
    const hasDecoded = isObject(uplink['decoded_payload'])
    return uplinkReadings(
      {
        device,
        name,
        ...(this.#prefers === 'decoded' && hasDecoded ? {} : { named: normalized }),
        decoded: uplink['decoded_payload'],
        data: uplink['frm_payload'],
        fPort: uplink['f_port'],
        heard: uplink['rx_metadata'],
        sourceTimeMs,
        quality,
      },
      this.#vocabulary,
      this.#codecOf,
    )
  }
}

const TOPIC = /(?:^|\/)v3\/([^/]{1,128})\/devices\/([^/]{1,128})\/(up|join)$/

function deviceOf(
  payload: JsonObject,
  uplink: JsonObject,
  application: string,
  deviceId: string,
): LoraDevice {
  const ids = objectIn(payload, 'end_device_ids')
  const version = objectIn(uplink, 'version_ids')
  const [brand, model] = [textIn(version, 'brand_id'), textIn(version, 'model_id')]
  return {
    devEui: textIn(ids, 'dev_eui'),
    name: textIn(ids, 'device_id') || deviceId,
    application:
      textIn(objectIn(ids, 'application_ids'), 'application_id') || application.replace(/@.*$/, ''),
    profile: brand === '' && model === '' ? '' : `${brand}/${model}`,
  }
}
