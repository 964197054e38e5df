import { explainIssue, type JsonSchema, shapesAt } from '#contract/ground/config-mistakes.ts'
import { type AgentConfig, agentConfigSchema, agentJsonSchema } from './config.ts'

/**
 * Settings that the province lays over the box's own file. Only keys that are declared `remote` can be set: no secret,
 * path or address is. Things in a list are called by their name, since their place in a file is nobody's business:
 *
 *   {"sync": {"batchEveryS": 300}, "alarms": {"Nóng quá": {"above": 39}},
 *    "buses": {"line-1": {"probes": {"soil-a": {"everyS": 300}}}}}
 */
export type Settings = Readonly<Record<string, unknown>>

export interface SettingMistake {
  readonly key: string
  readonly problem: string
  readonly remedy: string
}

/** One value that comes from the province, and what the box's own file says; undefined where it says nothing. */
export interface LaidOver {
  readonly key: string
  readonly value: unknown
  readonly local: unknown
}

export type Overlaid =
  | { readonly config: AgentConfig; readonly changes: readonly LaidOver[] }
  | { readonly mistakes: readonly SettingMistake[] }

/** The config with the settings in force, checked as a whole, or every mistake in them. */
export function layOver(local: AgentConfig, settings: Settings): Overlaid {
  const laying = new Laying(agentJsonSchema())
  const merged = laying.lay(local, settings, [], '')
  if (laying.mistakes.length > 0) return { mistakes: laying.mistakes }
  const checked = agentConfigSchema.safeParse(merged)
  if (checked.success) return { config: checked.data, changes: laying.changes }
  const mistakes = checked.error.issues
    .flatMap((issue) => explainIssue(issue, merged, laying.declared))
    .map(({ path, problem, remedy }) => ({ key: keyOf(path), problem, remedy }))
  return { mistakes }
}

/** In one line, for a report: the first mistakes, each with its key and what would be right. */
export const sentenceOf = (mistakes: readonly SettingMistake[]): string =>
  mistakes
    .slice(0, 3)
    .map(({ key, problem, remedy }) => `${key} ${problem} — ${remedy}`)
    .join('; ')

class Laying {
  readonly declared: JsonSchema
  readonly mistakes: SettingMistake[] = []
  readonly changes: LaidOver[] = []

  constructor(declared: JsonSchema) {
    this.declared = declared
  }

  lay(local: unknown, over: unknown, path: readonly PropertyKey[], key: string): unknown {
    const shapes = shapesAt(this.declared, path)
    if (shapes.some((shape) => shape['remote'] === true)) {
      this.changes.push({ key, value: over, local })
      return over
    }
    if (shapes.length === 0)
      return this.#refuse(local, key, 'is not a setting', 'see `vuon-agent config schema`')
    if (!isBlock(over))
      return this.#refuse(local, key, 'is not for the province to set', 'change it in the file on the box')
    if (Array.isArray(local)) return this.#layByName(local, over, path, key)
    const block = isBlock(local) ? local : {}
    const laid = Object.entries(over).map(([name, inner]) => [
      name,
      this.lay(block[name], inner, [...path, name], key === '' ? name : `${key}.${name}`),
    ])
    return { ...block, ...Object.fromEntries(laid) }
  }

  #layByName(local: readonly unknown[], over: Settings, path: readonly PropertyKey[], key: string): unknown {
    const names = local.map((item) => String((item as { name?: unknown }).name ?? ''))
    let laid = [...local]
    for (const [name, inner] of Object.entries(over)) {
      if (!names.includes(name)) {
        this.#refuse(local, `${key}.${name}`, 'is not on this box', `one of ${names.join(', ') || '(none)'}`)
        continue
      }
      laid = laid.map((item, index) =>
        names[index] === name ? this.lay(item, inner, [...path, index], `${key}.${name}`) : item,
      )
    }
    return laid
  }

  #refuse(local: unknown, key: string, problem: string, remedy: string): unknown {
    this.mistakes.push({ key: key || '(settings)', problem, remedy })
    return local
  }
}

const isBlock = (value: unknown): value is Settings =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)

const keyOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '') || '(settings)'
