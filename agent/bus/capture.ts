import { fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from '#contract/ground/bytes.ts'
import type { LineSettings } from './byte-line.ts'
import { withoutTopicSecrets } from './capture-secrets.ts'

/**
 * A capture: what went over the buses, as JSON Lines. The first line says what it is, then one line an event:
 *
 *   {"capture":"vuon","version":1,"startedAt":"2026-11-27T06:00:00.000Z","config":{"buses":[..],"devices":{..}}}
 *   {"atMs":0,"bus":"line-1","kind":"up","detail":"/dev/ttyUSB0"}
 *   {"atMs":4,"bus":"line-1","kind":"settings","baudRate":9600,"parity":"none","dataBits":8,"stopBits":1}
 *   {"atMs":9,"bus":"line-1","kind":"sent","hex":"010400010002200b"}
 *   {"atMs":31,"bus":"line-1","kind":"heard","hex":"01040401310222.."}
 *   {"atMs":870,"bus":"shed","kind":"message","topic":"zigbee2mqtt/a","qos":1,"isRetained":false,"payload":"{..}","encoding":"utf8"}
 *   {"atMs":60000,"kind":"end","reason":"time","events":5}
 *
 * `atMs` is monotonic from `startedAt`. Without `end` the recording was cut off. A message line is also what
 * `vuon-agent decode` reads. Readers pass over kinds they don't know; a version they don't know they refuse.
 */
export const CAPTURE_VERSION = 1

export interface CaptureHeader {
  readonly capture: 'vuon'
  readonly version: number
  /** ISO 8601 in UTC. */
  readonly startedAt: string
  /** `buses` and `devices` of the config, without anything secret: what is needed to understand the events. */
  readonly config: Readonly<Record<string, unknown>>
}

export type CaptureEvent =
  | { readonly kind: 'up' | 'down'; readonly atMs: number; readonly bus: string; readonly detail: string }
  | ({ readonly kind: 'settings'; readonly atMs: number; readonly bus: string } & LineSettings)
  | {
      readonly kind: 'sent' | 'heard'
      readonly atMs: number
      readonly bus: string
      readonly bytes: Uint8Array
    }
  | {
      readonly kind: 'message'
      readonly atMs: number
      readonly bus: string
      readonly topic: string
      readonly qos: number
      readonly isRetained: boolean
      readonly payload: Uint8Array
    }
  | { readonly kind: 'end'; readonly atMs: number; readonly reason: string; readonly events: number }

/** One line of a capture, without its end of line. Values that look secret are struck out of messages here. */
export function captureLine(event: CaptureEvent): string {
  switch (event.kind) {
    case 'sent':
    case 'heard': {
      const { atMs, bus, kind, bytes } = event
      return JSON.stringify({ atMs, bus, kind, hex: toHex(bytes) })
    }
    case 'message': {
      const { atMs, bus, kind, topic, qos, isRetained } = event
      const { payload, isStruck } = withoutTopicSecrets(topic, event.payload)
      const stated = statedPayload(payload)
      return JSON.stringify({
        ...{ atMs, bus, kind, topic, qos, isRetained, ...stated },
        ...(isStruck ? { isStruck } : {}),
      })
    }
    default:
      return JSON.stringify(event)
  }
}

export type ReadLine =
  | { readonly kind: 'event'; readonly event: CaptureEvent }
  /** Of a newer writer: passed over. */
  | { readonly kind: 'unknown'; readonly what: string }
  | { readonly kind: 'bad'; readonly problem: string }

export function parseHeader(line: string): CaptureHeader | { readonly problem: string } {
  const value = objectOn(line)
  if (value?.['capture'] !== 'vuon') return { problem: 'the first line is not that of a capture' }
  const { version, startedAt, config } = value
  if (version !== CAPTURE_VERSION)
    return { problem: `it has version ${shown(version)}; this program reads version ${CAPTURE_VERSION}` }
  if (typeof startedAt !== 'string' || !Number.isFinite(Date.parse(startedAt)))
    return { problem: `startedAt is not a time (${shown(startedAt)})` }
  if (config === null || typeof config !== 'object' || Array.isArray(config))
    return { problem: 'the first line holds no config' }
  return { capture: 'vuon', version: CAPTURE_VERSION, startedAt, config: config as Record<string, unknown> }
}

/** Never throws: what a line is not, is said. */
export function parseCaptureLine(line: string): ReadLine {
  const value = objectOn(line)
  if (!value) return bad('the line is not a JSON object')
  const { kind, atMs, bus } = value
  if (typeof kind !== 'string') return bad('`kind` is missing')
  if (typeof atMs !== 'number' || !(atMs >= 0 && atMs <= MAX_AT_MS)) return bad('`atMs` is not a time')
  if (kind === 'end') {
    const { reason, events } = value
    return {
      kind: 'event',
      event: { kind, atMs, reason: String(reason ?? ''), events: typeof events === 'number' ? events : 0 },
    }
  }
  if (typeof bus !== 'string' || bus.length > 64) return bad('`bus` is not a name')
  switch (kind) {
    case 'up':
    case 'down':
      return {
        kind: 'event',
        event: { kind, atMs, bus, detail: String(value['detail'] ?? '').slice(0, 500) },
      }
    case 'settings': {
      const settings = settingsOf(value)
      return settings ? { kind: 'event', event: { kind, atMs, bus, ...settings } } : bad('no line settings')
    }
    case 'sent':
    case 'heard': {
      const bytes =
        typeof value['hex'] === 'string' ? bytesOr(() => fromHex(value['hex'] as string)) : undefined
      return bytes ? { kind: 'event', event: { kind, atMs, bus, bytes } } : bad('`hex` is not hex')
    }
    case 'message': {
      const { topic, qos, isRetained, payload, encoding } = value
      if (typeof topic !== 'string' || typeof payload !== 'string') return bad('no topic or payload')
      const bytes = encoding === 'base64' ? bytesOr(() => fromBase64(payload)) : utf8(payload)
      if (!bytes) return bad('the payload is not base64')
      return {
        kind: 'event',
        event: {
          ...{ kind, atMs, bus, topic, payload: bytes },
          qos: qos === 1 || qos === 2 ? qos : 0,
          isRetained: isRetained === true,
        },
      }
    }
    default:
      return { kind: 'unknown', what: kind.slice(0, 40) }
  }
}

// A year: a recording is bounded by its size long before.
const MAX_AT_MS = 366 * 86_400_000

const bad = (problem: string): ReadLine => ({ kind: 'bad', problem })

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 40)

function objectOn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function bytesOr(read: () => Uint8Array): Uint8Array | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function settingsOf(value: Record<string, unknown>): LineSettings | undefined {
  const { baudRate, parity, dataBits, stopBits } = value
  if (typeof baudRate !== 'number') return undefined
  if (parity !== 'none' && parity !== 'even' && parity !== 'odd') return undefined
  if ((dataBits !== 7 && dataBits !== 8) || (stopBits !== 1 && stopBits !== 2)) return undefined
  return { baudRate, parity, dataBits, stopBits }
}

function statedPayload(payload: Uint8Array): { payload: string; encoding: 'utf8' | 'base64' } {
  try {
    return { payload: fromUtf8(payload), encoding: 'utf8' }
  } catch {
    return { payload: toBase64(payload), encoding: 'base64' }
  }
}
