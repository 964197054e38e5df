import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { presentPorts } from '../bus/serial-ports.ts'
import type { AgentConfig } from '../config.ts'
import { enrolmentPath, journalPath, keyPath } from '../data-folder.ts'
import { readEnrolment } from '../enrolment.ts'
import type { DoctorFacts } from '../health/doctor.ts'
import type { PrinterFacts } from '../health/doctor-printers.ts'
import { InlineThread } from '../journal/journal-thread.ts'
import { DevicePrinter } from '../labels/printing/device-printer.ts'
import { PATIENCE } from '../labels/printing/printer-port.ts'
import { TcpPrinter } from '../labels/printing/tcp-printer.ts'
import { usersOf } from '../mqtt-sources.ts'
import type { BoxOverview } from '../page/page-sources.ts'
import { readPageCode } from '../page/people.ts'
import { type PrinterConfig, tcpAddressOf } from '../printer-config.ts'
import { askAgent } from './ask-agent.ts'

/** Looks at the machine, and asks the agent that runs on it. */
export async function gatherFacts(config: AgentConfig, configFile: string): Promise<DoctorFacts> {
  const { dataDir } = config
  const running = await askAgent<BoxOverview & { now: number }>(config, 'GET', '/doctor', 5000)
  const enrolment = readEnrolment(enrolmentPath(dataDir))
  return {
    configFile,
    arch: process.arch,
    totalMemoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    dataDir,
    isWritable: isWritable(dataDir),
    freeDiskBytes: freeBytes(dataDir),
    hasKey: existsSync(keyPath(dataDir)),
    keyProblem: keyProblem(keyPath(dataDir)),
    claimed: enrolment && {
      farm: enrolment.farm.name,
      gateway: enrolment.gateway,
      boxCode: enrolment.boxCode,
    },
    openBrokers: config.buses.flatMap((bus) =>
      bus.kind === 'mqtt-broker' && bus.host !== '127.0.0.1' && usersOf(bus).length === 0 ? [bus.name] : [],
    ),
    pageCode: readPageCode(dataDir),
    pagePort: config.page.port,
    lossWindowMs: config.journal.lossWindowMs,
    quotaMb: config.journal.quotaMb,
    serialPorts: await configuredPorts(config),
    printers: await Promise.all(config.printers.map(lookAt)),
    journalDamage: running ? [] : await journalDamage(journalPath(dataDir)),
    running,
  }
}

async function configuredPorts(config: AgentConfig): Promise<DoctorFacts['serialPorts']> {
  const buses = config.buses.filter((bus) => bus.kind === 'serial')
  const present = buses.length > 0 ? await presentPorts() : []
  return buses.map(({ name, path }) => {
    const port = present.find(({ device }) => device === path)
    return { bus: name, path, lasting: port && port.path !== path ? port.path : null }
  })
}

// Whoever runs doctor waits for it; on the farm's own network a printer answers in a tenth of that.
const PRINTER_PATIENCE = { ...PATIENCE, connectMs: 3000 }

/** Whether a job could begin: nothing is sent. */
async function lookAt({ name, address, device = '' }: PrinterConfig): Promise<PrinterFacts> {
  const tcp = address === undefined ? undefined : tcpAddressOf(address)
  const printer = tcp
    ? new TcpPrinter(tcp, systemClock, PRINTER_PATIENCE)
    : new DevicePrinter(device, systemClock)
  const sight = await printer.look()
  const { reason, detail } = sight.isReady ? { reason: null, detail: '' } : sight
  return { name, way: tcp ? `${tcp.host}:${tcp.port}` : device, reason, detail }
}

/** A journal that nobody uses just now is checked by SQLite itself. */
async function journalDamage(path: string): Promise<string[]> {
  if (!existsSync(path)) return []
  try {
    const thread = new InlineThread(path, { isReader: true })
    const found = await thread.call('verify')
    await thread.stop()
    return found
  } catch (error) {
    return [(error as Error).message]
  }
}

function keyProblem(path: string): DoctorFacts['keyProblem'] {
  if (!existsSync(path) || (statSync(path).mode & 0o077) === 0) return null
  const { message, hint } = new VuonError('key-unsafe')
  return { sentence: message, hint: `${hint} (${path})` }
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return null
  }
}
