import { fromBase64, utf8 } from '#contract/ground/bytes.ts'
import type { MessageDecoder } from './message-decoder.ts'
import type { DecodeError, DecodeResult } from './observation.ts'
import { refused } from './observation.ts'
import { TasmotaDecoder } from './tasmota/decoder.ts'
import { Zigbee2MqttDecoder } from './zigbee2mqtt/decoder.ts'

/** The kinds of message that `vuon-agent decode --as` and a bus's `decoders` know: one line each. */
const DECODERS = {
  zigbee2mqtt: (options: DecoderOptions) =>
    new Zigbee2MqttDecoder(options.zigbee2mqttBase === undefined ? {} : { base: options.zigbee2mqttBase }),
  tasmota: () => new TasmotaDecoder(),
} as const satisfies Record<string, (options: DecoderOptions) => MessageDecoder>

export interface DecoderOptions {
  /** Base topic of Zigbee2MQTT; `zigbee2mqtt` if not given. */
  readonly zigbee2mqttBase?: string
}

export type DecoderKind = keyof typeof DECODERS
export const DECODE_KINDS = Object.keys(DECODERS) as readonly DecoderKind[]

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
