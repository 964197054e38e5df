import { fromBase64, utf8 } from '#contract/ground/bytes.ts'
import { ChirpStackDecoder } from './chirpstack/decoder.ts'
import type { DecoderKind } from './decode-kinds.ts'
import { EspHomeDecoder } from './esphome/decoder.ts'
import { HomeAssistantDecoder } from './home-assistant/decoder.ts'
import { JsonMappingDecoder } from './json-mapping/decoder.ts'
import type { Mapping } from './json-mapping/mapping.ts'
import { HeardLines, HeardPackets } from './lines/heard-messages.ts'
import { NmeaFormat } from './lines/nmea/format.ts'
import { Rg15Format } from './lines/rg15/format.ts'
import type { CodecOf, LoraNaming } from './lorawan/lora-device.ts'
import type { MessageDecoder } from './message-decoder.ts'
import type { DecodeError, DecodeResult } from './observation.ts'
import { refused } from './observation.ts'
import { SparkplugDecoder, type SparkplugOptions } from './sparkplug/decoder.ts'
import { TasmotaDecoder } from './tasmota/decoder.ts'
import { TtnDecoder, type TtnPayload } from './ttn/decoder.ts'
import { type Vocabulary, vocabularyWith } from './vocabulary/vocabulary.ts'
import { Zigbee2MqttDecoder } from './zigbee2mqtt/decoder.ts'

// The bucket that is sold outside of the United States.
const DAVIS_METRIC_CLICK_MM = 0.2

/** What reads each kind of message: one line each. */
const DECODERS = {
  zigbee2mqtt: (options: DecoderOptions) =>
    new Zigbee2MqttDecoder(options.zigbee2mqttBase === undefined ? {} : { base: options.zigbee2mqttBase }),
  tasmota: () => new TasmotaDecoder(),
  esphome: (options: DecoderOptions) =>
    new EspHomeDecoder({ discoveryPrefix: options.homeAssistantPrefix, vocabulary: vocabularyOf(options) }),
  'home-assistant': (options: DecoderOptions) =>
    new HomeAssistantDecoder({ prefix: options.homeAssistantPrefix, vocabulary: vocabularyOf(options) }),
  chirpstack: (options: DecoderOptions) =>
    new ChirpStackDecoder({
      vocabulary: vocabularyOf(options),
      naming: options.lorawanNames,
      codecOf: options.codecOf,
    }),
  ttn: (options: DecoderOptions) =>
    new TtnDecoder({
      vocabulary: vocabularyOf(options),
      naming: options.lorawanNames,
      prefers: options.ttnPayload,
      codecOf: options.codecOf,
    }),
  json: (options: DecoderOptions) =>
    new JsonMappingDecoder({ mappings: options.mappings, vocabulary: vocabularyOf(options) }),
  sparkplug: (options: DecoderOptions) => new SparkplugDecoder(options.sparkplug),
  nmea: () => new HeardLines('nmea', (device) => new NmeaFormat({ device })),
  davis: () => new HeardPackets(DAVIS_METRIC_CLICK_MM),
  rg15: () => new HeardLines('rg15', (device) => new Rg15Format(device)),
} as const satisfies Record<DecoderKind, (options: DecoderOptions) => MessageDecoder>

export interface DecoderOptions {
  /** Base topic of Zigbee2MQTT; `zigbee2mqtt` if not given. */
  readonly zigbee2mqttBase?: string
  /** Topic under which devices announce themselves; `homeassistant` if not given. */
  readonly homeAssistantPrefix?: string | undefined
  /** File with a farm's own names for quantities. */
  readonly vocabulary?: string | undefined
  readonly lorawanNames?: LoraNaming | undefined
  readonly ttnPayload?: TtnPayload | undefined
  /** For bytes that a LoRaWAN network server did not decode. */
  readonly codecOf?: CodecOf | undefined
  /** For `json`; without them each topic is a device and the names are looked up. */
  readonly mappings?: readonly Mapping[] | undefined
  readonly sparkplug?: SparkplugOptions
}

const vocabularyOf = ({ vocabulary }: DecoderOptions): Vocabulary => vocabularyWith(vocabulary)

export const createDecoder = (kind: DecoderKind, options: DecoderOptions = {}): MessageDecoder =>
  DECODERS[kind](options)

export interface DecodedReading {
  readonly device: string
  /** Only where the device has several of the quantity. */
  readonly channel?: string
  readonly quantity: string
  readonly value: number
  readonly unit: string
  /** What the device says the time was, ISO 8601 in UTC; absent when it doesn't say. */
  readonly observedAt?: string
}

export interface DecodedMessage {
  readonly readings: readonly DecodedReading[]
  readonly ignored: boolean
  readonly errors: readonly DecodeError[]
}

/** One line of the command's input, not checked yet. */
export interface StatedMessage {
  readonly topic?: unknown
  /** Text as `encoding` says; an object is taken for JSON that was written without quotes around it. */
  readonly payload?: unknown
  readonly encoding?: unknown
}

/**
 * What one message means, for a person at the command line. Never throws: a line that is not a message gets
 * an error. Give one `decoder` for a whole stream, so that device lists count for what follows them.
 */
export async function decodeAs(
  kind: DecoderKind,
  message: StatedMessage,
  decoder: MessageDecoder = createDecoder(kind),
): Promise<DecodedMessage> {
  const { topic } = message
  if (typeof topic !== 'string') return answerOf(refused('input-invalid', '`topic` must be text'))
  const payload = bytesOf(message)
  return answerOf(
    'problem' in payload
      ? refused('input-invalid', payload.problem)
      : await decoder.decode({ topic, payload: payload.bytes }),
  )
}

function bytesOf({ payload, encoding = 'utf8' }: StatedMessage): { bytes: Uint8Array } | { problem: string } {
  if (typeof payload === 'object' && payload !== null) return { bytes: utf8(JSON.stringify(payload)) }
  if (typeof payload !== 'string') return { problem: '`payload` must be text' }
  if (encoding === 'utf8') return { bytes: utf8(payload) }
  if (encoding !== 'base64') return { problem: '`encoding` must be utf8 or base64' }
  try {
    return { bytes: fromBase64(payload) }
  } catch {
    return { problem: 'the payload is not base64' }
  }
}

const answerOf = ({ readings, ignored, errors }: DecodeResult): DecodedMessage => ({
  readings: readings.map(({ device, channel, quantity, value, unit, sourceTimeMs }) => ({
    device,
    ...(channel === '' ? {} : { channel }),
    quantity,
    value,
    unit,
    ...(sourceTimeMs === undefined ? {} : { observedAt: new Date(sourceTimeMs).toISOString() }),
  })),
  ignored,
  errors,
})
