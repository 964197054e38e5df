import { QUALITY } from '#contract/wire/records.ts'
import { isObject, parseBoundedJson } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import { meaningOf } from '../home-assistant/entity-meaning.ts'
import { EntityRegistry } from '../home-assistant/entity-registry.ts'
import { statedValue } from '../home-assistant/stated-value.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { shown } from '../number-of.ts'
import { type DecodeResult, NOTHING, observed, refused } from '../observation.ts'
import { type Company, standardVocabulary, type Vocabulary } from '../vocabulary/vocabulary.ts'
import { ESPHOME_FILTERS, type EspTopic, parseEspTopic } from './topic.ts'

/**
 * ESPHome. A node is named by its topic prefix; what its sensors are is read from their ids by our vocabulary, and
 * better where discovery says unit and class.
 *
 *   PREFIX/sensor/ID/state, binary_sensor, switch, light → a reading      PREFIX/status → seen
 *   homeassistant/…/config → units and classes                             PREFIX/debug, text_sensor → nothing
 */
export class EspHomeDecoder implements MessageDecoder {
  readonly kind = 'esphome'
  readonly topicFilters: readonly string[]
  readonly #vocabulary: Vocabulary
  readonly #registry: EntityRegistry

  constructor(options: { discoveryPrefix?: string | undefined; vocabulary?: Vocabulary | undefined } = {}) {
    this.#vocabulary = options.vocabulary ?? standardVocabulary()
    this.#registry = new EntityRegistry(options.discoveryPrefix ?? 'homeassistant', this.#vocabulary)
    this.topicFilters = [...ESPHOME_FILTERS, ...this.#registry.configFilters()]
  }

  decode(message: IncomingMessage): DecodeResult {
    if (this.#registry.isConfigTopic(message.topic)) return this.#learn(message)
    const topic = parseEspTopic(message.topic)
    if (!topic || message.payload.length === 0) return NOTHING
    if (topic.device === '') return NOTHING
    const problem = nameProblem(topic.device)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    return topic.kind === 'status' ? statusOf(topic.device, message.payload) : this.#state(topic, message)
  }

  /** Other programs announce themselves here too: what is not an ESPHome node's is theirs to complain of. */
  #learn(message: IncomingMessage): DecodeResult {
    const { newTopics, ...result } = this.#registry.learn(message.topic, message.payload)
    return newTopics.some((topic) => parseEspTopic(topic)) || result.ignored ? result : NOTHING
  }

  #state(topic: EspTopic & { kind: 'state' }, message: IncomingMessage): DecodeResult {
    const { device, component, objectId } = topic
    const [known] = this.#registry.heardOn(topic.topic) ?? []
    const names = [known?.entity.name ?? '']
    const deviceClass = known?.entity.deviceClass ?? ''
    const meaning = meaningOf({ component, deviceClass, title: objectId, names, device }, this.#vocabulary)
    const seen = { deviceSeen: { id: device } }
    if (!meaning) return { ...NOTHING, ...seen, ignoredFields: 1 }
    // Without announcements nobody knows what else is coming, and a series must not change its quantity.
    const company = known ? this.#registry.companyOf(known.entity.device) : ALONE
    const said = statedValue(stateIn(message.payload), meaning, {
      unit: known?.entity.unit,
      company,
      vocabulary: this.#vocabulary,
      ...(known ? { on: known.entity.on, off: known.entity.off } : {}),
    })
    if (said.kind === 'wrong') return { ...refused(said.code, `${objectId}: ${said.detail}`), ...seen }
    if (said.kind === 'left') return { ...NOTHING, ...seen, ignoredFields: 1 }
    const channelProblem = meaning.channel === '' ? undefined : nameProblem(meaning.channel)
    if (channelProblem) return refused('device-name', `the sensor's name ${channelProblem}`)
    const quality = message.isRetained ? QUALITY.historical : QUALITY.good
    const readings = [observed(device, meaning.channel, said.quantity, said.value, { quality })]
    return { readings, errors: [], ignored: false, ignoredFields: 0, ...seen }
  }
}

const ALONE: ReadonlySet<Company> = new Set()

// A state is a number or a word; a lamp's is a small object.
const MAX_STATE_BYTES = 2048

function stateIn(payload: Uint8Array): unknown {
  const text = lenient.decode(payload.subarray(0, MAX_STATE_BYTES)).trim()
  if (!text.startsWith('{')) return text
  const parsed = parseBoundedJson(payload)
  return parsed.kind === 'parsed' && isObject(parsed.value) ? parsed.value['state'] : text
}

const lenient = new TextDecoder()

/** `status` is a common last level: what is neither word is somebody else's. */
function statusOf(device: string, payload: Uint8Array): DecodeResult {
  const stated = lenient.decode(payload.subarray(0, 64)).trim().toLowerCase()
  if (stated !== 'online' && stated !== 'offline')
    return /^[{[]/.test(stated) ? NOTHING : refused('unknown-availability', shown(stated))
  return { ...NOTHING, deviceSeen: { id: device, availability: stated } }
}
