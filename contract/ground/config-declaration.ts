import { isCollection, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { explainIssue, type JsonSchema, shapesAt } from './config-mistakes.ts'
import { VuonError } from './errors.ts'

/**
 * A program declares every setting once, in zod: type, default, bounds, a sentence (`describe`) and, where
 * it has one, a unit (`meta({ unit })`) and whether it is a secret (`meta({ secret: true })`). From that one
 * declaration come the check with file, line and remedy, the editor's schema, and the listing without secrets.
 */
export interface ConfigMistake {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly key: string
  readonly problem: string
  readonly remedy: string
}

export class ConfigError extends VuonError {
  readonly mistakes: readonly ConfigMistake[]
  constructor(mistakes: readonly ConfigMistake[]) {
    const lines = mistakes.map((m) => `${m.file}:${m.line}:${m.column} ${m.key}: ${m.problem} — ${m.remedy}`)
    super('config-invalid', lines.join('\n'))
    this.mistakes = mistakes
  }
}

/** Where a secret stands outside the file: `${env:NAME}`, `${file:/path}`, `${cred:NAME}` (systemd credential). */
export type ReadReference = (kind: 'env' | 'file' | 'cred', name: string) => string | undefined

const noReferences: ReadReference = () => undefined

// A farm's config is a few kilobytes; more is a mistake or a bomb.
const MAX_CONFIG_CHARS = 512 * 1024

/** Throws ConfigError naming every mistake; otherwise the config with its defaults filled in. */
export function parseConfig<T>(
  schema: z.ZodType<T>,
  text: string,
  file: string,
  readReference: ReadReference = noReferences,
): T {
  const at = (line: number, column: number, key: string, problem: string, remedy: string): ConfigMistake => ({
    file,
    line,
    column,
    key,
    problem,
    remedy,
  })
  if (text.length > MAX_CONFIG_CHARS) {
    throw new ConfigError([at(1, 1, '(file)', 'is longer than 512 KiB', 'is this the right file?')])
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0])
        const problem = error.message.split(' at line')[0] ?? error.message
        return at(line, col, '(YAML)', problem, 'mend the indentation or the quotes here')
      }),
    )
  }
  // Aliases save a technician nothing and can fold a bomb or a circle into a few lines.
  const aliases: ConfigMistake[] = []
  visit(document, {
    Alias(_, alias) {
      const { line, col } = lines.linePos(alias.range?.[0] ?? 0)
      aliases.push(
        at(line, col, '(YAML)', `the alias *${alias.source} is not taken here`, 'write the value out'),
      )
    },
  })
  if (aliases.length > 0) throw new ConfigError(aliases)
  const plain: unknown = document.toJS() ?? {}
  const unread: ConfigMistake[] = []
  const resolved = resolveReferences(plain, [], (path, kind, name) => {
    const value = readReference(kind, name)
    if (value === undefined) {
      const { line, col } = positionOf(path)
      unread.push(
        at(line, col, keyOf(path), `the ${kind} "${name}" can't be read`, `set it, or mend the name`),
      )
    }
    return value ?? ''
  })
  const result = schema.safeParse(resolved)
  if (result.success && unread.length === 0) return result.data
  const declared = configSchema(schema)
  const mistakes = (result.error?.issues ?? []).flatMap((issue) => explainIssue(issue, resolved, declared))
  throw new ConfigError([
    ...unread,
    ...mistakes.map(({ path, problem, remedy }) => {
      const { line, col } = positionOf(path)
      return at(line, col, keyOf(path), problem, remedy)
    }),
  ])

  /** The line of a key, or of the nearest thing around it that is there. */
  function positionOf(path: readonly PropertyKey[]): { line: number; col: number } {
    let node: unknown = document.contents
    let offset = 0
    for (const key of path) {
      if (!isCollection(node)) break
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
        if (!pair) break
        if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0]
        node = pair.value
      } else {
        node = node.get(key, true)
        const range = (node as { range?: [number, number, number] } | undefined)?.range
        if (range) offset = range[0]
      }
    }
    return lines.linePos(offset)
  }
}

/** The JSON Schema (draft 7, which the YAML language server reads) of a declaration. */
export function configSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }) as JsonSchema
}

/** The effective config with every declared secret replaced, safe to print or to send. */
export function withoutSecrets(config: unknown, declared: JsonSchema): unknown {
  if (declared['secret'] === true && config !== undefined) return '(set)'
  if (Array.isArray(config))
    return config.map((item) => withoutSecrets(item, { anyOf: shapesAt(declared, [0]) }))
  if (config !== null && typeof config === 'object') {
    return Object.fromEntries(
      Object.entries(config).map(([key, value]) => {
        const shapes = shapesAt(declared, [key])
        const secret = shapes.some((shape) => shape['secret'] === true)
        return [key, secret ? '(set)' : withoutSecrets(value, { anyOf: shapes })]
      }),
    )
  }
  return config
}

const keyOf = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? '(file)'
    : path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
        .join('')
        .replace(/^\./, '')

function resolveReferences(
  value: unknown,
  path: readonly PropertyKey[],
  read: (path: readonly PropertyKey[], kind: 'env' | 'file' | 'cred', name: string) => string,
): unknown {
  if (typeof value === 'string') {
    const match = /^\$\{(env|file|cred):([^}]+)\}$/.exec(value)
    return match ? read(path, match[1] as 'env' | 'file' | 'cred', match[2] ?? '').trim() : value
  }
  if (Array.isArray(value)) return value.map((item, index) => resolveReferences(item, [...path, index], read))
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveReferences(item, [...path, key], read)]),
    )
  }
  return value
}
