import { nameProblem } from '../device-name.ts'

/** spBv1.0/GROUP/TYPE/EDGE[/DEVICE], and spBv1.0/STATE/HOST (Sparkplug 3.0 §4). */
export type SparkplugTopic =
  | {
      readonly kind: 'node'
      readonly type: 'NBIRTH' | 'NDEATH' | 'NDATA'
      readonly group: string
      readonly edge: string
    }
  | {
      readonly kind: 'device'
      readonly type: 'DBIRTH' | 'DDEATH' | 'DDATA'
      readonly group: string
      readonly edge: string
      readonly device: string
    }
  /** Commands and what hosts say of themselves: for others. */
  | { readonly kind: 'not-for-us' }
  | { readonly kind: 'refused'; readonly detail: string }

const NAMESPACE = 'spBv1.0'
const NODE_TYPES = ['NBIRTH', 'NDEATH', 'NDATA'] as const
const DEVICE_TYPES = ['DBIRTH', 'DDEATH', 'DDATA'] as const

export const SPARKPLUG_FILTERS: readonly string[] = [
  ...NODE_TYPES.map((type) => `${NAMESPACE}/+/${type}/+`),
  ...DEVICE_TYPES.map((type) => `${NAMESPACE}/+/${type}/+/+`),
]

export const commandTopic = (group: string, edge: string): string => `${NAMESPACE}/${group}/NCMD/${edge}`

export function parseSparkplugTopic(topic: string): SparkplugTopic {
  const [namespace, group = '', type = '', edge = '', device, ...more] = topic.split('/', 7)
  if (namespace !== NAMESPACE) return refusal(`the topic does not begin with ${NAMESPACE}/`)
  // One level after STATE: the host's id.
  if (group === 'STATE' && type !== '' && edge === '' && device === undefined) return { kind: 'not-for-us' }
  for (const [what, name] of [
    ['group', group],
    ['edge node', edge],
    ...(device === undefined ? [] : [['device', device]]),
  ] as const) {
    const problem = nameProblem(name!) ?? (/[+#]/.test(name!) ? 'holds + or #' : undefined)
    if (problem) return refusal(`the name of the ${what} ${problem}`)
  }
  if (more.length > 0) return refusal('the topic has too many levels')
  const nodeType = NODE_TYPES.find((each) => each === type)
  const deviceType = DEVICE_TYPES.find((each) => each === type)
  if (type === 'NCMD' || type === 'DCMD') {
    return (type === 'DCMD') === (device !== undefined)
      ? { kind: 'not-for-us' }
      : refusal(`${type} with the wrong number of levels`)
  }
  if (nodeType) {
    if (device !== undefined) return refusal(`${type} names a device`)
    return { kind: 'node', type: nodeType, group, edge }
  }
  if (deviceType) {
    if (device === undefined) return refusal(`${type} names no device`)
    return { kind: 'device', type: deviceType, group, edge, device }
  }
  return refusal(`"${type.slice(0, 20)}" is no kind of message`)
}

const refusal = (detail: string): SparkplugTopic => ({ kind: 'refused', detail })
