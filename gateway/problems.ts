import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problemOf, VuonError } from '#contract/ground/errors.ts'
import { RetryLater } from './intake/rate-limit.ts'
import type { GatewayMetrics } from './metrics.ts'
import { isBusy, isDiskFull } from './store/retry.ts'

// A writer that is in the way for longer than this is a rebuild; asking more often would only slow it.
const BUSY_RETRY_S = 30

/** Every refusal is an RFC 9457 problem, counted by its code; what should not have failed is logged as well. */
export class Problems {
  readonly #metrics: GatewayMetrics

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics
  }

  answerErrorsOf(app: FastifyInstance): void {
    app.setErrorHandler((error: FastifyError, request, reply) => this.send(error, request, reply))
  }

  send(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = knownError(error)
    if (!known || known.code === 'disk-full') request.log.error({ err: error }, 'a request failed')
    const problem = problemOf(known ?? error)
    this.#metrics.refusal(known?.code ?? 'internal')
    if (known instanceof RetryLater) reply.header('retry-after', Math.ceil(known.retryAfterMs / 1000))
    else if (problem.status === 429 || problem.status === 503) reply.header('retry-after', BUSY_RETRY_S)
    return reply.status(problem.status).type('application/problem+json').send(problem)
  }
}

function knownError(error: Error & { statusCode?: number }): VuonError | undefined {
  if (error instanceof VuonError) return error
  if (isBusy(error)) return new VuonError('store-busy', undefined, { cause: error })
  if (isDiskFull(error)) return new VuonError('disk-full', undefined, { cause: error })
  // What is left with a status is fastify's own refusal of a request that it could not read.
  const { statusCode: status } = error
  if (status === undefined || status < 400 || status > 499) return undefined
  if (status === 413)
    return new VuonError('batch-too-large', 'The body is larger than this address takes.', { cause: error })
  if (status === 415)
    return new VuonError('input-invalid', 'The body has a type that is not taken here.', {
      cause: error,
      hint: 'Send a batch as application/vnd.vuon.batch and everything else as application/json.',
    })
  return new VuonError('input-invalid', 'The request could not be read.', { cause: error })
}
