import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import { toBase64Url } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { ERRORS, type ErrorCode } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { BATCH_TYPE } from '#contract/wire/batch.ts'
import { type ClaimAnswer, claimProof, type SyncAnswer, sessionProof } from '#contract/wire/sync-protocol.ts'
import type { Viewer } from '../../gateway/accounts/viewer.ts'
import { type GatewayConfig, gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { temporaryFolder } from './province-store.ts'
import { DAY, SignedBox } from './signed-box.ts'

type App = Awaited<ReturnType<Gateway['serve']>>
type Injected = Awaited<ReturnType<App['inject']>>

export const FARM = 'f-1'
/** A person of the province who may see every farm. */
export const EVERYTHING: Viewer = {
  kind: 'person',
  personId: 'p-1',
  name: 'Sở',
  role: 'department',
  farmIds: 'all',
  language: 'vi',
}

/** The whole gateway behind its HTTP side, on a real store in a temporary folder; its clock stands until a test moves it. */
export class RunningGateway {
  readonly gateway: Gateway
  readonly app: App
  readonly #time: { wallMs: number; monotonicMs: number }

  constructor(gateway: Gateway, app: App, time: { wallMs: number; monotonicMs: number }) {
    this.gateway = gateway
    this.app = app
    this.#time = time
  }

  static async open(
    options: { dataDir?: string; config?: Partial<GatewayConfig> } = {},
  ): Promise<RunningGateway> {
    const time = { wallMs: DAY + 12 * 3_600_000, monotonicMs: 1000 }
    const clock: Clock = {
      wallMs: () => time.wallMs,
      monotonicMs: () => time.monotonicMs,
      after(_, run) {
        setImmediate(run)
        return () => {}
      },
    }
    let drawn = 0
    const dataDir = options.dataDir ?? temporaryFolder()
    const config = gatewayConfigSchema.parse({ dataDir, log: 'silent', ...options.config })
    const gateway = new Gateway(config, {
      clock,
      random: () => 0.5,
      randomBytes: (length) => sha256(new TextEncoder().encode(`${dataDir} ${drawn++}`)).subarray(0, length),
      withProcessMetrics: false,
    })
    const app = await gateway.serve()
    onTestFinished(() => gateway.stop())
    return new RunningGateway(gateway, app, time)
  }

  /** A gateway with one farm and one box that was claimed over HTTP. */
  static async withBox(): Promise<{ province: RunningGateway; box: SignedBox }> {
    const province = await RunningGateway.open()
    await province.addFarm()
    const box = new SignedBox()
    await province.enrol(box)
    return { province, box }
  }

  get nowMs(): number {
    return this.#time.wallMs
  }

  advance(ms: number): void {
    this.#time.wallMs += ms
    this.#time.monotonicMs += ms
  }

  async addFarm(farmId = FARM, name = 'Vườn Tám'): Promise<void> {
    await this.gateway.decide([{ kind: 'farm', farmId, name, commune: 'Hàm Thuận', province: 'Lâm Đồng' }])
  }

  async enrol(box: SignedBox, farmId = FARM): Promise<ClaimAnswer> {
    const answer = await this.claim(box, await this.gateway.newClaimCode(farmId))
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.json()
  }

  claim(box: SignedBox, code: string, change: Record<string, unknown> = {}): Promise<Injected> {
    const publicKey = toBase64Url(box.key.publicRaw)
    const signature = toBase64Url(box.key.sign(claimProof(code)))
    return this.post('/sync/v1/claim', { code, publicKey, signature, program: 'vuon-agent 0.1', ...change })
  }

  post(url: string, body: object): Promise<Injected> {
    return this.app.inject({ method: 'POST', url, payload: body })
  }

  send(batch: { readonly bytes: Uint8Array }): Promise<Injected> {
    return this.app.inject({
      method: 'POST',
      url: '/sync/v1/batches',
      headers: { 'content-type': BATCH_TYPE },
      payload: Buffer.from(batch.bytes),
    })
  }

  async take(batch: { readonly bytes: Uint8Array }): Promise<SyncAnswer> {
    const answer = await this.send(batch)
    expect(answer.statusCode, answer.body).toBe(200)
    return answer.json()
  }

  /** A bearer token, as a box gets it. */
  async session(box: SignedBox): Promise<string> {
    const challenge = await this.post('/sync/v1/session', { agent: box.agent })
    const { nonce } = challenge.json() as { nonce: string }
    const signature = toBase64Url(box.key.sign(sessionProof(box.agent, nonce)))
    const grant = await this.post('/sync/v1/session', { agent: box.agent, nonce, signature })
    expect(grant.statusCode, grant.body).toBe(200)
    return (grant.json() as { token: string }).token
  }

  async rows<Row = Record<string, unknown>>(query: string): Promise<Row[]> {
    return (await sql.raw<Row>(query).execute(this.gateway.db)).rows
  }

  /** A hash of every row of every table that a refusal must leave alone: not when a box was last heard of. */
  async stored(...exceptTables: string[]): Promise<string> {
    const tables = await this.rows<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('box_seen', 'log_head') ORDER BY name`,
    )
    const dump: Record<string, string[]> = {}
    for (const { name } of tables)
      if (!exceptTables.includes(name))
        dump[name] = (await this.rows(`SELECT * FROM ${name}`)).map((row) => JSON.stringify(row)).sort()
    return Buffer.from(sha256(new TextEncoder().encode(JSON.stringify(dump)))).toString('hex')
  }
}

/** An RFC 9457 problem, whole: what went wrong in a sentence, and what a person can do about it. */
export function expectProblem(answer: Injected, code: ErrorCode): void {
  const { status, sentence } = ERRORS[code]
  expect(answer.headers['content-type'], answer.body).toMatch(/^application\/problem\+json/)
  const problem = answer.json() as Record<string, unknown>
  expect(problem).toMatchObject({ type: `urn:vuon:error:${code}`, title: sentence, status })
  expect(answer.statusCode).toBe(status)
  expect(String(problem['detail']).length).toBeGreaterThan(10)
  expect(String(problem['hint']).length).toBeGreaterThan(10)
  expect(answer.body).not.toMatch(/at .*\.ts:\d+|node_modules/)
  if (status === 429 || status === 503) {
    const seconds = Number(answer.headers['retry-after'])
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
  }
}
