import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { type DecodeResult, NOTHING, refused } from '../observation.ts'
import { findPacket } from './davis/find-packet.ts'
import { LoopDecoder } from './davis/loop-packet.ts'
import { LineSplitter } from './line-splitter.ts'
import type { LineFormat } from './line-talker.ts'

/**
 * What a talker said, one piece at a time as at the command line: the topic is the device's name, the payload one
 * line or several, whole ones.
 */
export class HeardLines implements MessageDecoder {
  readonly kind: string
  readonly topicFilters = []
  readonly #formatFor: (device: string) => LineFormat
  readonly #formats = new Map<string, LineFormat>()

  constructor(kind: string, formatFor: (device: string) => LineFormat) {
    this.kind = kind
    this.#formatFor = formatFor
  }

  decode({ topic, payload }: IncomingMessage): DecodeResult {
    const device = deviceOf(topic, this.kind)
    const format = remembered(this.#formats, device, this.#formatFor)
    const splitter = new LineSplitter(MAX_LINE_BYTES)
    const results: DecodeResult[] = []
    for (const piece of splitter.push(withEnd(payload.subarray(0, MAX_PAYLOAD_BYTES)))) {
      if (results.length >= MAX_LINES) break
      results.push(
        piece.kind === 'line'
          ? format.decode(piece.bytes)
          : refused('line-too-long', `${piece.count} bytes without the end of a line`),
      )
    }
    return together(results)
  }
}

/** A LOOP packet, with or without the console's acknowledgement before it. */
export class HeardPackets implements MessageDecoder {
  readonly kind = 'davis'
  readonly topicFilters = []
  readonly #decoders = new Map<string, LoopDecoder>()
  readonly #rainClickMm: number

  constructor(rainClickMm: number) {
    this.#rainClickMm = rainClickMm
  }

  decode({ topic, payload }: IncomingMessage): DecodeResult {
    const found = findPacket(payload.subarray(0, MAX_PAYLOAD_BYTES))
    if (found.kind === 'incomplete')
      return found.hasBadCrc
        ? refused('crc', 'the CRC of the LOOP packet is wrong')
        : refused('wrong-reply', `no whole LOOP packet in ${payload.length} bytes`)
    const device = deviceOf(topic, this.kind)
    return remembered(this.#decoders, device, () => new LoopDecoder(device, this.#rainClickMm)).decode(
      found.bytes,
    )
  }
}

const MAX_LINE_BYTES = 4096
const MAX_PAYLOAD_BYTES = 64 * 1024
const MAX_LINES = 32
const MAX_READINGS = 300
const MAX_ERRORS = 100
// Somebody who sends every line under another name must not fill the memory.
const MAX_DEVICES = 1000

const deviceOf = (topic: string, kind: string): string =>
  topic
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim()
    .slice(0, 64) || kind

function remembered<T>(known: Map<string, T>, device: string, create: (device: string) => T): T {
  const before = known.get(device)
  if (before) return before
  if (known.size >= MAX_DEVICES) known.clear()
  const fresh = create(device)
  known.set(device, fresh)
  return fresh
}

function withEnd(payload: Uint8Array): Uint8Array {
  const ended = new Uint8Array(payload.length + 1)
  ended.set(payload)
  ended[payload.length] = 0x0a
  return ended
}

function together(results: readonly DecodeResult[]): DecodeResult {
  if (results.length === 0) return NOTHING
  const readings = results.flatMap((each) => each.readings).slice(0, MAX_READINGS)
  const errors = results.flatMap((each) => each.errors).slice(0, MAX_ERRORS)
  const seen = results.find((each) => each.deviceSeen)?.deviceSeen
  return {
    readings,
    errors,
    ignored: readings.length === 0 && errors.length === 0,
    ignoredFields: results.reduce((sum, each) => sum + each.ignoredFields, 0),
    ...(seen ? { deviceSeen: seen } : {}),
  }
}
