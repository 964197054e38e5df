import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex } from '#contract/ground/bytes.ts'
import { hasRightCrc } from '../../agent/devices/modbus/crc.ts'
import { decodeProbe } from '../../agent/devices/modbus/decode-probe.ts'
import { listProbes } from '../../agent/devices/modbus/list-probes.ts'
import { loadProfile, profileNames } from '../../agent/devices/modbus/profile.ts'
import { decodeRtuRequest } from '../../agent/devices/modbus/rtu-frame.ts'
import { vectors } from './vectors.ts'

interface Frame {
  device: string
  dir: 'req' | 'rsp'
  hex: string
  meaning: string
  crcValid: boolean
  crcExpected: string
}

/** Of devices whose name in the frames does not hold the name or an alias of their profile. */
const PROFILE_OF: Readonly<Record<string, string>> = {
  '7-in-1 (ZTS/ComWinTop family)': 'cwt-soil-7in1',
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** The names that a manual may give a probe, longest first: its profile's, that without the maker, its aliases. */
const spellings = listProbes()
  .flatMap(({ name }) =>
    [name, name.split('-').slice(1).join('-'), ...loadProfile(name).aliases].map((each) => ({
      spelling: plain(each),
      name,
    })),
  )
  .filter(({ spelling }) => spelling.length >= 4)
  .sort((a, b) => b.spelling.length - a.spelling.length)

const profileOf = (device: string): string | undefined =>
  PROFILE_OF[device] ?? spellings.find(({ spelling }) => plain(device).includes(spelling))?.name

// What such a frame means is no measured value.
const isAboutTheProbeItself = (meaning: string): boolean => /address|baud|model|version|"/i.test(meaning)
const isEcho = (meaning: string): boolean => /echo/i.test(meaning)

describe('frames printed in manuals', () => {
  const folder = vectors('modbus', 17)
  if (!folder) return
  const frames = readFileSync(join(folder, 'frames.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Frame)
  const replies = frames.filter(({ dir }) => dir === 'rsp')
  const known = replies.flatMap((reply) => {
    const name = isEcho(reply.meaning) ? undefined : profileOf(reply.device)
    return name === undefined ? [] : [{ ...reply, name, request: questionOf(frames, reply) }]
  })
  console.log(
    `modbus: ${frames.length} frames; ${known.length} of ${replies.length} replies are of probes with a profile here`,
  )

  test('every device but the faulty adapter has a profile', () => {
    const unknown = replies.filter(({ device, meaning }) => !isEcho(meaning) && !profileOf(device))
    expect(unknown.map(({ device }) => device)).toEqual([])
  })

  test.each(frames)('$hex: its check sum is right as stated', ({ hex, crcValid, crcExpected }) => {
    const bytes = fromHex(hex)
    expect(hasRightCrc(bytes)).toBe(crcValid)
    if (crcValid)
      expect(hasRightCrc(Uint8Array.of(...bytes.slice(0, -2), ...fromHex(crcExpected)))).toBe(true)
  })

  test.each(frames.filter(({ dir }) => dir === 'req'))(
    '$hex is a read request, or refused when malformed',
    ({ hex, crcValid }) => {
      const request = decodeRtuRequest(fromHex(hex))
      if (!crcValid) expect(request).toBeUndefined()
      else expect(request).toMatchObject({ unit: Number.parseInt(hex.slice(0, 2), 16) })
    },
  )

  test.each(known)('$name $hex: $meaning', ({ name, hex, meaning, crcValid, request }) => {
    const { readings, errors } = decodeProbe(loadProfile(name), { request, response: hex })
    if (!crcValid || isAboutTheProbeItself(meaning)) {
      expect(readings).toEqual([])
      expect(errors.length).toBeGreaterThan(0)
      return
    }
    const stated = numbersIn(meaning)
    expect(errors).toEqual([])
    expect(readings.length).toBeGreaterThan(0)
    for (const { quantity, value } of readings) expect(stated, quantity).toContain(value)
  })

  test.each(replies)(
    '$hex is read or refused with a reason by every profile',
    ({ hex, crcValid, meaning }) => {
      for (const name of profileNames()) {
        const { readings, errors } = decodeProbe(loadProfile(name), { response: hex })
        expect(readings.length + errors.length).toBeGreaterThan(0)
        expect(errors.every(({ code, detail }) => code !== '' && detail !== '')).toBe(true)
        if (!crcValid || isEcho(meaning)) expect(readings).toEqual([])
      }
    },
  )
})

describe('frames that are wrong in print', () => {
  // DFRobot's wiki of SEN0483 prints a question of nine bytes; the answer beside it is right.
  const profile = loadProfile('dfrobot-sen0483')

  test('a question with a byte too many is refused, and nothing is taken from its answer', () => {
    expect(decodeProbe(profile, { request: '020302000000018439', response: '02030200253D9F' })).toEqual({
      readings: [],
      errors: [expect.objectContaining({ code: 'crc' })],
    })
  })

  test('taken for an answer it is refused too', () => {
    const { readings, errors } = decodeProbe(profile, { response: '020302000000018439' })
    expect(readings).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ code: 'crc' })])
  })

  test('the answer beside it is read', () => {
    const { readings } = decodeProbe(profile, { request: '0203000000018439', response: '02030200253D9F' })
    expect(readings.map(({ value }) => value)).toEqual([3.7])
  })
})

/** The question that stands right before the answer and could be its own: same device, unit, function and length. */
function questionOf(frames: readonly Frame[], reply: Frame): string | undefined {
  const before = frames[frames.indexOf(reply) - 1]
  const asked = before?.dir === 'req' ? decodeRtuRequest(fromHex(before.hex)) : undefined
  const [unit, code, length] = fromHex(reply.hex)
  const fits =
    before?.device === reply.device &&
    asked?.unit === unit &&
    asked?.function === code &&
    asked !== undefined &&
    asked.count * 2 === length
  return fits ? before?.hex : undefined
}

/** "61.0 %, 35.9 C, 6 uS/cm, pH 5.5" → 61, 35.9, 6, 5.5; of "0x0131=305 -> 30.5 C" only what follows the arrow. */
function numbersIn(meaning: string): number[] {
  const stated = meaning
    .split('->')
    .at(-1)!
    .replaceAll(/0x[0-9a-f]+/gi, ' ')
  return [...stated.matchAll(/-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number))
}
