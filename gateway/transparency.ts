import type { FastifyInstance } from 'fastify'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import type { SignedCheckpoint } from '#contract/trace/checkpoint.ts'
import type { ProofBundle } from '#contract/trace/proof-bundle.ts'
import { noteKey, noteKeyText, parseNoteKey } from '#contract/trace/signed-note.ts'
import { agentIdOf } from '#contract/wire/identity.ts'
import type { GatewayConfig } from './config.ts'
import { type BoxChain, brokenChains, chainMetrics } from './insight/chain-faults.ts'
import { type Cosigner, Cosigning } from './log/tree/cosigning.ts'
import { exportTree } from './log/tree/export-tree.ts'
import { type LogStatus, logMetrics, logStatus } from './log/tree/status.ts'
import { verifyTree } from './log/tree/verify-tree.ts'
import { TreeWriter } from './log/tree/writer.ts'
import type { GatewayMetrics } from './metrics.ts'
import { READER } from './projections/reader.ts'
import type { Db } from './store/open-store.ts'
import type { Capturer } from './trace/proof/captured-events.ts'
import { compareEvents } from './trace/proof/compare-events.ts'
import { type Prover, proveEvent } from './trace/proof/prove-events.ts'
import { ripeEvents } from './trace/proof/ripe-events.ts'
import { proofRoutes } from './trace/proof/routes.ts'

export interface TransparencyOutside {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly randomBytes: RandomBytes
  readonly key: SecretKey
  readonly config: Pick<GatewayConfig, 'publicUrl' | 'transparency'>
  readonly onTrouble: (error: unknown) => void
}

export interface LogVerification {
  readonly valid: boolean
  readonly size: number
  readonly checkpoints: number
  readonly events: number
  readonly captured: number
  readonly waiting: number
  readonly problems: readonly string[]
  /** Boxes whose own chain of events does not hold: the log shows that as it was signed, and is whole all the same. */
  readonly brokenChains: readonly BoxChain[]
}

/** The province's transparency log: what writes it, who cosigns it, what proves from it, under one name and key. */
export class Transparency {
  readonly writer: TreeWriter
  readonly cosigning: Cosigning
  readonly #outside: TransparencyOutside
  readonly #prover: Prover
  readonly #cosigners: readonly Cosigner[]

  constructor(outside: TransparencyOutside) {
    const { db, clock, random, randomBytes, key, config, onTrouble } = outside
    const { cosigners, origin = originOf(config.publicUrl) } = config.transparency
    this.#outside = outside
    this.#cosigners = cosigners.map((each) => ({ url: each.url, key: parseNoteKey(each.key, sha256) }))
    this.#prover = { origin, key, cosigners: cosigners.map((each) => each.key) }
    const shared = { db, clock, random, onTrouble }
    this.writer = new TreeWriter({
      ...shared,
      identity: { origin, key, sha256 },
      newHolder: () => toHex(randomBytes(8)),
      reader: READER,
      find: (tx, after) => ripeEvents(tx, after, this.#capturer),
    })
    this.cosigning = new Cosigning({ ...shared, sha256, cosigners: this.#cosigners, fetch })
  }

  /** From here on what is received goes into the log by itself. */
  start(): void {
    this.writer.start()
    this.cosigning.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.writer.stop(), this.cosigning.stop()])
  }

  addRoutes(app: FastifyInstance, metrics: GatewayMetrics): void {
    const { db, clock, config } = this.#outside
    const status = (): Promise<LogStatus> => this.status()
    logMetrics(metrics.registry, status)
    chainMetrics(metrics.registry, db)
    proofRoutes(app, { db, clock, publicUrl: config.publicUrl, prover: this.#prover, logStatus: status })
  }

  status(): Promise<LogStatus> {
    const { origin, key } = this.#prover
    const text = noteKeyText(noteKey(origin, 'plain', key.publicRaw, sha256))
    return logStatus(this.#outside.db, { origin, key: text }, this.#cosigners)
  }

  /** The proof of an event by its eventID or as `agent/eventNo`. Throws `not-found`. */
  async prove(event: string): Promise<ProofBundle> {
    const { db, clock } = this.#outside
    const bundle = await proveEvent(db, event, this.#prover, Math.round(clock.wallMs()))
    if (bundle) return bundle
    throw new VuonError('not-found', `No event ${event.slice(0, 200)} has been received.`, {
      hint: "Give its eventID as it is in the event, or of a farm's event agent/number such as 0123456789abcdef/17.",
    })
  }

  /** In one transaction that only reads, so that what is appended meanwhile does not look like an error. */
  verify(known: readonly SignedCheckpoint[]): Promise<LogVerification> {
    const { db, key } = this.#outside
    return db.transaction().execute(async (tx) => {
      const outside = { publicRaw: key.publicRaw, sha256, cosigners: this.#cosigners, known }
      const tree = await verifyTree(tx, outside)
      const compared = await compareEvents(tx, this.#capturer)
      const problems = [...tree.problems, ...compared.problems]
      const chains = await brokenChains(tx)
      return { ...tree, ...compared, problems, valid: problems.length === 0, brokenChains: chains }
    })
  }

  get #capturer(): Capturer {
    const { key } = this.#outside
    return { agent: agentIdOf(key.publicRaw, sha256), key }
  }

  export(folder: string): Promise<{ readonly files: number; readonly size: number }> {
    return this.#outside.db.transaction().execute((tx) => exportTree(tx, folder))
  }
}

/** The address of the log without its scheme (C2SP tlog-tiles). */
const originOf = (publicUrl: string): string =>
  `${publicUrl
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replaceAll('+', '%2B')}/log`
