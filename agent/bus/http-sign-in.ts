import { createHash } from 'node:crypto'

/** Signing in at a camera's own page: Basic (RFC 7617), or Digest (RFC 7616) where the camera asks for it. */
export interface CameraAccount {
  readonly username: string
  readonly password: string
}

interface Asked {
  readonly method: string
  /** Path and query, as in the request's first line. */
  readonly uri: string
  /** What the camera said in WWW-Authenticate. */
  readonly challenge: string
  /** A new one for each request. */
  readonly cnonce: string
}

/** The Authorization header that answers a challenge; undefined where it asks for something else. Digest goes first. */
export function authorizationFor(account: CameraAccount, asked: Asked): string | undefined {
  const challenges = challengesIn(asked.challenge)
  const digests = challenges.filter(({ scheme }) => scheme === 'digest')
  for (const [name, hash] of HASHES) {
    const digest = digests.find(({ fields }) => (fields['algorithm'] ?? 'MD5').toUpperCase() === name)
    if (digest) return digestOf(account, asked, digest.fields, hash)
  }
  if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined
  return `Basic ${Buffer.from(`${account.username}:${account.password}`, 'utf8').toString('base64')}`
}

// The strongest first, as the standard asks (RFC 7616 §3.7).
const HASHES = [
  ['SHA-256', 'sha256'],
  ['MD5', 'md5'],
] as const

type Fields = Readonly<Record<string, string>>

function digestOf(
  { username, password }: CameraAccount,
  { method, uri, cnonce }: Asked,
  { realm = '', nonce = '', qop, opaque, algorithm }: Fields,
  hash: 'sha256' | 'md5',
): string | undefined {
  const h = (text: string): string => createHash(hash).update(text, 'utf8').digest('hex')
  const [a1, a2] = [h(`${username}:${realm}:${password}`), h(`${method}:${uri}`)]
  const nc = '00000001'
  const hasQop = qop !== undefined
  if (hasQop && !qop.split(/\s*,\s*/).includes('auth')) return undefined
  // Without qop the older form of RFC 2069, which cheap cameras still speak.
  const response = hasQop ? h(`${a1}:${nonce}:${nc}:${cnonce}:auth:${a2}`) : h(`${a1}:${nonce}:${a2}`)
  const quoted = { username, realm, nonce, uri, response, ...(opaque === undefined ? {} : { opaque }) }
  const parts = Object.entries(quoted).map(([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`)
  if (algorithm !== undefined) parts.push(`algorithm=${algorithm}`)
  if (hasQop) parts.push('qop=auth', `nc=${nc}`, `cnonce="${cnonce}"`)
  return `Digest ${parts.join(', ')}`
}

// Two kinds of challenge with a handful of fields are 500 characters.
const MAX_CHALLENGE_CHARS = 4096

/** Each scheme of a WWW-Authenticate header with its fields. */
function challengesIn(header: string): { scheme: string; fields: Fields }[] {
  const found: { scheme: string; fields: Record<string, string> }[] = []
  const part = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z]+)(?=\s|,|$)/g
  for (const [, key, quoted, plain, scheme] of header.slice(0, MAX_CHALLENGE_CHARS).matchAll(part)) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), fields: {} })
    else if (key !== undefined) {
      const fields = found.at(-1)?.fields
      if (fields) fields[key.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''
    }
  }
  return found
}
