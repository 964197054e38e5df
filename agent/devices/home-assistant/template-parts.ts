/** What a template's expression is made of, in order. */
export interface Part {
  readonly kind: 'number' | 'text' | 'name' | 'sign'
  readonly text: string
}

const PATTERNS: readonly [kind: Part['kind'] | 'space', pattern: RegExp][] = [
  ['space', /\s+/y],
  ['number', /\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?/y],
  ['name', /[A-Za-z_]\w*/y],
  ['text', /'([^'\\]*)'|"([^"\\]*)"/y],
  ['sign', /\/\/|[-+*/%().,|=[\]]/y],
]

export function readParts(expression: string): { parts: Part[] } | { reason: string } {
  const parts: Part[] = []
  for (let at = 0; at < expression.length; ) {
    const before = at
    for (const [kind, pattern] of PATTERNS) {
      // `value_json.0.5`: behind a dot stands one index, not a fraction.
      const isBehindDot = parts.at(-1)?.text === '.' && parts.at(-1)?.kind === 'sign'
      const used = kind === 'number' && isBehindDot ? /\d+/y : pattern
      used.lastIndex = at
      const found = used.exec(expression)
      if (!found) continue
      at += found[0].length
      if (kind !== 'space')
        parts.push({ kind, text: kind === 'text' ? (found[1] ?? found[2] ?? '') : found[0] })
      break
    }
    if (at === before) return { reason: `"${expression.slice(at, at + 20)}" is not understood` }
  }
  return { parts }
}
