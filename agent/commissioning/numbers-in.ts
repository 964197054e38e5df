import { fromUtf8 } from '#contract/ground/bytes.ts'

// What a person can go through by hand.
const MAX_NUMBERS = 24
const MAX_DEPTH = 6
const MAX_BYTES = 16 * 1024

/** JSON pointers (RFC 6901) to the numbers in a payload, also those in quotes; "" where it is one. Never throws. */
export function numbersIn(payload: Uint8Array): string[] {
  if (payload.length > MAX_BYTES) return []
  const found: string[] = []
  try {
    walk(JSON.parse(fromUtf8(payload)), '', 0)
  } catch {
    return []
  }
  return found

  function walk(value: unknown, pointer: string, depth: number): void {
    if (found.length >= MAX_NUMBERS || depth > MAX_DEPTH) return
    if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)))
      found.push(pointer)
    else if (value !== null && typeof value === 'object')
      for (const [name, each] of Object.entries(value))
        walk(each, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1)
  }
}
