import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, fromUtf8, utf8 } from '#contract/ground/bytes.ts'
import { type CaptureEvent, captureLine, parseCaptureLine, parseHeader } from '../../../agent/bus/capture.ts'
import { STRUCK, withoutAddressSecrets, withoutTopicSecrets } from '../../../agent/bus/capture-secrets.ts'
import { Recorder } from '../../../agent/bus/recorder.ts'
import { captureConfig } from '../../../agent/command/record.ts'
import { type ReplayedLine, replay } from '../../../agent/command/replay.ts'
import { agentConfigSchema, agentJsonSchema } from '../../../agent/config.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { seedFromEnvironment } from '../../world/seeded.ts'

const START = Date.UTC(2026, 10, 27, 6)
const seed = seedFromEnvironment()
const runs = { seed, numRuns: 300 }

const message = (topic: string, payload: string, more: Partial<CaptureEvent> = {}): CaptureEvent =>
  ({
    kind: 'message',
    atMs: 10,
    bus: 'shed',
    topic,
    qos: 1,
    isRetained: false,
    payload: utf8(payload),
    ...more,
  }) as CaptureEvent

async function replayed(lines: readonly string[]) {
  const said: ReplayedLine[] = []
  const summary = await replay(
    (async function* () {
      yield* lines
    })(),
    (line) => said.push(line),
  )
  return { said, summary }
}

const header = (config: object): string =>
  JSON.stringify({ capture: 'vuon', version: 1, startedAt: '2026-11-27T06:00:00.000Z', config })

describe('a line of a capture', () => {
  test(`reads back as what was written (seed ${seed})`, () => {
    const bytes = fc.uint8Array({ maxLength: 40 })
    const event: fc.Arbitrary<CaptureEvent> = fc.oneof(
      fc.record({
        kind: fc.constantFrom('sent' as const, 'heard' as const),
        atMs: fc.integer({ min: 0, max: 1e9 }),
        bus: fc.string({ maxLength: 20 }),
        bytes,
      }),
      fc.record({
        kind: fc.constant('message' as const),
        atMs: fc.integer({ min: 0, max: 1e9 }),
        bus: fc.string({ maxLength: 20 }),
        topic: fc.string({ maxLength: 20 }).map((topic) => `t/${topic}`),
        qos: fc.constantFrom(0, 1, 2),
        isRetained: fc.boolean(),
        payload: bytes,
      }),
    )
    fc.assert(
      fc.property(event, (each) => {
        const line = captureLine(each)
        if (line.includes('isStruck')) return
        expect(line).not.toContain('\n')
        expect(parseCaptureLine(line)).toEqual({ kind: 'event', event: each })
      }),
      runs,
    )
  })

  test(`whatever it holds is answered, never thrown (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.anything().map((any) => String(JSON.stringify(any))),
        ),
        (line) => {
          expect(['event', 'unknown', 'bad']).toContain(parseCaptureLine(line).kind)
          parseHeader(line)
        },
      ),
      runs,
    )
  })

  test('of a newer kind is passed over, and of a newer version the file is refused with the reason', async () => {
    expect(parseCaptureLine('{"atMs":1,"bus":"a","kind":"picture"}')).toEqual({
      kind: 'unknown',
      what: 'picture',
    })
    expect(parseHeader('{"capture":"vuon","version":2}')).toMatchObject({
      problem: expect.stringContaining('version 2'),
    })
    await expect(replayed(['{"capture":"vuon","version":2}'])).rejects.toMatchObject({
      code: 'input-invalid',
    })
    await expect(replayed([])).rejects.toMatchObject({ code: 'input-invalid' })
  })
})

describe('what is secret', () => {
  test.each([
    ['tele/x/STATE', '{"Wifi":{"SSId":"farm","Password":"hunter22"}}'],
    [
      'zigbee2mqtt/bridge/info',
      '{"config":{"advanced":{"network_key":[1,2,3,77]}},"x":"hunter22"}'.replace('hunter22', ''),
    ],
    ['cmnd/x/Password1', 'hunter22'],
    ['esp/log', 'joining wifi password=hunter22, ok'],
    ['esp/log', '{"cut":"off","password":"hunter22"'],
    ['node/api', '{"api_key":"hunter22","token":"hunter22","deep":[{"psk":"hunter22"}]}'],
    ['lora/join', '{"appKey":"hunter22","nwkSKey":"hunter22"}'],
  ])('is struck out of %s', (topic, payload) => {
    const { payload: kept, isStruck } = withoutTopicSecrets(topic, utf8(payload))
    expect(isStruck).toBe(true)
    expect(fromUtf8(kept)).not.toMatch(/hunter22|77/)
    expect(fromUtf8(kept)).toContain(STRUCK)
  })

  test('nothing else is touched, byte for byte', () => {
    for (const payload of [
      '{"temperature": 30.50 }',
      '{"passed":true,"keyboard":1,"wet":0}',
      '23.5',
      ' [1, 2]',
    ])
      expect(withoutTopicSecrets('a/b', utf8(payload))).toEqual({ payload: utf8(payload), isStruck: false })
    expect(withoutAddressSecrets('mqtt://me:hunter22@shed:1883')).toBe('mqtt://shed:1883')
    expect(withoutAddressSecrets('wss://shed/mqtt?token=hunter22')).toBe('wss://shed/mqtt')
  })

  test('of the config stays out: every field that the declaration calls secret, and what goes with it', () => {
    const secrets = new Set<string>()
    const walk = (value: unknown, name: string): void => {
      if (value === null || typeof value !== 'object') return
      if ((value as { secret?: unknown }).secret === true) secrets.add(name)
      for (const [key, each] of Object.entries(value)) walk(each, key)
    }
    // Of what is copied at all: a forecast's address is a secret, a broker's is not.
    const { properties } = agentJsonSchema() as { properties: Record<string, unknown> }
    for (const part of ['buses', 'devices', 'lorawan']) walk(properties[part], part)
    expect([...secrets]).toContain('password')
    const config = agentConfigSchema.parse({
      buses: [
        { kind: 'mqtt', name: 'a', url: 'mqtt://me:hunter22@shed', username: 'me', password: 'hunter22' },
        { kind: 'mqtt-broker', name: 'b', username: 'me', password: 'hunter22' },
      ],
    })
    const text = JSON.stringify(captureConfig(config, config.buses))
    expect(text).not.toContain('hunter22')
    for (const secret of secrets) expect(text).not.toContain(`"${secret}"`)
    expect(agentConfigSchema.safeParse(JSON.parse(text)).success).toBe(true)
  })
})

describe('a recorder', () => {
  test('ends before the file is larger than it may be, says so, and what is measured goes on', async () => {
    const clock = new PretendClock(START)
    let text = ''
    const ends: string[] = []
    const recorder = new Recorder({
      write: (line) => {
        text += line
      },
      clock,
      maxBytes: 600,
      config: {},
      onEnd: (reason) => ends.push(reason),
    })
    let delivered = 0
    const source = recorder.source('shed', {
      start: async (deliver) => {
        for (let number = 0; number < 50; number++)
          await deliver({ bus: 'shed', topic: `a/${number}`, payload: utf8('1'), qos: 0, isRetained: false })
      },
      stop: async () => {},
      state: () => ({ isConnected: true, detail: '', since: 0 }),
    })
    await source.start(async () => {
      delivered++
    })
    expect(delivered).toBe(50)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(600)
    expect(ends).toEqual(['size'])
    expect(JSON.parse(text.trim().split('\n').at(-1)!)).toMatchObject({ kind: 'end', reason: 'size' })
    expect(source.publish).toBeUndefined()
  })

  test('whose disk is full ends once and lets the bus run', () => {
    const ends: string[] = []
    const recorder = new Recorder({
      write: () => {
        throw new Error('no space left')
      },
      clock: new PretendClock(START),
      maxBytes: 1e6,
      config: {},
      onEnd: (reason) => ends.push(reason),
    })
    recorder.end('time')
    expect(recorder.ended).toBe('write-failed')
    expect(ends).toEqual(['write-failed'])
  })
})

describe('a replay', () => {
  const buses = [
    { kind: 'mqtt', name: 'shed', url: 'mqtt://shed', decoders: ['zigbee2mqtt'] },
    {
      kind: 'serial',
      name: 'line',
      path: '/dev/x',
      probes: [
        {
          name: 'air',
          profile: 'xy-md02',
          unit: 1,
          everyS: 60,
          calibration: { 'air-temperature': { offset: -1 } },
        },
      ],
    },
    {
      kind: 'tcp-line',
      name: 'rain',
      host: 'x',
      port: 1,
      talker: { kind: 'lines', name: 'gauge', format: 'csv', values: [{ from: 1, quantity: 'rain' }] },
    },
  ]
  const at = (atMs: number, bus: string, more: object) => JSON.stringify({ atMs, bus, ...more })
  const asked = '010400010002200b'
  const answered = '01040401540208bb0e'

  test('gives readings and faults with the recorded times, from every kind of input', async () => {
    const { said, summary } = await replayed([
      header({ buses }),
      at(0, 'line', { kind: 'up', detail: '' }),
      at(100, 'line', { kind: 'sent', hex: asked }),
      at(120, 'line', { kind: 'heard', hex: answered.slice(0, 6) }),
      at(130, 'line', { kind: 'heard', hex: answered.slice(6) }),
      at(1000, 'shed', { kind: 'message', topic: 'zigbee2mqtt/lá', payload: '{"temperature":30.1}', qos: 0 }),
      at(1500, 'shed', { kind: 'message', topic: 'zigbee2mqtt/lá', payload: '{', qos: 0 }),
      at(2000, 'rain', { kind: 'heard', hex: Buffer.from('\r\n12.5\r\n').toString('hex') }),
      at(60_100, 'line', { kind: 'sent', hex: asked }),
      at(120_100, 'line', { kind: 'sent', hex: asked }),
      at(120_130, 'line', { kind: 'heard', hex: '01040401540208ffff' }),
      JSON.stringify({ atMs: 130_000, kind: 'end', reason: 'time', events: 10 }),
    ])
    expect(
      said.map((line) => [
        line.at.slice(14, 23),
        line.kind === 'reading' ? `${line.device} ${line.value}` : `${line.subject} ${line.code}`,
      ]),
    ).toEqual([
      ['00:00.130', 'air 33'],
      ['00:00.130', 'air 52'],
      ['00:01.000', 'lá 30.1'],
      ['00:01.500', 'shed not-json'],
      ['00:02.000', 'gauge 12.5'],
      // The probe's own patience, counted in recorded time.
      ['01:00.400', 'air timeout'],
      ['02:00.400', 'air crc'],
    ])
    expect(summary).toMatchObject({ events: 10, badLines: 0, isWhole: true })
  })

  test('that begins in the middle of things goes on with the next question, and counts what it can not place', async () => {
    const { said, summary } = await replayed([
      header({ buses }),
      at(1, 'line', { kind: 'heard', hex: '0102' }),
      at(5, 'line', { kind: 'sent', hex: '0204000100022038' }),
      at(50, 'line', { kind: 'sent', hex: '01030000000a0000' }),
      at(900, 'line', { kind: 'sent', hex: asked }),
      at(920, 'line', { kind: 'heard', hex: answered }),
      at(930, 'nowhere', { kind: 'heard', hex: '00' }),
      'not a line',
    ])
    expect(said.map((line) => (line.kind === 'fault' ? line.code : line.value))).toEqual([
      'unknown-probe',
      'stray-bytes',
      'not-its-question',
      33,
      52,
      'unknown-bus',
      'line',
    ])
    expect(summary).toMatchObject({ badLines: 1, isWhole: false })
  })

  test('reads what a network server left undecoded by the codecs of the recorded config', async () => {
    const { said } = await replayed([
      header({
        buses: [{ kind: 'mqtt', name: 'lora', url: 'mqtt://lora', decoders: ['chirpstack'] }],
        lorawan: { codecs: [{ device: '*', file: 'dragino-lse01' }] },
      }),
      at(10, 'lora', {
        kind: 'message',
        topic: 'application/1/device/0101010101010101/event/up',
        payload: JSON.stringify({
          deviceInfo: { deviceName: 'soil-7', devEui: '0101010101010101' },
          fPort: 2,
          data: Buffer.from('0ce400f00d480a2800e100', 'hex').toString('base64'),
        }),
        qos: 0,
      }),
    ])
    const values = said.map((line) =>
      line.kind === 'reading' ? `${line.quantity} ${line.value}` : line.code,
    )
    expect(values).toContain('soil-moisture 34')
    expect(values).toContain('soil-temperature 26')
  })

  test('of Modbus TCP finds the answer under the number that was recorded', async () => {
    const { said } = await replayed([
      header({
        buses: [
          {
            kind: 'modbus-tcp',
            name: 'tcp',
            host: 'x',
            probes: [{ name: 'air', profile: 'xy-md02', unit: 1 }],
          },
        ],
      }),
      at(1, 'tcp', { kind: 'sent', hex: '1234000000060104000100 02'.replace(' ', '') }),
      at(9, 'tcp', { kind: 'heard', hex: '123400000007010404 01540208'.replace(' ', '') }),
    ])
    expect(said).toMatchObject([{ value: 34 }, { value: 52 }])
  })

  test(`of any bytes and messages ends, with an answer (seed ${seed})`, async () => {
    const line = fc.oneof(
      fc
        .record({
          atMs: fc.integer({ min: 0, max: 100_000 }),
          bus: fc.constantFrom('line', 'shed', 'rain', 'x'),
          kind: fc.constantFrom('sent', 'heard', 'up', 'down', 'message', 'settings', 'end', 'odd'),
          hex: fc.oneof(
            fc.constantFrom(asked, answered, ''),
            fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex')),
          ),
          topic: fc.constantFrom('zigbee2mqtt/a', 'zigbee2mqtt/bridge/devices', 'x'),
          payload: fc.oneof(fc.string(), fc.json()),
        })
        .map((each) => JSON.stringify(each)),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
        const { summary } = await replayed([header({ buses }), ...lines])
        expect(summary.readings).toBeGreaterThanOrEqual(0)
      }),
      { seed, numRuns: 60 },
    )
  }, 10_000)
})

test('a message line of a capture is what `decode` reads', () => {
  const line = JSON.parse(captureLine(message('zigbee2mqtt/a', '{"temperature":1}'))) as object
  expect(line).toMatchObject({ topic: 'zigbee2mqtt/a', payload: '{"temperature":1}', encoding: 'utf8' })
  const bytes = { payload: fromHex('ff00') } as Partial<CaptureEvent>
  expect(JSON.parse(captureLine(message('a', '', bytes)))).toMatchObject({
    payload: '/wA=',
    encoding: 'base64',
  })
})
