import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findTool, hasPymodbus, hasPyserial } from '../test/world/real-services.ts'

/** Real programs that tests and the demo use, and the Debian packages that bring them. */
interface Tool {
  readonly name: string
  readonly packages: readonly string[]
  readonly isThere: () => boolean
}

const TOOLS: readonly Tool[] = [
  { name: 'socat', packages: ['socat'], isThere: () => findTool('socat') !== undefined },
  {
    name: 'mosquitto',
    packages: ['mosquitto', 'mosquitto-clients'],
    isThere: () => findTool('mosquitto') !== undefined && findTool('mosquitto_pub') !== undefined,
  },
  {
    name: 'chromium',
    packages: ['chromium', 'fonts-noto-core'],
    isThere: () => findTool('chromium') !== undefined,
  },
  {
    name: 'pymodbus',
    packages: ['python3-pymodbus', 'python3-serial', 'python3-serial-asyncio'],
    isThere: hasPymodbus,
  },
  { name: 'pyserial', packages: ['python3-serial'], isThere: hasPyserial },
]

export interface ToolReport {
  /** Names of the tools that are not there. */
  readonly missing: readonly string[]
  /** The one command that would bring them; empty when nothing is missing. */
  readonly command: string
}

/** Installs what is missing where that is allowed (root, or sudo without a password); says what is still missing. */
export function installTools(names: readonly string[], say: (line: string) => void): ToolReport {
  const wanted = TOOLS.filter((tool) => names.includes(tool.name))
  const absent = wanted.filter((tool) => !tool.isThere())
  if (absent.length === 0) return { missing: [], command: '' }
  const packages = absent.flatMap((tool) => tool.packages)
  const sudo = sudoPrefix()
  if (existsSync('/usr/bin/apt-get') && sudo) {
    say(`Installing from Debian: ${packages.join(' ')} …`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...words: string[]) => {
      const [command = 'apt-get', ...rest] = [...sudo, 'apt-get', ...words]
      return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
    }
    apt('-q', 'update')
    // One by one: a package that this release lacks must not keep the others away.
    if (!apt('-qy', 'install', '--no-install-recommends', ...packages))
      for (const tool of absent) apt('-qy', 'install', '--no-install-recommends', ...tool.packages)
  }
  const missing = absent.filter((tool) => !tool.isThere())
  return {
    missing: missing.map((tool) => tool.name),
    command:
      missing.length === 0
        ? ''
        : `sudo apt-get install ${missing.flatMap((tool) => tool.packages).join(' ')}`,
  }
}

/** What stands before apt-get; undefined when this user may not install. */
function sudoPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}
