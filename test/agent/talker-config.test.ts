import { describe, expect, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { knownDevices, notesOf } from '../../agent/known-devices.ts'
import { talkerSettings } from '../../agent/line-input.ts'
import { talkerOf } from '../../agent/talker-config.ts'
import { configSaid, mistakesIn } from '../world/config-said.ts'

const read = (bus: string) => configSaid(`buses:\n  - ${bus}\n`)

const mistakesOf = (bus: string) => mistakesIn(`buses:\n  - ${bus}\n`)

const serial = (talker: string, more = '') =>
  `{ kind: serial, name: port, path: /dev/ttyUSB0, ${more} talker: ${talker} }`
const lines = (rest: string) => serial(`{ kind: lines, name: uno, ${rest} }`)

describe('a port with a talking device', () => {
  test('needs no more than the kind and a name; the line is set as the kind leaves the factory', () => {
    for (const [kind, baudRate] of [
      ['nmea', 4800],
      ['davis', 19_200],
      ['rg15', 9600],
    ] as const) {
      const [bus] = read(serial(`{ kind: ${kind}, name: d }`)).buses
      expect(talkerSettings(talkerOf(bus!)!)).toEqual({ baudRate, parity: 'none', dataBits: 8, stopBits: 1 })
    }
    const [bus] = read(serial('{ kind: nmea, name: d, line: { baudRate: 38400, parity: even } }')).buses
    expect(talkerSettings(talkerOf(bus!)!)).toMatchObject({ baudRate: 38_400, parity: 'even' })
  })

  test('and Modbus probes on it too is refused with what to do', () => {
    const [mistake] = mistakesOf(
      serial('{ kind: rg15, name: rain }', 'probes: [{ name: a, profile: xy-md02, unit: 1 }],'),
    )
    expect(mistake).toMatchObject({ key: 'buses[0].talker', line: 2 })
    expect(mistake?.remedy).toContain('a port of its own')
  })

  test('can not share its name with a probe or another talker', () => {
    const config = `buses:
  - { kind: serial, name: a, path: /dev/x, probes: [{ name: d, profile: xy-md02, unit: 1 }] }
  - { kind: serial, name: b, path: /dev/y, talker: { kind: rg15, name: d } }
`
    expect(() => parseConfig(agentConfigSchema, config, 'box.yaml')).toThrow(
      /buses\[1\]\.talker\.name.*used twice/,
    )
  })

  test.each([
    [
      'a unit that can not become the quantity’s',
      lines('format: pairs, values: [{ from: T, quantity: air-temperature, unit: hPa }]'),
      'values[0].unit',
      '°C, C, °F',
    ],
    [
      'a column of JSON',
      lines('format: json, values: [{ from: 2, quantity: air-temperature }]'),
      'values[0].from',
      'give the key',
    ],
    [
      'decimal commas between commas',
      lines('format: csv, decimalComma: true, values: [{ from: 2, quantity: air-temperature }]'),
      'separator',
      '";"',
    ],
    [
      'two values of one series',
      lines('format: csv, values: [{ from: 1, quantity: battery }, { from: 2, quantity: battery }]'),
      'values[1]',
      'channel',
    ],
    ['no values', lines('format: csv, values: []'), 'values', ''],
    ['a kind that there is not', serial('{ kind: nema, name: d }'), 'kind', 'nmea'],
    [
      'a quantity that there is not',
      lines('format: csv, values: [{ from: 1, quantity: temperature }]'),
      'values[0].quantity',
      'temperature',
    ],
    [
      'a setting of another kind',
      serial('{ kind: rg15, name: d, rainClickMm: 0.2 }'),
      'rainClickMm',
      'known here',
    ],
  ])('%s is refused by its key, with a remedy', (_what, bus, key, remedy) => {
    const [mistake] = mistakesOf(bus)
    expect(mistake?.key).toBe(`buses[0].talker.${key}`)
    expect(mistake?.remedy).toContain(remedy)
  })
})

describe('what the box knows of it', () => {
  test('it is expected to speak, at its place, with its calibration', () => {
    const config = read(
      serial('{ kind: rg15, name: rain, place: Lô A, everyS: 30, calibration: { rain: { scale: 1.02 } } }'),
    )
    expect([...knownDevices(config)]).toEqual([{ name: 'rain', bus: 'port', place: 'Lô A', everyMs: 30_000 }])
    expect(notesOf(config, 'rain')).toEqual({
      place: 'Lô A',
      calibration: { rain: { scale: 1.02, offset: 0 } },
    })
  })

  test('nodes behind it stand where it does, unless the config says more of them', () => {
    const bus = lines('place: Lô A, format: csv, node: 1, values: [{ from: 2, quantity: soil-moisture }]')
    const config = parseConfig(
      agentConfigSchema,
      `buses:\n  - ${bus}\ndevices:\n  uno/n7: { place: Lô B }\n`,
      'box.yaml',
    )
    expect(notesOf(config, 'uno/n6').place).toBe('Lô A')
    expect(notesOf(config, 'uno/n7').place).toBe('Lô B')
    expect([...knownDevices(config)].map(({ name }) => name)).toEqual(['uno/n7'])
  })

  test('the commented example of the sample is right', async () => {
    const { readFileSync } = await import('node:fs')
    const text = readFileSync(new URL('../../agent/agent.sample.yaml', import.meta.url), 'utf8')
    const example = text
      .slice(
        text.indexOf('  # - kind: serial\n  #   name: arduino-port'),
        text.indexOf('  # The broker inside'),
      )
      .split('\n')
      .filter((line) => !/^ {2}# [A-Z]/.test(line))
      .map((line) => line.replace('# ', ''))
      .join('\n')
    const config = parseConfig(agentConfigSchema, `buses:\n${example}`, 'sample')
    expect(config.buses.map((bus) => talkerOf(bus)?.kind)).toEqual(['lines', 'nmea', 'davis', 'rg15'])
  })
})
