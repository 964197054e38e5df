/** Where `actual` lacks something of `expected` or differs; numbers may differ by rounding, and be written as text. */
export function near(actual: unknown, expected: unknown, path = 'data'): string[] {
  if (expected !== null && typeof expected === 'object') {
    const there = (actual ?? {}) as Record<string, unknown>
    return Object.entries(expected).flatMap(([key, value]) => near(there[key], value, `${path}.${key}`))
  }
  const [a, b] = [Number(actual), Number(expected)]
  const isNumber =
    typeof expected === 'number' || (typeof expected === 'string' && expected !== '' && !Number.isNaN(b))
  const isSame = isNumber
    ? actual !== undefined && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b))
    : actual === expected
  return isSame ? [] : [`${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`]
}
