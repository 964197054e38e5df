import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { VuonError } from '#contract/ground/errors.ts'
import type { Random } from '#contract/ground/random.ts'
import { LANES } from '#contract/wire/records.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import type { LinkAnswer, LinkRequest } from '../../agent/sync/link.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import type { PretendClock } from '../world/pretend-clock.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'
import { throughApp } from '../world/through-app.ts'
import { copyDatabase, cutPower, type DatabaseFiles, readFiles, writeFiles } from './crash-clone.ts'
import { asGatewayBefore } from './older-gateway.ts'

/** What stands between a request and the gateway; a broken one shows that the checker looks. */
export type Handle = (request: LinkRequest) => Promise<LinkAnswer>

/**
 * The real gateway over its files: it is restarted, loses its power in the middle of a batch, and every answer that
 * it gives to a box is looked at.
 */
export class ProvinceLife {
  readonly #folder: string
  readonly #clock: PretendClock
  readonly #random: Random
  readonly #seed: number
  readonly #handled = new Set<Promise<unknown>>()
  readonly #marks = new Map<string, { durableThrough: number; covered: number }>()
  readonly breaches: string[] = []
  readonly cuts: Record<string, number> = {}
  #gateway: Gateway | undefined
  #app: FastifyInstance | undefined
  #isUp = true
  #cutsInBatches: number | undefined
  #life = 0
  restarts = 0
  crashes = 0
  batches = 0
  upgrades = 0
  /** Upgrades in which the power went. */
  upgradeCuts = 0
  /** Set by a test that breaks something on purpose. */
  breakIt: ((gateway: Gateway, handle: Handle) => Handle) | undefined
  breakUpgrade: ((path: string) => Promise<void>) | undefined

  constructor(folder: string, clock: PretendClock, random: Random, seed: number) {
    this.#seed = seed
    this.#folder = folder
    this.#clock = clock
    this.#random = random
  }

  get gateway(): Gateway {
    if (!this.#gateway) throw new Error('the province is not open')
    return this.#gateway
  }

  async open(): Promise<void> {
    this.#gateway = newGateway(this.#dataDir, this.#clock, this.#random)
    await this.#gateway.open()
    this.#app = await this.#gateway.serve()
    this.#isUp = true
  }

  async close(): Promise<void> {
    await this.#gateway?.stop()
    this.#gateway = undefined
  }

  /** Down for a while; what is on its way finds nobody. */
  restart(downMs: number): void {
    if (!this.#isUp) return
    this.restarts++
    this.#isUp = false
    void this.#clock.hold(this.#comeDown()).then(() => this.#comeBack(downMs))
  }

  /**
   * The program was one of before until now, which could read nothing of `newerBoxes`: its store is as that would have left
   * it, and this program takes it over, perhaps at the second try.
   */
  upgrade(newerBoxes: ReadonlySet<string>, isCut: boolean): void {
    if (!this.#isUp) return
    this.upgrades++
    this.#isUp = false
    void this.#clock
      .hold(
        this.#comeDown().then(async () => {
          await asGatewayBefore(this.#path, newerBoxes)
          await this.breakUpgrade?.(this.#path)
          if (isCut) await this.#losePowerInUpgrade()
        }),
      )
      .then(() => this.#comeBack(60_000))
  }

  /** The power goes while the nth batch from now is being taken in. */
  cutIn(batches: number): void {
    this.#cutsInBatches ??= batches
  }

  calm(): void {
    this.#cutsInBatches = undefined
  }

  /** A copy of its folder with a gateway of its own, for a rebuild beside it. */
  async copy(): Promise<Gateway> {
    const dataDir = join(this.#folder, 'copy')
    rmSync(dataDir, { recursive: true, force: true })
    mkdirSync(join(dataDir, 'keys'), { recursive: true })
    copyDatabase(join(this.#dataDir, 'gateway.db'), join(dataDir, 'gateway.db'))
    copyDatabase(join(this.#dataDir, 'keys', 'province.key'), join(dataDir, 'keys', 'province.key'))
    const gateway = newGateway(dataDir, this.#clock, this.#random)
    await gateway.open()
    return gateway
  }

  async handle(request: LinkRequest): Promise<LinkAnswer> {
    if (!this.#isUp) throw new VuonError('link-down', 'nobody answers at the province')
    const isBatch = request.path === '/sync/v1/batches'
    if (isBatch && this.#cutsInBatches !== undefined && --this.#cutsInBatches <= 0)
      return this.#losePower(request)
    const life = this.#life
    const work = this.#ask(request)
    this.#handled.add(work)
    try {
      const answer = await work
      // An answer that was written when the power went is an answer that nobody got.
      if (life !== this.#life) throw new VuonError('link-down', 'the province went away')
      this.#look(request, answer)
      return answer
    } finally {
      this.#handled.delete(work)
    }
  }

  async #ask(request: LinkRequest): Promise<LinkAnswer> {
    if (request.path === '/sync/v1/batches') this.batches++
    const handle = (asked: LinkRequest) => throughApp(this.#app as FastifyInstance, asked)
    return (this.breakIt?.(this.gateway, handle) ?? handle)(request)
  }

  async #losePower(request: LinkRequest): Promise<LinkAnswer> {
    this.#cutsInBatches = undefined
    this.#isUp = false
    this.crashes++
    await Promise.allSettled([...this.#handled])
    const before = readFiles(this.#path)
    await this.#ask(request).catch(() => undefined)
    const files = this.#cut(before)
    await this.#comeDown()
    this.#leave(files)
    this.#comeBack(60_000 + this.#random() * 3_600_000)
    throw new VuonError('link-down', 'the province lost its power')
  }

  async #losePowerInUpgrade(): Promise<void> {
    this.upgradeCuts++
    this.crashes++
    const before = readFiles(this.#path)
    const gateway = newGateway(this.#dataDir, this.#clock, this.#random)
    await gateway.open()
    await gateway.serve()
    const files = this.#cut(before)
    await gateway.stop()
    this.#leave(files)
  }

  #cut(before: DatabaseFiles): DatabaseFiles {
    const random = seededRandom(this.#seed + 65_537 * this.crashes)
    const { files, cut } = cutPower(before, readFiles(this.#path), random)
    this.cuts[cut] = (this.cuts[cut] ?? 0) + 1
    return files
  }

  #leave(files: DatabaseFiles): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true })
    writeFiles(this.#path, files)
  }

  async #comeDown(): Promise<void> {
    await Promise.allSettled([...this.#handled])
    this.#life++
    await this.#gateway?.stop()
  }

  #comeBack(downMs: number): void {
    this.#clock.after(downMs, () => void this.#clock.hold(this.open()))
  }

  /** A photo that is whole at the province. */
  photo(agent: string, sha256: string): Uint8Array | undefined {
    const path = join(this.#dataDir, 'blobs', agent, sha256)
    return existsSync(path) ? readFileSync(path) : undefined
  }

  /** True when a finding that is here names it. */
  async expectsPhoto(agent: string, sha256: string): Promise<boolean> {
    const { rows } =
      await sql`SELECT 1 FROM finding_blob WHERE agent = ${agent} AND sha256 = ${sha256}`.execute(
        this.gateway.db,
      )
    return rows.length > 0
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Marks only grow: what a box was told is held stays held. */
  #look({ path }: LinkRequest, { status, body }: LinkAnswer): void {
    if (status !== 200 || !(path === '/sync/v1/batches' || path.startsWith('/sync/v1/cursor'))) return
    const { epoch, lanes } = JSON.parse(new TextDecoder().decode(body)) as SyncAnswer
    for (const lane of LANES) {
      const { durableThrough, held } = lanes[lane]
      const covered = durableThrough + held.reduce((sum, [from, to]) => sum + to - from + 1, 0)
      const before = this.#marks.get(`${epoch} ${lane}`)
      // An answer names at most a hundred ranges; what it does not name may be held all the same.
      const isWhole = held.length < 100
      if (before && durableThrough < before.durableThrough)
        this.breaches.push(`the mark of ${lane} went back from ${before.durableThrough} to ${durableThrough}`)
      else if (before && isWhole && covered < before.covered)
        this.breaches.push(`of ${lane}, ${before.covered} were held and now ${covered}`)
      this.#marks.set(`${epoch} ${lane}`, { durableThrough, covered: isWhole ? covered : durableThrough })
    }
  }

  get #path(): string {
    return join(this.#dataDir, 'gateway.db')
  }

  get #dataDir(): string {
    return join(this.#folder, 'province')
  }
}

function newGateway(dataDir: string, clock: PretendClock, random: Random): Gateway {
  const config = gatewayConfigSchema.parse({
    dataDir,
    publicUrl: 'https://vuon.example',
    log: 'silent',
    claimsPerMinute: 10_000,
  })
  return new Gateway(config, { clock, random, randomBytes: seededBytes(random), withProcessMetrics: false })
}
