import { afterAll, describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { MAX_JSON_BYTES } from '../../../agent/devices/bounded-json.ts'
import { createDecoder } from '../../../agent/devices/decode-as.ts'
import { DECODE_KINDS } from '../../../agent/devices/decode-kinds.ts'
import type { ReadRequest } from '../../../agent/devices/modbus/framing.ts'
import { framingOf } from '../../../agent/devices/modbus/framing-of.ts'
import { DEVICE_MESSAGES } from '../../world/device-messages.ts'
import { FUZZ_TARGETS, outcomeOf } from '../../world/fuzz-targets.ts'
import { InputTimer } from '../../world/input-timer.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'

/**
 * Whatever bytes come, the agent goes on: no exception, no number that is none, no input that takes long.
 * `npm run fuzz` does the same with a million inputs each, and looks at the memory.
 */
const INPUTS = 20_000

const seed = seedFromEnvironment()
console.log(`fuzz: ${INPUTS} inputs each, seed ${seed} (VUON_SEED takes it back)`)
const timer = new InputTimer(seed)
afterAll(() => console.log(`fuzz: the longest input took ${timer.longestMs.toFixed(1)} ms`))

// The mutations reach both sides, so the check is worth its time.
const SELDOM: Readonly<Record<string, number>> = { 'probe-decode': 0.001, 'lorawan-uplink': 0.02 }

describe.each(FUZZ_TARGETS)('$name', ({ name, create }) => {
  test('answers every mutated input', { timeout: 60_000 }, async () => {
    const random = seededRandom(seed)
    const trial = create()
    const seen = new Map<string, number>()
    for (let index = 0; index < INPUTS; index++) {
      const input = trial(random)
      const outcome = await timer.timedUntil(() => input.run(), input.show)
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    }
    expect(seen.size, JSON.stringify([...seen])).toBeGreaterThan(1)
    // A check sum of 16 bits lets one broken frame in 65,536 through, so of these inputs hardly ever one, read as
    // values or as an exception, and more than three in no seed that anybody will meet. One of 8 bits and Modbus TCP's
    // none let more through.
    const letThrough = name === 'modbus-rtu' ? ['damaged', 'exception'] : ['damaged']
    for (const [outcome, count] of seen)
      if (!letThrough.includes(outcome))
        expect(count, outcome).toBeGreaterThan(INPUTS * (SELDOM[name] ?? 0.01))
    if (name === 'modbus-rtu')
      for (const outcome of letThrough) expect(seen.get(outcome) ?? 0, outcome).toBeLessThanOrEqual(3)
  })
})

test('every kind of decoder has good messages, and each of them is read', async () => {
  for (const kind of DECODE_KINDS) {
    const decoder = createDecoder(kind)
    const { first, daily } = DEVICE_MESSAGES[kind] ?? { first: [], daily: [] }
    expect(daily.length, kind).toBeGreaterThan(0)
    for (const message of first) expect((await decoder.decode(message)).errors, message.topic).toEqual([])
    for (const message of daily) {
      const { readings, errors } = await decoder.decode(message)
      expect([readings.length > 0, errors], `${kind} ${message.topic}`).toEqual([true, []])
    }
  }
})

describe.each(DECODE_KINDS)('the %s decoder', (kind) => {
  test('is not held up by the largest and worst message', async () => {
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
      `{"object":{"a":[${fill((at) => `{"temperature":${at}},`, size)}{}]}}`,
      fill(() => '[', size),
      fill(() => '{"a":', size),
      `{"temperature":"${fill(() => '1', size)}"}`,
      `{"temperature":"${fill(() => ' ', size)}x"}`,
      `[${fill((at) => `{"friendly_name":"d${at}","definition":{"exposes":[{"property":"p"}]}},`, size)}{}]`,
      `"${fill(() => '\\', size)}"`,
      fill(() => 'x', size * 3),
    ]
    const { first, daily, other = [] } = DEVICE_MESSAGES[kind]!
    const topics = new Set([
      ...[...first.slice(0, 1), ...daily.slice(0, 3), ...other.slice(0, 1)].map(({ topic }) => topic),
      `zigbee2mqtt/${'a/'.repeat(30_000)}b`,
      'tele/'.repeat(10_000),
    ])
    const decoder = createDecoder(kind)
    for (const message of first) await decoder.decode(message)
    for (const topic of topics)
      for (const payload of worst.map(utf8))
        outcomeOf(
          await timer.timedUntil(
            () => decoder.decode({ topic, payload }),
            () => `${topic.slice(0, 40)} ${new TextDecoder().decode(payload.slice(0, 60))}`,
          ),
        )
  })
})

test.each(['rtu', 'tcp', 'ascii'] as const)(
  '%s framing is not held up by a flood of bytes that all look like a beginning',
  async (protocol) => {
    const request: ReadRequest = { unit: 1, function: 3, address: 0, count: 125 }
    const question = framingOf(protocol).ask(request)
    const beginnings = protocol === 'ascii' ? [...utf8(':0103FA')] : [1, 3, 250]
    const piece = Uint8Array.from({ length: 10_000 }, (_, at) => beginnings[at % beginnings.length]!)
    await timer.timedUntil(
      () => {
        for (let at = 0; at < piece.length; at++) question.push(piece.subarray(at, at + 1))
        expect(question.giveUp().kind).toBe('failure')
      },
      () => 'flood',
    )
  },
)
