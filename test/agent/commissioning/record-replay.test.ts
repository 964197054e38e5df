import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { CaptureHeader } from '../../../agent/bus/capture.ts'
import { Recorder } from '../../../agent/bus/recorder.ts'
import { listenIn } from '../../../agent/command/listen-in.ts'
import { openRealLine } from '../../../agent/command/real-line.ts'
import { record } from '../../../agent/command/record.ts'
import { type ReplayedLine, replay } from '../../../agent/command/replay.ts'
import { testInput } from '../../../agent/command/test-input.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import { Inputs } from '../../../agent/inputs.ts'
import {
  findTool,
  freePort,
  hasPymodbus,
  type Mosquitto,
  mosquitto,
  type SerialPair,
  type Service,
  socatPair,
  temporaryFolder,
} from '../../world/real-services.ts'
import { startPymodbusSlave } from '../../world/slaves/start-slave.ts'

/** Real probes of pymodbus behind a real pair of terminals, real messages of mosquitto. */
const canRun = findTool('socat') !== undefined && findTool('mosquitto') !== undefined && hasPymodbus()
const random = () => 0.5
const openLine = openRealLine(systemClock, random)
const told: string[] = []
const outside = {
  clock: systemClock,
  randomBytes: (length: number) => new Uint8Array(length).map(() => Math.floor(Math.random() * 256)),
  tell: (sentence: string) => void told.push(sentence),
}
const folder = temporaryFolder()

async function replayed(file: string) {
  const said: ReplayedLine[] = []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const summary = await replay(
    (async function* () {
      yield* lines
    })(),
    (line) => said.push(line),
  )
  return { said, summary }
}

describe('with real probes and a real broker [needs socat, pymodbus, mosquitto]', () => {
  let pair: SerialPair
  let slave: Service
  let broker: Mosquitto
  let config: ReturnType<typeof agentConfigSchema.parse>
  let configFile: string

  beforeAll(async () => {
    if (!canRun) return
    ;[pair, broker] = await Promise.all([socatPair(), mosquitto()])
    slave = await startPymodbusSlave(
      ...['--serial', pair.there, '--input', '1:1=0xFFB5,883', '--holding', '2:0=225,0xFFF6,160,55,11,15,32'],
    )
    const stated = {
      dataDir: join(folder, 'data'),
      page: { port: 1 },
      buses: [
        {
          kind: 'serial',
          name: 'line-1',
          path: pair.here,
          probes: [
            {
              ...{ name: 'air', profile: 'xy-md02', unit: 1, everyS: 1 },
              calibration: { 'air-temperature': { scale: 1, offset: 0.5 } },
            },
            { name: 'soil', profile: 'cwt-soil-7in1', unit: 2, everyS: 1, baudRate: 9600 },
            { name: 'gone', profile: 'xy-md02', unit: 9, everyS: 1, timeoutMs: 100 },
          ],
        },
        { kind: 'mqtt', name: 'shed', url: broker.url, decoders: ['zigbee2mqtt'] },
      ],
      devices: { lá: { calibration: { 'air-humidity': { scale: 1, offset: -2 } } } },
    }
    config = agentConfigSchema.parse(stated)
    configFile = join(folder, 'box.yaml')
    writeFileSync(configFile, JSON.stringify(stated))
  })
  afterAll(async () => {
    await slave?.stop()
    await pair?.stop()
    await broker?.stop()
  })

  test.skipIf(!canRun)('a recorded exchange replays to the same readings and faults', async () => {
    // What the agent itself made of it, beside what was written down.
    const live: string[] = []
    const file = join(folder, 'both.jsonl')
    let text = ''
    const recorder = new Recorder({
      write: (line) => {
        text += line
      },
      clock: systemClock,
      maxBytes: 1e6,
      config: { buses: config.buses },
    })
    let done = () => {}
    const enough = new Promise<void>((resolve) => {
      done = resolve
    })
    const inputs = new Inputs({
      buses: config.buses,
      clock: systemClock,
      random,
      openLine: (bus, settings) => recorder.line(bus.name, openLine(bus, settings)),
      openSource: (bus, topics, onFault) =>
        recorder.source(bus.name, listenIn(bus, topics, outside, onFault)),
      accept: async (bus, observations) => {
        for (const { device, quantity, value } of observations)
          live.push(`${bus} ${device} ${quantity} ${value}`)
        if (live.length >= 14) done()
      },
      takePhoto: async () => 'bad',
      onSeen: () => {},
      onFault: (subject, code) => live.push(`${subject} ${code}`),
    })
    await inputs.start()
    const node = await connectAsync(broker.url)
    onTestFinished(() => node.endAsync(true))
    await node.publishAsync('zigbee2mqtt/lá', '{"temperature":30.1,"humidity":70}', { qos: 1 })
    await node.publishAsync('zigbee2mqtt/lá', '{"temperature":', { qos: 0 })
    await enough
    await inputs.stop()
    recorder.end('stopped')
    const { said, summary } = await (async () => {
      writeFileSync(file, text)
      return replayed(file)
    })()
    const again = said.map((line) =>
      line.kind === 'reading'
        ? `${line.bus} ${line.device} ${line.quantity} ${line.value}`
        : `${line.subject} ${line.code}`,
    )
    // The capture's config here holds no devices, and air is calibrated.
    const calibrated = live.map((each) => each.replace('air air-temperature -7.5', 'air air-temperature -7'))
    expect(again.toSorted()).toEqual(calibrated.toSorted())
    expect(again).toEqual(
      expect.arrayContaining(['gone timeout', 'shed not-json', 'line-1 soil soil-ph 5.5']),
    )
    expect(summary).toMatchObject({ badLines: 0, isWhole: true })
  })

  test.skipIf(!canRun)(
    '`record` of one probe writes a file of its own that nobody else may read',
    async () => {
      const file = join(folder, 'air.jsonl')
      const asked = { file, seconds: 0.3, maxBytes: 1e6, names: ['air'], openLine, random }
      const report = await record(config, asked, outside)
      expect(report).toMatchObject({ buses: ['line-1'], ended: 'time' })
      expect(statSync(file).mode & 0o077).toBe(0)
      const { said } = await replayed(file)
      expect(said.slice(0, 2)).toMatchObject([
        { device: 'air', quantity: 'air-temperature', value: -7 },
        { device: 'air', quantity: 'air-humidity', value: 88.3 },
      ])
      const header = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as CaptureHeader
      expect(Math.abs(Date.parse(said[0]!.at) - Date.parse(header.startedAt))).toBeLessThan(5000)
      await expect(record(config, asked, outside)).rejects.toMatchObject({ code: 'input-invalid' })
      await expect(
        record(config, { ...asked, file: `${file}2`, names: ['nobody'] }, outside),
      ).rejects.toMatchObject({
        hint: expect.stringContaining('line-1, air, soil'),
      })
      expect(existsSync(`${file}2`)).toBe(false)
    },
  )

  test.skipIf(!canRun)(
    '`test-input` shows bytes, frame, calibration and plausibility of a probe',
    async () => {
      const asked = { name: 'air', seconds: 5, openLine, random }
      const [air] = await testInput(config, asked, outside)
      expect(air).toMatchObject({
        device: 'air',
        isGood: true,
        faults: [],
        raw: [
          { kind: 'sent', hex: '010400010002200b', means: 'unit 1, function 4: 2 input registers from 1' },
          { kind: 'heard', means: expect.stringContaining('1: 65461, 2: 883') },
        ],
      })
      expect(air?.values[0]).toMatchObject({
        reported: -7.5,
        value: -7,
        calibration: { offset: 0.5 },
        range: [-20, 60],
        marks: [],
      })
      const whole = await testInput(config, { ...asked, name: 'line-1' }, outside)
      expect(whole.map(({ device, isGood }) => [device, isGood])).toEqual([
        ['air', true],
        ['soil', true],
        ['gone', false],
      ])
      expect(whole[2]?.faults).toMatchObject([{ code: 'timeout' }])
    },
  )

  test.skipIf(!canRun)(
    '`test-input` of an MQTT device waits for its next message, and for no other',
    async () => {
      const node = await connectAsync(broker.url)
      onTestFinished(() => node.endAsync(true))
      const tested = testInput(config, { name: 'lá', seconds: 5, openLine, random }, outside)
      let isDone = false
      void tested.then(() => {
        isDone = true
      })
      while (!isDone) {
        await node.publishAsync('zigbee2mqtt/other', '{"temperature":1}')
        await node.publishAsync('zigbee2mqtt/lá', '{"temperature":99,"humidity":70}', { qos: 1 })
      }
      const [leaf] = await tested
      expect(leaf).toMatchObject({
        device: 'lá',
        bus: 'shed',
        isGood: false,
        raw: [{ topic: 'zigbee2mqtt/lá', qos: 1 }],
      })
      expect(leaf?.values).toMatchObject([
        { quantity: 'air-temperature', value: 99, marks: ['outOfRange'] },
        { quantity: 'air-humidity', reported: 70, value: 68, marks: [] },
      ])
      const [silent] = await testInput(config, { name: 'nobody', seconds: 0.2, openLine, random }, outside)
      expect(silent).toMatchObject({ isGood: false, values: [], faults: [{ code: 'timeout' }] })
    },
  )

  test.skipIf(!canRun)(
    'the commands answer in JSON, exit with 0 or 1, and talk to people on stderr',
    async () => {
      const [good, wrong, played] = await Promise.all([
        vuonAgent('test-input', 'air'),
        vuonAgent('record', '--out', join(folder, 'cli.jsonl'), '--seconds', 'soon'),
        vuonAgent('replay', join(folder, 'air.jsonl')),
      ])
      expect(good.code).toBe(0)
      expect(JSON.parse(good.out)).toMatchObject([{ device: 'air', isGood: true }])
      expect(good.err).toContain('asking unit 1')
      expect(wrong.code).toBe(2)
      expect(played.code).toBe(0)
      expect(
        played.out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as object),
      ).toContainEqual(expect.objectContaining({ kind: 'reading', device: 'air', value: -7 }))
    },
  )

  const vuonAgent = (...words: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const bin = join(import.meta.dirname, '../../../bin/vuon-agent')
      execFile(bin, ['--config', configFile, '--json', ...words], (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      )
    })
})

describe('a line that another program has', () => {
  test('is not taken away: the agent that holds it is named', async () => {
    // A process that looks like the agent and has a port open.
    const port = join(folder, 'ttyFAKE')
    writeFileSync(port, '')
    const stand = join(folder, 'agent')
    mkdirSync(stand, { recursive: true })
    const main = join(stand, 'main.ts')
    writeFileSync(
      main,
      `import { openSync } from 'node:fs'\nopenSync(${JSON.stringify(port)}, 'r')\nconsole.log('open')\nsetInterval(() => {}, 1000)\n`,
    )
    const holder = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void holder.kill())
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    const config = agentConfigSchema.parse({
      buses: [
        { kind: 'serial', name: 'l', path: port, probes: [{ name: 'p', profile: 'xy-md02', unit: 1 }] },
      ],
    })
    const asked = { name: 'p', seconds: 1, openLine, random }
    await expect(testInput(config, asked, outside)).rejects.toMatchObject({
      code: 'link-refused',
      message: expect.stringContaining(`vuon-agent (process ${holder.pid})`),
      hint: expect.stringContaining('systemctl stop'),
    })
  })
})

describe('test-input', () => {
  test('of a talker shows the line as text and what it means', async () => {
    const port = await freePort()
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write('\r\n')
      socket.write('12.5,3\r\n')
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const config = agentConfigSchema.parse({
      buses: [
        {
          ...{ kind: 'tcp-line', name: 'rain', host: '127.0.0.1', port },
          talker: { kind: 'lines', name: 'gauge', format: 'csv', values: [{ from: 1, quantity: 'rain' }] },
        },
      ],
    })
    const [gauge] = await testInput(config, { name: 'gauge', seconds: 5, openLine, random }, outside)
    expect(gauge).toMatchObject({
      device: 'gauge',
      isGood: true,
      values: [{ quantity: 'rain', value: 12.5 }],
    })
    expect(JSON.stringify(gauge?.raw)).toContain('12.5,3')
  })

  test('of a name that nothing has says what there is', async () => {
    const config = agentConfigSchema.parse({ buses: [{ kind: 'camera-folder', name: 'cam', path: '/x' }] })
    const asked = { seconds: 1, openLine, random }
    await expect(testInput(config, { ...asked, name: 'x' }, outside)).rejects.toMatchObject({
      code: 'input-invalid',
      hint: expect.stringContaining('cam'),
    })
    await expect(testInput(config, { ...asked, name: 'cam' }, outside)).rejects.toMatchObject({
      hint: expect.stringContaining('diagnose'),
    })
  })
})
