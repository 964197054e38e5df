import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Real programs that tests and the demo start on free loopback ports, and stop again. */

export interface Service {
  stop(): Promise<void>
}

const KNOWN_PLACES: Record<string, readonly string[]> = {
  mosquitto: ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'],
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  // Debian's own Python has Debian's packages; another one that stands before it in PATH does not.
  python3: ['/usr/bin/python3'],
}

/** Where a program is, or undefined. Suites that need one are named "… [needs socat]" and skipped without it. */
export function findTool(name: string): string | undefined {
  const known = KNOWN_PLACES[name]?.find((path) => existsSync(path))
  if (known) return known
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
}

/** Whether Debian's Python can be a Modbus slave on a serial line. */
export function hasPymodbus(): boolean {
  const python = findTool('python3')
  return (
    python !== undefined &&
    spawnSync(python, ['-c', 'import pymodbus.server, serial, serial_asyncio'], { stdio: 'ignore' })
      .status === 0
  )
}

/** Whether Debian's Python can open a serial line. */
export function hasPyserial(): boolean {
  const python = findTool('python3')
  return python !== undefined && spawnSync(python, ['-c', 'import serial'], { stdio: 'ignore' }).status === 0
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Two ends of one serial line, as a pair of pseudo-terminals. */
export interface SerialPair extends Service {
  readonly here: string
  readonly there: string
}

export async function socatPair(folder = temporaryFolder()): Promise<SerialPair> {
  const [here, there] = [join(folder, 'line-here'), join(folder, 'line-there')]
  const end = (path: string) => `pty,raw,echo=0,link=${path}`
  const child = spawn(findTool('socat') ?? 'socat', [end(here), end(there)], { stdio: 'ignore' })
  await until(() => existsSync(here) && existsSync(there), child, 'socat')
  return { here, there, stop: () => stopProcess(child) }
}

export interface Mosquitto extends Service {
  readonly url: string
  readonly port: number
  /** Ends the broker as a power cut would. */
  kill(): Promise<void>
}

/** Debian's broker; `extra` are further lines of its configuration. */
export async function mosquitto(extra = '', port?: number): Promise<Mosquitto> {
  const folder = temporaryFolder()
  const chosen = port ?? (await freePort())
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, `listener ${chosen} 127.0.0.1\nallow_anonymous true\nuser root\n${extra}\n`)
  const child = spawn(findTool('mosquitto') ?? 'mosquitto', ['-c', file], { stdio: 'ignore' })
  await until(() => isListening(chosen), child, 'mosquitto')
  return {
    url: `mqtt://127.0.0.1:${chosen}`,
    port: chosen,
    stop: () => stopProcess(child),
    kill: () => stopProcess(child, 'SIGKILL'),
  }
}

export const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const folders: string[] = []

/** Removed when this process ends. */
export function temporaryFolder(): string {
  if (folders.length === 0) {
    process.once('exit', () => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    })
  }
  const folder = mkdtempSync(join(tmpdir(), 'vuon-'))
  folders.push(folder)
  return folder
}

export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  const hard = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(hard)
}

/** Waits until `isReady`, at most 10 s; fails at once when the program ends before. */
export async function until(
  isReady: () => boolean | Promise<boolean>,
  child: ChildProcess,
  name: string,
): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (await isReady()) return
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  child.kill('SIGKILL')
  throw new Error(`${name} was not ready within 30 s`)
}
