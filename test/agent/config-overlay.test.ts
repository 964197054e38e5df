import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type AgentConfig, agentConfigSchema, agentJsonSchema } from '../../agent/config.ts'
import { layOver } from '../../agent/config-overlay.ts'
import { ConfigTrial, inForceAt, TRIAL_MS } from '../../agent/config-trial.ts'
import { overlayPath } from '../../agent/data-folder.ts'
import { temporaryFolder } from '../world/real-services.ts'

const local = (change: object = {}): AgentConfig =>
  agentConfigSchema.parse({
    dataDir: '/nowhere',
    alarms: [
      { name: 'Nóng quá', quantity: 'air-temperature', above: 38 },
      { name: 'Khô', device: 'soil-a', quantity: 'soil-moisture', below: 20 },
    ],
    buses: [
      {
        kind: 'serial',
        name: 'line-1',
        path: '/dev/ttyUSB0',
        probes: [{ name: 'soil-a', profile: 'cwt-soil-7in1', unit: 2, everyS: 60 }],
      },
      { kind: 'mqtt', name: 'm', url: 'mqtts://broker.example', username: 'box', password: 'quả thanh long' },
    ],
    ...change,
  })

const mistakesOf = (settings: Record<string, unknown>) => {
  const laid = layOver(local(), settings)
  return 'mistakes' in laid ? laid.mistakes : []
}

describe('settings of the province', () => {
  test('are laid over the file of the box, lists by the names of what stands in them', () => {
    const laid = layOver(local(), {
      sync: { batchEveryS: 300, budget: { quietHours: ['18:00-21:00'], mbPerDay: 5 } },
      alarms: { 'Nóng quá': { above: 40 } },
      buses: { 'line-1': { probes: { 'soil-a': { everyS: 600 } } } },
      devices: { 'lá 1': { everyS: 120 } },
    })
    if ('mistakes' in laid) throw new Error(JSON.stringify(laid.mistakes))
    const { config, changes } = laid
    expect(config.sync).toMatchObject({ batchEveryS: 300, retryLongestS: 300 })
    expect(config.sync.budget).toMatchObject({ mbPerDay: 5, quietHours: ['18:00-21:00'], metered: false })
    expect(config.alarms.map(({ above, below }) => above ?? below)).toEqual([40, 20])
    expect(config.buses[0]).toMatchObject({ path: '/dev/ttyUSB0', probes: [{ unit: 2, everyS: 600 }] })
    expect(config.buses[1]).toEqual(local().buses[1])
    expect(config.devices).toEqual({ 'lá 1': { place: '', everyS: 120 } })
    expect(changes).toContainEqual({ key: 'alarms.Nóng quá.above', value: 40, local: 38 })
    expect(changes).toContainEqual({ key: 'sync.budget.mbPerDay', value: 5, local: undefined })
    expect(changes).toHaveLength(6)
  })

  test('of none leave the config as it is, every kind of setting in it', () => {
    expect(layOver(local(), {})).toEqual({ config: local(), changes: [] })
  })

  test.each([
    [{ page: { port: 80 } }, 'page.port', 'not for the province'],
    [{ page: { host: '0.0.0.0' } }, 'page.host', 'not for the province'],
    [{ dataDir: '/tmp' }, 'dataDir', 'not for the province'],
    [{ downlink: { config: 'accept' } }, 'downlink.config', 'not for the province'],
    [{ buses: { m: { url: 'mqtt://thief.example' } } }, 'buses.m.url', 'not for the province'],
    [{ buses: { m: { password: 'x' } } }, 'buses.m.password', 'not for the province'],
    [{ buses: { 'line-1': { path: '/dev/sda' } } }, 'buses.line-1.path', 'not for the province'],
    [{ buses: [] }, 'buses', 'not for the province'],
    [{ alarms: [] }, 'alarms', 'not for the province'],
    [{ alarms: { 'Lạnh quá': { below: 5 } } }, 'alarms.Lạnh quá', 'is not on this box'],
    [{ gateway: 'https://elsewhere.example' }, 'gateway', 'is not a setting'],
    [{ sync: { batchEveryS: 0 } }, 'sync.batchEveryS', 'got 0'],
    [{ sync: { batchEveryS: 'often' } }, 'sync.batchEveryS', 'often'],
    [
      { sync: { budget: { quietHours: ['25:00-26:00'] } } },
      'sync.budget.quietHours[0]',
      'stretch of the day',
    ],
    [{ alarms: { Khô: { above: 3 } } }, 'alarms[1]', 'above'],
    [{ constructor: { x: 1 } }, 'constructor', ''],
    [JSON.parse('{"__proto__":{"x":1}}'), '__proto__', ''],
  ])('%j are refused with the key and the reason', (settings, key, problem) => {
    const mistakes = mistakesOf(settings)
    expect(mistakes.map((mistake) => mistake.key).join()).toContain(key)
    expect(mistakes.map((mistake) => mistake.problem).join()).toContain(problem)
    for (const { remedy } of mistakes) expect(remedy.length).toBeGreaterThan(3)
  })

  test('can never reach a secret, a path, an address or a name, now or with a setting to come', () => {
    const remote: string[] = []
    const walk = (shape: unknown, path: string): void => {
      if (shape === null || typeof shape !== 'object') return
      const {
        properties,
        items,
        additionalProperties,
        anyOf,
        oneOf,
        remote: isRemote,
        secret,
      } = shape as {
        [keyword: string]: unknown
      }
      if (isRemote) {
        remote.push(path)
        expect(secret, path).toBeUndefined()
      }
      for (const [key, inner] of Object.entries(properties ?? {})) walk(inner, `${path}.${key}`)
      for (const inner of [items, additionalProperties, ...((anyOf ?? oneOf ?? []) as unknown[])])
        walk(inner, path)
    }
    walk(agentJsonSchema(), '')
    expect(remote.length).toBeGreaterThan(15)
    const sensitive =
      /path|host|url|port|password|username|secret|key|dataDir|address|file|name|topic|downlink|users/i
    expect(remote.filter((path) => sensitive.test(path))).toEqual([])
  })
})

const idle = { phase: 'idle', lastOkAt: 1, lastError: null }
const answering = (code: string) => ({ phase: 'waiting', lastOkAt: null, lastError: { code, at: 1 } })

function box(change: object = {}) {
  const dataDir = temporaryFolder()
  const config = () => local({ dataDir, ...change })
  const faults: string[] = []
  const start = (with_ = config()) => new ConfigTrial({ local: with_, onFault: (code) => faults.push(code) })
  return { dataDir, config, start, faults }
}

let monotonicMs = 0
/** Ticks of ten seconds, as the agent gives them; true when the config was taken back. */
function runFor(trial: ConfigTrial, ms: number, exchange: Parameters<ConfigTrial['tick']>[1]): boolean {
  const until = monotonicMs + ms
  for (; monotonicMs <= until; monotonicMs += 10_000) if (trial.tick(monotonicMs, exchange)) return true
  return false
}

describe('a config on trial', () => {
  const settings = { sync: { batchEveryS: 300 } }

  test('is in force from the next start on, and applied once the province has answered under it', () => {
    const { start, config } = box()
    const before = start()
    expect(before.propose(4, settings)).toMatchObject({ outcome: 'on-trial', isToRestart: true })
    expect(before.config.sync.batchEveryS).toBe(60)
    // What the program does until it starts anew proves nothing.
    expect(runFor(before, 60_000, idle)).toBe(false)
    expect(before.untold).toEqual([])
    const trial = start()
    expect(trial.config.sync.batchEveryS).toBe(300)
    expect(trial.state).toMatchObject({ no: 4, isOnTrial: true })
    expect(inForceAt(config())).toMatchObject({
      config: { sync: { batchEveryS: 300 } },
      state: { isOnTrial: true },
    })
    trial.tick(1, idle)
    expect(trial.untold).toEqual([{ no: 4, outcome: 'applied', reason: '' }])
    trial.told()
    expect(start().untold).toEqual([])
    expect(start().state).toMatchObject({ no: 4, isOnTrial: false, rolledBack: null })
  })

  test('is put in force once, however often its message is read', () => {
    const { start } = box()
    const first = start()
    first.propose(4, settings)
    expect(first.propose(4, settings)).toEqual({ outcome: 'on-trial', reason: '' })
    const trial = start()
    expect(trial.propose(4, { sync: { batchEveryS: 9 } })).toEqual({ outcome: 'on-trial', reason: '' })
    expect(trial.propose(5, { sync: { batchEveryS: 9 } })).toBe('later')
    expect(start().config.sync.batchEveryS).toBe(300)
  })

  test('is taken back after a quarter of an hour in which something answered, and not the province', () => {
    const { start } = box()
    start().propose(1, { sync: { batchEveryS: 120 } })
    start().tick(1, idle)
    start().propose(2, settings)
    const trial = start()
    expect(runFor(trial, TRIAL_MS - 20_000, answering('link-refused'))).toBe(false)
    expect(runFor(trial, 60_000, answering('link-refused'))).toBe(true)
    const after = start()
    expect(after.config.sync.batchEveryS).toBe(120)
    expect(after.state).toMatchObject({ no: 1, isOnTrial: false, rolledBack: { no: 2 } })
    expect(after.untold.at(-1)).toMatchObject({ no: 2, outcome: 'rolled-back' })
    expect(after.untold.at(-1)?.reason).toContain('15 minutes (link-refused)')
    // The next one is taken.
    expect(after.propose(3, settings)).toMatchObject({ outcome: 'on-trial' })
  })

  test('is not blamed for a line that is dead, for a day', () => {
    const { start } = box()
    start().propose(2, settings)
    const trial = start()
    expect(runFor(trial, 23 * 3_600_000, answering('link-down'))).toBe(false)
    expect(trial.state.isOnTrial).toBe(true)
    expect(runFor(trial, 24 * 3_600_000, answering('link-down'))).toBe(true)
    expect(start().config.sync.batchEveryS).toBe(60)
  })

  test('is taken back when the program ends three times at once; an evening’s power cut is no such end', () => {
    const { start } = box()
    start().propose(2, settings)
    for (let evening = 0; evening < 8; evening++) runFor(start(), 20 * 60_000, answering('link-down'))
    for (let restart = 0; restart < 8; restart++) start().endedWell()
    for (let life = 0; life < 3; life++) expect(start().config.sync.batchEveryS).toBe(300)
    const after = start()
    expect(after.config.sync.batchEveryS).toBe(60)
    expect(after.untold).toMatchObject([{ no: 2, outcome: 'rolled-back' }])
  })

  test('is taken back when the program does not start with it', () => {
    const { start } = box()
    expect(start().rollBack('nothing on trial')).toBe(false)
    start().propose(2, settings)
    expect(start().rollBack('the program did not start: no')).toBe(true)
    expect(start()).toMatchObject({
      config: { sync: { batchEveryS: 60 } },
      untold: [{ outcome: 'rolled-back' }],
    })
  })

  test('gives way to the file on the box: to what no longer fits, and to a refusal', () => {
    const { start, config, dataDir } = box()
    start().propose(2, { alarms: { Khô: { below: 15 } } })
    start().tick(1, idle)
    const without = agentConfigSchema.parse({ ...config(), alarms: [] })
    const after = start(without)
    expect(after.config).toEqual(without)
    expect(after.untold.at(-1)).toMatchObject({ no: 2, outcome: 'rolled-back' })
    expect(after.untold.at(-1)?.reason).toContain('alarms.Khô is not on this box')

    const refusing = local({ dataDir, downlink: { config: 'refuse' } })
    expect(start(refusing).propose(3, settings)).toMatchObject({ outcome: 'refused' })
    start().propose(3, settings)
    expect(start(refusing).config.sync.batchEveryS).toBe(60)
  })

  test('ends with the province that set it: another one begins with numbers of its own', () => {
    const { start } = box()
    const first = start()
    expect(first.listenTo('aa')).toBe(false)
    first.propose(7, settings)
    expect(start().listenTo('aa')).toBe(false)
    expect(start().listenTo('bb')).toBe(true)
    const claimedAgain = start()
    expect(claimedAgain.config.sync.batchEveryS).toBe(60)
    expect(claimedAgain.propose(1, settings)).toMatchObject({ outcome: 'on-trial', isToRestart: true })
  })

  test('of a damaged file is none: it is set aside, told, and the file on the box goes', () => {
    const { start, dataDir, faults } = box()
    start().propose(2, settings)
    const text = readFileSync(overlayPath(dataDir), 'utf8')
    writeFileSync(overlayPath(dataDir), text.slice(0, text.length / 2))
    expect(start().config.sync.batchEveryS).toBe(60)
    expect(faults).toEqual(['overlay-damaged'])
    expect(readFileSync(`${overlayPath(dataDir)}.bad`, 'utf8')).toHaveLength(Math.floor(text.length / 2))
  })
})
