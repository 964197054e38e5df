import { describe, expect, test } from 'vitest'
import { concatBytes, fromHex, utf8 } from '#contract/ground/bytes.ts'
import { crcCcitt } from '../../../../agent/devices/lines/davis/crc.ts'
import { findPacket } from '../../../../agent/devices/lines/davis/find-packet.ts'
import { LoopDecoder } from '../../../../agent/devices/lines/davis/loop-packet.ts'
import { DavisTalker } from '../../../../agent/devices/lines/davis/talker.ts'
import type { Observation } from '../../../../agent/devices/observation.ts'
import { PretendClock } from '../../../world/pretend-clock.ts'
import { type Piece, ScriptedLine } from '../scripted-line.ts'
import { shortly } from './said.ts'

/** A LOOP packet in which everything is dashed but what is set here, each as [offset, little-endian bytes]. */
function packet(...set: [at: number, ...bytes: number[]][]): Uint8Array {
  const bytes = new Uint8Array(99)
  bytes.set(utf8('LOO'))
  // Barometer, both temperatures, wind, outside humidity, rain, battery: what every station has.
  const usual: typeof set = [
    ...([
      [7, 0xaf, 0x74],
      [9, 0x1b, 0x03],
      [11, 61],
      [12, 0x60, 0x03],
      [14, 9],
      [15, 7],
      [16, 225, 0],
    ] as typeof set),
    ...([
      [18, ...Array(15).fill(255)],
      [33, 78],
      [34, ...Array(7).fill(255)],
      [43, 255, 0xff, 0x7f],
    ] as typeof set),
    ...([
      [62, ...Array(8).fill(255)],
      [87, 0, 3],
      [95, 10, 13],
    ] as typeof set),
  ]
  for (const [at, ...values] of [...usual, ...set]) bytes.set(values, at)
  const crc = crcBitByBit(bytes.subarray(0, 97))
  bytes.set([crc >> 8, crc & 0xff], 97)
  return bytes
}

function crcBitByBit(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit--) {
      const carry = (crc >> 15) ^ ((byte >> bit) & 1)
      crc = ((crc << 1) & 0xffff) ^ (carry ? 0x1021 : 0)
    }
  return crc
}

test('its CRC is the one of its maker’s example', () => {
  // The paper's own example: C6 CE A2 03 has the CRC E2 B4.
  expect(crcCcitt(fromHex('c6cea203'))).toBe(0xe2b4)
  expect(crcCcitt(fromHex('c6cea203e2b4'))).toBe(0)
})

describe('a LOOP packet', () => {
  const read = (...set: Parameters<typeof packet>) =>
    shortly(new LoopDecoder('davis', 0.2).decode(packet(...set)))

  test('every station’s values, in our units', () => {
    const { values, codes } = read()
    expect(codes).toEqual([])
    expect(values).toEqual({
      'air-pressure sea-level': 1011.54825819,
      'air-temperature inside': 26.3888888889,
      'air-humidity inside': 61,
      'air-temperature': 30.2222222222,
      'wind-speed': 4.02336,
      'wind-speed 10-min': 3.12928,
      'wind-direction': 225,
      'air-humidity': 78,
      'battery-voltage': 4.5,
      rain: 0,
      'rain day': 0,
      'rain-rate': 0,
    })
  })

  test.each<[string, Parameters<typeof packet>[number], Record<string, number>]>([
    ['frost', [12, 0x9c, 0xff], { 'air-temperature': -23.3333333333 }],
    ['rain of the year in clicks', [54, 0xe1, 0x10], { rain: 864.2 }],
    ['rain of the day', [50, 31, 0], { 'rain day': 6.2 }],
    ['rain in an hour', [41, 12, 0], { 'rain-rate': 2.4 }],
    ['UV and sun', [43, 64, 0x2c, 0x03], { 'uv-index': 6.4, 'solar-radiation': 812 }],
    ['a second temperature', [18, 90 + 50], { 'air-temperature extra-1': 10 }],
    ['soil', [26, 90 + 77], { 'soil-temperature 2': 25 }],
    ['leaves', [29, 90 + 86], { 'leaf-temperature 1': 30 }],
    ['wet leaves', [67, 15], { 'leaf-wetness 2': 100 }],
    ['north', [16, 0x68, 0x01], { 'wind-direction': 360 }],
  ])('%s', (_what, set, values) => {
    expect(read(set).values).toMatchObject(values)
  })

  test('0.01 inch buckets', () => {
    const inches = new LoopDecoder('davis', 0.254)
    expect(shortly(inches.decode(packet([54, 100, 0]))).values['rain']).toBe(25.4)
  })

  test.each<[string, Parameters<typeof packet>[number]]>([
    ['the outside temperature', [12, 0xff, 0x7f]],
    ['the outside humidity', [33, 255]],
    ['the wind', [14, 255]],
    ['the barometer', [7, 0, 0]],
  ])('%s dashed is a fault and no value', (_what, set) => {
    const { codes, values } = read(set)
    expect(codes).toEqual(['sentinel'])
    expect(Object.keys(values)).toHaveLength(11)
  })

  test('sensors that are not fitted are no faults; one that falls silent is', () => {
    const station = new LoopDecoder('davis', 0.2)
    expect(station.decode(packet()).errors).toEqual([])
    expect(station.decode(packet([25, 90 + 77])).errors).toEqual([])
    expect(shortly(station.decode(packet()))).toMatchObject({ codes: ['sentinel'] })
  })

  test('no direction in a calm, an impossible one, a weak transmitter', () => {
    expect(read([16, 0, 0])).toMatchObject({ codes: [] })
    expect(read([16, 0, 0]).values).not.toHaveProperty('wind-direction')
    expect(read([16, 0x90, 0x01]).codes).toEqual(['out-of-range'])
    expect(read([86, 0b101]).codes).toEqual(['battery-low'])
  })

  test('a damaged one, a short one, and one of another type are refused', () => {
    const station = new LoopDecoder('davis', 0.2)
    const damaged = packet()
    damaged[40] = damaged[40]! ^ 1
    expect(shortly(station.decode(damaged)).codes).toEqual(['crc'])
    expect(shortly(station.decode(packet().subarray(0, 98))).codes).toEqual(['wrong-reply'])
    expect(read([4, 1]).codes).toEqual(['wrong-reply'])
  })

  test('is found behind noise and behind a damaged one', () => {
    const good = packet()
    expect(findPacket(concatBytes(utf8('LOLOO?'), good))).toMatchObject({ kind: 'packet', from: 6 })
    const damaged = packet([20, 1])
    damaged[50] = 7
    expect(findPacket(concatBytes(damaged, good))).toMatchObject({ kind: 'packet', from: 99 })
    expect(findPacket(good.subarray(0, 98))).toMatchObject({ kind: 'incomplete', from: 0, hasBadCrc: false })
    expect(findPacket(utf8('xxLO'))).toMatchObject({ kind: 'incomplete', from: 2 })
  })
})

describe('a conversation with the console', () => {
  const NL = utf8('\n\r')
  const ACK = Uint8Array.of(6)
  const isLoop = (question: Uint8Array) => question[0] === 0x4c

  function talk(answer: (question: Uint8Array) => readonly Piece[]) {
    const clock = new PretendClock(Date.UTC(2026, 4, 1))
    const line = new ScriptedLine(clock, answer)
    const faults: string[] = []
    const readings: Observation[] = []
    const talker = new DavisTalker({
      device: 'davis',
      rainClickMm: 0.2,
      everyMs: 60_000,
      outside: {
        line,
        clock,
        onReadings: async (some) => void readings.push(...some),
        onSeen: () => {},
        onFault: (device, code) => faults.push(`${device}: ${code}`),
      },
    })
    talker.start()
    return { clock, line, faults, readings, talker }
  }
  const soon = (bytes: Uint8Array, afterMs = 10): Piece => ({ afterMs, bytes })
  const good = (question: Uint8Array) => (isLoop(question) ? [soon(ACK), soon(packet(), 2500)] : [soon(NL)])

  test('wakes it, asks once a minute, and keeps to it', async () => {
    const { clock, line, faults, readings } = talk(good)
    await clock.advance(185_000)
    expect(line.asked.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(
      Array(4).fill(['\n', 'LOOP 1\n']).flat(),
    )
    expect(readings.filter(({ quantity }) => quantity === 'rain-rate')).toHaveLength(4)
    expect(faults).toEqual([])
  })

  test('a console that sleeps deeply answers the third try', async () => {
    let tries = 0
    const { clock, faults, readings } = talk((question) =>
      isLoop(question) ? good(question) : ++tries < 3 ? [] : [soon(NL)],
    )
    await clock.advance(10_000)
    expect(faults).toEqual([])
    expect(readings.length).toBeGreaterThan(0)
  })

  test.each<[string, (question: Uint8Array) => readonly Piece[], string]>([
    ['one that is not there', () => [], 'davis: timeout'],
    [
      'one that refuses',
      (question) => (isLoop(question) ? [soon(Uint8Array.of(0x21))] : [soon(NL)]),
      'davis: not-acknowledged',
    ],
    [
      'one that falls silent after its word',
      (question) => (isLoop(question) ? [soon(ACK)] : [soon(NL)]),
      'davis: timeout',
    ],
    [
      'one with a damaged packet',
      (question) =>
        isLoop(question)
          ? [
              soon(ACK),
              soon(
                packet([40, 1]).map((byte, at) => (at === 50 ? 9 : byte)),
                90,
              ),
            ]
          : [soon(NL)],
      'davis: crc',
    ],
  ])('%s is a fault, and is asked again soon', async (_what, answer, fault) => {
    const { clock, line, faults, readings } = talk(answer)
    await clock.advance(11_000)
    expect(faults[0]).toBe(fault)
    expect(readings).toEqual([])
    line.answer = good
    await clock.advance(20_000)
    expect(readings.length).toBeGreaterThan(0)
  })

  test('line ends before the word, noise before the packet, and pieces are borne', async () => {
    const whole = packet()
    const { clock, faults, readings } = talk((question) =>
      isLoop(question)
        ? [
            soon(NL),
            soon(ACK, 20),
            soon(utf8('xL'), 30),
            soon(whole.slice(0, 50), 40),
            soon(whole.slice(50), 400),
          ]
        : [soon(NL), soon(NL, 12)],
    )
    await clock.advance(5_000)
    expect(readings.length).toBeGreaterThan(0)
    expect(faults).toEqual(['davis: stray-bytes'])
  })

  test('a stick that is pulled in the middle goes on when it is back', async () => {
    const { clock, line, faults, readings } = talk(good)
    await clock.advance(1_000)
    line.lose()
    await clock.advance(60_000)
    expect(faults).toEqual(['null: link-down'])
    expect(readings).toEqual([])
    line.back()
    await clock.advance(4_000)
    expect(readings.length).toBeGreaterThan(0)
    expect(faults).toEqual(['null: link-down'])
  })

  test('it stops at once while an answer is awaited', async () => {
    const { clock, line, talker } = talk(() => [])
    await clock.advance(100)
    await talker.stop()
    const asked = line.asked.length
    await clock.advance(600_000)
    expect(line.asked).toHaveLength(asked)
  })
})
