/**
 * Batch work reads JSON Lines from standard input and answers line by line. Blank lines are passed over,
 * and of a line longer than `maxChars` only the beginning is kept, which then is no JSON.
 */
export async function* readLines(
  input: AsyncIterable<Uint8Array | string>,
  maxChars = Infinity,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let held = ''
  for await (const part of input) {
    held += typeof part === 'string' ? part : decoder.decode(part, { stream: true })
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const line = held.slice(0, end).trim()
      held = held.slice(end + 1)
      if (line) yield line
    }
    if (held.length > maxChars) held = held.slice(0, maxChars)
  }
  const last = (held + decoder.decode()).trim()
  if (last) yield last
}

/** The object on a line, or why it is none. */
export function parseLine(line: string): { value: Record<string, unknown> } | { problem: string } {
  try {
    const value: unknown = JSON.parse(line)
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return { value: value as Record<string, unknown> }
    return { problem: 'the line is not a JSON object' }
  } catch (error) {
    return { problem: `the line is not JSON: ${(error as Error).message}` }
  }
}
