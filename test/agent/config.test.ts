import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { VuonError } from '#contract/ground/errors.ts'
import {
  agentConfigSchema,
  agentConfigWithoutSecrets,
  agentJsonSchema,
  loadAgentConfig,
} from '../../agent/config.ts'
import { gatewayJsonSchema } from '../../gateway/config.ts'
import { mistakesIn } from '../world/config-said.ts'

interface Shape {
  properties?: Record<string, Record<string, unknown>>
  items?: unknown
  additionalProperties?: unknown
  anyOf?: unknown[]
  oneOf?: unknown[]
  allOf?: unknown[]
}

const folder = mkdtempSync(join(tmpdir(), 'vuon-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the agent config', () => {
  test('the sample file is accepted as it is', () => {
    const config = loadAgentConfig(join(import.meta.dirname, '../../agent/agent.sample.yaml'))
    expect(config.buses.map((bus) => bus.kind)).toEqual(['serial', 'mqtt-broker'])
    expect(config.journal.lossWindowMs).toBe(1000)
  })

  test('every setting that the sample shows commented out is at its default', () => {
    const text = readFileSync(join(import.meta.dirname, '../../agent/agent.sample.yaml'), 'utf8')
    const uncommented = text
      .split('\n')
      .filter((line) => /^# {0,3}[a-zA-Z]+:/.test(line) && !line.includes('devices') && !line.includes('0x0'))
      .map((line) => line.slice(2))
      .join('\n')
    expect(parseConfig(agentConfigSchema, uncommented, 'sample')).toEqual(
      parseConfig(agentConfigSchema, '', 'empty'),
    )
  })

  test('an empty file is a config with every default', () => {
    expect(parseConfig(agentConfigSchema, '', 'box.yaml')).toMatchObject({
      page: { port: 8080 },
      sync: { batchEveryS: 60 },
    })
  })

  test('an unknown key is refused with its line and the nearest known one', () => {
    expect(mistakesIn('version: 1\npag:\n  port: 80\n')).toEqual([
      expect.objectContaining({ line: 2, column: 1, key: 'pag', remedy: 'did you mean "page"?' }),
    ])
  })

  test('a value out of bounds says key, value, unit and bounds', () => {
    const [mistake] = mistakesIn('journal:\n  lossWindowMs: 99999999\n')
    expect(mistake).toMatchObject({ line: 2, key: 'journal.lossWindowMs' })
    expect(`${mistake?.problem} ${mistake?.remedy}`).toMatch(/99999999.*ms.*0 to 60000/)
  })

  test('a mistake inside one bus of a list is named by its place in the list', () => {
    const mistakes = mistakesIn(
      'buses:\n  - {kind: mqtt-broker, name: a}\n  - kind: serial\n    name: b\n    path: /dev/ttyUSB0\n    probes:\n      - {name: p, profile: x, unit: 300}\n',
    )
    expect(mistakes).toEqual([expect.objectContaining({ key: 'buses[1].probes[0].unit', line: 7 })])
  })

  test('two probes with one address on one line are refused', () => {
    const probes = '[{name: a, profile: x, unit: 1}, {name: b, profile: x, unit: 1}]'
    const mistakes = mistakesIn(`buses:\n  - {kind: serial, name: l, path: /dev/x, probes: ${probes}}\n`)
    expect(mistakes[0]?.problem).toContain('address 1')
  })

  test('an alarm with both bounds or none is refused with what to do', () => {
    expect(mistakesIn('alarms: [{name: a, quantity: air-temperature}]')[0]?.remedy).toContain('exactly one')
  })

  test('a misspelt quantity gets a proposal', () => {
    expect(mistakesIn('alarms: [{name: a, quantity: air-temperatur, above: 3}]')[0]?.remedy).toContain(
      'air-temperature',
    )
  })

  test('a secret is read from its reference and never shown', () => {
    const file = join(folder, 'password')
    writeFileSync(file, 'quả thanh long\n')
    const path = join(folder, 'box.yaml')
    writeFileSync(
      path,
      `buses:\n  - {kind: mqtt, name: m, url: "mqtt://h", username: box, password: "\${file:${file}}"}\n`,
    )
    const config = loadAgentConfig(path)
    expect(config.buses[0]).toMatchObject({ password: 'quả thanh long' })
    expect(JSON.stringify(agentConfigWithoutSecrets(config))).not.toContain('thanh long')
  })

  test('a reference that leads nowhere is a mistake with its line', () => {
    const mistakes = mistakesIn(
      'buses:\n  - {kind: mqtt, name: m, url: "mqtt://h", password: "${env:VUON_NOT_SET}"}\n',
    )
    expect(mistakes[0]).toMatchObject({ key: 'buses[0].password', line: 2 })
  })

  test('a file that is not there says how to give one', () => {
    expect(() => loadAgentConfig(join(folder, 'none.yaml'))).toThrow(
      expect.objectContaining({ code: 'file-unreadable' }),
    )
  })

  test('the editor schema names every top-level setting', () => {
    expect(Object.keys(agentJsonSchema()['properties'] as object)).toEqual(
      Object.keys(agentConfigSchema.shape),
    )
  })

  test('every setting, of both programs, has a sentence that says what it is for', () => {
    const silent: string[] = []
    const walk = (shape: unknown, path: string): void => {
      if (shape === null || typeof shape !== 'object') return
      const {
        properties = {},
        items,
        additionalProperties,
        anyOf = [],
        oneOf = [],
        allOf = [],
      } = shape as Shape
      for (const [key, inner] of Object.entries(properties)) {
        if (inner['const'] === undefined && !inner['description']) silent.push(`${path}.${key}`)
        walk(inner, `${path}.${key}`)
      }
      for (const inner of [items, additionalProperties, ...anyOf, ...oneOf, ...allOf]) walk(inner, path)
    }
    walk(agentJsonSchema(), 'agent')
    walk(gatewayJsonSchema(), 'gateway')
    expect(silent).toEqual([])
  })

  test('whatever stands in the file, the answer is a config or a list of mistakes', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'buses:',
        '  - kind: serial',
        'a: &x [*x]',
        '<<: *y',
        'page: {port: 1e99}',
        'version: !!js 1',
        '\t- x',
        '%YAML 9',
        '---',
      ),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        try {
          parseConfig(agentConfigSchema, lines.join('\n'), 'fuzz.yaml')
        } catch (error) {
          expect(error).toBeInstanceOf(VuonError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
