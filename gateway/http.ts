import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import fastify, { type FastifyInstance, LogController } from 'fastify'
import type { GatewayConfig } from './config.ts'
import type { GatewayMetrics } from './metrics.ts'
import { Problems } from './problems.ts'

// A claim is under a kilobyte, a form smaller still; batches have a bound of their own.
const MAX_JSON_BYTES = 64 * 1024
const MAX_FORM_BYTES = 16 * 1024

/** The HTTP side without its addresses: what holds for every request, whoever answers it. */
export async function newApp(config: GatewayConfig, metrics: GatewayMetrics): Promise<FastifyInstance> {
  const { listen, log } = config
  const problems = new Problems(metrics)
  const app = fastify({
    trustProxy: listen.trustProxy,
    bodyLimit: MAX_JSON_BYTES,
    // Nobody's scan is logged: no request log at all, only what went wrong.
    logController: new LogController({ disableRequestLogging: true }),
    logger: log === 'silent' ? false : { level: log },
    forceCloseConnections: true,
    // Who opens a connection says soon what he wants. A megabyte at 9.6 kbit/s takes a quarter of an hour, but no box
    // sends so much on such a link: what is not here after five minutes is sent again, smaller.
    requestTimeout: 300_000,
    http: { headersTimeout: 20_000 },
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => void problems.send(error, request, reply),
  })
  // Answers are compressed; a request's body is never unpacked before it is known whose it is.
  await app.register(compress, { threshold: 512, encodings: ['br', 'gzip'], globalDecompression: false })
  await app.register(cookie)
  await app.register(formbody, { bodyLimit: MAX_FORM_BYTES })
  problems.answerErrorsOf(app)
  app.addHook('onResponse', async (request, reply) => {
    metrics.request(request.routeOptions.url ?? 'none', reply.elapsedTime / 1000)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    if (!reply.hasHeader('referrer-policy')) reply.header('referrer-policy', 'no-referrer')
  })
  return app
}
