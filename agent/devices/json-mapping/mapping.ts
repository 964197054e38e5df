import type { QuantityName } from '#contract/wire/quantities.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { numberOf } from '../number-of.ts'
import { standardVocabulary } from '../vocabulary/vocabulary.ts'
import { parsePointer } from './json-pointer.ts'

/** How a person says what a message of their own making means. */
export interface Mapping {
  /** MQTT filter with + and #. */
  readonly topic: string
  /** Always the same device. */
  readonly device?: string | undefined
  /** Or a level of the topic, counted from 1. */
  readonly deviceLevel?: number | undefined
  /** Or a place in the payload. Where none of the three is given, it is what stands at the filter's + and #. */
  readonly devicePointer?: string | undefined
  /** Empty: the payload's own names are looked up in the vocabulary. */
  readonly readings: readonly MappedReading[]
  /** Where the payload says when it was measured. */
  readonly time?: string | undefined
}

export interface MappedReading {
  readonly pointer: string
  readonly quantity: QuantityName
  readonly channel?: string | undefined
  /** As the device states it; the quantity's own if not given. */
  readonly unit?: string | undefined
  /** stated × scale + offset, before the unit is turned into the table's. */
  readonly scale?: number | undefined
  readonly offset?: number | undefined
}

/** Why a mapping can't work, for the config check; undefined when it can. */
export function mappingProblem(mapping: Mapping): string | undefined {
  const { topic, device, deviceLevel, devicePointer, readings, time } = mapping
  if (!isTopicFilter(topic)) return `the topic "${topic}" is not an MQTT filter`
  if ([device, deviceLevel, devicePointer].filter((each) => each !== undefined).length > 1)
    return 'device, deviceLevel and devicePointer say the same thing: give one'
  const levels = topic.split('/')
  if (deviceLevel !== undefined && deviceLevel > levels.length && levels.at(-1) !== '#')
    return `the topic has no level ${deviceLevel}`
  for (const pointer of [...readings.map((each) => each.pointer), time, devicePointer])
    if (pointer !== undefined && !parsePointer(pointer))
      return `"${pointer}" is not a JSON pointer, such as /air/temperature`
  const seen = new Set<string>()
  for (const { quantity, channel = '', unit } of readings) {
    if (unit !== undefined && convertedUnit(1, unit, quantity) === undefined)
      return `${unit} can not be turned into ${QUANTITIES[quantity].unit}, the unit of ${quantity}`
    const key = `${quantity} ${channel}`
    if (seen.has(key)) return `${quantity} stands twice: give each a channel of its own`
    seen.add(key)
  }
  return undefined
}

/** MQTT 3.1.1 §4.7.1: # only as the last level, + only as a whole one. */
function isTopicFilter(topic: string): boolean {
  const levels = topic.split('/')
  return (
    topic !== '' &&
    topic.length <= 256 &&
    !/\p{Cc}/u.test(topic) &&
    levels.every(
      (level, at) => !/[+#]/.test(level) || level === '+' || (level === '#' && at === levels.length - 1),
    )
  )
}

export const convertedUnit = (value: number, unit: string, quantity: QuantityName): number | undefined =>
  standardVocabulary().units.convert(value, unit, QUANTITIES[quantity].unit)

/** A number as it is stated, also as text; `true` and `false` are 1 and 0. */
export const statedNumber = (stated: unknown): number | undefined =>
  typeof stated === 'boolean' ? Number(stated) : numberOf(stated)
