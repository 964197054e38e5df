import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A real receiver of webhooks on loopback; `answer` says what it does with each request. */
export class HookServer {
  readonly received: Received[] = []
  answer: (response: ServerResponse, number: number) => void = (response) => response.writeHead(204).end()
  url = ''
  #server: Server | undefined

  static async start(): Promise<HookServer> {
    const hook = new HookServer()
    const server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8')
      request.on('data', (part) => {
        body += part
      })
      request.on('end', () => {
        hook.received.push({ headers: request.headers, body })
        hook.answer(response, hook.received.length)
      })
    })
    hook.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    hook.url = `http://127.0.0.1:${(server.address() as { port: number }).port}/alarms`
    onTestFinished(() => hook.stop())
    return hook
  }

  /** What a careful receiver keeps: of each key the first. */
  get kept(): string[] {
    return [...new Set(this.received.map(({ headers }) => String(headers['idempotency-key'])))]
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }
}
