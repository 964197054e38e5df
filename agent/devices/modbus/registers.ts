import { QUANTITIES } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { Observation } from '../observation.ts'
import { withoutFloatDust } from '../units.ts'
import type { ReadRequest } from './framing.ts'
import type { Profile, ProfileValue } from './profile.ts'
import { registersOf } from './profile-mistakes.ts'
import { contentOf, hexOf, type RegisterContent } from './register-content.ts'
import { type CounterStore, counted } from './running-total.ts'

/** What a probe with a unit switch speaks; `unknown` when the switch holds something that nobody wrote down. */
export type TemperatureUnit = 'celsius' | 'fahrenheit' | 'unknown'

export interface ValueFault {
  readonly code: 'sentinel' | 'not-a-number' | 'out-of-range' | 'unit-unknown' | 'counter-restarted'
  readonly detail: string
}

export interface ReadingContext {
  readonly temperatureUnit?: TemperatureUnit
  /** Where running totals go on. Without it a counter is what the probe shows. */
  readonly counters?: CounterStore
}

/** Registers → readings, by the profile. What can't be a value is a counted fault, what is doubtful is marked. */
export function readingsOf(
  profile: Profile,
  device: string,
  request: Pick<ReadRequest, 'function' | 'address'>,
  words: readonly number[],
  context: ReadingContext = {},
): { readings: Observation[]; faults: ValueFault[] } {
  const readings: Observation[] = []
  const faults: ValueFault[] = []
  for (const value of profile.values) {
    const at = value.address - request.address
    const isHere = at >= 0 && at + registersOf(value.type) <= words.length
    if (!isHere || (value.function ?? request.function) !== request.function) continue
    const content = contentOf(value, words, at)
    const fault = (code: ValueFault['code'], detail: string): void =>
      void faults.push({ code, detail: `${nameOfValue(value)}: ${detail}` })

    const speaks = QUANTITIES[value.quantity].unit === 'Cel' ? context.temperatureUnit : 'celsius'
    const measured = measure(value, content, speaks ?? 'celsius')
    if (measured.kind === 'fault') {
      fault(measured.code, measured.detail)
      continue
    }
    const { range, counter, scale } = value
    const isOutside = range !== undefined && (measured.value < range[0] || measured.value > range[1])
    let number = measured.value
    if (counter) {
      const { raw } = content
      // An impossible count must not stay in the total for ever.
      if (isOutside || raw < 0 || raw >= (counter.modulus ?? Infinity)) {
        fault('out-of-range', `a count of ${raw} can't be`)
        continue
      }
      if (context.counters) {
        const key = counterKey(device, value)
        const { state, doubt } = counted(counter, context.counters.recall(key), raw)
        context.counters.keep(key, state)
        if (doubt !== undefined) fault('counter-restarted', doubt)
        number = withoutFloatDust(state.total * scale)
      }
    }
    readings.push({
      device,
      channel: value.channel,
      quantity: value.quantity,
      unit: QUANTITIES[value.quantity].unit,
      value: number,
      ...resolutionOf(value),
      quality: (isOutside ? QUALITY.outOfRange : 0) | (value.estimated ? QUALITY.estimated : 0),
    })
  }
  return { readings, faults }
}

type Measured =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'fault'; readonly code: ValueFault['code']; readonly detail: string }

function measure(value: ProfileValue, content: RegisterContent, speaks: TemperatureUnit): Measured {
  const { bits, raw } = content
  const noValue = (detail: string): Measured => ({ kind: 'fault', code: 'sentinel', detail })
  if (value.sentinels.includes(bits)) return noValue(`the probe says "no value" (${hexOf(bits)})`)
  if (!Number.isFinite(raw)) return { kind: 'fault', code: 'not-a-number', detail: hexOf(bits) }
  if (value.map) {
    const meant = value.map[String(raw)]
    return meant === undefined
      ? noValue(`${raw} has no meaning in the profile (${hexOf(bits)})`)
      : { kind: 'value', value: meant }
  }
  if (speaks === 'unknown')
    return { kind: 'fault', code: 'unit-unknown', detail: 'not kept: °C or °F is not known' }
  const { validRaw, scale, offset } = value
  const isFahrenheit = speaks === 'fahrenheit'
  const scaled = raw * scale + offset
  const celsius = isFahrenheit ? ((scaled - 32) * 5) / 9 : scaled
  // The limits are written for a probe that speaks °C.
  const limited = isFahrenheit ? (celsius - offset) / scale : raw
  if (validRaw && (limited < validRaw[0] || limited > validRaw[1]))
    return noValue(`${raw} is outside what it can hold (${hexOf(bits)})`)
  if (!Number.isFinite(celsius)) return { kind: 'fault', code: 'not-a-number', detail: hexOf(bits) }
  // A step of °F is no step of °C: half a hundredth would pretend to be more than the probe knows.
  if (isFahrenheit) {
    const step = value.type === 'f32' ? 0.001 : Math.abs(scale)
    return { kind: 'value', value: withoutFloatDust(Math.round(celsius / step) * step) }
  }
  return { kind: 'value', value: withoutFloatDust(celsius) }
}

/** The probe's own step, where it has one. */
function resolutionOf(value: ProfileValue): { resolution?: number } {
  if (value.type === 'f32') return {}
  if (!value.map) return { resolution: Math.abs(value.scale) }
  // Sixteen wind directions stand 22.5° apart: the coarsest power of ten that holds them all.
  const { resolution } = QUANTITIES[value.quantity]
  const fits = (step: number): boolean =>
    Object.values(value.map ?? {}).every((each) => Math.abs(each / step - Math.round(each / step)) < 1e-6)
  const step = [resolution, resolution / 10, resolution / 100, resolution / 1000].find(fits)
  return step === undefined ? {} : { resolution: step }
}

/** For people: rain, or rain 0.1mm. */
export const nameOfValue = ({ quantity, channel }: ProfileValue): string =>
  channel === '' ? quantity : `${quantity} ${channel}`

/** Of one total of one device; survives a change of the profile's order. */
export const counterKey = (device: string, { quantity, channel }: ProfileValue): string =>
  JSON.stringify([device, quantity, channel])
