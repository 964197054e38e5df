import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { concatBytes, toHex, utf8 } from '#contract/ground/bytes.ts'
import type { Random } from '#contract/ground/random.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { asciiFraming, decodeAscii, encodeAscii } from '../../../agent/devices/modbus/ascii-frame.ts'
import { withCrc } from '../../../agent/devices/modbus/crc.ts'
import type { Framing, ReadRequest } from '../../../agent/devices/modbus/framing.ts'
import { framingOf } from '../../../agent/devices/modbus/framing-of.ts'
import { loadProfile, profileNames } from '../../../agent/devices/modbus/profile.ts'
import { readingsOf } from '../../../agent/devices/modbus/registers.ts'
import { CounterMemory } from '../../../agent/devices/modbus/running-total.ts'
import { InputTimer } from '../../world/input-timer.ts'
import { mutated } from '../../world/mutated.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'

/** Whatever comes in by Modbus ASCII or RTU over TCP, and whatever registers hold: no exception, no wrong number. */
const INPUTS = 20_000
const seed = seedFromEnvironment()
console.log(`modbus fuzz: ${INPUTS} inputs each, seed ${seed} (VUON_SEED takes it back)`)
const timer = new InputTimer(seed)
afterAll(() => console.log(`modbus fuzz: the longest input took ${timer.longestMs.toFixed(1)} ms`))

const FOREIGN = [':', '\r\n', '\n', ':01', '::', '\u0000', '\u00ff', 'T=27.4 H=81\r\n'].map(utf8)

const mishap = (bytes: Uint8Array, random: Random): Uint8Array =>
  mutated(bytes, random, { atMost: 4, foreign: FOREIGN })

const bodyOf = ({ unit, function: code }: ReadRequest, words: readonly number[]): Uint8Array =>
  Uint8Array.from([unit, code, words.length * 2, ...words.flatMap((word) => [word >> 8, word & 0xff])])

describe.each<[string, () => Framing, (body: Uint8Array) => Uint8Array]>([
  ['ASCII', () => asciiFraming, encodeAscii],
  ['RTU over TCP', () => framingOf('rtu'), withCrc],
])('%s', (name, create, framed) => {
  test('takes only a whole answer to its own question out of mutated bytes, in whatever segments', () => {
    const random = seededRandom(seed)
    const any = (below: number) => Math.floor(random() * below)
    const seen = { registers: 0, exception: 0, failure: 0 }
    let changed = 0
    for (let index = 0; index < INPUTS; index++) {
      const request: ReadRequest = {
        unit: 1 + any(5),
        function: any(2) === 0 ? 3 : 4,
        address: any(100),
        count: 1 + any(12),
      }
      const words = Array.from({ length: request.count }, () => any(65_536))
      const question = create().ask(request)
      const other = framed(bodyOf({ ...request, unit: request.unit + 1 }, words))
      const right =
        any(8) === 0
          ? framed(Uint8Array.of(request.unit, request.function | 0x80, 1 + any(6)))
          : framed(bodyOf(request, words))
      const stream = concatBytes(...[question.bytes, other].slice(any(3)), right)
      const input = any(5) === 0 ? stream : mishap(stream, random)
      const show = () => `${JSON.stringify(request)} ${toHex(input)}`
      const reply = timer.timed(() => {
        for (let at = 0; at < input.length; ) {
          const size = 1 + any(20)
          const found = question.push(input.slice(at, at + size))
          if (found) return found
          at += size
        }
        return question.giveUp()
      }, show)
      seen[reply.kind]++
      expect(reply.strayBytes, show()).toBeLessThanOrEqual(input.length)
      if (reply.kind === 'failure') expect(reply.detail.length).toBeLessThanOrEqual(300)
      if (reply.kind !== 'registers') continue
      expect(reply.words.length, show()).toBe(request.count)
      if (reply.words.some((word, at) => word !== words[at])) changed++
    }
    // Eight bits of check sum let one broken line of 256 through, and two changes of one digit may cancel out. Most of
    // what is broken here is the frame itself. Sixteen bits let hardly any.
    expect(changed).toBeLessThanOrEqual(name === 'ASCII' ? INPUTS / 100 : 3)
    expect(seen.registers).toBeGreaterThan(INPUTS / 20)
    expect(seen.exception).toBeGreaterThan(INPUTS / 100)
    expect(seen.failure).toBeGreaterThan(INPUTS / 20)
  })

  test('an untouched answer behind any noise is found', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat({ max: 65_535 }), { minLength: 1, maxLength: 125 }),
        fc.integer({ min: 1, max: 247 }),
        (noise, words, unit) => {
          const request: ReadRequest = { unit, function: 3, address: 0, count: words.length }
          const question = create().ask(request)
          const reply = question.push(noise) ?? question.push(framed(bodyOf(request, words)))
          expect(reply).toMatchObject({ kind: 'registers', words })
        },
      ),
      { seed, numRuns: 200 },
    )
  })

  test('is not held up by a flood', () => {
    const question = create().ask({ unit: 1, function: 3, address: 0, count: 125 })
    const flood = utf8(':0103FA'.repeat(3000))
    timer.timed(
      () => {
        for (let at = 0; at < flood.length; at++) question.push(flood.subarray(at, at + 1))
        expect(question.giveUp().kind).toBe('failure')
      },
      () => 'flood',
    )
  })
})

test('ASCII: what was encoded is decoded, and no changed digit goes through', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 2, maxLength: 250 }),
      fc.nat(),
      fc.nat({ max: 15 }),
      (body, where, digit) => {
        const frame = encodeAscii(body).slice(1, -2)
        expect(decodeAscii(frame)).toEqual(body)
        const changed = frame.slice()
        changed[where % frame.length] = '0123456789ABCDEF'.charCodeAt(digit)
        if (toHex(changed) !== toHex(frame)) expect(decodeAscii(changed)).toBeUndefined()
      },
    ),
    { seed, numRuns: 500 },
  )
})

test('whatever the registers of any probe hold: finite values in their own units, and totals that never fall', () => {
  const random = seededRandom(seed + 1)
  const any = (below: number) => Math.floor(random() * below)
  const profiles = profileNames().map((name) => loadProfile(name))
  const counters = new CounterMemory()
  const before = new Map<string, number>()
  const edges = [0, 1, 0x7fff, 0x8000, 0xffff, 0x7f80, 0xff80, 0xd8f1, 0x7fc0]
  for (let index = 0; index < INPUTS; index++) {
    const profile = profiles[any(profiles.length)]!
    const read = profile.reads[any(profile.reads.length)]!
    const words = Array.from({ length: any(read.count + 1) }, () =>
      any(3) === 0 ? edges[any(edges.length)]! : any(65_536),
    )
    const temperatureUnit = (['celsius', 'fahrenheit', 'unknown'] as const)[any(3)]!
    const show = () => `${profile.name} ${read.address} ${words.join()} ${temperatureUnit}`
    const { readings, faults } = timer.timed(
      () => readingsOf(profile, profile.name, read, words, { temperatureUnit, counters }),
      show,
    )
    for (const { quantity, unit, value, resolution, channel } of readings) {
      if (!Number.isFinite(value) || unit !== QUANTITIES[quantity].unit || !((resolution ?? 1) > 0))
        throw new Error(`seed ${seed}: ${quantity} ${value} ${unit} of ${show()}`)
      const stated = profile.values.find((each) => each.quantity === quantity && each.channel === channel)
      if (!stated?.counter) continue
      const key = `${profile.name}/${quantity}/${channel}`
      expect(value, show()).toBeGreaterThanOrEqual(before.get(key) ?? 0)
      before.set(key, value)
    }
    for (const { code, detail } of faults)
      if (!/^[a-z-]+$/.test(code) || detail.length > 200) throw new Error(`${code}: ${detail}`)
  }
  expect(before.size).toBeGreaterThan(3)
})
