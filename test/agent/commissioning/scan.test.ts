import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { presentPorts } from '../../../agent/bus/serial-ports.ts'
import { scan, scanText } from '../../../agent/command/scan.ts'
import { learntPeriodS, proposedConfig } from '../../../agent/commissioning/proposal.ts'
import { ScanBook, type ScanDecoder } from '../../../agent/commissioning/scan-book.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import { checkProfiles } from '../../../agent/profile-check.ts'
import { findTool, freePort, mosquitto, temporaryFolder } from '../../world/real-services.ts'
import { seedFromEnvironment } from '../../world/seeded.ts'
import { eventually } from '../bus/bus-room.ts'

const seed = seedFromEnvironment()
const told: string[] = []
const outside = {
  clock: systemClock,
  randomBytes: (length: number) => new Uint8Array(length).map(() => Math.floor(Math.random() * 256)),
  tell: (sentence: string) => void told.push(sentence),
}

const passesCheck = (yaml: string) => {
  const config = parseConfig(agentConfigSchema, yaml, 'proposal.yaml')
  checkProfiles(config)
  return config
}

const PAYLOADS: readonly [topic: string, payload: string, isRetained?: boolean][] = [
  ['zigbee2mqtt/lá sầu riêng', '{"temperature":30.5,"humidity":70,"linkquality":90}'],
  ['zigbee2mqtt/bridge/logging', '{"level":"info"}'],
  ['zigbee2mqtt/hỏng', '{"temperature":'],
  ['tele/bom/SENSOR', '{"AM2301":{"Temperature":31.4},"TempUnit":"C"}', true],
  ['farm/weather', '{"air_temperature":29.5,"wifi_password":"hunter22"}'],
  ['who/knows', '{"a":{"q7":1},"q8":"2.5","psk":"hunter22"}'],
  ['chat', 'xin chào'],
]

async function publishAll(url: string): Promise<void> {
  const client = await connectAsync(url)
  onTestFinished(() => client.endAsync(true).catch(() => {}))
  for (const [topic, payload, retain = false] of PAYLOADS)
    await client.publishAsync(topic, payload, { qos: 1, retain })
}

/** Scans until everything was heard, and not a moment longer. */
async function scanned(config: object, url: string, brokers: { url: string }[] = []) {
  const ended = new AbortController()
  let isUp = false
  const scanning = scan(
    agentConfigSchema.parse(config),
    { seconds: 20, brokers, ports: async () => [], signal: ended.signal },
    outside,
  )
  void scanning.then(() => {
    isUp = true
  })
  // A scanner that has not subscribed yet hears nothing: the messages are sent until it says how many came.
  for (let tries = 0; tries < 40 && !isUp; tries++) {
    await publishAll(url).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (tries >= 3) ended.abort()
  }
  return scanning
}

const expectAll = (report: Awaited<ReturnType<typeof scan>>) => {
  const [bus] = report.buses
  expect(bus?.problem).toBe('')
  const states = Object.fromEntries(bus!.topics.map(({ topic, state }) => [topic, state]))
  expect(states).toMatchObject({
    'zigbee2mqtt/lá sầu riêng': 'readings',
    'zigbee2mqtt/bridge/logging': 'passed-over',
    'zigbee2mqtt/hỏng': 'faulty',
    'tele/bom/SENSOR': 'readings',
    'farm/weather': 'readings',
    'who/knows': 'nobody',
    chat: 'nobody',
  })
  const leaf = bus!.devices.find(({ device }) => device === 'lá sầu riêng')
  expect(leaf?.readings).toContainEqual(
    expect.objectContaining({ quantity: 'air-temperature', value: 30.5, unit: 'Cel' }),
  )
  expect(JSON.stringify(report)).not.toContain('hunter22')
}

describe('devices scan at a real broker [needs mosquitto]', () => {
  test.skipIf(!findTool('mosquitto'))(
    'of the config names every topic, who understood it, and what is new; the proposal passes config check',
    async () => {
      const broker = await mosquitto()
      onTestFinished(() => broker.stop())
      const report = await scanned(
        {
          buses: [{ kind: 'mqtt', name: 'shed', url: broker.url, decoders: ['zigbee2mqtt'] }],
          devices: { bom: {} },
        },
        broker.url,
      )
      expectAll(report)
      expect(report.buses[0]?.devices.find(({ device }) => device === 'bom')?.isInConfig).toBe(true)
      expect(report.proposal).toContain('# In the bus "shed": decoders: [zigbee2mqtt, json, tasmota]')
      expect(report.proposal).toContain('pointer: /a/q7')
      expect(Object.keys(passesCheck(report.proposal).devices).sort()).toEqual([
        'farm/weather',
        'lá sầu riêng',
      ])
      const text = scanText(report)
      for (const part of ['lá sầu riêng (zigbee2mqtt', 'Nobody understands:', 'who/knows', 'not-json'])
        expect(text).toContain(part)
    },
  )

  test.skipIf(!findTool('mosquitto'))('of a stranger proposes a whole bus for it', async () => {
    const broker = await mosquitto()
    onTestFinished(() => broker.stop())
    const report = await scanned({}, broker.url, [{ url: broker.url }])
    expectAll(report)
    const { buses } = passesCheck(report.proposal)
    expect(buses).toMatchObject([
      {
        kind: 'mqtt',
        name: 'mqtt-1',
        decoders: expect.arrayContaining(['zigbee2mqtt', 'tasmota', 'json']),
        mappings: [{ topic: 'farm/weather' }],
      },
    ])
  })

  test.skipIf(!findTool('mosquitto'))(
    'where the access list forbids everything, listens to what the decoders ask for',
    async () => {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'acl'), 'topic readwrite zigbee2mqtt/#\ntopic write #\n')
      const broker = await mosquitto(`acl_file ${join(folder, 'acl')}`)
      onTestFinished(() => broker.stop())
      const report = await scanned(
        { buses: [{ kind: 'mqtt', name: 'shed', url: broker.url, decoders: ['zigbee2mqtt'] }] },
        broker.url,
      )
      expect(report.buses[0]?.topics.map(({ topic }) => topic)).toContain('zigbee2mqtt/lá sầu riêng')
    },
  )
})

describe("devices scan at the box's own broker", () => {
  test('is that broker while no agent runs, and says that nothing is kept', async () => {
    const port = await freePort()
    const url = `mqtt://127.0.0.1:${port}`
    told.length = 0
    const report = await scanned(
      { buses: [{ kind: 'mqtt-broker', name: 'own', host: '127.0.0.1', port }] },
      url,
    )
    expectAll(report)
    expect(told.join('\n')).toContain('shown, not kept')
  })

  test('tells of a broker that is away, and answers at once', async () => {
    const config = agentConfigSchema.parse({
      buses: [{ kind: 'mqtt', name: 'gone', url: `mqtt://127.0.0.1:${await freePort()}` }],
    })
    const report = await scan(config, { seconds: 60, brokers: [], ports: async () => [] }, outside)
    expect(report.buses[0]?.problem).toContain('ECONNREFUSED')
    expect(scanText(report)).toContain('No serial port is present.')
  })
})

describe('serial ports', () => {
  const machine = () => {
    const root = temporaryFolder()
    const folders = { byId: join(root, 'by-id'), sysTty: join(root, 'tty'), proc: join(root, 'proc') }
    const dev = join(root, 'dev')
    for (const folder of [
      ...Object.values(folders),
      dev,
      join(folders.proc, '77/fd'),
      join(folders.sysTty, 'ttyS0'),
    ])
      mkdirSync(folder, { recursive: true })
    for (const name of ['ttyUSB0', 'ttyUSB1', 'ttyS0']) writeFileSync(join(dev, name), '')
    symlinkSync(join(dev, 'ttyUSB0'), join(folders.byId, 'usb-FTDI_A1-if00'))
    writeFileSync(join(folders.sysTty, 'ttyS0/type'), '0\n')
    symlinkSync(join(dev, 'ttyUSB0'), join(folders.proc, '77/fd/5'))
    writeFileSync(join(folders.proc, '77/cmdline'), 'node\0/opt/vuon/agent/main.ts\0run\0')
    return { dev, folders }
  }

  test('are named as they stay, with maker and holder; places without a port are left out', async () => {
    const { dev, folders } = machine()
    const list = async () => [
      { path: join(dev, 'ttyUSB0'), manufacturer: 'FTDI', serialNumber: 'A1' },
      { path: join(dev, 'ttyUSB1') },
      { path: join(dev, 'ttyS0') },
    ]
    expect(await presentPorts(list, folders)).toEqual([
      {
        path: join(folders.byId, 'usb-FTDI_A1-if00'),
        device: join(dev, 'ttyUSB0'),
        maker: 'FTDI',
        serialNumber: 'A1',
        heldBy: { pid: 77, program: 'vuon-agent' },
      },
      { path: join(dev, 'ttyUSB1'), device: join(dev, 'ttyUSB1'), maker: '', serialNumber: '', heldBy: null },
    ])
  })

  test('are found by their lasting names where udev is not there', async () => {
    const { folders } = machine()
    const list = () => Promise.reject(new Error('no udevadm'))
    expect(await presentPorts(list, folders)).toMatchObject([
      { path: join(folders.byId, 'usb-FTDI_A1-if00') },
    ])
  })
})

describe('the proposal', () => {
  test(`passes config check whatever strangers call their things (seed ${seed})`, () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 70 }),
      fc.constantFrom(
        '__proto__',
        'a: b',
        '- x',
        '#',
        '"',
        "'",
        'null',
        '1',
        '*',
        '&a',
        '<<',
        '${env:HOME}',
        'ấ\n- b',
      ),
    )
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), text, (devices, note) => {
        const config = passesCheck(
          proposedConfig({
            newPorts: [{ path: '/dev/ttyUSB0', note }],
            newBrokers: [
              {
                url: 'mqtt://shed',
                hasPassword: true,
                decoders: ['json'],
                mappings: [
                  { topic: 'a/b', numbersAt: [] },
                  { topic: 'c', numbersAt: [`/${note}`] },
                ],
              },
            ],
            moreDecoders: [
              {
                bus: note,
                decoders: ['tasmota'],
                mappings: [
                  { topic: 'x/y', numbersAt: [] },
                  { topic: 'z', numbersAt: [''] },
                ],
              },
            ],
            newDevices: [...new Set(devices)].map((device) => ({ device, everyS: 60, quantities: [note] })),
            takenNames: new Set(['line-1']),
          }),
        )
        expect(config.buses.map(({ name }) => name)).toEqual(['line-2', 'mqtt-1'])
        for (const device of new Set(devices))
          if (device.length > 0 && device.length <= 64 && device !== '__proto__')
            expect(config.devices[device], device).toMatchObject({ everyS: 60 })
      }),
      { seed, numRuns: 25 },
    )
  })

  test('of nothing new is empty', () => {
    const nothing = {
      newPorts: [],
      newBrokers: [],
      moreDecoders: [],
      newDevices: [],
      takenNames: new Set<string>(),
    }
    expect(proposedConfig(nothing)).toBe('')
  })

  test.each([
    [[0, 60_000, 120_200], undefined],
    [[0, 60_000, 120_200, 181_000], 60],
    [[0, 100, 60_000, 60_100, 120_200, 181_000], 60],
    [[0, 3000, 300_000, 310_000], 300],
    [[], undefined],
  ])('a device heard at %j is expected every %s s', (heardAt, everyS) => {
    expect(learntPeriodS(heardAt)).toBe(everyS)
  })
})

describe('the book of a scan', () => {
  const reads: ScanDecoder = {
    ...{ kind: 'any', isConfigured: true, isLastResort: false },
    matches: () => true,
    decode: ({ topic }) => ({
      readings: [{ device: topic, channel: '', quantity: 'light', value: 1, unit: 'lx' }],
      ignored: false,
      errors: [],
    }),
  }

  test('has bounds, and counts what did not fit', async () => {
    const book = new ScanBook([reads], systemClock)
    for (let number = 0; number < 3000; number++)
      void book.hear({ topic: `t/${number}`, payload: utf8('1'), isRetained: false })
    await book.settled()
    expect(book.topics.size).toBeLessThanOrEqual(2000)
    expect(book.devices.size).toBeLessThanOrEqual(500)
    expect(book.messages).toBe(3000)
    expect(book.notLookedAt).toBe(1000)
  })

  test('outlives a decoder that fails', async () => {
    const fails: ScanDecoder = { ...reads, decode: () => Promise.reject(new Error('worker gone')) }
    const book = new ScanBook([fails], systemClock)
    await book.hear({ topic: 'a', payload: utf8('1'), isRetained: false })
    await eventually('the fault is noted', () => book.topics.get('a')?.fault !== '')
    expect(book.topics.get('a')).toMatchObject({
      state: 'faulty',
      fault: expect.stringContaining('worker gone'),
    })
  })
})
