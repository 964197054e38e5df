import { isObject, type JsonObject } from '../bounded-json.ts'
import { nameProblem } from '../device-name.ts'
import type { DecodeError } from '../observation.ts'
import { writtenOut } from './abbreviations.ts'
import { parseTemplate, type Template } from './template.ts'

/** One value that a device announced, and where it will say it. */
export interface Entity {
  /** The config topic, with the component's own name where one message announced several. */
  readonly key: string
  readonly component: string
  readonly device: string
  /** As people read it; empty when it is the device's only or main one. */
  readonly name: string
  readonly objectId: string
  readonly deviceClass: string
  readonly unit: string | undefined
  readonly stateTopic: string
  /** Undefined where the state is the payload itself. */
  readonly template: Template | undefined
  /** Names of fields that the template reads: what the device itself calls the value. */
  readonly fieldName: string
  readonly on: string
  readonly off: string
  readonly availability: readonly Availability[]
}

export interface Availability {
  readonly topic: string
  readonly template: Template | undefined
  readonly available: string
  readonly notAvailable: string
}

export interface ConfigTopic {
  readonly component: string
  readonly nodeId: string
  readonly objectId: string
}

/** Undefined when it is not a discovery topic under this prefix. */
export function parseConfigTopic(prefix: string, topic: string): ConfigTopic | undefined {
  if (!topic.startsWith(`${prefix}/`) || !topic.endsWith('/config')) return undefined
  const parts = topic.slice(prefix.length + 1, -'/config'.length).split('/')
  if (parts.length < 2 || parts.length > 3 || parts.includes('')) return undefined
  const [component, second, third] = parts as [string, string, string?]
  return { component, nodeId: third === undefined ? '' : second, objectId: third ?? second }
}

// A device announces some sixty entities, most of them settings.
const MAX_COMPONENTS = 300
const MAX_TOPIC_CHARS = 256

export interface Announced {
  readonly entities: readonly Entity[]
  readonly errors: readonly DecodeError[]
}

/** What one discovery message announces; its faults are errors, and what measures nothing is left out. */
export function readAnnouncement(topic: string, at: ConfigTopic, payload: JsonObject): Announced {
  const config = writtenOut(payload)
  if (isOfVuon(config['origin'] ?? config['o'])) return NOTHING
  if (at.component !== 'device') return announced(topic, at, at.component, at.objectId, config)
  const components = config['components']
  if (!isObject(components))
    return { entities: [], errors: [{ code: 'no-components', detail: 'a device announces no components' }] }
  const shared = Object.fromEntries(Object.entries(config).filter(([key]) => SHARED.has(key)))
  const entities: Entity[] = []
  const errors: DecodeError[] = []
  for (const [id, component] of Object.entries(components).slice(0, MAX_COMPONENTS)) {
    if (!isObject(component)) continue
    const base = config['~']
    const own = writtenOut(typeof base === 'string' ? { '~': base, ...component } : component)
    const platform = own['platform']
    // Only a platform: this is how a component is taken back.
    if (typeof platform !== 'string' || Object.keys(component).length === 1) continue
    const one = announced(`${topic}#${id}`, at, platform, id, { ...shared, ...own })
    entities.push(...one.entities)
    errors.push(...one.errors)
  }
  return { entities, errors: errors.slice(0, 20) }
}

const SHARED: ReadonlySet<string> = new Set([
  'device',
  'availability',
  'availability_topic',
  'availability_template',
  'payload_available',
  'payload_not_available',
  'state_topic',
])

/** What a Vuon box announces of its series came from devices that are known by themselves: it would go round in circles. */
const isOfVuon = (origin: unknown): boolean => isObject(origin) && origin['name'] === 'Vuon'

const MEASURING: ReadonlySet<string> = new Set(['sensor', 'binary_sensor', 'switch', 'light'])
const NOTHING: Announced = { entities: [], errors: [] }

function announced(
  key: string,
  at: ConfigTopic,
  component: string,
  id: string,
  config: JsonObject,
): Announced {
  if (!MEASURING.has(component)) return NOTHING
  const wrong = (code: string, detail: string): Announced => ({ entities: [], errors: [{ code, detail }] })
  const objectId = textOf(config['object_id']) || id
  const stateTopic = config['state_topic']
  // A switch may keep its state to itself.
  if (stateTopic === undefined && component !== 'sensor') return NOTHING
  const problem = topicProblem(stateTopic)
  if (problem) return wrong('state-topic', `${objectId}: the state topic ${problem}`)
  const device = deviceNameOf(config, at, objectId)
  const deviceProblem = nameProblem(device)
  if (deviceProblem) return wrong('device-name', `the device's name ${deviceProblem}`)

  const stated = config['value_template'] ?? config['state_value_template']
  let template: Template | undefined
  if (stated !== undefined && stated !== null && stated !== '') {
    if (typeof stated !== 'string') return wrong('template-refused', `${objectId}: the template is no text`)
    const parsed = parseTemplate(stated)
    if (parsed.kind === 'refused')
      return wrong('template-refused', `${objectId}: the template ${parsed.reason}`.slice(0, 200))
    template = parsed.evaluate
  }
  const name = textOf(config['name'])
  return {
    errors: [],
    entities: [
      {
        key,
        component,
        device,
        name,
        objectId,
        deviceClass: textOf(config['device_class']),
        unit: typeof config['unit_of_measurement'] === 'string' ? config['unit_of_measurement'] : undefined,
        stateTopic: stateTopic as string,
        template,
        fieldName: typeof stated === 'string' ? fieldIn(stated) : '',
        on: textOf(config['state_on']) || textOf(config['payload_on']) || 'ON',
        off: textOf(config['state_off']) || textOf(config['payload_off']) || 'OFF',
        availability: config['entity_category'] === 'config' ? [] : availabilitiesOf(config),
      },
    ].filter(() => config['entity_category'] !== 'config'),
  }
}

function deviceNameOf(config: JsonObject, at: ConfigTopic, objectId: string): string {
  const device = config['device']
  if (isObject(device)) {
    const { name, identifiers } = device
    const first: unknown = Array.isArray(identifiers) ? identifiers[0] : identifiers
    const named = textOf(name) || textOf(first)
    if (named !== '') return named
  }
  return at.nodeId || objectId
}

/** Why nobody can subscribe to it; undefined when one can. */
function topicProblem(topic: unknown): string | undefined {
  if (typeof topic !== 'string' || topic === '') return 'is missing'
  if (topic.length > MAX_TOPIC_CHARS) return `is longer than ${MAX_TOPIC_CHARS} characters`
  if (/[+#\p{Cc}\p{Cs}]/u.test(topic)) return 'holds +, # or characters that can not be shown'
  if (topic.startsWith('$')) return "is the broker's own"
  return undefined
}

function availabilitiesOf(config: JsonObject): Availability[] {
  const stated = config['availability']
  const list: unknown[] = Array.isArray(stated) ? stated : isObject(stated) ? [stated] : []
  if (config['availability_topic'] !== undefined)
    list.push({
      topic: config['availability_topic'],
      value_template: config['availability_template'],
      payload_available: config['payload_available'],
      payload_not_available: config['payload_not_available'],
    })
  return list.slice(0, 10).flatMap((each) => {
    if (!isObject(each) || topicProblem(each['topic'])) return []
    const stated = each['value_template']
    const parsed = typeof stated === 'string' ? parseTemplate(stated) : undefined
    if (parsed?.kind === 'refused') return []
    return [
      {
        topic: each['topic'] as string,
        template: parsed?.evaluate,
        available: textOf(each['payload_available']) || 'online',
        notAvailable: textOf(each['payload_not_available']) || 'offline',
      },
    ]
  })
}

/** `value_json.BME280.Temperature` → Temperature. */
function fieldIn(template: string): string {
  const [, path] = /value_json((?:\.\w+|\[['"]?[^\]'"]+['"]?\])+)/.exec(template) ?? []
  return path === undefined
    ? ''
    : (path
        .split(/[.[\]'"]+/)
        .filter((each) => each !== '')
        .at(-1) ?? '')
}

const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value.trim()
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : ''
