import { describe, expect, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { gatherFacts } from '../../agent/command/doctor.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { examine } from '../../agent/health/doctor.ts'
import { usersOf } from '../../agent/mqtt-sources.ts'
import { configSaid, mistakesIn } from '../world/config-said.ts'
import { temporaryFolder } from '../world/real-services.ts'

const parse = (bus: string) => configSaid(`buses:\n  - ${bus}\n`)

const mistakesOf = (bus: string): string[] =>
  mistakesIn(`buses:\n  - ${bus}\n`).map(({ key, problem, remedy }) => `${key}: ${problem}; ${remedy}`)

describe('MQTT buses of the config', () => {
  test('an own broker is open to the local network only, with Sparkplug as it comes', () => {
    expect(parse('{kind: mqtt-broker, name: b, decoders: [sparkplug]}').buses[0]).toMatchObject({
      users: [],
      allowInternet: false,
      maxClients: 64,
      sparkplug: { withGroup: false, reorderMs: 2000 },
    })
  })

  test('one name for all nodes, and nodes with their own', () => {
    const [bus] = parse(
      '{kind: mqtt-broker, name: b, username: all, password: x, users: [{name: pump, password: y, topics: [farm/#]}]}',
    ).buses
    if (bus?.kind !== 'mqtt-broker') throw new Error('not a broker')
    expect(usersOf(bus)).toEqual([
      { name: 'all', password: 'x', topics: ['#'] },
      { name: 'pump', password: 'y', topics: ['farm/#'] },
    ])
  })

  test.each([
    ['{kind: mqtt, name: m, url: "mqtt://h", caFile: /ca.pem}', 'buses[0].caFile', 'mqtts://'],
    ['{kind: mqtt, name: m, url: "mqtts://h", certFile: /c.pem}', 'buses[0].certFile', 'keyFile together'],
    ['{kind: mqtt, name: m, url: "mqtt://h", password: x}', 'buses[0].password', 'username'],
    ['{kind: mqtt, name: m, url: "mqtt://h", protocol: 3}', 'buses[0].protocol', ''],
    ['{kind: mqtt-broker, name: b, allowInternet: true}', 'buses[0].allowInternet', 'users'],
    [
      '{kind: mqtt-broker, name: b, allowInternet: true, username: a, password: b}',
      'buses[0].allowInternet',
      'certFile',
    ],
    ['{kind: mqtt-broker, name: b, username: a}', 'buses[0].username', 'password'],
    [
      '{kind: mqtt-broker, name: b, users: [{name: a, password: x}, {name: a, password: y}]}',
      'buses[0].users[1].name',
      'own name',
    ],
    [
      '{kind: mqtt-broker, name: b, users: [{name: a, password: "scrypt$1$2$3$x$y"}]}',
      'buses[0].users[0].password',
      'mqtt-password',
    ],
    [
      '{kind: mqtt-broker, name: b, users: [{name: a, password: x, topics: ["farm#"]}]}',
      'buses[0].users[0].topics[0]',
      'farm/#',
    ],
    ['{kind: mqtt, name: m, url: "mqtt://h", sparkplug: {hostId: a/b}}', 'buses[0].sparkplug.hostId', ''],
  ])('%s is a mistake of %s', (bus, key, remedy) => {
    const [mistake] = mistakesOf(bus)
    expect(mistake).toContain(`${key}: `)
    expect(mistake).toContain(remedy)
  })
})

test('doctor warns of a broker that asks nobody for a password, unless only the box itself reaches it', async () => {
  const config = parseConfig(
    agentConfigSchema,
    `dataDir: ${temporaryFolder()}
buses:
  - {kind: mqtt-broker, name: open}
  - {kind: mqtt-broker, name: inside, host: 127.0.0.1, port: 1884}
  - {kind: mqtt-broker, name: closed, port: 1885, users: [{name: a, password: b}]}
`,
    'box.yaml',
  )
  const checks = examine(await gatherFacts(config, 'box.yaml'), 'vi')
  expect(checks.filter(({ hint }) => hint?.includes('mqtt-password'))).toMatchObject([
    { name: 'bus open', state: 'warning' },
  ])
})
