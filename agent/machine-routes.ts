import { timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { toHex } from '#contract/ground/bytes.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { RandomBytes } from '#contract/ground/random.ts'
import { doctorTokenPath } from './data-folder.ts'

/** For programs, on the page's port: health, metrics, and what `doctor` asks. */
export function machineRoutes(
  app: FastifyInstance,
  sources: {
    readonly metrics: { readonly contentType: string; text(): Promise<string> }
    readonly token: string
    readonly now: () => number
    readonly overview: () => Promise<object>
  },
): void {
  const { metrics, token, now, overview } = sources
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  const wanted = Buffer.from(`Bearer ${token}`)
  app.get('/doctor', async (request, reply) => {
    const given = Buffer.from(request.headers.authorization ?? '')
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return reply.status(404).send()
    return { ...(await overview()), now: now() }
  })
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
