import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Check } from '../../agent/health/doctor.ts'
import { newBox, type RealProgram } from '../world/real-programs.ts'
import { freePort, temporaryFolder } from '../world/real-services.ts'

/** `vuon-agent` as people and checks call it: real processes, their output and exit codes. */
const folder = temporaryFolder()
const bin = join(import.meta.dirname, '../../bin/vuon-agent')
const goodConfig = join(folder, 'good.yaml')
mkdirSync(folder, { recursive: true })
writeFileSync(goodConfig, `dataDir: ${join(folder, 'data')}\npage: {port: 1}\n`)

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function vuonAgent(words: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(bin, words)
    let [out, err] = ['', '']
    child.stdout.on('data', (part: Buffer) => {
      out += part
    })
    child.stderr.on('data', (part: Buffer) => {
      err += part
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.once('exit', (code) => resolve({ code, out, err }))
  })
}

const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown)

describe('config', () => {
  test('check says that a right file is right', async () => {
    expect(await vuonAgent(['--config', goodConfig, 'config', 'check'])).toMatchObject({ code: 0 })
  })

  test('check names line, key and remedy of every mistake, and the exit code is 1', async () => {
    const file = join(folder, 'bad.yaml')
    writeFileSync(file, 'pag: {}\njournal:\n  lossWindowMs: -5\n')
    const { code, err } = await vuonAgent(['--config', file, 'config', 'check'])
    expect(code).toBe(1)
    expect(err).toMatch(/bad\.yaml:1:1 pag: is not a setting — did you mean "page"\?/)
    expect(err).toMatch(/bad\.yaml:3:3 journal\.lossWindowMs: .*-5/)
  })

  test('check knows which probe profiles there are', async () => {
    const file = join(folder, 'unknown-profile.yaml')
    writeFileSync(
      file,
      'buses: [{kind: serial, name: l, path: /dev/ttyUSB0, probes: [{name: p, profile: xy-md03, unit: 1}]}]\n',
    )
    const { code, err } = await vuonAgent(['--config', file, 'config', 'check'])
    expect(code).toBe(1)
    expect(err).toContain('probe "p"')
    expect(err).toContain('xy-md02')
  })

  test('run with a wrong config does not start', async () => {
    const file = join(folder, 'bad-run.yaml')
    writeFileSync(file, 'page: {port: eighty}\n')
    const { code, err } = await vuonAgent(['--config', file, 'run'])
    expect(code).toBe(1)
    expect(err).toContain('page.port')
  })

  test('show and schema are JSON', async () => {
    const [show, schema] = await Promise.all([
      vuonAgent(['--config', goodConfig, 'config', 'show']),
      vuonAgent(['config', 'schema']),
    ])
    expect(JSON.parse(show.out)).toMatchObject({ page: { port: 1 }, sync: { batchEveryS: 60 } })
    expect(JSON.parse(schema.out)).toHaveProperty('properties.buses')
  })
})

describe('a command that is not there', () => {
  test.each([[['fly']], [['decode', '--as', 'smoke-signals']], [['compute', 'happiness']], [['decode']]])(
    '%j exits with 2 and says what there is',
    async (words) => {
      const { code, err } = await vuonAgent(words)
      expect(code).toBe(2)
      expect(err.length).toBeGreaterThan(10)
    },
  )
})

describe('decode', () => {
  test('answers a line for a line, and 1 when one of them could not be read', async () => {
    const lines = [
      { topic: 'zigbee2mqtt/lá 1', payload: '{"temperature":30.1,"last_seen":"2026-11-23T07:00:00+07:00"}' },
      { topic: 'zigbee2mqtt/lá 1', payload: '{' },
      { topic: 'zigbee2mqtt/bridge/logging', payload: '{}' },
    ]
    const input = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{not json\n`
    const { code, out } = await vuonAgent(['decode', '--as', 'zigbee2mqtt'], input)
    expect(code).toBe(1)
    const answers = jsonLines(out)
    expect(answers).toHaveLength(4)
    expect(answers[0]).toEqual({
      readings: [
        {
          device: 'lá 1',
          quantity: 'air-temperature',
          value: 30.1,
          unit: 'Cel',
          observedAt: '2026-11-23T00:00:00.000Z',
        },
      ],
      ignored: false,
      errors: [],
    })
    expect(answers[1]).toMatchObject({ readings: [], ignored: false, errors: [{ code: 'not-json' }] })
    expect(answers[2]).toMatchObject({ readings: [], ignored: true, errors: [] })
    expect(answers[3]).toMatchObject({ errors: [{ code: 'line' }] })
  })

  test('takes base64 and is content with only good lines', async () => {
    const payload = Buffer.from('{"AM2301":{"Temperature":31.4},"TempUnit":"C"}').toString('base64')
    const input = JSON.stringify({ topic: 'tele/bom/SENSOR', payload, encoding: 'base64' })
    const { code, out } = await vuonAgent(['decode', '--as', 'tasmota'], input)
    expect(code).toBe(0)
    expect(jsonLines(out)[0]).toMatchObject({ readings: [{ device: 'bom', value: 31.4 }] })
  })
})

describe('probe', () => {
  test('list shows the profiles', async () => {
    const { out } = await vuonAgent(['--json', 'probe', 'list'])
    const names = (JSON.parse(out) as { name: string }[]).map((probe) => probe.name)
    expect(names).toEqual(expect.arrayContaining(['xy-md02', 'cwt-soil-7in1']))
  })

  test('decode reads a frame from a manual and refuses a broken one', async () => {
    const input = [
      { request: '01 04 00 01 00 02 20 0B', response: '01 04 04 01 31 02 22 6B 3D' },
      { request: '01 04 00 01 00 02 20 0B', response: '01 04 04 01 31 02 22 00 00' },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n')
    const { code, out } = await vuonAgent(['probe', 'decode', '--profile', 'xy-md02'], input)
    const [first, second] = jsonLines(out) as {
      readings: { quantity: string; value: number }[]
      errors: { code: string }[]
    }[]
    expect(second?.errors[0]?.code).toBe('crc')
    expect(first?.readings.length === 2 || first?.errors[0]?.code === 'crc').toBe(true)
    expect(code).toBe(1)
  })
})

describe('compute', () => {
  test('vpd adds a column and keeps the others', async () => {
    const { code, out } = await vuonAgent(['compute', 'vpd'], 'time,airTempC,humidityPct\n08:00,30,50\n')
    expect(code).toBe(0)
    // FAO-56: es(30 °C) = 4.243 kPa.
    expect(out).toBe('time,airTempC,humidityPct,vpdKpa\n08:00,30,50,2.122\n')
  })

  test('a row that can not be computed is named, and the exit code is 1', async () => {
    const { code, out, err } = await vuonAgent(['compute', 'vpd'], 'T,RH\n30,50\nhot,50\n')
    expect(code).toBe(1)
    expect(out.trim().split('\n')).toHaveLength(3)
    expect(err).toContain('line 3')
  })
})

describe('claim', () => {
  test('of a province that is not there says that nothing is lost, and exits with 1', async () => {
    const { code, err } = await vuonAgent([
      '--config',
      goodConfig,
      'claim',
      'AAAAA-BBBBB',
      '--gateway',
      'http://127.0.0.1:1',
    ])
    expect(code).toBe(1)
    expect(err).toContain('could not be reached')
  })

  test('of something that is no address is wrong use', async () => {
    const { code } = await vuonAgent(['--config', goodConfig, 'claim', 'AAAAA', '--gateway', 'vuon'])
    expect(code).toBe(2)
  })
})

describe('doctor', () => {
  let silentProbe: Server | undefined
  let box: RealProgram | undefined
  afterAll(async () => {
    await box?.stop()
    silentProbe?.close()
  })

  test('of a box on which nothing runs says so, states the loss window, and exits with 1', async () => {
    const { code, out } = await vuonAgent(['--config', goodConfig, '--json', 'doctor', '--lang', 'en'])
    expect(code).toBe(1)
    const checks = JSON.parse(out) as Check[]
    expect(checks.find((check) => check.name === 'program')).toMatchObject({ state: 'problem' })
    expect(checks.find((check) => check.name === 'loss-window')?.sentence).toContain('at most 1 s')
    expect(checks.find((check) => check.name === 'enrolment')?.hint).toContain('vuon-agent claim')
    for (const check of checks) if (check.state === 'problem') expect(check.hint, check.name).toBeTruthy()
  })

  test('of a running box shows bad frames, nonsense and a silent probe, each with what to do', async () => {
    const port = await freePort()
    // Answers every question of unit 1 with the wrong transaction, and unit 2 not at all.
    silentProbe = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        if (bytes[6] === 1) socket.write(Buffer.from([0xff, 0xff, 0, 0, 0, 7, 1, 4, 4, 1, 49, 2, 34]))
      })
    })
    await new Promise<void>((resolve) => silentProbe!.listen(port, '127.0.0.1', resolve))
    const mqttPort = await freePort()
    box = await newBox(temporaryFolder(), {
      buses: [
        {
          kind: 'modbus-tcp',
          name: 'line-1',
          host: '127.0.0.1',
          port,
          probes: [
            { name: 'air', profile: 'xy-md02', unit: 1, everyS: 1, timeoutMs: 50 },
            { name: 'soil', profile: 'cwt-soil-7in1', unit: 2, everyS: 1, timeoutMs: 50 },
          ],
        },
        { kind: 'mqtt-broker', name: 'broker', host: '127.0.0.1', port: mqttPort },
        { kind: 'serial', name: 'unplugged', path: '/dev/serial/by-id/none' },
      ],
    })
    await box.start()
    const { connectAsync } = await import('mqtt')
    const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`)
    await client.publishAsync('zigbee2mqtt/x', 'not json', { qos: 1 })
    await client.publishAsync('who/knows', '1', { qos: 1 })
    await client.publishAsync('zigbee2mqtt/hot', '{"temperature": 400}', { qos: 1 })
    await client.endAsync()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const { code, out } = await vuonAgent(['--config', box.configFile, 'doctor', '--lang', 'vi'])
    expect(code).toBe(1)
    for (const told of [
      'air',
      'soil',
      'timeout',
      'not-json',
      'unknown-device',
      'unplugged',
      'Chương trình đang chạy',
    ])
      expect(out, told).toContain(told)
    expect(out).toMatch(/mã để đặt pin đầu tiên/i)
    // The out-of-range reading was kept, and is marked.
    const overview = (await (await fetch(`${box.url}/api/overview`)).json()) as {
      devices: { name: string; readings: { quality: number; value: number }[] }[]
    }
    const hot = overview.devices.find((device) => device.name === 'hot')
    expect(hot?.readings[0]).toMatchObject({ value: 400, quality: 1 })
  })

  test('a second agent over the same folder is refused with what to do', async () => {
    const { code, err } = await vuonAgent(['--config', box!.configFile, 'run'])
    expect(code).toBe(1)
    expect(err).toContain('already runs')
  })

  test('journal stats and verify work beside the running agent, and export gives every reading', async () => {
    const stats = await vuonAgent(['--config', box!.configFile, '--json', 'journal', 'stats'])
    expect(JSON.parse(stats.out)).toMatchObject({ lanes: { reading: { durableThrough: 0 } } })
    const verify = await vuonAgent(['--config', box!.configFile, '--json', 'journal', 'verify'])
    expect(JSON.parse(verify.out)).toMatchObject({ valid: true })
    const rows = jsonLines((await vuonAgent(['--config', box!.configFile, 'journal', 'export'])).out)
    expect(rows).toContainEqual(expect.objectContaining({ device: 'hot', value: 400, unit: 'Cel' }))
  })
})
