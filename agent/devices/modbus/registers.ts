import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { DecodeError, Observation } from '../observation.ts'
import { withoutFloatDust } from '../units.ts'
import type { ReadRequest } from './framing.ts'
import { type Profile, type ProfileValue, registersOf } from './profile.ts'

/** Registers → readings, by the profile. What can't be a value is a counted fault, what is doubtful is marked. */
export function readingsOf(
  profile: Profile,
  device: string,
  request: Pick<ReadRequest, 'function' | 'address'>,
  words: readonly number[],
): { readings: Observation[]; faults: DecodeError[] } {
  const readings: Observation[] = []
  const faults: DecodeError[] = []
  for (const value of profile.values) {
    const at = value.address - request.address
    const isHere = at >= 0 && at + registersOf(value.type) <= words.length
    if (!isHere || (value.function ?? request.function) !== request.function) continue
    const raw = rawOf(value, words, at)
    if (value.sentinels.includes(raw)) {
      faults.push({ code: 'sentinel', detail: `${value.quantity}: the probe says "no value" (${hex(raw)})` })
      continue
    }
    const measured = numberOf(value, raw)
    if (!Number.isFinite(measured)) {
      faults.push({ code: 'not-a-number', detail: `${value.quantity}: ${hex(raw)}` })
      continue
    }
    const { quantity, channel, range, scale } = value
    const isOutside = range !== undefined && (measured < range[0] || measured > range[1])
    readings.push({
      device,
      channel,
      quantity,
      unit: QUANTITIES[quantity].unit,
      value: measured,
      ...(value.type === 'f32' ? {} : { resolution: Math.abs(scale) }),
      quality: (isOutside ? QUALITY.outOfRange : 0) | (value.estimated ? QUALITY.estimated : 0),
    })
  }
  return { readings, faults }
}

/** The register contents as one unsigned number. */
function rawOf(value: ProfileValue, words: readonly number[], at: number): number {
  const first = words[at]!
  if (registersOf(value.type) === 1) return first
  const second = words[at + 1]!
  const [high, low] = value.wordOrder === 'big' ? [first, second] : [second, first]
  return high * 0x10000 + low
}

const view = new DataView(new ArrayBuffer(4))

function numberOf(value: ProfileValue, raw: number): number {
  const scaled = (number: number) => withoutFloatDust(number * value.scale + value.offset)
  switch (value.type) {
    case 'u16':
    case 'u32':
      return scaled(raw)
    case 's16':
      return scaled(raw >= 0x8000 ? raw - 0x10000 : raw)
    case 's32':
      return scaled(raw | 0)
    case 'f32': {
      view.setUint32(0, raw)
      // A 32-bit float holds seven digits; the rest is dust (23.4 arrives as 23.399999618530273).
      return scaled(Number(view.getFloat32(0).toPrecision(7)))
    }
  }
}

const hex = (raw: number): string => `0x${raw.toString(16).toUpperCase().padStart(4, '0')}`
