import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { SerialPort } from 'serialport'

/** A serial port that this machine has. */
export interface PresentPort {
  /** What a config should say: the name that stays when sticks are swapped, where there is one. */
  readonly path: string
  /** What the kernel calls it now. */
  readonly device: string
  readonly maker: string
  readonly serialNumber: string
  /** The process that has it open, as far as this user may see. */
  readonly heldBy: PortHolder | null
}

export interface PortHolder {
  readonly pid: number
  readonly program: string
}

/** Where a machine keeps its files; tests have a folder of their own. */
export interface MachineFolders {
  readonly byId: string
  readonly sysTty: string
  readonly proc: string
}

const MACHINE: MachineFolders = { byId: '/dev/serial/by-id', sysTty: '/sys/class/tty', proc: '/proc' }

interface ListedPort {
  readonly path: string
  readonly manufacturer?: string | undefined
  readonly serialNumber?: string | undefined
}

const AGENT = 'vuon-agent'
// Four sticks with four ports each are a large shed.
const MAX_PORTS = 64
const MAX_PROCESSES = 5000

/** Every port with what is known of it, sorted by path. Never throws: without udev the links under /dev are read. */
export async function presentPorts(
  list: () => Promise<readonly ListedPort[]> = () => SerialPort.list(),
  folders: MachineFolders = MACHINE,
): Promise<PresentPort[]> {
  const links = lastingNames(folders.byId)
  let listed: readonly ListedPort[]
  try {
    listed = await list()
  } catch {
    listed = []
  }
  const byDevice = new Map(listed.map((port) => [port.path, port]))
  for (const device of links.keys()) if (!byDevice.has(device)) byDevice.set(device, { path: device })
  return [...byDevice.values()]
    .filter(({ path }) => links.has(path) || isReal(path, folders.sysTty))
    .slice(0, MAX_PORTS)
    .map(({ path: device, manufacturer, serialNumber }) => ({
      path: links.get(device) ?? device,
      device,
      maker: manufacturer ?? '',
      serialNumber: serialNumber ?? '',
      heldBy: portHolder(device, folders),
    }))
    .sort((a, b) => a.path.localeCompare(b.path))
}

/**
 * The other process that has the port open, the agent before others; null when none has, or this user may not see it.
 * Of a pseudo-terminal only the agent counts: whoever made the pair holds its end, and bears a second one.
 */
export function portHolder(path: string, folders: MachineFolders = MACHINE): PortHolder | null {
  const device = realOf(path)
  let found: PortHolder | null = null
  for (const pid of namesIn(folders.proc).slice(0, MAX_PROCESSES)) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    const files = join(folders.proc, pid, 'fd')
    if (!namesIn(files).some((file) => targetOf(join(files, file)) === device)) continue
    const holder = { pid: Number(pid), program: programOf(join(folders.proc, pid, 'cmdline')) }
    if (holder.program === AGENT) return holder
    if (!device.startsWith('/dev/pts/')) found ??= holder
  }
  return found
}

/** Kernel name → lasting name. */
function lastingNames(byId: string): Map<string, string> {
  return new Map(namesIn(byId).map((name) => [realOf(join(byId, name)), join(byId, name)] as const))
}

/** A PC has 32 places for built-in ports and fills one or none; the kernel says 0 for the empty ones. */
function isReal(device: string, sysTty: string): boolean {
  if (!/\/ttyS\d+$/.test(device)) return true
  try {
    const type = readFileSync(join(sysTty, device.slice(device.lastIndexOf('/') + 1), 'type'), 'utf8')
    return Number(type) !== 0
  } catch {
    return true
  }
}

function programOf(cmdline: string): string {
  try {
    const words = readFileSync(cmdline, 'utf8').split('\0').filter(Boolean)
    const isAgent = words.some((word) => word.endsWith('agent/main.ts'))
    return isAgent ? AGENT : (words[0] ?? '').slice(0, 80)
  } catch {
    return ''
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
