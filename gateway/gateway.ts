import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toBase64Url, toHex, utf8 } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import { isEventSignedBy } from '#contract/trace/signed-event.ts'
import { type DownlinkKind, sealDownlink } from '#contract/wire/downlink.ts'
import type { PersonalField } from '#contract/wire/province-decisions.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import { commitmentOf, erasePrivateFacts, holderMigrations, savePrivateFact } from './accounts/holders.ts'
import { accountMigrations, addPerson, type NewPerson } from './accounts/people.ts'
import { setLanguage, signIn, signOut, viewerByToken } from './accounts/sessions.ts'
import {
  type NewToken,
  newToken,
  revokeToken,
  type TokenLine,
  tokenLines,
  tokenMigrations,
} from './accounts/tokens.ts'
import type { Viewer } from './accounts/viewer.ts'
import { findingRoutes } from './api/finding-routes.ts'
import { plotRoutes } from './api/plot-routes.ts'
import { apiRoutes } from './api/routes.ts'
import type { GatewayConfig } from './config.ts'
import { EpcisDesk } from './epcis-desk.ts'
import { FindingDesk } from './finding-desk.ts'
import { healthRoutes } from './health.ts'
import { newApp } from './http.ts'
import { farmDetail } from './insight/farm-detail.ts'
import { farmsOverview } from './insight/farms-overview.ts'
import { boxesOfFinding, findingDetail } from './insight/finding-detail.ts'
import { findingList } from './insight/finding-list.ts'
import { findingsOfFarm, photoFor } from './insight/findings.ts'
import { isKnownBoxCode, lotHistory } from './insight/lot-history.ts'
import { plotFigures } from './insight/plot-figures.ts'
import { plotOutlook, plotsOfFarm } from './insight/plot-outlook.ts'
import { type HistoryQuestion, seriesHistory } from './insight/series-history.ts'
import { type SubjectAnswer, subjectAnswer } from './insight/subject-answer.ts'
import { blobMigrations, blobRoutes } from './intake/blobs.ts'
import { BoxSessions, nonceMigrations } from './intake/box-session.ts'
import { intakeMigrations, newClaimCode } from './intake/claim.ts'
import { downlinkRoutes, handedMigrations, handedThrough } from './intake/downlink.ts'
import { type IntakeRoutesOutside, intakeRoutes } from './intake/routes.ts'
import { bearerAgent } from './intake/signing-key.ts'
import { logMigrations } from './log/log.ts'
import { Province, provinceMigrations } from './log/province.ts'
import { treeMigrations } from './log/tree/schema.ts'
import { lookAgain } from './log/tree/writer.ts'
import { LoopLag } from './loop-lag.ts'
import { GatewayMetrics } from './metrics.ts'
import { type PackedModel, packModel } from './model-pack.ts'
import { applyBatch, type ProjectionOutside } from './projections/apply-batch.ts'
import { type ChainFault, linkWaiting } from './projections/chain-faults.ts'
import { applyDecision } from './projections/decisions.ts'
import {
  type DownlinkLine,
  downlinkLines,
  downlinksAfter,
  highestDownlink,
  isModelOffered,
  lastDownlink,
} from './projections/downlinks.ts'
import { indexWaiting } from './projections/event-index.ts'
import { blobsOfPhoto, boxesNaming, sizesNamedBy } from './projections/findings.ts'
import { type BoxKeys, boxKeys } from './projections/key-lines.ts'
import { boxCodeOf, enrolmentOf, isBoxCodeTaken, masterData } from './projections/master-data.ts'
import { projectionMigrations } from './projections/migrations.ts'
import { readAgain } from './projections/read-again.ts'
import { type RebuildProgress, rebuild } from './projections/rebuild.ts'
import { type Revocation, type Revoking, revocationsOf } from './projections/revocations.ts'
import { publicQuestions } from './public-questions.ts'
import { BlobStore } from './store/blob-store.ts'
import { ModelStore } from './store/model-store.ts'
import { type Db, migrate, openSqliteStore, probeWrite, type Store, type Tx } from './store/open-store.ts'
import { withRetry } from './store/retry.ts'
import { epcisMigrations } from './trace/epcis/tables.ts'
import { recallReport } from './trace/recall/recall-report.ts'
import { listRecalls, recallById } from './trace/recall/recalls.ts'
import { type PackAsked, type PackDone, writeTrainingPack } from './training-pack.ts'
import { Transparency } from './transparency.ts'
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
  /** False in tests, where several gateways live in one process and a test turns the log's writer itself. */
  readonly withProcessMetrics?: boolean
  /** How much the intake holds at one time; where it is little, a few dozen batches are a flood. */
  readonly intakeLimits?: IntakeRoutesOutside['limits']
}

/** Every room's schema, in the order in which it is made. */
export const gatewayMigrations = [
  ...logMigrations,
  ...provinceMigrations,
  ...projectionMigrations,
  ...intakeMigrations,
  ...blobMigrations,
  ...handedMigrations,
  ...nonceMigrations,
  ...accountMigrations,
  ...tokenMigrations,
  ...epcisMigrations,
  ...holderMigrations,
  ...treeMigrations,
]

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
  #blobs: BlobStore | undefined
  #transparency: Transparency | undefined
  #app: FastifyInstance | undefined
  #lag: LoopLag | undefined
  #epcis: EpcisDesk | undefined

  constructor(config: GatewayConfig, outside: GatewayOutside) {
    this.config = config
    this.#outside = outside
  }

  /** Opens the store and brings its schema up to date; enough for commands that do not serve. */
  async open(): Promise<void> {
    const { dataDir } = this.config
    const { clock, randomBytes } = this.#outside
    this.#store = await openSqliteStore(join(dataDir, 'gateway.db'))
    await migrate(this.#store, gatewayMigrations)
    this.#blobs = new BlobStore(join(dataDir, 'blobs'), () => clock.wallMs())
    this.#blobs.open()
    const key = openKeyFile(join(dataDir, 'keys', 'province.key'))
    this.#province = new Province({ key, sha256, compression, clock, randomBytes })
    const { config, db } = this
    const onTrouble = (error: unknown): void => this.#app?.log.error({ err: error }, 'the log did not go on')
    this.#transparency = new Transparency({ ...this.#outside, db, key, config, onTrouble })
  }

  /** Composes the HTTP side without listening: tests inject, `listen` serves. */
  async serve(): Promise<FastifyInstance> {
    if (!this.#store) await this.open()
    const metrics = new GatewayMetrics({ withProcess: this.#outside.withProcessMetrics ?? true })
    await readAgain(this.db, { ...this.#outside, ...this.#projection, compression })
    await indexWaiting(this.db, (work) => withRetry(this.db, this.#outside, work))
    await linkWaiting(this.db, (work) => withRetry(this.db, this.#outside, work))
    if (this.#outside.withProcessMetrics ?? true) this.#lag = new LoopLag(this.#outside.clock)
    this.#lag?.start()
    const app = await newApp(this.config, metrics)
    this.#app = app
    healthRoutes(app, { clock: this.#outside.clock, probeWrite: () => probeWrite(this.db), metrics })
    this.#addIntake(app, metrics)
    this.#addScreens(app, metrics)
    this.#addEpcis(app)
    this.transparency.addRoutes(app, metrics)
    await app.ready()
    return app
  }

  /** Returns the address that it listens on. */
  async listen(): Promise<string> {
    const app = this.#app ?? (await this.serve())
    if (this.#outside.withProcessMetrics ?? true) this.transparency.start()
    return app.listen({ host: this.config.listen.host, port: this.config.listen.port })
  }

  async stop(): Promise<void> {
    this.#lag?.stop()
    await this.#app?.close()
    await this.#epcis?.stop()
    await this.#transparency?.stop()
    await this.#store?.close()
    this.#app = undefined
    this.#store = undefined
  }

  get db(): Db {
    return this.#storeOrFail.db
  }

  get #storeOrFail(): Store {
    if (!this.#store) throw new VuonError('internal', 'The gateway is not open.')
    return this.#store
  }

  /** The public log of events and the proofs from it. */
  get transparency(): Transparency {
    if (!this.#transparency) throw new VuonError('internal', 'The gateway is not open.')
    return this.#transparency
  }

  get provinceAgent(): string {
    return this.#provinceOrFail.agent
  }

  /** Decisions of the province: appended under its key and applied, all or nothing. */
  async decide(bodies: readonly RecordBody[]): Promise<void> {
    await withRetry(this.db, this.#outside, (tx) => this.#decide(tx, bodies))
  }

  /** A one-time code by which one box is enrolled at a farm. Throws `not-found` for an unknown farm. */
  async newClaimCode(farmId: string): Promise<string> {
    const nowMs = Math.round(this.#outside.clock.wallMs())
    return withRetry(this.db, this.#outside, async (tx) => {
      await this.#farmOrFail(tx, farmId)
      return newClaimCode(tx, farmId, nowMs, { sha256, randomBytes: this.#outside.randomBytes })
    })
  }

  /** Lets a farm mark its fruit. Throws `not-found` for an unknown farm. */
  async allocate(allocation: Extract<RecordBody, { kind: 'allocation' }>): Promise<void> {
    await withRetry(this.db, this.#outside, async (tx) => {
      await this.#farmOrFail(tx, allocation.farmId)
      await this.#decide(tx, [allocation])
    })
  }

  /** Returns the new person's id. Throws `input-invalid`, or `not-found` for a farm that is not registered. */
  async addPerson(person: NewPerson): Promise<string> {
    return withRetry(this.db, this.#outside, async (tx) => {
      if (person.farmIds !== 'all') for (const farmId of person.farmIds) await this.#farmOrFail(tx, farmId)
      return addPerson(tx, person)
    })
  }

  /**
   * Signs the next message for a box: numbered, appended to the province's record and applied, all or nothing. Returns
   * its number. Throws `not-found` for a box that is not enrolled, `input-invalid` for a message that is too large.
   */
  async sendDownlink(message: {
    readonly agent: string
    readonly kind: DownlinkKind
    readonly body: Readonly<Record<string, unknown>>
    readonly validForMs?: number
    /** What is decided with it, given its number. */
    readonly also?: (no: number) => readonly RecordBody[]
  }): Promise<number> {
    const { agent, kind, body, validForMs, also = () => [] } = message
    const { key } = this.#provinceOrFail
    return withRetry(this.db, this.#outside, async (tx) => {
      if (!(await enrolmentOf(tx, agent)))
        throw new VuonError('not-found', `No box ${agent} is enrolled.`, {
          hint: 'vuon-gateway farm list --json shows the boxes of each farm.',
        })
      const { no: lastNo, hash: prev } = await lastDownlink(tx, agent)
      const issuedAt = Math.round(this.#outside.clock.wallMs())
      const no = lastNo + 1
      const end = validForMs === undefined ? {} : { validUntil: issuedAt + validForMs }
      const { bytes } = sealDownlink({ no, agent, issuedAt, ...end, prev, kind, body }, { key, sha256 })
      await this.#decide(tx, [{ kind: 'downlink-message', agent, bytes }, ...also(no)])
      return no
    })
  }

  /** Messages of one box or of all, newest first, and how far each has come. */
  downlinks(agent?: string): Promise<DownlinkLine[]> {
    return downlinkLines(this.db, {
      ...(agent === undefined ? {} : { agent }),
      limit: 1000,
      handedThrough: (each) => handedThrough(this.db, each),
    })
  }

  /** Takes a copy of a model's file, so that boxes to which it is offered can fetch it. */
  takeModel(file: string): { readonly sha256: string; readonly sizeBytes: number } {
    return this.#models.take(file)
  }

  /** A model's folder as a bundle that the boxes of this province believe. */
  packModel(folder: string): PackedModel {
    const record = join(this.config.dataDir, 'models', 'packed.json')
    return packModel(folder, { key: this.#provinceOrFail.key, record })
  }

  /** A token for a program; shown this once. Throws `input-invalid`, or `not-found` for a farm that is not registered. */
  async newToken(token: NewToken): Promise<string> {
    const { clock, randomBytes } = this.#outside
    return withRetry(this.db, this.#outside, async (tx) => {
      if (token.farmIds !== 'all') for (const farmId of token.farmIds) await this.#farmOrFail(tx, farmId)
      return newToken(tx, token, { nowMs: clock.wallMs(), randomBytes })
    })
  }

  tokens(): Promise<TokenLine[]> {
    return tokenLines(this.db)
  }

  /** Throws `not-found` when no token of this name is alive. */
  async revokeToken(name: string): Promise<void> {
    await revokeToken(this.db, name, this.#outside.clock.wallMs())
  }

  /** Tells subscribers of EPCIS queries what is due now; the running gateway does it by itself. */
  async notifySubscribers(): Promise<void> {
    await this.#epcis?.notifier.run()
  }

  /** Every box's keys, or one's. */
  boxKeys(agent?: string): Promise<BoxKeys[]> {
    return boxKeys(this.db, agent)
  }

  /**
   * Ends a key, or every key of a box, by a decision: what it signed beyond the last trusted seqs does not count any
   * longer. Throws `not-found` for an unknown box, `input-invalid` for a key or an epoch that the box never had.
   */
  async revokeKey(revocation: Revocation): Promise<Revoking> {
    return withRetry(this.db, this.#outside, async (tx) => {
      const entries = await revocationsOf(tx, revocation)
      await this.#decide(tx, entries)
      const [first] = entries
      const [box] = await boxKeys(tx, revocation.agent)
      return {
        keys: entries.map(({ key }) => key),
        epoch: first.epoch,
        lastTrusted: first.lastTrusted,
        untrustedBatches: box?.untrustedBatches ?? 0,
      }
    })
  }

  /** A lot is called back from now on; its page says so at once. Returns the recall's id. */
  async declareRecall(recall: {
    readonly lot: { readonly gtin: string; readonly lot: string }
    readonly reasonVi: string
    readonly reasonEn: string
    readonly isForward: boolean
  }): Promise<string> {
    const recallId = `r-${toHex(this.#outside.randomBytes(6))}`
    const { lot, ...more } = recall
    await this.decide([{ kind: 'recall', recallId, ...lot, ...more, state: 'recalled' }])
    return recallId
  }

  /** Throws `not-found` for a recall that was never declared. */
  async liftRecall(lift: {
    readonly recallId: string
    readonly reasonVi: string
    readonly reasonEn: string
  }): Promise<void> {
    const { recallId, reasonVi, reasonEn } = lift
    await withRetry(this.db, this.#outside, async (tx) => {
      const before = await recallById(tx, recallId)
      if (!before)
        throw new VuonError('not-found', `There is no recall ${recallId}.`, {
          hint: 'vuon-gateway recall list shows them.',
        })
      const { gtin, lot, isForward } = before
      await this.#decide(tx, [
        { kind: 'recall', recallId, gtin, lot, isForward, reasonVi, reasonEn, state: 'lifted' },
      ])
    })
  }

  /** Puts facts about the holder of a farm on file, and their commitments into the log. Throws `not-found`. */
  async setHolder(
    farmId: string,
    facts: readonly { readonly field: PersonalField; readonly value: string }[],
  ): Promise<void> {
    const nowMs = Math.round(this.#outside.clock.wallMs())
    const file = async (tx: Tx): Promise<void> => {
      await this.#farmOrFail(tx, farmId)
      const salted = facts.map((fact) => ({ ...fact, salt: this.#outside.randomBytes(32) }))
      for (const fact of salted) await savePrivateFact(tx, farmId, fact, nowMs)
      await this.#decide(
        tx,
        salted.map((fact) => ({
          kind: 'holder',
          farmId,
          field: fact.field,
          commitment: commitmentOf(fact, sha256),
        })),
      )
    }
    // What stood there before is erased by it.
    await this.#storeOrFail.erasing(() => withRetry(this.db, this.#outside, file))
  }

  /** Throws `not-found`. */
  async decideConsent(consent: Extract<RecordBody, { kind: 'consent' }>): Promise<void> {
    await withRetry(this.db, this.#outside, async (tx) => {
      await this.#farmOrFail(tx, consent.farmId)
      await this.#decide(tx, [consent])
    })
  }

  /** Everything that is held about the person behind a farm. Throws `not-found`. */
  async subjectAnswer(farmId: string): Promise<SubjectAnswer> {
    const answer = await subjectAnswer(this.db, farmId)
    if (!answer.farm) throw this.#noFarm(farmId)
    return answer
  }

  /** Erases what is personal about a farm; the log and its proofs stay. Throws `not-found`. */
  async eraseSubject(
    farmId: string,
    withPhotos: boolean,
  ): Promise<{ readonly facts: number; readonly photos: number }> {
    const { photos, consents } = await this.subjectAnswer(farmId)
    // Who has himself forgotten agrees to nothing any more; pages that are kept ready learn it by the decision.
    for (const { purpose, state, form } of consents)
      if (state === 'given')
        await this.decideConsent({ kind: 'consent', farmId, purpose, form, state: 'withdrawn' })
    const facts = await this.#storeOrFail.erasing(() =>
      withRetry(this.db, this.#outside, (tx) => erasePrivateFacts(tx, farmId)),
    )
    let erased = 0
    if (withPhotos) for (const { sha256: each } of photos) erased += await this.erasePhoto(each)
    return { facts, photos: erased }
  }

  /** Removes a photo and its thumbnail for good; findings stay. Returns how many files were named. */
  async erasePhoto(sha256: string): Promise<number> {
    const named = await blobsOfPhoto(this.db, sha256)
    for (const { agent, sha256: each } of named) this.#blobsOrFail.erase(agent, each)
    return named.length
  }

  /**
   * Writes photos of which people have said what they show, as a folder for `models/training`. Throws `input-invalid` for a
   * folder that holds something else.
   */
  exportFindings(asked: PackAsked, onProgress: (seen: number, of: number) => void): Promise<PackDone> {
    const { timeZone } = this.config
    return writeTrainingPack(asked, { db: this.db, photos: this.#blobsOrFail, timeZone, onProgress })
  }

  async rebuild(onProgress?: (progress: RebuildProgress) => void): Promise<RebuildProgress> {
    const done = await rebuild(
      this.db,
      { ...this.#projection, compression, provinceAgent: this.provinceAgent },
      onProgress,
    )
    await lookAgain(this.db)
    return done
  }

  get #provinceOrFail(): Province {
    if (!this.#province) throw new VuonError('internal', 'The gateway is not open.')
    return this.#province
  }

  get #blobsOrFail(): BlobStore {
    if (!this.#blobs) throw new VuonError('internal', 'The gateway is not open.')
    return this.#blobs
  }

  get #models(): ModelStore {
    return new ModelStore(join(this.config.dataDir, 'models'))
  }

  async #farmOrFail(tx: Tx, farmId: string): Promise<void> {
    if (!(await masterData(tx, farmId))) throw this.#noFarm(farmId)
  }

  #noFarm(farmId: string): VuonError {
    return new VuonError('not-found', `There is no farm ${farmId}.`, {
      hint: 'vuon-gateway farm list shows them.',
    })
  }

  async #decide(tx: Tx, bodies: readonly RecordBody[]): Promise<void> {
    const { entries } = await this.#provinceOrFail.append(tx, bodies)
    for (const entry of entries) await applyDecision(tx, entry)
  }

  #addIntake(app: FastifyInstance, metrics: GatewayMetrics): void {
    const { config, db } = this
    const { clock } = this.#outside
    const province = this.#provinceOrFail
    // Derived, so that every replica over one key makes and checks the same tokens.
    const sessionSecret = createHmac('sha256', province.key.sign(utf8('vuon/session-secret/1'))).digest()
    intakeRoutes(app, {
      ...this.#outside,
      highestDownlink,
      db,
      sha256,
      compression,
      publicKeyFromRaw,
      enrolled: enrolmentOf,
      decide: (tx, bodies) => this.#decide(tx, bodies),
      applyBatch: (tx, batch) => applyBatch(tx, batch, this.#projection),
      onBatch: (outcome, counts) => metrics.batch(outcome, counts, clock.wallMs()),
      onGroup: (batches, waiting) => metrics.group(batches, waiting),
      onChainFault: (fault: ChainFault) =>
        app.log.warn(fault, `the chain of a box's events does not hold: ${fault.kind}`),
      lagMs: () => this.#lag?.ms() ?? 0,
      ...(this.#outside.intakeLimits ? { limits: this.#outside.intakeLimits } : {}),
      boxCodeOf,
      isBoxCodeTaken,
      masterData,
      province: {
        name: config.province.vi,
        publicKey: toBase64Url(province.key.publicRaw),
        publicUrl: config.publicUrl,
      },
      provinceKey: province.key,
      sessionSecret,
      claimsPerMinute: config.claimsPerMinute,
    })
    const sessions = new BoxSessions(sessionSecret, this.#outside.randomBytes)
    downlinkRoutes(app, {
      db,
      clock,
      models: this.#models,
      agentOf: (authorization) => bearerAgent(authorization, sessions, { db, clock, enrolled: enrolmentOf }),
      enrolled: enrolmentOf,
      highestNo: highestDownlink,
      messagesAfter: downlinksAfter,
      isModelOffered,
    })
    blobRoutes(app, {
      db,
      clock,
      blobs: this.#blobsOrFail,
      agentOf: (authorization) => bearerAgent(authorization, sessions, { db, clock, enrolled: enrolmentOf }),
      enrolled: enrolmentOf,
      sizesNamedBy,
      boxesNaming,
      perBoxPerDayBytes: config.photos.perBoxPerDayMb * 1_000_000,
    })
  }

  #addEpcis(app: FastifyInstance): void {
    const { db } = this
    const { epcis } = this.config
    this.#epcis = new EpcisDesk({
      ...this.#outside,
      db,
      inTransaction: (work) => withRetry(db, this.#outside, work),
      appendEvents: (tx, events, by) =>
        this.#decide(
          tx,
          events.map((bytes) => ({ kind: 'captured-event', bytes, by })),
        ),
      viewerOf: async (request) =>
        (await viewerByToken(db, request.cookies[SESSION_COOKIE], this.#outside.clock.wallMs())).viewer,
      // Derived, so that every replica over one key reads what another one sealed.
      pageKey: createHmac('sha256', this.#provinceOrFail.key.sign(utf8('vuon/epcis-page/1'))).digest(),
      rules: { mayReachPrivate: epcis.webhooksMayReachPrivate },
      companyPrefixes: epcis.companyPrefixes,
    })
    this.#epcis.addRoutes(app)
    if (this.#outside.withProcessMetrics ?? true) this.#epcis.notifier.start()
  }

  #addScreens(app: FastifyInstance, metrics: GatewayMetrics): void {
    const { config, db } = this
    const { clock, randomBytes } = this.#outside
    const nowMs = () => clock.wallMs()
    const viewerOf = (request: FastifyRequest) => viewerByToken(db, request.cookies[SESSION_COOKIE], nowMs())
    const questions = {
      farmsOverview: (viewer: Viewer) => farmsOverview(db, viewer),
      farmDetail: (viewer: Viewer, farmId: string) => farmDetail(db, viewer, farmId),
      seriesHistory: (viewer: Viewer, uuid: string, question: HistoryQuestion) =>
        seriesHistory(db, viewer, uuid, question),
      nowMs,
    }
    const photos = this.#blobsOrFail
    const desk = new FindingDesk({
      ...{ db, photos, nowMs, randomBytes, timeZone: config.timeZone },
      inTransaction: (work) => withRetry(db, this.#outside, work),
      decide: (tx, bodies) => this.#decide(tx, bodies),
      tellBox: (agent, sha256, also) =>
        this.sendDownlink({ agent, kind: 'command', body: { command: 'photo-upload', sha256 }, also }),
    })
    const findings = (viewer: Viewer, farmId: string, limit: number) =>
      findingsOfFarm(db, photos, viewer, farmId, limit)
    const onlyViewerOf = async (request: FastifyRequest) => (await viewerOf(request)).viewer
    apiRoutes(app, { ...questions, viewerOf: onlyViewerOf })
    findingRoutes(app, {
      viewerOf: onlyViewerOf,
      findingsOfFarm: findings,
      photoFor: (viewer, sha256) => photoFor(db, photos, viewer, sha256),
    })
    const plots = {
      plotsOfFarm: (viewer: Viewer, farmId: string) => plotsOfFarm(db, viewer, farmId, nowMs()),
      plotOutlook: (viewer: Viewer, farmId: string, plot: string) =>
        plotOutlook(db, viewer, farmId, plot, nowMs()),
    }
    plotRoutes(app, { viewerOf: onlyViewerOf, ...plots })
    webRoutes(app, {
      ...questions,
      ...plots,
      findingsOfFarm: findings,
      findingList: (viewer, filter) => findingList(db, photos, viewer, filter),
      findingDetail: (viewer, name) => findingDetail(db, photos, viewer, name),
      boxesOfFinding: (viewer, findingId) => boxesOfFinding(db, viewer, findingId),
      reviewFinding: (viewer, name, word) => desk.review(viewer, name, word),
      askPhoto: (viewer, name) => desk.askPhoto(viewer, name),
      plotFigures: (viewer, farmId, plot) => plotFigures(db, viewer, farmId, plot, nowMs()),
      lotHistory: (gtin, lot) => lotHistory(db, gtin, lot),
      ...publicQuestions({
        db,
        nowMs,
        provinceAgent: this.provinceAgent,
        publicUrl: config.publicUrl,
        provinceName: config.province.en,
        timeZone: config.timeZone,
        productLinks: config.productLinks,
        onScan: (seconds) => metrics.request('/01/:gtin/10/:lot', seconds),
      }),
      isKnownBoxCode: (lot) => isKnownBoxCode(db, lot),
      recalls: (viewer) => listRecalls(db, viewer),
      recallReport: (lot) => recallReport(db, lot),
      declareRecall: (recall) => this.declareRecall(recall),
      liftRecall: (lift) => this.liftRecall(lift),
      viewerOf,
      signIn: (input) =>
        signIn(db, input, { nowMs: nowMs(), randomBytes, sessionMs: config.sessionHours * 3_600_000 }),
      signOut: async (request) => {
        const token = request.cookies[SESSION_COOKIE]
        if (token) await signOut(db, token)
      },
      setLanguage: (personId, language) => setLanguage(db, personId, language),
      sessionCookie: SESSION_COOKIE,
      publicUrl: config.publicUrl,
      province: config.province,
      timeZone: config.timeZone,
    })
  }
}
