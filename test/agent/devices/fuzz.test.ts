import { afterAll, describe, expect, test } from 'vitest'
import { concatBytes, toHex, utf8 } from '#contract/ground/bytes.ts'
import type { Random } from '#contract/ground/random.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { MAX_JSON_BYTES } from '../../../agent/devices/bounded-json.ts'
import type { IncomingMessage, MessageDecoder } from '../../../agent/devices/message-decoder.ts'
import { withCrc } from '../../../agent/devices/modbus/crc.ts'
import { decodeProbe } from '../../../agent/devices/modbus/decode-probe.ts'
import type { Framing, ReadRequest } from '../../../agent/devices/modbus/framing.ts'
import { loadProfile, profileNames } from '../../../agent/devices/modbus/profile.ts'
import { rtuFraming } from '../../../agent/devices/modbus/rtu-frame.ts'
import { TcpFraming } from '../../../agent/devices/modbus/tcp-frame.ts'
import type { DecodeResult } from '../../../agent/devices/observation.ts'
import { TasmotaDecoder } from '../../../agent/devices/tasmota/decoder.ts'
import { Zigbee2MqttDecoder } from '../../../agent/devices/zigbee2mqtt/decoder.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'

/** Whatever bytes come, the agent goes on: no exception, no number that is none, no input that takes long. */
const INPUTS = 20_000
// A pause of the garbage collector on a busy machine is some 100 ms; a runaway input takes seconds.
const LONGEST_MS = 2000

const seed = seedFromEnvironment()
console.log(`fuzz: ${INPUTS} inputs each, seed ${seed} (VUON_SEED takes it back)`)
let longestMs = 0
afterAll(() => console.log(`fuzz: the longest input took ${longestMs.toFixed(1)} ms`))

function timed<T>(what: () => T, input: () => string): T {
  const started = performance.now()
  let answer: T
  try {
    answer = what()
  } catch (error) {
    throw new Error(`seed ${seed}, input ${input()}`, { cause: error })
  }
  const ms = performance.now() - started
  longestMs = Math.max(longestMs, ms)
  if (ms > LONGEST_MS) throw new Error(`seed ${seed}: ${ms} ms for ${input()}`)
  return answer
}

const TOKENS = [
  ...[
    'null',
    '1e999',
    '-0',
    '""',
    '{}',
    '[]',
    '[[[[',
    '}}',
    '"',
    '\\u0000',
    '\\ud800',
    '\u2028',
    'NaN',
    'true',
  ],
  ...[
    '"__proto__":{"a":1},',
    '"constructor":',
    '"temperature":',
    '"Temperature":',
    '"ZbReceived":{',
    '9007199254740993',
  ],
  ...['/set', '/availability', '/', '//', '+', '#', '$', 'tele/', 'stat/', 'bridge/devices', '_l1', '\u0000'],
].map(utf8)

/** One to six small mishaps: a bit, a byte, a piece lost, doubled, moved, or something foreign in between. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const any = (below: number) => Math.floor(random() * below)
  let result = bytes
  for (let times = 1 + any(6); times > 0; times--) {
    const at = any(result.length + 1)
    const length = any(12)
    const [before, piece, after] = [
      result.slice(0, at),
      result.slice(at, at + length),
      result.slice(at + length),
    ]
    switch (any(7)) {
      case 0:
        result = result.slice()
        if (at < result.length) result[at] = result[at]! ^ (1 << any(8))
        break
      case 1:
        result = concatBytes(before, Uint8Array.of(any(256)), result.slice(at))
        break
      case 2:
        result = concatBytes(before, after)
        break
      case 3:
        result = concatBytes(before, piece, piece, piece, after)
        break
      case 4:
        result = concatBytes(after, before, piece)
        break
      case 5:
        result = concatBytes(before, TOKENS[any(TOKENS.length)]!, result.slice(at))
        break
      default:
        result = before
    }
  }
  return result
}

const lenient = new TextDecoder()

function checkResult({ readings, ignored, errors, deviceSeen }: DecodeResult): void {
  const isAnswered = readings.length > 0 || errors.length > 0
  expect(isAnswered && ignored).toBe(false)
  expect(readings.length).toBeLessThanOrEqual(300)
  expect(errors.length).toBeLessThanOrEqual(200)
  for (const { device, channel, quantity, unit, value } of readings) {
    if (!Number.isFinite(value) || unit !== QUANTITIES[quantity].unit || device === '')
      throw new Error(`${device} ${quantity} ${value} ${unit}`)
    if (device.length > 128 || channel.length > 128 || /\p{Cc}/u.test(device + channel))
      throw new Error(`name ${JSON.stringify([device, channel])}`)
  }
  for (const { code, detail } of errors)
    if (!/^[a-z0-9-]+$/.test(code) || detail.length > 400)
      throw new Error(`${code}: ${detail.length} characters`)
  if (deviceSeen && (deviceSeen.id === '' || deviceSeen.id.length > 160)) throw new Error('deviceSeen')
}

interface Sample {
  readonly topic: string
  readonly payload: string
}

const ZIGBEE: readonly Sample[] = [
  {
    topic: 'zigbee2mqtt/bridge/devices',
    payload:
      '[{"ieee_address":"0x1","friendly_name":"a/b","definition":{"exposes":[{"property":"temperature","unit":"°F"},{"features":[{"property":"state_l1"}]}]}},{"friendly_name":"pump"}]',
  },
  { topic: 'zigbee2mqtt/bridge/groups', payload: '[{"id":1,"friendly_name":"lamps"}]' },
  { topic: 'zigbee2mqtt/bridge/state', payload: '{"state":"online"}' },
  { topic: 'zigbee2mqtt/a/b/availability', payload: '{"state":"offline"}' },
  {
    topic: 'zigbee2mqtt/a/b',
    payload:
      '{"temperature":21.5,"humidity":null,"battery":97,"voltage":3025,"linkquality":120,"last_seen":"2026-02-02T09:40:00+07:00","update":{"state":"idle"}}',
  },
  {
    topic: 'zigbee2mqtt/pump',
    payload: '{"state_l1":"ON","state_l2":"OFF","power_l1":12.5,"soil_moisture":31}',
  },
  { topic: 'zigbee2mqtt/pump/state_l1', payload: 'ON' },
  { topic: 'zigbee2mqtt/pump/temperature', payload: '21.5' },
]

const TASMOTA: readonly Sample[] = [
  {
    topic: 'tele/shed/SENSOR',
    payload:
      '{"Time":"2026-02-02T09:40:00","Epoch":1770000000,"AM2301":{"Temperature":27.4,"Humidity":66.1},"DS18B20-1":{"Id":"01131B6C3A5E","Temperature":24.1},"Switch1":"ON","TempUnit":"C","PressureUnit":"hPa"}',
  },
  {
    topic: 'farm/meter/tele/SENSOR',
    payload: '{"ENERGY":{"Total":[2.8,0.2],"Power":[52,5],"Voltage":235,"BL09XX":{"Temperature":46.5}}}',
  },
  {
    topic: 'tele/wind/SENSOR',
    payload: '{"TX23":{"Speed":{"Act":18,"Max":36},"Dir":{"Deg":247.5}},"SpeedUnit":"km/h"}',
  },
  {
    topic: 'tele/zb/SENSOR',
    payload:
      '{"ZbReceived":{"0x2916":{"Name":"kho","Temperature":26.27,"Power":1,"Endpoint":2,"LinkQuality":105}}}',
  },
  { topic: 'tele/n/STATE', payload: '{"Vcc":3.5,"POWER1":"ON","Wifi":{"RSSI":100,"Signal":-48}}' },
  { topic: 'stat/n/STATUS8', payload: '{"StatusSNS":{"SI7021":{"Humidity":50}}}' },
  { topic: 'stat/n/RESULT', payload: '{"POWER":"OFF"}' },
  { topic: 'tele/n/LWT', payload: 'Online' },
]

/** These two answer at once. */
type SyncDecoder = Omit<MessageDecoder, 'decode'> & { decode(message: IncomingMessage): DecodeResult }

describe.each<[string, () => SyncDecoder, readonly Sample[]]>([
  ['zigbee2mqtt', () => new Zigbee2MqttDecoder(), ZIGBEE],
  ['tasmota', () => new TasmotaDecoder(), TASMOTA],
])('the %s decoder', (_kind, create, samples) => {
  test('answers every mutated message', () => {
    const random = seededRandom(seed)
    const decoder = create()
    let withReadings = 0
    let withErrors = 0
    for (let index = 0; index < INPUTS; index++) {
      const sample = samples[Math.floor(random() * samples.length)]!
      const topic = random() < 0.2 ? lenient.decode(mutated(utf8(sample.topic), random)) : sample.topic
      const payload = mutated(utf8(sample.payload), random)
      const show = () => `${topic} ${toHex(payload)}`
      const result = timed(() => decoder.decode({ topic, payload, isRetained: random() < 0.1 }), show)
      timed(() => checkResult(result), show)
      if (result.readings.length > 0) withReadings++
      if (result.errors.length > 0) withErrors++
    }
    // The mutations reach both sides, so the check is worth its time.
    expect(withReadings).toBeGreaterThan(INPUTS / 100)
    expect(withErrors).toBeGreaterThan(INPUTS / 10)
  })

  test('is not held up by the largest and worst message', () => {
    const fill = (piece: (at: number) => string, size: number) => {
      let text = ''
      for (let at = 0; text.length < size; at++) text += piece(at)
      return text
    }
    const size = MAX_JSON_BYTES - 100
    const worst = [
      `{${fill((at) => `"Temperature${at}":${at},`, size)}"a":1}`,
      `{"S":{${fill((at) => `"Humidity${at % 99}":"x${at}",`, size)}"a":1}}`,
      `{"ENERGY":{"Power":[${fill((at) => `${at},`, size)}1]}}`,
      fill(() => '[', size),
      fill(() => '{"a":', size),
      `{"temperature":"${fill(() => '1', size)}"}`,
      `{"temperature":"${fill(() => ' ', size)}x"}`,
      `[${fill((at) => `{"friendly_name":"d${at}","definition":{"exposes":[{"property":"p"}]}},`, size)}{}]`,
      `"${fill(() => '\\', size)}"`,
      fill(() => 'x', size * 3),
    ]
    const topics = [
      ...samples.map(({ topic }) => topic),
      `zigbee2mqtt/${'a/'.repeat(30_000)}b`,
      'tele/'.repeat(10_000),
    ]
    const decoder = create()
    for (const topic of topics)
      for (const payload of worst.map(utf8))
        checkResult(
          timed(
            () => decoder.decode({ topic, payload }),
            () => `${topic.slice(0, 40)} ${lenient.decode(payload.slice(0, 60))}`,
          ),
        )
  })
})

describe.each<
  [string, () => Framing, (request: ReadRequest, words: number[], question: Uint8Array) => Uint8Array]
>([
  [
    'RTU',
    () => rtuFraming,
    ({ unit, function: code }, words) =>
      withCrc(
        Uint8Array.from([unit, code, words.length * 2, ...words.flatMap((word) => [word >> 8, word & 255])]),
      ),
  ],
  [
    'TCP',
    () => new TcpFraming(),
    ({ unit, function: code }, words, question) => {
      const body = [unit, code, words.length * 2, ...words.flatMap((word) => [word >> 8, word & 255])]
      return Uint8Array.from([question[0]!, question[1]!, 0, 0, 0, body.length, ...body])
    },
  ],
])('%s framing', (name, create, answerTo) => {
  test('takes only a whole answer to its own question out of mutated bytes', () => {
    const random = seededRandom(seed + 1)
    const any = (below: number) => Math.floor(random() * below)
    const framing = create()
    const seen = { registers: 0, exception: 0, failure: 0 }
    let changed = 0
    for (let index = 0; index < INPUTS; index++) {
      const request: ReadRequest = {
        unit: 1 + any(5),
        function: any(2) === 0 ? 3 : 4,
        address: any(100),
        count: 1 + any(12),
      }
      const question = framing.ask(request)
      const words = Array.from({ length: request.count }, () => any(65_536))
      const right = answerTo(request, words, question.bytes)
      const input = random() < 0.1 ? right : mutated(concatBytes(question.bytes, right, right), random)
      const show = () => `${JSON.stringify(request)} ${toHex(input)}`
      const reply = timed(() => {
        for (let at = 0; at < input.length; ) {
          const size = 1 + any(9)
          const reply = question.push(input.slice(at, at + size))
          if (reply) return reply
          at += size
        }
        return question.giveUp()
      }, show)
      seen[reply.kind]++
      expect(reply.strayBytes).toBeLessThanOrEqual(input.length)
      if (reply.kind !== 'registers') continue
      expect(reply.words.length, show()).toBe(request.count)
      if (reply.words.some((word, at) => word !== words[at])) changed++
    }
    // A check sum of 16 bits lets one broken frame in 65,536 through, so of these inputs hardly ever one, and
    // more than three in no seed that anybody will meet. Modbus TCP leaves that to TCP.
    if (name === 'RTU') expect(changed).toBeLessThanOrEqual(3)
    expect(seen.registers).toBeGreaterThan(INPUTS / 20)
    expect(seen.failure).toBeGreaterThan(INPUTS / 20)
  })

  test('is not held up by a flood of bytes that all look like a beginning', () => {
    const request: ReadRequest = { unit: 1, function: 3, address: 0, count: 125 }
    const question = create().ask(request)
    const piece = Uint8Array.from({ length: 10_000 }, (_, at) => [1, 3, 250][at % 3]!)
    timed(
      () => {
        for (let at = 0; at < piece.length; at++) question.push(piece.subarray(at, at + 1))
        expect(question.giveUp().kind).toBe('failure')
      },
      () => 'flood',
    )
  })
})

test('probe decode answers every mutated frame and every text', () => {
  const random = seededRandom(seed + 2)
  const profiles = profileNames().map((name) => loadProfile(name))
  const frames = ['010400010002200b', '010404014202605b24', '018302c0f1', '', 'zz']
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  for (let index = 0; index < INPUTS; index++) {
    const noisy = (): unknown => {
      const frame = pick(frames)
      const chance = random()
      if (chance < 0.3) return frame
      if (chance < 0.6) return toHex(mutated(Buffer.from(frame, 'hex'), random))
      if (chance < 0.95) return lenient.decode(mutated(utf8(frame), random))
      return pick([undefined, null, 7, {}, []])
    }
    const [request, response] = [noisy(), noisy()]
    const { readings, errors } = timed(
      () => decodeProbe(pick(profiles), { request, response }),
      () => JSON.stringify({ request, response }),
    )
    expect(readings.length + errors.length).toBeGreaterThan(0)
    expect(readings.every(({ value }) => Number.isFinite(value))).toBe(true)
  }
})
