/** What a topic of an ESPHome node says: whose, of which component, and what of it. */
export type EspTopic =
  | { kind: 'state'; device: string; component: string; objectId: string; topic: string }
  | { kind: 'status'; device: string }

const COMPONENTS: ReadonlySet<string> = new Set(['sensor', 'binary_sensor', 'switch', 'light', 'climate'])

/** Undefined for what measures nothing: text, buttons, the log, commands. The prefix is all that stands before. */
export function parseEspTopic(topic: string): EspTopic | undefined {
  const parts = topic.split('/')
  const last = parts.at(-1)
  if (last === 'status' && parts.length >= 2) return { kind: 'status', device: parts.slice(0, -1).join('/') }
  if (last !== 'state' || parts.length < 4) return undefined
  const [component, objectId] = parts.slice(-3, -1) as [string, string]
  if (COMPONENTS.has(component) && component !== 'climate' && objectId !== '')
    return { kind: 'state', device: parts.slice(0, -3).join('/'), component, objectId, topic }
  // PREFIX/climate/ID/current_temperature/state: the rest of a climate are wishes.
  if (parts.length >= 5 && parts.at(-4) === 'climate' && objectId === 'current_temperature')
    return {
      kind: 'state',
      device: parts.slice(0, -4).join('/'),
      component: 'sensor',
      objectId: `${component}_temperature`,
      topic,
    }
  return undefined
}

// A prefix is one level from the factory (the node's name), and may be four. `+` never begins at a `$SYS` topic.
const PREFIXES = ['+', '+/+', '+/+/+', '+/+/+/+']

export const ESPHOME_FILTERS: readonly string[] = PREFIXES.flatMap((prefix) => [
  ...['sensor', 'binary_sensor', 'switch', 'light'].map((component) => `${prefix}/${component}/+/state`),
  `${prefix}/climate/+/current_temperature/state`,
  `${prefix}/status`,
])
