import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BATCH_TYPE, type SealedBatch } from '#contract/wire/batch.ts'
import type { SyncAnswer } from '#contract/wire/sync-protocol.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { RealProgram } from '../world/real-programs.ts'
import { freePort } from '../world/real-services.ts'
import { temporaryFolder } from './province-store.ts'
import { DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

/** Two gateways as processes of their own over one database, as behind a load balancer. */
interface Pair {
  readonly dataDir: string
  readonly urls: readonly [string, string]
  readonly boxes: readonly SignedBox[]
}

const BOXES = 4

async function openPair(): Promise<Pair> {
  const folder = temporaryFolder()
  const dataDir = join(folder, 'province')
  const boxes = Array.from({ length: BOXES }, (_, index) => new SignedBox(index + 1))
  await enrolAll(dataDir, boxes)
  const programs = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const port = await freePort()
      const config = { dataDir, listen: { port }, log: 'warn' }
      return new RealProgram({ bin: 'vuon-gateway', folder: join(folder, name), config, port })
    }),
  )
  onTestFinished(async () => void (await Promise.all(programs.map((program) => program.stop()))))
  await Promise.all(programs.map((program) => program.start()))
  const [one, two] = programs as [RealProgram, RealProgram]
  return { dataDir, urls: [one.url, two.url], boxes }
}

async function enrolAll(dataDir: string, boxes: readonly SignedBox[]): Promise<void> {
  const gateway = new Gateway(gatewayConfigSchema.parse({ dataDir, log: 'silent' }), {
    clock: { wallMs: () => DAY, monotonicMs: () => 0, after: () => () => {} },
    random: () => 0.5,
    randomBytes: (length) => new Uint8Array(length).fill(5),
    withProcessMetrics: false,
  })
  await gateway.open()
  await gateway.decide([
    { kind: 'farm', farmId: 'f', name: 'Vườn Tám', commune: 'Hàm Thuận', province: 'Lâm Đồng' },
    ...boxes.map(({ agent, key }, index) => ({
      kind: 'enrolment' as const,
      agent,
      publicKey: key.publicRaw,
      boxCode: `B${index}`,
      farmId: 'f',
    })),
  ])
  await gateway.stop()
}

/** Every status that the batch was answered with, sent again as long as it is told to come later. */
async function send(
  url: string,
  { bytes }: SealedBatch,
): Promise<{ statuses: number[]; answer: SyncAnswer }> {
  const statuses: number[] = []
  for (;;) {
    const response = await fetch(`${url}/sync/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': BATCH_TYPE },
      body: Buffer.from(bytes),
    })
    statuses.push(response.status)
    const answer = (await response.json()) as SyncAnswer
    if (response.status !== 503 || statuses.length >= 20) return { statuses, answer }
  }
}

const codeOf = (answer: unknown) => (answer as { type?: string }).type?.split(':').at(-1)

function asked<Row>(dataDir: string, query: string, ...values: unknown[]): Row[] {
  const file = new Database(join(dataDir, 'gateway.db'), { readonly: true })
  const rows = file.prepare(query).all(...values) as Row[]
  file.close()
  return rows
}

// Each starts two programs.
describe('two gateways in two processes over one database', { timeout: 60_000 }, () => {
  it('store each batch once, in whatever order and wherever it comes, and never say more than is durable', async () => {
    const { dataDir, urls, boxes } = await openPair()
    const BATCHES = 10
    const sent = boxes.flatMap((box) => {
      const series = box.records(seriesEntry(1))
      const readings = Array.from({ length: BATCHES }, (_, index) =>
        box.readings(minutes(1, 10, DAY + index * 600_000)),
      )
      return [series, ...readings].map((batch) => ({ box, batch }))
    })
    // The same at both, and everything shuffled: gaps open and close while both write.
    const jobs = sent.flatMap(({ box, batch }) => urls.map((url) => ({ box, batch, url })))
    const shuffled = jobs
      .map((job, index) => ({ job, at: (Math.imul(index + 1, 2654435761) >>> 0) % 1000 }))
      .sort((a, b) => a.at - b.at)
      .map(({ job }) => job)
    const answers = await Promise.all(
      shuffled.map(async ({ box, batch, url }) => ({ box, ...(await send(url, batch)) })),
    )
    const refused = answers.flatMap(({ statuses }) => statuses).filter((status) => status !== 200)
    // Another's lock is waited for; whoever has to wait too long is told so, and nothing else leaks out.
    expect(refused.filter((status) => status !== 503)).toEqual([])
    expect(answers.every(({ statuses }) => statuses.at(-1) === 200)).toBe(true)
    for (const { agent, epoch } of boxes) {
      const rows = asked<{ lane: string; n: number; last: number }>(
        dataDir,
        'SELECT lane, count(*) AS n, max(to_seq) AS last FROM log_batch WHERE agent = ? GROUP BY lane ORDER BY lane',
        agent,
      )
      expect(rows).toEqual([
        { lane: 'reading', n: BATCHES, last: BATCHES * 10 },
        { lane: 'record', n: 1, last: 1 },
      ])
      const [mark] = asked<{ held: string }>(
        dataDir,
        `SELECT held FROM log_mark WHERE agent = ? AND epoch = ? AND lane = 'reading'`,
        ...[agent, epoch],
      )
      expect(JSON.parse(mark?.held ?? '')).toEqual([[1, BATCHES * 10]])
      const [sum] = asked<{ count: number }>(
        dataDir,
        `SELECT sum(count) AS count FROM rollup WHERE agent = ? AND span = 'h'`,
        agent,
      )
      expect(sum?.count).toBe(BATCHES * 10)
    }
    // Numbers of arrival are given once, in the order of the commits.
    const arrivals = asked<{ arrival: number }>(dataDir, 'SELECT arrival FROM log_batch ORDER BY arrival')
    expect(new Set(arrivals.map(({ arrival }) => arrival)).size).toBe(arrivals.length)
  })

  it('refuse at once what the other one has decided, whatever they remember of a box', async () => {
    const { dataDir, urls, boxes } = await openPair()
    const [one, two] = urls
    const [cloned, honest] = boxes as [SignedBox, SignedBox]
    // Both have seen both boxes, and have their keys in memory.
    const twin = cloned.clone()
    for (const url of urls) {
      expect((await send(url, cloned.readings(minutes(1, 5)))).statuses).toEqual([200])
      expect((await send(url, honest.readings(minutes(1, 5)))).statuses).toEqual([200])
    }
    const other = await send(one, twin.readings(minutes(1, 5, DAY, 900)))
    expect(codeOf(other.answer)).toBe('batch-equivocation')
    const next = cloned.readings(minutes(1, 5))
    expect(codeOf((await send(two, next)).answer)).toBe('agent-suspended')
    expect(codeOf((await send(one, next)).answer)).toBe('agent-suspended')
    expect((await send(two, honest.readings(minutes(1, 5)))).statuses).toEqual([200])
    // One decision, however many saw it.
    const suspended = asked(dataDir, 'SELECT agent FROM enrolment WHERE suspended_at IS NOT NULL')
    expect(suspended).toEqual([{ agent: cloned.agent }])
  })

  it('answer both versions of one range in one way, when each comes to another of them at once', async () => {
    const { dataDir, urls, boxes } = await openPair()
    const pairs = boxes.map((box) => [
      box.readings(minutes(1, 10)),
      box.clone().readings(minutes(1, 10, DAY, 900)),
    ])
    const answers = await Promise.all(
      pairs.map((versions) => Promise.all(versions.map((version, index) => send(urls[index]!, version)))),
    )
    for (const each of answers) expect(each.map(({ statuses }) => statuses.at(-1)).sort()).toEqual([200, 409])
    const rows = asked<{ n: number }>(
      dataDir,
      `SELECT count(*) AS n FROM log_batch WHERE lane = 'reading' UNION ALL SELECT count(*) FROM log_aside`,
    )
    expect(rows).toEqual([{ n: BOXES }, { n: BOXES }])
  })
})
