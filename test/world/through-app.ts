import type { FastifyInstance } from 'fastify'
import type { LinkAnswer, LinkRequest } from '../../agent/sync/link.ts'

/** A box's request through the real HTTP side of a gateway, without a network between. */
export async function throughApp(app: FastifyInstance, request: LinkRequest): Promise<LinkAnswer> {
  const answer = await app.inject({
    method: request.method,
    url: request.path,
    ...(request.headers ? { headers: request.headers } : {}),
    ...(request.body ? { payload: Buffer.from(request.body) } : {}),
  })
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
  )
  return { status: answer.statusCode, headers, body: new Uint8Array(answer.rawPayload) }
}
