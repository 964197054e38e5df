import { isIP } from 'node:net'

/**
 * Against DNS rebinding: a hostile site can point its own name at this box and so make a phone in the shed read it.
 * Names that only the LAN gives (IP literals, localhost, *.local) and those in the config are answered, others not.
 */
export function isOwnHost(hostHeader: string | undefined, hostNames: readonly string[]): boolean {
  const name = hostNameOf(hostHeader)
  if (name === undefined) return false
  if (isIP(name) !== 0 || name === 'localhost') return true
  if (/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.local$/.test(name)) return true
  return hostNames.some((own) => own.toLowerCase().replace(/\.$/, '') === name)
}

/** The name of a Host header without its port, lower case; undefined when it is none. */
export function hostNameOf(hostHeader: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+))(?::\d{1,5})?$/i.exec(hostHeader ?? '')
  const name = match?.[1] ?? match?.[2]
  if (!name || name.length > 255) return undefined
  return name.toLowerCase().replace(/\.$/, '')
}

/**
 * Whether a form was sent from a page of ours. Browsers send Origin with every POST; where one is missing (very old
 * phones, curl) the form token alone decides. `null` comes from sandboxed frames and files: not ours.
 */
export function isOwnOrigin(headers: {
  readonly origin?: string | undefined
  readonly host?: string | undefined
  readonly 'sec-fetch-site'?: string | string[] | undefined
}): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  if (headers.origin === undefined) return true
  return headers.origin.toLowerCase() === `http://${headers.host ?? ''}`.toLowerCase()
}
