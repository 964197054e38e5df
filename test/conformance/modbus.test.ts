import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex } from '#contract/ground/bytes.ts'
import { hasRightCrc } from '../../agent/devices/modbus/crc.ts'
import { decodeProbe } from '../../agent/devices/modbus/decode-probe.ts'
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

/** The manuals' names of the probes that have a profile here. */
const PROFILE_OF: Readonly<Record<string, string>> = {
  'SHT20 / XY-MD02': 'xy-md02',
  '7-in-1 (ZTS/ComWinTop family)': 'cwt-soil-7in1',
}

describe('frames printed in manuals', () => {
  const folder = vectors('modbus', 17)
  if (!folder) return
  const frames = readFileSync(join(folder, 'frames.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Frame)
  const replies = frames.filter(({ dir }) => dir === 'rsp')
  const known = replies.filter(({ device }) => PROFILE_OF[device])
  console.log(
    `modbus: ${frames.length} frames; ${known.length} of ${replies.length} replies are of probes with a profile here`,
  )

  test.each(frames)('$hex: its check sum is right as stated', ({ hex, crcValid, crcExpected }) => {
    const bytes = fromHex(hex)
    expect(hasRightCrc(bytes)).toBe(crcValid)
    expect(hasRightCrc(Uint8Array.of(...bytes.slice(0, -2), ...fromHex(crcExpected)))).toBe(true)
  })

  test.each(frames.filter(({ dir, crcValid }) => dir === 'req' && crcValid))(
    '$hex is a read request',
    ({ hex }) => {
      expect(decodeRtuRequest(fromHex(hex))).toMatchObject({ unit: Number.parseInt(hex.slice(0, 2), 16) })
    },
  )

  test.each(known)('$device $hex: $meaning', ({ device, hex, meaning }) => {
    const { readings, errors } = decodeProbe(loadProfile(PROFILE_OF[device]!), { response: hex })
    expect(errors).toEqual([])
    expect(readings.map(({ value }) => value)).toEqual(numbersIn(meaning))
  })

  test.each(replies)(
    '$hex is read or refused with a reason by every profile',
    ({ hex, crcValid, meaning }) => {
      for (const name of profileNames()) {
        const { readings, errors } = decodeProbe(loadProfile(name), { response: hex })
        expect(readings.length + errors.length).toBeGreaterThan(0)
        if (!crcValid || meaning.includes('ECHOES')) expect(readings).toEqual([])
      }
    },
  )
})

/** "61.0 %, 35.9 C, 6 uS/cm, pH 5.5" → 61, 35.9, 6, 5.5; of "0x0131=305 -> 30.5 C" only what follows the arrow. */
function numbersIn(meaning: string): number[] {
  const stated = meaning.split('->').at(-1)!
  return [...stated.matchAll(/-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number))
}
