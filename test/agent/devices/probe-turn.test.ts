import { describe, expect, test } from 'vitest'
import { characterMs, type LineSettings } from '../../../agent/bus/byte-line.ts'
import { withCrc } from '../../../agent/devices/modbus/crc.ts'
import type { PolledProbe, PollFaultCode } from '../../../agent/devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../../../agent/devices/modbus/poller.ts'
import { loadProfile, type Profile, profileSchema } from '../../../agent/devices/modbus/profile.ts'
import { decodeRtuRequest, rtuFraming } from '../../../agent/devices/modbus/rtu-frame.ts'
import { CounterMemory } from '../../../agent/devices/modbus/running-total.ts'
import type { Observation } from '../../../agent/devices/observation.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { PretendSlaves, tableUnit } from '../../world/pretend-slave.ts'
import { type Piece, ScriptedLine } from './scripted-line.ts'

const AIR = loadProfile('xy-md02')
const EIGHT_N_ONE: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }

/** What a profile.yaml says, with what the tests don't care about filled in. */
const profile = (stated: object): Profile =>
  profileSchema.parse({
    name: 'test',
    maker: 'test',
    model: 'test',
    grade: 'manual',
    sources: ['this test'],
    line: { baudRate: 9600 },
    defaultUnit: 1,
    ...stated,
  })

const probe = (unit: number, of: Profile, more: Partial<PolledProbe> = {}): PolledProbe => ({
  name: `probe-${unit}`,
  unit,
  profile: of,
  everyMs: 60_000,
  timeoutMs: 300,
  settings: of.line,
  ...more,
})

function polling(probes: readonly PolledProbe[], answer: (question: Uint8Array) => readonly Piece[]) {
  const clock = new PretendClock(Date.UTC(2026, 0, 1))
  const line = new ScriptedLine(clock, answer)
  const counters = new CounterMemory()
  const readings: Observation[] = []
  const faults: PollFaultCode[] = []
  const make = () =>
    new ModbusPoller({
      line,
      framing: rtuFraming,
      probes,
      clock,
      counters,
      onReadings: async (_, observations) => void readings.push(...observations),
      onFault: (_, code) => void faults.push(code),
    })
  const poller = make()
  poller.start()
  const values = (quantity: string) =>
    readings.filter((each) => each.quantity === quantity).map(({ value }) => value)
  const asked = (address: number) =>
    line.asked.filter(({ bytes }) => decodeRtuRequest(bytes)?.address === address).map(({ at }) => at)
  return { clock, line, poller, make, readings, faults, values, asked }
}

/** Registers of unit 1, of both functions; an undefined one is exception 02. */
function table(registers: Record<number, number>) {
  const slaves = new PretendSlaves(new Map([[1, tableUnit({ holding: registers, input: registers })]]))
  return (question: Uint8Array): Piece[] => {
    const bytes = slaves.answer(question)
    return bytes ? [{ afterMs: 20, bytes }] : []
  }
}

describe('a probe that was switched to °F', () => {
  const leaf = profile({
    unitSwitch: { function: 3, address: 0x20, celsius: 0, fahrenheit: 1 },
    reads: [{ function: 3, address: 0, count: 2 }],
    values: [
      { quantity: 'leaf-temperature', address: 0, type: 's16', scale: 0.01, range: [-40, 80] },
      { quantity: 'leaf-wetness', address: 1, type: 'u16', scale: 0.01 },
    ],
  })

  test('is told once, its temperatures are converted, the rest is left alone', async () => {
    const { clock, values, faults, asked } = polling([probe(1, leaf)], table({ 0: 8600, 1: 5000, 32: 1 }))
    await clock.advance(130_000)
    expect(values('leaf-temperature')).toEqual([30, 30, 30])
    expect(values('leaf-wetness')).toEqual([50, 50, 50])
    expect(faults).toEqual(['unit-switched'])
    expect(asked(0x20).length).toBe(1)
  })

  test('the switch is read again when the line is back', async () => {
    const registers: Record<number, number> = { 0: 8600, 1: 5000, 32: 1 }
    const { clock, line, values, faults, asked } = polling([probe(1, leaf)], (question) =>
      table(registers)(question),
    )
    await clock.advance(1000)
    line.lose()
    Object.assign(registers, { 0: 3100, 32: 0 })
    line.back()
    await clock.advance(1000)
    expect(values('leaf-temperature')).toEqual([30, 31])
    expect(asked(0x20).length).toBe(2)
    expect(faults).toEqual(['unit-switched', 'link-down'])
  })

  test('a switch that holds neither keeps the temperatures back, and says so each time', async () => {
    const { clock, values, faults } = polling([probe(1, leaf)], table({ 0: 8600, 1: 5000, 32: 7 }))
    await clock.advance(61_000)
    expect(values('leaf-temperature')).toEqual([])
    expect(values('leaf-wetness')).toEqual([50, 50])
    expect(faults).toEqual(['unit-unknown', 'unit-unknown', 'unit-unknown'])
  })

  test('one without the switch speaks °C', async () => {
    const { clock, values, faults } = polling([probe(1, leaf)], table({ 0: 3000, 1: 5000 }))
    await clock.advance(1000)
    expect(values('leaf-temperature')).toEqual([30])
    expect(faults).toEqual(['exception'])
  })
})

describe('a probe with a status register', () => {
  const par = profile({
    status: { function: 3, address: 10, type: 'u16', ok: [0], busy: [1], why: 'the status says so' },
    reads: [{ function: 3, address: 0, count: 1 }],
    values: [{ quantity: 'photosynthetic-light', address: 0, type: 'u16' }],
  })

  test.each([
    [0, [400], []],
    [1, [], ['busy']],
    [9, [], ['probe-status']],
  ] as const)(
    'with status %i gives %j and counts %j, and is asked again at its next turn',
    async (status, seen, counts) => {
      const { clock, values, faults, poller, asked } = polling([probe(1, par)], table({ 0: 400, 10: status }))
      await clock.advance(59_000)
      expect(values('photosynthetic-light')).toEqual(seen)
      expect(faults).toEqual(counts)
      await clock.advance(2000)
      expect(asked(10).length).toBe(2)
      expect(poller.state()[0]?.isOpenCircuit).toBe(false)
    },
  )

  test('that is not there gives no values', async () => {
    const { clock, values, faults } = polling([probe(1, par)], table({ 0: 400 }))
    await clock.advance(1000)
    expect([values('photosynthetic-light'), faults]).toEqual([[], ['exception']])
  })
})

describe('a register that reading clears', () => {
  const rain = profile({
    reads: [
      { function: 4, address: 10, count: 1 },
      { function: 4, address: 2, count: 1, destructive: true },
    ],
    values: [
      { quantity: 'air-temperature', address: 10, type: 's16', scale: 0.1 },
      { quantity: 'rain', address: 2, type: 'u16', scale: 0.2, counter: { perRead: true } },
    ],
  })

  /** Forgets what it told; `isDeafAt` says which readings of the rain get lost on the way. */
  function gauge(isDeafAt: (count: number) => boolean = () => false) {
    let fallen = 0
    let count = 0
    const answer = (question: Uint8Array): Piece[] => {
      const asked = decodeRtuRequest(question)
      if (asked?.address !== 2) return table({ 10: 250 })(question)
      const bytes = withCrc(Uint8Array.of(1, 4, 2, 0, fallen))
      fallen = 0
      return isDeafAt(count++) ? [] : [{ afterMs: 20, bytes }]
    }
    return { answer, falls: (tips: number) => (fallen += tips) }
  }

  test('is read once in a period and summed', async () => {
    const { answer, falls } = gauge()
    const { clock, values, asked, faults } = polling([probe(1, rain)], answer)
    falls(5)
    await clock.advance(30_000)
    falls(2)
    await clock.advance(100_000)
    expect(values('rain')).toEqual([1, 1.4, 1.4])
    expect(asked(2).length).toBe(3)
    expect(faults).toEqual([])
  })

  test('is not asked again when its answer is lost; the loss is told, the rest is asked soon', async () => {
    const { answer, falls } = gauge((count) => count === 0)
    const { clock, values, asked, faults } = polling([probe(1, rain)], answer)
    falls(5)
    await clock.advance(59_000)
    expect(asked(2).length).toBe(1)
    expect(asked(10).length).toBeGreaterThan(1)
    expect(faults).toEqual(['maybe-lost', 'timeout'])
    falls(3)
    await clock.advance(2000)
    expect(values('rain')).toEqual([0.6])
  })

  test('alone in its probe, it is not retried either', async () => {
    const only = { ...rain, reads: rain.reads.slice(1), values: rain.values.slice(1) }
    const { answer } = gauge((count) => count === 0)
    const { clock, asked } = polling([probe(1, only)], answer)
    await clock.advance(59_000)
    expect(asked(2).length).toBe(1)
    await clock.advance(60_000)
    expect(asked(2).length).toBe(2)
  })

  test('is not read for a person who only looks', async () => {
    const { answer, falls } = gauge()
    const { clock, poller, asked } = polling([], answer)
    falls(5)
    const looked = poller.readOnce(probe(1, rain))
    await clock.advance(1000)
    expect((await looked).readings.map(({ quantity }) => quantity)).toEqual(['air-temperature'])
    expect(asked(2)).toEqual([])
  })

  test('its total goes on when the poller is made anew over the same store', async () => {
    const { answer, falls } = gauge()
    const { clock, poller, make, values } = polling([probe(1, rain)], answer)
    falls(5)
    await clock.advance(1000)
    await poller.stop()
    falls(4)
    await clock.advance(300_000)
    make().start()
    await clock.advance(1000)
    expect(values('rain')).toEqual([1, 1.8])
  })
})

describe('contents', () => {
  const wind = profile({
    reads: [{ function: 3, address: 0, count: 3 }],
    values: [
      { quantity: 'wind-direction', address: 0, type: 'u16', map: { 0: 0, 1: 22.5, 15: 337.5 } },
      { quantity: 'soil-moisture', address: 1, type: 'u16', scale: 0.01, validRaw: [0, 10_000] },
      { quantity: 'soil-temperature', address: 2, type: 's16', scale: 0.1, validRaw: [-400, 800] },
    ],
  })

  test('a named content is its value with its own step, one without a name is no value', async () => {
    const { clock, readings, values } = polling([probe(1, wind)], table({ 0: 1, 1: 10_001, 2: 0xffff }))
    await clock.advance(1000)
    expect(values('wind-direction')).toEqual([22.5])
    expect(readings[0]?.resolution).toBeCloseTo(0.1)
    expect(values('soil-moisture')).toEqual([])
    expect(values('soil-temperature')).toEqual([-0.1])
  })

  test('each that is no value is counted', async () => {
    const { clock, faults, readings } = polling([probe(1, wind)], table({ 0: 7, 1: 0xffff, 2: 0x8000 }))
    await clock.advance(1000)
    expect(readings).toEqual([])
    expect(faults).toEqual(['sentinel', 'sentinel', 'sentinel'])
  })

  test('an impossible count is not added to the total', async () => {
    const counter = profile({
      reads: [{ function: 3, address: 0, count: 1 }],
      values: [{ quantity: 'rain', address: 0, type: 'u16', scale: 0.1, counter: { modulus: 30_000 } }],
    })
    const registers: Record<number, number> = { 0: 100 }
    const { clock, values, faults } = polling([probe(1, counter)], (question) => table(registers)(question))
    await clock.advance(1000)
    registers[0] = 65_000
    await clock.advance(60_000)
    registers[0] = 101
    await clock.advance(60_000)
    expect(values('rain')).toEqual([10, 10.1])
    expect(faults).toEqual(['out-of-range'])
  })
})

describe('a profile that contradicts itself is refused', () => {
  const value = { quantity: 'rain', address: 0, type: 'u16' }
  const read = { function: 3, address: 0, count: 2 }
  test.each<[string, object]>([
    [
      'perRead in a read that clears nothing',
      { reads: [read], values: [{ ...value, counter: { perRead: true } }] },
    ],
    [
      'perRead with a modulus',
      {
        reads: [{ ...read, destructive: true }],
        values: [{ ...value, counter: { perRead: true, modulus: 10 } }],
      },
    ],
    [
      'a modulus that is never reached',
      { reads: [read], values: [{ ...value, counter: { modulus: 70_000 } }] },
    ],
    ['a counter with an offset', { reads: [read], values: [{ ...value, offset: 1, counter: {} }] }],
    ['a map beside a scale', { reads: [read], values: [{ ...value, scale: 2, map: { 0: 0 } }] }],
    ['an empty map', { reads: [read], values: [{ ...value, map: {} }] }],
    ['a name in a map that is no number', { reads: [read], values: [{ ...value, map: { north: 0 } }] }],
    ['limits the wrong way round', { reads: [read], values: [{ ...value, validRaw: [5, 1] }] }],
    [
      'a plain read over what another clears',
      { reads: [read, { function: 3, address: 1, count: 1, destructive: true }], values: [value] },
    ],
    [
      'a destructive read with a fall-back',
      { reads: [{ ...read, destructive: true, fallbackCount: 1 }], values: [value] },
    ],
    [
      'a unit switch without a difference',
      { reads: [read], values: [value], unitSwitch: { function: 3, address: 9, celsius: 1, fahrenheit: 1 } },
    ],
    [
      'a status that is ok and busy at once',
      {
        reads: [read],
        values: [value],
        status: { function: 3, address: 9, type: 'u16', ok: [1], busy: [1], why: 'x' },
      },
    ],
    [
      'a look-alike of itself',
      { reads: [read], values: [value], lookAlikes: [{ profile: 'test', why: 'x' }] },
    ],
  ])('%s', (_, stated) => {
    expect(() => profile(stated)).toThrow()
  })
})

describe('different settings on one line', () => {
  const EVEN: LineSettings = { baudRate: 19_200, parity: 'even', dataBits: 8, stopBits: 1 }
  const answer = (question: Uint8Array): Piece[] => {
    const bytes = withCrc(Uint8Array.of(question[0]!, 4, 4, 0, 1, 0, 2))
    return [{ afterMs: 20, bytes }]
  }

  test('probes of one setting are asked one after the other, so that the line is set anew seldom', async () => {
    const probes = [1, 2, 3, 4, 5, 6].map((unit) =>
      probe(unit, AIR, { everyMs: 10_000, settings: unit % 2 === 0 ? EVEN : EIGHT_N_ONE }),
    )
    const { clock, line } = polling(probes, answer)
    await clock.advance(95_000)
    const changes = line.asked.filter(
      ({ settings }, at) => settings !== (line.asked[at - 1]?.settings ?? settings),
    )
    expect(line.asked.length).toBe(60)
    // Ten rounds: one change in each, not five.
    expect(changes.length).toBeLessThanOrEqual(10)
  })

  test('a line that is busy with one setting still asks the others', async () => {
    const busy = [1, 2, 3].map((unit) => probe(unit, AIR, { everyMs: 1000, timeoutMs: 900 }))
    const { clock, line } = polling(
      [...busy, probe(9, AIR, { everyMs: 10_000, settings: EVEN })],
      (question) => answer(question).map((piece) => ({ ...piece, afterMs: 400 })),
    )
    await clock.advance(60_000)
    expect(line.asked.filter(({ bytes }) => bytes[0] === 9).length).toBeGreaterThanOrEqual(5)
  })

  test('the silence after a change is that of the slowest probe of the line', async () => {
    const { clock, line } = polling([probe(1, AIR), probe(2, AIR, { settings: EVEN })], answer)
    await clock.advance(1000)
    expect(line.asked[1]!.at - line.asked[0]!.at - 20).toBeGreaterThanOrEqual(3.5 * characterMs(EIGHT_N_ONE))
  })
})

test('the late answer to another register of the same probe is not taken for the next one', async () => {
  const two = profile({
    reads: [
      { function: 3, address: 0, count: 1 },
      { function: 3, address: 50, count: 1 },
    ],
    values: [
      { quantity: 'soil-moisture', address: 0, type: 'u16' },
      { quantity: 'soil-conductivity', address: 50, type: 'u16' },
    ],
  })
  let isFirst = true
  // The answer about register 50 comes when the turn is over; the next question, about register 0, looks the same.
  const { clock, values } = polling([probe(1, two, { everyMs: 1000 })], (question) => {
    const address = decodeRtuRequest(question)?.address
    const bytes = withCrc(Uint8Array.of(1, 3, 2, ...(address === 50 ? [3, 0xe8] : [0, 30])))
    const isLate = address === 50 && isFirst
    if (isLate) isFirst = false
    return [{ afterMs: isLate ? 1040 : 20, bytes }]
  })
  await clock.advance(20_000)
  expect(new Set(values('soil-moisture'))).toEqual(new Set([30]))
  expect(new Set(values('soil-conductivity'))).toEqual(new Set([1000]))
})
