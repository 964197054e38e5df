import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '#contract/ground/bytes.ts'
import type { Random } from '#contract/ground/random.ts'
import { HeardPackets } from '../../../../agent/devices/lines/heard-messages.ts'
import type { LineFormat } from '../../../../agent/devices/lines/line-talker.ts'
import { NmeaFormat } from '../../../../agent/devices/lines/nmea/format.ts'
import { PatternFormat } from '../../../../agent/devices/lines/patterns/format.ts'
import type { Pattern, PatternValue } from '../../../../agent/devices/lines/patterns/pattern.ts'
import { Rg15Format } from '../../../../agent/devices/lines/rg15/format.ts'
import { createTalker, type TalkerSpec } from '../../../../agent/devices/lines/talkers.ts'
import type { DecodeResult } from '../../../../agent/devices/observation.ts'
import { LONGEST_MS, outcomeOf } from '../../../world/fuzz-targets.ts'
import { mutated as mishaps } from '../../../world/mutated.ts'
import { PretendClock } from '../../../world/pretend-clock.ts'
import { seededBytes, seededRandom, seedFromEnvironment } from '../../../world/seeded.ts'
import { ScriptedLine } from '../scripted-line.ts'
import { sentence } from './said.ts'

/** Whatever bytes come over a line, the agent goes on: no exception, no number that is none, nothing that takes long. */
const INPUTS = 20_000

const seed = seedFromEnvironment()
console.log(`fuzz of talkers: ${INPUTS} inputs each, seed ${seed} (VUON_SEED takes it back)`)

const from = (place: number | string, quantity: PatternValue['quantity'], channel = ''): PatternValue => ({
  ...{ from: place, quantity, channel, scale: 1.5, offset: -1 },
})
const pattern = (
  format: Pattern['format'],
  values: PatternValue[],
  more: Partial<Pattern> = {},
): LineFormat =>
  new PatternFormat('uno', {
    format,
    values,
    decimalComma: false,
    comments: ['#'],
    hasChecksum: false,
    ...more,
  })

function loopPacket(random: Random): Uint8Array {
  const bytes = seededBytes(random)(99)
  bytes.set(utf8('LOO'))
  bytes[4] = random() < 0.9 ? 0 : 1
  let crc = 0
  for (const byte of bytes.subarray(0, 97)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  bytes.set([crc >> 8, crc & 0xff], 97)
  return bytes
}

const NMEA = [
  'WIMWV,214.8,R,3.6,K,A',
  'WIMWD,020.0,T,022.0,M,8.8,N,4.5,M',
  'IIVWR,037.0,L,8.4,N,4.3,M,15.6,K',
  'YXMTW,24.2,C',
  'WIMDA,29.4473,I,0.9972,B,17.2,C,16.1,C,40.2,9.1,12.1,C,19.3,T,20.1,M,13.1,N,6.7,M',
  'WIMHU,66,5,12,C',
  'WIXDR,A,302,D,1,S,0.2,M,1,C,23.3,C,0,P,1009.5,H,0,V,0.02,I,0,U,12.1,V,',
  'WIMMB,29.92,I,1.013,B',
  'PGILT,A,1',
] as const
const PIECES = [
  ',',
  ',,,,',
  '*',
  '$',
  '=',
  ':',
  '{',
  '[',
  '"',
  '\\u0000',
  '1e999',
  '-',
  '.',
  'nan',
  'NaN',
  '\u00b0',
  ' '.repeat(40),
  '9'.repeat(40),
  'mm',
  'TotalAcc ',
  '__proto__',
  '\t',
].map(utf8)

const mutated = (bytes: Uint8Array, random: Random): Uint8Array =>
  mishaps(bytes, random, { atMost: 4, foreign: PIECES })

const check = (result: DecodeResult): void =>
  void outcomeOf(result, { readings: 64, errors: 140, detailChars: 200, channelChars: 64 })

function answers(decode: (bytes: Uint8Array) => DecodeResult, inputOf: (random: Random) => Uint8Array) {
  const random = seededRandom(seed)
  let withReadings = 0
  let withErrors = 0
  for (let index = 0; index < INPUTS; index++) {
    const input = inputOf(random)
    const started = performance.now()
    try {
      const result = decode(input)
      check(result)
      if (result.readings.length > 0) withReadings++
      if (result.errors.length > 0) withErrors++
    } catch (error) {
      throw new Error(`seed ${seed}, input ${toHex(input)}`, { cause: error })
    }
    if (performance.now() - started > LONGEST_MS)
      throw new Error(`seed ${seed}: too long for ${toHex(input)}`)
  }
  return { withReadings, withErrors }
}

const oneOf = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!

describe('every decoder of a talker answers whatever comes', () => {
  test.each<[string, LineFormat, (random: Random) => Uint8Array]>([
    // A mutated sentence nearly always fails its checksum, so half of them get a right one.
    [
      'nmea',
      new NmeaFormat({ device: 'mast', markDeg: 45 }),
      (random) => {
        const body = oneOf(random, NMEA)
        if (random() < 0.5) return mutated(utf8(sentence(body)), random)
        return utf8(
          sentence(new TextDecoder('latin1').decode(mutated(utf8(body), random)).replaceAll(/[^ -~]/g, '?')),
        )
      },
    ],
    [
      'rg15',
      new Rg15Format('rain'),
      (random) =>
        mutated(
          utf8(
            oneOf(random, [
              'Acc 0.001 in, EventAcc 0.010 in, TotalAcc 1.500 in, RInt 0.100 iph',
              'Acc  0.20 mm, EventAcc  1.00 mm, TotalAcc 12.40 mm, RInt  6.00 mmph, LensBad, EmSat',
              'PwrDays 12',
              '; Hydreon RG-15',
              'Reset N',
            ]),
          ),
          random,
        ),
    ],
    [
      'csv',
      pattern('csv', [from(1, 'air-temperature'), from(3, 'rain')], { node: 2 }),
      (random) => mutated(utf8('23.5,n7,0.25,9'), random),
    ],
    [
      'csv with titles',
      pattern('csv', [from('T', 'air-temperature'), from('H', 'air-humidity')]),
      (random) => mutated(utf8(oneOf(random, ['T,H,x', '23.5,60,1'])), random),
    ],
    [
      'pairs',
      pattern('pairs', [from('T', 'air-temperature'), from('H', 'air-humidity')]),
      (random) => mutated(utf8(oneOf(random, ['T=23.5 H=60', 'T: 23.5 *C, H: 60 %'])), random),
    ],
    [
      'json',
      pattern('json', [from('t', 'air-temperature'), from('/a/0', 'air-humidity')]),
      (random) => mutated(utf8('{"t":23.5,"a":[60,{"b":1}],"up":7}'), random),
    ],
  ])('%s', (_kind, format, inputOf) => {
    const { withReadings, withErrors } = answers((bytes) => format.decode(bytes), inputOf)
    // The mutations reach both sides, so the check is worth its time.
    expect(withReadings).toBeGreaterThan(INPUTS / 100)
    expect(withErrors).toBeGreaterThan(INPUTS / 20)
  })

  test('davis', () => {
    const decoder = new HeardPackets(0.2)
    const { withReadings, withErrors } = answers(
      (payload) => decoder.decode({ topic: 'davis', payload }),
      (random) => (random() < 0.5 ? loopPacket(random) : mutated(loopPacket(random), random)),
    )
    expect(withReadings).toBeGreaterThan(INPUTS / 10)
    expect(withErrors).toBeGreaterThan(INPUTS / 10)
  })

  test('the longest and worst lines take no time', () => {
    const size = 4096
    const worst = [
      'T=',
      'T =',
      ' ',
      ',',
      '=',
      '9',
      '-',
      '*',
      '{"a":',
      '[',
      '"',
      'a ',
      'Acc ',
      '$WI',
      '\\',
      '°',
    ].map((piece) => utf8(piece.repeat(Math.ceil(size / piece.length)).slice(0, size)))
    const formats = [
      new NmeaFormat({ device: 'mast' }),
      new Rg15Format('rain'),
      ...(['csv', 'pairs', 'json'] as const).map((format) => pattern(format, [from('T', 'air-temperature')])),
      pattern('pairs', [from('T', 'air-temperature')], { hasChecksum: true, separator: ' ', assign: '=' }),
    ]
    const started = performance.now()
    for (const format of formats) for (const line of worst) check(format.decode(line))
    expect(performance.now() - started).toBeLessThan(LONGEST_MS)
  })
})

describe('a line that carries anything at all', () => {
  const SPECS: readonly TalkerSpec[] = [
    { kind: 'nmea', name: 'mast', keepEveryS: 0, needsChecksum: true },
    { kind: 'rg15', name: 'rain', everyS: 60 },
    { kind: 'davis', name: 'davis', everyS: 60, rainClickMm: 0.2 },
  ]
  test.each(SPECS)('$kind goes on listening, and holds no more than its bound', async (spec) => {
    const random = seededRandom(seed)
    const some = seededBytes(random)
    const clock = new PretendClock(Date.UTC(2026, 4, 1))
    const line = new ScriptedLine(clock, () => [])
    const codes = new Set<string>()
    const talker = createTalker(spec, {
      ...{ line, clock, onReadings: async () => {}, onSeen: () => {} },
      onFault: (_device, code) => void codes.add(code),
    })
    talker.start()
    for (let burst = 0; burst < 60; burst++) {
      for (let piece = 0; piece < 100; piece++) line.send(some(Math.floor(random() * 60)))
      // A minute in all: to give up one question to a Davis console takes some seconds.
      await clock.advance(1000)
    }
    expect(codes.size).toBeGreaterThan(0)
    await talker.stop()
  })
})
