import { toHex, utf8 } from '#contract/ground/bytes.ts'
import type { Random } from '#contract/ground/random.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { createDecoder } from '../../agent/devices/decode-as.ts'
import { DECODE_KINDS, type DecoderKind } from '../../agent/devices/decode-kinds.ts'
import { LineSplitter } from '../../agent/devices/lines/line-splitter.ts'
import { PatternFormat } from '../../agent/devices/lines/patterns/format.ts'
import type { Pattern, PatternValue } from '../../agent/devices/lines/patterns/pattern.ts'
import { parseUplink } from '../../agent/devices/lorawan/uplink.ts'
import { decodeProbe } from '../../agent/devices/modbus/decode-probe.ts'
import { loadProfile, profileNames } from '../../agent/devices/modbus/profile.ts'
import type { DecodeResult } from '../../agent/devices/observation.ts'
import { DEVICE_MESSAGES, type Message } from './device-messages.ts'
import { FRAMING_TARGETS } from './fuzz-framings.ts'
import { mutated, mutatedJson } from './mutated.ts'

/**
 * Every door through which strangers' bytes come into the agent's devices. The tests try each with some thousand
 * inputs, `npm run fuzz` with a million:
 *
 *   chance ─► a good message, broken ─► the door ─► its outcome, or an Error that says which promise it broke
 */
export interface FuzzTarget {
  readonly name: string
  /** What lives through all the inputs, so that what it hoards is seen. */
  readonly create: () => Trial
}

// Longer than this an input holds up the other devices of the box. A pause of the garbage collector on a busy machine
// is some 100 ms; a runaway input takes seconds.
export const LONGEST_MS = 2000

/** Makes the next input. */
export type Trial = (random: Random) => FuzzInput

export interface FuzzInput {
  /** What came of it, in a word. Throws when the answer is not one that the door may give. */
  run(): string | Promise<string>
  /** The input, to be tried again by hand. */
  show(): string
}

export interface AnswerBounds {
  readonly readings?: number
  readonly errors?: number
  readonly detailChars?: number
  readonly channelChars?: number
}

/** What every decoder promises of its answers, whatever the message was; one that promises more gives its bounds. */
export function outcomeOf(
  { readings, ignored, errors, deviceSeen }: DecodeResult,
  bounds: AnswerBounds = {},
): string {
  const isAnswered = readings.length > 0 || errors.length > 0
  if (isAnswered && ignored) throw new Error('answered and ignored')
  if (readings.length > (bounds.readings ?? 300) || errors.length > (bounds.errors ?? 200))
    throw new Error(`${readings.length} readings, ${errors.length} errors`)
  for (const { device, channel, quantity, unit, value } of readings) {
    if (!Number.isFinite(value) || unit !== QUANTITIES[quantity].unit || device === '')
      throw new Error(`${device} ${quantity} ${value} ${unit}`)
    if (
      device.length > 128 ||
      channel.length > (bounds.channelChars ?? 128) ||
      /\p{Cc}/u.test(device + channel)
    )
      throw new Error(`name ${JSON.stringify([device, channel])}`)
  }
  for (const { code, detail } of errors)
    if (!/^[a-z0-9-]+$/.test(code) || detail.length > (bounds.detailChars ?? 400))
      throw new Error(`${code}: ${detail.length} characters`)
  if (deviceSeen && (deviceSeen.id === '' || deviceSeen.id.length > 160)) throw new Error('deviceSeen')
  return readings.length > 0 ? 'readings' : errors.length > 0 ? 'errors' : 'nothing'
}

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!
const lenient = new TextDecoder()

// The old one shows what is hoarded; but names that nobody has fill its tables, and then it refuses new ones.
const FRESH_FOR = 2000
const FIRST_AGAIN = 16

function decoderTarget(kind: DecoderKind): FuzzTarget {
  return {
    name: kind,
    create: () => {
      const messages = DEVICE_MESSAGES[kind]
      if (!messages) throw new Error(`test/world/device-messages.ts has no messages of ${kind}`)
      const [old, fresh] = [createDecoder(kind), { decoder: createDecoder(kind), inputs: 0 }]
      const rare: readonly Message[] = [...messages.first, ...(messages.other ?? [])]
      return (random) => {
        const sample = pick(rare.length > 0 && random() < 0.25 ? rare : messages.daily, random)
        const topic = random() < 0.2 ? lenient.decode(mutated(utf8(sample.topic), random)) : sample.topic
        const isWhole = random() < 0.1
        const isParsed = random() < 0.5
        const broken = isWhole
          ? sample.payload
          : ((isParsed ? mutatedJson(sample.payload, random) : undefined) ?? mutated(sample.payload, random))
        const payload = messages.resealed && random() < 0.5 ? messages.resealed(broken) : broken
        const message = { topic, payload, isRetained: random() < 0.1 }
        if (++fresh.inputs % FRESH_FOR === 0) fresh.decoder = createDecoder(kind)
        const decoder = random() < 0.5 ? old : fresh.decoder
        // A birth or an announcement that came broken takes the rest with it; so they are said again, as on a farm.
        if (fresh.inputs % FIRST_AGAIN === 0) for (const first of messages.first) void decoder.decode(first)
        return {
          run: () => {
            const result = decoder.decode(message)
            decoder.takeNewTopics?.()
            return result instanceof Promise ? result.then((each) => outcomeOf(each)) : outcomeOf(result)
          },
          show: () => `${JSON.stringify(topic)} ${toHex(payload)}${message.isRetained ? ' retained' : ''}`,
        }
      }
    },
  }
}

const value = (from: number | string, quantity: PatternValue['quantity']): PatternValue => ({
  ...{ from, quantity, channel: '', scale: 1.5, offset: -1 },
})

function patternTarget(
  name: string,
  pattern: Pick<Pattern, 'format' | 'values'>,
  lines: string[],
): FuzzTarget {
  return {
    name: `lines-${name}`,
    create: () => {
      const format = new PatternFormat('uno', {
        ...{ decimalComma: false, comments: ['#'], hasChecksum: false },
        ...pattern,
      })
      return (random) => {
        const line = mutated(utf8(pick(lines, random)), random)
        return { run: () => outcomeOf(format.decode(line)), show: () => toHex(line) }
      }
    },
  }
}

/** All that is pushed comes out as lines or is counted; nothing is held beyond the bound. */
const splitterTarget: FuzzTarget = {
  name: 'line-splitter',
  create: () => {
    const splitter = new LineSplitter(64)
    let held = 0
    return (random) => {
      const bytes = mutated(
        utf8('23.5,60\r\n$WIMTA,17.2,C*3B\r\n\n' + 'x'.repeat(Math.floor(random() * 99))),
        random,
      )
      return {
        run: () => {
          const pieces = splitter.push(bytes)
          const out = pieces.reduce(
            (sum, each) => sum + (each.kind === 'line' ? each.bytes.length : each.count),
            0,
          )
          const ends = bytes.filter((byte) => byte === 10 || byte === 13).length
          held += bytes.length - ends - out
          if (held < 0 || held > 0 !== splitter.isInside) throw new Error(`${held} bytes are held`)
          if (pieces.some((each) => each.kind === 'line' && each.bytes.length > 64))
            throw new Error('too long')
          return pieces.some(({ kind }) => kind === 'discarded') ? 'discarded' : 'lines'
        },
        show: () => toHex(bytes),
      }
    }
  },
}

const probeTarget: FuzzTarget = {
  name: 'probe-decode',
  create: () => {
    const profiles = profileNames().map((name) => loadProfile(name))
    const frames = ['010400010002200b', '010404014202605b24', '018302c0f1', '', 'zz']
    return (random) => {
      const noisy = (): unknown => {
        const frame = pick(frames, random)
        const chance = random()
        if (chance < 0.3) return frame
        if (chance < 0.6) return toHex(mutated(Buffer.from(frame, 'hex'), random))
        if (chance < 0.95) return lenient.decode(mutated(utf8(frame), random))
        return pick([undefined, null, 7, {}, []], random)
      }
      const [profile, request, response] = [pick(profiles, random), noisy(), noisy()]
      return {
        run: () => {
          const { readings, errors } = decodeProbe(profile, { request, response })
          if (readings.length + errors.length === 0) throw new Error('no answer')
          if (!readings.every((reading) => Number.isFinite(reading.value))) throw new Error('not a number')
          return readings.length > 0 ? 'readings' : 'errors'
        },
        show: () => JSON.stringify({ profile: profile.name, request, response }),
      }
    }
  },
}

const uplinkTarget: FuzzTarget = {
  name: 'lorawan-uplink',
  create: () => (random) => {
    const text = lenient.decode(
      mutated(utf8('{"fPort":85,"bytes":"AXVkA2f4AARoZA==","recvTime":"2026-02-02T02:40:00Z"}'), random),
    )
    return {
      run: () => {
        let stated: unknown
        try {
          stated = JSON.parse(text)
        } catch {
          return 'not-json'
        }
        if (typeof stated !== 'object' || stated === null) return 'not-json'
        const uplink = parseUplink(stated as Record<string, unknown>)
        if ('problem' in uplink) return 'problem'
        if (!uplink.bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
          throw new Error('bytes')
        return 'uplink'
      },
      show: () => JSON.stringify(text),
    }
  },
}

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...DECODE_KINDS.map(decoderTarget),
  patternTarget('csv', { format: 'csv', values: [value('T', 'air-temperature'), value(2, 'air-humidity')] }, [
    'T,H,x',
    '23.5,60,1',
    '23.5 *C;60%',
  ]),
  patternTarget(
    'pairs',
    { format: 'pairs', values: [value('T', 'air-temperature'), value('H', 'air-humidity')] },
    ['T=23.5 H=60', 'T: 23.5 *C, H: 60 %'],
  ),
  patternTarget(
    'json',
    { format: 'json', values: [value('t', 'air-temperature'), value('/a/0', 'air-humidity')] },
    ['{"t":23.5,"a":[60,{"b":1}],"up":7}'],
  ),
  splitterTarget,
  ...FRAMING_TARGETS,
  probeTarget,
  uplinkTarget,
]
