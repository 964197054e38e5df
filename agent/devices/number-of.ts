const PLAIN_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/

/** A number as JSON or as text ("21.4"); undefined for everything that can't be one. Never NaN or infinite. */
export function numberOf(stated: unknown): number | undefined {
  const number =
    typeof stated === 'number'
      ? stated
      : typeof stated === 'string' && PLAIN_NUMBER.test(stated.trim())
        ? Number(stated)
        : NaN
  return Number.isFinite(number) ? number : undefined
}

/** Off and on as nodes spell them → 0 and 1. */
export function onOffOf(stated: unknown): 0 | 1 | undefined {
  switch (typeof stated === 'string' ? stated.trim().toUpperCase() : stated) {
    case true:
    case 1:
    case 'ON':
    case 'TRUE':
    case '1':
      return 1
    case false:
    case 0:
    case 'OFF':
    case 'FALSE':
    case '0':
      return 0
    default:
      return undefined
  }
}

/** A value as a person sees it in an error, short enough for a log line. */
export function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
