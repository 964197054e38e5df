import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MqttNodes } from '../test/world/mqtt-nodes.ts'
import { enrol, newBox, newProvince, type RealProgram } from '../test/world/real-programs.ts'
import { findTool, freePort, isListening, type Service, socatPair } from '../test/world/real-services.ts'
import { startModbusSerialSlave } from '../test/world/slaves/start-slave.ts'
import { installTools } from './debian-tools.ts'
import { harvestOnce } from './demo/harvest-once.ts'
import { watchJourney } from './demo/watch-journey.ts'

/**
 * `npm run demo`: a province, a box and a pretend farm, as real processes over real transports. Stays up until
 * Ctrl-C; with `--once` it waits until everything has made its way, prints what travelled, and ends.
 * `--serial PATH --profile NAME --unit N`, `--tcp HOST:PORT` and `--mqtt URL` put your own hardware in.
 */
const USAGE =
  'npm run demo -- [--once] [--serial /dev/ttyUSB0 | --tcp HOST:PORT] [--profile xy-md02] [--unit 1] [--mqtt mqtt://HOST]'

const DEMO_FARM = {
  name: 'Vườn Hai Lúa',
  commune: 'Hàm Thạnh',
  province: 'Lâm Đồng',
  allocations: [
    {
      // GS1's prefix for demonstrations is 952.
      gtin: '09521234567899',
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ, loại 1',
      productEn: 'Red-fleshed dragon fruit, grade 1',
      gln: '9521234500018',
      area: 'VN-LDOR-0123',
    },
  ],
} as const
const EMAIL = 'ky-su@vuon.example'

const options = readOptions()
const folder = mkdtempSync(join(tmpdir(), 'vuon-demo-'))
const services: Service[] = []
let isEnding = false

// A terminal's Ctrl-C reaches every process of the group, and the one above passes it on again: twice is no harm.
const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
})

try {
  process.exitCode = await Promise.race([demo(), ended.then(() => 0)])
} catch (error) {
  console.error(`The demo failed: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  isEnding = true
  for (const service of services.reverse()) await service.stop().catch(() => {})
  rmSync(folder, { recursive: true, force: true })
}
process.exit()

async function demo(): Promise<number> {
  const isOwnHardware =
    options.serial !== undefined || options.tcp !== undefined || options.mqtt !== undefined
  const { buses, nodes } = isOwnHardware ? ownBuses() : await pretendFarm()

  const province = await newProvince(folder, { port: await portNear(8090) })
  const box = await newBox(
    folder,
    {
      ...(isOwnHardware ? {} : { farm: { latitude: 10.93, longitude: 108.1, station: 'air-shed' } }),
      plots: [
        {
          ...{ id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2 },
          // What the models ask of a plot, so that the orchard's page has something to say.
          ...{ soil: 'sandy-loam', plantsPerHa: 1100, irrigation: { method: 'drip' } },
          lighting: { bulbs: 1200, watts: 20 },
        },
      ],
      buses,
      alarms: [{ name: 'Nóng quá', quantity: 'air-temperature', above: 38, hysteresis: 1, forS: 600 }],
      // A province would see minutes; whoever watches a demo wants seconds.
      sync: { batchEveryS: 2, retryLongestS: 5 },
      outlook: { everyS: 60 },
    },
    { port: await portNear(8080) },
  )
  supervise(province, 'the gateway')
  await province.start()
  const { farmId } = await enrol(province, box, DEMO_FARM)
  // So that a lot's checks have something to hold it against.
  const [{ gln, area }] = DEMO_FARM.allocations
  const register = [
    '--gln',
    gln,
    '--code',
    area,
    '--issuer',
    'Chi cục Trồng trọt và BVTV (demo)',
    '--farm',
    farmId,
  ]
  await province.command(
    ...['area', 'register', ...register, '--crop', 'dragon-fruit', '--commune', DEMO_FARM.commune],
    ...['--area-ha', '1.2', '--yield-kg-per-ha', '25000', '--seasons', '2', '--markets', 'VN,CN'],
  )
  const { password } = await province.command<{ password: string }>(
    ...['person', 'add', '--email', EMAIL, '--name', 'Kỹ sư Lan'],
  )
  supervise(box, 'the agent')
  await box.start()
  await nodes?.start(options.once ? 1000 : 5000)

  const journey = { province, box, farmId, dataDir: join(folder, 'box'), email: EMAIL, password, nodes }
  const lot = await harvestOnce(journey)
  if (options.once) return watchJourney(journey, lot)

  console.log(`
  The box's page       ${box.url}
  The agronomist's app ${province.url}    ${EMAIL}  ${password}
  A lot's public page  ${lot.uri}

  A PIN for the box's page: ${lot.pin} (${lot.person}). Logs: ${box.logFile}, ${province.logFile}
  Agent ${box.pid}, gateway ${province.pid}: kill either with -9, it is started again. Ctrl-C ends everything.
`)
  await ended
  return 0
}

/** Probes on a serial line (or Modbus TCP where socat is missing) and nodes on the agent's own broker. */
async function pretendFarm(): Promise<{ buses: object[]; nodes: MqttNodes }> {
  const tools = installTools(['socat'], (line) => console.log(line))
  const units = ['--unit', '1=xy-md02', '--unit', '2=cwt-soil-7in1', '--day-s', '600']
  const probes = [
    { name: 'air-shed', profile: 'xy-md02', unit: 1, everyS: 2, place: 'Nhà đóng gói' },
    { name: 'soil-a', profile: 'cwt-soil-7in1', unit: 2, everyS: 2, place: 'Lô A' },
  ]
  const mqttPort = await freePort()
  const broker = { kind: 'mqtt-broker', name: 'broker', host: '127.0.0.1', port: mqttPort }
  const nodes = new MqttNodes(`mqtt://127.0.0.1:${mqttPort}`)
  services.push(nodes)
  if (findTool('socat')) {
    const line = await socatPair(folder)
    services.push(line, await startModbusSerialSlave('--serial', line.there, ...units))
    return { buses: [{ kind: 'serial', name: 'line-1', path: line.here, probes }, broker], nodes }
  }
  console.log(
    `Without socat the same probes answer over Modbus TCP instead of a serial line (${tools.command}).`,
  )
  const port = await freePort()
  services.push(await startModbusSerialSlave('--tcp', String(port), ...units))
  return { buses: [{ kind: 'modbus-tcp', name: 'line-1', host: '127.0.0.1', port, probes }, broker], nodes }
}

/** What a person has on the table. */
function ownBuses(): { buses: object[]; nodes?: undefined } {
  const { serial, tcp, profile, unit, mqtt } = options
  const probes = [{ name: `${profile}-${unit}`, profile, unit, everyS: 2, place: 'Bàn thử' }]
  const buses: object[] = []
  if (serial !== undefined) buses.push({ kind: 'serial', name: 'line-1', path: serial, probes })
  if (tcp !== undefined) {
    const [host, port = '502'] = tcp.split(':')
    buses.push({ kind: 'modbus-tcp', name: 'line-1', host, port: Number(port), probes })
  }
  if (mqtt !== undefined) buses.push({ kind: 'mqtt', name: 'mqtt', url: mqtt })
  return { buses }
}

/** A program that is killed is started again, as a service manager does on a box. */
function supervise(program: RealProgram, name: string): void {
  services.push({
    stop: () => {
      program.onDeath = undefined
      return program.stop()
    },
  })
  program.onDeath = (signal) => {
    if (isEnding) return
    console.log(`${name} ended (${signal}); it is started again.`)
    setTimeout(() => {
      if (!isEnding)
        program.start().catch((error: Error) => console.error(`${name} does not start: ${error.message}`))
    }, 500)
  }
}

async function portNear(wanted: number): Promise<number> {
  return (await isListening(wanted)) ? freePort() : wanted
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        serial: { type: 'string' },
        tcp: { type: 'string' },
        profile: { type: 'string', default: 'xy-md02' },
        unit: { type: 'string', default: '1' },
        mqtt: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    return { ...values, unit: Number(values.unit) }
  } catch (error) {
    console.error(`${(error as Error).message}\n  → ${USAGE}`)
    process.exit(2)
  }
}
