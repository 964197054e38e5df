import { timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toHex } from '#contract/ground/bytes.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { doctorTokenPath } from './data-folder.ts'
import type { ModelStep, ModelsAnswer, StepAnswer } from './model-desk.ts'

/** For programs, on the page's port: health, metrics, and what `doctor` asks. */
export function machineRoutes(
  app: FastifyInstance,
  sources: {
    readonly metrics: { readonly contentType: string; text(): Promise<string> }
    readonly token: string
    readonly now: () => number
    readonly overview: () => Promise<object>
    readonly acknowledge: (alarmId: string) => Promise<'acknowledged' | 'unknown'>
    /** Undefined when there is no such channel. */
    readonly testChannel: (channel: string) => Promise<object | undefined>
    /** A word on a growing-area code, or why it was not taken. */
    readonly permit: (words: Readonly<Record<string, unknown>>) => Promise<object>
    readonly models: () => ModelsAnswer
    readonly modelStep: (step: ModelStep) => Promise<StepAnswer>
  },
): void {
  const { metrics, token, now, overview } = sources
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  const wanted = Buffer.from(`Bearer ${token}`)
  const isOurs = (request: FastifyRequest): boolean => {
    const given = Buffer.from(request.headers.authorization ?? '')
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }
  app.get('/doctor', async (request, reply) =>
    isOurs(request) ? { ...(await overview()), now: now() } : reply.status(404).send(),
  )
  app.post<Named>('/doctor/alarms/:name/acknowledge', async (request, reply) =>
    isOurs(request) ? { outcome: await sources.acknowledge(request.params.name) } : reply.status(404).send(),
  )
  app.post<{ Querystring: Record<string, unknown> }>('/doctor/permissions', async (request, reply) =>
    isOurs(request) ? await sources.permit(request.query) : reply.status(404).send(),
  )
  app.get('/doctor/models', async (request, reply) =>
    isOurs(request) ? sources.models() : reply.status(404).send(),
  )
  app.post<Named & { Querystring: { version?: string } }>(
    '/doctor/models/:name/:step',
    async (request, reply) => {
      const { name, step } = request.params as Named['Params'] & { step: string }
      const kind = (['install', 'promote', 'rollback'] as const).find((each) => each === step)
      if (!isOurs(request) || !kind) return reply.status(404).send()
      return sources.modelStep({ kind, name, version: request.query.version })
    },
  )
  app.post<Named>('/doctor/channels/:name/test', async (request, reply) =>
    isOurs(request)
      ? { outcome: (await sources.testChannel(request.params.name)) ?? { kind: 'unknown' } }
      : reply.status(404).send(),
  )
}

interface Named {
  Params: { name: string }
}

/** A secret that only this machine's user can read: by it `doctor` sees everything, even where reading needs a PIN. */
export function newDoctorToken(dataDir: string, randomBytes: RandomBytes): string {
  const token = toHex(randomBytes(24))
  writeFileAtomically(doctorTokenPath(dataDir), token, 0o600)
  return token
}

/** Null when no agent has ever run here. */
export function readDoctorToken(dataDir: string): string | null {
  const path = doctorTokenPath(dataDir)
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}
