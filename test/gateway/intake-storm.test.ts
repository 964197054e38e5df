import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { BATCH_TYPE } from '#contract/wire/batch.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway, type GatewayOutside } from '../../gateway/gateway.ts'
import { BodyGate } from '../../gateway/intake/body-gate.ts'
import { FairQueue } from '../../gateway/intake/fair-queue.ts'
import { seededRandom } from '../world/seeded.ts'
import { temporaryFolder } from './province-store.ts'
import { minutes, SignedBox } from './signed-box.ts'

/** A gateway that really listens, and a hand on its store: while it is held, nothing is committed. */
class Flooded {
  readonly gateway: Gateway
  readonly url: string
  readonly #file: string
  /** How far the gateway's clock is ahead of the real one. */
  readonly time: { aheadMs: number }

  constructor(gateway: Gateway, url: string, time: { aheadMs: number }) {
    this.gateway = gateway
    this.url = url
    this.#file = join(gateway.config.dataDir, 'gateway.db')
    this.time = time
  }

  static async open(intakeLimits: GatewayOutside['intakeLimits'] = {}): Promise<Flooded> {
    const time = { aheadMs: 0 }
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => systemClock.monotonicMs() + time.aheadMs,
    }
    const config = gatewayConfigSchema.parse({
      dataDir: temporaryFolder(),
      log: 'silent',
      listen: { port: 0, trustProxy: true },
    })
    const gateway = new Gateway(config, {
      clock,
      random: seededRandom(7),
      randomBytes: (length) => new Uint8Array(length).fill(3),
      withProcessMetrics: false,
      intakeLimits,
    })
    const url = await gateway.listen()
    onTestFinished(() => gateway.stop())
    return new Flooded(gateway, url, time)
  }

  async boxes(count: number): Promise<SignedBox[]> {
    const boxes = Array.from({ length: count }, (_, index) => new SignedBox(index + 1))
    await this.gateway.decide([
      { kind: 'farm', farmId: 'f', name: 'Vườn Tám', commune: 'Hàm Thuận', province: 'Lâm Đồng' },
      ...boxes.map(({ agent, key }, index) => ({
        kind: 'enrolment' as const,
        agent,
        publicKey: key.publicRaw,
        boxCode: `B${index}`,
        farmId: 'f',
      })),
    ])
    return boxes
  }

  /** What the gateway says to a batch that comes from an address: the address of its proxy says so. */
  async send(batch: { bytes: Uint8Array }, from = '10.0.0.1'): Promise<Answer> {
    const answer = await fetch(`${this.url}/sync/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': BATCH_TYPE, 'x-forwarded-for': from },
      body: Buffer.from(batch.bytes),
    })
    const { type } = (await answer.json()) as { type?: string }
    // The store may be held for longer than anybody waits: that is no storm.
    if (type === 'urn:vuon:error:store-busy') return this.send(batch, from)
    return {
      status: answer.status,
      code: type?.split(':').at(-1) ?? '',
      retryAfter: Number(answer.headers.get('retry-after')),
    }
  }

  /** Holds the store until `release`: whoever comes now waits in the queue, or is sent away. */
  hold(): { release: () => void } {
    const other = new Database(this.#file)
    other.exec('BEGIN IMMEDIATE')
    const release = () => void (other.open && other.close())
    onTestFinished(release)
    return { release }
  }

  stored(box: SignedBox): number {
    const file = new Database(this.#file, { readonly: true })
    const { n } = file.prepare('SELECT count(*) AS n FROM log_batch WHERE agent = ?').get(box.agent) as {
      n: number
    }
    file.close()
    return n
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? Number.NaN,
    )
  }
}

// On a machine that is shared, everything may take its time.
const SOON = { timeout: 15_000, interval: 20 }

interface Answer {
  readonly status: number
  readonly code: string
  readonly retryAfter: number
}

const count = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length

describe('a storm of batches', () => {
  it('of one box is answered with 429, and no other box waits for it', async () => {
    const province = await Flooded.open({ waitingOfOne: 4 })
    const [storm, ...others] = (await province.boxes(11)) as [SignedBox, ...SignedBox[]]
    const batches = Array.from({ length: 40 }, () => storm.readings(minutes(1, 5)))
    const { release } = province.hold()
    const flood = Promise.all(batches.map((batch) => province.send(batch)))
    const theirs = Promise.all(
      others.map((box, index) => province.send(box.readings(minutes(1, 5)), `10.1.1.${index}`)),
    )
    // Those that find no room are told at once, while the store is still held.
    const refused = await Promise.race([flood, province.send(batches[39]!, '10.0.0.1').then((one) => [one])])
    expect(count(refused, 429)).toBe(1)
    release()
    const answers = await flood
    expect(count(await theirs, 200)).toBe(10)
    expect(count(answers, 200) + count(answers, 429)).toBe(40)
    expect(count(answers, 429)).toBeGreaterThan(25)
    for (const { status, code, retryAfter } of answers)
      if (status === 429)
        expect([code, retryAfter >= 2 && retryAfter <= 30]).toEqual(['too-many-requests', true])
    expect(province.stored(storm)).toBe(count(answers, 200))
    // What was refused goes through later, and what was stored is stored once.
    for (let at = 0; at < batches.length; at += 4) {
      const again = await Promise.all(batches.slice(at, at + 4).map((batch) => province.send(batch)))
      expect(count(again, 200)).toBe(4)
    }
    expect(province.stored(storm)).toBe(40)
  })

  it('of everybody is answered with 503, and each is told another time to come again', async () => {
    const province = await Flooded.open({ waiting: 10 })
    const boxes = await province.boxes(60)
    const { release } = province.hold()
    const flood = Promise.all(
      boxes.map((box, index) => province.send(box.readings(minutes(1, 5)), `10.1.1.${index}`)),
    )
    await expect
      .poll(() => province.metric('vuon_gateway_refusals_total{code="intake-busy"}'), SOON)
      .toBeGreaterThan(30)
    release()
    const answers = await flood
    const busy = answers.filter(({ status }) => status === 503)
    expect(busy.length + count(answers, 200)).toBe(60)
    expect(new Set(busy.map(({ code }) => code))).toEqual(new Set(['intake-busy']))
    expect(new Set(busy.map(({ retryAfter }) => retryAfter)).size).toBeGreaterThan(1)
    expect(Math.max(...busy.map(({ retryAfter }) => retryAfter))).toBeLessThanOrEqual(60)
    expect(await province.metric('vuon_gateway_intake_waiting_batches')).toBe(0)
    // Dozens shared a transaction.
    expect(await province.metric('vuon_gateway_intake_group_batches_count')).toBeLessThan(count(answers, 200))
  })

  it('by somebody who only says that he is a box takes none of its room', async () => {
    const province = await Flooded.open({ waitingOfOne: 2 })
    const [box] = (await province.boxes(1)) as [SignedBox]
    const forger = Object.assign(box.clone(), { key: new SignedBox(9).key })
    const forged = forger.readings(minutes(1, 5))
    const { release } = province.hold()
    // One waits for the store already, so that what comes now has to queue.
    const first = province.send(box.readings(minutes(1, 5)), '10.0.0.2')
    const lies = Promise.all(Array.from({ length: 40 }, () => province.send(forged, '10.9.9.9')))
    const second = province.send(box.readings(minutes(1, 5)), '10.0.0.2')
    await expect
      .poll(() => province.metric('vuon_gateway_refusals_total{code="too-many-requests"}'), SOON)
      .toBeGreaterThan(30)
    release()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect(new Set((await lies).map(({ code }) => code))).toEqual(
      new Set(['signature-wrong', 'too-many-requests']),
    )
  })
})

describe('batches that share a transaction', () => {
  it('fail alone, and what is decided about a box holds for its next one at once', async () => {
    const province = await Flooded.open()
    const [clean, full, cloned, ...others] = (await province.boxes(12)) as SignedBox[]
    await province.send(full!.readings(minutes(1, 1)))
    const file = new Database(join(province.gateway.config.dataDir, 'gateway.db'))
    const holes = Array.from({ length: 1001 }, (_, index) => [2 * index + 2, 2 * index + 2])
    file
      .prepare(`UPDATE log_mark SET held = ? WHERE agent = ? AND lane = 'reading'`)
      .run(JSON.stringify(holes), full!.agent)
    file.close()
    const twin = cloned!.clone()
    await province.send(cloned!.readings(minutes(1, 5)))
    const beyond = full!.seal('reading', new Uint8Array(3), 1, {
      from: 9001,
      to: 9001,
      prev: new Uint8Array(32),
      form: 'form-9',
    })
    const groupsBefore = await province.metric('vuon_gateway_intake_group_batches_count')
    const { release } = province.hold()
    const first = province.send(clean!.readings(minutes(1, 5)), '10.0.0.1')
    const rest = [
      ...others.map((box) => box.readings(minutes(1, 5))),
      beyond,
      twin.readings(minutes(1, 5, undefined, 900)),
      cloned!.readings(minutes(1, 5)),
    ].map((batch, index) => province.send(batch, `10.0.1.${index}`))
    // Whoever asks after them is answered after they were read.
    await province.metric('vuon_gateway_readings_total')
    release()
    expect((await first).status).toBe(200)
    const answers = await Promise.all(rest)
    expect(answers.slice(0, 9).map(({ status }) => status)).toEqual(Array(9).fill(200))
    expect(answers[9]).toMatchObject({ status: 429, code: 'too-many-requests' })
    expect(answers[10]).toMatchObject({ status: 409, code: 'batch-equivocation' })
    // The last two may come in either order over two sockets.
    expect(['agent-suspended', '']).toContain(answers[11]?.code)
    expect(province.stored(full!)).toBe(1)
    expect(await province.send(cloned!.readings(minutes(1, 1)))).toMatchObject({ code: 'agent-suspended' })
    expect((await province.metric('vuon_gateway_intake_group_batches_count')) - groupsBefore).toBeLessThan(12)
  })
})

describe('a body that comes slowly', () => {
  const SLOW =
    'POST /sync/v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n' +
    `content-type: ${BATCH_TYPE}\r\nx-forwarded-for: 10.6.6.6\r\n\r\nabc`

  async function dribble(province: Flooded): Promise<Socket> {
    const socket = connect(Number(new URL(province.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    await new Promise<void>((resolve) => socket.write(SLOW, () => resolve()))
    return socket
  }

  it('holds a place only as long as nobody needs it', async () => {
    const province = await Flooded.open({ bodies: 3 })
    const [box] = (await province.boxes(1)) as [SignedBox]
    const slow = [await dribble(province), await dribble(province), await dribble(province)]
    const batch = box.readings(minutes(1, 5))
    // All three have only begun: they may be on a slow link.
    await expect.poll(async () => (await province.send(batch)).code, SOON).toBe('intake-busy')
    province.time.aheadMs = 60_000
    expect((await province.send(batch)).status).toBe(200)
    await expect.poll(() => slow.filter((socket) => socket.destroyed).length, SOON).toBe(1)
  })

  it('takes from one address no more places than are for one', async () => {
    const province = await Flooded.open({ bodies: 100, bodiesOfOne: 2 })
    const [box] = (await province.boxes(1)) as [SignedBox]
    await dribble(province)
    await dribble(province)
    const batch = box.readings(minutes(1, 5))
    await expect
      .poll(async () => (await province.send(batch, '10.6.6.6')).code, SOON)
      .toBe('too-many-requests')
    expect((await province.send(batch, '10.0.0.5')).status).toBe(200)
  })

  it('is not begun while this program comes late to everything', () => {
    const at = (lagMs: number) =>
      new BodyGate({ clock: systemClock, random: () => 0.5, lagMs: () => lagMs }).enter('10.0.0.1')
    expect(() => at(200)).not.toThrow()
    expect(() => at(1500)).toThrow(VuonError)
  })
})

describe('turns', () => {
  it('go round among senders, and what is urgent goes first', () => {
    const queue = new FairQueue<string>()
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add(name[0]!, name, false)
    queue.add('b', 'b!', true)
    queue.add('d', 'd!', true)
    expect([queue.size, queue.waitingOf('b')]).toEqual([8, 3])
    const order: string[] = []
    for (let next = queue.next(); next; next = queue.next()) order.push(next)
    expect(order).toEqual(['b!', 'd!', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    expect([queue.size, queue.waitingOf('b')]).toEqual([0, 0])
  })
})
