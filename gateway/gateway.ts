import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { toBase64Url } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { problemOf, VuonError } from '#contract/ground/errors.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import { isEventSignedBy } from '#contract/trace/signed-event.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import type { Allocation } from '#contract/wire/sync-protocol.ts'
import { accountMigrations } from './accounts/people.ts'
import { setLanguage, signIn, signOut, viewerByToken } from './accounts/sessions.ts'
import type { Viewer } from './accounts/viewer.ts'
import { apiRoutes } from './api/routes.ts'
import type { GatewayConfig } from './config.ts'
import { farmDetail } from './insight/farm-detail.ts'
import { farmsOverview } from './insight/farms-overview.ts'
import { isKnownBoxCode, lotHistory } from './insight/lot-history.ts'
import { seriesHistory } from './insight/series-history.ts'
import type { Enrolled } from './intake/accept-batch.ts'
import { intakeMigrations, newClaimCode } from './intake/claim.ts'
import { intakeRoutes } from './intake/routes.ts'
import { logMigrations } from './log/log.ts'
import { Province, provinceMigrations } from './log/province.ts'
import { GatewayMetrics } from './metrics.ts'
import { applyBatch, type ProjectionOutside } from './projections/apply-batch.ts'
import { applyDecision } from './projections/entries.ts'
import { projectionMigrations } from './projections/migrations.ts'
import { type RebuildProgress, rebuild } from './projections/rebuild.ts'
import { type Db, migrate, openSqliteStore, type Store, type Tx } from './store/open-store.ts'
import { withRetry } from './store/retry.ts'
import { webRoutes } from './web/routes.ts'

/**
 *   boxes ─► intake ─► log ─► projections ─► insight ─► api, web ─► people
 *            verify    bytes   derived        questions
 *                └── one transaction ──┘
 *
 * The gateway keeps no state outside its store: several may run over one database.
 */
export interface GatewayOutside {
  readonly clock: Clock
  readonly random: Random
  readonly randomBytes: RandomBytes
  /** False in tests, where several gateways live in one process. */
  readonly withProcessMetrics?: boolean
}

const SESSION_COOKIE = 'vuon_session'

export class Gateway {
  readonly config: GatewayConfig
  readonly #outside: GatewayOutside
  readonly #projection: ProjectionOutside = {
    sha256,
    verifyEvent: (publicKey, event) => isEventSignedBy(event, publicKeyFromRaw(publicKey)),
  }
  #store: Store | undefined
  #province: Province | undefined
  #app: FastifyInstance | undefined

  constructor(config: GatewayConfig, outside: GatewayOutside) {
    this.config = config
    this.#outside = outside
  }

  /** Opens the store and brings its schema up to date; enough for commands that do not serve. */
  async open(): Promise<void> {
    const { dataDir } = this.config
    const { clock, randomBytes } = this.#outside
    this.#store = await openSqliteStore(join(dataDir, 'gateway.db'))
    await migrate(this.#store, [
      ...logMigrations,
      ...provinceMigrations,
      ...projectionMigrations,
      ...intakeMigrations,
      ...accountMigrations,
    ])
    const key = openKeyFile(join(dataDir, 'keys', 'province.key'))
    this.#province = new Province({ key, sha256, compression, clock, randomBytes })
  }

  /** Composes the HTTP side without listening: tests inject, `listen` serves. */
  async serve(): Promise<FastifyInstance> {
    if (!this.#store) await this.open()
    const { listen, log } = this.config
    const app = fastify({
      trustProxy: listen.trustProxy,
      bodyLimit: 64 * 1024,
      // Nobody's scan is logged: no request log at all, only what went wrong.
      disableRequestLogging: true,
      logger: log === 'silent' ? false : { level: log },
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 200 },
    })
    this.#app = app
    await app.register(compress, { threshold: 512, encodings: ['br', 'gzip'] })
    await app.register(cookie)
    await app.register(formbody, { bodyLimit: 16 * 1024 })
    const metrics = new GatewayMetrics({ withProcess: this.#outside.withProcessMetrics ?? true })
    this.#addErrors(app, metrics)
    this.#addHealth(app, metrics)
    this.#addRooms(app, metrics)
    await app.ready()
    return app
  }

  /** Returns the address that it listens on. */
  async listen(): Promise<string> {
    const app = this.#app ?? (await this.serve())
    return app.listen({ host: this.config.listen.host, port: this.config.listen.port })
  }

  async stop(): Promise<void> {
    await this.#app?.close()
    await this.#store?.close()
    this.#app = undefined
    this.#store = undefined
  }

  get db(): Db {
    if (!this.#store) throw new VuonError('internal', 'The gateway is not open.')
    return this.#store.db
  }

  get provinceAgent(): string {
    return this.#provinceOrFail.agent
  }

  /** Decisions of the province: appended under its key and applied, all or nothing. */
  async decide(bodies: readonly RecordBody[]): Promise<void> {
    await withRetry(this.db, this.#outside, (tx) => this.#decide(tx, bodies))
  }

  async newClaimCode(farmId: string): Promise<string> {
    if (!(await masterData(this.db, farmId)))
      throw new VuonError('not-found', `There is no farm ${farmId}.`, {
        hint: 'vuon-gateway farm list shows them.',
      })
    return newClaimCode(this.db, farmId, Math.round(this.#outside.clock.wallMs()), {
      sha256,
      randomBytes: this.#outside.randomBytes,
    })
  }

  async rebuild(onProgress?: (progress: RebuildProgress) => void): Promise<RebuildProgress> {
    return rebuild(
      this.db,
      { ...this.#projection, compression, provinceAgent: this.provinceAgent },
      onProgress,
    )
  }

  get #provinceOrFail(): Province {
    if (!this.#province) throw new VuonError('internal', 'The gateway is not open.')
    return this.#province
  }

  async #decide(tx: Tx, bodies: readonly RecordBody[]): Promise<void> {
    const { entries } = await this.#provinceOrFail.append(tx, bodies)
    for (const entry of entries) await applyDecision(tx, entry)
  }

  #addRooms(app: FastifyInstance, metrics: GatewayMetrics): void {
    const { clock, random, randomBytes } = this.#outside
    const { config, db } = this
    const province = this.#provinceOrFail
    const decide = (tx: Tx, bodies: readonly RecordBody[]) => this.#decide(tx, bodies)
    const viewerOf = async (request: FastifyRequest): Promise<{ viewer: Viewer; csrf: string }> =>
      viewerByToken(db, request.cookies[SESSION_COOKIE], clock.wallMs())

    intakeRoutes(app, {
      db,
      clock,
      random,
      randomBytes,
      sha256,
      compression,
      publicKeyFromRaw,
      enrolled,
      decide,
      applyBatch: (tx, batch) => applyBatch(tx, batch, this.#projection),
      onBatch: (outcome, counts) => metrics.batch(outcome, counts, clock.wallMs()),
      boxCodeOf: async (from, agent) => (await boxRow(from, sql`agent = ${agent}`))?.box_code,
      isBoxCodeTaken: async (from, boxCode) => (await boxRow(from, sql`box_code = ${boxCode}`)) !== undefined,
      masterData,
      province: {
        name: config.province.vi,
        publicKey: toBase64Url(province.key.publicRaw),
        publicUrl: config.publicUrl,
      },
      provinceKey: province.key,
      // Derived, so that every replica over one key makes and checks the same tokens.
      sessionSecret: createHmac(
        'sha256',
        province.key.sign(new TextEncoder().encode('vuon/session-secret/1')),
      ).digest(),
      claimsPerMinute: config.claimsPerMinute,
    })

    const questions = {
      farmsOverview: (viewer: Viewer) => farmsOverview(db, viewer),
      farmDetail: (viewer: Viewer, farmId: string) => farmDetail(db, viewer, farmId),
      seriesHistory: (viewer: Viewer, uuid: string, question: Parameters<typeof seriesHistory>[3]) =>
        seriesHistory(db, viewer, uuid, question),
    }
    apiRoutes(app, {
      ...questions,
      viewerOf: async (request) => (await viewerOf(request)).viewer,
      nowMs: () => clock.wallMs(),
    })

    webRoutes(app, {
      ...questions,
      lotHistory: (gtin, lot) => lotHistory(db, gtin, lot),
      isKnownBoxCode: (lot) => isKnownBoxCode(db, lot),
      viewerOf,
      signIn: (input) =>
        signIn(db, input, { nowMs: clock.wallMs(), randomBytes, sessionMs: config.sessionHours * 3_600_000 }),
      signOut: async (request) => {
        const token = request.cookies[SESSION_COOKIE]
        if (token) await signOut(db, token)
      },
      setLanguage: (personId, language) => setLanguage(db, personId, language),
      sessionCookie: SESSION_COOKIE,
      nowMs: () => clock.wallMs(),
      publicUrl: config.publicUrl,
      province: config.province,
      timeZone: config.timeZone,
    })
  }

  #addErrors(app: FastifyInstance, metrics: GatewayMetrics): void {
    app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
      const known = error instanceof VuonError ? error : fromFastify(error)
      if (!known) request.log.error({ err: error }, 'a request failed')
      const problem = problemOf(known ?? error)
      metrics.refusal(known?.code ?? 'internal')
      if (problem.status === 429) reply.header('retry-after', '30')
      return reply.status(problem.status).type('application/problem+json').send(problem)
    })
    app.addHook('onResponse', async (request, reply) => {
      metrics.request(request.routeOptions.url ?? 'none', reply.elapsedTime / 1000)
    })
    app.addHook('onSend', async (_request, reply) => {
      reply.header('x-content-type-options', 'nosniff')
      if (!reply.hasHeader('referrer-policy')) reply.header('referrer-policy', 'no-referrer')
    })
  }

  #addHealth(app: FastifyInstance, metrics: GatewayMetrics): void {
    app.get('/healthz', async () => ({ status: 'ok' }))
    app.get('/readyz', async (_request, reply) => {
      try {
        await sql`INSERT INTO box_seen VALUES ('-', 0) ON CONFLICT (agent) DO UPDATE SET at = 0`.execute(
          this.db,
        )
        return { status: 'ok' }
      } catch {
        return reply.status(503).send({ status: 'the database takes no writes' })
      }
    })
    app.get('/metrics', async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    )
  }
}

function fromFastify(error: { statusCode?: number; code?: string }): VuonError | undefined {
  if (error.statusCode === 413) return new VuonError('batch-too-large')
  if (error.statusCode === 415)
    return new VuonError('input-invalid', 'The body has a type that is not taken here.')
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return new VuonError('input-invalid', 'The request could not be read.')
  return undefined
}

async function enrolled(db: Db, agent: string): Promise<Enrolled | undefined> {
  const { rows } = await sql<{ farm_id: string; public_key: Uint8Array; suspended_at: number | null }>`
    SELECT farm_id, public_key, suspended_at FROM enrolment WHERE agent = ${agent}`.execute(db)
  const row = rows[0]
  return (
    row && {
      agent,
      farmId: row.farm_id,
      publicKey: new Uint8Array(row.public_key),
      isSuspended: row.suspended_at !== null,
    }
  )
}

async function boxRow(db: Db, where: ReturnType<typeof sql>): Promise<{ box_code: string } | undefined> {
  const { rows } = await sql<{ box_code: string }>`SELECT box_code FROM enrolment WHERE ${where}`.execute(db)
  return rows[0]
}

/** What a box is told of its farm when it is claimed. */
async function masterData(
  db: Db,
  farmId: string,
): Promise<
  | { farm: { farmId: string; name: string; commune: string; province: string }; allocations: Allocation[] }
  | undefined
> {
  const farms = await sql<{
    name: string
    commune: string
    province: string
  }>`SELECT name, commune, province FROM farm WHERE farm_id = ${farmId}`.execute(db)
  const farm = farms.rows[0]
  if (!farm) return undefined
  const { rows } = await sql<{
    gtin: string
    crop: string
    product_vi: string
    product_en: string
    gln: string | null
    area_code: string | null
    valid_to: string | null
  }>`
    SELECT gtin, crop, product_vi, product_en, gln, area_code, valid_to FROM allocation WHERE farm_id = ${farmId} ORDER BY gtin`.execute(
    db,
  )
  return {
    farm: { farmId, ...farm },
    allocations: rows.map((row) => ({
      gtin: row.gtin,
      crop: row.crop,
      productVi: row.product_vi,
      productEn: row.product_en,
      ...(row.gln && row.area_code
        ? {
            growingArea: {
              gln: row.gln,
              code: row.area_code,
              ...(row.valid_to ? { validTo: row.valid_to } : {}),
            },
          }
        : {}),
    })),
  }
}
