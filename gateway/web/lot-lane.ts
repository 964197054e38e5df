import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Coded } from './lot-cache.ts'

/**
 * The way of a scan that was answered before: past the framework, whose routing and hooks cost as much as the answer
 * itself. What is answered so was first answered by it: the same method, address and headers, from a page that is still
 * true. All else goes to the framework as it came.
 */
export class LotLane {
  readonly #known = new Map<string, { readonly page: string; readonly coding: keyof Codings }>()
  readonly #answer: (page: string, coding: keyof Codings) => Promise<Coded | undefined>
  readonly #onAnswer: (seconds: number) => void

  constructor(
    answer: (page: string, coding: keyof Codings) => Promise<Coded | undefined>,
    onAnswer: (seconds: number) => void,
  ) {
    this.#answer = answer
    this.#onAnswer = onAnswer
  }

  /** This request was answered with this page, whole; the same one again will be. */
  remember(request: IncomingMessage, page: string, coding: keyof Codings): void {
    const key = keyOf(request)
    if (key === undefined) return
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string)
    this.#known.set(key, { page, coding })
  }

  /** Stands before the server's one listener; a server that has several is left as it is. */
  standBefore(server: Server): void {
    const [framework, ...others] = server.listeners('request') as ((
      request: IncomingMessage,
      response: ServerResponse,
    ) => void)[]
    if (!framework || others.length > 0) return
    server.removeListener('request', framework)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const key = keyOf(request)
      const known = key === undefined ? undefined : this.#known.get(key)
      if (!known) return framework(request, response)
      const from = performance.now()
      this.#answer(known.page, known.coding).then(
        (coded) => {
          if (!coded) return framework(request, response)
          response.writeHead(200, coded.head as string[])
          response.end(coded.body, 'latin1')
          this.#onAnswer((performance.now() - from) / 1000)
        },
        // The store may be what failed: the framework says so.
        () => framework(request, response),
      )
    })
  }
}

export interface Codings {
  readonly plain: Coded
  readonly br: Coded
  readonly gzip: Coded
}

// Phones of one shop send the same headers; some thousand kinds are all that there are. Half a megabyte.
const MAX_KNOWN = 2000
const MAX_KEY = 600

/** All that an answer depends on; undefined for what is no plain scan. */
function keyOf({ method, url = '', headers }: IncomingMessage): string | undefined {
  if (method !== 'GET' || !url.startsWith('/01/') || headers['if-none-match'] !== undefined) return undefined
  const key = `${url}\n${headers['accept-encoding'] ?? ''}\n${headers['accept-language'] ?? ''}\n${headers.accept ?? ''}`
  return key.length > MAX_KEY ? undefined : key
}
