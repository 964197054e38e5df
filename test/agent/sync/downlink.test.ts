import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromBase64, toBase64Url } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import {
  type DownlinkEntry,
  type DownlinkKind,
  type DownlinkMessage,
  openDownlink,
  sealDownlink,
} from '#contract/wire/downlink.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import { ConfigTrial } from '../../../agent/config-trial.ts'
import { DownlinkFile } from '../../../agent/downlink-file.ts'
import { BoxSession } from '../../../agent/sync/box-session.ts'
import { Downlink, type DownlinkOptions, type DownlinkStore } from '../../../agent/sync/downlink.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { Box, hours, json, minutes, Province, seconds } from './sync-room.ts'

class PowerCut extends Error {}

/** The box's ear over the real journal, files and gateway; the power may go after any step that lasts. */
class Ear {
  readonly box: Box
  readonly folder = temporaryFolder()
  /** What had an effect, in order. */
  readonly effects: string[] = []
  #downlink: Downlink | undefined
  #stepsLeft = Number.POSITIVE_INFINITY
  #isDead = false

  constructor(box: Box) {
    this.box = box
  }

  /** The power goes when the step of this number is done: the disk is as it is before the next one. */
  cutAfter(step: number): void {
    this.#stepsLeft = step
  }

  get isCut(): boolean {
    return this.#isDead
  }

  listen(change: Partial<DownlinkOptions> = {}): Downlink {
    const { box } = this
    const { clock, agent, key, journal } = box
    const random = box.province.random
    const file = new DownlinkFile(join(this.folder, 'downlink.json'), () => {})
    const trial = new ConfigTrial({
      local: agentConfigSchema.parse({ dataDir: this.folder }),
      onFault: () => {},
    })
    if (trial.state.isOnTrial) trial.tick(0, { phase: 'idle', lastOkAt: 1, lastError: null })
    const store: DownlinkStore = {
      load: () => file.load(),
      keep: (book) => this.#step(() => file.keep(book)),
    }
    const downlink = new Downlink({
      agent,
      province: publicKeyFromRaw(this.provinceKey.publicRaw),
      session: new BoxSession({ link: box.link, key, agent, clock }),
      sha256,
      clock,
      random,
      log: {
        now: () => journal.now(),
        timeQuality: journal.timeQuality,
        records: (kind, options) => journal.records(kind, options),
        appendRecords: async (bodies) => {
          await this.#step(() => journal.appendRecords(bodies))
        },
      },
      store,
      apply: async (no, task) =>
        this.#step(() => {
          if (task.kind !== 'config') {
            this.effects.push(`${no} ${task.kind}`)
            return { outcome: 'applied' as const }
          }
          const answer = trial.propose(no, task.settings)
          if (answer !== 'later' && answer.isToRestart) this.effects.push(`${no} config`)
          return answer
        }),
      retryLongestMs: minutes(5),
      ...change,
    })
    this.#downlink = downlink
    downlink.start()
    return downlink
  }

  async unplug(): Promise<void> {
    await this.#downlink?.stop()
    this.#isDead = false
    this.#stepsLeft = Number.POSITIVE_INFINITY
  }

  get provinceKey() {
    return openKeyFile(join(this.box.province.folder, 'province', 'keys', 'province.key'))
  }

  /** What the box told of each message, oldest first. */
  async told(): Promise<string[]> {
    const rows = await this.box.journal.records('downlink', { limit: 100 })
    return rows.reverse().map(({ entry }) => {
      const { no, outcome, reason } = entry as unknown as DownlinkEntry
      return `${no} ${outcome} ${reason}`.trim()
    })
  }

  #step<T>(work: () => T): T {
    if (this.#isDead) throw new PowerCut()
    const isNow = --this.#stepsLeft <= 0
    const done = work()
    if (!isNow) return done
    this.#isDead = true
    // What was being committed is committed; nobody hears of it.
    if (done instanceof Promise) return done.then(() => Promise.reject(new PowerCut())) as T
    throw new PowerCut()
  }
}

async function earOf(province: Province, seed = 7): Promise<Ear> {
  return new Ear(await Box.open(province, { seed }))
}

const send = (ear: Ear, kind: DownlinkKind, body: Record<string, unknown>, validForMs?: number) =>
  ear.box.province.gateway.sendDownlink({
    agent: ear.box.agent,
    kind,
    body,
    ...(validForMs === undefined ? {} : { validForMs }),
  })
const config = (batchEveryS: number) => ({ settings: { sync: { batchEveryS } } })

describe('a message of the province', () => {
  test('is fetched when an answer says that it is there, applied, and told', async () => {
    const ear = await earOf(await Province.open())
    const downlink = ear.listen()
    await ear.box.clock.advance(hours(0.5))
    const isDownlink = ({ path }: { path: string }) => path.startsWith('/sync/v1/downlink')
    // Nothing is asked while nothing is there: a paid line.
    expect(ear.box.requests.filter(isDownlink)).toEqual([])
    await send(ear, 'config', config(300))
    await send(ear, 'command', { command: 'send-now' })
    downlink.heard(2)
    await ear.box.clock.advance(seconds(30))
    expect(ear.effects).toEqual(['1 config', '2 command'])
    expect(await ear.told()).toEqual(['1 on-trial', '2 applied'])
    expect(downlink.state).toMatchObject({ through: 2, waiting: 0, lastError: null })
    // Told the same number again, there is nothing to ask for.
    for (let times = 0; times < 5; times++) downlink.heard(2)
    await ear.box.clock.advance(minutes(5))
    expect(ear.box.requests.filter(isDownlink)).toHaveLength(1)
    await ear.box.drained()
    const lines = await ear.box.province.gateway.downlinks(ear.box.agent)
    expect(lines.map(({ no, state }) => `${no} ${state}`)).toEqual(['2 applied', '1 on-trial'])
    await ear.unplug()
  })

  test('is asked for by itself when the province has not been heard for an hour', async () => {
    const ear = await earOf(await Province.open())
    await send(ear, 'command', { command: 'send-now' })
    ear.listen()
    await ear.box.clock.advance(minutes(50))
    expect(ear.effects).toEqual([])
    await ear.box.clock.advance(minutes(20))
    expect(ear.effects).toEqual(['1 command'])
    await ear.unplug()
  })

  test('has its effect once and is told once, wherever the power is cut', async () => {
    const province = await Province.open()
    let cuts = 0
    for (let step = 1; ; step++) {
      const ear = await earOf(province, 10 + step)
      await send(ear, 'config', config(300))
      await send(ear, 'command', { command: 'send-now' })
      await send(ear, 'config', config(400))
      ear.cutAfter(step)
      ear.listen().heard(3)
      await province.clock.advance(seconds(20))
      const wasCut = ear.isCut
      await ear.unplug()
      await ear.box.cutPower()
      // Two lives: the second config waits until the first one is no longer on trial.
      for (let life = 0; life < 2; life++) {
        ear.listen().heard(3)
        await province.clock.advance(seconds(20))
        await ear.unplug()
      }
      const where = `after step ${step}`
      expect(
        ear.effects.filter((effect) => effect.endsWith('config')),
        where,
      ).toEqual(['1 config', '3 config'])
      // A command is given again by its number when the power went before it was told; each is harmless twice.
      expect(new Set(ear.effects), where).toEqual(new Set(['1 config', '2 command', '3 config']))
      expect(ear.effects.length, where).toBeLessThanOrEqual(4)
      expect(await ear.told(), where).toEqual(['1 on-trial', '2 applied', '3 on-trial'])
      await ear.box.stop()
      if (!wasCut) break
      cuts++
    }
    // Fetched; and of each message: begun, applied, told, done. The first life ends where the second config has to wait.
    expect(cuts).toBeGreaterThanOrEqual(9)
  }, 60_000)

  test('is not obeyed a second time when the box has lost its book of messages', async () => {
    const ear = await earOf(await Province.open())
    await send(ear, 'command', { command: 'send-now' })
    await send(ear, 'config', config(300))
    ear.listen().heard(2)
    await ear.box.clock.advance(seconds(20))
    await ear.unplug()
    writeFileSync(join(ear.folder, 'downlink.json'), '{"version":1,')
    const downlink = ear.listen()
    downlink.heard(2)
    await ear.box.clock.advance(seconds(20))
    expect(downlink.state).toMatchObject({ through: 2, waiting: 0 })
    expect(ear.effects).toEqual(['1 command', '2 config'])
    expect(await ear.told()).toEqual(['1 applied', '2 on-trial'])
    await ear.unplug()
  })

  test('does not keep the program from ending while the line is dead', async () => {
    const ear = await earOf(await Province.open())
    ear.box.interfere = ({ path }) =>
      path.startsWith('/sync/v1/downlink') ? new Promise(() => {}) : undefined
    await send(ear, 'command', { command: 'send-now' })
    ear.listen().heard(1)
    await ear.box.clock.advance(seconds(5))
    await ear.unplug()
    expect(ear.effects).toEqual([])
  })

  test('that is past its end is refused, and one with an end waits for a box that does not know the time', async () => {
    const ear = await earOf(await Province.open())
    await send(ear, 'command', { command: 'send-now' }, minutes(10))
    await send(ear, 'command', { command: 'send-now' }, hours(3))
    await ear.box.clock.advance(minutes(11))
    ear.box.journal.setTimeQuality('unknown')
    ear.listen().heard(2)
    await ear.box.clock.advance(minutes(5))
    expect([ear.effects, await ear.told()]).toEqual([[], []])
    await ear.unplug()
    ear.box.journal.setTimeQuality('synchronised')
    ear.listen()
    await ear.box.clock.advance(minutes(1))
    expect(await ear.told()).toEqual(['1 refused expired', '2 applied'])
    await ear.unplug()
  })
})

describe('what is not for this box, now,', () => {
  const honest = async () => {
    const ear = await earOf(await Province.open())
    const other = await Box.open(ear.box.province, { seed: 8 })
    for (const batchEveryS of [61, 62, 63]) await send(ear, 'config', config(batchEveryS))
    const { rows } = await ear.box.province.gateway
      .downlinks(ear.box.agent)
      .then((lines) => ({ rows: lines }))
    expect(rows).toHaveLength(3)
    const key = ear.provinceKey
    const session = new BoxSession({
      link: ear.box.link,
      key: ear.box.key,
      agent: ear.box.agent,
      clock: ear.box.clock,
    })
    const asking = session.ask(
      { method: 'GET', path: '/sync/v1/downlink?after=0' },
      new AbortController().signal,
    )
    const answer = await ear.box.clock.finish(asking)
    const { messages } = JSON.parse(Buffer.from(answer.body).toString()) as { messages: string[] }
    const first = openDownlink(fromBase64(messages[0]!)).message
    const forge = (change: Partial<DownlinkMessage>, by = key): string =>
      toBase64Url(sealDownlink({ ...first, ...change }, { key: by, sha256 }).bytes)
    return { ear, other, messages, forge }
  }

  type Honest = Awaited<ReturnType<typeof honest>>
  const stranger = secretKeyFromSeed(new Uint8Array(32).fill(66))
  const HASH = new Uint8Array(32).fill(1)
  test.each<[string, (given: Honest) => (string | undefined)[], string, number]>([
    ['signed by another key', ({ forge }) => [forge({}, stranger)], '1 refused wrong-signature', 0],
    ['for another box', ({ forge, other }) => [forge({ agent: other.agent })], '1 refused other-agent', 0],
    ['from further on', ({ messages }) => [messages[1]], '1 refused gap', 0],
    ['in another order', ({ messages }) => [messages[0], messages[2], messages[1]], '2 refused gap', 1],
    ['once more', ({ messages }) => [messages[0], messages[0]], '2 refused replayed', 1],
    [
      'of another history',
      ({ messages, forge }) => [messages[0], forge({ no: 2, prev: HASH })],
      '2 refused chain-broken',
      1,
    ],
    ['no message at all', () => [toBase64Url(new Uint8Array(40))], '1 refused malformed', 0],
    ['not even base64', () => ['ừ'], '1 refused malformed', 0],
  ])(
    '%s is refused, told once, and changes nothing; what is right is taken later',
    async (_, page, told, through) => {
      const given = await honest()
      const { ear } = given
      const messages = page(given)
      let lies = 0
      ear.box.interfere = ({ path }) => {
        if (!path.startsWith('/sync/v1/downlink')) return undefined
        // Whoever stands in between answers each question with the rest of what it has.
        const rest = messages.slice(lies++ === 0 ? 0 : through)
        return json(200, { messages: rest, highest: 3 })
      }
      const downlink = ear.listen()
      downlink.heard(3)
      await ear.box.clock.advance(minutes(5))
      expect(lies).toBeGreaterThan(2)
      expect(lies).toBeLessThan(20)
      expect(downlink.state).toMatchObject({ through, lastError: { code: 'downlink-malformed' } })
      expect((await ear.told()).filter((line) => line.includes('refused'))).toEqual([told])
      expect(ear.effects).toEqual(through === 1 ? ['1 config'] : [])
      ear.box.interfere = () => undefined
      for (let life = 0; life < 4; life++) {
        await ear.unplug()
        ear.listen().heard(3)
        await ear.box.clock.advance(seconds(20))
      }
      expect(ear.effects).toEqual(['1 config', '2 config', '3 config'])
      await ear.unplug()
    },
  )

  test('a kind to come is kept, told as not understood, and read by the program that knows it', async () => {
    const { ear, forge } = await honest()
    const unknown = forge({ kind: 'weather-warning', body: { mm: 80 } })
    const prev = sha256(fromBase64(unknown))
    const next = forge({ no: 2, prev, kind: 'command', body: { command: 'send-now' } })
    ear.box.interfere = ({ path }) =>
      path.startsWith('/sync/v1/downlink') ? json(200, { messages: [unknown, next], highest: 2 }) : undefined
    const downlink = ear.listen()
    downlink.heard(2)
    await ear.box.clock.advance(minutes(1))
    expect(await ear.told()).toEqual(['1 not-understood kind weather-warning', '2 applied'])
    expect(downlink.state).toMatchObject({ through: 2, waiting: 0, notUnderstood: 1 })
    await ear.unplug()
    // What a newer program finds: a kept message of a kind that it knows.
    const file = new DownlinkFile(join(ear.folder, 'downlink.json'), () => {})
    file.keep({ ...file.load()!, kept: [forge({ no: 1 })] })
    ear.listen()
    await ear.box.clock.advance(minutes(1))
    expect(ear.effects).toEqual(['2 command', '1 config'])
    await ear.unplug()
  })
})
