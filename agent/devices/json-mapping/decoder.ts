import { QUALITY } from '#contract/wire/records.ts'
import { topicMatches } from '../../bus/topic-filter.ts'
import { parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { onOffOf, shown } from '../number-of.ts'
import {
  type DecodeError,
  type DecodeResult,
  NOTHING,
  type Observation,
  observed,
  refused,
} from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { withoutFloatDust } from '../units.ts'
import { isOnOff, readingsFromObject } from '../vocabulary/readings-from-object.ts'
import { standardVocabulary, type Vocabulary } from '../vocabulary/vocabulary.ts'
import { parsePointer, pointedAt } from './json-pointer.ts'
import { convertedUnit, type MappedReading, type Mapping, statedNumber } from './mapping.ts'

/** Messages of people's own making, as their config says what stands where; the first mapping that fits is taken. */
export class JsonMappingDecoder implements MessageDecoder {
  readonly kind = 'json'
  readonly topicFilters: readonly string[]
  readonly #mappings: readonly ReadyMapping[]
  readonly #vocabulary: Vocabulary
  readonly #routes = new Map<string, Route>()

  constructor(
    options: { mappings?: readonly Mapping[] | undefined; vocabulary?: Vocabulary | undefined } = {},
  ) {
    const mappings = options.mappings ?? ANY_TOPIC
    this.#vocabulary = options.vocabulary ?? standardVocabulary()
    this.#mappings = mappings.map(ready)
    this.topicFilters = mappings.map(({ topic }) => topic)
  }

  decode(message: IncomingMessage): DecodeResult {
    const { topic, payload } = message
    const { found, name } = this.#routeOf(topic)
    // An empty retained message is how a topic is taken back.
    if (!found || payload.length === 0) return NOTHING
    const parsed = parseBoundedJson(payload)
    if (parsed.kind === 'refused') return refused(parsed.code, parsed.detail)
    const { device, problem } = name ?? checkedName(nameIn(parsed.value, found.devicePointer))
    if (device === undefined) return refused('no-device', 'the message does not say which device it is of')
    if (problem) return refused('device-name', `the device's name ${problem}`)
    const more = {
      sourceTimeMs: found.time && sourceTimeOf(timeIn(pointedAt(parsed.value, found.time))),
      quality: message.isRetained ? QUALITY.historical : QUALITY.good,
    }
    if (found.readings.length > 0) return mapped(found, parsed.value, device, more)
    const { readings, errors, ignoredFields } = readingsFromObject(
      parsed.value,
      device,
      this.#vocabulary,
      more,
    )
    const ignored = readings.length === 0 && errors.length === 0
    return { readings, errors, ignoredFields, ignored, deviceSeen: { id: device } }
  }

  wants(topic: string): boolean {
    return this.#routeOf(topic).found !== undefined
  }

  /** A node sends to the same few topics for years. */
  #routeOf(topic: string): Route {
    const known = this.#routes.get(topic)
    if (known) return known
    const found = this.#mappings.find(({ mapping }) => topicMatches(mapping.topic, topic))
    const route = {
      found,
      name: found && !found.devicePointer ? checkedName(nameByTopic(found.mapping, topic)) : undefined,
    }
    if (this.#routes.size < MAX_ROUTES) this.#routes.set(topic, route)
    return route
  }
}

// As many as series can exist; further topics are looked at each time.
const MAX_ROUTES = 4000

/** What a topic alone says of its messages. */
interface Route {
  readonly found: ReadyMapping | undefined
  /** Undefined where the payload has to say it. */
  readonly name: CheckedName | undefined
}

interface CheckedName {
  readonly device: string | undefined
  readonly problem?: string | undefined
}

const checkedName = (device: string | undefined): CheckedName =>
  device === undefined ? { device } : { device, problem: nameProblem(device) }

/** Without a config: each topic is a device, and the names are the vocabulary's. */
const ANY_TOPIC: readonly Mapping[] = [{ topic: '#', readings: [], time: '/time' }]

interface ReadyMapping {
  readonly mapping: Mapping
  readonly devicePointer: readonly string[] | undefined
  readonly time: readonly string[] | undefined
  readonly readings: readonly { steps: readonly string[]; reading: MappedReading }[]
}

const ready = (mapping: Mapping): ReadyMapping => ({
  mapping,
  devicePointer: mapping.devicePointer === undefined ? undefined : parsePointer(mapping.devicePointer),
  time: mapping.time === undefined ? undefined : parsePointer(mapping.time),
  readings: mapping.readings.flatMap((reading) => {
    const steps = parsePointer(reading.pointer)
    return steps ? [{ steps, reading }] : []
  }),
})

function nameIn(payload: unknown, pointer: readonly string[] = []): string | undefined {
  const stated = pointedAt(payload, pointer)
  return typeof stated === 'number' ? String(stated) : typeof stated === 'string' ? stated.trim() : undefined
}

function nameByTopic({ topic: mapped, device, deviceLevel }: Mapping, topic: string): string | undefined {
  if (device !== undefined) return device
  const levels = topic.split('/')
  if (deviceLevel !== undefined) return levels[deviceLevel - 1]
  const filter = mapped.split('/')
  const wild = levels.filter((_level, at) => filter[at] === '+' || (filter[at] ?? filter.at(-1)) === '#')
  return (wild.length > 0 ? wild : levels).join('/')
}

/** Text of digits is a number that somebody put into quotes. */
const timeIn = (stated: unknown): unknown =>
  typeof stated === 'string' && /^\d{9,13}(?:\.\d{1,6})?$/.test(stated) ? Number(stated) : stated

function mapped(
  { readings: wanted }: ReadyMapping,
  payload: unknown,
  device: string,
  more: { sourceTimeMs: number | undefined; quality: number },
): DecodeResult {
  const readings: Observation[] = []
  const errors: DecodeError[] = []
  let ignoredFields = 0
  for (const { steps, reading } of wanted) {
    const { pointer, quantity, channel = '', unit, scale = 1, offset = 0 } = reading
    const stated = pointedAt(payload, steps)
    // A node may send its values in several messages.
    if (stated === undefined) {
      ignoredFields++
      continue
    }
    const number = isOnOff(quantity) ? (onOffOf(stated) ?? statedNumber(stated)) : statedNumber(stated)
    if (stated === null) errors.push({ code: 'no-value', detail: `${pointer}: the device gives nothing` })
    else if (number === undefined)
      errors.push({ code: 'not-a-number', detail: `${pointer}: ${shown(stated)}`.slice(0, 200) })
    else {
      const scaled = scale === 1 && offset === 0 ? number : withoutFloatDust(number * scale + offset)
      const value = unit === undefined ? scaled : convertedUnit(scaled, unit, quantity)
      if (value === undefined || !Number.isFinite(value))
        errors.push({ code: 'unit-unknown', detail: `${pointer}: "${unit}"`.slice(0, 200) })
      else readings.push(observed(device, channel, quantity, value, more))
    }
  }
  // That every one of the places is empty is worth a word: the mapping is for another message.
  if (readings.length === 0 && errors.length === 0)
    return refused('not-in-mapping', 'none of the mapped places is in the message')
  return { readings, errors, ignoredFields, ignored: false, deviceSeen: { id: device } }
}
