import { isObject } from '../bounded-json.ts'

/** RFC 6901: `/a/b~1c/0` → the steps a, b/c, 0; undefined when it is no pointer. The empty one is the whole. */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return []
  // §3: a tilde stands only before 0 or 1.
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Undefined where nothing stands. */
export function pointedAt(value: unknown, steps: readonly string[]): unknown {
  let at = value
  for (const step of steps) {
    if (Array.isArray(at)) {
      // §4: no leading zeros; `-` is behind the last and so never there.
      if (!/^(?:0|[1-9]\d{0,8})$/.test(step)) return undefined
      at = at[Number(step)] as unknown
    } else if (isObject(at) && Object.hasOwn(at, step)) at = at[step]
    else return undefined
  }
  return at
}
