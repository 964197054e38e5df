// A series keeps the name for ever, and a person reads it.
const MAX_NAME_CHARS = 128

/** Why a name from a topic or payload can't name a device; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > MAX_NAME_CHARS) return `is longer than ${MAX_NAME_CHARS} characters`
  // Control characters, line and paragraph separators, unpaired surrogates.
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)) return 'holds characters that can not be shown'
  return undefined
}
