import { expect, test } from 'vitest'
import { concatBytes, toHex, utf8 } from '#contract/ground/bytes.ts'
import type { Random } from '#contract/ground/random.ts'
import { SparkplugDecoder } from '../../../agent/devices/sparkplug/decoder.ts'
import { MAX_METRICS } from '../../../agent/devices/sparkplug/wire-payload.ts'
import { standardVocabulary } from '../../../agent/devices/vocabulary/vocabulary.ts'
import { LONGEST_MS, outcomeOf } from '../../world/fuzz-targets.ts'
import { mutated } from '../../world/mutated.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'
import { engUnit, metric, NOON_MS, quality, SparkplugNode } from '../../world/sparkplug-node.ts'

/** Whatever bytes and topics come, in whatever order, the decoder answers. */
const INPUTS = 20_000
const seed = seedFromEnvironment()

function messagesOf(node: SparkplugNode) {
  return [
    node.birth([
      metric('Temperature', 'Float', 27.5, { alias: 1, timestamp: NOON_MS, ...engUnit('°C') }),
      metric('Soil/Moisture', 'Int8', -3, { alias: 2, ...quality(192) }),
      { name: 'Humidity', datatype: 9, isNull: true, alias: 3 },
      { name: 'Set', datatype: 16, datasetValue: { numOfColumns: '1', columns: ['a'], types: [3] } },
    ]),
    node.deviceBirth('dev', [
      metric('Power', 'Double', 12, { alias: 10 }),
      metric('Battery', 'UInt64', 99, { alias: 11 }),
      metric('Pump/Running', 'Boolean', true, { alias: 12 }),
    ]),
    node.data(undefined, [
      { alias: 1, floatValue: 28, timestamp: NOON_MS + 5 },
      { alias: 2, intValue: 4294967290 },
    ]),
    node.data('dev', [
      { alias: 10, doubleValue: 3, isHistorical: true },
      { alias: 12, booleanValue: false },
    ]),
    node.deviceDeath('dev'),
    node.death(),
  ]
}

test(`${INPUTS} mutated messages are answered (seed ${seed}, VUON_SEED takes it back)`, () => {
  const random = seededRandom(seed)
  const any = (below: number) => Math.floor(random() * below)
  const clock = new PretendClock(NOON_MS)
  // Read once a program, from a file: no input's fault.
  standardVocabulary()
  let asked = 0
  const decoder = new SparkplugDecoder({ rebirth: { clock, publish: () => asked++, reorderMs: 0 } })
  const samples = ['shed', 'tank', 'gate'].flatMap((edge) => messagesOf(new SparkplugNode('farm', edge)))
  let [withReadings, withErrors, longestMs] = [0, 0, 0]
  for (let index = 0; index < INPUTS; index++) {
    const sample = samples[any(samples.length)]!
    const topic = random() < 0.1 ? mutatedText(sample.topic, random) : sample.topic
    const payload = random() < 0.2 ? sample.payload : mishaps(sample.payload, random)
    const show = () => `seed ${seed}: ${topic} ${toHex(payload)}`
    const started = performance.now()
    let result: ReturnType<typeof decoder.decode>
    try {
      result = decoder.decode({ topic, payload, isRetained: random() < 0.02 })
    } catch (error) {
      throw new Error(show(), { cause: error })
    }
    longestMs = Math.max(longestMs, performance.now() - started)
    try {
      if (result.readings.length + result.errors.length > 0 === result.ignored) throw new Error('ignored')
      outcomeOf(result, { readings: MAX_METRICS, errors: 50, detailChars: 200 })
    } catch (error) {
      throw new Error(show(), { cause: error })
    }
    const { readings, errors } = result
    if (readings.length > 0) withReadings++
    if (errors.length > 0) withErrors++
  }
  console.log(
    `sparkplug fuzz: ${withReadings} with readings, ${withErrors} with errors, ${asked} births asked for, longest ${longestMs.toFixed(1)} ms`,
  )
  // The mutations reach both sides, so the check is worth its time.
  expect(withReadings).toBeGreaterThan(INPUTS / 100)
  expect(withErrors).toBeGreaterThan(INPUTS / 10)
  expect(longestMs).toBeLessThan(LONGEST_MS)
  // The clock stands still: damped, so one a node, and not more than the minute holds.
  expect(asked).toBeLessThanOrEqual(30)
})

test('is not held up by the largest and worst payloads', () => {
  const size = 256 * 1024
  const fill = (...piece: number[]) => Uint8Array.from({ length: size }, (_, at) => piece[at % piece.length]!)
  const nested = (tag: number) => {
    let inner: Uint8Array = new Uint8Array()
    // Every level costs its own header; some 60,000 levels fit.
    const heads: Uint8Array[] = []
    for (let length = 0; length < size; ) {
      const head = Uint8Array.from([tag, ...varint(length)])
      heads.push(head)
      length += head.length
    }
    inner = concatBytes(...heads.reverse())
    return inner
  }
  const worst = [
    fill(0x12, 0),
    fill(0x12, 2, 0x0a, 0),
    fill(0x13),
    fill(0x0b),
    fill(0xff),
    fill(0x08, 0x80, 0x80),
    nested(0x12),
    nested(0x0a),
    concatBytes(Uint8Array.from([0x12, ...varint(size)]), fill(0x4a, 2, 0x0a, 0)),
    concatBytes(Uint8Array.from([0x12, ...varint(size), 0x4a, ...varint(size - 4)]), fill(0x0a, 0)),
  ]
  const node = new SparkplugNode()
  const decoder = new SparkplugDecoder()
  // A birth, data, a death: the rest is read by the same code.
  for (const { topic } of messagesOf(node).filter((_, index) => [0, 2, 5].includes(index)))
    for (const payload of worst) {
      const started = performance.now()
      decoder.decode({ topic, payload })
      expect(performance.now() - started, toHex(payload.subarray(0, 16))).toBeLessThan(LONGEST_MS)
    }
})

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left]
    bytes.push((left % 128) | 0x80)
  }
}

const mishaps = (bytes: Uint8Array, random: Random): Uint8Array => mutated(bytes, random, { atMost: 4 })

const lenient = new TextDecoder()
const mutatedText = (text: string, random: Random): string => lenient.decode(mishaps(utf8(text), random))
