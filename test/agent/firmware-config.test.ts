import { execFile, spawn, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, connectAsync, type IClientOptions } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { utf8 } from '#contract/ground/bytes.ts'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { createDecoder } from '../../agent/devices/decode-as.ts'
import { loadProfile } from '../../agent/devices/modbus/profile.ts'
import {
  findTool,
  freePort,
  isListening,
  stopProcess,
  temporaryFolder,
  until,
} from '../world/real-services.ts'

/** The samples around the programs, as far as they can be tried without the hardware. */
const root = join(import.meta.dirname, '../../firmware-config')
const ROOMS = ['esphome', 'zigbee2mqtt', 'mosquitto', 'udev', 'systemd'] as const
const foldersOf = (room: string): string[] =>
  readdirSync(join(root, room)).filter((name) => statSync(join(root, room, name)).isDirectory())
const samples = ROOMS.flatMap((room) => foldersOf(room).map((name) => `${room}/${name}`))
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** ESPHome's tags become what a reader needs of them: which secret, which code. */
class Secret {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}
const customTags = [
  { tag: '!secret', resolve: (name: string) => new Secret(name) },
  { tag: '!lambda', resolve: (code: string) => code },
]

function parseYaml(path: string): Record<string, unknown> {
  const document = parseDocument(textOf(path), { customTags, uniqueKeys: true })
  expect([...document.errors, ...document.warnings].map(String), path).toEqual([])
  return document.toJS() as Record<string, unknown>
}

/** Every object in a tree, with the key that it stands under. */
function* objectsIn(
  value: unknown,
  under = '',
): Generator<{ under: string; object: Record<string, unknown> }> {
  if (Array.isArray(value)) for (const each of value) yield* objectsIn(each, under)
  else if (value !== null && typeof value === 'object' && !(value instanceof Secret)) {
    yield { under, object: value as Record<string, unknown> }
    for (const [key, each] of Object.entries(value)) yield* objectsIn(each, key)
  }
}

describe('every sample', () => {
  test.each(samples)('%s has a README that says what was tried', (sample) => {
    const readme = textOf(`${sample}/README.md`)
    expect(readme.length).toBeGreaterThan(500)
    expect(readme).toMatch(/tested|tests|by us/i)
  })

  test('every YAML of every room parses', () => {
    const files = ROOMS.flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.yaml'))
        .map((file) => `${room}/${file}`),
    )
    expect(files.length).toBeGreaterThanOrEqual(6)
    for (const file of files) parseYaml(file)
  })

  test('the map names every room', () => {
    const map = textOf('README.md')
    for (const room of readdirSync(root).filter((name) => !name.endsWith('.md')))
      expect(map).toContain(`[${room}/]`)
  })
})

describe('an ESPHome node', () => {
  const nodes = foldersOf('esphome').map((name) => `esphome/${name}/${name}.yaml`)
  const sensorsOf = (yaml: Record<string, unknown>) =>
    [...objectsIn(yaml['sensor'])]
      .map(({ object }) => object)
      .filter((each) => typeof each['name'] === 'string' && each['internal'] !== true)

  test('has a name and a user of its own', () => {
    const names = nodes.map((path) => (parseYaml(path)['substitutions'] as { node: string }).node)
    expect(new Set(names).size).toBe(nodes.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{3,31}$/)
  })

  test.each(nodes)(
    '%s uses each id once, refers only to ids that are there, and keeps secrets out',
    (path) => {
      const yaml = parseYaml(path)
      const ids = [...objectsIn(yaml)].flatMap(({ object }) =>
        typeof object['id'] === 'string' ? [object['id']] : [],
      )
      expect(ids).toEqual([...new Set(ids)])
      const secrets = Object.keys(parseYaml('esphome/secrets.sample.yaml'))
      for (const { object } of objectsIn(yaml))
        for (const [key, value] of Object.entries(object)) {
          if (value instanceof Secret) expect(secrets, path).toContain(value.name)
          if (/password|ssid$/.test(key) && key !== 'ssid')
            expect(value, `${path} ${key}`).toBeInstanceOf(Secret)
          const isReference =
            /^(.*_id|component\.update|(switch|output)\.turn_(on|off))$/.test(key) &&
            typeof value === 'string'
          if (isReference) expect(ids, `${path} ${key}`).toContain(value)
        }
    },
  )

  test.each(nodes)('%s says nothing that the box does not understand', async (path) => {
    const yaml = parseYaml(path)
    const { node } = yaml['substitutions'] as { node: string }
    const decoder = createDecoder('esphome')
    const sensors = sensorsOf(yaml)
    expect(sensors.length).toBeGreaterThan(1)
    for (const { name, id } of sensors) {
      // ESPHome makes the topic of the name, and the id here is the same, so that logs and topics agree.
      const objectId = String(name).toLowerCase().replaceAll(' ', '_')
      expect(objectId, path).toBe(id)
      // Without a unit the box asks whether hPa can be meant.
      const said = objectId === 'air_pressure' ? '1009.5' : '12.5'
      const result = await decoder.decode({
        topic: `${node}/sensor/${objectId}/state`,
        payload: utf8(said),
      })
      const quantity = objectId.replaceAll('_', '-')
      expect(result.readings, `${path} ${objectId}`).toMatchObject([
        { device: node, quantity, value: Number(said) },
      ])
    }
  })

  test('of the RS485 bridge asks the registers that the profile of its probe names', () => {
    const { values, line } = loadProfile('cwt-soil-7in1')
    const yaml = parseYaml('esphome/rs485-soil-bridge/rs485-soil-bridge.yaml')
    expect(yaml['uart']).toMatchObject({ baud_rate: line.baudRate, stop_bits: line.stopBits, parity: 'NONE' })
    const asked = sensorsOf(yaml).filter((each) => each['platform'] === 'modbus_controller')
    expect(asked.length).toBe(4)
    for (const sensor of asked) {
      const quantity = String(sensor['id']).replaceAll('_', '-')
      const value = values.find((each) => each.quantity === quantity)
      const factor = (sensor['filters'] as { multiply: number }[] | undefined)?.[0]?.multiply ?? 1
      expect({ quantity, address: sensor['address'], factor, type: sensor['value_type'] }).toEqual({
        quantity,
        address: value?.address,
        factor: value?.scale,
        type: value?.type === 's16' ? 'S_WORD' : 'U_WORD',
      })
    }
  })
})

describe('Zigbee2MQTT', () => {
  const yaml = parseYaml('zigbee2mqtt/packing-shed/configuration.yaml')

  test('publishes where the box listens, and names each device once', async () => {
    expect(yaml['mqtt']).toMatchObject({ base_topic: agentBase(), password: '!secret.yaml mqtt_password' })
    const devices = yaml['devices'] as Record<string, { friendly_name: string }>
    for (const address of Object.keys(devices)) expect(address).toMatch(/^0x[0-9a-f]{16}$/)
    const names = Object.values(devices).map((device) => device.friendly_name)
    expect(new Set(names).size).toBe(names.length)
    const decoder = createDecoder('zigbee2mqtt')
    for (const name of names) {
      const payload = utf8(
        '{"temperature":28.1,"humidity":70,"water_leak":false,"battery":90,"last_seen":"2026-11-27T06:00:00Z"}',
      )
      const { readings } = await decoder.decode({ topic: `zigbee2mqtt/${name}`, payload })
      expect(readings.map((each) => each.quantity)).toEqual(
        expect.arrayContaining(['air-temperature', 'water-leak', 'battery']),
      )
      expect(readings[0]?.sourceTimeMs).toBe(Date.UTC(2026, 10, 27, 6))
    }
  })

  test('has no key of a network in it', () => {
    expect(yaml['advanced']).toMatchObject({
      network_key: 'GENERATE',
      pan_id: 'GENERATE',
      ext_pan_id: 'GENERATE',
    })
  })

  const agentBase = () => {
    const [bus] = agentConfigSchema.parse({ buses: [{ kind: 'mqtt-broker', name: 'b' }] }).buses
    return bus?.kind === 'mqtt-broker' ? bus.zigbee2mqttBase : ''
  }
})

test("the agent's part in mosquitto's README passes config check", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(textOf('mosquitto/box/README.md'))?.[1] ?? ''
  const config = parseConfig(agentConfigSchema, yaml, 'README.md', (kind, name) => `${kind} ${name}`)
  expect(config.buses).toMatchObject([{ kind: 'mqtt', username: 'vuon', password: 'cred mqtt-password' }])
})

const hasMosquitto = ['mosquitto', 'mosquitto_passwd', 'openssl'].every(
  (name) => findTool(name) !== undefined,
)

describe('mosquitto.conf in the real broker [needs mosquitto, openssl]', () => {
  const folder = temporaryFolder()
  let [plain, tls] = [0, 0]
  let broker: ReturnType<typeof spawn> | undefined

  const start = async () => {
    broker = spawn(findTool('mosquitto')!, ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' })
    await until(async () => (await isListening(plain)) && (await isListening(tls)), broker, 'mosquitto')
  }
  const as = (username: string, options: IClientOptions = {}, url = `mqtt://127.0.0.1:${plain}`) =>
    connectAsync(url, { username, password: `${username}-word`, reconnectPeriod: 0, ...options }, false)

  beforeAll(async () => {
    if (!hasMosquitto) return
    ;[plain, tls] = [await freePort(), await freePort()]
    cpSync(join(root, 'mosquitto/box/acl'), join(folder, 'acl'))
    const make = (name: string, ...words: string[]) => {
      const { status, stderr } = spawnSync(findTool(name)!, words, { cwd: folder, encoding: 'utf8' })
      expect(status, `${name} ${words.join(' ')}: ${stderr}`).toBe(0)
    }
    for (const [at, user] of ['vuon', 'zigbee2mqtt', 'soil-a1', 'air-a1'].entries())
      make('mosquitto_passwd', ...(at === 0 ? ['-c'] : []), '-b', 'passwords', user, `${user}-word`)
    // As the README says, word for word but for the names.
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    make(
      'openssl',
      'req',
      '-x509',
      ...key,
      '-days',
      '3650',
      '-subj',
      '/CN=farm',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    )
    make('openssl', 'req', '-new', ...key, '-subj', '/CN=box', '-keyout', 'box.key', '-out', 'box.csr')
    writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:box.local,IP:127.0.0.1')
    make(
      ...(['openssl', 'x509', '-req', '-in', 'box.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key'] as const),
      ...['-CAcreateserial', '-days', '3650', '-extfile', 'names', '-out', 'box.crt'],
    )
    const conf = textOf('mosquitto/box/mosquitto.conf')
      .replaceAll('/etc/mosquitto/vuon/', `${folder}/`)
      .replaceAll('/var/lib/mosquitto/', `${folder}/`)
      .replace('listener 1883 127.0.0.1', `listener ${plain} 127.0.0.1`)
      .replace('listener 8883', `listener ${tls} 127.0.0.1`)
    // Only root may start it as another user; the sample leaves the user to Debian's own file.
    writeFileSync(join(folder, 'mosquitto.conf'), `${conf}\nuser root\n`)
    await start()
  })
  afterAll(async () => {
    if (broker) await stopProcess(broker)
  })

  test.skipIf(!hasMosquitto)(
    'lets nobody in without a password, and no node onto the topics of another',
    async () => {
      await expect(connectAsync(`mqtt://127.0.0.1:${plain}`, { reconnectPeriod: 0 }, false)).rejects.toThrow(
        /not auth/i,
      )
      await expect(as('vuon', { password: 'wrong' })).rejects.toThrow(/not auth/i)
      const [agent, soil] = await Promise.all([as('vuon'), as('soil-a1')])
      const heard: string[] = []
      const last = new Promise<void>((resolve) =>
        agent.on('message', (topic) => {
          heard.push(topic)
          if (topic === 'soil-a1/sensor/done/state') resolve()
        }),
      )
      await agent.subscribeAsync('#', { qos: 1 })
      for (const topic of [
        'air-a1/sensor/air_temperature/state',
        'zigbee2mqtt/leak-pump',
        'cmnd/air-a1/POWER',
      ])
        await soil.publishAsync(topic, '1', { qos: 1 })
      for (const topic of [
        'soil-a1/sensor/soil_moisture/state',
        'homeassistant/sensor/soil-a1/soil_moisture/config',
      ])
        await soil.publishAsync(topic, '1', { qos: 1 })
      await soil.publishAsync('soil-a1/sensor/done/state', '1', { qos: 1 })
      await last
      expect(heard).toEqual([
        'soil-a1/sensor/soil_moisture/state',
        'homeassistant/sensor/soil-a1/soil_moisture/config',
        'soil-a1/sensor/done/state',
      ])
      await Promise.all([agent.endAsync(), soil.endAsync()])
    },
  )

  test.skipIf(!hasMosquitto)(
    'keeps over a restart what the agent has not had, and speaks TLS to those who know its authority',
    async () => {
      const session = { clean: false, clientId: 'vuon-box' }
      const agent = await as('vuon', session)
      await agent.subscribeAsync('zigbee2mqtt/#', { qos: 1 })
      await agent.endAsync()
      const ca = readFileSync(join(folder, 'ca.crt'))
      const url = `mqtts://127.0.0.1:${tls}`
      await expect(as('zigbee2mqtt', {}, url)).rejects.toThrow(/certificate/i)
      const node = await as('zigbee2mqtt', { ca }, url)
      await node.publishAsync('zigbee2mqtt/leak-pump', '{"water_leak":true}', { qos: 1 })
      await node.endAsync()
      await stopProcess(broker!)
      await start()
      // What waits comes right behind the broker's greeting: the listener has to be there before.
      const client = connect(`mqtt://127.0.0.1:${plain}`, {
        ...{ username: 'vuon', password: 'vuon-word', ...session },
      })
      const kept = await new Promise<string>((resolve) =>
        client.on('message', (_topic, payload) => resolve(payload.toString())),
      )
      expect(kept).toBe('{"water_leak":true}')
      await client.endAsync()
    },
  )
})

describe('systemd units', () => {
  const units = foldersOf('systemd').flatMap((folder) =>
    readdirSync(join(root, 'systemd', folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(service|conf)$/.test(file))
      .map((file) => `systemd/${folder}/${file}`),
  )

  test('of the agent promise no watchdog that it does not feed', () => {
    const unit = textOf('systemd/vuon-agent/vuon-agent.service')
    expect(unit).toMatch(/^Restart=always$/m)
    expect(unit).toMatch(/^StateDirectory=vuon$/m)
    expect(unit).not.toMatch(/^(WatchdogSec|Type=notify)/m)
    // Its default dataDir is the unit's folder.
    expect(agentConfigSchema.parse({}).dataDir).toBe('/var/lib/vuon')
    expect(textOf('systemd/vuon-agent/vuon-agent.service.d/mqtt-password.conf')).toMatch(
      /^LoadCredential=mqtt-password:/m,
    )
  })

  const analyze = findTool('systemd-analyze')
  test.skipIf(!analyze)(
    'pass systemd-analyze verify, with their drop-ins [needs systemd-analyze]',
    async () => {
      const folder = temporaryFolder()
      cpSync(join(root, 'systemd/vuon-agent'), folder, { recursive: true })
      const rs485 = 'rs485-mode@ttyAMA3.service'
      cpSync(join(root, 'systemd/rs485-mode/rs485-mode@.service'), join(folder, rs485))
      // What is not installed on this machine stands in for itself.
      for (const file of ['vuon-agent.service', rs485]) {
        const path = join(folder, file)
        writeFileSync(path, readFileSync(path, 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'))
      }
      const said = await new Promise<string>((resolve) => {
        const words = ['verify', '--man=no', join(folder, 'vuon-agent.service'), join(folder, rs485)]
        execFile(analyze!, words, (_error, out, err) => resolve(out + err))
      })
      // It also tells of units of the machine that it loads on the way.
      const ours = said.split('\n').filter((line) => line.includes(folder) || /vuon|rs485/.test(line))
      expect(ours).toEqual([])
    },
  )

  test('name only keys that are written as systemd writes them', () => {
    for (const unit of units)
      for (const line of textOf(unit).split('\n'))
        expect(line, unit).toMatch(/^(#.*|\[(Unit|Service|Install)\]|[A-Z][A-Za-z0-9]+=.*|)$/)
  })
})

describe('RS485 direction', () => {
  const python = findTool('python3')
  test.skipIf(!python)('a port whose driver can not do it is told as such, and fails [needs python3]', () => {
    const script = join(root, 'systemd/rs485-mode/rs485-mode.py')
    const asked = (...words: string[]) => spawnSync(python!, [script, ...words], { encoding: 'utf8' })
    const cannot = asked('/dev/ptmx')
    expect(cannot.status).toBe(1)
    expect(cannot.stderr).toContain('its driver can not switch the direction')
    expect(asked('/dev/ttyNONE').stderr).toContain('No such file')
    expect(asked('/dev/ttyNONE').status).toBe(1)
  })
})

test('every udev rule is a list of matches and assignments, and names a port only once', () => {
  const rules = textOf('udev/rs485-names/70-vuon-rs485.rules')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(rules.length).toBeGreaterThan(3)
  for (const rule of rules)
    for (const part of rule.split(', '))
      expect(part).toMatch(/^[A-Z]+(\{[A-Za-z0-9_]+\})?(==|!=|\+=|=)"[^"]*"$/)
  const names = rules.flatMap((rule) => /SYMLINK\+="([^"]+)"/.exec(rule)?.[1] ?? [])
  expect(new Set(names).size).toBe(names.length)
})
