// What EPCIS itself nests is some ten deep, and what authors add hardly more; beyond this it is an attack on the stack.
export const MAX_JSON_DEPTH = 64

/** Whether a JSON value is nested deeper than what is taken. Walks without recursion, so that it can't be the victim. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) return true
    level = level.flatMap((each) => (each !== null && typeof each === 'object' ? Object.values(each) : []))
  }
  return false
}
