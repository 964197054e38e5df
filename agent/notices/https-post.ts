import { lookup } from 'node:dns'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Clock } from '#contract/ground/clock.ts'
import { requestHttp } from '#contract/ground/node/http.ts'

export interface PostOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly ms: number
}

export interface PostOutside {
  readonly clock: Clock
  /** Whether an address belongs to the farm's own network: plain http goes nowhere else. */
  readonly isLocal: (address: string) => boolean
  /** From the first byte of the connection to the answer's last. */
  readonly patienceMs?: number
}

// A receiver writes a line into a database; one that thinks for longer is asked again.
const PATIENCE_MS = 20_000
// Of an answer only its status matters; a captive portal's page is read no further.
const MAX_ANSWER_BYTES = 16 * 1024

/**
 * One POST over a connection of its own. Redirects are never followed: a sign-in page must not get what is signed here.
 * Plain http is spoken with addresses of the farm's own network only, whatever the name resolves to. Rejects with a
 * sentence when there is no whole answer in time.
 */
export function postOnce(options: PostOptions, { clock, isLocal, patienceMs = PATIENCE_MS }: PostOutside) {
  const { url, headers, body, signal } = options
  return new Promise<HttpAnswer>((resolve, reject) => {
    const { protocol, host, hostname } = new URL(url)
    const isTls = protocol === 'https:'
    const literal = hostname.replace(/^\[|\]$/g, '')
    if (!isTls && isIP(literal) !== 0 && !isLocal(literal)) {
      reject(new Error(`${host}: ${NOT_LOCAL}`))
      return
    }
    const startedAt = clock.monotonicMs()
    const open = isTls ? requestHttps : requestHttp
    const request = open(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': String(body.length) },
      signal,
      ...(isTls ? {} : { lookup: localLookup(isLocal) }),
    })
    const cancel = clock.after(patienceMs, () =>
      request.destroy(new Error(`no answer within ${Math.round(patienceMs / 1000)} s`)),
    )
    const fail = (error: Error & { code?: string }): void => {
      cancel()
      reject(new Error(`${host}: ${error.code ?? error.message}`, { cause: error }))
    }
    request.on('error', fail)
    request.on('response', (answer) => {
      const done = (): void => {
        cancel()
        const retryAfter = answer.headers['retry-after']
        resolve({ status: answer.statusCode ?? 0, retryAfter, ms: clock.monotonicMs() - startedAt })
      }
      let size = 0
      answer.on('data', (part: Uint8Array) => {
        size += part.length
        if (size <= MAX_ANSWER_BYTES) return
        done()
        answer.destroy()
      })
      answer.on('end', done)
      answer.on('error', fail)
      answer.on('aborted', () => fail(new Error('the answer ended too soon')))
    })
    request.end(body)
  })
}

const NOT_LOCAL = "plain http only goes to the farm's own network; use https"

const localLookup =
  (isLocal: (address: string) => boolean): LookupFunction =>
  (hostname, options, answer) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const local = (addresses ?? []).filter(({ address }) => isLocal(address))
      const [first] = local
      if (error || !first) answer(error ?? new Error(NOT_LOCAL), '', 0)
      else if (options.all) answer(null, local)
      else answer(null, first.address, first.family)
    })
  }
