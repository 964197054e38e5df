import { createHmac } from 'node:crypto'
import { lookup as resolve } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { EpcisException } from '#contract/trace/epcis-exception.ts'

/**
 * Sends answers to an address that a client named. That address is somebody's word, so it is kept away from the
 * province's own network: only http and https, no redirect is followed, and the address that the name really has is
 * checked at the moment of connecting, so that a name that changes its mind in between changes nothing.
 */
export interface WebhookRules {
  /** Lets it reach this machine and private networks: for tests, and where the receiver stands in the same hall. */
  readonly mayReachPrivate: boolean
}

// A receiver that takes longer than this to say "got it" does its work before it answers.
const TIMEOUT_MS = 10_000

/** Throws EpcisException `SubscriptionControlsException` for an address that nothing is sent to. */
export function checkDestination(dest: unknown, { mayReachPrivate }: WebhookRules): string {
  const refused = (what: string) =>
    new EpcisException('SubscriptionControlsException', `dest ${what}.`, {
      hint: 'Give the https address of your receiver, one that the internet reaches.',
    })
  if (typeof dest !== 'string' || dest.length > 2000 || !URL.canParse(dest))
    throw refused('is not an address')
  const { protocol, hostname, username, password } = new URL(dest)
  if (protocol !== 'https:' && protocol !== 'http:') throw refused('is neither https nor http')
  if (username !== '' || password !== '') throw refused('has a name or password in it; use signatureToken')
  const host = hostname.replaceAll(/[[\]]/g, '')
  const isLocalName =
    /(?:^|\.)(?:localhost|local|internal|lan|home|arpa)\.?$/i.test(host) || !/[.:]/.test(host)
  if (!mayReachPrivate && (isLocalName || (isIP(host) !== 0 && isPrivate(host))))
    throw refused('is in a private network')
  return dest
}

/**
 * Posts a body once. Resolves with undefined when the receiver took it (2xx), else with a sentence that says why not;
 * never rejects.
 */
export function post(
  dest: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  rules: WebhookRules,
): Promise<string | undefined> {
  return new Promise((done) => {
    const url = new URL(dest)
    const isIpWithin =
      isIP(url.hostname.replaceAll(/[[\]]/g, '')) !== 0 && isPrivate(url.hostname.replaceAll(/[[\]]/g, ''))
    if (isIpWithin && !rules.mayReachPrivate) return done('The address is in a private network.')
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      lookup: rules.mayReachPrivate ? undefined : publicLookup,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A kept connection would outlive the check of its address.
      agent: false,
    })
    request.once('response', (response) => {
      const status = response.statusCode ?? 0
      // Nobody reads what the receiver says; only that it was said.
      response.destroy()
      done(status >= 200 && status < 300 ? undefined : `The receiver answered ${status}.`)
    })
    request.once('error', (error) =>
      done(`The receiver could not be reached: ${error.message.slice(0, 200)}`),
    )
    request.end(body)
  })
}

/** GS1-Signature: the HMAC-SHA-256 of the body under the client's own token, as `sha256=` and hex. */
export const signatureOf = (body: string, token: string): string =>
  `sha256=${createHmac('sha256', token).update(body).digest('hex')}`

/** Resolves a name to addresses of the internet only. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const within = addresses.find(({ address }) => isPrivate(address))
    const first = addresses[0]
    if (within || !first) return callback(new Error(`${hostname} is in a private network`), '', 0)
    if (options.all)
      return (callback as unknown as (error: null, all: typeof addresses) => void)(null, addresses)
    callback(null, first.address, first.family)
  })
}

/** RFC 6890: everything that is not one machine of the public internet. */
const PRIVATE = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6')

/** BlockList checks an IPv4 address that is written as IPv6 (`::ffff:127.0.0.1`) against the IPv4 rules itself. */
function isPrivate(address: string): boolean {
  const family = isIP(address)
  return family === 0 || PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
