import { isObject, parseBoundedJson } from '../bounded-json.ts'
import { type DecodeError, type DecodeResult, NOTHING, refused } from '../observation.ts'
import type { Company, Vocabulary } from '../vocabulary/vocabulary.ts'
import { type ConfigTopic, type Entity, parseConfigTopic, readAnnouncement } from './entity.ts'
import { type Meaning, meaningOf } from './entity-meaning.ts'

/** A value that a device announced and that a farm keeps. */
export interface KnownEntity {
  readonly entity: Entity
  readonly meaning: Meaning
}

// A farm has tens of devices with some ten measurements each; a broker that a stranger floods stays bounded.
const MAX_ENTITIES = 3000

/** Everything that discovery messages announced, by the topics on which it will be heard. */
export class EntityRegistry {
  readonly #prefix: string
  readonly #vocabulary: Vocabulary
  /** By config topic: what stands under one is replaced and taken back together. */
  readonly #byConfig = new Map<string, readonly KnownEntity[]>()
  readonly #byState = new Map<string, Set<KnownEntity>>()
  readonly #byAvailability = new Map<string, Set<KnownEntity>>()
  readonly #byDevice = new Map<string, Set<KnownEntity>>()
  readonly #companies = new Map<string, ReadonlySet<Company>>()
  #count = 0

  constructor(prefix: string, vocabulary: Vocabulary) {
    this.#prefix = prefix
    this.#vocabulary = vocabulary
  }

  /** What to subscribe to for being told. */
  configFilters(): string[] {
    return [`${this.#prefix}/+/+/config`, `${this.#prefix}/+/+/+/config`]
  }

  isConfigTopic(topic: string): boolean {
    return parseConfigTopic(this.#prefix, topic) !== undefined
  }

  /** Takes an announcement in; an empty one takes it back. */
  learn(topic: string, payload: Uint8Array): DecodeResult & { newTopics: readonly string[] } {
    const at = parseConfigTopic(this.#prefix, topic)
    if (!at) return { ...NOTHING, newTopics: [] }
    if (payload.length === 0) {
      this.#forget(topic)
      return { ...NOTHING, newTopics: [] }
    }
    const parsed = parseBoundedJson(payload)
    if (parsed.kind === 'refused') return { ...refused(parsed.code, parsed.detail), newTopics: [] }
    if (!isObject(parsed.value))
      return { ...refused('not-an-object', 'an announcement is an object'), newTopics: [] }
    const { entities, errors } = readAnnouncement(topic, at, parsed.value)
    this.#forget(topic)
    return this.#remember(topic, at, entities, errors)
  }

  heardOn(topic: string): ReadonlySet<KnownEntity> | undefined {
    return this.#byState.get(topic)
  }

  availableOn(topic: string): ReadonlySet<KnownEntity> | undefined {
    return this.#byAvailability.get(topic)
  }

  topics(): string[] {
    return [...new Set([...this.#byState.keys(), ...this.#byAvailability.keys()])]
  }

  /** What else the device announced, for names that need it. */
  companyOf(device: string): ReadonlySet<Company> {
    let company = this.#companies.get(device)
    if (!company) {
      const plain = [...(this.#byDevice.get(device) ?? [])].flatMap(({ meaning: { candidates } }) =>
        candidates.length === 1 ? [candidates[0]!.quantity] : [],
      )
      company = new Set<Company>(plain)
      this.#companies.set(device, company)
    }
    return company
  }

  /** The name's own words, or the entity's id where two of a device would be one series. */
  channelOf({ entity, meaning }: KnownEntity): string {
    const first = meaning.candidates[0]?.quantity
    let alike = 0
    for (const other of this.#byDevice.get(entity.device) ?? [])
      if (other.meaning.channel === meaning.channel && other.meaning.candidates[0]?.quantity === first)
        alike++
    return alike > 1 ? entity.objectId : meaning.channel
  }

  #remember(
    topic: string,
    at: ConfigTopic,
    entities: readonly Entity[],
    errors: readonly DecodeError[],
  ): DecodeResult & { newTopics: readonly string[] } {
    const known: KnownEntity[] = []
    const newTopics = new Set<string>()
    const problems = [...errors]
    for (const entity of entities) {
      const { component, deviceClass, device, name, objectId, fieldName } = entity
      // The id often repeats device and node: what is left says what it is.
      const names = [withoutNode(objectId, at.nodeId), fieldName]
      const meaning = meaningOf({ component, deviceClass, device, title: name, names }, this.#vocabulary)
      if (!meaning) continue
      if (this.#count + known.length >= MAX_ENTITIES) {
        problems.push({ code: 'too-many-entities', detail: `more than ${MAX_ENTITIES} values are announced` })
        break
      }
      const one = { entity, meaning }
      known.push(one)
      if (!this.#byState.has(entity.stateTopic)) newTopics.add(entity.stateTopic)
      add(this.#byState, entity.stateTopic, one)
      add(this.#byDevice, entity.device, one)
      this.#companies.delete(entity.device)
      for (const availability of entity.availability) {
        if (!this.#byAvailability.has(availability.topic)) newTopics.add(availability.topic)
        add(this.#byAvailability, availability.topic, one)
      }
    }
    this.#count += known.length
    if (known.length > 0) this.#byConfig.set(topic, known)
    return {
      readings: [],
      errors: problems,
      ignored: problems.length === 0,
      ignoredFields: entities.length - known.length,
      newTopics: [...newTopics],
    }
  }

  #forget(topic: string): void {
    const known = this.#byConfig.get(topic) ?? []
    this.#byConfig.delete(topic)
    this.#count -= known.length
    for (const one of known) {
      remove(this.#byState, one.entity.stateTopic, one)
      remove(this.#byDevice, one.entity.device, one)
      this.#companies.delete(one.entity.device)
      for (const { topic: availability } of one.entity.availability)
        remove(this.#byAvailability, availability, one)
    }
  }
}

function withoutNode(objectId: string, nodeId: string): string {
  return nodeId !== '' && objectId.startsWith(`${nodeId}_`) ? objectId.slice(nodeId.length + 1) : objectId
}

function add(map: Map<string, Set<KnownEntity>>, key: string, one: KnownEntity): void {
  const set = map.get(key)
  if (set) set.add(one)
  else map.set(key, new Set([one]))
}

function remove(map: Map<string, Set<KnownEntity>>, key: string, one: KnownEntity): void {
  const set = map.get(key)
  set?.delete(one)
  if (set?.size === 0) map.delete(key)
}
