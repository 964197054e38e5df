import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { toHex, utf8 } from '#contract/ground/bytes.ts'
import type { DownlinkKind } from '#contract/wire/downlink.ts'
import { modelsPath } from '../../agent/data-folder.ts'
import { examine } from '../../agent/health/doctor.ts'
import type { LinkRequest } from '../../agent/sync/link.ts'
import { bundleOf, newRelease, putCases } from '../agent/vision/bundles.ts'
import { putModels } from '../agent/vision/drawn-models.ts'
import { leafJpeg } from '../agent/vision/drawn-photos.ts'
import { BAD_LINK } from '../world/pretend-link.ts'
import { temporaryFolder } from '../world/real-services.ts'
import { type Farm, hours, minutes, seconds, World } from '../world/world.ts'

/** The walk of a message: province → record → cursor → box → config, command, model → journal → province. */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

async function open(seed: number, config: Record<string, unknown> = {}): Promise<Farm> {
  world = await World.open({ seed })
  const farm = await world.addFarm({ config })
  await world.advance(minutes(3))
  return farm
}

const agentOf = (farm: Farm): string => farm.agent.enrolment!.agent
const send = (farm: Farm, kind: DownlinkKind, body: Record<string, unknown>): Promise<number> =>
  world!.gateway.sendDownlink({ agent: agentOf(farm), kind, body })

/** What must not wait, and brings an answer: the province says in it that there is something. */
const registerPlot = (farm: Farm): Promise<unknown> =>
  world!.clock.finish(
    farm.agent.journal.appendRecords([{ kind: 'plot', plot: 'b', name: 'Lô B', crop: 'mango', areaHa: 1 }]),
  )

/** What the province knows of each message, oldest first. */
const states = async (farm: Farm): Promise<string[]> =>
  (await world!.gateway.downlinks(agentOf(farm)))
    .map(({ no, state, reason }) => `${no} ${state} ${reason}`.trim())
    .reverse()

/** What `doctor` on the box says of the province. */
async function saidByDoctor(farm: Farm): Promise<string[]> {
  const running = { ...(await farm.agent.overview()), now: farm.agent.journal.now() }
  const facts = { configFile: 'box.yaml', arch: 'arm64', totalMemoryBytes: 1e9, freeMemoryBytes: 5e8 }
  const { dataDir } = farm
  const rest = {
    dataDir,
    isWritable: true,
    freeDiskBytes: null,
    hasKey: true,
    keyProblem: null,
    claimed: null,
  }
  const more = {
    pageCode: null,
    pagePort: 8080,
    lossWindowMs: 1000,
    quotaMb: 100,
    serialPorts: [],
    journalDamage: [],
  }
  return examine({ ...facts, ...rest, ...more, running }, 'en')
    .filter(({ name }) => /^(downlink|province-config|model)/.test(name))
    .map(({ state, sentence }) => `${state}: ${sentence}`)
}

describe('a config of the province', () => {
  test('is fetched, tried, in force, and known there as applied; the box’s own file is left alone', async () => {
    const farm = await open(31)
    const plain = farm.agent.config
    await send(farm, 'config', {
      settings: { sync: { batchEveryS: 30 }, buses: { 'line-1': { probes: { 'soil-a': { everyS: 120 } } } } },
    })
    expect(await states(farm)).toEqual(['1 issued'])
    await world!.advance(minutes(5))
    expect(await states(farm)).toEqual(['1 applied'])
    expect(farm.restarts).toEqual(['config of message 1'])
    expect(farm.agent.config.sync.batchEveryS).toBe(30)
    expect(farm.agent.config.buses[0]).toMatchObject({ probes: [{ everyS: 60 }, { everyS: 120 }] })
    expect(farm.agent.config.plots).toEqual(plain.plots)
    const said = (await saidByDoctor(farm)).join('\n')
    expect(said).toContain('up to number 1')
    expect(said).toContain(
      'Set by the province (message 1): sync.batchEveryS = 30, buses.line-1.probes.soil-a.everyS = 120',
    )
    // Taken off again by the next one, which has none of it.
    await send(farm, 'config', { settings: {} })
    await world!.advance(minutes(5))
    expect(await states(farm)).toEqual(['1 applied', '2 applied'])
    expect(farm.agent.config).toEqual(plain)
    await farm.restart()
    await world!.advance(minutes(5))
    expect(farm.restarts).toHaveLength(2)
    await world!.gateway.rebuild()
    expect(await states(farm)).toEqual(['1 applied', '2 applied'])
  })

  test('with mistakes is refused with its key and what would be right, and nothing starts anew', async () => {
    const farm = await open(32)
    await send(farm, 'config', { settings: { sync: { batchEveryS: 0 }, page: { port: 80 } } })
    await send(farm, 'config', { settings: { sync: { batchEveryS: -4 } } })
    await world!.advance(minutes(5))
    const [first, second] = await states(farm)
    expect(first).toMatch(/^1 refused page\.port is not for the province to set/)
    expect(second).toMatch(/^2 refused sync\.batchEveryS .*got -4.* from 1 to 86400/)
    expect(farm.restarts).toEqual([])
    expect(farm.agent.config.sync.batchEveryS).toBe(60)
  })

  test('is refused where the farm says so', async () => {
    const farm = await open(33, { downlink: { config: 'refuse' } })
    await send(farm, 'config', { settings: { sync: { batchEveryS: 30 } } })
    await world!.advance(minutes(5))
    expect(await states(farm)).toEqual(['1 refused downlink.config on the box says refuse'])
  })

  test('that breaks the way to the province is taken back by the box itself, which then tells', async () => {
    const farm = await open(34)
    const through = farm.link.request.bind(farm.link)
    const signIn = { status: 403, headers: {}, body: utf8('<title>Đăng nhập</title>') }
    farm.link.request = (request: LinkRequest) =>
      farm.agent.config.sync.batchEveryS === 300 ? Promise.resolve(signIn) : through(request)
    await send(farm, 'config', { settings: { sync: { batchEveryS: 300 } } })
    await world!.advance(minutes(12))
    expect(farm.agent.config.sync.batchEveryS).toBe(300)
    expect((await saidByDoctor(farm)).join('\n')).toContain('On trial, set by the province (message 1)')
    expect((await states(farm)).join()).not.toContain('applied')
    await world!.advance(minutes(10))
    expect(farm.restarts).toEqual(['config of message 1', 'the config of the province was taken back'])
    expect(farm.agent.config.sync.batchEveryS).toBe(60)
    expect(await states(farm)).toEqual([
      '1 rolled-back no exchange with the province for 15 minutes (link-refused)',
    ])
    expect((await saidByDoctor(farm)).join('\n')).toContain(
      'warning: A config of the province (message 1) was taken back',
    )
    const { lanes } = await farm.agent.journal.state()
    expect(lanes.record.durableThrough).toBe(lanes.record.lastSeq)
  })

  test('is not taken back because the line was dead for some hours', async () => {
    const farm = await open(35)
    await send(farm, 'config', { settings: { sync: { batchEveryS: 300 } } })
    while (farm.restarts.length === 0) await world!.advance(seconds(5))
    farm.link.faults.isUp = false
    await world!.advance(hours(2))
    await farm.restart()
    farm.link.faults.isUp = true
    await world!.advance(minutes(12))
    expect(await states(farm)).toEqual(['1 applied'])
    expect(farm.agent.config.sync.batchEveryS).toBe(300)
  })

  test('is applied once over the worst link, through restarts of either side', async () => {
    const farm = await open(36)
    farm.link.faults = { ...BAD_LINK }
    for (const batchEveryS of [31, 32, 33])
      await send(farm, 'config', { settings: { sync: { batchEveryS } } })
    for (let round = 0; round < 6; round++) {
      await world!.advance(minutes(7))
      if (round % 2 === 0) await farm.restart()
      else await world!.restartGateway()
    }
    await world!.advance(minutes(20))
    expect(await states(farm)).toEqual(['1 applied', '2 applied', '3 applied'])
    expect(farm.restarts).toEqual([1, 2, 3].map((no) => `config of message ${no}`))
    expect(farm.agent.config.sync.batchEveryS).toBe(33)
  })
})

describe('a command of the province', () => {
  test('is obeyed once: readings go now, the clock is looked at, the program starts anew', async () => {
    const farm = await open(41, { sync: { batchEveryS: 3600 } })
    await world!.advance(minutes(20))
    const waiting = async () => {
      const { reading } = (await farm.agent.journal.state()).lanes
      return reading.lastSeq - reading.durableThrough
    }
    expect(await waiting()).toBeGreaterThan(100)
    await send(farm, 'command', { command: 'send-now' })
    await send(farm, 'command', { command: 'check-clock' })
    await registerPlot(farm)
    await world!.advance(minutes(2))
    expect(await states(farm)).toEqual(['1 applied', '2 applied'])
    expect(await waiting()).toBeLessThan(40)
    await send(farm, 'command', { command: 'restart' })
    await registerPlot(farm)
    await world!.advance(minutes(2))
    expect((await states(farm)).at(-1)).toBe('3 applied')
    expect(farm.restarts).toEqual(['the province asked for it'])
    await world!.advance(hours(1))
    expect(farm.restarts).toHaveLength(1)
  })

  test('that this program does not know is refused by its name', async () => {
    const farm = await open(42)
    await send(farm, 'command', { command: 'format-disk' })
    await world!.advance(minutes(3))
    expect(await states(farm)).toEqual(['1 refused unknown command format-disk'])
  })

  test('brings a photo that would stay on the box, through a restart; one that is not there is refused', async () => {
    const farm = await open(43, { sync: { budget: { photos: 'thumbnails' } } })
    const taking = farm.agent.photos.takeStream(Readable.from([await leafJpeg()]), {
      crop: 'dragon-fruit',
      organ: 'stem',
      plot: 'lo-a',
      person: '',
    })
    const looked = await world!.clock.finish(taking)
    if (!('finding' in looked)) throw new Error(looked.refused)
    await world!.advance(minutes(5))
    expect(farm.agent.photos.isHeld(looked.finding)).toBe(false)
    const sha256 = toHex(looked.finding.photo.sha256)
    await send(farm, 'command', { command: 'photo-upload', sha256 })
    await send(farm, 'command', { command: 'photo-upload', sha256: 'ab'.repeat(32) })
    await send(farm, 'command', { command: 'restart' })
    await world!.advance(minutes(5))
    expect(await states(farm)).toEqual([
      '1 applied it is sent when the line is free',
      '2 refused no such photo on the box',
      '3 applied',
    ])
    expect(farm.restarts).toHaveLength(1)
    expect(farm.agent.photos.isHeld(looked.finding)).toBe(true)
  })
})

describe('a model of the province', () => {
  const weights = new Uint8Array(300_000).map((_, index) => (index * 37) % 249)
  async function offer(farm: Farm): Promise<string> {
    const file = join(temporaryFolder(), 'stem.onnx')
    writeFileSync(file, weights)
    const body = offerOf(file)
    await send(farm, 'model-offer', { model: 'dragon-fruit-stem', version: '2.1.0', ...body })
    return body.sha256
  }
  function offerOf(file: string) {
    const { sha256, sizeBytes } = world!.gateway.takeModel(file)
    return { sha256, sizeBytes, path: `/sync/v1/models/${sha256}` }
  }

  test('comes in parts over a bad link, is checked, and lies there: nobody says that it is used', async () => {
    const farm = await open(51)
    farm.link.faults = { ...BAD_LINK, delayMs: [20, 400] }
    const sha256 = await offer(farm)
    await world!.advance(minutes(45))
    expect(await states(farm)).toEqual(['1 stored dragon-fruit-stem 2.1.0 is on the box, not in use'])
    expect(new Uint8Array(readFileSync(join(modelsPath(farm.dataDir), `${sha256}.onnx`)))).toEqual(weights)
    expect((await saidByDoctor(farm)).at(-1)).toContain('photos are not looked at with it')
  })

  test('that is a bundle is taken in and runs in the shadow; a stranger’s is refused', async () => {
    const { folder: models, stem } = putModels(join(temporaryFolder(), 'models'))
    await putCases(stem)
    const farm = await open(53, { photos: { models } })
    const release = newRelease(stem, `${stem}-1.1.0`, { version: '1.1.0' })
    const own = `${release}.bundle`
    writeFileSync(own, world!.gateway.packModel(release).bytes)
    for (const file of [bundleOf(release, `${release}.strange`), own])
      await send(farm, 'model-offer', { model: 'dragon-fruit-stem', version: '1.1.0', ...offerOf(file) })
    const isSettled = async () => (await states(farm)).every((state) => !/offered|issued|fetched/.test(state))
    while (!(await isSettled())) {
      // The vision process lives in real time: the clock stands while it is at work.
      await expect.poll(() => farm.agent.photos.state.worker.waiting, { timeout: 30_000 }).toBe(0)
      await world!.advance(seconds(1))
    }
    expect(await states(farm)).toEqual([
      expect.stringMatching(/^1 refused bundle-untrusted/),
      '2 applied dragon-fruit-stem 1.1.0: runs in the shadow',
    ])
    expect((await saidByDoctor(farm)).join('\n')).toContain(
      'Model dragon-fruit-stem 1.1.0 is on trial and not shown',
    )
    expect(readdirSync(modelsPath(farm.dataDir)).filter((name) => name.endsWith('.onnx'))).toEqual([])
    const [told] = await world!.clock.finish(farm.agent.journal.records('model-change', { limit: 9 }))
    expect(told?.entry).toMatchObject({ change: 'shadowing', by: 'province', model: { version: '1.1.0' } })
  }, 60_000)

  test('is not fetched over a line that is paid by the megabyte', async () => {
    const farm = await open(52, { sync: { budget: { metered: true } } })
    await offer(farm)
    await registerPlot(farm)
    await world!.advance(minutes(40))
    expect(await states(farm)).toEqual(['1 offered'])
    expect(farm.agent.upstream.budget.bytes.photos).toBe(0)
    expect((await saidByDoctor(farm)).at(-1)).toContain('offers model dragon-fruit-stem 2.1.0 (0.3 MB)')
  })
})
