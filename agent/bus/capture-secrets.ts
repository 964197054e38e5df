import { fromUtf8, utf8 } from '#contract/ground/bytes.ts'

/**
 * What must not stand in a file that is sent around: nodes publish the password of their Wi-Fi, Zigbee's network
 * key and tokens. A value is struck out by the name it stands under, in JSON, in `name=value` text, or as the
 * topic's last level. Everything else stays byte for byte.
 */
export const STRUCK = '(struck)'

const SECRET_NAME =
  /pass(?:word|wd|phrase|code)?\d*$|^pwd\d*$|^psk$|secret|token|(?:api|network|net|app|nwk|private|encryption|access|install)[ _-]?(?:s[ _-]?)?key|credential|install[ _-]?code|^authorization$/i
const SECRET_TEXT =
  /\b([\w-]*(?:password\d?|passwd|psk|secret|token|api[_-]?key))(["']?\s*[=:]\s*["']?)[^\s,;&"'}]+/gi

// As deep as JSON from nodes is read at all (devices/bounded-json.ts).
const MAX_DEPTH = 24

export function withoutTopicSecrets(
  topic: string,
  payload: Uint8Array,
): { readonly payload: Uint8Array; readonly isStruck: boolean } {
  if (payload.length === 0) return { payload, isStruck: false }
  if (SECRET_NAME.test(topic.split('/').at(-1) ?? '')) return { payload: utf8(STRUCK), isStruck: true }
  let text: string
  try {
    text = fromUtf8(payload)
  } catch {
    return { payload, isStruck: false }
  }
  const { text: kept, isStruck } = struckText(text)
  return isStruck ? { payload: utf8(kept), isStruck } : { payload, isStruck }
}

function struckText(text: string): { text: string; isStruck: boolean } {
  if (/^\s*[[{]/.test(text)) {
    try {
      const strike = new Strike()
      const value = strike.of(JSON.parse(text), 0)
      return { text: strike.isStruck ? JSON.stringify(value) : text, isStruck: strike.isStruck }
    } catch {
      // Cut off or not JSON after all: read as text.
    }
  }
  const kept = text.replace(SECRET_TEXT, (_, name: string, sign: string) => `${name}${sign}${STRUCK}`)
  return { text: kept, isStruck: kept !== text }
}

class Strike {
  isStruck = false

  of(value: unknown, depth: number): unknown {
    if (value === null || typeof value !== 'object') return value
    if (depth > MAX_DEPTH) {
      this.isStruck = true
      return STRUCK
    }
    if (Array.isArray(value)) return value.map((each) => this.of(each, depth + 1))
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        // A flag or an empty string says that there is one, not what it is.
        const mayHide = each !== null && each !== '' && typeof each !== 'boolean'
        if (!mayHide || !SECRET_NAME.test(name)) return [name, this.of(each, depth + 1)]
        this.isStruck = true
        return [name, STRUCK]
      }),
    )
  }
}

/** An address without the name and password in it, and without a query, where tokens stand. */
export function withoutAddressSecrets(url: string): string {
  try {
    const parsed = new URL(url)
    parsed.username = ''
    parsed.password = ''
    parsed.search = ''
    parsed.hash = ''
    return parsed.toString()
  } catch {
    return url.replace(/\/\/[^/@]*@/, '//')
  }
}
