/** What a Tasmota topic says: whose message, and of which kind. */
export interface TasmotaTopic {
  /** Everything of the topic but prefix and kind; empty when nothing is left. */
  readonly device: string
  readonly kind: 'SENSOR' | 'STATE' | 'LWT' | 'RESULT' | 'STATUS'
}

/**
 * FullTopic is `%prefix%/%topic%/` from the factory and can be anything else: `farm/%topic%/%prefix%/`,
 * `%topic%/%prefix%/`. So the prefix is looked for first, last, then anywhere. Undefined for what is not ours:
 * commands, INFO, POWER as bare text (its RESULT says the same).
 */
export function parseTasmotaTopic(topic: string): TasmotaTopic | undefined {
  const parts = topic.split('/')
  const kind = /^(SENSOR|STATE|LWT|RESULT|STATUS)\d{0,2}$/.exec(parts.pop() ?? '')?.[1]
  if (!kind) return undefined
  const isPrefix = (part: string | undefined) => part !== undefined && PREFIXES.has(part)
  const at = isPrefix(parts[0])
    ? 0
    : isPrefix(parts.at(-1))
      ? parts.length - 1
      : parts.findLastIndex((part) => isPrefix(part))
  if (parts[at] === 'cmnd') return undefined
  if (at >= 0) parts.splice(at, 1)
  const device = parts.join('/').replaceAll(/^\/+|\/+$/g, '')
  return { device, kind: kind as TasmotaTopic['kind'] }
}

const PREFIXES: ReadonlySet<string> = new Set(['tele', 'stat', 'cmnd'])

// The prefix first, or behind up to four levels of topic. `+` never begins at a `$SYS` topic.
const BEFORE = ['', '+/', '+/+/', '+/+/+/', '+/+/+/+/']

export const TASMOTA_FILTERS: readonly string[] = BEFORE.flatMap((before) => [
  `${before}tele/#`,
  `${before}stat/#`,
])
