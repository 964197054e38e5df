import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '#contract/ground/bytes.ts'
import { characterMs, type LineSettings } from '../../../agent/bus/byte-line.ts'
import { interFrameGapMs } from '../../../agent/devices/modbus/conversation.ts'
import { withCrc } from '../../../agent/devices/modbus/crc.ts'
import type { PolledProbe, PollFaultCode } from '../../../agent/devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../../../agent/devices/modbus/poller.ts'
import { loadProfile, type Profile } from '../../../agent/devices/modbus/profile.ts'
import { decodeRtuRequest, rtuFraming } from '../../../agent/devices/modbus/rtu-frame.ts'
import { TcpFraming } from '../../../agent/devices/modbus/tcp-frame.ts'
import type { Observation } from '../../../agent/devices/observation.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { PretendLine } from '../../world/pretend-line.ts'
import { PretendSlaves, tableUnit } from '../../world/pretend-slave.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'
import { type Piece, ScriptedLine } from './scripted-line.ts'

const AIR = loadProfile('xy-md02')
const SOIL = loadProfile('cwt-soil-7in1')
const SLOW: LineSettings = { baudRate: 4800, parity: 'none', dataBits: 8, stopBits: 1 }

const airProbe = (unit: number, more: Partial<PolledProbe> = {}): PolledProbe => ({
  name: `air-${unit}`,
  unit,
  profile: AIR,
  everyMs: 10_000,
  timeoutMs: 300,
  settings: AIR.line,
  ...more,
})

const reply = (unit: number, code: number, ...words: number[]): Uint8Array =>
  withCrc(
    Uint8Array.from([unit, code, words.length * 2, ...words.flatMap((word) => [word >> 8, word & 0xff])]),
  )

const exception = (unit: number, code: number, number: number): Uint8Array =>
  withCrc(Uint8Array.of(unit, code | 0x80, number))

const soon = (bytes: Uint8Array, afterMs = 30): Piece[] => [{ afterMs, bytes }]
const unitOf = (question: Uint8Array): number => question[0]!

/** A poller on a scripted line, with everything that it says kept. */
function polling(
  probes: readonly PolledProbe[],
  answer: (question: Uint8Array) => readonly Piece[],
  onReadings: () => Promise<void> = async () => {},
) {
  const clock = new PretendClock(Date.UTC(2026, 0, 1))
  const line = new ScriptedLine(clock, answer)
  const readings: (Observation & { at: number })[] = []
  const faults: { device: string | null; code: PollFaultCode; detail: string }[] = []
  const ups: boolean[] = []
  const poller = new ModbusPoller({
    line,
    framing: rtuFraming,
    probes,
    clock,
    onReadings: (_device, observations) => {
      readings.push(...observations.map((each) => ({ ...each, at: clock.monotonicMs() })))
      return onReadings()
    },
    onFault: (device, code, detail) => faults.push({ device, code, detail }),
    onLine: (isUp) => ups.push(isUp),
  })
  poller.start()
  const codes = () => faults.map(({ code }) => code)
  const temperatures = (device: string) =>
    readings
      .filter((each) => each.device === device && each.quantity === 'air-temperature')
      .map(({ value }) => value)
  const askedAt = (unit: number) => line.asked.filter(({ bytes }) => bytes[0] === unit).map(({ at }) => at)
  return { clock, line, poller, readings, faults, ups, codes, temperatures, askedAt }
}

describe('a good line', () => {
  test('a probe is asked at once, then once in its period, and its values arrive with their units', async () => {
    const { clock, readings, askedAt, codes } = polling([airProbe(1)], () => soon(reply(1, 4, 305, 612)))
    await clock.advance(35_000)
    expect(askedAt(1).map((at) => Math.round((at - 1000) / 10_000))).toEqual([0, 1, 2, 3])
    expect(readings.slice(0, 2)).toMatchObject([
      { device: 'air-1', quantity: 'air-temperature', value: 30.5, unit: 'Cel' },
      { device: 'air-1', quantity: 'air-humidity', value: 61.2, unit: '%' },
    ])
    expect(codes()).toEqual([])
  })

  test('before each question the line is silent for 3.5 characters of the slowest probe on it', async () => {
    const probes = [airProbe(1), airProbe(2, { settings: SLOW })]
    const { clock, line } = polling(probes, (question) => soon(reply(unitOf(question), 4, 1, 2), 20))
    await clock.advance(10)
    await clock.advance(60_000)
    expect(line.asked.length).toBeGreaterThan(10)
    line.asked.forEach(({ at }, index) => {
      const before = index === 0 ? 1000 : line.asked[index - 1]!.at + 20
      expect(at - before).toBeGreaterThanOrEqual(3.5 * characterMs(SLOW))
    })
  })

  test('the silence is 3.5 characters up to 19200 baud and 1.75 ms above', () => {
    expect(interFrameGapMs({ ...SLOW, baudRate: 9600 })).toBeCloseTo(3.646, 3)
    expect(interFrameGapMs({ ...SLOW, baudRate: 19_200, parity: 'even' })).toBeCloseTo(2.005, 3)
    expect(interFrameGapMs({ ...SLOW, baudRate: 38_400 })).toBe(1.75)
  })

  test('probes of different speed share the line, each asked with its own settings', async () => {
    const probes = [airProbe(1), airProbe(2, { settings: SLOW })]
    const { clock, line } = polling(probes, (question) => soon(reply(unitOf(question), 4, 1, 2)))
    await clock.advance(25_000)
    for (const { bytes, settings } of line.asked)
      expect(settings.baudRate).toBe(unitOf(bytes) === 1 ? 9600 : 4800)
  })

  test('an answer that comes byte by byte is one answer', async () => {
    const { clock, temperatures, codes } = polling([airProbe(1)], () =>
      [...reply(1, 4, 305, 612)].map((byte, at) => ({ afterMs: 30 + at * 5, bytes: Uint8Array.of(byte) })),
    )
    await clock.advance(5000)
    expect(temperatures('air-1')).toEqual([30.5])
    expect(codes()).toEqual([])
  })

  test("the adapter's echo of the question is no answer and no fault", async () => {
    const { clock, temperatures, codes } = polling([airProbe(1)], (question) => [
      { afterMs: 5, bytes: question },
      ...soon(reply(1, 4, 305, 612)),
    ])
    await clock.advance(5000)
    expect(temperatures('air-1')).toEqual([30.5])
    expect(codes()).toEqual([])
  })

  test('a probe that bears only one question a minute gets no more, whatever the config says', async () => {
    const careful: Profile = { ...AIR, pollFloorS: 60 }
    const { clock, askedAt, poller } = polling([airProbe(1, { profile: careful, everyMs: 1000 })], () =>
      soon(reply(1, 4, 305, 612)),
    )
    const once = poller.readOnce(airProbe(1, { profile: careful }))
    await clock.advance(200_000)
    await once
    const times = askedAt(1)
    expect(times.length).toBe(4)
    times.slice(1).forEach((at, index) => {
      expect(at - times[index]!).toBeGreaterThanOrEqual(60_000)
    })
  })

  test('a slow probe gets its turn though fast ones keep the line busy', async () => {
    const fast = [1, 2, 3].map((unit) => airProbe(unit, { everyMs: 1000 }))
    const { clock, askedAt, poller } = polling([...fast, airProbe(9, { everyMs: 60_000 })], (question) =>
      soon(reply(unitOf(question), 4, 1, 2), 290),
    )
    await clock.advance(600_000)
    expect(askedAt(9).length).toBeGreaterThanOrEqual(10)
    const counts = [1, 2, 3].map((unit) => askedAt(unit).length)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2)
    expect(poller.state().every(({ isOpenCircuit }) => !isOpenCircuit)).toBe(true)
  })

  test('Modbus TCP is polled the same way', async () => {
    const clock = new PretendClock(0)
    const line = new ScriptedLine(clock, (question) => {
      const [high = 0, low = 0] = question
      return soon(Uint8Array.of(high, low, 0, 0, 0, 7, 1, 4, 4, 0xff, 0x33, 2, 0x58))
    })
    const values: number[] = []
    const poller = new ModbusPoller({
      line,
      framing: new TcpFraming(),
      probes: [airProbe(1)],
      clock,
      onReadings: async (_device, observations) => {
        values.push(...observations.map(({ value }) => value))
      },
      onFault: (_device, code) => expect(code).toBe('none'),
    })
    poller.start()
    await clock.advance(15_000)
    expect(values).toEqual([-20.5, 60, -20.5, 60])
    await poller.stop()
  })
})

describe('a bad line', () => {
  test('a disturbed answer is counted and the probe asked again soon, not in five minutes', async () => {
    let count = 0
    const { clock, temperatures, codes, askedAt } = polling([airProbe(1, { everyMs: 300_000 })], () => {
      const bytes = reply(1, 4, 305, 612)
      if (count++ === 0) bytes[4] = bytes[4]! ^ 1
      return soon(bytes)
    })
    await clock.advance(30_000)
    expect(codes()).toEqual(['crc'])
    expect(temperatures('air-1')).toEqual([30.5])
    await clock.advance(280_000)
    // The grid of its period is kept: the next one is five minutes after the first.
    expect(askedAt(1).map((at) => Math.round((at - 1000) / 1000))).toEqual([0, 5, 300])
  })

  test('a late answer is nobody’s value: it is thrown away before the next question', async () => {
    const { clock, temperatures, codes, faults } = polling(
      [airProbe(1, { everyMs: 60_000 }), airProbe(2, { everyMs: 60_000 })],
      (question) =>
        soon(reply(unitOf(question), 4, unitOf(question) * 100, 5), unitOf(question) === 1 ? 1500 : 30),
    )
    await clock.advance(4000)
    expect(temperatures('air-1')).toEqual([])
    expect(temperatures('air-2')).toEqual([20])
    await clock.advance(4000)
    expect(codes().slice(0, 2)).toEqual(['timeout', 'stray-bytes'])
    expect(faults.find(({ code }) => code === 'stray-bytes')).toMatchObject({ device: null })
  })

  test('the late answer of another probe in front of the right one is not taken for it', async () => {
    const { clock, temperatures, codes } = polling([airProbe(2)], () => [
      { afterMs: 10, bytes: concatBytes(reply(1, 4, 999, 999), reply(2, 4, 215, 5)) },
    ])
    await clock.advance(3000)
    expect(temperatures('air-2')).toEqual([21.5])
    expect(codes()).toEqual(['stray-bytes'])
  })

  test('a late answer right behind the right one is counted, and not kept for the next question', async () => {
    const { clock, temperatures, codes } = polling([airProbe(2)], () => [
      { afterMs: 10, bytes: concatBytes(reply(2, 4, 215, 5), reply(1, 4, 999, 999)) },
    ])
    await clock.advance(3000)
    expect(temperatures('air-2')).toEqual([21.5])
    expect(codes()).toEqual(['stray-bytes'])
  })

  test('a byte that comes in the silence begins it anew', async () => {
    const { clock, line } = polling([airProbe(1)], () => soon(reply(1, 4, 1, 2)))
    // The second turn is due at 11 s; its silence of 4 ms is disturbed half-way.
    line.send(Uint8Array.of(0xff), 10_002)
    await clock.advance(10_100)
    expect(line.asked.map(({ at }) => at)).toEqual([1004, 11_008])
  })

  test('every way in which an answer can be wrong has its own count', async () => {
    const answers: Record<number, readonly Piece[]> = {
      1: [],
      2: soon(reply(2, 4, 1, 2).with(3, 0x55)),
      3: soon(reply(7, 4, 1, 2)),
      4: soon(Uint8Array.of(0, 0xff, 0xff, 0, 3)),
      5: soon(exception(5, 4, 4)),
      6: soon(concatBytes(Uint8Array.of(0xff), reply(6, 4, 1, 2))),
    }
    const probes = [1, 2, 3, 4, 5, 6].map((unit) => airProbe(unit, { everyMs: 600_000 }))
    const { clock, faults } = polling(probes, (question) => answers[unitOf(question)] ?? [])
    await clock.advance(4000)
    expect(faults.map(({ device, code }) => [device, code])).toEqual([
      ['air-1', 'timeout'],
      ['air-2', 'crc'],
      ['air-3', 'wrong-reply'],
      ['air-4', 'garbage'],
      ['air-5', 'exception'],
      ['air-6', 'stray-bytes'],
    ])
  })

  test('registers that mean "no value" or are no number are counted and the rest is kept', async () => {
    const profile: Profile = {
      ...AIR,
      reads: [{ function: 4, address: 0, count: 4 }],
      values: [
        { ...AIR.values[0]!, address: 0, sentinels: [0x7fff] },
        { ...AIR.values[1]!, address: 1 },
        { ...AIR.values[1]!, quantity: 'light', address: 2, type: 'f32' },
      ],
    }
    const { clock, readings, codes, poller } = polling([airProbe(1, { profile })], () =>
      soon(reply(1, 4, 0x7fff, 612, 0x7fc0, 0)),
    )
    await clock.advance(1000)
    expect(readings.map(({ quantity }) => quantity)).toEqual(['air-humidity'])
    expect(codes()).toEqual(['sentinel', 'not-a-number'])
    expect(poller.state()[0]).toMatchObject({ consecutiveFailures: 0 })
  })

  test('a dead probe takes its own waiting time from the others and no more', async () => {
    const probes = [
      airProbe(1, {
        everyMs: 2000,
        profile: { ...AIR, reads: [AIR.reads[0]!, { ...AIR.reads[0]!, count: 1 }] },
      }),
      airProbe(2, { everyMs: 2000 }),
    ]
    const { clock, askedAt } = polling(probes, (question) =>
      unitOf(question) === 1 ? [] : soon(reply(2, 4, 1, 2)),
    )
    await clock.advance(8000)
    // Two reads would be two timeouts; the first one ends the turn.
    askedAt(2).forEach((at, index) => {
      expect(at - 1000 - index * 2000).toBeLessThanOrEqual(300 + 2 * 4)
    })
    expect(askedAt(2).length).toBe(4)
  })

  test('a dead probe is asked less and less often, at least every ten minutes, and as before once it answers', async () => {
    let isDead = true
    const { clock, askedAt, poller, temperatures } = polling([airProbe(1)], () =>
      isDead ? [] : soon(reply(1, 4, 305, 612)),
    )
    await clock.advance(4 * 3_600_000)
    const waits = askedAt(1).map((at, index, all) => at - (all[index - 1] ?? at))
    expect(Math.max(...waits)).toBeLessThanOrEqual(10 * 60_000 + 400)
    expect(waits.slice(-2).every((wait) => wait > 590_000)).toBe(true)
    expect(askedAt(1).length).toBeLessThan(45)
    expect(poller.state()[0]).toMatchObject({ device: 'air-1', isOpenCircuit: true, lastAnswerAt: null })
    isDead = false
    await clock.advance(10 * 60_000 + 400)
    const before = temperatures('air-1').length
    await clock.advance(60_000)
    expect(temperatures('air-1').length - before).toBe(6)
    expect(poller.state()[0]).toMatchObject({ isOpenCircuit: false, consecutiveFailures: 0 })
    expect(poller.state()[0]?.lastAnswerAt).toBeGreaterThan(clock.wallMs() - 10_500)
    expect(poller.state()[0]?.lastRoundTripMs).toBe(30)
  })

  test('a line that is never silent is asked all the same, and the others get their turn', async () => {
    const { clock, line, temperatures, codes } = polling([airProbe(1)], () => soon(reply(1, 4, 305, 612), 33))
    for (let at = 0; at < 3000; at += 2) line.send(Uint8Array.of(0), at)
    await clock.advance(3000)
    expect(line.asked.length).toBeGreaterThanOrEqual(1)
    expect(temperatures('air-1')[0]).toBe(30.5)
    expect(codes()).toContain('stray-bytes')
  })

  test('a port that takes no bytes costs a turn, not the line', async () => {
    const { clock, line, codes, temperatures } = polling([airProbe(1)], () => soon(reply(1, 4, 305, 612)))
    line.isStalled = true
    await clock.advance(2000)
    expect(codes()).toEqual(['timeout'])
    line.isStalled = false
    await clock.advance(10_000)
    expect(temperatures('air-1')).toContain(30.5)
  })

  test('over a bad day no value is taken that the probe did not hold', async () => {
    const seed = seedFromEnvironment()
    console.log(`seed ${seed} (VUON_SEED takes it back)`)
    const clock = new PretendClock(Date.UTC(2026, 0, 1))
    const held = new Map([1, 2, 3].map((unit) => [unit, unit * 100]))
    const slaves = new PretendSlaves(
      new Map([1, 2, 3].map((unit) => [unit, tableUnit({ input: { 1: unit * 100, 2: unit * 100 + 1 } })])),
    )
    const line = new PretendLine({
      clock,
      random: seededRandom(seed),
      slaves,
      settings: AIR.line,
      faults: { split: 0.3, corrupt: 0.2, stall: 0.1, late: 0.1, echo: true, noise: 0.3 },
    })
    let count = 0
    const wrong: unknown[] = []
    const faults = new Map<string, number>()
    const poller = new ModbusPoller({
      line,
      framing: rtuFraming,
      probes: [1, 2, 3].map((unit) => airProbe(unit)),
      clock,
      onReadings: async (device, observations) => {
        count++
        const expected = held.get(Number(device.slice(4)))! / 10
        for (const { value, quantity } of observations)
          if (value !== (quantity === 'air-temperature' ? expected : Math.round(expected * 10 + 1) / 10))
            wrong.push({ device, quantity, value })
      },
      onFault: (_device, code) => faults.set(code, (faults.get(code) ?? 0) + 1),
    })
    poller.start()
    await clock.advance(2 * 3_600_000)
    await poller.stop()
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(1000)
    expect([...faults.keys()]).toEqual(expect.arrayContaining(['timeout', 'stray-bytes']))
  })
})

describe('the smaller variant of a probe', () => {
  const soil: PolledProbe = {
    name: 'soil',
    unit: 1,
    profile: SOIL,
    everyMs: 60_000,
    timeoutMs: 500,
    settings: SOIL.line,
  }
  const threeInOne = (question: Uint8Array): readonly Piece[] =>
    decodeRtuRequest(question)?.count === 3 ? soon(reply(1, 3, 298, 271, 350)) : soon(exception(1, 3, 2))

  test('it refuses seven registers, is asked for three, and is not asked for seven again within the hour', async () => {
    const { clock, line, readings, codes } = polling([soil], threeInOne)
    await clock.advance(59 * 60_000)
    expect(readings.slice(0, 3).map(({ value }) => value)).toEqual([29.8, 27.1, 350])
    expect(line.asked.map(({ bytes }) => bytes[5])).toEqual([7, ...line.asked.slice(1).map(() => 3)])
    expect(codes()).toEqual(['exception'])
  })

  test('after an hour the full question is put again, in case the probe was changed for the large one', async () => {
    const { clock, line, readings } = polling([soil], threeInOne)
    await clock.advance(30 * 60_000)
    line.answer = (question) =>
      soon(
        decodeRtuRequest(question)?.count === 3
          ? reply(1, 3, 298, 271, 350)
          : reply(1, 3, 298, 271, 350, 61, 1, 2, 3),
      )
    expect(readings.some(({ quantity }) => quantity === 'soil-ph')).toBe(false)
    await clock.advance(40 * 60_000)
    expect(readings.some(({ quantity }) => quantity === 'soil-ph')).toBe(true)
  })

  test('one that refuses three as well is a fault', async () => {
    const { clock, codes, poller } = polling([soil], () => soon(exception(1, 3, 2)))
    await clock.advance(1000)
    expect(codes()).toEqual(['exception', 'exception'])
    expect(poller.state()[0]?.consecutiveFailures).toBe(1)
  })
})

describe('a lost line', () => {
  test('nothing is asked while it is lost; it is told once; it goes on at once when it is back', async () => {
    const { clock, line, codes, ups, askedAt, poller } = polling([airProbe(1)], () => soon(reply(1, 4, 1, 2)))
    await clock.advance(15_000)
    line.lose()
    const before = askedAt(1).length
    await clock.advance(3_600_000)
    expect(askedAt(1).length).toBe(before)
    expect(codes()).toEqual(['link-down'])
    expect(poller.state()[0]).toMatchObject({ consecutiveFailures: 0, isOpenCircuit: false })
    const backAt = clock.monotonicMs()
    line.back()
    await clock.advance(100)
    expect(askedAt(1).at(-1)).toBe(backAt + 4)
    expect(ups).toEqual([true, false, true])
  })

  test('a line that is lost in the middle of a question costs no waiting time', async () => {
    const { clock, line, codes, askedAt } = polling([airProbe(1, { timeoutMs: 10_000 })], () => [])
    await clock.advance(100)
    line.lose()
    await clock.advance(2000)
    line.back()
    await clock.advance(100)
    expect(askedAt(1).length).toBe(2)
    expect(codes()).toEqual(['link-down'])
  })

  test('a probe that had been given up is asked at once when the line is back', async () => {
    const { clock, line, askedAt, poller } = polling([airProbe(1)], () => [])
    await clock.advance(3_600_000)
    expect(poller.state()[0]?.isOpenCircuit).toBe(true)
    line.lose()
    await clock.advance(1000)
    line.back()
    const backAt = clock.monotonicMs()
    await clock.advance(100)
    expect(askedAt(1).at(-1)).toBe(backAt + 4)
  })
})

describe('the journal behind it', () => {
  test('readings that the journal refuses are counted, and the line goes on', async () => {
    const { clock, codes, askedAt } = polling(
      [airProbe(1)],
      () => soon(reply(1, 4, 1, 2)),
      () => Promise.reject(new Error('the card is full')),
    )
    await clock.advance(25_000)
    expect(codes()).toEqual(['not-stored', 'not-stored', 'not-stored'])
    expect(askedAt(1).length).toBe(3)
  })

  test('a journal that hangs does not stop the line, and what it holds is bounded', async () => {
    let held = 0
    const { clock, codes, poller } = polling(
      [airProbe(1, { everyMs: 1000 })],
      () => soon(reply(1, 4, 1, 2)),
      () => {
        held++
        return new Promise(() => {})
      },
    )
    await clock.advance(400_000)
    expect(held).toBe(300)
    expect(codes().filter((code) => code === 'not-stored').length).toBeGreaterThan(90)
    expect(poller.state()[0]?.missedPolls).toBeGreaterThan(90)
  })
})

describe('a single reading for a person', () => {
  test('it shows the frames, the values and the faults, and goes nowhere else', async () => {
    const { clock, poller, readings, codes } = polling([], (question) =>
      soon(concatBytes(question, reply(5, 4, 0xffb5, 883))),
    )
    const asked = poller.readOnce(airProbe(5))
    await clock.advance(1000)
    const answer = await asked
    const request = '050400010002218f'
    expect(answer.exchanges).toEqual([{ request, response: `${request}050404ffb50373dea3`, roundTripMs: 30 }])
    expect(answer.readings.map(({ value }) => value)).toEqual([-7.5, 88.3])
    expect(answer.faults).toEqual([])
    expect(readings).toEqual([])
    expect(codes()).toEqual([])
  })

  test('while the line is lost it waits five seconds for it, then says so', async () => {
    const { clock, line, poller } = polling([], () => soon(reply(5, 4, 1, 2)))
    line.lose('no such device')
    const [first, second] = [poller.readOnce(airProbe(5)), poller.readOnce(airProbe(5, { name: 'other' }))]
    await clock.advance(6000)
    expect((await first).faults).toEqual([{ code: 'link-down', detail: 'no such device' }])
    expect((await second).device).toBe('other')
    const third = poller.readOnce(airProbe(5))
    await clock.advance(2000)
    line.back()
    await clock.advance(1000)
    expect((await third).isAnswered).toBe(true)
  })

  test('stopping answers whoever still waits', async () => {
    const { clock, poller } = polling([], () => [])
    const asked = poller.readOnce(airProbe(5, { timeoutMs: 10_000 }))
    await clock.advance(50)
    await poller.stop()
    expect((await asked).isLineGone).toBe(true)
    expect((await poller.readOnce(airProbe(5))).faults[0]?.code).toBe('link-down')
  })
})

test('whatever the far end sends, the poller goes on asking and gives no number that is not finite', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 }),
      async (noise) => {
        let turn = 0
        const { clock, poller, line, readings } = polling([airProbe(1, { everyMs: 1000 }), airProbe(2)], () =>
          soon(noise[turn++ % noise.length]!),
        )
        await clock.advance(12_000)
        await poller.stop()
        expect(line.asked.length).toBeGreaterThanOrEqual(10)
        expect(readings.every(({ value }) => Number.isFinite(value))).toBe(true)
      },
    ),
    { numRuns: 30 },
  )
})
