import { fromBase64, fromHex } from '#contract/ground/bytes.ts'
import { isObject } from '../bounded-json.ts'

/** One LoRaWAN uplink, as a codec gets it. */
export interface Uplink {
  /** Absent where nobody says it, as in ChirpStack's own test files; the codec then sees undefined. */
  readonly fPort?: number
  readonly bytes: readonly number[]
  /** When the network received it, ms since 1970; the codec sees a Date. */
  readonly recvTimeMs?: number
  /** The device's variables, as ChirpStack keeps them. */
  readonly variables?: Readonly<Record<string, unknown>>
}

/** What a codec said of an uplink. */
export interface CodecAnswer {
  /** Exactly what the codec returned, as JSON writes it; {} when there is nothing. */
  readonly data: unknown
  readonly warnings: readonly string[]
  readonly errors: readonly string[]
  /** Why there is no answer of the codec's own; absent when it answered (with or without errors). */
  readonly fault?: CodecFault
}

export type CodecFault = 'codec-failed' | 'codec-timeout' | 'codec-memory' | 'codec-busy'

export const noAnswer = (fault: CodecFault, detail: string): CodecAnswer => ({
  data: {},
  warnings: [],
  errors: [detail],
  fault,
})

// LoRaWAN carries at most 242 bytes; a network that joins fragments may hand over more.
const MAX_BYTES = 4096

/**
 * An uplink as a person or a file states it: `{fPort?, bytes, recvTime?, variables?}`. `bytes` is a list of numbers,
 * or text: hex when it is an even run of hex digits (spaces, colons and 0x allowed), base64 otherwise.
 */
export function parseUplink(stated: Readonly<Record<string, unknown>>): Uplink | { problem: string } {
  const { fPort, recvTime, variables } = stated
  const isPort = Number.isInteger(fPort) && (fPort as number) >= 0 && (fPort as number) <= 255
  if (!isPort && fPort !== undefined && fPort !== null)
    return { problem: '`fPort` must be a whole number from 0 to 255' }
  const bytes = bytesOf(stated['bytes'])
  if (!bytes) return { problem: '`bytes` must be a list of numbers from 0 to 255, or text in hex or base64' }
  if (bytes.length > MAX_BYTES) return { problem: `\`bytes\` are ${bytes.length}, more than ${MAX_BYTES}` }
  const recvTimeMs = recvTime === undefined || recvTime === null ? undefined : timeOf(recvTime)
  if (Number.isNaN(recvTimeMs)) return { problem: '`recvTime` must be a time, such as 2026-11-23T06:00:00Z' }
  if (variables !== undefined && variables !== null && !isObject(variables))
    return { problem: '`variables` must be an object' }
  return {
    ...(isPort ? { fPort: fPort as number } : {}),
    bytes,
    ...(recvTimeMs === undefined ? {} : { recvTimeMs }),
    ...(variables ? { variables: variables as Readonly<Record<string, unknown>> } : {}),
  }
}

function bytesOf(stated: unknown): readonly number[] | undefined {
  if (typeof stated === 'string') return stated.length > MAX_BYTES * 4 ? undefined : bytesOfText(stated)
  if (!Array.isArray(stated)) return undefined
  return stated.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255) ? stated : undefined
}

function bytesOfText(text: string): readonly number[] | undefined {
  const digits = text.replaceAll(/\s|:|0x/gi, '')
  try {
    return [...(/^([0-9a-f]{2})*$/i.test(digits) ? fromHex(digits) : fromBase64(text))]
  } catch {
    return undefined
  }
}

/** NaN when it is no time. */
function timeOf(stated: unknown): number {
  if (typeof stated !== 'number' && typeof stated !== 'string') return Number.NaN
  return new Date(stated).getTime()
}
