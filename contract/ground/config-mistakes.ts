import type { z } from 'zod'

/** Turns what zod found into what a technician can mend: the key, what is wrong, what would be right. */
export interface JsonSchema {
  [keyword: string]: unknown
}

export interface Explained {
  path: readonly PropertyKey[]
  problem: string
  remedy: string
}

export function explainIssue(issue: z.core.$ZodIssue, input: unknown, declared: JsonSchema): Explained[] {
  const path = issue.path
  const shapes = shapesAt(declared, path)
  const given = valueAt(input, path)
  const shown = given === undefined ? 'nothing' : JSON.stringify(given)?.slice(0, 60)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        // Of a union's other branches it may well be a setting.
        const known = shapes
          .flatMap((shape) => Object.keys((shape['properties'] as object | undefined) ?? {}))
          .filter((each) => each !== key)
        const near = nearest(key, known)
        return {
          path: [...path, key],
          problem: 'is not a setting',
          remedy: near ? `did you mean "${near}"?` : `known here: ${known.join(', ') || 'none'}`,
        }
      })
    case 'invalid_union': {
      // The branch that fits best is the one whose own mistakes lie deepest; name those.
      const branches = issue.errors.map((errors) =>
        errors.map((error) => ({ ...error, path: [...path, ...error.path] })),
      )
      const best = branches
        .filter((errors) => errors.length > 0)
        .sort((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0]
      if (best && deepest(best) > path.length)
        return best.flatMap((error) => explainIssue(error as z.core.$ZodIssue, input, declared))
      return [{ path, problem: `does not fit (got ${shown})`, remedy: wanted(shapes) }]
    }
    case 'invalid_type':
      return [
        {
          path,
          problem: given === undefined ? 'is missing' : `is not right (got ${shown})`,
          remedy: wanted(shapes),
        },
      ]
    case 'invalid_value': {
      const near = nearest(String(given), issue.values.map(String))
      return [
        {
          path,
          problem: `is not one of the choices (got ${shown})`,
          remedy: near ? `did you mean "${near}"?` : wanted(shapes),
        },
      ]
    }
    case 'custom':
      return [{ path, problem: issue.message, remedy: String(issue.params?.['remedy'] ?? wanted(shapes)) }]
    default:
      return [{ path, problem: `${issue.message} (got ${shown})`, remedy: wanted(shapes) }]
  }
}

const deepest = (errors: readonly { path: readonly PropertyKey[] }[]): number =>
  Math.max(...errors.map((error) => error.path.length))

function wanted(shapes: readonly JsonSchema[]): string {
  const choices = shapes.flatMap(
    (shape) =>
      (shape['enum'] as unknown[] | undefined) ?? (shape['const'] === undefined ? [] : [shape['const']]),
  )
  const parts = new Set<string>(choices.length > 0 ? [`one of ${choices.join(', ')}`] : [])
  for (const shape of shapes) {
    if (choices.length === 0 && shape['type']) parts.add(typeAndBounds(shape))
    if (shape['description']) parts.add(String(shape['description']))
  }
  return parts.size === 0 ? 'see `config schema`' : [...parts].join('; ')
}

function typeAndBounds(shape: JsonSchema): string {
  const unit = shape['unit'] ? ` in ${shape['unit']}` : ''
  const low = Number(shape['minimum'] ?? shape['exclusiveMinimum'] ?? Number.NEGATIVE_INFINITY)
  const high = Number(shape['maximum'] ?? shape['exclusiveMaximum'] ?? Number.POSITIVE_INFINITY)
  // zod bounds every whole number by ±2^53; that says nothing to a person.
  const hasLow = low > Number.MIN_SAFE_INTEGER
  const hasHigh = high < Number.MAX_SAFE_INTEGER
  const bounds =
    hasLow && hasHigh
      ? ` from ${low} to ${high}`
      : hasLow
        ? ` of at least ${low}`
        : hasHigh
          ? ` of at most ${high}`
          : ''
  return `${article(String(shape['type']))}${unit}${bounds}`
}

const article = (type: string): string =>
  type === 'integer'
    ? 'a whole number'
    : type === 'array'
      ? 'a list'
      : type === 'object'
        ? 'a block of settings'
        : type === 'string'
          ? 'text'
          : `a ${type}`

/** Every declared shape that a path can mean (a union has several). */
export function shapesAt(declared: JsonSchema, path: readonly PropertyKey[]): JsonSchema[] {
  let shapes = branchesOf(declared)
  for (const key of path) {
    shapes = shapes.flatMap((shape) => {
      if (typeof key === 'number') return branchesOf(itemShape(shape))
      const properties = shape['properties'] as Record<string, JsonSchema> | undefined
      const extra = shape['additionalProperties']
      const found =
        properties?.[String(key)] ?? (typeof extra === 'object' ? (extra as JsonSchema) : undefined)
      return branchesOf(found)
    })
  }
  return shapes
}

const branchesOf = (shape: JsonSchema | undefined): JsonSchema[] => {
  if (!shape) return []
  const choices = (shape['anyOf'] ?? shape['oneOf']) as JsonSchema[] | undefined
  return choices ? choices.flatMap(branchesOf) : [shape]
}

const itemShape = (shape: JsonSchema): JsonSchema | undefined => shape['items'] as JsonSchema | undefined

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return value
}

function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return ranked && ranked.distance <= Math.max(2, word.length / 3) ? ranked.candidate : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
