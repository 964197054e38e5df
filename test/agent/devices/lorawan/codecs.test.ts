import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { decodeUplinks } from '../../../../agent/command/decode-uplinks.ts'
import { createDecoder } from '../../../../agent/devices/decode-as.ts'
import { codecPath, readCodec } from '../../../../agent/devices/lorawan/codec-file.ts'
import { LorawanCodecs } from '../../../../agent/devices/lorawan/codecs.ts'
import type { LoraDevice } from '../../../../agent/devices/lorawan/lora-device.ts'
import { parseUplink } from '../../../../agent/devices/lorawan/uplink.ts'
import { checkCodecs } from '../../../../agent/lorawan-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'vuon-codecs-'))
const put = (name: string, source: string | Uint8Array) => writeFileSync(join(folder, name), source)
const node = (more: Partial<LoraDevice>): LoraDevice => ({
  devEui: 'A84041FFFF123456',
  name: '',
  application: '',
  profile: '',
  ...more,
})
const says = (what: string) => `function decodeUplink() { return { data: { from: '${what}' } } }`
const UPLINK = { fPort: 2, bytes: [1] }

put('acme.js', says('acme'))
put('wide.js', Buffer.from(`\ufeff${says('độ ẩm')}`, 'utf16le'))
const codecs = new LorawanCodecs({
  folder,
  clock: systemClock,
  rules: [
    { device: 'a84041????123456', file: 'acme.js' },
    { device: 'vườn *', file: 'wide.js' },
    { device: '*LSE01*', file: 'dragino-lse01' },
    { device: 'gone', file: 'gone.js' },
  ],
})

afterAll(async () => {
  await codecs.stop()
  rmSync(folder, { recursive: true })
})

describe('which codec a node has', () => {
  test('nothing is started before a node needs it', () => {
    expect(codecs.codecOf(node({}))).toBeDefined()
    expect(codecs.state).toBeUndefined()
  })

  test('by EUI, name or profile; the first rule that fits; none is none', async () => {
    const from = async (device: Partial<LoraDevice>) =>
      (await codecs.codecOf(node(device))?.decodeUplink(UPLINK))?.data
    expect(await from({})).toEqual({ from: 'acme' })
    expect(await from({ devEui: '01', name: 'Vườn A' })).toEqual({ from: 'độ ẩm' })
    expect(await from({ devEui: '01', name: 'x' })).toBeUndefined()
    const soil = codecs.codecOf(node({ devEui: '02', profile: 'Dragino LSE01 (AS923)' }))
    const bytes = [0x0c, 0xe4, 0, 0xf0, 0x0d, 0x48, 0x0a, 0x28, 0, 0xe1, 0]
    expect(await soil?.decodeUplink({ fPort: 2, bytes })).toMatchObject({ data: { water_SOIL: 34 } })
  })

  test('what ChirpStack hands on undecoded becomes readings', async () => {
    const decoder = createDecoder('chirpstack', { codecOf: codecs.codecOf })
    const deviceInfo = {
      devEui: 'a840410000000001',
      deviceName: 'soil-a',
      deviceProfileName: 'Dragino LSE01',
    }
    const data = Buffer.from('0ce400f00d480a2800e100', 'hex').toString('base64')
    const payload = Buffer.from(JSON.stringify({ deviceInfo, fPort: 2, data }))
    const topic = 'application/1/device/a840410000000001/event/up'
    const { readings, errors } = await decoder.decode({ topic, payload })
    expect(errors).toEqual([])
    const found = readings.map(({ device, quantity, value }) => [device, quantity, value])
    expect(found).toContainEqual(['soil-a', 'soil-moisture', 34])
    expect(found).toContainEqual(['soil-a', 'soil-temperature', 26])
  })

  test('a file that is not there, or is changed', async () => {
    const gone = codecs.codecOf(node({ devEui: '', name: 'gone' }))
    expect(await gone?.decodeUplink(UPLINK)).toMatchObject({
      fault: 'codec-failed',
      errors: [expect.stringContaining('gone.js')],
    })
    put('gone.js', says('new'))
    expect((await gone?.decodeUplink(UPLINK))?.data).toEqual({ from: 'new' })
    put('gone.js', says('newer'))
    utimesSync(join(folder, 'gone.js'), 1, 1)
    expect((await gone?.decodeUplink(UPLINK))?.data).toEqual({ from: 'newer' })
  })

  test.each(['../secret.js', '/etc/passwd', 'a/../../b.js', 'x.json', 'UPPER', '', '..', 'a\0.js'])(
    '%j names no codec',
    (name) => expect(codecPath(name, folder)).toBeUndefined(),
  )

  test('a file of a megabyte and more is refused', () => {
    put('large.js', Buffer.alloc(1024 * 1024 + 1, 32))
    expect(() => readCodec(join(folder, 'large.js'))).toThrow('larger than 1048576 bytes')
  })

  test('the check of the config names a codec that is not there', () => {
    const check = (file: string) => () => checkCodecs({ codecsDir: folder, codecs: [{ device: 'x', file }] })
    expect(check('acme.js')).not.toThrow()
    expect(check('elsys')).not.toThrow()
    expect(check('other.js')).toThrow('codec of "x": there is no "other.js"')
    expect(check('../acme.js')).toThrow('there is no')
  })
})

describe('an uplink as somebody states it', () => {
  test.each([
    [
      [1, 255],
      [1, 255],
    ],
    ['01ff', [1, 255]],
    ['0x01 FF', [1, 255]],
    ['01:ff', [1, 255]],
    ['Af8=', [1, 255]],
    ['', []],
  ])('bytes as %j', (bytes, read) => {
    expect(parseUplink({ fPort: 1, bytes })).toEqual({ fPort: 1, bytes: read })
  })

  test('time and variables; a port may be absent', () => {
    const uplink = { bytes: [], recvTime: '2026-11-23T06:00:00Z', variables: { a: 1 } }
    expect(parseUplink(uplink)).toEqual({ bytes: [], recvTimeMs: 1_795_413_600_000, variables: { a: 1 } })
  })

  test.each([
    { fPort: 256, bytes: [] },
    { fPort: '1', bytes: [] },
    { fPort: 1.5, bytes: [] },
    { fPort: 1 },
    { fPort: 1, bytes: [256] },
    { fPort: 1, bytes: [-1] },
    { fPort: 1, bytes: [null] },
    { fPort: 1, bytes: '0' },
    { fPort: 1, bytes: 'ab cd e!' },
    { fPort: 1, bytes: { 0: 1 } },
    { fPort: 1, bytes: Array(4097).fill(0) },
    { fPort: 1, bytes: [], recvTime: 'yesterday' },
    { fPort: 1, bytes: [], recvTime: {} },
    { fPort: 1, bytes: [], variables: [] },
  ])('%j is refused with a reason', (stated) => {
    expect(parseUplink(stated)).toEqual({ problem: expect.stringMatching(/^`/) })
  })
})

describe('decode --as lorawan', () => {
  async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
    const all: Item[] = []
    for await (const item of items) all.push(item)
    return all
  }

  async function* lines(...all: string[]) {
    yield* all
  }

  test('answers each line in order, and a bad one with what is wrong', async () => {
    put(
      'port.js',
      'let n = 0; function Decoder(b, port) { if (port === 9) throw new Error("no such port"); return { n: ++n, b } }',
    )
    const answers = await allOf(
      decodeUplinks(
        join(folder, 'port.js'),
        lines(
          '{"fPort":1,"bytes":[7]}',
          'nonsense',
          '{"fPort":9,"bytes":[]}',
          '{"fPort":1}',
          '{"fPort":1,"bytes":"0a"}',
          '{"fPort":1,"bytes":"0a","device":"other"}',
        ),
      ),
    )
    expect(answers).toEqual([
      { data: { n: 1, b: [7] }, warnings: [], errors: [] },
      { data: {}, warnings: [], errors: [expect.stringContaining('not JSON')] },
      { data: {}, warnings: [], errors: ['no such port'] },
      { data: {}, warnings: [], errors: [expect.stringContaining('`bytes` must be')] },
      { data: { n: 2, b: [10] }, warnings: [], errors: [] },
      { data: { n: 1, b: [10] }, warnings: [], errors: [] },
    ])
  })

  test('a codec of ours goes by its name; a file that is not there is an error', async () => {
    const answers = await allOf(decodeUplinks('elsys', lines('{"fPort":5,"bytes":"0100fa"}')))
    expect(answers).toEqual([{ data: { temperature: 25 }, warnings: [], errors: [] }])
    await expect(decodeUplinks('nowhere.js', lines()).next()).rejects.toThrow('could not be read')
  })
})
