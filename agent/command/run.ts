import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import cron from 'node-cron'
import pino from 'pino'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { Random } from '#contract/ground/random.ts'
import { Agent, type AgentOutside } from '../agent.ts'
import { SerialLine } from '../bus/serial-line.ts'
import { TcpLine } from '../bus/tcp-line.ts'
import type { AgentConfig } from '../config.ts'
import { openMqttSource } from '../mqtt-sources.ts'
import { FetchLink } from '../sync/fetch-link.ts'

/** Runs the agent over the real outside until SIGTERM. */
export async function run(config: AgentConfig, program: string): Promise<void> {
  mkdirSync(config.dataDir, { recursive: true })
  const release = lockFolder(config.dataDir)
  const log = pino({ level: config.log })
  const agent = new Agent(config, realOutside(config, program, log))
  process.on('unhandledRejection', (error) => {
    // Going on with a broken promise unseen is worse than a restart by the service manager.
    log.fatal({ error: String((error as Error)?.stack ?? error) }, 'a promise failed that nobody awaits')
    process.exit(70)
  })
  await agent.start()
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  log.info({}, 'stopping')
  // A disk that hangs must not keep the machine from shutting down.
  const hard = setTimeout(() => process.exit(75), 15_000)
  await agent.stop()
  clearTimeout(hard)
  release()
  process.exit(0)
}

export function realOutside(config: AgentConfig, program: string, log: pino.Logger): AgentOutside {
  const clock = systemClock
  const random = Math.random
  return {
    clock,
    random,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    openLine: openRealLine(clock, random),
    openSource: (bus, topics, onFault) =>
      openMqttSource(bus, topics, {
        clock,
        random,
        clientIdOf: (name) => clientIdOf(config.dataDir, name),
        onFault,
      }),
    linkTo: (gateway) => new FetchLink(gateway),
    schedule: (expression, timeZone, job) => {
      const task = cron.schedule(expression, job, { timezone: timeZone, noOverlap: true })
      return () => void task.stop()
    },
    // systemd-timesyncd and chrony both leave this mark when the clock has been set.
    isNtpSynchronised: () => existsSync('/run/systemd/timesync/synchronized'),
    log,
    program,
    isJournalInWorker: true,
    withProcessMetrics: true,
  }
}

/** Serial ports and sockets of this machine. */
export const openRealLine =
  (clock: Clock, random: Random): AgentOutside['openLine'] =>
  (bus, settings) =>
    bus.kind === 'serial'
      ? new SerialLine({ path: bus.path, settings, clock, random })
      : new TcpLine({ host: bus.host, port: bus.port, clock, random })

/** The broker keeps messages for this name while the box is away, so it is made once and kept. */
function clientIdOf(dataDir: string, bus: string): string {
  const path = join(dataDir, 'mqtt-client-id')
  if (!existsSync(path)) writeFileAtomically(path, toHex(new Uint8Array(randomBytes(6))), 0o600)
  return `vuon-${readFileSync(path, 'utf8').trim()}-${bus}`
}

/** Two agents over one journal would ask every probe twice. A lock whose program is gone (SIGKILL) does not count. */
function lockFolder(dataDir: string): () => void {
  const path = join(dataDir, 'agent.pid')
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  if (holder > 0 && holder !== process.pid && isAgent(holder)) {
    throw new VuonError('journal-busy', `An agent (process ${holder}) already runs on ${dataDir}.`, {
      hint: 'Stop it first (systemctl stop vuon-agent), or give this one a dataDir of its own.',
    })
  }
  writeFileAtomically(path, String(process.pid))
  return () => rmSync(path, { force: true })
}

function isAgent(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts')
  } catch {
    // No /proc (macOS): a living process with that number is taken for the agent.
    return true
  }
}
