import { QUALITY } from '#contract/wire/records.ts'
import { isObject, parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { type DecodeError, type DecodeResult, NOTHING, type Observation, observed } from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import { standardVocabulary, type Vocabulary } from '../vocabulary/vocabulary.ts'
import { EntityRegistry, type KnownEntity } from './entity-registry.ts'
import { statedValue } from './stated-value.ts'
import { TemplateError } from './template.ts'

/**
 * Whatever announces itself as Home Assistant wants it: the retained announcements say what a device measures, in
 * which unit, and on which topic it will say it; those topics are then listened to.
 *
 *   homeassistant/sensor/NODE/ID/config, homeassistant/device/ID/config → what we know (empty: taken back)
 *   the state topics that they name → readings       their availability topics → seen
 */
export class HomeAssistantDecoder implements MessageDecoder {
  readonly kind = 'home-assistant'
  readonly #vocabulary: Vocabulary
  readonly #registry: EntityRegistry
  #newTopics: string[] = []

  constructor(options: { prefix?: string | undefined; vocabulary?: Vocabulary | undefined } = {}) {
    this.#vocabulary = options.vocabulary ?? standardVocabulary()
    this.#registry = new EntityRegistry(options.prefix ?? 'homeassistant', this.#vocabulary)
  }

  get topicFilters(): readonly string[] {
    return [...this.#registry.configFilters(), ...this.#registry.topics()]
  }

  wants(topic: string): boolean {
    const registry = this.#registry
    return (
      registry.heardOn(topic) !== undefined ||
      registry.availableOn(topic) !== undefined ||
      registry.isConfigTopic(topic)
    )
  }

  takeNewTopics(): readonly string[] {
    const topics = this.#newTopics
    this.#newTopics = []
    return topics
  }

  decode(message: IncomingMessage): DecodeResult {
    const { topic, payload } = message
    if (this.#registry.isConfigTopic(topic)) {
      const { newTopics, ...result } = this.#registry.learn(topic, payload)
      this.#newTopics.push(...newTopics)
      return result
    }
    const heard = this.#registry.heardOn(topic)
    if (heard) return this.#readings(heard, message)
    const available = this.#registry.availableOn(topic)
    return available ? availabilityIn(available, message) : NOTHING
  }

  #readings(entities: ReadonlySet<KnownEntity>, message: IncomingMessage): DecodeResult {
    // An empty retained message is how a topic is taken back.
    if (message.payload.length === 0) return NOTHING
    const { text, json } = contentOf(message.payload)
    const sourceTimeMs = isObject(json) ? timeIn(json) : undefined
    const quality = message.isRetained ? QUALITY.historical : QUALITY.good
    const readings: Observation[] = []
    const errors: DecodeError[] = []
    const devices = new Set<string>()
    let ignoredFields = 0
    for (const known of entities) {
      if (readings.length + errors.length >= MAX_ANSWERS) break
      const { entity, meaning } = known
      const stated = this.#stated(known, text, json)
      if (stated.kind === 'wrong') errors.push(wrongOf(entity.objectId, stated.code, stated.detail))
      if (stated.kind !== 'stated') {
        if (stated.kind === 'left') ignoredFields++
        continue
      }
      const said = statedValue(stated.value, meaning, {
        unit: entity.unit,
        company: this.#registry.companyOf(entity.device),
        vocabulary: this.#vocabulary,
        on: entity.on,
        off: entity.off,
      })
      if (said.kind === 'wrong') errors.push(wrongOf(entity.objectId, said.code, said.detail))
      else if (said.kind === 'left') ignoredFields++
      else {
        devices.add(entity.device)
        const channel = this.#registry.channelOf(known)
        const problem = channel === '' ? undefined : nameProblem(channel)
        if (problem) errors.push(wrongOf(entity.objectId, 'device-name', `its name ${problem}`))
        else
          readings.push(
            observed(entity.device, channel, said.quantity, said.value, { sourceTimeMs, quality }),
          )
      }
    }
    const [id] = devices
    return {
      readings,
      errors,
      ignoredFields,
      ignored: readings.length === 0 && errors.length === 0,
      ...(id === undefined ? {} : { deviceSeen: { id } }),
    }
  }

  #stated(
    { entity }: KnownEntity,
    text: string,
    json: unknown,
  ): { kind: 'stated'; value: unknown } | { kind: 'left' } | { kind: 'wrong'; code: string; detail: string } {
    if (!entity.template) {
      // A lamp may send {"state":"ON","brightness":…}.
      const state = isObject(json) ? json['state'] : undefined
      return { kind: 'stated', value: state ?? text }
    }
    try {
      const value = entity.template(text, json)
      // One topic may carry messages of several kinds; a field that this one hasn't is not missing.
      return value === undefined || value === '' ? { kind: 'left' } : { kind: 'stated', value }
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return { kind: 'wrong', code: 'not-a-number', detail: `the template says: ${error.message}` }
    }
  }
}

// One topic carries what one device measures.
const MAX_ANSWERS = 200

const wrongOf = (objectId: string, code: string, detail: string): DecodeError => ({
  code,
  detail: `${objectId}: ${detail}`.slice(0, 200),
})

function contentOf(payload: Uint8Array): { text: string; json: unknown } {
  const parsed = parseBoundedJson(payload)
  const text = lenient.decode(payload.subarray(0, MAX_TEXT_BYTES)).trim()
  return { text, json: parsed.kind === 'parsed' ? parsed.value : undefined }
}

const MAX_TEXT_BYTES = 1024
const lenient = new TextDecoder()

const TIME_FIELDS = ['last_seen', 'timestamp', 'time', 'Time', 'ts']

function timeIn(json: Readonly<Record<string, unknown>>): number | undefined {
  for (const field of TIME_FIELDS) {
    const time = sourceTimeOf(json[field])
    if (time !== undefined) return time
  }
  return undefined
}

/** A topic that several devices name is their bridge's, and says nothing of one of them. */
function availabilityIn(entities: ReadonlySet<KnownEntity>, message: IncomingMessage): DecodeResult {
  const devices = new Set([...entities].map(({ entity }) => entity.device))
  const [first] = entities
  const [id] = devices
  if (!first || id === undefined || devices.size > 1 || message.payload.length === 0) return NOTHING
  const availability = first.entity.availability.find(({ topic }) => topic === message.topic)
  if (!availability) return NOTHING
  const { text, json } = contentOf(message.payload)
  let stated: unknown = isObject(json) ? (json['state'] ?? text) : text
  try {
    if (availability.template) stated = availability.template(text, json)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return NOTHING
  }
  // An object out of JSON may have a `toString` of its own, which is none.
  const said = typeof stated === 'object' ? '' : String(stated)
  if (said === availability.available) return { ...NOTHING, deviceSeen: { id, availability: 'online' } }
  if (said === availability.notAvailable) return { ...NOTHING, deviceSeen: { id, availability: 'offline' } }
  return NOTHING
}
