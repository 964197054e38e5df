import type { FastifyInstance } from 'fastify'
import type { Clock } from '#contract/ground/clock.ts'
import type { GatewayMetrics } from './metrics.ts'

// Anybody may ask; each honest answer costs a durable write, so the last one stands for a while.
const READY_FOR_MS = 5000

/** What a load balancer and Prometheus ask: does it run, does its store take writes, what has it counted. */
export function healthRoutes(
  app: FastifyInstance,
  outside: { clock: Clock; probeWrite: () => Promise<void>; metrics: GatewayMetrics },
): void {
  const { clock, probeWrite, metrics } = outside
  let last: { atMs: number; isReady: Promise<boolean> } | undefined

  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const nowMs = clock.monotonicMs()
    if (!last || nowMs - last.atMs >= READY_FOR_MS) {
      const isReady = probeWrite().then(
        () => true,
        () => false,
      )
      last = { atMs: nowMs, isReady }
    }
    if (await last.isReady) return { status: 'ok' }
    return reply.status(503).send({ status: 'the database takes no writes' })
  })

  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}
